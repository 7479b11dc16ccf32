"""A person with calendars in the database, and a server whose calendars a test writes by hand.

What would be said is read from the outbox: the first line, and what stands below it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from tests.integration.mattermost.surface_desk import open_office, user_id

from sekretar.calendars.caldav import RemoteObject
from sekretar.calendars.model import Calendar, CalendarAccount, CalendarObject, Reminder, StoredOccurrence
from sekretar.calendars.reminders.reminding import Reminding
from sekretar.calendars.sync.applying import Applying, Owner
from sekretar.calendars.sync.reading import Reader, read, unpack
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Base, Database
from sekretar.kernel.outbox import OutboxRow, State
from sekretar.kernel.people import Person
from sekretar.mattermost.chat import Chat
from sekretar.mattermost.desk import Desk


@dataclass
class Diary:
    """One account of one person. Everything in it happens at the time of the clock."""

    desk: Desk
    clock: ManualClock
    person: Person
    account_id: int
    calendars: dict[str, int]
    _said: set[int] = field(default_factory=set)

    async def look(
        self,
        texts: Mapping[str, str | None],
        calendar: str = "work",
        *,
        silent: bool = False,
        leaving: Collection[tuple[str, str]] = (),
    ) -> list[str]:
        """Apply these files (None: it is gone), as one look would; returns what is said of it."""
        stored = await self.calendar(calendar)
        gone = sorted(name for name, text in texts.items() if text is None)
        away = {(stored.id, name) for name in gone} | {(self.calendars[cal], name) for cal, name in leaving}
        now = self.desk.now()
        applying = Applying(
            self.desk,
            Owner(self.person, self.account_id),
            stored,
            now,
            silent=silent,
            leaving=frozenset(away),
        )
        reader = Reader(self.person.zone, {"anna@example.com"}, ())
        remote = [
            RemoteObject(name, f"{hash(text)}", text) for name, text in texts.items() if text is not None
        ]
        async with self.desk.database.transaction() as session:
            await applying.upsert(session, [read(each, reader, now) for each in remote])
        async with self.desk.database.transaction() as session:
            await applying.remove(session, gone)
        return await self.said()

    async def remind(self, later: timedelta = timedelta()) -> list[str]:
        """Let time pass; returns the reminders that are given."""
        self.clock.advance(later)
        await Reminding(self.desk).give_due()
        return await self.said()

    async def said(self) -> list[str]:
        """What was said since the last time: first line, then the text of the attachments."""
        put = [row for row in await self.rows(OutboxRow) if row.state != State.PREPARED]
        new = [row for row in put if row.id not in self._said]
        self._said |= {row.id for row in new}
        return [spoken(row) for row in sorted(new, key=lambda row: row.id)]

    async def calendar(self, name: str) -> Calendar:
        async with self.desk.database.reading() as session:
            return await session.get_one(Calendar, self.calendars[name])

    async def rows(self, model: type[Base]) -> list[Any]:
        async with self.desk.database.reading() as session:
            return list(await session.scalars(select(model)))

    async def files(self, calendar: str) -> dict[str, str]:
        """What is stored of the calendar: text by file."""
        rows = await self.rows(CalendarObject)
        return {row.href: unpack(row.data) for row in rows if row.calendar_id == self.calendars[calendar]}

    async def starts(self) -> list[datetime]:
        return sorted(each.starts_at for each in await self.rows(StoredOccurrence))

    async def count(self, model: type[Base]) -> int:
        async with self.desk.database.reading() as session:
            return await session.scalar(select(func.count()).select_from(model)) or 0

    async def left_overs(self) -> dict[str, int]:
        """How many rows are left of what hangs on accounts."""
        models = (CalendarAccount, Calendar, CalendarObject, StoredOccurrence, Reminder)
        return {each.__tablename__: count for each in models if (count := await self.count(each))}


def spoken(row: OutboxRow) -> str:
    """A message as one reads it."""
    attachments = row.payload["props"]["attachments"]
    return "\n".join([row.payload["message"], *(each.get("text", "") for each in attachments)]).strip()


def first_lines(said: list[str]) -> list[str]:
    return [each.partition("\n")[0] for each in said]


async def open_diary(
    database: Database,
    clock: ManualClock,
    name: str = "anna",
    calendars: Collection[str] = ("work", "home"),
    desk: Desk | None = None,
    host: str = "cloud.example",
) -> Diary:
    """A person with one account whose calendars were read long ago."""
    if desk is None:
        desk = open_office(database, clock, Chat()).desk
    person = await desk.profiles.person(user_id(name))
    async with database.transaction() as session:
        account = CalendarAccount(
            person_id=person.id,
            provider="other",
            address="",
            profile="generic",
            login=f"{name}@example.com",
            password=desk.vault.encrypt("secret"),
            home_url=f"https://{host}/{name}/",
            addresses=[f"{name}@example.com"],
            zone=person.zone.key,
            state="active",
            synced_at=clock.now(),
            next_sync_at=clock.now(),
            created_at=clock.now(),
        )
        session.add(account)
        await session.flush()
        made = {}
        for each in calendars:
            calendar = Calendar(
                account_id=account.id, href=f"/{name}/{each}/", name=each, chosen=True, trust=3,
                loaded_at=clock.now(), verified_at=clock.now(),
            )  # fmt: skip
            session.add(calendar)
            await session.flush()
            made[each] = calendar.id
    return Diary(desk, clock, person, account.id, made)


def utc(moment: datetime) -> str:
    return moment.strftime("%Y%m%dT%H%M%SZ")


def ics(
    uid: str,
    start: datetime | str,
    title: str = "Demo",
    *more: str,
    minutes: int = 60,
    exceptions: Collection[str] = (),
) -> str:
    """One meeting; `start` is a moment or a ready DTSTART line, `exceptions` are further VEVENTs."""
    if isinstance(start, datetime):
        when = [f"DTSTART:{utc(start)}", f"DTEND:{utc(start + timedelta(minutes=minutes))}"]
    else:
        when = [start]
    event = ["BEGIN:VEVENT", f"UID:{uid}", *when, f"SUMMARY:{title}", *more, "END:VEVENT"]
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *event, *exceptions, "END:VCALENDAR", ""])


def exception(uid: str, original: datetime, start: datetime, title: str = "Demo", *more: str) -> str:
    """One occurrence of a series that is not as the others."""
    lines = [
        "BEGIN:VEVENT", f"UID:{uid}", f"RECURRENCE-ID:{utc(original)}", f"DTSTART:{utc(start)}",
        f"DTEND:{utc(start + timedelta(hours=1))}", f"SUMMARY:{title}", *more, "END:VEVENT",
    ]  # fmt: skip
    return "\r\n".join(lines)
