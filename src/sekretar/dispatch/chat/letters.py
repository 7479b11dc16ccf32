"""Letters in the thread of their incident."""

from __future__ import annotations

from sekretar.dispatch.chat.thread import letter_told
from sekretar.dispatch.mail import store
from sekretar.dispatch.mail.model import LetterRow
from sekretar.kernel.i18n import Translator
from sekretar.mattermost.messages import Message


def letter_message(row: LetterRow, t: Translator) -> Message:
    """What the thread shows of a letter."""
    parsed = store.understood(row)
    files = [each for each in parsed.attachments if not each.inline] if parsed else []
    sender = f"{row.sender_name} <{row.sender_address}>" if row.sender_name else row.sender_address
    arrow = t.plain(f"dispatch.chat.letter_{row.direction}", address=sender)
    return letter_told(
        arrow,
        row.subject,
        row.fresh or row.text,
        tuple(each.name or each.safe_name for each in files if each.refusal is None),
        tuple(each.name or each.safe_name for each in files if each.refusal is not None),
        t,
    )
