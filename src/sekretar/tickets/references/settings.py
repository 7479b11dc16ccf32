"""What an installation says about references to tickets, and how their keys are written in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sekretar.tickets.references.finding import KEY, NUMBERED, QUEUED, Notation, References
from sekretar.trackers.port import TrackerKind, TrackerSite
from sekretar.trackers.values import TicketRef

#: The form of the keys, and how they are written where the settings do not say it.
_USUAL: Mapping[TrackerKind, tuple[str, str]] = {
    TrackerKind.REDMINE: (NUMBERED, f"#t{KEY}"),
    TrackerKind.YANDEX: (QUEUED, KEY),
}


@dataclass(frozen=True)
class ReferenceSettings:
    """The administrator's word.

    Attributes:
        written: How people write the tickets of a tracker, by its name; the usual way for those left out.
        trust_channels: Whoever is in a channel and in no tracker may read there what its other members may read.
        edit_posts: Channels may choose that links are put into the posts themselves.
    """

    written: Mapping[str, str] = field(default_factory=dict)
    trust_channels: bool = False
    edit_posts: bool = False


#: What holds where the administrator has said nothing.
NOTHING_SAID = ReferenceSettings()


def references_to(sites: Iterable[TrackerSite], written: Mapping[str, str]) -> References:
    """The finder for these trackers."""
    return References([_notation(site, written.get(site.name, "")) for site in sites])


def _notation(site: TrackerSite, template: str) -> Notation:
    form, usual = _USUAL[site.kind]
    key = re.compile(form)

    def of_link(url: str) -> TicketRef | None:
        ref = site.addresses.ref_of_link(url)
        return ref if ref is not None and key.fullmatch(ref.key) else None

    return Notation(site.name, template or usual, form, of_link)
