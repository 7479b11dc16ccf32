"""The mirror as a whole: what is due is compared with its ticket, and made the same on both sides.

Nothing waits for the tracker. A change of an incident marks a row in its transaction, a change in the tracker marks
the same row when it is heard of; the job compares the two, as often as it takes. While the tracker is down the rows
stay due.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.assets.assets import Assets
from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.values import SYSTEM, Actor, Changed, EventKind, Incident
from sekretar.dispatch.mirror import former, polling, store
from sekretar.dispatch.mirror.catching_up import catch_up
from sekretar.dispatch.mirror.commenting import Commenting
from sekretar.dispatch.mirror.merging import as_stored, as_values, changed_there
from sekretar.dispatch.mirror.model import MirrorRow
from sekretar.dispatch.mirror.moving import Moving
from sekretar.dispatch.mirror.opening import Openings
from sekretar.dispatch.mirror.people import MirrorPeople
from sekretar.dispatch.mirror.polling import Polling
from sekretar.dispatch.mirror.pulling import Pulling
from sekretar.dispatch.mirror.pushing import Around, Pushing
from sekretar.dispatch.mirror.sights import Sights
from sekretar.dispatch.mirror.values import Hindrance, MirrorState, MirrorView, Sight
from sekretar.dispatch.settings import DeskSettings
from sekretar.dispatch.sla.keeping import Slas
from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Database, wake_after_commit
from sekretar.kernel.errors import (
    PeerConflict,
    PeerDown,
    PeerError,
    PeerForbidden,
    PeerInvalid,
    PeerLimited,
    PeerNotFound,
    PeerRefused,
    PeerUnsupported,
    PersonError,
)
from sekretar.kernel.i18n import Catalogues
from sekretar.trackers.errors import TicketFull
from sekretar.trackers.port import TrackerSite
from sekretar.trackers.values import Ticket

#: The name of the job.
TASK: Final = "dispatch mirror"

_AT_ONCE: Final = 50
#: How often an incident is compared anew because somebody was faster.
_ATTEMPTS: Final = 3
_FIRST_REST, _LONGEST_REST = timedelta(seconds=10), timedelta(minutes=30)
#: The whole tracker is out of reach, not a single ticket.
_OUT_OF_REACH = (PeerDown, PeerRefused, PeerUnsupported)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Mirror:
    """The mirrors of all desks that have one."""

    database: Database
    clock: Clock
    desks: Mapping[str, DeskSettings]
    incidents: Incidents
    sights: Sights
    openings: Openings
    pulling: Pulling
    pushing: Pushing
    commenting: Commenting
    polling: Polling
    moving: Moving

    @property
    def _mirrored(self) -> list[str]:
        return [name for name, desk in self.desks.items() if desk.mirror is not None]

    async def on_changed(self, session: AsyncSession, changes: Sequence[Changed]) -> None:
        """A listener of the incidents: what has changed is to be compared."""
        for changed in changes:
            desk = self.desks.get(changed.incident.desk)
            if desk is None or desk.mirror is None or changed.kinds <= {EventKind.MIRROR}:
                continue
            await store.mark(session, desk.name, desk.mirror.tracker, changed.incident.id, changed.at)
            wake_after_commit(session, TASK)

    async def view(self, session: AsyncSession, incident: Incident) -> MirrorView | None:
        """What the card says; None where the incident is not mirrored."""
        desk = self.desks.get(incident.desk)
        if desk is None or desk.mirror is None:
            return None
        row = await session.get(MirrorRow, incident.id)
        if row is None or row.state == MirrorState.EXCLUDED:
            return None
        if row.key is None and incident.merged_into_id is not None:
            return None
        return MirrorView(MirrorState(row.state), row.key or "", row.link)

    async def incident_of(self, session: AsyncSession, desk: str, key: str) -> int | None:
        """The incident that the ticket with this key shows; None for another ticket."""
        settings = self.desks[desk].mirror
        if settings is None:
            return None
        row = (await store.by_keys(session, settings.tracker, [key])).get(key)
        return row.incident_id if row is not None and row.desk == desk else None

    async def renew(self, session: AsyncSession, incident_id: int, actor: Actor) -> None:
        """Have a new ticket made in place of one that is lost.

        Raises:
            PersonError: the incident is not mirrored, or its ticket is not lost.
        """
        row = await session.get(MirrorRow, incident_id, with_for_update=True, populate_existing=True)
        desk = self.desks.get(row.desk) if row is not None else None
        if row is None or desk is None or desk.mirror is None or row.state == MirrorState.EXCLUDED:
            raise PersonError("dispatch.mirror.not_mirrored")
        if not MirrorState(row.state).lost:
            raise PersonError("dispatch.mirror.not_lost", ticket=row.key or "")
        lost = row.key or ""
        for name, value in (store.new_row() | {"replaces": lost}).items():
            setattr(row, name, value)
        row.due_at = self.clock.now()
        text = self.openings.catalogues.translator(desk.language).plain("dispatch.mirror.anew", ticket=lost)
        await self.incidents.note(session, incident_id, EventKind.MIRROR, actor, new=text)
        wake_after_commit(session, TASK)

    async def hint(self, tracker: str) -> None:
        """The tracker says that something has changed: read it soon."""
        async with self.database.transaction() as session:
            for desk in self.desks.values():
                if desk.mirror is not None and desk.mirror.tracker == tracker:
                    await polling.hasten(session, desk.name, self.clock.now())
            wake_after_commit(session, TASK)

    async def take_over(self) -> None:
        """At the start: mark what was missed, and read before anything is written.

        Nobody is at work on anything yet where this is the only process there is.
        """
        now = self.clock.now()
        async with self.database.transaction() as session:
            if self.database.embedded:
                await store.free_all(session, now)
            for desk in self.desks.values():
                if desk.mirror is not None:
                    await former.forget(session, desk.name, now)
                    await catch_up(session, desk.name, desk.mirror.tracker, now)
            await polling.hasten_all(session, self._mirrored, now)

    # --- the job

    async def run(self) -> datetime | None:
        """Read what changed in the trackers, compare what is due; returns when something is due next."""
        return min([await self._desk(name) for name in self._mirrored], default=None)

    async def _desk(self, name: str) -> datetime:
        now = self.clock.now()
        async with self.database.transaction() as session:
            cursor = await polling.cursor_of(session, self.desks[name], now)
        if cursor.rest_until is not None and cursor.rest_until > now:
            return cursor.rest_until
        try:
            around = await self.openings.around(self.desks[name])
            # After a failure it is not known what arrived: what people did since is read first.
            if cursor.next_at <= now or cursor.failures:
                await self.polling.poll(around, cursor)
                await self._follow_former(around)
                await self.moving.look(around)
            await self._compare_due(around)
        except PeerError as error:
            if error.peer == "database":
                raise
            return await self._rest(name, error)
        async with self.database.transaction() as session:
            await polling.answered(session, name)
            row = await polling.cursor_of(session, self.desks[name], now)
            next_due = await store.next_due(session, [name])
        return min(row.next_at, next_due or row.next_at)

    async def _follow_former(self, around: Around) -> None:
        """Hear of tickets that were made where the settings pointed before."""
        desk = around.desk
        async with self.database.reading() as session:
            projects = await former.followed(session, desk.name)
        for project in projects:
            try:
                await self.polling.follow(await self.openings.around(desk, project))
            except (PeerForbidden, PeerNotFound, PeerInvalid, PeerUnsupported) as error:
                _log.warning(
                    "a former project is not read", desk=desk.name, project=project, error=str(error)
                )

    async def _rest(self, name: str, error: PeerError) -> datetime:
        """Leave a tracker alone that does not answer, for longer and longer."""
        now = self.clock.now()
        async with self.database.transaction() as session:
            row = await polling.cursor_of(session, self.desks[name], now)
            row.failures += 1
            row.problem, row.hindrance = error.detail, _hindrance(error).value
            pause = _pause(row.failures, error)
            row.rest_until = now + pause
        _log.warning("the tracker of a desk is out of reach", desk=name, error=str(error))
        return now + pause

    async def _compare_due(self, around: Around) -> None:
        async with self.database.reading() as session:
            rows = await store.due(session, [around.desk.name], self.clock.now(), _AT_ONCE)
        for row in rows:
            await self._compare(around, row.incident_id)

    async def _compare(self, around: Around, incident_id: int) -> None:
        """Make an incident and its ticket the same; a failure of this ticket alone keeps none of the others."""
        async with self.database.transaction() as session:
            row = await store.claim(session, incident_id, self.clock.now())
        if row is None:
            return
        try:
            around = await self.moving.where(around, row)
            next_at = await self._persist(around, row)
        except _OUT_OF_REACH as error:
            await self._release(row, self.clock.now(), failures=row.failures + 1, problem=str(error))
            raise
        except TicketFull:
            await self._end(
                around, row, MirrorState.FULL, "dispatch.mirror.full", "dispatch.mirror.full_mend"
            )
        except _Gone:
            await self._end(
                around, row, MirrorState.GONE, "dispatch.mirror.gone", "dispatch.mirror.gone_mend"
            )
        except PeerError as error:
            _log.warning("an incident is not mirrored", desk=row.desk, ticket=row.key, error=str(error))
            at = self.clock.now() + _pause(row.failures + 1, error)
            await self._release(row, at, failures=row.failures + 1, problem=str(error))
        else:
            await self._release(row, next_at, failures=0, problem="")

    async def _persist(self, around: Around, row: MirrorRow) -> datetime | None:
        """Compare, and again when somebody has changed the ticket in between."""
        for attempt in range(_ATTEMPTS):
            try:
                return await self._sync(around, row)
            except PeerConflict:
                if attempt == _ATTEMPTS - 1:
                    raise
        return None

    async def _sync(self, around: Around, row: MirrorRow) -> datetime | None:
        sight = await self._sight(around, row.incident_id)
        if row.state == MirrorState.FULL or (row.key is None and sight.incident.merged_into_id is not None):
            return None
        if row.key is None and _excluded(around, sight):
            row.state = MirrorState.EXCLUDED.value
            return None
        if row.key is None:
            ticket = await self.pushing.create(around, row, sight)
        else:
            ticket = await self._look(around, row, row.key)
            around = await self.moving.settled(around, row, ticket)
        await self._pull(around, row, ticket)
        sight = await self._sight(around, row.incident_id)
        ticket = await self.pushing.fields(around, row, ticket, sight)
        ticket = await self.pushing.status(around, row, ticket, sight)
        await self.commenting.tell(around, row)
        await self.pushing.warn(around, row, ticket)
        return sight.changes_at

    async def _look(self, around: Around, row: MirrorRow, key: str) -> Ticket:
        """The ticket as it is. One that was out of sight and is back is worked on as before."""
        try:
            ticket = await around.tracker.show(around.ref(key))
        except (PeerNotFound, PeerForbidden) as error:
            await self.openings.look_again(around)
            raise _Gone(key) from error
        if row.state == MirrorState.GONE:
            row.state = MirrorState.SHOWN.value
            text = around.t.plain("dispatch.mirror.back", ticket=key)
            async with self.database.transaction() as session:
                await store.keep(session, row.incident_id, state=row.state)
                await self.incidents.note(session, row.incident_id, EventKind.MIRROR, SYSTEM, new=text)
        return ticket

    async def _pull(self, around: Around, row: MirrorRow, ticket: Ticket) -> None:
        await self._settle_places(around, row, ticket)
        shown = around.scheme.shown(ticket)
        seen, tried, wrote = as_values(row.seen), as_values(row.tried), as_values(row.wrote)
        landed = {name: value for name, value in tried.items() if shown.get(name) == value}
        changed = changed_there(shown, seen, tried)
        if not changed and not tried:
            return
        async with self.database.transaction() as session:
            agreed = await self.pulling.take(session, row, around.scheme, changed, around.t)
            values = {
                "seen": as_stored(seen | landed | changed),
                "wrote": as_stored(wrote | landed | dict(agreed)),
                "tried": {},
            }
            await store.keep(session, row.incident_id, **values)
        for name, value in values.items():
            setattr(row, name, value)

    async def _settle_places(self, around: Around, row: MirrorRow, ticket: Ticket) -> None:
        """Whatever is read from another field than before, or in another project, nobody has changed there."""
        places = around.scheme.places(ticket)
        if all(row.fields.get(name) == place for name, place in places.items()):
            return
        moved = {name for name, place in places.items() if row.fields.get(name, place) != place}
        shown = around.scheme.shown(ticket)
        values: dict[str, Any] = {
            "fields": row.fields | places,
            "seen": row.seen | as_stored({name: shown[name] for name in moved}),
            "wrote": {name: value for name, value in row.wrote.items() if name not in moved},
            "tried": {name: value for name, value in row.tried.items() if name not in moved},
        }
        async with self.database.transaction() as session:
            await store.keep(session, row.incident_id, **values)
        for name, value in values.items():
            setattr(row, name, value)

    async def _sight(self, around: Around, incident_id: int) -> Sight:
        async with self.database.reading() as session:
            incident = await self.incidents.get(session, incident_id)
            return await self.sights.of(session, incident, around.mirror.tracker, self.clock.now())

    async def _release(self, row: MirrorRow, next_at: datetime | None, **values: object) -> None:
        async with self.database.transaction() as session:
            await store.release(session, row, next_at, state=row.state, **values)

    async def _end(self, around: Around, row: MirrorRow, state: MirrorState, what: str, mend: str) -> None:
        """Nothing more is written into this ticket, and everybody at the desk reads why, once."""
        known = row.state == state
        async with self.database.transaction() as session:
            await store.release(session, row, None, state=state.value, failures=0, problem="")
            if known:
                return
            incident = await self.incidents.get(session, row.incident_id)
            text, why = around.t.plain(what, ticket=row.key or ""), around.t.plain(mend, code=incident.code)
            await self.incidents.note(session, incident.id, EventKind.MIRROR, SYSTEM, new=text, why=why)


class _Gone(Exception):
    """The ticket is not there, or not for these eyes."""


def _excluded(around: Around, sight: Sight) -> bool:
    pole = sight.asset.pole
    if pole is None:
        return False
    regions = {each.casefold() for each in around.mirror.excluded_regions}
    return bool(regions & {pole.region.casefold(), pole.region_ru.casefold()})


def _hindrance(error: PeerError) -> Hindrance:
    if isinstance(error, PeerDown):
        return Hindrance.DOWN
    return Hindrance.REFUSED if isinstance(error, PeerRefused) else Hindrance.ODD


def _pause(failures: int, error: PeerError) -> timedelta:
    growing: timedelta = _FIRST_REST * 2 ** min(failures - 1, 10)
    asked = error.retry_after if isinstance(error, PeerLimited) else None
    return max(min(growing, _LONGEST_REST), asked or timedelta())


def open_mirror(
    database: Database,
    clock: Clock,
    catalogues: Catalogues,
    sites: Mapping[str, TrackerSite],
    desks: Mapping[str, DeskSettings],
    incidents: Incidents,
    assets: Assets,
    slas: Slas,
) -> Mirror:
    """Put together the mirror, and have it hear of what happens to incidents."""
    people = MirrorPeople(database)
    openings = Openings(clock, sites, people, catalogues)
    mirror = Mirror(
        database,
        clock,
        desks,
        incidents,
        Sights(assets, slas, people),
        openings,
        Pulling(incidents, assets, people),
        Pushing(database, incidents),
        Commenting(database, incidents),
        Polling(database, clock, incidents),
        Moving(database, clock, incidents, openings),
    )
    incidents.on_changed(mirror.on_changed)
    return mirror
