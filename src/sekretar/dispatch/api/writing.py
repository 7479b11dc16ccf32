"""Incidents made and changed by other programs.

A program that is not sure whether its request arrived sends it again. With an `Idempotency-Key` the second one
finds what the first one made; without one there would be two incidents.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ForeignKey, Text, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.dispatch.api.callers import Caller, Refused, WrongField
from sekretar.dispatch.api.schema import IncidentDraft, IncidentPatch
from sekretar.dispatch.assets.assets import Assets
from sekretar.dispatch.assets.values import Candidate, Kind
from sekretar.dispatch.chat.working import at
from sekretar.dispatch.incidents import types
from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.rows import incident_of, locked
from sekretar.dispatch.incidents.values import (
    Applicant,
    Incident,
    IncidentChange,
    NewIncident,
    Origin,
)
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Base, BigId, Database, UtcDateTime, insert_into
from sekretar.kernel.errors import PersonError
from sekretar.kernel.people import PersonRow

#: How long a key is remembered.
REMEMBERED_FOR: Final = timedelta(days=7)
#: How far back an incident may be dated.
_OLDEST: Final = timedelta(days=366)


class RequestRow(Base):
    """A request with a key of its own, and the incident that it made."""

    __tablename__ = "dispatch_api_requests"

    token_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("dispatch_tokens.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    #: Of what was asked for.
    digest: Mapped[str] = mapped_column(Text)
    incident_id: Mapped[int | None] = mapped_column(BigId)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


@dataclass(frozen=True)
class Made:
    """The incident of a request; not `fresh` when an earlier one with the same key made it."""

    incident_id: int
    fresh: bool


@dataclass(frozen=True)
class Writing:
    """Makes and changes incidents for programs."""

    database: Database
    clock: Clock
    desks: Mapping[str, DeskSettings]
    incidents: Incidents
    assets: Assets

    async def create(self, caller: Caller, draft: IncidentDraft, key: str | None) -> Made:
        """Enter an incident, once for each key.

        Raises:
            PersonError: the token is not good for it, the key was used for another request, or a value means nothing.
        """
        token, desk = caller.writing(), self._desk(caller, draft.desk)
        async with self.database.transaction() as session:
            if key is not None:
                digest = hashlib.sha256(draft.model_dump_json().encode()).hexdigest()
                known = await _claim(session, token.id, key, digest, self.clock.now())
                if known is not None:
                    return Made(known, fresh=False)
            new = await self._new(session, desk, draft)
            incident = await self.incidents.open(session, new, caller.actor())
            if key is not None:
                await _settle(session, token.id, key, incident.id)
        return Made(incident.id, fresh=True)

    async def change(self, caller: Caller, incident_id: int, patch: IncidentPatch) -> None:
        """Change an incident; what is so already is no change.

        Raises:
            PersonError: the token is not good for it, there is no such incident for it, it has another version by
                now, a value means nothing, or the workflow has no such move.
        """
        actor = caller.actor()
        async with self.database.transaction() as session:
            incident = incident_of(await locked(session, incident_id))
            if incident.desk not in caller.desks:
                raise PersonError("dispatch.incident.gone")
            if patch.version is not None and patch.version != incident.version:
                raise PersonError("dispatch.incident.changed_meanwhile", code=incident.code)
            change = await self._change(session, incident, patch)
            await self.incidents.change(session, incident_id, change, actor, patch.why)

    def _desk(self, caller: Caller, named: str | None) -> str:
        if named is None and len(caller.desks) == 1:
            return min(caller.desks)
        if named not in caller.desks or named is None:
            raise PersonError("dispatch.api.which_desk", desks=", ".join(sorted(caller.desks)))
        return named

    async def _new(self, session: AsyncSession, desk: str, draft: IncidentDraft) -> NewIncident:
        now = self.clock.now()
        opened_at = draft.incident_datetime or now
        if not now - _OLDEST <= opened_at <= now:
            raise PersonError("dispatch.api.bad_moment")
        found = await self._place(session, desk, draft.pole, draft.base_station)
        return NewIncident(
            desk,
            opened_at,
            draft.summary,
            Origin.API,
            draft.description,
            Applicant(draft.applicant.name, draft.applicant.address) if draft.applicant else Applicant(),
            type_id=await _type(session, desk, draft.incident_type),
            pole_id=found.place.pole_id if found else None,
            station_id=found.place.station_id if found else None,
            contractor_id=found.contractor_id if found else None,
        )

    async def _change(
        self, session: AsyncSession, incident: Incident, patch: IncidentPatch
    ) -> IncidentChange:
        given = patch.model_fields_set
        values: dict[str, object] = {
            name: value
            for name in ("status", "summary", "unread")
            if (value := getattr(patch, name)) is not None
        }
        if "applicant" in given:
            who = patch.applicant
            values["applicant"] = Applicant(who.name, who.address) if who else Applicant()
        if "incident_type" in given:
            values["type_id"] = await _type(session, incident.desk, patch.incident_type)
        if "responsible" in given:
            values["responsible_id"] = await _person(session, patch.responsible)
        if given & {"pole", "base_station"}:
            found = await self._place(session, incident.desk, patch.pole, patch.base_station)
            values |= at(found).given() if found else _NOWHERE
        return IncidentChange(**values)  # type: ignore[arg-type]

    async def _place(
        self, session: AsyncSession, desk: str, pole: str | None, station: str | None
    ) -> Candidate | None:
        """The place of which the pole, the station or both are named; None when neither is."""
        found = None
        if pole:
            with _field("pole"):
                found = (await self.assets.find(session, desk, pole, Kind.POLE)).chosen()
        if station:
            with _field("base_station"):
                if found is not None:
                    return await self.assets.find_on(session, desk, found, station)
                found = (await self.assets.find(session, desk, station, Kind.STATION)).chosen()
        return found


@contextmanager
def _field(name: str) -> Iterator[None]:
    """What is wrong is wrong with this part of the request."""
    try:
        yield
    except PersonError as error:
        raise WrongField(name, error) from error


_NOWHERE: Final[dict[str, object]] = dict.fromkeys(("pole_id", "station_id", "contractor_id"))


async def _type(session: AsyncSession, desk: str, name: str | None) -> int | None:
    """The type of this name; none for no name."""
    if not name:
        return None
    for each in await types.of_desk(session, desk):
        if each.active and each.name.casefold() == name.strip().casefold():
            return each.id
    raise PersonError("dispatch.type.gone")


async def _person(session: AsyncSession, username: str | None) -> int | None:
    """The active person of this name; none for no name."""
    if not username:
        return None
    query = select(PersonRow.id).where(PersonRow.username == username.lower(), PersonRow.active)
    found = await session.scalar(query.order_by(PersonRow.updated_at.desc()).limit(1))
    if found is None:
        raise PersonError("dispatch.api.no_person", name=username)
    return found


async def _claim(session: AsyncSession, token_id: int, key: str, digest: str, now: datetime) -> int | None:
    """Take a key for a new request; the incident of an earlier one when there was one.

    A request with the same key that is under way is waited for.
    """
    await session.execute(delete(RequestRow).where(RequestRow.created_at < now - REMEMBERED_FOR))
    fresh = insert_into(session, RequestRow).values(token_id=token_id, key=key, digest=digest, created_at=now)
    taken = await session.scalar(fresh.on_conflict_do_nothing().returning(RequestRow.key))
    if taken is not None:
        return None
    known = await session.get_one(RequestRow, (token_id, key), populate_existing=True)
    if known.digest != digest:
        raise Refused(409, "dispatch.api.key_used")
    return known.incident_id


async def _settle(session: AsyncSession, token_id: int, key: str, incident_id: int) -> None:
    mine = update(RequestRow).where(RequestRow.token_id == token_id, RequestRow.key == key)
    await session.execute(mine.values(incident_id=incident_id))
