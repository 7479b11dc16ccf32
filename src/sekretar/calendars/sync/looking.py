"""One look at an account: what its server has, brought in step with what is stored.

All calendars are read before anything is removed, so that a meeting that went from one to the other is seen to
have moved. Marks are stored in the transaction of what they cover. Nothing is deleted by an error, nor at the
first sight of an absence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars import wording
from sekretar.calendars.accounts.connecting import calendars_of, differing, stored_calendar
from sekretar.calendars.caldav import (
    CalDavClient,
    CalendarState,
    Changes,
    Credentials,
    Home,
    Marks,
    RemoteCalendar,
    RemoteObject,
    Trust,
    Way,
    changes,
    list_calendars,
    profile_of,
)
from sekretar.calendars.channels import news as channels_news
from sekretar.calendars.digest import digesting
from sekretar.calendars.keys import gone_key
from sekretar.calendars.model import Calendar, CalendarAccount, CalendarObject, portions
from sekretar.calendars.presence import status
from sekretar.calendars.reminders.reminding import replan_reminders
from sekretar.calendars.settings import preferences
from sekretar.calendars.sync.applying import BATCH, Applying, Owner
from sekretar.calendars.sync.glancing import Calm
from sekretar.calendars.sync.reading import Reader, Reading, read, unpack, unreadable
from sekretar.kernel.database import wake_after_commit
from sekretar.kernel.errors import PeerDown, PeerError, PeerNotFound, PeerRefused
from sekretar.kernel.http import HttpSessions
from sekretar.kernel.people import Person
from sekretar.kernel.secrets import Vault
from sekretar.mattermost.desk import Desk

#: An empty calendar that was not empty before is believed when it still is after this long.
SECOND_LOOK = timedelta(seconds=30)

#: Who moves a meeting to another calendar of the account has done so after this long.
MOVED_WITHIN = timedelta(seconds=5)

#: A calendar that its server no longer knows is believed to be deleted after this long.
BELIEVED_GONE = timedelta(hours=1)

#: How often the server is asked which calendars there are, when nothing makes it necessary sooner.
LIST_EVERY = timedelta(hours=6)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Work:
    """One account with everything needed to look at it; the password is decrypted only here."""

    account: CalendarAccount
    calendars: Sequence[Calendar]
    person: Person
    client: CalDavClient

    @property
    def owner(self) -> Owner:
        return Owner(self.person, self.account.id)


@dataclass(frozen=True)
class Seen:
    """How a look went. `again`: when a sooner look than usual is wanted."""

    #: What to compare the next answer of the server with; None when something is not settled.
    calm: Calm | None
    again: datetime | None
    #: What kept a part of the account from being read.
    trouble: PeerError | None


@dataclass(frozen=True)
class _Found:
    """What is to be applied to one calendar."""

    calendar: Calendar
    changes: Changes
    now: datetime
    #: The calendar was empty at the look before as well.
    confirmed: bool


@dataclass
class Looking:
    """Looks at accounts. It remembers only suspicions; after a restart they begin anew."""

    desk: Desk
    vault: Vault
    http: HttpSessions
    hosts: Sequence[str] = ()
    #: How long until all accounts of a person have been looked at.
    round: timedelta = timedelta(minutes=2)
    #: Calendars that were suddenly empty, or unknown to their server, and when that was seen first.
    _emptied: dict[int, datetime] = field(default_factory=dict)
    _missing: dict[int, datetime] = field(default_factory=dict)
    #: Objects that were gone, by calendar and href, and when that was seen first.
    _absent: dict[int, dict[str, datetime]] = field(default_factory=dict)
    #: Collections of an account that hold no events, so that nobody asks about them each time.
    _strangers: dict[int, frozenset[str]] = field(default_factory=dict)

    async def load(self, account_id: int) -> Work | None:
        """What is needed for a look; None when the account is gone, or its person away."""
        async with self.desk.database.reading() as session:
            account = await session.get(CalendarAccount, account_id)
            if account is None:
                self._strangers.pop(account_id, None)
                return None
            query = select(Calendar).where(Calendar.account_id == account_id, Calendar.chosen.is_(True))
            calendars = (await session.scalars(query.order_by(Calendar.id))).all()
            person = await self.desk.people.by_id(session, account.person_id)
        if person is None or not person.active:
            return None
        credentials = Credentials(account.login, self.vault.decrypt(account.password))
        client = CalDavClient(
            self.http.typed, account.home_url, credentials, profile=profile_of(account.profile)
        )
        return Work(account, calendars, person, client)

    async def look(self, work: Work, home: Home | None = None) -> Seen:
        """Look at all calendars of an account.

        Args:
            work: the account.
            home: what its server has answered just now, where somebody has asked already.

        Raises:
            PeerError: the server did not let us look; what was read before that is stored.
        """
        await self._follow_zone(work)
        home = home or await work.client.home(work.account.home_url)
        marks = home.marks()
        again = await self._follow_list(work, marks)
        found: list[_Found] = []
        trusted = all(calendar.trust >= Trust.CTAG for calendar in work.calendars)
        trouble: PeerError | None = None
        unread = 0
        for calendar in work.calendars:
            try:
                known = marks.get(work.client.key(calendar.href))
                looked = await self._look_at(work, calendar, known)
                self._missing.pop(calendar.id, None)
            except (PeerDown, PeerRefused):
                await self._apply(work, found)
                _log.info("look ended early", account=work.account.id, calendar=calendar.id)
                raise
            except PeerNotFound as error:
                if not await self._has_gone(work, calendar, marks):
                    trouble, unread = error, unread + 1
                continue
            except PeerError as error:
                trouble, unread = error, unread + 1
                continue
            if looked is None:
                self._absent.pop(calendar.id, None)
                continue
            trusted = trusted and looked.changes.state.trust >= Trust.CTAG
            if looked.changes.suspicious:
                again.append(looked.now + await self._second_look(work))
            elif calendar.loaded_at is None:
                again += await self._apply(work, [looked])
            else:
                found.append(looked)
        again += await self._apply(work, found)
        if trouble is not None and unread == len(work.calendars):
            raise trouble
        settled = trusted and not again and trouble is None
        calm = Calm(home.digest, self._calm_until(work)) if settled else None
        return Seen(calm, min(again, default=None), trouble)

    def _calm_until(self, work: Work) -> datetime:
        """When the first calendar has to be verified by a listing again."""
        now, every = self.desk.now(), work.client.profile.verify_every
        due = [each.verified_at + every if each.verified_at else now for each in work.calendars]
        # Those that were due have been verified just now.
        return min((moment if moment > now else now + every for moment in due), default=now + every)

    async def _look_at(self, work: Work, calendar: Calendar, marks: Marks | None) -> _Found | None:
        now = self.desk.now()
        stored = Marks(calendar.ctag, calendar.sync_token)
        verify = (
            calendar.verified_at is None or now - calendar.verified_at >= work.client.profile.verify_every
        )
        unmoved = marks is not None and marks.unmoved_since(stored) and calendar.trust >= Trust.CTAG
        if unmoved and not verify and calendar.loaded_at is not None:
            return None
        suspected = self._emptied.get(calendar.id)
        confirmed = suspected is not None and now - suspected >= await self._second_look(work)
        found = await changes(
            work.client,
            await self._state(calendar, stored),
            marks=marks,
            verify=verify and calendar.loaded_at is not None,
            confirmed=confirmed,
        )
        if found.suspicious:
            self._emptied.setdefault(calendar.id, now)
        else:
            self._emptied.pop(calendar.id, None)
        return _Found(calendar, found, now, confirmed)

    async def _state(self, calendar: Calendar, marks: Marks) -> CalendarState:
        query = select(CalendarObject.href, CalendarObject.etag).where(
            CalendarObject.calendar_id == calendar.id
        )
        async with self.desk.database.reading() as session:
            etags = {href: etag for href, etag in await session.execute(query)}  # noqa: C416 - rows are no pairs to mypy
        return CalendarState(calendar.href, marks, etags, Trust(calendar.trust))

    # Applying

    async def _apply(self, work: Work, found: Sequence[_Found]) -> list[datetime]:
        """Store what was found; returns when to go on where something was left."""
        leaving = frozenset((each.calendar.id, href) for each in found for href in each.changes.deletions)
        for each in found:
            await self._store(work, each, leaving)
        patience = await self._patience(work) if leaving else None
        held = [self._hold_back(each, patience) for each in found]
        for each, _ in held:
            await self._finish(work, each)
        # Where nothing came this time, the same would fail again at once.
        again = [each.now for each in found if not each.changes.complete and not each.changes.empty]
        return again + [until for _, until in held if until]

    async def _store(self, work: Work, found: _Found, leaving: frozenset[tuple[int, str]]) -> None:
        applying = self._applying(work, found, leaving)
        for batch in portions(found.changes.upserts, BATCH):
            readings = await self._read(work, batch, found.now)
            async with self.desk.database.transaction() as session:
                if await _as_it_was(session, found.calendar):
                    await applying.upsert(session, readings)
        unusable = [unreadable(href, found.changes.state.etags[href]) for href in found.changes.unusable]
        if unusable:
            async with self.desk.database.transaction() as session:
                if await _as_it_was(session, found.calendar):
                    await applying.upsert(session, unusable)

    async def _patience(self, work: Work) -> timedelta | None:
        """How long what is gone may take to turn up in another calendar of the person; None if they have none."""
        query = select(func.count()).where(CalendarAccount.person_id == work.person.id)
        async with self.desk.database.reading() as session:
            accounts = await session.scalar(query) or 0
        if accounts > 1:
            return self.round
        return MOVED_WITHIN if len(work.calendars) > 1 else None

    async def _second_look(self, work: Work) -> timedelta:
        """How long a calendar has to be empty until that is believed."""
        return max(SECOND_LOOK, await self._patience(work) or SECOND_LOOK)

    def _hold_back(self, found: _Found, patience: timedelta | None) -> tuple[_Found, datetime | None]:
        """Leave aside what has only just gone: a meeting that is moved to another calendar is away for a moment.

        Returns:
            What to apply now, and when to look again.
        """
        calendar, gone = found.calendar, found.changes.deletions
        known = self._absent.pop(calendar.id, {})
        if patience is None or found.confirmed or calendar.loaded_at is None:
            return found, None
        since = {href: known.get(href, found.now) for href in gone}
        young = {href: at for href, at in since.items() if found.now - at < patience}
        if not young:
            return found, None
        self._absent[calendar.id] = young
        kept = replace(found.changes, deletions=gone - young.keys(), complete=False)
        return replace(found, changes=kept), min(young.values()) + patience

    async def _finish(self, work: Work, found: _Found) -> None:
        applying = self._applying(work, found)
        async with self.desk.database.transaction() as session:
            if await _as_it_was(session, found.calendar):
                await applying.remove(session, sorted(found.changes.deletions))
                changed = update(Calendar).where(Calendar.id == found.calendar.id)
                await session.execute(changed.values(_new_state(found)))

    def _applying(
        self, work: Work, found: _Found, leaving: frozenset[tuple[int, str]] = frozenset()
    ) -> Applying:
        silent = found.calendar.loaded_at is None
        return Applying(self.desk, work.owner, found.calendar, found.now, silent=silent, leaving=leaving)

    async def _read(self, work: Work, objects: Sequence[RemoteObject], now: datetime) -> list[Reading]:
        reader = Reader(work.person.zone, frozenset(work.account.addresses), self.hosts)
        return await asyncio.to_thread(lambda: [read(each, reader, now) for each in objects])

    async def _follow_zone(self, work: Work) -> None:
        """Read everything anew when the person has moved to another zone: floating times move with them."""
        zone, account = work.person.zone.key, work.account
        if account.zone == zone:
            return
        for calendar in work.calendars:
            await self._read_again(work, calendar)
        async with self.desk.database.transaction() as session:
            changed = update(CalendarAccount).where(CalendarAccount.id == account.id)
            await session.execute(changed.values(zone=zone))
            if account.zone:
                wanted = await preferences.read(session, work.person.id)
                await digesting.replan(session, work.person, wanted, self.desk.now(), travelled=True)
                if wanted.own_alarms:
                    # Those of whole days ring by the clock of the person.
                    await replan_reminders(session, work.person.id, wanted.offsets, self.desk.now())

    async def _read_again(self, work: Work, calendar: Calendar) -> None:
        now, after = self.desk.now(), 0
        applying = Applying(self.desk, work.owner, calendar, now, silent=True)
        query = select(CalendarObject).where(CalendarObject.calendar_id == calendar.id)
        query = query.order_by(CalendarObject.id).limit(BATCH)
        while True:
            async with self.desk.database.reading() as session:
                rows = (await session.scalars(query.where(CalendarObject.id > after))).all()
            if not rows:
                return
            remote = [RemoteObject(each.href, each.etag, unpack(each.data)) for each in rows]
            readings = await self._read(work, remote, now)
            async with self.desk.database.transaction() as session:
                if await _as_it_was(session, calendar):
                    await applying.upsert(session, readings)
            after = rows[-1].id

    # Calendars that come and go

    async def _follow_list(self, work: Work, marks: Mapping[str, Marks]) -> list[datetime]:
        """Learn now and then which calendars there are, what they are called, and which can be written to.

        Those that were made on the server after the account was connected are shown too.
        """
        account, now = work.account, self.desk.now()
        async with self.desk.database.reading() as session:
            stored = await calendars_of(session, account.id)
        known = {work.client.key(each.href): each for each in stored}
        strange = marks.keys() - known.keys() - self._strangers.get(account.id, frozenset())
        if not strange and account.listed_at is not None and now - account.listed_at < LIST_EVERY:
            return []
        remote = await self._list(work)
        if remote is None:
            return []
        self._strangers[account.id] = frozenset(marks.keys() - known.keys() - remote.keys())
        changed = {
            stored.id: values
            for key, stored in known.items()
            if key in remote and (values := differing(stored, remote[key]))
        }
        new = [each for key, each in remote.items() if key not in known]
        async with self.desk.database.transaction() as session:
            for calendar_id, values in sorted(changed.items()):
                await session.execute(update(Calendar).where(Calendar.id == calendar_id).values(values))
            if (row := await session.get(CalendarAccount, account.id, with_for_update=True)) is None:
                return []
            row.listed_at = now
            session.add_all(stored_calendar(account, each) for each in new)
        return [now] if new else []

    async def _list(self, work: Work) -> dict[str, RemoteCalendar] | None:
        """What the server has; None when it answers this question alone in a way that says nothing."""
        try:
            found = await list_calendars(work.client, work.account.home_url)
        except (PeerDown, PeerRefused):
            raise
        except PeerError as error:
            _log.info("calendars not listed", account=work.account.id, error=str(error))
            return None
        return {work.client.key(each.href): each for each in found}

    async def _has_gone(self, work: Work, calendar: Calendar, marks: Mapping[str, Marks]) -> bool:
        """Forget a calendar that its server has not known for long, although it knows others.

        Returns:
            False while that is not certain: then it is a trouble that may pass.
        """
        now = self.desk.now()
        since = self._missing.setdefault(calendar.id, now)
        if not marks or work.client.key(calendar.href) in marks:
            return False
        if calendar.loaded_at is not None and now - since < BELIEVED_GONE:
            return False
        del self._missing[calendar.id]
        async with self.desk.database.transaction() as session:
            if await _as_it_was(session, calendar):
                await channels_news.say_gone(session, calendar, work.person, now)
                await session.execute(delete(Calendar).where(Calendar.id == calendar.id))
                if calendar.loaded_at is not None:
                    await self._tell_gone(session, work, calendar, now)
                wake_after_commit(session, status.TASK)
        return True

    async def _tell_gone(self, session: AsyncSession, work: Work, calendar: Calendar, now: datetime) -> None:
        message = wording.calendar_gone(calendar.name, self.desk.translator(work.person))
        await self.desk.tell(session, gone_key(work.account.id, calendar.href, now), work.person, message)


async def _as_it_was(session: AsyncSession, calendar: Calendar) -> bool:
    """Whether the calendar is still the one that was looked at, and keep it so until the transaction ends.

    People disconnect and choose calendars while a look is under way.
    """
    query = select(Calendar.chosen, Calendar.loaded_at).where(Calendar.id == calendar.id).with_for_update()
    row = (await session.execute(query)).one_or_none()
    return row is not None and row.chosen and row.loaded_at == calendar.loaded_at


def _new_state(found: _Found) -> dict[str, Any]:
    calendar, looked = found.calendar, found.changes
    values: dict[str, Any] = {"trust": int(looked.state.trust)}
    # An object that can never be read must not keep the calendar silent for ever.
    stuck = not looked.complete and looked.empty and bool(looked.state.etags)
    if looked.complete or stuck:
        values["loaded_at"] = calendar.loaded_at or found.now
    if looked.complete:
        values |= {"ctag": looked.state.marks.ctag, "sync_token": looked.state.marks.token}
        if looked.way in (Way.LISTING, Way.WINDOW):
            values["verified_at"] = found.now
    return values
