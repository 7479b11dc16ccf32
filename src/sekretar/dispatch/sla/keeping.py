"""The SLA clocks of all desks: reckoned with every change of an incident, looked at when they are due.

A listener keeps the clocks in step with the incidents, in the transaction of each change. The job fires the steps
that are due (`firing.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.incidents import types
from sekretar.dispatch.incidents.model import IncidentRow
from sekretar.dispatch.incidents.rows import incident_of, locked
from sekretar.dispatch.incidents.values import SYSTEM, Changed, Event, EventKind, Incident
from sekretar.dispatch.settings import DeskSettings
from sekretar.dispatch.sla import store, wording
from sekretar.dispatch.sla.calendars import TASK, Rules, allowance_of, rules_of
from sekretar.dispatch.sla.clocks import ClockKind, Course, courses, plan, reacts
from sekretar.dispatch.sla.escalation import first_look, marks
from sekretar.dispatch.sla.firing import Firing, each
from sekretar.dispatch.sla.hours import Problem, problems
from sekretar.dispatch.sla.model import ClockRow
from sekretar.dispatch.sla.reading import IncidentSla, sla_of
from sekretar.kernel.database import wake_after_commit

#: How many clocks are fetched at a time.
_BATCH = 500

#: What moves clocks, beside the first act of a person.
_MOVING = frozenset({EventKind.BEGUN, EventKind.STATUS, EventKind.TYPE, EventKind.MERGED})

_log = structlog.get_logger(__name__)


class Slas:
    """Keeps the clocks."""

    def __init__(self, firing: Firing) -> None:
        self._firing = firing
        self._database, self._clock = firing.database, firing.clock
        self._desks, self._incidents = firing.desks, firing.incidents
        #: By which rules all open clocks of a desk are known to run.
        self._in_step: dict[str, str] = {}

    async def of(
        self, session: AsyncSession, incidents: Collection[Incident], now: datetime
    ) -> Mapping[int, IncidentSla]:
        """How the clocks of these incidents stand, by number; a few hundred at most."""
        rows = await store.rows_of(session, [each.id for each in incidents])
        plans = {(row.incident_id, row.kind): store.plan_of_row(row) for row in rows}
        return {each.id: sla_of(each.id, plans, now) for each in incidents}

    async def problems(self, session: AsyncSession) -> dict[str, list[Problem]]:
        """What is wrong with the calendars, by desk."""
        found = {}
        for desk in self._desks.values():
            rules = await rules_of(session, desk)
            every = [each for hours in rules.calendars() for each in problems(hours, self._clock.now())]
            found[desk.name] = list(dict.fromkeys(every))
        return found

    # --- in step with the incidents

    async def on_changed(self, session: AsyncSession, changes: Sequence[Changed]) -> None:
        """A listener of `Incidents`."""
        known = [each for each in changes if each.incident.desk in self._desks]
        await self._begin(session, [each for each in known if EventKind.OPENED in each.kinds])
        for changed in known:
            if EventKind.OPENED not in changed.kinds:
                await self._keep_up(session, changed)

    async def _begin(self, session: AsyncSession, opened: Sequence[Changed]) -> None:
        """Incidents that were entered get their clocks."""
        added: list[ClockRow] = []
        rules: dict[str, Rules] = {}
        for changed in opened:
            incident, desk = changed.incident, self._desks[changed.incident.desk]
            if desk.name not in rules:
                rules[desk.name] = await rules_of(session, desk)
            type_ = await types.by_id(session, incident.type_id) if incident.type_id is not None else None
            minutes = type_.minutes if type_ else None
            added += self._first_clocks(desk, changed, rules[desk.name], minutes)
        await store.add(session, added)
        if opened:
            wake_after_commit(session, TASK)

    def _first_clocks(
        self, desk: DeskSettings, opened: Changed, rules: Rules, minutes: int | None
    ) -> list[ClockRow]:
        incident = opened.incident
        found = courses(incident.opened_at, opened.events, rules.pausing)
        rows = [self._new(desk, incident.id, kind, found[kind], rules, minutes) for kind in found]
        return [row for row in rows if row is not None]

    async def _keep_up(self, session: AsyncSession, changed: Changed) -> None:
        """The clocks of an incident follow what happened to it."""
        incident, desk = changed.incident, self._desks[changed.incident.desk]
        reacted = any(reacts(event) for event in changed.events)
        if changed.kinds & _MOVING or (reacted and await _awaits_reaction(session, incident)):
            history = await self._incidents.history(session, incident.id)
            await self._reckon(session, desk, incident, history, retyped=EventKind.TYPE in changed.kinds)

    async def reapply(self, type_id: int) -> int:
        """Give the open incidents of a type the time that it allows by now; returns how many there are.

        A type that is edited holds for incidents to come; for those that are open only when it is asked for.
        """
        query = select(IncidentRow.id).where(
            IncidentRow.type_id == type_id, IncidentRow.finished_at.is_(None)
        )
        async with self._database.reading() as session:
            wanted = list(await session.scalars(query.order_by(IncidentRow.id)))
        for number in wanted:
            await self._renew(number, retyped=True)
        return len(wanted)

    async def _reckon(
        self,
        session: AsyncSession,
        desk: DeskSettings,
        incident: Incident,
        history: Sequence[Event],
        *,
        retyped: bool,
    ) -> None:
        """Read all clocks off the history. What a clock allows is kept, unless the type is a new one."""
        rules = await rules_of(session, desk)
        known = {ClockKind(row.kind): row for row in await store.rows_of(session, [incident.id])}
        added: list[ClockRow] = []
        fired = await store.known_marks(session, [row.id for row in known.values()])
        type_ = await types.by_id(session, incident.type_id) if incident.type_id is not None else None
        minutes = type_.minutes if type_ else None
        for kind, course in courses(incident.opened_at, history, rules.pausing).items():
            row = known.get(kind)
            if row is None:
                new = self._new(desk, incident.id, kind, course, rules, minutes)
                added += [new] if new else []
            elif course.started_at is not None:
                fresh = allowance_of(desk, kind, minutes)
                allowance, before = fresh if retyped else store.plan_of_row(row).allowance, row.deadline
                self._write(row, course, rules, allowance, fired[row.id])
                await self._note_move(session, row, before)
        if incident.merged_into_id is not None:
            for row in (*known.values(), *added):
                row.due_at = None
        await store.add(session, added)
        await session.flush()
        wake_after_commit(session, TASK)

    def _new(
        self,
        desk: DeskSettings,
        incident_id: int,
        kind: ClockKind,
        course: Course,
        rules: Rules,
        minutes: int | None,
    ) -> ClockRow | None:
        """A clock that has begun to run; None while it has not, or where nobody says how long to react may take."""
        allowance = allowance_of(desk, kind, minutes)
        if course.started_at is None or (kind is ClockKind.REACTION and allowance is None):
            return None
        row = ClockRow(incident_id=incident_id, desk=desk.name, kind=kind.value)
        self._write(row, course, rules, allowance, {})
        return row

    def _write(
        self,
        row: ClockRow,
        course: Course,
        rules: Rules,
        allowance: timedelta | None,
        fired: Mapping[str, bool],
    ) -> None:
        kind = ClockKind(row.kind)
        hours = rules.hours_of(kind)
        found = plan(kind, course, hours, allowance)
        store.write(row, course, found, rules.mark)
        steps = marks(rules.steps[kind], course, hours, allowance) if allowance is not None else []
        row.due_at = first_look(steps, fired, found.stopped_at, self._clock.now())

    async def _note_move(self, session: AsyncSession, row: ClockRow, before: datetime | None) -> None:
        """A deadline that is another one now is told in the history; that a pause ended is told there anyway."""
        if before is None or row.deadline is None or before == row.deadline:
            return
        reader, kind = self._firing.notices.telling.desk_reader(row.desk), ClockKind(row.kind)
        old, new = (wording.moved(kind, each, reader) for each in (before, row.deadline))
        await self._incidents.note(session, row.incident_id, EventKind.SLA, SYSTEM, old, new)

    async def _renew(self, incident_id: int, *, retyped: bool) -> None:
        """Reckon one incident anew, for another reason than a change of it."""
        async with self._database.transaction() as session:
            incident = incident_of(await locked(session, incident_id))
            history = await self._incidents.history(session, incident_id)
            await self._reckon(session, self._desks[incident.desk], incident, history, retyped=retyped)

    # --- when something is due

    async def run(self) -> datetime | None:
        """Fire what is due; returns when something will be due next."""
        await self._keep_in_step()
        async with self._database.reading() as session:
            due = await store.due_incidents(session, self._clock.now(), _BATCH)
        await self._firing.look_at(due)
        async with self._database.reading() as session:
            return await session.scalar(select(func.min(ClockRow.due_at)))

    async def _keep_in_step(self) -> None:
        """Reckon open clocks anew when hours, pauses or steps are others than they were."""
        for desk in self._desks.values():
            async with self._database.reading() as session:
                rules = await rules_of(session, desk)
                if self._in_step.get(desk.name) == rules.mark:
                    continue
                numbers = await store.reckoned_otherwise(session, desk.name, rules.mark)
            for hours in rules.calendars():
                for problem in problems(hours, self._clock.now()):
                    _log.warning("calendar incomplete", desk=desk.name, why=problem.kind, year=problem.year)
            await each(numbers, lambda number: self._renew(number, retyped=False))
            self._in_step[desk.name] = rules.mark


async def _awaits_reaction(session: AsyncSession, incident: Incident) -> bool:
    query = select(ClockRow.id).where(
        ClockRow.incident_id == incident.id,
        ClockRow.kind == ClockKind.REACTION,
        ClockRow.stopped_at.is_(None),
    )
    return await session.scalar(query) is not None
