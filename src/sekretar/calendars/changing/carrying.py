"""Carrying out what a person decides about one of their meetings: on its server, then at once in what is stored.

The server comes first, because what it does not keep has not happened. What it made of the change is stored in the
same breath, so that the person's next question shows it, and is told to the channels of the calendar but not to the
person, who knows.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars.accounts.connecting import SYNC
from sekretar.calendars.answers.attending import Part, part_of
from sekretar.calendars.caldav import CalDavClient, Credentials, RemoteObject, profile_of
from sekretar.calendars.caldav.hrefs import path_of
from sekretar.calendars.changing.writing import (
    Deleted,
    EventWriter,
    Gone,
    Outcome,
    Reverted,
    Witness,
    Written,
)
from sekretar.calendars.model import AccountState, Calendar, CalendarAccount, CalendarObject, StoredOccurrence
from sekretar.calendars.sync import own_edits
from sekretar.calendars.sync.applying import Applying, Doer, Owner
from sekretar.calendars.sync.reading import Reader, Reading, read
from sekretar.calendars.views.agenda import Details, Meeting, details_of
from sekretar.calendars.views.wording import choice_of
from sekretar.kernel.database import wake_after_commit
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
from sekretar.mattermost.chat import Stale
from sekretar.mattermost.desk import Desk


@dataclass(frozen=True)
class Target:
    """A meeting of a person with the object on the server that it stands in."""

    person: Person
    details: Details
    account: CalendarAccount
    calendar: Calendar
    href: str
    etag: str

    @property
    def part(self) -> Part:
        return part_of(self.details, self.account.addresses)

    @property
    def recurrence_id(self) -> str:
        return self.details.meeting.recurrence_id

    @property
    def own_address(self) -> str:
        """What the person is called on that server; a login is better than nobody."""
        return next((each for each in self.account.addresses if "@" in each), "") or self.account.login


async def find(session: AsyncSession, person: Person, named: object) -> Target:
    """The meeting that a button names, as `views_wording.choice_of` does.

    Raises:
        Stale: it is no longer there, or not this person's.
    """
    number = str(named).partition(".")[0]
    known = number.isascii() and number.isdigit() and len(number) <= 18
    details = await details_of(session, person.id, person.zone, int(number)) if known else None
    if details is None or choice_of(details.meeting) != named:
        raise Stale("calendars.details.gone")
    return await _target(session, person, details)


async def copies(session: AsyncSession, target: Target) -> list[Target]:
    """The same meeting in other calendars that the person wants to see."""
    meeting, person = target.details.meeting, target.person
    query = select(StoredOccurrence.id).where(
        StoredOccurrence.person_id == person.id,
        StoredOccurrence.uid == meeting.uid,
        StoredOccurrence.recurrence_id == meeting.recurrence_id,
        StoredOccurrence.id != meeting.occurrence_id,
    )
    numbers = (await session.scalars(query.order_by(StoredOccurrence.id))).all()
    found = [await details_of(session, person.id, person.zone, number) for number in numbers]
    return [await _target(session, person, each) for each in found if each is not None]


async def _target(session: AsyncSession, person: Person, details: Details) -> Target:
    query = (
        select(CalendarObject, Calendar, CalendarAccount)
        .join(StoredOccurrence, StoredOccurrence.object_id == CalendarObject.id)
        .join(Calendar, Calendar.id == CalendarObject.calendar_id)
        .join(CalendarAccount, CalendarAccount.id == Calendar.account_id)
        .where(StoredOccurrence.id == details.meeting.occurrence_id)
    )
    row, calendar, account = (await session.execute(query)).one()
    return Target(person, details, account, calendar, row.href, row.etag)


@dataclass(frozen=True)
class Carrying:
    """Writes and stores. `hosts` are the company's own conference hosts."""

    desk: Desk
    http: HttpSessions
    hosts: Sequence[str] = ()

    def writer(self, target: Target) -> EventWriter:
        """The way to the server of a meeting."""
        account = target.account
        credentials = Credentials(account.login, self.desk.vault.decrypt(account.password))
        return EventWriter(
            CalDavClient(self.http.typed, account.home_url, credentials, profile=profile_of(account.profile))
        )

    @asynccontextmanager
    async def own(self, target: Target, *further: str) -> AsyncIterator[None]:
        """Around writing and storing: what looks find of the meeting meanwhile is no news to the person.

        Args:
            target: the meeting.
            further: UIDs that come into being.

        Raises:
            PersonError: for a `PeerError`, what it means to the person; the account has to be mended first.
        """
        if target.account.state != AccountState.ACTIVE:
            # One more refusal might lock it.
            raise PersonError("calendars.carrying.refused")
        person_id, uids = target.person.id, (target.details.meeting.uid, *further)
        async with self.desk.database.transaction() as session:
            await own_edits.begin(session, person_id, uids, self.desk.now())
        try:
            yield
        except PeerError as error:
            raise _problem(error) from error
        finally:
            async with self.desk.database.transaction() as session:
                await own_edits.end(session, person_id, uids)

    def witness(self, target: Target, matters: Callable[[Meeting], object]) -> Witness:
        """Looks at the version on the server before it is changed.

        What others have made of the meeting since it was last read is stored and told as news, so that it does not
        pass for the person's own doing. When something that `matters` is not as the person has seen it, nothing is
        written and they hear so.
        """

        async def look(current: RemoteObject) -> None:
            if current.etag and current.etag == target.etag:
                return
            await self._store(target, [current], Doer.OTHERS)
            person, seen = target.person, target.details.meeting
            async with self.desk.database.reading() as session:
                found = await details_of(session, person.id, person.zone, seen.occurrence_id)
            if found is None or matters(found.meeting) != matters(seen):
                raise PersonError("calendars.carrying.changed")

        return look

    async def keep(self, target: Target, outcome: Outcome | Deleted) -> None:
        """Store what the server holds after the change."""
        if isinstance(outcome, Written | Reverted):
            await self._store(target, _held(target, outcome), Doer.PERSON)
        elif isinstance(outcome, Deleted) or (isinstance(outcome, Gone) and outcome.accepted):
            await self._remove(target)
        else:
            await self._look_again(target)

    async def _store(self, target: Target, found: Sequence[RemoteObject], doer: Doer) -> None:
        readings = await asyncio.to_thread(self._readings, target, found)
        async with self.desk.database.transaction() as session:
            if applying := await self._applying(session, target, doer):
                await applying.upsert(session, readings)

    async def _remove(self, target: Target) -> None:
        async with self.desk.database.transaction() as session:
            if applying := await self._applying(session, target, Doer.PERSON):
                await applying.remove(session, [target.href])

    async def _look_again(self, target: Target) -> None:
        """What is stored is not what is there."""
        async with self.desk.database.transaction() as session:
            account = update(CalendarAccount).where(CalendarAccount.id == target.account.id)
            await session.execute(account.values(next_sync_at=self.desk.now(), calm_answer=""))
            wake_after_commit(session, SYNC)

    def _readings(self, target: Target, found: Sequence[RemoteObject]) -> list[Reading]:
        reader = Reader(target.person.zone, frozenset(target.account.addresses), self.hosts)
        return [read(each, reader, self.desk.now()) for each in found]

    async def _applying(self, session: AsyncSession, target: Target, doer: Doer) -> Applying | None:
        """A look under way at the calendar stores the same: one after the other."""
        query = select(Calendar).where(Calendar.id == target.calendar.id).with_for_update()
        calendar = await session.scalar(query)
        if calendar is None or not calendar.chosen:
            return None
        owner = Owner(target.person, target.account.id)
        silent = calendar.loaded_at is None
        return Applying(self.desk, owner, calendar, self.desk.now(), silent=silent, doer=doer)


def _held(target: Target, outcome: Written | Reverted) -> list[RemoteObject]:
    """What the server holds after a change.

    The first half keeps the name under which it is stored, the second gets the one that a look would give it.
    """
    found = [RemoteObject(target.href, outcome.etag, outcome.data)]
    if isinstance(outcome, Written) and outcome.further is not None:
        further = outcome.further
        found.append(RemoteObject(path_of(further.href), further.etag, further.data))
    return found


def settled(outcome: Outcome | Deleted, *, may_vanish: bool = False) -> None:
    """Raises PersonError: the change was not made, and why.

    `may_vanish`: servers put away what was declined.
    """
    if isinstance(outcome, Written | Deleted):
        return
    if may_vanish and isinstance(outcome, Gone) and outcome.accepted:
        return
    if isinstance(outcome, Reverted):
        raise PersonError("calendars.carrying.reverted")
    if isinstance(outcome, Gone):
        raise Stale("calendars.carrying.gone")
    raise PersonError("calendars.carrying.conflict")


#: The first kind that fits decides.
_PROBLEMS: tuple[tuple[type[PeerError], str], ...] = (
    (PeerLimited, "calendars.carrying.limited"),
    (PeerDown, "calendars.carrying.down"),
    (PeerRefused, "calendars.carrying.refused"),
    (PeerForbidden, "calendars.carrying.forbidden"),
    (PeerNotFound, "calendars.carrying.gone"),
    (PeerError, "calendars.carrying.invalid"),
)


def _problem(error: PeerError) -> PersonError:
    return PersonError(next(key for kind, key in _PROBLEMS if isinstance(error, kind)))
