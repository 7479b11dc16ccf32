"""From a draft to a meeting on the server, once: whoever presses twice, or again after a crash, finds the first one.

The draft is marked before the server is asked. Until the answer is known it can be neither changed nor given up, only
made again, and that is safe: the UID stands in the draft, and the server keeps one object of a name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars.booking import drafts as booking_drafts
from sekretar.calendars.booking.draft import Draft, event_of, restored
from sekretar.calendars.booking.drafts import BookingDraft, State
from sekretar.calendars.caldav import CalDavClient, Credentials, RemoteObject, profile_of
from sekretar.calendars.caldav.hrefs import path_of
from sekretar.calendars.changing.writing import Conflict, EventWriter, Gone, Outcome, Reverted, Written
from sekretar.calendars.editing import Invitee, new_event
from sekretar.calendars.model import AccountState, Calendar, CalendarAccount
from sekretar.calendars.sync.applying import Applying, Owner
from sekretar.calendars.sync.reading import Reader, Reading, read
from sekretar.kernel.errors import (
    PeerDown,
    PeerError,
    PeerForbidden,
    PeerLimited,
    PeerNotFound,
    PeerRefused,
    PersonError,
)
from sekretar.kernel.http import HttpSessions
from sekretar.kernel.people import Person
from sekretar.mattermost.desk import Desk

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Booked:
    """It is on the server."""

    draft: Draft
    calendar: str
    join_url: str = ""
    join_service: str = ""
    #: The server did not keep all of it.
    altered: bool = False
    #: It had been made before this click.
    before: bool = False


@dataclass(frozen=True)
class Place:
    """A calendar that can be written to, with its account."""

    calendar: Calendar
    account: CalendarAccount

    @property
    def makes_rooms(self) -> bool:
        """Whether the server makes a room for a call when asked (X-TELEMOST-REQUIRED)."""
        return self.account.profile == "yandex"


async def places(session: AsyncSession, person_id: int) -> list[Place]:
    """The calendars a person may put meetings into: the preferred one, then those of the oldest account."""
    query = (
        select(Calendar, CalendarAccount)
        .join(CalendarAccount, CalendarAccount.id == Calendar.account_id)
        .where(
            CalendarAccount.person_id == person_id,
            CalendarAccount.state == AccountState.ACTIVE,
            Calendar.chosen.is_(True),
            Calendar.writable.is_(True),
        )
        .order_by(Calendar.preferred.desc(), CalendarAccount.id, Calendar.id)
    )
    return [Place(calendar, account) for calendar, account in (await session.execute(query)).all()]


@dataclass(frozen=True)
class Saving:
    """Puts drafts into calendars. `hosts` are the company's own conference hosts."""

    desk: Desk
    http: HttpSessions
    hosts: Sequence[str] = ()

    async def save(self, person: Person, number: object) -> Booked:
        """Make the meeting of a draft.

        Raises:
            PersonError: it was not made, and why; or nobody knows yet, and pressing again is safe.
        """
        row, place = await self._begin(person, number)
        draft = restored(row.payload)
        if row.state == State.BOOKED:
            return Booked(draft, place.calendar.name, before=True)
        try:
            outcome = await self._write(person, row, draft, place)
        except PeerError as error:
            await self._failed(row.id, place.calendar.id, error)
            raise _problem(error) from error
        if isinstance(outcome, Gone | Conflict):
            await self._reopen(row.id)
            raise PersonError("calendars.booking.not_kept")
        reading = await self._read(person, place, outcome)
        before = await self._finish(person, row.id, place, reading)
        joining: dict[str, Any] = reading.rows[0] if reading.rows else {}
        return Booked(
            draft,
            place.calendar.name,
            joining.get("join_url", ""),
            joining.get("join_service", ""),
            altered=isinstance(outcome, Reverted),
            before=before,
        )

    async def _begin(self, person: Person, number: object) -> tuple[BookingDraft, Place]:
        async with self.desk.database.transaction() as session:
            row = await booking_drafts.of_person(session, person.id, number, for_update=True)
            booking_drafts.must_be_bookable(row)
            wanted = restored(row.payload).calendar_id
            place = next(
                (each for each in await places(session, person.id) if each.calendar.id == wanted), None
            )
            if place is None:
                raise PersonError("calendars.booking.no_calendar")
            if row.state == State.OPEN:
                row.state = State.BEGUN
            return row, place

    async def _write(self, person: Person, row: BookingDraft, draft: Draft, place: Place) -> Outcome:
        account = place.account
        credentials = Credentials(account.login, self.desk.vault.decrypt(account.password))
        client = CalDavClient(
            self.http.typed, account.home_url, credentials, profile=profile_of(account.profile)
        )
        organizer = Invitee(_own_address(account), person.display_name)
        text = new_event(event_of(draft, person.zone, organizer), row.uid, self.desk.now())
        return await EventWriter(client).create(place.calendar.href, row.uid, text)

    async def _read(self, person: Person, place: Place, outcome: Written | Reverted) -> Reading:
        reader = Reader(person.zone, frozenset(place.account.addresses), self.hosts)
        # As a look at the calendar names it, so that both mean the same row.
        remote = RemoteObject(path_of(outcome.href), outcome.etag, outcome.data)
        return await asyncio.to_thread(read, remote, reader, self.desk.now())

    async def _finish(self, person: Person, draft_id: int, place: Place, reading: Reading) -> bool:
        """Show it at once; the channels of the calendar hear of it, whoever made it does not.

        Returns:
            True when another click was quicker.
        """
        now = self.desk.now()
        async with self.desk.database.transaction() as session:
            # A look under way at the calendar stores the same: one after the other.
            query = select(Calendar).where(Calendar.id == place.calendar.id).with_for_update()
            calendar = await session.scalar(query)
            row = await session.get(BookingDraft, draft_id, with_for_update=True, populate_existing=True)
            if calendar is not None and calendar.chosen:
                owner = Owner(person, place.account.id)
                await Applying(self.desk, owner, calendar, now, silent=calendar.loaded_at is None).upsert(
                    session, [reading]
                )
            before = row is None or row.state == State.BOOKED
            if row is not None:
                row.state = State.BOOKED
        return before

    async def _failed(self, draft_id: int, calendar_id: int, error: PeerError) -> None:
        """After a clear refusal the draft may be changed; a lost answer leaves it begun.

        A calendar that may not be written to is not offered again, unless its server says that it may.
        """
        _log.warning("a meeting was not made", kind=type(error).__name__, peer=error.peer)
        if not isinstance(error, PeerDown) or isinstance(error, PeerLimited):
            await self._reopen(draft_id)
        if isinstance(error, PeerForbidden):
            async with self.desk.database.transaction() as session:
                refused = update(Calendar).where(Calendar.id == calendar_id)
                await session.execute(refused.values(writable=False, preferred=False))

    async def _reopen(self, draft_id: int) -> None:
        async with self.desk.database.transaction() as session:
            row = await session.get(BookingDraft, draft_id, with_for_update=True)
            if row is not None and row.state == State.BEGUN:
                row.state = State.OPEN


#: The first kind that fits decides.
_PROBLEMS: tuple[tuple[type[PeerError], str], ...] = (
    (PeerLimited, "calendars.booking.limited"),
    (PeerDown, "calendars.booking.down"),
    (PeerRefused, "calendars.booking.refused"),
    (PeerForbidden, "calendars.booking.forbidden"),
    (PeerNotFound, "calendars.booking.no_calendar"),
    (PeerError, "calendars.booking.invalid"),
)


def _problem(error: PeerError) -> PersonError:
    return PersonError(next(key for kind, key in _PROBLEMS if isinstance(error, kind)))


def _own_address(account: CalendarAccount) -> str:
    """What the person is called on that server; a login is better than nobody."""
    return next((each for each in account.addresses if "@" in each), "") or account.login
