"""Incidents by what is known of them: for lists in the chat, pages and the API.

Totals come with every page, because people want to know how many there are. The numbers of a page are found in an
index alone, and only then are its rows read, so that the last page of a hundred thousand costs little more than the
first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from sekretar.dispatch.assets.model import PoleRow
from sekretar.dispatch.assets.spelling import code_key
from sekretar.dispatch.incidents import words
from sekretar.dispatch.incidents.model import IncidentRow
from sekretar.dispatch.incidents.rows import incident_of
from sekretar.dispatch.incidents.values import UNSET, Incident, Status, Unset
from sekretar.dispatch.incidents.workflow import FINISHED
from sekretar.dispatch.sla.clocks import ClockKind
from sekretar.dispatch.sla.model import ClockRow

_OF_DISPATCHER = ClockRow.kind == ClockKind.DISPATCHER

#: The statuses in which there is something to do.
OPEN: frozenset[Status] = frozenset(Status) - FINISHED


#: A page whose end is this many times nearer than the last incident is found by looking at one after the other.
_NEAR = 4


class Order(StrEnum):
    """In which order incidents are listed; the number decides between equals."""

    NEWEST = "newest"
    OLDEST = "oldest"
    #: The latest change first.
    CHANGED = "changed"
    #: The nearest deadline of the dispatcher first; those that have none, or stand still, come last.
    URGENT = "urgent"


@dataclass(frozen=True)
class IncidentFilter:
    """What incidents have in common; everything that is set must hold. Nothing set means all of them."""

    #: Names of desks; empty for all.
    desks: frozenset[str] = frozenset()
    #: Empty for all.
    statuses: frozenset[Status] = frozenset()
    #: None for nobody.
    responsible_id: int | Unset | None = UNSET
    #: Those of nobody count, too.
    or_nobody: bool = False
    type_id: int | Unset | None = UNSET
    contractor_id: int | Unset | None = UNSET
    #: Opened at this moment or later.
    since: datetime | None = None
    #: Opened before this moment.
    before: datetime | None = None
    #: Words, or their beginnings, that all stand in the summary, the description, the applicant or a letter.
    text: str = ""
    #: How the code begins; digits alone are a whole number.
    code: str = ""
    #: How the code of the pole begins, in any spelling.
    pole: str = ""
    unread: bool | None = None
    #: The deadline of the dispatcher is not later, and the clock still runs.
    due_by: datetime | None = None


@dataclass(frozen=True)
class Page:
    """Some of the incidents that were asked for, and how many there are in all."""

    incidents: Sequence[Incident]
    total: int


async def find(
    session: AsyncSession,
    wanted: IncidentFilter,
    order: Order = Order.NEWEST,
    *,
    limit: int,
    offset: int = 0,
) -> Page:
    """The incidents that fulfil the filter, from `offset` on, at most `limit` of them."""
    sought = words.sought(wanted.text)
    if wanted.text.strip() and not sought:
        return Page((), 0)
    rare = [word for word in sought if not await words.is_frequent(session, word)]
    frequent = [word for word in sought if word not in rare]
    conditions = [*_conditions(wanted), *(words.among_those_with(word) for word in rare)]
    looking = [words.has(word) for word in frequent]
    listing = looking if rare or not frequent else [words.among_the_many_with(frequent)]
    total = None if rare or not frequent else await _count_by_words(session, wanted, frequent)
    if total is None:
        total = await _count(session, *conditions, *listing)
    if offset >= total:
        return Page((), total)
    near = total >= _NEAR * (offset + limit)
    numbers = select(IncidentRow.id).where(*conditions, *(looking if near else listing))
    if order is Order.URGENT:
        numbers = numbers.outerjoin(ClockRow, and_(ClockRow.incident_id == IncidentRow.id, _OF_DISPATCHER))
    ids = (await session.scalars(numbers.order_by(*_order(order)).limit(limit).offset(offset))).all()
    rows = {row.id: row for row in await session.scalars(select(IncidentRow).where(IncidentRow.id.in_(ids)))}
    return Page([incident_of(rows[each]) for each in ids], total)


async def _count(session: AsyncSession, *conditions: ColumnElement[bool]) -> int:
    return await session.scalar(select(func.count(IncidentRow.id)).where(*conditions)) or 0


async def _count_by_words(
    session: AsyncSession, wanted: IncidentFilter, frequent: Sequence[str]
) -> int | None:
    """How many there are, from the index of words alone; None where that does not tell.

    It does when nothing but a status is asked for beside them, and few incidents have another one: most desks have
    many closed incidents and few open ones.
    """
    asks_more = wanted != IncidentFilter(desks=wanted.desks, statuses=wanted.statuses, text=wanted.text)
    if asks_more or not await _has_all_desks(session, wanted.desks):
        return None
    if not wanted.statuses:
        return await words.count(session, frequent)
    others = replace(wanted, statuses=frozenset(Status) - wanted.statuses)
    if not others.statuses or await _are_many(session, others):
        return None
    of_others = await _count(session, *_conditions(others), *(words.has(word) for word in frequent))
    return await words.count(session, frequent) - of_others


async def _are_many(session: AsyncSession, wanted: IncidentFilter) -> bool:
    some = select(IncidentRow.id).where(*_conditions(wanted)).limit(words.FREQUENT + 1).subquery()
    return (await session.scalar(select(func.count()).select_from(some)) or 0) > words.FREQUENT


async def _has_all_desks(session: AsyncSession, wanted: frozenset[str]) -> bool:
    """Whether no incident is of another desk."""
    # From name to name in the index, in the order of the database.
    desk = await session.scalar(select(func.min(IncidentRow.desk)))
    while desk in wanted:
        desk = await session.scalar(select(func.min(IncidentRow.desk)).where(IncidentRow.desk > desk))
    return desk is None or not wanted


def _order(order: Order) -> tuple[Any, ...]:
    if order is Order.OLDEST:
        return IncidentRow.opened_at, IncidentRow.id
    if order is Order.URGENT:
        return ClockRow.deadline.is_(None), ClockRow.deadline, IncidentRow.opened_at, IncidentRow.id
    by = IncidentRow.updated_at if order is Order.CHANGED else IncidentRow.opened_at
    return by.desc(), IncidentRow.id.desc()


def _conditions(wanted: IncidentFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.desks:
        found.append(IncidentRow.desk.in_(sorted(wanted.desks)))
    if wanted.statuses:
        found.append(IncidentRow.status.in_(sorted(wanted.statuses)))
    for column, value in (
        (IncidentRow.responsible_id, UNSET if wanted.or_nobody else wanted.responsible_id),
        (IncidentRow.type_id, wanted.type_id),
        (IncidentRow.contractor_id, wanted.contractor_id),
    ):
        if value is not UNSET:
            found.append(_is(column, value))
    if wanted.or_nobody:
        theirs = IncidentRow.responsible_id == wanted.responsible_id
        found.append(or_(theirs, IncidentRow.responsible_id.is_(None)))
    return [*found, *_times(wanted), *_marks(wanted)]


def _times(wanted: IncidentFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        found.append(IncidentRow.opened_at >= wanted.since)
    if wanted.before is not None:
        found.append(IncidentRow.opened_at < wanted.before)
    if wanted.due_by is not None:
        found.append(IncidentRow.id.in_(_due(wanted.due_by)))
    return found


def _marks(wanted: IncidentFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.unread is not None:
        found.append(IncidentRow.unread.is_(wanted.unread))
    if wanted.pole.strip():
        found.append(IncidentRow.pole_id.in_(_poles(wanted.pole)))
    if wanted.code.strip():
        found.append(_code(wanted.code.strip().upper()))
    return found


def _is(column: InstrumentedAttribute[Any], value: object) -> ColumnElement[bool]:
    return column.is_(None) if value is None else column == value


def _due(by: datetime) -> Select[int]:
    return select(ClockRow.incident_id).where(
        _OF_DISPATCHER, ClockRow.stopped_at.is_(None), ClockRow.deadline <= by
    )


def _poles(beginning: str) -> Select[int]:
    return select(PoleRow.id).where(PoleRow.key.startswith(code_key(beginning), autoescape=True))


def _code(code: str) -> ColumnElement[bool]:
    if code.isascii() and code.isdigit():
        return IncidentRow.number == int(code[:18])
    # By themselves, since nothing is known of a database that was never analysed, and all of the desk would be read.
    begin_so = (IncidentRow.code >= code) & (IncidentRow.code < code + "\U0010ffff")
    return IncidentRow.id.in_(select(IncidentRow.id).where(begin_so))
