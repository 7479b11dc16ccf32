"""Incidents by what is known of them: for lists in the chat, pages and the API.

Totals come with every page, because people want to know how many there are. The numbers of a page are found in an
index alone, and only then are its rows read; the last page is sought from the end.

What is known elsewhere than in that index is the hard part (words, most of all), because neither database knows how
many incidents it leaves. So that is asked first. What is found quickly is fetched as numbers and put together. Where
few are left, they are looked at one after the other. Otherwise the index of the list says which of them fulfil the
rest of the filter, unless these are most, and what takes longer to find is looked for among those. If they are still
many, a walk through the index asks of each whether it belongs to them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import compress
from operator import not_
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from sekretar.dispatch.assets.model import PoleRow
from sekretar.dispatch.assets.spelling import code_key
from sekretar.dispatch.incidents import codes, marks, words
from sekretar.dispatch.incidents.model import IncidentRow
from sekretar.dispatch.incidents.rows import incident_of
from sekretar.dispatch.incidents.values import UNSET, Incident, Status, Unset
from sekretar.dispatch.incidents.workflow import FINISHED
from sekretar.dispatch.sla.clocks import ClockKind
from sekretar.dispatch.sla.model import ClockRow

_OF_DISPATCHER = ClockRow.kind == ClockKind.DISPATCHER

#: The statuses in which there is something to do.
OPEN: frozenset[Status] = frozenset(Status) - FINISHED


#: So many incidents are looked at one after the other.
FEW: Final = 2_000
#: The numbers of so many are fetched to look for words only among them.
MANY: Final = 20_000


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
    #: How the code begins, in any spelling; digits alone are a whole number.
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
    if wanted.text.strip() and not words.sought(wanted.text):
        return Page((), 0)
    if wanted.statuses == frozenset(Status):
        wanted = replace(wanted, statuses=frozenset())
    search = await _search(session, wanted)
    if search.few is not None:
        found = await _few_of(session, search.few, order)
        ids, total = found[offset : offset + limit], len(found)
    else:
        total = await _count(session, search)
        ids = await _page(session, search.conditions, order, offset, min(offset + limit, total), total)
    rows = {row.id: row for row in await session.scalars(select(IncidentRow).where(IncidentRow.id.in_(ids)))}
    return Page([incident_of(rows[each]) for each in ids], total)


@dataclass(frozen=True)
class _Elsewhere:
    """A part of a filter of which the index of the list knows nothing."""

    #: The numbers of those that fulfil it, perhaps some several times.
    numbers: Select[int]
    #: The same, asked of one incident.
    holds: Callable[[type[IncidentRow]], ColumnElement[bool]]
    #: First numbers and marks of further ones.
    blocks: Select[int, bytes] | None = None


@dataclass(frozen=True)
class _Search:
    """How incidents are looked for."""

    conditions: Sequence[ColumnElement[bool]] = ()
    #: How many there are; None where it is still to be counted.
    total: int | None = None
    #: The few that come into question, and what must hold for them; None where they are not few.
    few: _Few | None = None


@dataclass(frozen=True)
class _Few:
    numbers: Collection[int]
    #: That of the index.
    wanted: IncidentFilter
    others: Sequence[_Elsewhere]


async def _search(session: AsyncSession, wanted: IncidentFilter) -> _Search:
    number = wanted.code if codes.number_of(wanted.code) is not None else ""
    plain = replace(wanted, text="", pole="", due_by=None, code=number)
    others = _elsewhere(session, wanted)
    if not others:
        return _Search(_conditions(plain))
    quick = await _are_quick(session, others)
    found: bytes | None = None
    for part in compress(others, quick):
        found = await _found_by(session, part, found)
    return await _search_among(session, found, plain, list(compress(others, map(not_, quick))))


async def _search_among(
    session: AsyncSession, found: bytes | None, plain: IncidentFilter, parts: Sequence[_Elsewhere]
) -> _Search:
    """The search for what fulfils the filter and all parts, among those found; None for all there are."""
    bounds = None
    if not (_are_few(found) or _is_wide(plain)):
        bounds = await _numbers_of(session, plain, found, MANY)
    rest = plain
    if bounds is not None:
        found, rest = marks.marks_of(bounds), IncidentFilter()
    for at, part in enumerate(parts):
        if found is not None and _are_few(found):
            return _Search(few=_Few(marks.numbers_of(found), rest, parts[at:]))
        found = await _found_by(session, part, found)
    found = found or b""
    if _are_few(found):
        return _Search(few=_Few(marks.numbers_of(found), rest, ()))
    total = await _count_of(session, found, plain) if bounds is None else marks.count(found)
    return _Search([*_conditions(plain), marks.belongs(session, IncidentRow.id, found)], total)


def _are_few(found: bytes | None) -> bool:
    return found is not None and marks.count(found) <= FEW


def _is_wide(wanted: IncidentFilter) -> bool:
    """Whether it says no more than which desks, or that all is over, as most incidents of most desks are."""
    return wanted == IncidentFilter(desks=wanted.desks, statuses=wanted.statuses - OPEN)


async def _found_by(session: AsyncSession, part: _Elsewhere, found: bytes | None) -> bytes:
    """Those of which this part holds, as far as they were found already; None for all there are."""
    numbers = part.numbers
    if found is not None:
        numbers = numbers.where(marks.belongs(session, numbers.selected_columns[0], found))
    alone = marks.marks_of(await marks.numbers(session, numbers))
    if part.blocks is None:
        return alone
    blocks = marks.joined((first, some) for first, some in await session.execute(part.blocks))
    return marks.either(alone, blocks if found is None else marks.both(blocks, found))


async def _count(session: AsyncSession, search: _Search) -> int:
    if search.total is not None:
        return search.total
    return await session.scalar(select(func.count(IncidentRow.id)).where(*search.conditions)) or 0


async def _count_of(session: AsyncSession, found: bytes, wanted: IncidentFilter) -> int | None:
    """How many of those found fulfil the filter, where that can be told without asking all of them."""
    asks_more = wanted != IncidentFilter(desks=wanted.desks, statuses=wanted.statuses)
    if asks_more or not await _has_all_desks(session, wanted.desks):
        return None
    if not wanted.statuses:
        return marks.count(found)
    # Most desks have many closed incidents and few open ones.
    others = await _numbers_of(
        session, replace(wanted, statuses=frozenset(Status) - wanted.statuses), found, FEW
    )
    return None if others is None else marks.count(found) - len(others)


async def _are_quick(session: AsyncSession, parts: Sequence[_Elsewhere]) -> Sequence[bool]:
    """Of each part, whether those that fulfil it are found at once, because they are few or stand in blocks."""
    counts = (select(func.count()).select_from(part.numbers.limit(FEW + 1).subquery()) for part in parts)
    return (await session.execute(select(*(count.scalar_subquery() <= FEW for count in counts)))).one()


async def _numbers_of(
    session: AsyncSession, wanted: IncidentFilter, found: bytes | None, most: int
) -> Sequence[int] | None:
    """The numbers of those found that fulfil the filter, by the index of the list; None where there are more."""
    conditions = _conditions(wanted)
    if found is not None:
        conditions.append(marks.belongs(session, IncidentRow.id, found))
    ids = await marks.numbers(session, select(IncidentRow.id).where(*conditions).limit(most + 1))
    return ids if len(ids) <= most else None


async def _few_of(session: AsyncSession, few: _Few, order: Order) -> Sequence[int]:
    """All that fulfil the filter, in their order."""
    if not few.numbers:
        return ()
    # With a limit it is a query of its own: on databases that know no statistics any other condition looks better.
    those = (
        select(IncidentRow).where(marks.among(session, IncidentRow.id, few.numbers)).limit(len(few.numbers))
    )
    row = cast("type[IncidentRow]", aliased(IncidentRow, those.subquery()))
    conditions = [*_conditions(few.wanted, row), *(each.holds(row) for each in few.others)]
    return (await session.scalars(_ordered(row, conditions, order, backwards=False))).all()


async def _page(
    session: AsyncSession,
    conditions: Sequence[ColumnElement[bool]],
    order: Order,
    first: int,
    end: int,
    total: int,
) -> Sequence[int]:
    """The numbers from `first` to before `end` out of `total`, from the nearer end of the list."""
    if first >= end:
        return ()
    backwards = first > total - end
    numbers = _ordered(IncidentRow, conditions, order, backwards=backwards)
    ids = (
        await session.scalars(numbers.limit(end - first).offset(total - end if backwards else first))
    ).all()
    return ids[::-1] if backwards else ids


def _ordered(
    row: type[IncidentRow], conditions: Sequence[ColumnElement[bool]], order: Order, *, backwards: bool
) -> Select[int]:
    numbers = select(row.id).where(*conditions)
    if order is Order.URGENT:
        numbers = numbers.outerjoin(ClockRow, and_(ClockRow.incident_id == row.id, _OF_DISPATCHER))
    columns, falling = _order(order, row)
    return numbers.order_by(*(each.asc() if falling is backwards else each.desc() for each in columns))


async def _has_all_desks(session: AsyncSession, wanted: frozenset[str]) -> bool:
    """Whether no incident is of another desk."""
    if not wanted:
        return True
    # The first desk in the index and those that follow the wanted ones, in the order of the database.
    first = select(func.min(IncidentRow.desk))
    steps = (first, *(first.where(IncidentRow.desk > desk) for desk in wanted))
    return set((await session.execute(select(*(step.scalar_subquery() for step in steps)))).one()) <= {
        *wanted,
        None,
    }


def _order(order: Order, row: type[IncidentRow]) -> tuple[tuple[ColumnElement[Any] | Any, ...], bool]:
    """By what it is ordered, and whether the last comes first."""
    if order is Order.URGENT:
        return (ClockRow.deadline.is_(None), ClockRow.deadline, row.opened_at, row.id), False
    by = row.updated_at if order is Order.CHANGED else row.opened_at
    return (by, row.id), order is not Order.OLDEST


def _conditions(wanted: IncidentFilter, row: type[IncidentRow] = IncidentRow) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.desks:
        found.append(row.desk.in_(sorted(wanted.desks)))
    if wanted.statuses:
        found.append(row.status.in_(sorted(wanted.statuses)))
    for column, value in (
        (row.responsible_id, UNSET if wanted.or_nobody else wanted.responsible_id),
        (row.type_id, wanted.type_id),
        (row.contractor_id, wanted.contractor_id),
    ):
        if value is not UNSET:
            found.append(_is(column, value))
    if wanted.or_nobody:
        found.append(or_(row.responsible_id == wanted.responsible_id, row.responsible_id.is_(None)))
    return [*found, *_times(wanted, row), *_marks(wanted, row)]


def _times(wanted: IncidentFilter, row: type[IncidentRow]) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        found.append(row.opened_at >= wanted.since)
    if wanted.before is not None:
        found.append(row.opened_at < wanted.before)
    return found


def _marks(wanted: IncidentFilter, row: type[IncidentRow]) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.unread is not None:
        found.append(row.unread.is_(wanted.unread))
    if (number := codes.number_of(wanted.code)) is not None:
        found.append(row.number == number)
    return found


def _is(column: InstrumentedAttribute[Any], value: object) -> ColumnElement[bool]:
    return column.is_(None) if value is None else column == value


def _elsewhere(session: AsyncSession, wanted: IncidentFilter) -> list[_Elsewhere]:
    found = [_with_word(session, word) for word in words.sought(wanted.text)]
    if wanted.pole.strip():
        found.append(_at_pole(wanted.pole))
    if wanted.code.strip() and codes.number_of(wanted.code) is None:
        found.append(_coded(wanted.code))
    if wanted.due_by is not None:
        found.append(_due(wanted.due_by, wanted.desks))
    return found


def _with_word(session: AsyncSession, word: str) -> _Elsewhere:
    return _Elsewhere(words.among(word), lambda row: words.has(session, word, row.id), words.blocks(word))


def _at_pole(beginning: str) -> _Elsewhere:
    poles = select(PoleRow.id).where(PoleRow.key.startswith(code_key(beginning), autoescape=True))
    return _Elsewhere(
        select(IncidentRow.id).where(IncidentRow.pole_id.in_(poles)), lambda row: row.pole_id.in_(poles)
    )


def _coded(code: str) -> _Elsewhere:
    # What has neither letter nor digit is no code, and the beginning of none.
    meant = [each for each in codes.readings(code) if each] or [code.strip()]

    def begins(row: type[IncidentRow]) -> ColumnElement[bool]:
        return or_(*((row.code >= each) & (row.code < each + "\U0010ffff") for each in meant))

    return _Elsewhere(select(IncidentRow.id).where(begins(IncidentRow)), begins)


def _due(by: datetime, desks: frozenset[str]) -> _Elsewhere:
    running = select(ClockRow.incident_id).where(
        _OF_DISPATCHER, ClockRow.stopped_at.is_(None), ClockRow.deadline <= by
    )
    if desks:
        running = running.where(ClockRow.desk.in_(sorted(desks)))
    return _Elsewhere(running, lambda row: row.id.in_(running))
