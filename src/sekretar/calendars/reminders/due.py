"""Which reminders are due, with all that goes into their words.

The same rows are asked for twice: as what they are, to be put into words, and as a mere stamp of everything that
these words depend on. Whether something that was worded a little ahead still holds is told by comparing stamps,
whoever has changed whatever meanwhile; no part that writes meetings, answers, people or settings has to think of it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import ColumnElement, Row, Select, Table, Text, bindparam, func, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars.model import Calendar, CalendarAccount, Reminder, StoredOccurrence
from sekretar.calendars.views.agenda import DECLINED
from sekretar.kernel.people import PersonRow

#: The reminder and its meeting; name and account of the calendar; whether an earlier calendar of the person has the
#: same meeting; whether its assignments are followed up.
DueRow = Row[Reminder, StoredOccurrence, str, int, bool, bool]

_REMINDERS, _OCCURRENCES = cast("Table", Reminder.__table__), cast("Table", StoredOccurrence.__table__)
_CALENDARS, _ACCOUNTS = cast("Table", Calendar.__table__), cast("Table", CalendarAccount.__table__)
_PEOPLE = cast("Table", PersonRow.__table__)


@dataclass(frozen=True)
class Stamp:
    """One reminder, and a hash of what its words depend on: equal within one process as long as nothing changes."""

    reminder_id: int
    due_at: datetime
    of: int


async def stamps_due(session: AsyncSession, now: datetime, limit: int) -> list[Stamp]:
    """Those that are due by now and not given, the earliest first; on PostgreSQL they are locked."""
    query = _stamps(_dialect(session)).where(*_open(_REMINDERS.c.due_at <= bindparam("now")))
    due = _locked(query.limit(bindparam("limit")), session)
    return _stamped((await session.execute(due, {"now": now, "limit": limit})).all())


async def stamps_of(session: AsyncSession, reminders: Collection[int]) -> list[Stamp]:
    """Those of these that are not given."""
    return _stamped((await session.execute(_those_of(session, reminders))).all())


async def stamps_free(session: AsyncSession, reminders: Collection[int]) -> list[Stamp]:
    """The same; on PostgreSQL they are locked, without those that somebody gives just now."""
    return _stamped((await session.execute(_locked(_those_of(session, reminders), session))).all())


async def coming(session: AsyncSession, now: datetime, until: datetime) -> dict[int, datetime]:
    """What will be due by then, and when."""
    query = select(Reminder.id, Reminder.due_at).where(
        *_open(Reminder.due_at > now, Reminder.due_at <= until)
    )
    rows = await session.execute(query.order_by(Reminder.due_at, Reminder.id))
    return {row.id: row.due_at for row in rows}


async def rows_of(session: AsyncSession, reminders: Collection[int]) -> Sequence[DueRow]:
    """Those of these that are not given, in the order in which they are due."""
    query = (
        select(
            Reminder,
            StoredOccurrence,
            Calendar.name,
            Calendar.account_id,
            _earlier_copy().label("has_copy"),
            Calendar.follows_up,
        )
        .join(StoredOccurrence, StoredOccurrence.id == Reminder.occurrence_id)
        .join(Calendar, Calendar.id == StoredOccurrence.calendar_id)
        .where(*_open(Reminder.id.in_(reminders)))
        .order_by(Reminder.due_at, Reminder.id)
    )
    return (await session.execute(query)).all()


def _those_of(session: AsyncSession, reminders: Collection[int]) -> Select[Any]:
    return _stamps(_dialect(session)).where(*_open(_REMINDERS.c.id.in_(reminders)))


def _locked(query: Select[Any], session: AsyncSession) -> Select[Any]:
    # SQLite has one writer at a time anyway.
    if _dialect(session) == "postgresql":
        return query.with_for_update(of=_REMINDERS, skip_locked=True)
    return query


def _dialect(session: AsyncSession) -> str:
    return session.get_bind().dialect.name


def _open(*conditions: ColumnElement[bool]) -> tuple[ColumnElement[bool], ...]:
    return _REMINDERS.c.given_at.is_(None), *conditions


@cache
def _stamps(dialect: str) -> Select[Any]:
    """Everything that the words may depend on, as one text: it is compared here, never read.

    When somebody or something was last seen is left out: it changes without a change.
    """
    people = [each for each in _PEOPLE.c if not each.name.endswith("_at")]
    calendars = [_CALENDARS.c[name] for name in ("name", "account_id", "writable", "follows_up")]
    looked_at = [
        _REMINDERS.c.minutes,
        _earlier_copy(),
        *_OCCURRENCES.c,
        *people,
        *calendars,
        _ACCOUNTS.c.addresses,
    ]
    texts = func.json_build_array if dialect == "postgresql" else func.json_array
    return (
        select(_REMINDERS.c.id, _REMINDERS.c.due_at, sql_cast(texts(*looked_at), Text).label("seen"))
        .join(_OCCURRENCES, _OCCURRENCES.c.id == _REMINDERS.c.occurrence_id)
        .join(_CALENDARS, _CALENDARS.c.id == _OCCURRENCES.c.calendar_id)
        .join(_ACCOUNTS, _ACCOUNTS.c.id == _CALENDARS.c.account_id)
        .join(_PEOPLE, _PEOPLE.c.id == _OCCURRENCES.c.person_id)
        .order_by(_REMINDERS.c.due_at, _REMINDERS.c.id)
    )


def _stamped(rows: Sequence[Row[Any]]) -> list[Stamp]:
    return [Stamp(row.id, row.due_at, hash(row.seen)) for row in rows]


def _earlier_copy() -> ColumnElement[bool]:
    """Whether the same meeting stands in another calendar of the person too, and is reminded of from there."""
    reminder, copy = _REMINDERS.alias(), _OCCURRENCES.alias()
    return (
        select(reminder.c.id)
        .join(copy, copy.c.id == reminder.c.occurrence_id)
        .where(
            copy.c.person_id == _OCCURRENCES.c.person_id,
            copy.c.starts_at == _OCCURRENCES.c.starts_at,
            copy.c.uid == _OCCURRENCES.c.uid,
            copy.c.id < _OCCURRENCES.c.id,
            copy.c.cancelled.is_(False),
            copy.c.answer != DECLINED,
            reminder.c.minutes == _REMINDERS.c.minutes,
        )
        .correlate(_OCCURRENCES, _REMINDERS)
        .exists()
    )
