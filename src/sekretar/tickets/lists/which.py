"""Which ticket a person means: by its key as people write it, or by the address of its page."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sekretar.kernel.errors import PersonError
from sekretar.kernel.text import truncate
from sekretar.trackers.port import TrackerSite
from sekretar.trackers.values import TicketRef

_QUOTED = 60
#: What people write before a number: `#10`, `#t10`, `t10`.
_SIGN = re.compile(r"\A(?:#\s*t?|t)(?=[0-9])", re.IGNORECASE)


def which(text: str, sites: Mapping[str, TrackerSite], default: str | None) -> tuple[TicketRef, ...]:
    """The tickets that can be meant: one, or one for each tracker whose keys look like this.

    Args:
        text: What was written.
        sites: The trackers.
        default: The tracker that is meant when nothing is said; it wins where the key can be one of its.

    Raises:
        PersonError: this is no ticket of any tracker.
    """
    written = text.strip().strip("<>")
    found = _linked(written, sites) or _keyed(written, sites)
    if not found:
        raise PersonError("tickets.show.unreadable", given=truncate(text, _QUOTED))
    preferred = tuple(each for each in found if each.tracker == default)
    return preferred or found


def _linked(written: str, sites: Mapping[str, TrackerSite]) -> tuple[TicketRef, ...]:
    found = (site.addresses.ref_of_link(written) for site in sites.values())
    return tuple(ref for ref in found if ref is not None)


def _keyed(written: str, sites: Mapping[str, TrackerSite]) -> tuple[TicketRef, ...]:
    key = _SIGN.sub("", written).upper()
    found = (site.addresses.ref_of_key(key) for site in sites.values())
    return tuple(ref for ref in found if ref is not None)
