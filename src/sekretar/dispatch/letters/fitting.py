"""Making a letter of ours smaller, because the mail server does not take it as it is.

How much a server takes it says when it is asked, long after the letter was written. Nobody has got the letter yet, so
it may still change: the largest files stay behind, and the letter says which.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from email import message_from_bytes, policy
from email.message import Message
from email.mime.text import MIMEText

_POLICY = policy.compat32.clone(linesep="\r\n", mangle_from_=False)


def fitted(content: bytes, limit: int, note: Callable[[str], str]) -> bytes | None:
    """The letter in at most so many bytes; None when it is too large without any file.

    Args:
        content: A letter as `mime.letter_bytes` makes it.
        note: Says which files are missing, given their names.
    """
    message = message_from_bytes(content, policy=_POLICY)
    parts = _parts(message)
    missing: list[str] = []
    while len(parts) > 1:
        largest = max(parts[1:], key=lambda part: len(part.as_bytes()))
        parts.remove(largest)
        missing.append(str(largest.get_filename() or "?"))
        message.set_payload([_with_note(parts[0], note(", ".join(missing))), *parts[1:]])
        smaller = message.as_bytes(policy=_POLICY)
        if len(smaller) <= limit:
            return smaller
    return None


def _parts(message: Message) -> list[Message]:
    payload = message.get_payload()
    return [part for part in payload if isinstance(part, Message)] if isinstance(payload, Sequence) else []


def _with_note(body: Message, note: str) -> Message:
    content = body.get_payload(decode=True)
    text = content.decode(body.get_content_charset("utf-8")) if isinstance(content, bytes) else ""
    return MIMEText(f"{note}\n\n{text}", "plain", "utf-8")
