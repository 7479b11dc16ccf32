"""What a letter says of the conversation it belongs to (RFC 5322, 3.6.4)."""

from __future__ import annotations

from collections.abc import Sequence

from sekretar.dispatch.mail.letter import ParsedLetter

#: How many ids of a long conversation are kept, from its beginning and from its end; with the pseudo id ten at most.
_FIRST, _LAST = 4, 5


def conversation(answered: ParsedLetter) -> tuple[str, ...]:
    """The ids that an answer to this letter refers to, the oldest first."""
    ids = [*(answered.references or answered.in_reply_to[:1]), answered.message_id]
    return tuple(dict.fromkeys(each for each in ids if each))


def references(pseudo_id: str, ids: Sequence[str]) -> tuple[str, ...]:
    """The header: the pseudo id of the incident first, then the beginning and the end of the conversation.

    The last id, that of the letter answered, is always there.
    """
    real = [each for each in dict.fromkeys(reversed(ids)) if each and each != pseudo_id][::-1]
    if len(real) > _FIRST + _LAST:
        real = real[:_FIRST] + real[-_LAST:]
    return (pseudo_id, *real)
