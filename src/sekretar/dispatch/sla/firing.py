"""Fires the steps of clocks that are due, and says so: to each one by one, or of many together.

Everything about one incident is done in one transaction, under its lock: each step fires once, whatever happens.
After an outage what has become due meanwhile is found, and said once, as late as it is.

When a line falls, dozens of deadlines pass within minutes. Then each is noted at its own incident as ever, but not
said at once: what waits is said together, in one message for each reader, and not more often than once a minute. A
step that has fired and was not said is a row, so nothing of this is lost when the process ends in between.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.rows import incident_of, locked
from sekretar.dispatch.incidents.values import SYSTEM, EventKind, Incident
from sekretar.dispatch.settings import DeskSettings
from sekretar.dispatch.sla import store, wording
from sekretar.dispatch.sla.calendars import Rules, rules_of
from sekretar.dispatch.sla.clocks import ClockKind
from sekretar.dispatch.sla.escalation import decide, marks
from sekretar.dispatch.sla.hours import opening_at
from sekretar.dispatch.sla.model import ClockRow
from sekretar.dispatch.sla.notices import Notices, Said
from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Database

#: When something could not be said, because the channel is not found yet, it is tried again after so long.
_TRY_AGAIN = timedelta(minutes=1)
#: More clocks of a desk than this within so long are spoken of together.
MOST_SINGLE, TOGETHER_WITHIN = 5, timedelta(minutes=1)
#: So many clocks are spoken of at once.
_BATCH = 500

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Firing:
    """Looks at clocks that are due."""

    desks: Mapping[str, DeskSettings]
    incidents: Incidents
    notices: Notices

    @property
    def database(self) -> Database:
        return self.notices.telling.chat.database

    @property
    def clock(self) -> Clock:
        return self.notices.telling.chat.clock

    async def look_at(self, due: Mapping[str, Sequence[int]]) -> None:
        """Look at incidents whose clocks are due, by desk."""
        for desk, numbers in due.items():
            async with self.database.reading() as session:
                since = self.clock.now() - TOGETHER_WITHIN
                said, latest = await store.said_since(session, desk, since)
            if said + len(numbers) <= MOST_SINGLE:
                await each(numbers, self._look_at)
                continue
            silent_until = (latest or self.clock.now()) + TOGETHER_WITHIN
            await each(numbers, partial(self._look_at, silent_until=silent_until))
            if said < MOST_SINGLE and desk in self.desks:
                await self._say_together(self.desks[desk])

    async def _look_at(self, incident_id: int, silent_until: datetime | None = None) -> None:
        async with self.database.transaction() as session:
            incident, now = incident_of(await locked(session, incident_id)), self.clock.now()
            desk = self.desks.get(incident.desk)
            rows = await store.rows_of(session, [incident_id])
            due = [row for row in rows if row.due_at is not None and row.due_at <= now]
            rules = await rules_of(session, desk) if desk is not None else None
            for row in due:
                if rules is None:
                    # The desk was taken out of the settings; should it come back, its clocks are reckoned anew.
                    row.due_at, row.rules = None, ""
                    continue
                said = await self._fire(session, incident, row, rules, silent_until or now)
                if said is not None and await self.notices.give(session, said):
                    await store.settle(session, [row.id], now)
                elif said is not None:
                    row.due_at = now + _TRY_AGAIN

    async def _say_together(self, desk: DeskSettings) -> None:
        """Say all that waits to be said at a desk, as it is by now."""
        async with self.database.transaction() as session:
            rows, now = await store.waiting(session, desk.name, _BATCH), self.clock.now()
            rules = await rules_of(session, desk)
            said: dict[int, tuple[ClockRow, Said]] = {}
            for row in sorted(rows, key=lambda row: row.incident_id):
                incident = incident_of(await locked(session, row.incident_id))
                await session.refresh(row)
                if (one := await self._fire(session, incident, row, rules, now)) is not None:
                    said[row.id] = row, one
            heard = await self.notices.give_together(session, desk.name, [one for _, one in said.values()])
            await store.settle(session, heard, now)
            for number in said.keys() - heard:
                said[number][0].due_at = now + _TRY_AGAIN

    async def _fire(
        self, session: AsyncSession, incident: Incident, row: ClockRow, rules: Rules, speak_from: datetime
    ) -> Said | None:
        """Write down what has become of a clock by now; returns what is to be said of it before it is settled."""
        now = self.clock.now()
        kind, course, found = ClockKind(row.kind), store.course_of_row(row), store.plan_of_row(row)
        if found.allowance is None:
            row.due_at = None
            return None
        steps = marks(rules.steps[kind], course, rules.hours_of(kind), found.allowance)
        known = (await store.known_marks(session, [row.id]))[row.id]
        speak_from = max(speak_from, opening_at(rules.notices, now) or now)
        decision = decide(steps, known, found.stopped_at, now, speak_from)
        await store.record(session, row.id, decision, now)
        row.due_at = decision.due_at
        if decision.breach and row.breached_at is None:
            row.breached_at = row.deadline
        if decision.breach:
            await self._note_breach(session, row)
        if decision.notice is not None:
            return Said(incident, row.id, found, decision.notice)
        if decision.settled:
            await store.settle(session, [row.id], now)
        return None

    async def _note_breach(self, session: AsyncSession, row: ClockRow) -> None:
        assert row.deadline is not None
        reader = self.notices.telling.desk_reader(row.desk)
        said = wording.breach(ClockKind(row.kind), row.deadline, reader)
        await self.incidents.note(session, row.incident_id, EventKind.SLA, SYSTEM, new=said)


async def each(numbers: Sequence[int], work: Callable[[int], Awaitable[None]]) -> None:
    """Work on incidents: one that fails does not keep the others waiting; the failure itself is not lost."""
    failures = []
    for number in numbers:
        try:
            await work(number)
        except Exception as error:
            _log.warning("clocks not looked at", incident=number, reason=str(error))
            failures.append(error)
    if failures:
        raise failures[0]
