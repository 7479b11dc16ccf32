"""What a look at the server changes in our tables, and what is said of it: in the same transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum, auto
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars import wording
from sekretar.calendars.accounts import own_addresses
from sekretar.calendars.answers import diff as answers_diff
from sekretar.calendars.answers import news as answers_news
from sekretar.calendars.answers import wording as answer_wording
from sekretar.calendars.answers.attending import Part, awaits_answer, part_in
from sekretar.calendars.answers.diff import Given
from sekretar.calendars.answers.news import Answers, rolls
from sekretar.calendars.answers.settling import Settling
from sekretar.calendars.booking import drafts as booking_drafts
from sekretar.calendars.channels import news as channels_news
from sekretar.calendars.channels import subscriptions as channels
from sekretar.calendars.channels.news import News
from sekretar.calendars.ics.events import PartStat
from sekretar.calendars.keys import change_key, meeting_key
from sekretar.calendars.model import (
    Calendar,
    CalendarAccount,
    CalendarObject,
    Reminder,
    StoredOccurrence,
    portions,
)
from sekretar.calendars.presence import status
from sekretar.calendars.reminders.reminding import offsets_of, plan_reminders, plan_reminders_again
from sekretar.calendars.settings import preferences
from sekretar.calendars.sync import own_edits, refreshing
from sekretar.calendars.sync.changes import VISIBLE_FIELDS, Change, Kind, Seen
from sekretar.calendars.sync.comparing import changed, removed
from sekretar.calendars.sync.reading import Reading, pack, seen, unpack
from sekretar.calendars.views.agenda import DECLINED, Meeting, meeting_of
from sekretar.kernel.database import wake_after_commit
from sekretar.kernel.people import Person
from sekretar.mattermost import sent
from sekretar.mattermost.desk import Desk

#: Objects stored in one transaction: the first look at a calendar must not keep other writers waiting. A daily
#: series has more than a hundred occurrences.
BATCH = 50

#: The session holds none of these rows any more; it would otherwise compare each statement with all it holds.
_UNSEEN: dict[str, Any] = {"execution_options": {"synchronize_session": False}}


@dataclass(frozen=True)
class Owner:
    """Whose calendar it is."""

    person: Person
    account_id: int


class Doer(Enum):
    """Who has made the changes of a look."""

    #: Others; or the person, who may be changing the meeting through Sekretar in this moment.
    ANYBODY = auto()
    #: The person, through Sekretar: others hear of it, they know.
    PERSON = auto()
    #: Somebody else, whatever the person is doing.
    OTHERS = auto()


@dataclass
class _Reminded:
    """The occurrences whose reminders have to be planned."""

    #: New, moved, or put back.
    fresh: list[StoredOccurrence] = field(default_factory=list)
    #: Those that only have other alarms.
    altered: list[StoredOccurrence] = field(default_factory=list)
    #: Objects that came from another calendar, for which the person may have other wishes.
    settlers: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Applying:
    """Brings the stored objects and occurrences of one calendar in step with what was read.

    What is told is what changes for the person: a meeting they have in two calendars is one meeting, and one
    that goes on under another name has not been cancelled.
    """

    desk: Desk
    owner: Owner
    calendar: Calendar
    now: datetime
    #: Nothing is announced: a first look, or only the horizon moves.
    silent: bool
    doer: Doer = Doer.ANYBODY
    #: Objects of the account that will be removed in the same look, by calendar and href.
    leaving: frozenset[tuple[int, str]] = frozenset()

    async def upsert(self, session: AsyncSession, readings: Sequence[Reading]) -> None:
        """Store objects that are new or changed."""
        objects = await self._objects(session, [each.href for each in readings])
        reminded = _Reminded()
        new = [each for each in readings if each.href not in objects]
        objects |= await self._moved_here(session, new, reminded)
        stored = await _occurrences(session, [each.id for each in objects.values()])
        for reading in {each.href: each for each in readings}.values():
            row = objects.get(reading.href)
            await self._store(session, row, stored[row.id] if row else [], reading, reminded)
        await session.flush()
        await self._plan(session, reminded)
        await channels.follow(session, self.calendar.id, [each.href for each in readings], self.now)
        if reader := next((each.reader for each in readings if each.reader), None):
            await own_addresses.notice(session, self.owner.account_id, reader.addresses, self.now)
        wake_after_commit(session, status.TASK)

    async def remove(self, session: AsyncSession, hrefs: Sequence[str]) -> None:
        """Forget objects that are gone from the server."""
        for some in portions(hrefs, BATCH):
            objects = await self._objects(session, some)
            stored = await _occurrences(session, [each.id for each in objects.values()])
            for row in objects.values():
                before = stored[row.id]
                changes = () if self.silent else await self._removed(session, before)
                asked = self._settling.asked(before)
                # Before it is told: a second copy that goes with it must not hide that the meeting is gone.
                await session.execute(delete(CalendarObject).where(CalendarObject.id == row.id))
                await self._settling.follow(session, asked)
                for change in changes:
                    await self._tell(session, row, before[0].uid if before else "", change)
        wake_after_commit(session, status.TASK)

    async def _removed(self, session: AsyncSession, before: Sequence[StoredOccurrence]) -> list[Change]:
        """What it means that an object is gone. Nobody misses what they have declined."""
        account = await session.get(CalendarAccount, self.owner.account_id)
        ahead = [each for each in before if each.ends_at > self.now and not each.cancelled]
        if account is None or not ahead or all(each.answer == DECLINED for each in ahead):
            return []
        invited = all(part_in(each, account.addresses) is Part.INVITED for each in ahead)
        return [replace(each, vanished=invited) for each in removed(before, self.now)]

    @property
    def _settling(self) -> Settling:
        # What vanishes while the person answers was declined: some servers put that away.
        vanished = PartStat.DECLINED if self.doer is Doer.PERSON else None
        return Settling(self.desk, self.owner.person, self.calendar, self.now, vanished)

    async def _objects(self, session: AsyncSession, hrefs: Sequence[str]) -> dict[str, CalendarObject]:
        query = select(CalendarObject).where(
            CalendarObject.calendar_id == self.calendar.id, CalendarObject.href.in_(hrefs)
        )
        return {each.href: each for each in await session.scalars(query)}

    async def _moved_here(
        self, session: AsyncSession, readings: Sequence[Reading], reminded: _Reminded
    ) -> dict[str, CalendarObject]:
        """Objects that are new by their name only: the same meeting leaves another place in this look."""
        hrefs = {each.uid: each.href for each in readings if each.readable}
        if not hrefs or not self.leaving:
            return {}
        calendars = {calendar_id for calendar_id, _ in self.leaving}
        query = (
            select(StoredOccurrence.uid, StoredOccurrence.object_id)
            .where(StoredOccurrence.uid.in_(hrefs), StoredOccurrence.calendar_id.in_(calendars))
            .distinct()
        )
        found: dict[str, CalendarObject] = {}
        for uid, object_id in (await session.execute(query)).all():
            row = await session.get_one(CalendarObject, object_id)
            if (row.calendar_id, row.href) in self.leaving and hrefs[uid] not in found:
                if row.calendar_id != self.calendar.id:
                    reminded.settlers.add(row.id)
                await self._take_over(session, row, hrefs[uid])
                found[row.href] = row
        return found

    async def _take_over(self, session: AsyncSession, row: CalendarObject, href: str) -> None:
        row.calendar_id, row.href = self.calendar.id, href
        await session.flush()
        occurrences = update(StoredOccurrence).where(StoredOccurrence.object_id == row.id)
        await session.execute(occurrences.values(calendar_id=self.calendar.id))

    async def _store(
        self,
        session: AsyncSession,
        row: CalendarObject | None,
        before: Sequence[StoredOccurrence],
        reading: Reading,
        reminded: _Reminded,
    ) -> None:
        if row is not None and not reading.readable:
            # What was known of it is better than nothing, and an unreadable meeting is no cancelled one.
            row.etag = reading.etag
            return
        changes = () if self.silent else await changed(row, before, reading, self.now)
        was_private = bool(changes) and row is not None and channels.is_private(unpack(row.data))
        if row is None:
            row = CalendarObject(calendar_id=self.calendar.id, href=reading.href)
            session.add(row)
        row.etag, row.data, row.expanded_until = reading.etag, pack(reading.data), reading.until
        await session.flush()
        given = () if self.silent else answers_diff.given(rolls(before), rolls(reading.rows), self.now)
        asked = self._settling.asked(before)
        await self._replace(session, row, before, reading.rows, reminded)
        await self._settling.follow(session, asked)
        for change in changes:
            await self._tell(session, row, reading.uid, change, was_private=was_private)
        await self._tell_answers(session, row, reading.uid, given)

    async def _plan(self, session: AsyncSession, reminded: _Reminded) -> None:
        if not reminded.fresh and not reminded.altered and not reminded.settlers:
            return
        offsets = await offsets_of(session, self.owner.person.id, self.calendar.id)
        await plan_reminders(session, reminded.fresh, offsets, self.now)
        if offsets.own_alarms and reminded.altered:
            await plan_reminders_again(session, reminded.altered, offsets, self.now)
        if reminded.settlers:
            settled = await _occurrences(session, sorted(reminded.settlers))
            rows = [each for some in settled.values() for each in some]
            await plan_reminders_again(session, rows, offsets, self.now)

    async def _tell(
        self,
        session: AsyncSession,
        row: CalendarObject,
        uid: str,
        change: Change,
        *,
        was_private: bool = False,
    ) -> None:
        person = self.owner.person
        news = News(person, self.owner.account_id, row, uid, change, self.now, was_private)
        await channels_news.tell(self.desk, session, news)
        if change.kind is Kind.ADDED and await booking_drafts.has_made(session, person.id, uid):
            return
        if not person.active or await self._is_own(session, uid):
            return
        if not await self._is_news(session, row, uid, change):
            return
        await refreshing.count_change(session, self.owner.account_id)
        if not await self._is_wanted(session):
            return
        if not (await preferences.read(session, person.id)).tells(change.kind):
            return
        t = self.desk.translator(person)
        asked = await self._invitation(session, row, change)
        below = [answer_wording.asking(asked, answer_wording.At.NEWS, t)] if asked else []
        message = wording.change(change, person, t, self.now, below)
        first = meeting_key(self.owner.account_id, uid)
        known = bool(await sent.lane_of(session, first))
        await self.desk.tell(
            session,
            change_key(self.owner.account_id, uid, row.href, self.now, change.kind) if known else first,
            person,
            message,
            reply_to=first if known else "",
            expires_at=change.matters_until,
        )

    async def _tell_answers(
        self, session: AsyncSession, row: CalendarObject, uid: str, given: tuple[Given, ...]
    ) -> None:
        if not given or await self._is_own(session, uid) or not await self._is_wanted(session):
            return
        owner = self.owner
        answers = Answers(owner.person, owner.account_id, row.id, uid, row.href, given, self.now)
        await answers_news.tell(self.desk, session, answers)

    async def _is_wanted(self, session: AsyncSession) -> bool:
        """Whether the person wants to hear of this calendar; they may just have changed their mind."""
        return bool(await session.scalar(select(Calendar.tells).where(Calendar.id == self.calendar.id)))

    async def _is_own(self, session: AsyncSession, uid: str) -> bool:
        """Whether the person has done it here; a look may see it before it is done."""
        if self.doer is not Doer.ANYBODY:
            return self.doer is Doer.PERSON
        return await own_edits.under_way(session, self.owner.person.id, uid, self.now)

    async def _invitation(self, session: AsyncSession, row: CalendarObject, change: Change) -> Meeting | None:
        """The meeting that the change asks the person to answer."""
        if change.after is None or not self.calendar.writable:
            return None
        query = select(StoredOccurrence).where(
            StoredOccurrence.object_id == row.id,
            StoredOccurrence.recurrence_id == change.after.recurrence_id,
        )
        stored = await session.scalar(query.limit(1))
        account = await session.get(CalendarAccount, self.owner.account_id)
        if stored is None or account is None or stored.ends_at <= self.now:
            return None
        if not awaits_answer(stored, part_in(stored, account.addresses)):
            return None
        return meeting_of(stored, self.calendar.name, account.id, self.owner.person.zone)

    async def _is_news(self, session: AsyncSession, row: CalendarObject, uid: str, change: Change) -> bool:
        """Whether the person does not know it from another copy of the meeting, in whichever calendar.

        The first copy that changes is told, and the last one that goes. A calendar that tells nothing has told
        nothing of its copy, but as long as it holds one the meeting has not gone.
        """
        shown = change.occurrence
        telling = () if change.kind is Kind.CANCELLED else (Calendar.tells.is_(True),)
        query = select(StoredOccurrence).where(
            Calendar.id == StoredOccurrence.calendar_id,
            *telling,
            StoredOccurrence.person_id == self.owner.person.id,
            StoredOccurrence.starts_at == shown.start,
            StoredOccurrence.uid == uid,
            StoredOccurrence.object_id != row.id,
            StoredOccurrence.cancelled.is_(False),
        )
        copies = seen((await session.scalars(query)).all())
        if change.kind is Kind.EDITED:
            copies = [each for each in copies if _look_alike(each, shown)]
        return not copies

    async def _replace(
        self,
        session: AsyncSession,
        row: CalendarObject,
        before: Sequence[StoredOccurrence],
        after: Sequence[dict[str, Any]],
        reminded: _Reminded,
    ) -> None:
        """Bring the occurrences of one object in step.

        Occurrences that are still there keep their row, because what was reminded of hangs on it.
        """
        known = {(each.uid, each.recurrence_id): each for each in before}
        for values in after:
            occurrence = known.pop((values["uid"], values["recurrence_id"]), None)
            if occurrence is None:
                occurrence = StoredOccurrence(
                    object_id=row.id, calendar_id=self.calendar.id, person_id=self.owner.person.id, **values
                )
                session.add(occurrence)
                reminded.fresh.append(occurrence)
                continue
            if _must_be_reminded_again(occurrence, values):
                reminded.fresh.append(occurrence)
            elif occurrence.alarms != values["alarms"]:
                reminded.altered.append(occurrence)
            for name, value in values.items():
                setattr(occurrence, name, value)
        await session.flush()
        for each in known.values():
            session.expunge(each)
        for some in portions([each.id for each in known.values()]):
            await session.execute(delete(Reminder).where(Reminder.occurrence_id.in_(some)), **_UNSEEN)
            await session.execute(delete(StoredOccurrence).where(StoredOccurrence.id.in_(some)), **_UNSEEN)


def _must_be_reminded_again(stored: StoredOccurrence, values: dict[str, Any]) -> bool:
    """Moved, or put back after it had been cancelled or declined."""
    if (stored.starts_at, stored.all_day) != (values["starts_at"], values["all_day"]):
        return True
    was_expected = not stored.cancelled and stored.answer != DECLINED
    return not was_expected and not values["cancelled"] and values["answer"] != DECLINED


def _look_alike(one: Seen, other: Seen) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in ("end", *VISIBLE_FIELDS))


async def _occurrences(
    session: AsyncSession, object_ids: Sequence[int]
) -> defaultdict[int, list[StoredOccurrence]]:
    found: defaultdict[int, list[StoredOccurrence]] = defaultdict(list)
    query = select(StoredOccurrence).where(StoredOccurrence.object_id.in_(object_ids))
    for occurrence in await session.scalars(query.order_by(StoredOccurrence.starts_at)):
        found[occurrence.object_id].append(occurrence)
    return found
