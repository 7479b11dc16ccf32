"""Letters in the thread of their incident."""

from __future__ import annotations

from sekretar.dispatch.chat.thread import letter_told
from sekretar.dispatch.incidents.values import Actor, ActorKind
from sekretar.dispatch.mail import store
from sekretar.dispatch.mail.letter import Address, ParsedLetter
from sekretar.dispatch.mail.model import Direction, LetterRow
from sekretar.kernel.i18n import Translator
from sekretar.mattermost.messages import Message


def letter_message(row: LetterRow, actor: Actor, t: Translator) -> Message:
    """What the thread shows of a letter; `actor` is who has sent it, where it is one of ours."""
    parsed = store.understood(row)
    files = [each for each in parsed.attachments if not each.inline] if parsed else []
    return letter_told(
        _head(row, parsed, actor, t),
        row.subject,
        row.fresh or row.text,
        tuple(each.name or each.safe_name for each in files if each.refusal is None),
        tuple(each.name or each.safe_name for each in files if each.refusal is not None),
        t,
    )


def _head(row: LetterRow, parsed: ParsedLetter | None, actor: Actor, t: Translator) -> str:
    """Who wrote it; of a letter of ours also who gets it, for whoever answered in a thread has not said to whom."""
    sender = Address(row.sender_name, row.sender_address)
    named = {each.key: each for each in (*parsed.to, *parsed.cc)} if parsed else {}
    named.pop(sender.key, None)
    if row.direction != Direction.OUT or not named:
        return t.plain(f"dispatch.chat.letter_{row.direction}", address=str(sender))
    who = actor.name if actor.kind is ActorKind.PERSON else ""
    return t.plain(
        "dispatch.chat.letter_sent",
        who=who or sender.name or sender.address,
        to=", ".join(str(each) for each in named.values()),
    )
