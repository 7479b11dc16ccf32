"""What is different in the incident, written into its ticket.

Before each write it is stored what it is about to show, and afterwards what the tracker made of it. So a write whose
answer was lost is recognised when the ticket is read again, and nothing is written twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import structlog

from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.values import SYSTEM, Event, EventKind, Status
from sekretar.dispatch.letters.gathering import letters_of
from sekretar.dispatch.letters.values import Filed
from sekretar.dispatch.mirror import store
from sekretar.dispatch.mirror.files import bring
from sekretar.dispatch.mirror.merging import adopted, as_stored, as_values, to_write
from sekretar.dispatch.mirror.model import MirrorRow
from sekretar.dispatch.mirror.scheme import Scheme
from sekretar.dispatch.mirror.values import DISPENSABLE, STATUS, SUMMARY, MirrorState, Sight, Values
from sekretar.dispatch.mirror.wording import Page
from sekretar.dispatch.settings import DeskSettings, MirrorSettings
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerInvalid
from sekretar.kernel.i18n import Translator
from sekretar.trackers.errors import InvalidFields
from sekretar.trackers.port import Tracker
from sekretar.trackers.requests import Draft
from sekretar.trackers.values import Created, Ticket, TicketRef

#: Steps in the workflow of the tracker for one change here.
_MOST_STEPS = 6
#: From this version on a ticket of Yandex Tracker is nearly full (it is locked at 10,100).
NEARLY_FULL = 9_000

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Around:
    """A desk and its tracker, as every comparison needs them."""

    desk: DeskSettings
    mirror: MirrorSettings
    tracker: Tracker
    scheme: Scheme
    t: Translator

    @property
    def page(self) -> Page:
        return Page(self.tracker.site.kind, self.t, ZoneInfo(self.desk.zone))

    def ref(self, key: str) -> TicketRef:
        return TicketRef(self.mirror.tracker, key)


@dataclass(frozen=True)
class Pushing:
    """Writes tickets."""

    database: Database
    incidents: Incidents

    # --- a new ticket

    async def create(self, around: Around, row: MirrorRow, sight: Sight) -> Ticket:
        """Make the ticket of an incident, once, with what the first letter says. Raises `PeerError`."""
        incident, page = sight.incident, around.page
        first = await self._first_letter(incident.id)
        description, files = page.text(incident.description), []
        if first is not None:
            brought = await bring(self.database, around.tracker, first[1], around.mirror.largest_mb)
            description, files = page.letter(first[1], brought.left_out), brought.files
        if row.replaces:
            description = f"{page.continues(row.replaces)}\n\n{description}"
        wanted = around.scheme.wanted(sight, around.t)
        begun = {name: value for name, value in wanted.items() if name != STATUS and value}
        change = around.scheme.change(begun)
        draft = Draft(
            project=around.scheme.project,
            subject=begun[SUMMARY][0],
            type=around.scheme.type,
            description=description,
            assignee=change.assignee if isinstance(change.assignee, str) else None,
            due=change.due if isinstance(change.due, date) else None,
            custom=change.custom,
            files=tuple(files),
        )
        # Numbers begin anew with a new database; the moment tells its incidents from those of an older one.
        unique = f"dispatch:{incident.desk}:{incident.code}:{incident.created_at.isoformat()}"
        if row.replaces:
            unique = f"{unique}:after:{row.replaces}"
        earlier = as_values(row.tried)
        await self._try(row, begun)
        created = await self._created(around, draft, unique)
        told = first[0].id if first else 0
        if created.new:
            await self._keep_new(around, row, created.ticket, begun, told)
        else:
            await self._keep_found(around, row, created.ticket, earlier or begun, told)
        return created.ticket

    async def _created(self, around: Around, draft: Draft, unique: str) -> Created:
        try:
            return await around.tracker.create(draft, unique)
        except InvalidFields as error:
            # The ticket matters more than its fields: those are written, or refused, one by one afterwards.
            _log.warning("a new ticket was refused", desk=around.desk.name, why=error.detail)
            bare = Draft(
                project=draft.project,
                subject=draft.subject,
                type=draft.type,
                description=draft.description,
                files=draft.files,
            )
            return await around.tracker.create(bare, unique)

    async def _keep_new(
        self, around: Around, row: MirrorRow, ticket: Ticket, begun: Values, told: int
    ) -> None:
        seen = around.scheme.shown(ticket)
        wrote = {name: value for name, value in begun.items() if seen.get(name) == value}
        await self._keep_made(around, row, ticket, seen, wrote, told)

    async def _keep_found(
        self, around: Around, row: MirrorRow, ticket: Ticket, begun: Values, told: int
    ) -> None:
        """The ticket was made before, and nobody heard the answer: people may have worked on it since."""
        shown = around.scheme.shown(ticket)
        seen = adopted(shown, begun, around.scheme.usual(ticket))
        wrote = {name: value for name, value in begun.items() if shown.get(name) == value or name == SUMMARY}
        await self._keep_made(around, row, ticket, seen, wrote, told)

    async def _keep_made(
        self, around: Around, row: MirrorRow, ticket: Ticket, seen: Values, wrote: Values, told: int
    ) -> None:
        values = {
            "project": around.scheme.project,
            "key": ticket.ref.key,
            "link": ticket.link,
            "state": MirrorState.SHOWN.value,
            "seen": as_stored(seen),
            "fields": around.scheme.places(ticket),
            "wrote": as_stored(wrote),
            "tried": {},
            "told": told,
        }
        async with self.database.transaction() as session:
            await store.keep(session, row.incident_id, **values)
            text = around.t.plain("dispatch.mirror.created", ticket=ticket.ref.key)
            await self.incidents.note(session, row.incident_id, EventKind.MIRROR, SYSTEM, new=text)
        for name, value in values.items():
            setattr(row, name, value)

    async def _first_letter(self, incident_id: int) -> tuple[Event, Filed] | None:
        """The letter that the incident was made of."""
        async with self.database.reading() as session:
            history = await self.incidents.history(session, incident_id)
            opened = next((each for each in history if each.kind is EventKind.OPENED), None)
            for event in history:
                if event.kind is EventKind.LETTER_IN and opened is not None and event.at == opened.at:
                    letters = {each.id: each for each in await letters_of(session, incident_id)}
                    filed = letters.get(event.letter_id or 0)
                    return (event, filed) if filed is not None else None
        return None

    # --- fields

    async def fields(self, around: Around, row: MirrorRow, ticket: Ticket, sight: Sight) -> Ticket:
        """Write the fields that are different here; returns the ticket as it is then. Raises `PeerError`."""
        for _ in range(len(around.scheme.slots) + 3):
            scheme = around.scheme
            wanted = scheme.wanted(sight, around.t)
            wrong = to_write(wanted, scheme.shown(ticket), as_values(row.seen), as_values(row.wrote))
            wrong.pop(STATUS, None)
            if is_nearly_full(ticket):
                wrong = {name: value for name, value in wrong.items() if name not in DISPENSABLE}
            if not wrong:
                return ticket
            await self._try(row, wrong)
            try:
                written = await around.tracker.change(ticket.ref, scheme.change(wrong), ticket.version)
            except InvalidFields as error:
                await self._refused(around, row, ticket, wrong, error)
                continue
            ticket = written.ticket
            await self._written(row, scheme.shown(ticket), wrong)
        return ticket

    async def _refused(
        self, around: Around, row: MirrorRow, ticket: Ticket, wrong: Values, error: InvalidFields
    ) -> None:
        """What the tracker does not take is not offered again until it is different."""
        named = {around.scheme.named(each.field) for each in error.problems if each.field}
        given_up = {name: value for name, value in wrong.items() if name in named} or dict(wrong)
        await self._written(row, around.scheme.shown(ticket), given_up)
        await self._remark(around, row, "dispatch.mirror.not_taken", error.detail)

    # --- the status

    async def status(self, around: Around, row: MirrorRow, ticket: Ticket, sight: Sight) -> Ticket:
        """Take the steps of the tracker's workflow that lead to where the incident is. Raises `PeerError`."""
        wanted = around.scheme.wanted(sight, around.t)
        trail = await self._trail(around, row)
        for _ in range(_MOST_STEPS):
            shown = around.scheme.shown(ticket)
            wrong = to_write(wanted, shown, as_values(row.seen), as_values(row.wrote))
            if STATUS not in wrong:
                return ticket
            target = wrong[STATUS][0]
            offered = {each.to.id: each.id for each in await around.tracker.transitions(ticket.ref)}
            step = next((each for each in (target, *trail) if each in offered), None)
            if step is None:
                await self._stuck(around, row, shown, wrong)
                return ticket
            trail = trail[: trail.index(step)] if step in trail else ()
            await self._try(row, {STATUS: (step,)})
            try:
                ticket = await around.tracker.transition(ticket.ref, offered[step])
            except PeerInvalid as error:
                await self._written(row, shown, {STATUS: wrong[STATUS]})
                await self._remark(around, row, "dispatch.mirror.no_step", error.detail)
                return ticket
            await self._written(row, around.scheme.shown(ticket), {STATUS: (step,)})
        return ticket

    async def _trail(self, around: Around, row: MirrorRow) -> tuple[str, ...]:
        """The tracker's statuses that the incident has passed, the last one first, without the present one."""
        async with self.database.reading() as session:
            history = await self.incidents.history(session, row.incident_id)
        passed = [Status(each.old) for each in history if each.kind is EventKind.STATUS]
        known = [
            around.scheme.statuses[each].id for each in reversed(passed) if each in around.scheme.statuses
        ]
        return tuple(dict.fromkeys(known))

    async def _stuck(self, around: Around, row: MirrorRow, shown: Values, wrong: Values) -> None:
        await self._written(row, shown, {STATUS: wrong[STATUS]})
        await self._remark(around, row, "dispatch.mirror.no_step", "")

    # --- what is known of the ticket

    async def warn(self, around: Around, row: MirrorRow, ticket: Ticket) -> None:
        """Say once that the ticket will be locked soon."""
        if row.warned or not is_nearly_full(ticket):
            return
        await self._keep(row, warned=True)
        await self._remark(around, row, "dispatch.mirror.nearly_full", around.t.plain("dispatch.mirror.less"))

    async def _try(self, row: MirrorRow, values: Values) -> None:
        await self._keep(row, tried=as_stored(values))

    async def _written(self, row: MirrorRow, shown: Values, wrote: Values) -> None:
        """What was written, and what became of it; whatever else the ticket shows by now is somebody's change."""
        both = as_values(row.wrote) | dict(wrote)
        seen = as_values(row.seen) | {name: shown.get(name, ()) for name in wrote}
        await self._keep(row, seen=as_stored(seen), wrote=as_stored(both), tried={})

    async def _keep(self, row: MirrorRow, **values: object) -> None:
        async with self.database.transaction() as session:
            await store.keep(session, row.incident_id, **values)
        for name, value in values.items():
            setattr(row, name, value)

    async def _remark(self, around: Around, row: MirrorRow, key: str, why: str) -> None:
        """Say at the desk what the tracker did not do."""
        _log.warning("the mirror of an incident", desk=row.desk, ticket=row.key, what=key, why=why)
        text = around.t.plain(key, ticket=row.key or "")
        async with self.database.transaction() as session:
            await self.incidents.note(session, row.incident_id, EventKind.MIRROR, SYSTEM, new=text, why=why)


def is_nearly_full(ticket: Ticket) -> bool:
    """Whether only what is needed is written from now on. Redmine locks nothing, and its versions are no numbers."""
    return ticket.version.isdecimal() and int(ticket.version) >= NEARLY_FULL
