"""The morning digest in words: the day as `/calendar today` shows it, and once where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sekretar.calendars.views.agenda import Agenda
from sekretar.calendars.views.periods import day_of
from sekretar.calendars.views.wording import view
from sekretar.calendars.wording import stack
from sekretar.kernel.i18n import Translator
from sekretar.kernel.text import Markdown
from sekretar.mattermost.messages import Attachment, Message


def digest(
    found: Agenda, t: Translator, now: datetime, added: Sequence[Markdown] = (), *, introduce: bool
) -> Message:
    """The day at a glance, below it what others have `added`. The first line is all that a locked phone shows."""
    message = view(found, day_of(found.first), t, now)
    hint = t("calendars.digest.introduction") if introduce else ""
    below = (Attachment(text=text) for text in added)
    return Message(stack(Markdown(f"☀️ {message.text}"), hint), (*message.attachments, *below))
