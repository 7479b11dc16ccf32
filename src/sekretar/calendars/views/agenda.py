"""A person's meetings of some days, read from what is stored: it never waits for a calendar server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars.model import AccountState, Calendar, CalendarAccount, StoredOccurrence

DECLINED = "DECLINED"

#: More than this in one view is no person's calendar any more.
MOST_MEETINGS = 1_000

#: Local midnight is never further from midnight UTC than this.
WIDEST_OFFSET = timedelta(hours=14)


@dataclass(frozen=True)
class Meeting:
    """One occurrence with what is needed to show it."""

    occurrence_id: int
    account_id: int
    calendar_id: int
    calendar: str
    uid: str
    recurrence_id: str
    start: datetime
    end: datetime
    all_day: bool
    title: str
    place: str
    description: str
    join_url: str
    join_service: str
    answer: str
    cancelled: bool
    transparent: bool
    attendees: int
    #: Name or address; empty where nobody has called it.
    organizer: str = ""

    @property
    def expected(self) -> bool:
        """Whether the person is going: reminders and statuses are for these only."""
        return not self.cancelled and self.answer != DECLINED


@dataclass(frozen=True)
class Attendance:
    """Somebody who is invited, or invites. `answer` is a PARTSTAT (RFC 5545 §3.2.12), empty for the organizer."""

    name: str
    address: str
    answer: str = ""


@dataclass(frozen=True)
class Details:
    """Everything that is known of one meeting."""

    meeting: Meeting
    organizer: Attendance | None
    attendees: tuple[Attendance, ...]
    repeats: bool
    #: Whether the calendar can be written to.
    writable: bool = True


@dataclass(frozen=True)
class AccountHealth:
    """Why what is shown may be out of date."""

    account_id: int
    login: str
    provider: str
    state: AccountState
    trouble: str
    synced_at: datetime | None


@dataclass(frozen=True)
class Agenda:
    """What a person has in a span of time."""

    first: date
    last: date
    zone: ZoneInfo
    meetings: tuple[Meeting, ...]
    accounts: tuple[AccountHealth, ...]


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Beginning and end of a calendar day in a zone: 23 or 25 hours where the clock changes."""
    return (
        datetime.combine(day, time.min, zone),
        datetime.combine(day + timedelta(days=1), time.min, zone),
    )


def overlaps(meetings: Sequence[Meeting]) -> frozenset[int]:
    """The occurrences that share time with another one the person is going to; free time is no conflict."""
    timed = sorted(
        (each for each in meetings if each.expected and not each.all_day and not each.transparent),
        key=lambda each: each.start,
    )
    found: set[int] = set()
    longest: Meeting | None = None
    previous: Meeting | None = None
    for meeting in timed:
        # Whatever overlaps an earlier meeting overlaps the one of them that ends last or the one just before.
        for earlier in (longest, previous):
            if earlier is not None and meeting.start < earlier.end:
                found |= {earlier.occurrence_id, meeting.occurrence_id}
        previous = meeting
        if longest is None or meeting.end > longest.end:
            longest = meeting
    return frozenset(found)


async def agenda(
    session: AsyncSession,
    person_id: int,
    zone: ZoneInfo,
    first: date,
    last: date | None = None,
    *only: ColumnElement[bool],
) -> Agenda:
    """The meetings from the beginning of the first day to the end of the last, in order.

    `only`: conditions on the calendars that are wanted.
    """
    last = last or first
    begin, end = day_bounds(first, zone)[0], day_bounds(last, zone)[1]
    return Agenda(
        first,
        last,
        zone,
        tuple(await meetings_between(session, person_id, zone, begin, end, *only)),
        tuple(await health_of(session, person_id)),
    )


async def meetings_between(
    session: AsyncSession,
    person_id: int,
    zone: ZoneInfo,
    begin: datetime,
    end: datetime,
    *only: ColumnElement[bool],
) -> list[Meeting]:
    """The meetings of the chosen calendars that touch the span, cancelled ones left out.

    All-day meetings are stored at midnight UTC and belong to the same dates in every zone.
    """
    return await _between(session, zone, begin, end, StoredOccurrence.person_id == person_id, *only)


async def meetings_of_calendar(
    session: AsyncSession, person_id: int, calendar_id: int, zone: ZoneInfo, begin: datetime, end: datetime
) -> list[Meeting]:
    """The same of one calendar of that person."""
    # The person is named too, because that is how meetings are found by their time.
    conditions = (StoredOccurrence.person_id == person_id, StoredOccurrence.calendar_id == calendar_id)
    return await _between(session, zone, begin, end, *conditions)


async def _between(
    session: AsyncSession, zone: ZoneInfo, begin: datetime, end: datetime, *conditions: ColumnElement[bool]
) -> list[Meeting]:
    query = (
        _meetings()
        .where(
            *conditions,
            StoredOccurrence.starts_at < end + WIDEST_OFFSET,
            StoredOccurrence.ends_at >= begin - WIDEST_OFFSET,
            StoredOccurrence.cancelled.is_(False),
            Calendar.chosen.is_(True),
        )
        .order_by(StoredOccurrence.all_day.desc(), StoredOccurrence.starts_at, StoredOccurrence.id)
        .limit(MOST_MEETINGS)
    )
    rows = (await session.execute(query)).all()
    meetings = (meeting_of(*row, zone) for row in rows)
    return _once([meeting for meeting in meetings if _touches(meeting, begin, end)])


def _once(meetings: Sequence[Meeting]) -> list[Meeting]:
    """Each meeting once, even when the person has it in several calendars; a copy that they declined gives way."""
    found: dict[tuple[str, datetime], Meeting] = {}
    for meeting in meetings:
        first = found.setdefault((meeting.uid, meeting.start), meeting)
        if meeting.expected and not first.expected:
            found[meeting.uid, meeting.start] = meeting
    return list(found.values())


async def details_of(
    session: AsyncSession, person_id: int, zone: ZoneInfo, occurrence_id: int
) -> Details | None:
    """Everything about one meeting, if it is this person's and in a calendar they want to see."""
    query = _meetings().where(
        StoredOccurrence.person_id == person_id,
        StoredOccurrence.id == occurrence_id,
        Calendar.chosen.is_(True),
    )
    row = (await session.execute(query)).one_or_none()
    if row is None:
        return None
    stored = row[0]
    writable = await session.scalar(select(Calendar.writable).where(Calendar.id == stored.calendar_id))
    return Details(
        meeting_of(*row, zone),
        _attendance(stored.organizer) if stored.organizer else None,
        tuple(_attendance(each) for each in stored.attendees),
        repeats=bool(stored.recurrence_id),
        writable=bool(writable),
    )


def _attendance(stored: Mapping[str, str]) -> Attendance:
    return Attendance(stored["name"], stored["address"], stored.get("answer", ""))


def _touches(meeting: Meeting, begin: datetime, end: datetime) -> bool:
    """A meeting that ends as the span begins is not in it, unless it has no length."""
    return meeting.start < end and (meeting.end > begin or meeting.start >= begin)


def _meetings() -> Select[StoredOccurrence, str, int]:
    return select(StoredOccurrence, Calendar.name, Calendar.account_id).join(
        Calendar, Calendar.id == StoredOccurrence.calendar_id
    )


def meeting_of(stored: StoredOccurrence, calendar: str, account_id: int, zone: ZoneInfo) -> Meeting:
    """What is stored, as the person of that zone sees it."""
    start, end = stored.starts_at, stored.ends_at
    if stored.all_day:
        start = datetime.combine(start.date(), time.min, zone)
        end = datetime.combine(end.date(), time.min, zone)
    return Meeting(
        occurrence_id=stored.id,
        account_id=account_id,
        calendar_id=stored.calendar_id,
        calendar=calendar,
        uid=stored.uid,
        recurrence_id=stored.recurrence_id,
        start=start,
        end=end,
        all_day=stored.all_day,
        title=stored.title,
        place=stored.place,
        description=stored.description,
        join_url=stored.join_url,
        join_service=stored.join_service,
        answer=stored.answer,
        cancelled=stored.cancelled,
        transparent=stored.transparent,
        attendees=len(stored.attendees),
        organizer=(stored.organizer["name"] or stored.organizer["address"]) if stored.organizer else "",
    )


async def health_of(session: AsyncSession, person_id: int) -> list[AccountHealth]:
    """How the accounts of a person are doing, oldest first."""
    query = select(CalendarAccount).where(CalendarAccount.person_id == person_id).order_by(CalendarAccount.id)
    return [
        AccountHealth(
            each.id, each.login, each.provider, AccountState(each.state), each.trouble, each.synced_at
        )
        for each in await session.scalars(query)
    ]
