"""Between the rows of SLA clocks and the values that are reckoned with."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.sla.clocks import ClockKind, Course, Plan, Segment
from sekretar.dispatch.sla.escalation import Decision
from sekretar.dispatch.sla.model import ClockRow, MarkRow

_MINUTE = timedelta(minutes=1)
_CLOCKS = cast("Table", ClockRow.__table__)
#: Made once: making it takes longer than running it.
_ADDING = insert(_CLOCKS)


def course_of_row(row: ClockRow) -> Course:
    """How the clock has run, as it was stored."""
    segments = tuple(
        Segment(datetime.fromisoformat(begin), datetime.fromisoformat(end) if end else None, paused)
        for begin, end, paused in row.segments
    )
    return Course(segments, row.stopped_at)


def plan_of_row(row: ClockRow) -> Plan:
    """What is known of the clock, as it was stored."""
    return Plan(
        ClockKind(row.kind),
        None if row.allowance is None else _MINUTE * row.allowance,
        row.started_at,
        row.stopped_at,
        row.deadline,
        row.soon_at,
        None if row.remaining is None else timedelta(seconds=row.remaining),
    )


def write(row: ClockRow, course: Course, plan: Plan, rules: str) -> None:
    """Put what was reckoned into the row."""
    assert plan.started_at is not None
    row.segments = [
        [each.begin.isoformat(), each.end.isoformat() if each.end else None, each.paused]
        for each in course.segments
    ]
    row.allowance = None if plan.allowance is None else plan.allowance // _MINUTE
    row.started_at, row.stopped_at = plan.started_at, plan.stopped_at
    row.deadline, row.soon_at = plan.deadline, plan.soon_at
    row.remaining = None if plan.remaining is None else int(plan.remaining.total_seconds())
    row.rules = rules


async def add(session: AsyncSession, rows: Collection[ClockRow]) -> None:
    """Store new clocks, all with one statement."""
    if rows:
        names = [each.key for each in _CLOCKS.c if each.key != "id"]
        values = [{name: getattr(row, name) for name in names} for row in rows]
        await session.execute(_ADDING, values)


async def rows_of(session: AsyncSession, incident_ids: Collection[int]) -> list[ClockRow]:
    """The clocks of these incidents; a few hundred at most."""
    query = select(ClockRow).where(ClockRow.incident_id.in_(incident_ids)).order_by(ClockRow.id)
    return list(await session.scalars(query, execution_options={"populate_existing": True}))


async def known_marks(session: AsyncSession, clock_ids: Collection[int]) -> dict[int, dict[str, bool]]:
    """The steps that have fired and whether each is settled, by clock."""
    found: dict[int, dict[str, bool]] = {each: {} for each in clock_ids}
    if not found:
        return found
    for row in await session.scalars(select(MarkRow).where(MarkRow.clock_id.in_(clock_ids))):
        found[row.clock_id][row.step] = row.settled_at is not None
    return found


async def record(session: AsyncSession, clock_id: int, decision: Decision, now: datetime) -> None:
    """Write down what fired and what was taken back."""
    if decision.withdrawn:
        await session.execute(
            delete(MarkRow).where(MarkRow.clock_id == clock_id, MarkRow.step.in_(decision.withdrawn))
        )
    session.add_all(
        MarkRow(clock_id=clock_id, step=mark.step.key, due_at=mark.at, fired_at=now)
        for mark in decision.fired
    )
    await session.flush()


async def settle(session: AsyncSession, clock_ids: Collection[int], now: datetime) -> None:
    """Nothing of what has fired at these clocks is to be said any more."""
    await session.execute(
        update(MarkRow)
        .where(MarkRow.clock_id.in_(clock_ids), MarkRow.settled_at.is_(None))
        .values(settled_at=now)
    )


async def due_incidents(session: AsyncSession, now: datetime, most: int) -> dict[str, list[int]]:
    """By desk, incidents with a clock that is to be looked at, those that have waited longest first."""
    query = select(ClockRow.desk, ClockRow.incident_id).where(ClockRow.due_at <= now)
    rows = await session.execute(query.order_by(ClockRow.due_at, ClockRow.id).limit(most))
    found: dict[str, list[int]] = {}
    for desk, number in dict.fromkeys((desk, number) for desk, number in rows):
        found.setdefault(desk, []).append(number)
    return found


async def said_since(session: AsyncSession, desk: str, since: datetime) -> tuple[int, datetime | None]:
    """Of how many clocks of a desk something was settled since then, and when last."""
    query = (
        select(func.count(MarkRow.clock_id.distinct()), func.max(MarkRow.settled_at))
        .join(ClockRow, ClockRow.id == MarkRow.clock_id)
        .where(ClockRow.desk == desk, MarkRow.settled_at > since)
    )
    count, latest = (await session.execute(query)).one()
    return count, latest


async def waiting(session: AsyncSession, desk: str, most: int) -> list[ClockRow]:
    """Clocks of a desk with steps that have fired and wait to be said."""
    unsaid = select(MarkRow.clock_id).where(MarkRow.settled_at.is_(None))
    query = select(ClockRow).where(
        ClockRow.desk == desk, ClockRow.id.in_(unsaid), ClockRow.due_at.is_not(None)
    )
    return list(await session.scalars(query.order_by(ClockRow.due_at, ClockRow.id).limit(most)))


async def reckoned_otherwise(session: AsyncSession, desk: str, rules: str) -> list[int]:
    """Incidents of a desk with a clock that runs by other rules."""
    query = select(ClockRow.incident_id).where(
        ClockRow.desk == desk, ClockRow.stopped_at.is_(None), ClockRow.rules != rules
    )
    return _distinct(await session.scalars(query.order_by(ClockRow.incident_id)))


def _distinct(numbers: Iterable[int]) -> list[int]:
    return list(dict.fromkeys(numbers))
