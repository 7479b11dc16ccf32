"""Telling people which incidents were given to them, and which were taken away: at once, or of many together.

When a line falls, dozens of incidents are given away within minutes. The first is said at once; what follows within
moments is said together, in one message for each reader. What is not said yet is a row, so it is said whatever
happens, and it is said as it is by then: whoever has lost an incident meanwhile is not told that it is theirs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, cast

from sqlalchemy import Table, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.assignment import wording
from sekretar.dispatch.assignment.model import NewsRow
from sekretar.dispatch.assignment.queue import Reason, locked_pool
from sekretar.dispatch.incidents.model import IncidentRow
from sekretar.dispatch.incidents.rows import incident_of
from sekretar.dispatch.incidents.values import SYSTEM, ActorKind, Changed, EventKind, Incident
from sekretar.dispatch.incidents.workflow import is_finished
from sekretar.dispatch.telling import Reader, Telling
from sekretar.kernel.people import Person
from sekretar.mattermost import outgoing
from sekretar.mattermost.messages import Message

#: After one incident, and after several that were told together, nothing more is said for so long.
AFTER_ONE: Final = timedelta(seconds=15)
AFTER_MANY: Final = timedelta(minutes=1)
#: So many are told at once.
_BATCH: Final = 500
#: From when it is forgotten what was told.
_FORGOTTEN: Final = timedelta(hours=1)

#: The reason of what a person has done; other hands have no name that could be told.
BY_PERSON: Final = "person"
#: Events by which somebody becomes responsible.
_NAMING: Final = frozenset({EventKind.RESPONSIBLE, EventKind.OPENED})

_NEWS = cast("Table", NewsRow.__table__)


class Side(StrEnum):
    """What happened, for the reader."""

    GIVEN = "given"
    TAKEN = "taken"


@dataclass(frozen=True)
class Given:
    """An incident that was given to somebody."""

    before: Incident
    after: Incident
    reason: Reason


@dataclass(frozen=True)
class _Ripe:
    """What may be said by now, by reader; and when the rest may."""

    news: Mapping[int, Sequence[NewsRow]]
    #: The present moment, when there is more than is told at once.
    next_at: datetime | None


@dataclass(frozen=True)
class News:
    """Keeps what is to be told."""

    telling: Telling

    async def note(self, session: AsyncSession, desk: str, given: Sequence[Given], now: datetime) -> None:
        """The new responsible is to hear of each, and whoever had it before."""
        values = [each for one in given for each in _values(desk, one, now)]
        if values:
            await session.execute(insert(_NEWS), values)

    async def handed(self, session: AsyncSession, changes: Sequence[Changed]) -> bool:
        """Whoever was named by somebody else, and not by the rule, is to hear of it; whether there are such."""
        values = [value for each in changes if (value := _handed(each)) is not None]
        if values:
            await session.execute(insert(_NEWS), values)
        return bool(values)

    async def run(self, desk: str) -> datetime | None:
        """Say what may be said by now; returns when the rest may."""
        database, now = self.telling.chat.database, self.telling.chat.now()
        async with database.reading() as session:
            ripe = await _ripe(session, desk, now)
        if not ripe.news:
            return ripe.next_at
        async with database.transaction() as session:
            await locked_pool(session, desk, now)
            return await self.say(session, desk)

    async def say(self, session: AsyncSession, desk: str) -> datetime | None:
        """The same in the caller's transaction, who holds the lock of the desk."""
        now = self.telling.chat.now()
        ripe = await _ripe(session, desk, now)
        if not ripe.news:
            return ripe.next_at
        rows = [row for some in ripe.news.values() for row in some]
        incidents = await _incidents(session, {row.incident_id for row in rows})
        concerned = {each for row in rows for each in (row.person_id, row.other_id) if each is not None}
        people = await self.telling.chat.people.by_ids(session, concerned)
        messages: list[outgoing.Direct] = []
        obsolete: list[int] = []
        for person_id, some in ripe.news.items():
            told = [row for row in some if _holds(row, incidents[row.incident_id])]
            obsolete += [row.id for row in some if row not in told]
            if told and (person := people.get(person_id)) is not None and person.active:
                messages.append(self._message(person, told, incidents, people))
        await outgoing.direct_all(session, messages, now)
        await _settle(session, desk, [row.id for row in rows], obsolete, now)
        return ripe.next_at

    def _message(
        self,
        person: Person,
        rows: Sequence[NewsRow],
        incidents: Mapping[int, Incident],
        people: Mapping[int, Person],
    ) -> outgoing.Direct:
        names = {number: each.display_name for number, each in people.items()}
        told = [
            wording.Told(
                incidents[row.incident_id],
                row.reason,
                names.get(row.other_id or 0, ""),
                is_theirs=row.side == Side.GIVEN,
            )
            for row in rows
        ]

        def say(reader: Reader) -> Message:
            return wording.handed(told, reader)

        return self.telling.message(person, f"dispatch:assigned:{rows[0].id}-{rows[-1].id}", say)


def speaks_at(told: Sequence[tuple[datetime, int]]) -> datetime | None:
    """When somebody is told of incidents next; None for at once.

    Args:
        told: When they were told lately, and of how many.
    """
    if not told:
        return None
    at, count = max(told)
    return at + (AFTER_MANY if count > 1 else AFTER_ONE)


def _values(desk: str, given: Given, now: datetime) -> list[dict[str, object]]:
    old, new = given.before.responsible_id, given.after.responsible_id
    if old == new:
        return []
    common = {"desk": desk, "incident_id": given.after.id, "reason": given.reason.value, "at": now}
    values: list[dict[str, object]] = []
    if new is not None:
        values.append({**common, "person_id": new, "other_id": old, "side": Side.GIVEN.value})
    if old is not None and given.reason.keeps:
        values.append({**common, "person_id": old, "other_id": new, "side": Side.TAKEN.value})
    return values


def _handed(changed: Changed) -> dict[str, object] | None:
    incident = changed.incident
    by = next((each.actor for each in changed.events if each.kind in _NAMING), SYSTEM)
    if incident.responsible_id is None or by.kind is ActorKind.SYSTEM:
        return None
    if by.person_id == incident.responsible_id or is_finished(incident.status):
        return None
    return {
        "desk": incident.desk,
        "incident_id": incident.id,
        "reason": BY_PERSON if by.person_id is not None else Reason.OPENED.value,
        "at": changed.at,
        "person_id": incident.responsible_id,
        "other_id": by.person_id,
        "side": Side.GIVEN.value,
    }


def _holds(row: NewsRow, incident: Incident) -> bool:
    """Whether it is still so."""
    theirs = incident.responsible_id == row.person_id
    return theirs and not is_finished(incident.status) if row.side == Side.GIVEN else not theirs


async def _ripe(session: AsyncSession, desk: str, now: datetime) -> _Ripe:
    query = select(NewsRow).where(NewsRow.desk == desk, NewsRow.told_at.is_(None))
    rows: dict[int, list[NewsRow]] = {}
    for row in await session.scalars(query.order_by(NewsRow.id).limit(_BATCH)):
        rows.setdefault(row.person_id, []).append(row)
    if not rows:
        return _Ripe({}, None)
    told = await _told(session, desk, rows.keys(), now)
    waits = {each: at for each in rows if (at := speaks_at(told.get(each, ()))) is not None and at > now}
    ripe = {each: rows[each] for each in rows if each not in waits}
    is_more = bool(ripe) and sum(map(len, rows.values())) == _BATCH
    return _Ripe(ripe, now if is_more else min(waits.values(), default=None))


async def _told(
    session: AsyncSession, desk: str, people: Collection[int], now: datetime
) -> dict[int, list[tuple[datetime, int]]]:
    query = (
        select(NewsRow.person_id, NewsRow.told_at, func.count())
        .where(NewsRow.desk == desk, NewsRow.told_at > now - AFTER_MANY, NewsRow.person_id.in_(people))
        .group_by(NewsRow.person_id, NewsRow.told_at)
    )
    found: dict[int, list[tuple[datetime, int]]] = {}
    for person_id, told_at, count in (await session.execute(query)).all():
        if told_at is not None:
            found.setdefault(person_id, []).append((told_at, count))
    return found


async def _incidents(session: AsyncSession, numbers: Collection[int]) -> dict[int, Incident]:
    rows = await session.scalars(select(IncidentRow).where(IncidentRow.id.in_(numbers)))
    return {row.id: incident_of(row) for row in rows}


async def _settle(
    session: AsyncSession, desk: str, said: Collection[int], obsolete: Collection[int], now: datetime
) -> None:
    """These were told; what does not hold any more, and what was told long ago, goes."""
    await session.execute(update(_NEWS).where(_NEWS.c.id.in_(said)).values(told_at=now))
    old = (_NEWS.c.desk == desk) & (_NEWS.c.told_at < now - _FORGOTTEN)
    await session.execute(delete(_NEWS).where(_NEWS.c.id.in_(obsolete) | old))
