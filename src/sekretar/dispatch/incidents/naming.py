"""What a change is called in the history.

The history outlives accounts, types and assets, so it holds names as they were, not numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from sekretar.dispatch.assets.model import ContractorRow, PoleRow, StationRow
from sekretar.dispatch.incidents.model import TypeRow
from sekretar.dispatch.incidents.values import SYSTEM, Applicant, Event, EventKind, Incident
from sekretar.kernel.errors import PersonError
from sekretar.kernel.people import PersonRow

#: The kind of event for each field of a change.
_KINDS: Final = {
    "status": EventKind.STATUS,
    "opened_at": EventKind.BEGUN,
    "type_id": EventKind.TYPE,
    "responsible_id": EventKind.RESPONSIBLE,
    "pole_id": EventKind.POLE,
    "station_id": EventKind.STATION,
    "contractor_id": EventKind.CONTRACTOR,
    "applicant": EventKind.APPLICANT,
    "summary": EventKind.SUMMARY,
}

#: Fields that name a row of another table.
REFERENCES: Final = ("type_id", "responsible_id", "pole_id", "station_id", "contractor_id")

#: What tells where an incident is.
PLACES: Final = frozenset({EventKind.POLE, EventKind.STATION, EventKind.CONTRACTOR})

#: For each such field, but the type, the number and the name there.
_NAMED_BY: Final[dict[str, tuple[InstrumentedAttribute[int], InstrumentedAttribute[str]]]] = {
    "responsible_id": (PersonRow.id, PersonRow.display_name),
    "pole_id": (PoleRow.id, PoleRow.code),
    "station_id": (StationRow.id, StationRow.name),
    "contractor_id": (ContractorRow.id, ContractorRow.name),
}

_NEVER = datetime.min.replace(tzinfo=UTC)


class Names:
    """Reads what values are called, each once in a transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._known: dict[tuple[str, str, Any], str] = {}

    async def events(
        self,
        desk: str,
        before: Incident | None,
        values: Mapping[str, Any],
        names: Mapping[str, str] = MappingProxyType({}),
    ) -> list[Event]:
        """What happens to an incident when its fields get these values; moment, actor and reason are still open.

        Args:
            desk: Of the incident.
            before: The incident as it is; None for a new one, whose number is still open too.
            values: The fields that are different.
            names: What their new values are called, where that is known already.

        Raises:
            PersonError: the type is none of the desk.
        """
        found = []
        number = before.id if before else 0
        for name, value in values.items():
            if name == "unread":
                kind = EventKind.UNREAD if value else EventKind.READ
                found.append(Event(number, _NEVER, kind, SYSTEM))
                continue
            old = await self._of(desk, name, getattr(before, name)) if before else ""
            new = names.get(name) or await self._of(desk, name, value)
            found.append(Event(number, _NEVER, _KINDS[name], SYSTEM, old=old, new=new))
        return found

    async def _of(self, desk: str, field: str, value: Any) -> str:
        if value is None:
            return ""
        asked = (desk, field, value)
        if asked not in self._known:
            self._known[asked] = await _name(self._session, desk, field, value)
        return self._known[asked]


async def _name(session: AsyncSession, desk: str, field: str, value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Applicant):
        return f"{value.name} <{value.address}>".strip() if value.address else value.name
    if field == "type_id":
        name = await session.scalar(select(TypeRow.name).where(TypeRow.id == value, TypeRow.desk == desk))
        if name is None:
            raise PersonError("dispatch.type.gone")
        return name
    if field in _NAMED_BY:
        number, name_of = _NAMED_BY[field]
        return await session.scalar(select(name_of).where(number == value)) or ""
    return str(value)
