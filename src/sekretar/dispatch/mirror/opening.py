"""A desk's tracker, opened through the eyes of its service account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sekretar.dispatch.mirror import store
from sekretar.dispatch.mirror.people import MirrorPeople
from sekretar.dispatch.mirror.pushing import Around
from sekretar.dispatch.mirror.scheme import Scheme, read_scheme
from sekretar.dispatch.settings import DeskSettings, MirrorSettings
from sekretar.kernel.clock import Clock
from sekretar.kernel.errors import PeerForbidden, PeerNotFound, PeerUnsupported
from sekretar.kernel.i18n import Catalogues
from sekretar.trackers.port import Tracker, TrackerSite
from sekretar.trackers.values import Ticket

#: For how long what was looked up in a tracker is believed, and who is who there.
_BELIEVED = timedelta(minutes=10)

#: For how long where something that the settings name was not found.
_INCOMPLETE = timedelta(minutes=1)


@dataclass
class Openings:
    """Opens trackers, and looks up now and then what the settings mean there."""

    clock: Clock
    sites: Mapping[str, TrackerSite]
    people: MirrorPeople
    catalogues: Catalogues
    _schemes: dict[tuple[str, str], tuple[datetime, Scheme]] = field(default_factory=dict)
    #: Tracker, and what a project is called → its id.
    _ids: dict[tuple[str, str], str] = field(default_factory=dict)

    async def around(self, desk: DeskSettings, project: str = "") -> Around:
        """The desk with its tracker.

        Args:
            project: Where a ticket is, unless it is where the settings say.

        Raises:
            PeerError: the tracker does not answer, or has no service account.
        """
        mirror = desk.mirror
        if mirror is None or mirror.tracker not in self.sites:
            named = mirror.tracker if mirror else ""
            raise PeerUnsupported(named or "tracker", "it is not in SEKRETAR_TRACKERS")
        tracker = self.sites[mirror.tracker].service()
        if project:
            mirror = mirror.model_copy(update={"project": project})
        scheme = await self._scheme(desk, mirror, tracker)
        t = self.catalogues.translator(desk.language)
        return Around(desk, mirror, tracker, scheme, t)

    async def _scheme(self, desk: DeskSettings, mirror: MirrorSettings, tracker: Tracker) -> Scheme:
        now = self.clock.now()
        known = self._schemes.get((desk.name, mirror.project))
        if known is not None:
            patient = known[1].complete or mirror != desk.mirror
            if now - known[0] < (_BELIEVED if patient else _INCOMPLETE):
                return known[1]
        return await self._read(desk, mirror, tracker, now, known[1] if known else None)

    async def is_in(self, tracker: Tracker, ticket: Ticket, project: str) -> bool:
        """Whether a ticket is in a project, whose id or key is as the settings write it; also where nobody knows.

        Raises:
            PeerError: the tracker does not answer.
        """
        if project in (ticket.project.id, ticket.project.name):
            return True
        name = tracker.site.name
        if (name, project) not in self._ids:
            # Redmine's tickets name their project by a number only; the list of projects has both.
            for each in await tracker.projects():
                self._ids |= dict.fromkeys(((name, each.id), (name, each.key)), each.id)
        known = self._ids.setdefault((name, project), "")
        return known in ("", ticket.project.id)

    async def look_again(self, around: Around) -> None:
        """Look at the project anew, where a ticket is out of sight: it may be all of them.

        Raises:
            PeerError: the tracker does not answer, or its service account does not see the project.
        """
        await self._read(around.desk, around.mirror, around.tracker, self.clock.now(), around.scheme)

    async def _read(
        self,
        desk: DeskSettings,
        mirror: MirrorSettings,
        tracker: Tracker,
        now: datetime,
        before: Scheme | None,
    ) -> Scheme:
        is_present = mirror == desk.mirror
        try:
            scheme = await read_scheme(tracker, desk, mirror)
        except (PeerForbidden, PeerNotFound) as error:
            detail = f"{mirror.project} is not there for the service account: {error.detail}"
            # A project that the settings do not name any more keeps nobody from working.
            raise (PeerUnsupported if is_present else PeerForbidden)(error.peer, detail) from error
        if is_present:
            await self.people.learn(tracker, scheme.project, now)
        if before is not None and before != scheme:
            async with self.people.database.transaction() as session:
                await store.mark_all(session, desk.name, now)
        self._schemes[desk.name, mirror.project] = (now, scheme)
        return scheme
