"""What was changed in the tracker, done to the incident.

The tracker's people work as those in the chat do: what they typed is looked up and completed, what the workflow does
not have is refused, with the reason where they see it. A refused value is overwritten with what is known, which for
most incidents means that it is erased.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.assets.assets import Assets
from sekretar.dispatch.assets.model import StationRow
from sekretar.dispatch.assets.values import Candidate, Kind
from sekretar.dispatch.incidents import links, rules, types, workflow
from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.values import (
    SYSTEM,
    Actor,
    ActorKind,
    EventKind,
    Incident,
    IncidentChange,
    Status,
)
from sekretar.dispatch.mirror.model import MirrorRow
from sekretar.dispatch.mirror.people import MirrorPeople
from sekretar.dispatch.mirror.scheme import Scheme
from sekretar.dispatch.mirror.values import ASSIGNEE, REFUSED, STATUS, Name, Values
from sekretar.kernel.errors import PersonError
from sekretar.kernel.i18n import Translator

#: Of the types that there are, as examples.
_MOST_EXAMPLES = 3


@dataclass(frozen=True)
class Pulling:
    """Takes over what people did in the tracker. Everything happens in the caller's transaction."""

    incidents: Incidents
    assets: Assets
    people: MirrorPeople

    async def take(
        self, session: AsyncSession, row: MirrorRow, scheme: Scheme, changed: Values, t: Translator
    ) -> Values:
        """Do to the incident what was changed in its ticket.

        Returns:
            What incident and ticket are to agree on from now on: a change that means nothing here is left alone.
        """
        actor = Actor(ActorKind.TRACKER, row.touched_by)
        incident = await self.incidents.get(session, row.incident_id)
        refused = await self._fields(session, incident, scheme, changed, actor)
        if STATUS in changed and refused is None:
            refused = await self._status(session, row.incident_id, scheme, changed[STATUS], actor)
        if refused is not None:
            await self._refuse(session, row.incident_id, t.plain_error(refused), t)
        return {
            name: value for name, value in changed.items() if await self._means(session, scheme, name, value)
        }

    async def _means(self, session: AsyncSession, scheme: Scheme, name: str, value: tuple[str, ...]) -> bool:
        """Whether a value says something about the incident: not a status that is none of ours, nor a stranger."""
        if name == STATUS:
            return bool(value and scheme.ours(value[0]))
        if name == ASSIGNEE and value:
            return await self.people.person_of(session, scheme.tracker, value[0]) is not None
        return True

    async def _fields(
        self, session: AsyncSession, incident: Incident, scheme: Scheme, changed: Values, actor: Actor
    ) -> PersonError | None:
        """The first thing that could not be taken over; the rest is."""
        refused: PersonError | None = None
        values: dict[str, Any] = {}
        for look in (self._place, self._type, self._responsible):
            try:
                values |= await look(session, incident, scheme, changed)
            except PersonError as error:
                refused = refused or error
        if values:
            try:
                await self.incidents.change(session, incident.id, IncidentChange(**values), actor)
            except PersonError as error:
                refused = refused or error
        return refused

    async def _place(
        self, session: AsyncSession, incident: Incident, scheme: Scheme, changed: Values
    ) -> dict[str, Any]:
        """A station brings its pole, a pole its contractor; a station that is not on the pole goes."""
        typed = _texts(scheme, changed)
        pole, station = typed.get(Name.POLE), typed.get(Name.STATION)
        found: dict[str, Any] = {}
        if pole is not None:
            found = await self._pole(session, incident, pole)
        if station == "":
            return {**found, "station_id": None}
        if station is not None:
            match = await self._station(session, incident.desk, pole, station)
            return _placed(match) | {"station_id": match.place.station_id}
        return found

    async def _pole(self, session: AsyncSession, incident: Incident, typed: str) -> dict[str, Any]:
        if not typed:
            return {"pole_id": None, "station_id": None, "contractor_id": None}
        match = await self._find(session, incident.desk, typed, Kind.POLE)
        found = _placed(match)
        if incident.station_id is not None:
            query = select(StationRow.pole_id).where(StationRow.id == incident.station_id)
            if await session.scalar(query) != match.place.pole_id:
                found["station_id"] = None
        return found

    async def _station(self, session: AsyncSession, desk: str, pole: str | None, station: str) -> Candidate:
        """The station of a ticket, on the pole that was typed at the same time."""
        if not pole:
            return await self._find(session, desk, station, Kind.STATION)
        on_pole = await self._find(session, desk, pole, Kind.POLE)
        return await self.assets.find_on(session, desk, on_pole, station)

    async def _find(self, session: AsyncSession, desk: str, text: str, kind: Kind) -> Candidate:
        return (await self.assets.find(session, desk, text, kind)).chosen()

    async def _type(
        self, session: AsyncSession, incident: Incident, scheme: Scheme, changed: Values
    ) -> dict[str, Any]:
        typed = _texts(scheme, changed).get(Name.TYPE)
        if typed is None:
            return {}
        if not typed:
            return {"type_id": None}
        known = [each for each in await types.of_desk(session, incident.desk) if each.active]
        for each in known:
            if each.name.casefold() == typed.casefold():
                return {"type_id": each.id}
        begun = [each for each in known if each.name.casefold().startswith(typed.casefold())]
        if len(begun) == 1:
            return {"type_id": begun[0].id}
        examples = ", ".join(f"«{each.name}»" for each in (begun or known)[:_MOST_EXAMPLES])
        raise PersonError("dispatch.mirror.no_type", text=typed, examples=examples)

    async def _responsible(
        self, session: AsyncSession, incident: Incident, scheme: Scheme, changed: Values
    ) -> dict[str, Any]:
        if ASSIGNEE not in changed:
            return {}
        if not changed[ASSIGNEE]:
            return {"responsible_id": None}
        person = await self.people.person_of(session, scheme.tracker, changed[ASSIGNEE][0])
        if person is None:
            # Somebody who is no dispatcher may look after the ticket; the incident stays with whom it was.
            return {}
        return {"responsible_id": person}

    async def _status(
        self,
        session: AsyncSession,
        incident_id: int,
        scheme: Scheme,
        value: tuple[str, ...],
        actor: Actor,
    ) -> PersonError | None:
        incident = await self.incidents.get(session, incident_id)
        meant = scheme.ours(value[0]) if value else ()
        if not meant or incident.status in meant:
            return None
        steps = way(incident.status, meant)
        try:
            if steps[-1:] == (Status.CLOSED,):
                # What is in between is not done either, where the end is refused.
                rules.check_closing(incident, incident.type_id, await links.waited_for(session, incident_id))
            for target in steps or (meant[0],):
                await self.incidents.change(session, incident_id, IncidentChange(status=target), actor)
        except PersonError as error:
            return error
        return None

    async def _refuse(self, session: AsyncSession, incident_id: int, why: str, t: Translator) -> None:
        """Say that something was not done: the incident is in error where the workflow has that."""
        incident = await self.incidents.get(session, incident_id)
        if workflow.is_legal(incident.status, Status.ERROR):
            await self.incidents.change(
                session, incident_id, IncidentChange(status=Status.ERROR), SYSTEM, why
            )
        else:
            refused = t.plain("dispatch.mirror.refused")
            await self.incidents.note(session, incident_id, EventKind.MIRROR, SYSTEM, REFUSED, refused, why)


def way(status: Status, meant: tuple[Status, ...]) -> tuple[Status, ...]:
    """The moves that lead to one of these statuses: one, or two; () when none do.

    Whoever closes a new ticket, or asks at once that the applicant is written to, has taken it into work by that. And
    whoever closes one that waits for the applicant to hear of it says that nobody need be written to any more; most
    trackers have no status for that.
    """
    for target in meant:
        if workflow.is_legal(status, target):
            return (target,)
    for between, targets in ((Status.IN_PROGRESS, meant), (Status.CLOSURE_NOTIFIED, _CLOSING)):
        for target in targets:
            if target in meant and workflow.is_legal(status, between) and workflow.is_legal(between, target):
                return (between, target)
    return ()


_CLOSING = (Status.CLOSED,)


def _placed(match: Candidate) -> dict[str, Any]:
    return {"pole_id": match.place.pole_id, "contractor_id": match.contractor_id}


def _texts(scheme: Scheme, changed: Values) -> Mapping[Name, str]:
    return {name: slot.text(changed[name]) for name, slot in scheme.slots.items() if name in changed}
