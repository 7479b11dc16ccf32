"""The one place where incidents are made and changed.

Whatever follows a change (the card in the chat, the clocks, the mirror, web hooks, the assignment) is a listener
that is called in the transaction of the change and only writes rows. So what was changed and what follows from it
are stored together or not at all, and no listener keeps anybody waiting.

Most verbs have a form for many, which does with a handful of statements what would otherwise take as many for each.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.incidents import codes, entering, links, naming, rules, words
from sekretar.dispatch.incidents.listening import ChangeListener, Happened, Listeners
from sekretar.dispatch.incidents.model import EventRow, IncidentRow
from sekretar.dispatch.incidents.rows import event_of, incident_of, locked, locked_all, record
from sekretar.dispatch.incidents.values import (
    Actor,
    Applicant,
    Came,
    Event,
    EventKind,
    Incident,
    IncidentChange,
    Link,
    LinkKind,
    NewIncident,
    Opening,
    Status,
    Wish,
)
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.clock import Clock
from sekretar.kernel.errors import PersonError
from sekretar.kernel.text import clean

_NOTHING = IncidentChange()


class Incidents:
    """The incidents of all desks."""

    def __init__(self, clock: Clock, desks: Mapping[str, DeskSettings]) -> None:
        self._clock = clock
        self._desks = desks
        self._listeners = Listeners()

    def on_changed(self, listener: ChangeListener) -> None:
        """Be called in the transaction of every change, in the order of registration."""
        self._listeners.add(listener)

    async def open(self, session: AsyncSession, new: NewIncident, actor: Actor, why: str = "") -> Incident:
        """Enter an incident; it begins as new and gets the next code of its desk.

        Raises:
            PersonError: the summary is empty, or the type is none of the desk.
        """
        return (await self.open_all(session, [Opening(new, actor, why)]))[0]

    async def open_all(self, session: AsyncSession, openings: Sequence[Opening]) -> list[Incident]:
        """Enter several, in their order; as `open`, which says what may be wrong: then none is entered."""
        now, names = self._clock.now(), naming.Names(session)
        for each in openings:
            entering.check(each.new)
        named = [
            await names.events(each.new.desk, None, entering.references(each.new), each.new.names)
            for each in openings
        ]
        numbers = await entering.next_numbers(session, [each.new.desk for each in openings])
        values = [
            entering.columns_of(each.new, number, self._desks[each.new.desk], now)
            for each, number in zip(openings, numbers, strict=True)
        ]
        rows = await entering.store(session, values)
        await words.index_all(session, [(row.id, entering.spoken_of(row)) for row in rows])
        happened = [
            (row, entering.beginnings(row, opening, events, now))
            for row, opening, events in zip(rows, openings, named, strict=True)
        ]
        await self._tell(session, happened, now)
        return [incident_of(row) for row in rows]

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
        """The incident with this code, in whatever case and alphabet it is written."""
        meant = codes.readings(code)
        rows = (await session.scalars(select(IncidentRow).where(IncidentRow.code.in_(meant)))).all()
        found = min(rows, key=lambda row: meant.index(row.code), default=None)
        return incident_of(found) if found else None

    async def many(self, session: AsyncSession, incident_ids: Collection[int]) -> dict[int, Incident]:
        """Those of these incidents that exist, by number; a few hundred at most."""
        query = select(IncidentRow).where(IncidentRow.id.in_(incident_ids))
        return {row.id: incident_of(row) for row in await session.scalars(query)}

    async def hold(self, session: AsyncSession, incident_ids: Collection[int]) -> dict[int, Incident]:
        """Those of these incidents that exist, by number, and nobody else's until the end of the transaction."""
        rows = await locked_all(session, incident_ids) if incident_ids else {}
        return {number: incident_of(row) for number, row in rows.items()}

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
        (outcome,) = await self.change_all(session, [Wish(incident_id, change, actor, why, seen)])
        if isinstance(outcome, PersonError):
            raise outcome
        return outcome

    async def change_all(self, session: AsyncSession, wishes: Sequence[Wish]) -> list[Incident | PersonError]:
        """Change several incidents, each once; what becomes of each wish.

        As `change`, which says what may be refused: then it is said here, and the others are changed all the same.
        """
        now, names = self._clock.now(), naming.Names(session)
        rows = await locked_all(session, [each.incident_id for each in wishes])
        refused: dict[int, PersonError] = {}
        happened: list[tuple[IncidentRow, Sequence[Event]]] = []
        for wish in wishes:
            try:
                if wish.incident_id not in rows:
                    raise PersonError("dispatch.incident.gone")
                row = rows[wish.incident_id]
                if events := await self._apply(session, row, wish, names, now):
                    happened.append((row, events))
            except PersonError as error:
                refused[wish.incident_id] = error
        await self._changed(session, happened, now)
        return [refused.get(each.incident_id) or incident_of(rows[each.incident_id]) for each in wishes]

    async def _apply(
        self, session: AsyncSession, row: IncidentRow, wish: Wish, names: naming.Names, now: datetime
    ) -> list[Event]:
        """Write what is wished into the row; what happens by that, nothing when it is so already."""
        before = incident_of(row)
        rules.check_seen(before, wish.seen)
        values = rules.differing(before, _tidied(wish.change))
        if before.merged_into_id is not None and values.keys() - {"unread"}:
            raise await links.merged_error(session, before)
        if "status" in values:
            await self._check_status(session, before, values)
        events = await names.events(before.desk, before, values)
        if "status" in values:
            row.finished_at = rules.finished_at(before, values["status"], now)
        _set(row, values)
        if values.keys() & {"summary", "applicant"}:
            await words.index(session, row.id, entering.spoken_of(row))
        return [replace(each, at=now, actor=wish.actor, why=wish.why) for each in events]

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
        await self._changed(session, [(row, [event])], now)
        return incident_of(row)

    async def letters_came(self, session: AsyncSession, letters: Sequence[Came]) -> list[Incident]:
        """Note letters, each to another incident, and that somebody has to look at them.

        Raises:
            PersonError: `dispatch.incident.gone`, one is not there.
        """
        if not letters:
            return []
        now = self._clock.now()
        rows = await locked_all(session, [each.incident_id for each in letters])
        if len(rows) < len(letters):
            raise PersonError("dispatch.incident.gone")
        happened: list[tuple[IncidentRow, Sequence[Event]]] = []
        for each in letters:
            row = rows[each.incident_id]
            row.unread = True
            event = Event(
                row.id, now, EventKind.LETTER_IN, each.actor, "", each.subject, each.why, each.letter_id
            )
            happened.append((row, [event]))
        await self._changed(session, happened, now)
        return [incident_of(rows[each.incident_id]) for each in letters]

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
        await self._changed(session, [(one, ended)], now)
        absorbed = Event(other.id, now, EventKind.ABSORBED, actor, new=one.code, why=why)
        await self._changed(session, [(other, [absorbed])], now)
        return incident_of(other)

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
        await self._changed(session, [(one, [here]), (other, [there])], now)

    async def _check_status(self, session: AsyncSession, before: Incident, values: Mapping[str, Any]) -> None:
        target = values["status"]
        rules.check_move(before, target)
        if target is Status.CLOSED:
            waited_for = await links.waited_for(session, before.id)
            rules.check_closing(before, values.get("type_id", before.type_id), waited_for)

    async def _changed(self, session: AsyncSession, happened: Happened, now: datetime) -> None:
        """Store what happened and tell the listeners."""
        for row, _ in happened:
            row.version += 1
            row.updated_at = now
        await self._tell(session, happened, now)

    async def _tell(self, session: AsyncSession, happened: Happened, now: datetime) -> None:
        if not happened:
            return
        stored = iter(await record(session, [event for _, events in happened for event in events]))
        told = [(row, [next(stored) for _ in events]) for row, events in happened]
        await self._listeners.tell(session, told, now)


def _tidied(change: IncidentChange) -> IncidentChange:
    if isinstance(change.summary, str):
        if not entering.title(change.summary):
            raise PersonError("dispatch.incident.no_summary")
        change = replace(change, summary=entering.title(change.summary))
    if isinstance(change.applicant, Applicant):
        who = change.applicant
        change = replace(change, applicant=Applicant(clean(who.name), clean(who.address).casefold()))
    return change


def _set(row: IncidentRow, values: Mapping[str, Any]) -> None:
    for name, value in rules.columns(values).items():
        setattr(row, name, value)
