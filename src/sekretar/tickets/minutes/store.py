"""Meetings, their minutes and assignments in the database."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.database import insert_into
from sekretar.kernel.errors import PersonError
from sekretar.kernel.meetings import Meeting, Participant
from sekretar.kernel.owned import owned
from sekretar.tickets.batches.store import Row
from sekretar.tickets.minutes.model import AssignmentPerson, TicketAssignment, TicketMeeting, TicketMinutes
from sekretar.trackers.values import TicketRef

#: A meeting of which nothing was written down is forgotten after this long.
KEPT = timedelta(days=30)

#: In one history.
MOST_SHOWN = 200


@dataclass(frozen=True)
class Assigned:
    """An assignment as one reader may know it.

    Attributes:
        minutes_by: Whose minutes it stands in; they are the ones who see it as it is now.
        meeting_id: Of the meeting in which it was given, the rest of which follows.
    """

    id: int
    ref: TicketRef
    link: str
    subject: str
    who: str
    due: date | None
    closed: bool
    minutes_by: int
    meeting_id: int
    uid: str
    title: str
    at: datetime


async def meeting_of(session: AsyncSession, meeting: Meeting, now: datetime) -> TicketMeeting:
    """The meeting as it is kept here; what the calendar says of it now is taken over."""
    known = {
        "title": meeting.title,
        "starts_at": meeting.start,
        "ends_at": meeting.end,
        "others": [[each.name, each.address, each.person_id] for each in meeting.others],
    }
    key = {
        "person_id": meeting.person_id,
        "uid": meeting.uid,
        "recurrence_id": meeting.recurrence_id,
    }
    statement = insert_into(session, TicketMeeting).values(**key, **known, created_at=now)
    statement = statement.on_conflict_do_update(index_elements=list(key), set_=known)
    rows = await session.scalars(
        statement.returning(TicketMeeting), execution_options={"populate_existing": True}
    )
    return rows.one()


async def tidy(session: AsyncSession, now: datetime) -> None:
    """Forget meetings of which nothing was written down."""
    written = select(TicketMinutes.meeting_id)
    old = TicketMeeting.created_at < now - KEPT, TicketMeeting.id.not_in(written)
    await session.execute(delete(TicketMeeting).where(*old))


async def unwritten(session: AsyncSession, person_id: int) -> Sequence[TicketMeeting]:
    """The meetings of a person of which nothing was written down."""
    written = select(TicketMinutes.meeting_id)
    query = select(TicketMeeting).where(
        TicketMeeting.person_id == person_id, TicketMeeting.id.not_in(written)
    )
    return (await session.scalars(query)).all()


def others_of(meeting: TicketMeeting) -> tuple[Participant, ...]:
    """Who took part beside the person."""
    return tuple(Participant(*each) for each in meeting.others)


async def meeting_by_id(session: AsyncSession, person_id: int, number: object) -> TicketMeeting:
    """The meeting of this number; a click may bring anything.

    Raises:
        PersonError: `tickets.minutes.gone`, this person has no such meeting (any more).
    """
    found = await owned(session, TicketMeeting, person_id, number)
    if found is None:
        raise PersonError("tickets.minutes.gone")
    return found


async def untold(session: AsyncSession, meeting_id: int) -> TicketMinutes | None:
    """The minutes of this meeting that were begun and not told yet."""
    query = select(TicketMinutes).where(
        TicketMinutes.meeting_id == meeting_id, TicketMinutes.told_at.is_(None)
    )
    return await session.scalar(query.order_by(TicketMinutes.id.desc()).limit(1))


async def record(session: AsyncSession, minutes_id: int, tracker: str, row: Row, now: datetime) -> None:
    """Keep a ticket that was made; again is the same as once."""
    planned = row.planned
    people = [each for each in (planned.assignee, *planned.others) if each is not None]
    values = {
        "minutes_id": minutes_id,
        "tracker": tracker,
        "ticket_key": row.ticket_key,
        "link": row.link,
        "subject": planned.subject,
        "who": ", ".join(each.name or each.username for each in people),
        "due": planned.due,
        "closed": False,
        "checked_at": now,
    }
    statement = insert_into(session, TicketAssignment).values(**values).on_conflict_do_nothing()
    number = (await session.scalars(statement.returning(TicketAssignment.id))).one_or_none()
    if number is None:
        return
    addressed = dict.fromkeys(each.person_id for each in people if each.person_id is not None)
    session.add_all(AssignmentPerson(assignment_id=number, person_id=each) for each in addressed)


async def first_of(session: AsyncSession, meeting_id: int, tracker: str) -> TicketRef | None:
    """The first ticket that was made of this meeting."""
    query = (
        select(TicketAssignment.ticket_key)
        .join(TicketMinutes, TicketMinutes.id == TicketAssignment.minutes_id)
        .where(TicketMinutes.meeting_id == meeting_id, TicketAssignment.tracker == tracker)
        .order_by(TicketAssignment.id)
        .limit(1)
    )
    key = await session.scalar(query)
    return TicketRef(tracker, key) if key is not None else None


async def known_to(session: AsyncSession, person_id: int, *which: ColumnElement[bool]) -> list[Assigned]:
    """What this reader gave or was given, the latest meeting first; within a meeting in the order of the minutes."""
    found = await assignments(session, _is_readers(person_id), *which, limit=MOST_SHOWN)
    return [_as_read_by(person_id, *row) for row in found]


async def assignments(
    session: AsyncSession, *which: ColumnElement[bool], limit: int | None = None
) -> Sequence[tuple[TicketAssignment, TicketMeeting]]:
    """Assignments with the meetings in which they were given."""
    query = (
        select(TicketAssignment, TicketMeeting)
        .join(TicketMinutes, TicketMinutes.id == TicketAssignment.minutes_id)
        .join(TicketMeeting, TicketMeeting.id == TicketMinutes.meeting_id)
        .where(*which)
        .order_by(TicketMeeting.starts_at.desc(), TicketAssignment.id)
        .limit(limit)
    )
    return [(each, meeting) for each, meeting in (await session.execute(query)).all()]


def _is_readers(person_id: int) -> ColumnElement[bool]:
    given = select(AssignmentPerson.assignment_id).where(AssignmentPerson.person_id == person_id)
    return or_(TicketMeeting.person_id == person_id, TicketAssignment.id.in_(given))


async def people_of(session: AsyncSession, numbers: Collection[int]) -> dict[int, set[int]]:
    """To whom each of these assignments was given."""
    query = select(AssignmentPerson).where(AssignmentPerson.assignment_id.in_(sorted(numbers)))
    found: dict[int, set[int]] = {}
    for row in await session.scalars(query):
        found.setdefault(row.assignment_id, set()).add(row.person_id)
    return found


def _as_read_by(person_id: int, row: TicketAssignment, meeting: TicketMeeting) -> Assigned:
    return as_read(row, meeting, by_author=meeting.person_id == person_id)


def as_read(row: TicketAssignment, meeting: TicketMeeting, *, by_author: bool) -> Assigned:
    """What a reader knows: the author the present state, others what was written down."""
    subject, who, due = row.subject, row.who, row.due
    if by_author and row.current is not None:
        subject, who = row.current[0], row.current[1]
        due = date.fromisoformat(row.current[2]) if row.current[2] else None
    return Assigned(
        id=row.id,
        ref=TicketRef(row.tracker, row.ticket_key),
        link=row.link,
        subject=subject,
        who=who,
        due=due,
        closed=row.closed,
        minutes_by=meeting.person_id,
        meeting_id=meeting.id,
        uid=meeting.uid,
        title=meeting.title,
        at=meeting.starts_at,
    )
