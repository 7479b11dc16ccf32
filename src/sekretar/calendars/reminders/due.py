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
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Text, bindparam, cast, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlalchemy.types import NullType

from sekretar.calendars.model import Calendar, CalendarAccount, Reminder, StoredOccurrence
from sekretar.calendars.views.agenda import DECLINED
from sekretar.kernel.columns import JsonType
from sekretar.kernel.people import PersonRow

#: The reminder and its meeting; name and account of the calendar; whether an earlier calendar of the person has the
#: same meeting; whether its assignments are followed up.
DueRow = Row[Reminder, StoredOccurrence, str, int, bool, bool]


@dataclass(frozen=True)
class Stamp:
    """One reminder, and a hash of what its words depend on: equal within one process as long as nothing changes."""

    reminder_id: int
    due_at: datetime
    of: int


async def stamps_due(session: AsyncSession, now: datetime, limit: int) -> list[Stamp]:
    """Those that are due by now and not given, the earliest first; on PostgreSQL they are locked."""
    query = _stamps().where(*_open(Reminder.due_at <= bindparam("now"))).limit(bindparam("limit"))
    if session.get_bind().dialect.name == "postgresql":
        query = query.with_for_update(of=Reminder, skip_locked=True)
    return _stamped((await session.execute(query, {"now": now, "limit": limit})).all())


async def stamps_of(session: AsyncSession, reminders: Collection[int]) -> list[Stamp]:
    """Those of these that are not given."""
    return _stamped((await session.execute(_stamps().where(*_open(Reminder.id.in_(reminders))))).all())


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


def _open(*conditions: ColumnElement[bool]) -> tuple[ColumnElement[bool], ...]:
    return Reminder.given_at.is_(None), *conditions


@cache
def _stamps() -> Select[Any]:
    """Everything that the words may depend on, as the driver brings it: it is compared here, never read.

    When somebody or something was last seen is left out: it changes without a change.
    """
    looked_at = [
        *(column for column in StoredOccurrence.__table__.columns),
        *(column for column in PersonRow.__table__.columns if not column.name.endswith("_at")),
        *(
            each.expression
            for each in (Calendar.name, Calendar.account_id, Calendar.writable, Calendar.follows_up)
        ),
        CalendarAccount.addresses.expression,
    ]
    return (
        select(Reminder.id, Reminder.due_at, Reminder.minutes, _earlier_copy())
        .add_columns(*(_unread(column).label(f"seen_{number}") for number, column in enumerate(looked_at)))
        .join(StoredOccurrence, StoredOccurrence.id == Reminder.occurrence_id)
        .join(Calendar, Calendar.id == StoredOccurrence.calendar_id)
        .join(CalendarAccount, CalendarAccount.id == Calendar.account_id)
        .join(PersonRow, PersonRow.id == StoredOccurrence.person_id)
        .order_by(Reminder.due_at, Reminder.id)
    )


def _unread(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The column without the work of making a value of it."""
    return cast(column, Text) if isinstance(column.type, JsonType) else type_coerce(column, NullType())


def _stamped(rows: Sequence[Row[Any]]) -> list[Stamp]:
    return [Stamp(row.id, row.due_at, hash(tuple(row))) for row in rows]


def _earlier_copy() -> ColumnElement[bool]:
    """Whether the same meeting stands in another calendar of the person too, and is reminded of from there."""
    reminder, copy = aliased(Reminder), aliased(StoredOccurrence)
    return (
        select(reminder.id)
        .join(copy, copy.id == reminder.occurrence_id)
        .where(
            copy.person_id == StoredOccurrence.person_id,
            copy.starts_at == StoredOccurrence.starts_at,
            copy.uid == StoredOccurrence.uid,
            copy.id < StoredOccurrence.id,
            copy.cancelled.is_(False),
            copy.answer != DECLINED,
            reminder.minutes == Reminder.minutes,
        )
        .correlate(StoredOccurrence, Reminder)
        .exists()
    )
