"""What is the same for everybody in a Redmine: statuses, priorities, trackers, custom fields, roles.

Asked for rarely, because it changes rarely. Who sees a project and what is in it is somebody's right and is never
remembered here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sekretar.kernel.clock import Clock
from sekretar.kernel.errors import PeerForbidden, PeerRefused
from sekretar.trackers.exchange import shaped
from sekretar.trackers.redmine import reading
from sekretar.trackers.redmine.wire import Wire
from sekretar.trackers.remembering import Remembered
from sekretar.trackers.values import CustomField, Priority, Status


class Directory:
    """The directories of one Redmine. What only an administrator may read comes by the service account."""

    def __init__(self, clock: Clock, service: Wire | None) -> None:
        self._service = service
        self._remembered = Remembered(clock)

    async def statuses(self, wire: Wire) -> tuple[Status, ...]:
        async def ask() -> tuple[Status, ...]:
            answer = await wire.get("/issue_statuses.json")
            with shaped(wire.peer):
                return tuple(reading.status(item) for item in answer["issue_statuses"])

        return await self._remembered.get("statuses", ask)

    async def closed(self, wire: Wire) -> frozenset[str]:
        """Ids of the statuses that close a ticket."""
        return frozenset(status.id for status in await self.statuses(wire) if status.closed)

    async def priorities(self, wire: Wire) -> tuple[Priority, ...]:
        async def ask() -> tuple[Priority, ...]:
            answer = await wire.get("/enumerations/issue_priorities.json")
            with shaped(wire.peer):
                return reading.priorities(answer["issue_priorities"])

        return await self._remembered.get("priorities", ask)

    async def trackers(self, wire: Wire) -> Mapping[str, Mapping[str, Any]]:
        """What each tracker begins with and which standard fields it has, by id."""

        async def ask() -> Mapping[str, Mapping[str, Any]]:
            answer = await wire.get("/trackers.json")
            with shaped(wire.peer):
                return {str(item["id"]): item for item in answer["trackers"]}

        return await self._remembered.get("trackers", ask)

    async def default_activity(self, wire: Wire) -> str | None:
        """Id of the activity that time is logged for when none is named."""

        async def ask() -> str | None:
            answer = await wire.get("/enumerations/time_entry_activities.json")
            with shaped(wire.peer):
                items = answer["time_entry_activities"]
                return next((str(item["id"]) for item in items if item.get("is_default")), None)

        return await self._remembered.get("activity", ask)

    async def assignable_role(self, wire: Wire, role: str) -> bool:
        """Whether people in this role can be assignees; true where Redmine does not tell."""

        async def ask() -> bool:
            answer = await wire.get(f"/roles/{role}.json")
            with shaped(wire.peer):
                return bool(answer["role"].get("assignable", True))

        return await self._remembered.get(f"role {role}", ask)

    async def custom_fields(self) -> Mapping[str, tuple[CustomField, frozenset[str]]] | None:
        """The custom fields of tickets with the trackers that have them, by id.

        None when nobody may tell: there is no service account, or it is no administrator.
        """
        service = self._service
        if service is None:
            return None
        asked: Wire = service

        async def ask() -> Mapping[str, tuple[CustomField, frozenset[str]]] | None:
            try:
                answer = await asked.get("/custom_fields.json")
            except (PeerForbidden, PeerRefused):
                return None
            with shaped(asked.peer):
                return {
                    str(item["id"]): (
                        reading.custom_field(item),
                        frozenset(str(tracker["id"]) for tracker in item.get("trackers", ())),
                    )
                    for item in answer["custom_fields"]
                    if item["customized_type"] == "issue"
                }

        return await self._remembered.get("custom fields", ask)
