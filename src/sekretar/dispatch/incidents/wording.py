"""How incidents are spoken of: the names of their statuses."""

from __future__ import annotations

from sekretar.dispatch.incidents.values import Status
from sekretar.kernel.i18n import Translator


def status_name(t: Translator, status: Status) -> str:
    """The name of a status, plain."""
    return t.plain(f"dispatch.status.{status.value}")
