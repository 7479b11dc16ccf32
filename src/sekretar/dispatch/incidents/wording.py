"""How incidents are spoken of: the names of their statuses, and an incident in one line."""

from __future__ import annotations

from typing import Final

from sekretar.dispatch.incidents.values import Incident, Status
from sekretar.kernel.i18n import Translator
from sekretar.kernel.text import Markdown, escape, truncate

#: The rest of a summary is on the card.
_SUMMARY_SHOWN: Final = 120


def status_name(t: Translator, status: Status) -> str:
    """The name of a status, plain."""
    return t.plain(f"dispatch.status.{status.value}")


def heading(incident: Incident) -> Markdown:
    """The incident in one line."""
    return Markdown(f"**{escape(incident.code)}** {escape(truncate(incident.summary, _SUMMARY_SHOWN))}")
