"""Gives incidents to people: the listener that notes what waits for somebody, and the job that chooses.

What waits stands in a queue. The job empties it, the oldest incident first, whenever something came into it or
somebody's shift begins. It holds the lock of the desk and counts anew for each incident, so that a batch spreads over
everybody. Where nobody may be chosen the incident stays in the queue, and the channel hears of it once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import cast

import structlog
from sqlalchemy import Table, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.assignment import wording
from sekretar.dispatch.assignment.choosing import Candidate, Choice, Presence, choose
from sekretar.dispatch.assignment.handing_over import HandingOver
from sekretar.dispatch.assignment.model import AssignmentRow, MemberRow, PoolRow, QueueRow
from sekretar.dispatch.assignment.news import Given, News
from sekretar.dispatch.assignment.queue import (
    BATCH,
    Reason,
    dequeue,
    enqueue,
    left_behind,
    lock_incidents,
    locked_pool,
    queued,
)
from sekretar.dispatch.assignment.shifts import next_begin, next_change
from sekretar.dispatch.assignment.team import TASK, Member, Role, Team
from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.model import IncidentRow
from sekretar.dispatch.incidents.values import SYSTEM, Changed, EventKind, Incident, IncidentChange, Wish
from sekretar.dispatch.incidents.workflow import is_finished
from sekretar.dispatch.settings import DeskSettings
from sekretar.dispatch.telling import Reader, Telling
from sekretar.kernel.database import wake_after_commit
from sekretar.kernel.errors import PeerError, PersonError
from sekretar.kernel.people import PersonRow
from sekretar.mattermost.messages import Message

#: How often the shifts are looked at, which somebody may have changed.
LOOK_EVERY = timedelta(minutes=1)
#: What may end the waiting for somebody.
_SETTLING = frozenset({EventKind.RESPONSIBLE, EventKind.STATUS, EventKind.MERGED})
_log = structlog.get_logger(__name__)


class Alarm(StrEnum):
    """Why nobody could be given anything."""

    UNMANNED = "unmanned"
    FULL = "full"


@dataclass(frozen=True)
class _Chosen:
    """An incident that waits, why, and who is to get it."""

    incident: Incident
    reason: Reason
    choice: Choice


# Made once: making one takes longer than running it.
_ASSIGNMENTS, _MEMBERS = cast("Table", AssignmentRow.__table__), cast("Table", MemberRow.__table__)
_RECORDING = insert(_ASSIGNMENTS)
_REMEMBERING = (
    update(_MEMBERS)
    .where(_MEMBERS.c.desk == bindparam("of_desk"), _MEMBERS.c.person_id == bindparam("whose"))
    .values(last_at=bindparam("now"))
)


class Assigning:
    """Keeps the queues of all desks."""

    def __init__(
        self,
        telling: Telling,
        desks: Mapping[str, DeskSettings],
        incidents: Incidents,
        team: Team,
        handing_over: HandingOver,
    ) -> None:
        self._telling = telling
        self._database = telling.chat.database
        self._desks = desks
        self._incidents = incidents
        self._team = team
        self._handing_over = handing_over
        self._news = News(telling)
        #: When the shifts are looked at next; None before the first time.
        self._shifts_at: datetime | None = None

    # --- what waits

    async def on_changed(self, session: AsyncSession, changes: Sequence[Changed]) -> None:
        """A listener of `Incidents`."""
        known = [each for each in changes if each.incident.desk in self._desks]
        settled = [each for each in known if each.kinds & _SETTLING]
        if settled:
            await self._settled(session, settled)
            wake_after_commit(session, TASK)
        named = [each for each in known if each.kinds & {EventKind.RESPONSIBLE, EventKind.OPENED}]
        if await self._news.handed(session, named):
            wake_after_commit(session, TASK)
        waiting = [(each.incident, reason) for each in known if (reason := await self._reason(session, each))]
        await enqueue(session, waiting)

    async def _settled(self, session: AsyncSession, changes: Sequence[Changed]) -> None:
        """Take out of the queue what waits for nobody any more, and remember who was given something."""
        given = [
            each
            for each in changes
            if EventKind.RESPONSIBLE in each.kinds and each.incident.responsible_id is not None
        ]
        finished = [each for each in changes if is_finished(each.incident.status)]
        await dequeue(session, {each.incident.id for each in (*given, *finished)})
        # Members in one order, so that nobody waits for somebody who waits for them.
        last = {(each.incident.desk, each.incident.responsible_id): each.at for each in given}
        if last:
            rows = [
                {"of_desk": desk, "whose": whose, "now": at} for (desk, whose), at in sorted(last.items())
            ]
            await session.execute(_REMEMBERING, rows)

    async def _reason(self, session: AsyncSession, changed: Changed) -> Reason | None:
        """Why an incident waits for somebody after this change; None when it does not."""
        incident, kinds = changed.incident, changed.kinds
        rules = self._desks[incident.desk].assignment
        if not rules.automatic or is_finished(incident.status):
            return None
        if incident.responsible_id is None:
            if EventKind.OPENED in kinds:
                return Reason.OPENED
            # Also an incident that is opened again, or whose responsible is gone.
            return Reason.FREED if kinds & {EventKind.RESPONSIBLE, EventKind.STATUS} else None
        if EventKind.LETTER_IN not in kinds or rules.answers != "reassign":
            return None
        return Reason.ANSWER if await self._off_shift(session, incident, changed.at) else None

    async def _off_shift(self, session: AsyncSession, incident: Incident, now: datetime) -> bool:
        """Whether the responsible is a dispatcher who does not work now, or has left altogether.

        Who is no dispatcher keeps what they took.
        """
        for member in await self._team.members(session, incident.desk, now):
            if member.person.id == incident.responsible_id and member.role is Role.DISPATCHER:
                return not self._team.works(incident.desk, member, now)
        active = select(PersonRow.active).where(PersonRow.id == incident.responsible_id)
        return await session.scalar(active) is False

    # --- giving it away

    async def run(self) -> datetime | None:
        """Empty the queues as far as somebody is there; returns when to look again."""
        now = self._telling.chat.now()
        if self._shifts_at is None or self._shifts_at <= now:
            # Many letters at once are many calls, and shifts do not change as fast.
            borders = [await self._look_at_shifts(desk, now) for desk in self._desks.values()]
            self._shifts_at = min(borders, default=now + LOOK_EVERY)
        due = [self._shifts_at]
        for desk in self._desks.values():
            if await self._waits(desk.name):
                due += await self._drain(desk)
            elif (told_at := await self._news.run(desk.name)) is not None:
                due.append(told_at)
        return min(due)

    async def _waits(self, desk: str) -> bool:
        async with self._database.reading() as session:
            return (
                await session.scalar(select(QueueRow.desk).where(QueueRow.desk == desk).limit(1)) is not None
            )

    async def _look_at_shifts(self, desk: DeskSettings, now: datetime) -> datetime:
        """Tell of shifts that have ended; returns when they change next, or are to be looked at again."""
        await self._handing_over.look(desk)
        if desk.assignment.automatic:
            await self._take_up_left(desk)
        async with self._database.reading() as session:
            members = await self._team.members(session, desk.name, now)
        schedules = {each.person.id: each.schedule for each in members}
        later = now + LOOK_EVERY
        return next_change(schedules, now, later) or later

    async def _take_up_left(self, desk: DeskSettings) -> None:
        """What belongs to somebody whose account is closed waits for somebody else."""
        async with self._database.reading() as session:
            left = await left_behind(session, desk.name)
        if left:
            async with self._database.transaction() as session:
                incidents = await lock_incidents(session, left)
                await enqueue(session, [(each, Reason.LEFT) for each in incidents.values()])

    async def _drain(self, desk: DeskSettings) -> list[datetime]:
        """Give away what can be; returns the present moment when there is more."""
        presences = await self._ask_presences(desk)
        async with self._database.transaction() as session:
            pool = await locked_pool(session, desk.name, self._telling.chat.now())
            now = self._telling.chat.now()
            members = await self._team.members(session, desk.name, now)
            candidates = await self._candidates(session, desk, members, presences, now)
            waiting = await queued(session, desk.name)
            incidents = await lock_incidents(session, [row.incident_id for row in waiting])
            chosen: list[_Chosen] = []
            obsolete: list[int] = []
            refused: Choice | None = None
            for row in waiting:
                incident, reason = incidents[row.incident_id], Reason(row.reason)
                if not await self._waiting(session, reason, incident, now):
                    obsolete.append(incident.id)
                    continue
                choice = choose(candidates, desk.assignment.waiting_weight)
                if choice.person_id is None:
                    refused = choice
                    break
                chosen.append(_Chosen(incident, reason, choice))
                candidates = [_loaded(each, choice.person_id, now) for each in candidates]
            await dequeue(session, obsolete)
            given = await self._give(session, desk, chosen)
            await self._news.note(session, desk.name, given, now)
            due = [each for each in [await self._news.say(session, desk.name)] if each is not None]
            if refused is not None:
                await self._alarm(session, pool, desk, refused, members)
                return due
            pool.alarm = ""
            return [now] if len(waiting) == BATCH else due

    async def _waiting(
        self, session: AsyncSession, reason: Reason, incident: Incident, now: datetime
    ) -> bool:
        """Whether an incident in the queue still waits for somebody."""
        if is_finished(incident.status):
            return False
        if incident.responsible_id is None:
            return True
        return reason.keeps and await self._off_shift(session, incident, now)

    async def _candidates(
        self,
        session: AsyncSession,
        desk: DeskSettings,
        members: Sequence[Member],
        presences: Mapping[str, Presence],
        now: datetime,
    ) -> list[Candidate]:
        dispatchers = [each for each in members if each.role is Role.DISPATCHER]
        loads = await _loads(session, desk, [each.person.id for each in dispatchers])
        return [
            Candidate(
                each.person.id,
                each.person.display_name,
                on_shift=self._team.works(desk.name, each, now),
                on_leave=each.schedule.away_at(now),
                active=loads[each.person.id][0],
                waiting=loads[each.person.id][1],
                limit=desk.assignment.limit if each.most is None else each.most,
                last_at=each.last_at,
                presence=presences.get(each.person.user_id, Presence.UNKNOWN),
            )
            for each in dispatchers
        ]

    async def _give(
        self, session: AsyncSession, desk: DeskSettings, chosen: Sequence[_Chosen]
    ) -> list[Given]:
        """Give incidents away; nothing is given that may not be changed any more."""
        t = self._telling.chat.catalogues.translator(desk.language)
        wishes = [
            Wish(
                each.incident.id,
                IncidentChange(responsible_id=each.choice.person_id),
                SYSTEM,
                wording.why(each.choice, t),
                seen=IncidentChange(responsible_id=each.incident.responsible_id),
            )
            for each in chosen
        ]
        unheard: list[int] = []
        done: list[_Chosen] = []
        given: list[Given] = []
        outcomes = await self._incidents.change_all(session, wishes)
        for each, outcome in zip(chosen, outcomes, strict=True):
            if isinstance(outcome, PersonError):
                # It may not be changed any more, and so does not wait for anybody.
                _log.info("incident not given", incident=each.incident.id, reason=outcome.key)
                unheard.append(each.incident.id)
                continue
            if outcome.version == each.incident.version:
                # Whoever had it gets it again, and nobody has heard of that.
                unheard.append(each.incident.id)
            done.append(each)
            given.append(Given(each.incident, outcome, each.reason))
        await dequeue(session, unheard)
        await self._record(session, done)
        return given

    async def _record(self, session: AsyncSession, chosen: Sequence[_Chosen]) -> None:
        """Write down who was given what, and why they."""
        if not chosen:
            return
        now = self._telling.chat.now()
        records = [
            {
                "incident_id": each.incident.id,
                "person_id": each.choice.person_id,
                "at": now,
                "reason": each.reason.value,
                "candidates": [seen.as_json() for seen in each.choice.seen],
            }
            for each in chosen
        ]
        await session.execute(_RECORDING, records)

    async def _alarm(
        self,
        session: AsyncSession,
        pool: PoolRow,
        desk: DeskSettings,
        choice: Choice,
        members: Sequence[Member],
    ) -> None:
        """Say in the channel that nobody is there, once until somebody is."""
        alarm = Alarm.FULL if choice.all_at_limit else Alarm.UNMANNED
        if pool.alarm == alarm:
            return
        now = self._telling.chat.now()
        dispatchers = {each.person.id: each for each in members if each.role is Role.DISPATCHER}
        border = next_begin({number: each.schedule for number, each in dispatchers.items()}, now)
        names = [dispatchers[each].person.display_name for each in border.begin] if border else []
        query = select(func.count()).select_from(QueueRow).where(QueueRow.desk == desk.name)
        count = await session.scalar(query) or 0
        at = border.at if border and desk.assignment.shifts else None

        def say(reader: Reader) -> Message:
            return wording.alarm(alarm.value, count, at, names, reader)

        key = f"dispatch:alarm:{desk.name}:{alarm.value}:{now.isoformat()}"
        if await self._telling.channel(session, desk.name, key, say):
            pool.alarm = alarm.value

    async def _ask_presences(self, desk: DeskSettings) -> dict[str, Presence]:
        """Who is in the chat; nobody is known to be there or not when it does not answer."""
        if not desk.assignment.presence:
            return {}
        now = self._telling.chat.now()
        async with self._database.reading() as session:
            members = await self._team.members(session, desk.name, now)
        asked = [each.person.user_id for each in members if self._team.works(desk.name, each, now)]
        try:
            statuses = await self._telling.chat.server.statuses(asked)
        except PeerError as error:
            _log.info("presence not known", desk=desk.name, reason=str(error))
            return {}
        return {each.user_id: presence_of(each.status) for each in statuses}


def presence_of(status: str) -> Presence:
    """What Mattermost says of somebody."""
    try:
        return Presence(status)
    except ValueError:
        return Presence.UNKNOWN


async def _loads(
    session: AsyncSession, desk: DeskSettings, person_ids: Collection[int]
) -> dict[int, tuple[int, int]]:
    """How many open incidents everybody has: those that wait for them, and those that wait for others."""
    query = (
        select(IncidentRow.responsible_id, IncidentRow.status, func.count())
        .where(IncidentRow.responsible_id.in_(person_ids), IncidentRow.finished_at.is_(None))
        .group_by(IncidentRow.responsible_id, IncidentRow.status)
    )
    found = dict.fromkeys(person_ids, (0, 0))
    for person_id, status, count in (await session.execute(query)).all():
        if person_id is None:
            continue
        active, waiting = found[person_id]
        waits = status in desk.assignment.waiting
        found[person_id] = (active, waiting + count) if waits else (active + count, waiting)
    return found


def _loaded(candidate: Candidate, person_id: int, now: datetime) -> Candidate:
    """The candidate with one more incident, if it is they who got it."""
    if candidate.person_id != person_id:
        return candidate
    return replace(candidate, active=candidate.active + 1, last_at=now)
