"""The one place where incidents are made and changed.

Whatever follows a change (the card in the chat, the clocks, the mirror, web hooks, the assignment) is a listener
that is called in the transaction of the change and only writes rows. So what was changed and what follows from it
are stored together or not at all, and no listener keeps anybody waiting.

Listeners may change the incident in turn. They hear one thing after another, each listener of all of one before
any of the next, and always see the incident as it is by then.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import Executable, Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.incidents import links, naming, rules, words
from sekretar.dispatch.incidents.model import EventRow, IncidentRow, NumberRow
from sekretar.dispatch.incidents.rows import event_of, incident_of, locked, record
from sekretar.dispatch.incidents.values import (
    Actor,
    Applicant,
    Event,
    EventKind,
    Incident,
    IncidentChange,
    Link,
    LinkKind,
    NewIncident,
    Status,
)
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.clock import Clock
from sekretar.kernel.errors import PersonError
from sekretar.kernel.text import clean

#: Called in the transaction of a change with the incident as it is now, what happened to it, and the moment.
ChangeListener = Callable[[AsyncSession, Incident, Sequence[Event], datetime], Awaitable[None]]

#: Longer summaries are cut: it is a title.
LONGEST_SUMMARY = 1_000

_NOTHING = IncidentChange()
_UNTOLD = "sekretar.dispatch.untold"


class Incidents:
    """The incidents of all desks."""

    def __init__(self, clock: Clock, desks: Mapping[str, DeskSettings]) -> None:
        self._clock = clock
        self._desks = desks
        self._listeners: list[ChangeListener] = []

    def on_changed(self, listener: ChangeListener) -> None:
        """Be called in the transaction of every change, in the order of registration."""
        self._listeners.append(listener)

    async def open(self, session: AsyncSession, new: NewIncident, actor: Actor, why: str = "") -> Incident:
        """Enter an incident; it begins as new and gets the next code of its desk.

        Raises:
            PersonError: the summary is empty, or the type is none of the desk.
        """
        desk, now = self._desks[new.desk], self._clock.now()
        if not _title(new.summary):
            raise PersonError("dispatch.incident.no_summary")
        given = {name: value for name in naming.REFERENCES if (value := getattr(new, name)) is not None}
        named = await naming.events(session, new.desk, None, given, new.names)
        number = await _next_number(session, new.desk)
        row = IncidentRow(
            desk=new.desk,
            number=number,
            code=f"{desk.prefix}-{number}",
            opened_at=new.opened_at,
            created_at=now,
            updated_at=now,
            status=Status.NEW,
            finished_at=None,
            applicant_name=clean(new.applicant.name),
            applicant_address=clean(new.applicant.address).casefold(),
            summary=_title(new.summary),
            description=clean(new.description),
            origin=new.origin,
            language=new.language or desk.language,
            unread=new.unread,
            version=1,
            **given,
        )
        session.add(row)
        await session.flush()
        await words.index(session, row.id, _spoken_of(row))
        events = [Event(row.id, now, EventKind.OPENED, actor, new=row.code, why=why)]
        if new.letter_id is not None:
            subject, letter_id = new.letter_subject, new.letter_id
            events.append(Event(row.id, now, EventKind.LETTER_IN, actor, new=subject, letter_id=letter_id))
        for each in named:
            reason = new.place_why if each.kind in naming.PLACES else why
            events.append(replace(each, incident_id=row.id, at=now, actor=actor, why=reason))
        return await self._tell(session, row, await record(session, events), now)

    async def get(self, session: AsyncSession, incident_id: int) -> Incident:
        """The incident with this number, as it is stored now.

        Raises:
            PersonError: `dispatch.incident.gone`, there is none.
        """
        row = await session.get(IncidentRow, incident_id, populate_existing=True)
        if row is None:
            raise PersonError("dispatch.incident.gone")
        return incident_of(row)

    async def by_code(self, session: AsyncSession, code: str) -> Incident | None:
        """The incident with this code, in whatever case it is written."""
        query = select(IncidentRow).where(IncidentRow.code == code.strip().upper())
        row = (await session.scalars(query)).one_or_none()
        return incident_of(row) if row else None

    async def many(self, session: AsyncSession, incident_ids: Collection[int]) -> dict[int, Incident]:
        """Those of these incidents that exist, by number; a few hundred at most."""
        query = select(IncidentRow).where(IncidentRow.id.in_(incident_ids))
        return {row.id: incident_of(row) for row in await session.scalars(query)}

    async def change(
        self,
        session: AsyncSession,
        incident_id: int,
        change: IncidentChange,
        actor: Actor,
        why: str = "",
        *,
        seen: IncidentChange = _NOTHING,
    ) -> Incident:
        """Change an incident; what is so already is no change, and nobody hears of it.

        Args:
            session: A write transaction.
            incident_id: Which.
            change: What shall be different.
            actor: Who does it.
            why: In their words.
            seen: What they saw when they decided; when one of these fields is different by now, nothing is done.

        Raises:
            PersonError: there is no such incident, it was merged into another, it was changed meanwhile, the
                workflow has no such move, it may not be closed yet, or the type is none of its desk.
        """
        row = await locked(session, incident_id)
        before = incident_of(row)
        rules.check_seen(before, seen)
        values = rules.differing(before, _tidied(change))
        if not values:
            return before
        if before.merged_into_id is not None and values.keys() - {"unread"}:
            raise await links.merged_error(session, before)
        if "status" in values:
            await self._check_status(session, before, values)
        now = self._clock.now()
        events = [
            replace(each, at=now, actor=actor, why=why)
            for each in await naming.events(session, before.desk, before, values)
        ]
        if "status" in values:
            row.finished_at = rules.finished_at(before, values["status"], now)
        _set(row, values)
        if values.keys() & {"summary", "applicant"}:
            await words.index(session, row.id, _spoken_of(row))
        return await self._changed(session, row, events, now)

    async def note(
        self,
        session: AsyncSession,
        incident_id: int,
        kind: EventKind,
        actor: Actor,
        old: str = "",
        new: str = "",
        why: str = "",
        letter_id: int | None = None,
    ) -> Incident:
        """Write something into the history that changes no field; listeners hear of it as of any change."""
        row, now = await locked(session, incident_id), self._clock.now()
        event = Event(row.id, now, kind, actor, old=old, new=new, why=why, letter_id=letter_id)
        return await self._changed(session, row, [event], now)

    async def letter_came(
        self,
        session: AsyncSession,
        incident_id: int,
        actor: Actor,
        subject: str,
        why: str = "",
        letter_id: int | None = None,
    ) -> Incident:
        """Note a letter, and that somebody has to look at it."""
        row, now = await locked(session, incident_id), self._clock.now()
        row.unread = True
        event = Event(row.id, now, EventKind.LETTER_IN, actor, new=subject, why=why, letter_id=letter_id)
        return await self._changed(session, row, [event], now)

    async def history(self, session: AsyncSession, incident_id: int, after: int = 0) -> list[Event]:
        """Everything that happened to an incident after this event, in order."""
        query = select(EventRow).where(EventRow.incident_id == incident_id, EventRow.id > after)
        query = query.order_by(EventRow.id)
        return [event_of(row) for row in await session.scalars(query)]

    async def links(self, session: AsyncSession, incident_id: int) -> list[Link]:
        """The links of an incident as it sees them, by kind and code."""
        return await links.of(session, incident_id)

    async def links_of_all(
        self, session: AsyncSession, incident_ids: Collection[int]
    ) -> dict[int, list[Link]]:
        """The same for a few hundred incidents at most, by their numbers."""
        return await links.of_all(session, incident_ids)

    async def link(
        self,
        session: AsyncSession,
        incident_id: int,
        kind: LinkKind,
        other_id: int,
        actor: Actor,
        why: str = "",
    ) -> None:
        """Link two incidents of a desk: the first *kind* the other. A link that is there already stays as it is.

        Raises:
            PersonError: one does not exist, both are the same or of different desks, or each would wait
                for the other.
        """
        one, other = await links.locked_pair(session, incident_id, other_id)
        if await links.store(session, one.id, kind, other.id):
            await self._both(session, one, other, EventKind.LINKED, kind, actor, why)

    async def unlink(
        self,
        session: AsyncSession,
        incident_id: int,
        kind: LinkKind,
        other_id: int,
        actor: Actor,
        why: str = "",
    ) -> None:
        """Take a link away; without one nothing happens."""
        one, other = await links.locked_pair(session, incident_id, other_id)
        if await links.remove(session, one.id, kind, other.id):
            await self._both(session, one, other, EventKind.UNLINKED, kind, actor, why)

    async def merge(
        self, session: AsyncSession, incident_id: int, survivor_id: int, actor: Actor, why: str = ""
    ) -> Incident:
        """Let an incident end in another, which takes over its links and whatever else followed; the survivor.

        Both may have been merged before: it is their survivors that are merged.

        Raises:
            PersonError: one does not exist, both are (by now) the same or of different desks.
        """
        one, other = await self._survivors(session, incident_id, survivor_id)
        now, before = self._clock.now(), incident_of(one)
        await links.take_over(session, one.id, other.id)
        await words.take_over(session, one.id, other.id)
        one.status, one.merged_into_id = Status.CLOSED, other.id
        one.finished_at = rules.finished_at(before, Status.CLOSED, now)
        other.unread = other.unread or one.unread
        one.unread = False
        ended = [Event(one.id, now, EventKind.MERGED, actor, new=other.code, why=why)]
        if before.status is not Status.CLOSED:
            ended.append(Event(one.id, now, EventKind.STATUS, actor, before.status, Status.CLOSED, why))
        await self._changed(session, one, ended, now)
        absorbed = Event(other.id, now, EventKind.ABSORBED, actor, new=one.code, why=why)
        return await self._changed(session, other, [absorbed], now)

    async def survivor(self, session: AsyncSession, incident_id: int) -> int:
        """The number of the incident in which this one lives on; its own when it was not merged."""
        return await links.survivor(session, incident_id)

    async def _survivors(
        self, session: AsyncSession, one_id: int, other_id: int
    ) -> tuple[IncidentRow, IncidentRow]:
        """The two incidents in which these live on, locked; one may be merged while we wait for its lock."""
        while True:
            one_id = await links.survivor(session, one_id)
            other_id = await links.survivor(session, other_id)
            one, other = await links.locked_pair(session, one_id, other_id)
            if one.merged_into_id is None and other.merged_into_id is None:
                return one, other

    async def _both(
        self,
        session: AsyncSession,
        one: IncidentRow,
        other: IncidentRow,
        event: EventKind,
        kind: LinkKind,
        actor: Actor,
        why: str,
    ) -> None:
        now = self._clock.now()
        here = Event(one.id, now, event, actor, old=kind, new=other.code, why=why)
        there = Event(other.id, now, event, actor, old=kind.inverse, new=one.code, why=why)
        await self._changed(session, one, [here], now)
        await self._changed(session, other, [there], now)

    async def _check_status(self, session: AsyncSession, before: Incident, values: Mapping[str, Any]) -> None:
        target = values["status"]
        rules.check_move(before, target)
        if target is Status.CLOSED:
            waited_for = await links.waited_for(session, before.id)
            rules.check_closing(before, values.get("type_id", before.type_id), waited_for)

    async def _changed(
        self, session: AsyncSession, row: IncidentRow, events: Sequence[Event], now: datetime
    ) -> Incident:
        """Store what happened and tell the listeners."""
        row.version += 1
        row.updated_at = now
        return await self._tell(session, row, await record(session, events), now)

    async def _tell(
        self, session: AsyncSession, row: IncidentRow, stored: Sequence[Event], now: datetime
    ) -> Incident:
        """Tell the listeners, who may be in the middle of hearing something else."""
        untold: deque[tuple[IncidentRow, Sequence[Event], datetime]] | None = session.info.get(_UNTOLD)
        if untold is not None:
            untold.append((row, stored, now))
            return incident_of(row)
        untold = session.info[_UNTOLD] = deque([(row, stored, now)])
        try:
            while untold:
                which, happened, at = untold.popleft()
                for listener in self._listeners:
                    await listener(session, incident_of(which), happened, at)
        finally:
            del session.info[_UNTOLD]
        return incident_of(row)


def _tidied(change: IncidentChange) -> IncidentChange:
    if isinstance(change.summary, str):
        if not _title(change.summary):
            raise PersonError("dispatch.incident.no_summary")
        change = replace(change, summary=_title(change.summary))
    if isinstance(change.applicant, Applicant):
        who = change.applicant
        change = replace(change, applicant=Applicant(clean(who.name), clean(who.address).casefold()))
    return change


def _title(text: str) -> str:
    return " ".join(clean(text).split())[:LONGEST_SUMMARY]


def _spoken_of(row: IncidentRow) -> str:
    return "\n".join((row.summary, row.applicant_name, row.applicant_address, row.description))


def _set(row: IncidentRow, values: Mapping[str, Any]) -> None:
    for name, value in rules.columns(values).items():
        setattr(row, name, value)


async def _next_number(session: AsyncSession, desk: str) -> int:
    """The next number; whoever asks at the same time waits, so that none is left out."""
    statement = _counting(session.get_bind().dialect.name)
    number: int = (await session.scalars(statement, {"desk": desk, "last": 1})).one()
    return number


@cache
def _counting(dialect: str) -> Executable:
    """Made once: making it takes longer than running it."""
    table = cast("Table", NumberRow.__table__)
    statement = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    counted = statement.on_conflict_do_update(index_elements=["desk"], set_={"last": table.c.last + 1})
    return counted.returning(table.c.last)
