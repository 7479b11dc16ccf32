"""What is the same for everybody in a Tracker: statuses, priorities, resolutions, people, the fields of a queue."""

from __future__ import annotations

from functools import partial

from sekretar.kernel.clock import Clock
from sekretar.kernel.errors import PeerNotFound
from sekretar.trackers.exchange import part, shaped
from sekretar.trackers.remembering import Remembered
from sekretar.trackers.values import CustomField, Priority, Status
from sekretar.trackers.yandex import reading
from sekretar.trackers.yandex.wire import Item, Wire
from sekretar.trackers.yandex.writing import FIELDS


class Directory:
    """The directories of one Tracker, asked for by whoever needs them first."""

    def __init__(self, clock: Clock) -> None:
        self._remembered = Remembered(clock)
        #: The names of custom fields that were seen, by id.
        self.field_names: dict[str, str] = {}

    async def statuses(self, wire: Wire) -> tuple[Status, ...]:
        async def ask() -> tuple[Status, ...]:
            items = await wire.list("/statuses")
            with shaped(wire.peer):
                ordered = sorted(items, key=lambda item: int(item.get("order", 0)))
                return tuple(reading.status(item) for item in ordered)

        return await self._remembered.get("statuses", ask)

    async def priorities(self, wire: Wire) -> tuple[Priority, ...]:
        async def ask() -> tuple[Priority, ...]:
            items = await wire.list("/priorities")
            with shaped(wire.peer):
                return reading.priorities(items)

        return await self._remembered.get("priorities", ask)

    async def resolution(self, wire: Wire) -> str:
        """The resolution of what is simply done: *fixed*, or the first that there is."""

        async def ask() -> str:
            items = await wire.list("/resolutions")
            with shaped(wire.peer):
                keys = [str(item["key"]) for item in items]
            return "fixed" if "fixed" in keys or not keys else keys[0]

        return await self._remembered.get("resolution", ask)

    async def users(self, wire: Wire) -> list[Item]:
        """Everybody in the organisation."""

        async def ask() -> list[Item]:
            return await wire.list("/users")

        return await self._remembered.get("users", ask)

    async def logins(self, wire: Wire, ids: set[str]) -> dict[str, str]:
        """The logins of people, by their ids; who is not there any more stays out."""
        found = {uid: await self._remembered.get(f"login {uid}", partial(_login, wire, uid)) for uid in ids}
        return {uid: login for uid, login in found.items() if login}

    async def fields(self, wire: Wire, queue: str) -> tuple[tuple[CustomField, ...], frozenset[str]]:
        """The custom fields of a queue, and Tracker's names of the others that it requires."""

        async def ask() -> tuple[tuple[CustomField, ...], frozenset[str]]:
            local = await wire.list(f"/queues/{part(queue)}/localFields")
            every = await wire.list(f"/queues/{part(queue)}/fields")
            with shaped(wire.peer):
                required = [item for item in every if (item.get("schema") or {}).get("required")]
                own = {str(item["id"]): item for item in local}
                own |= {str(item["id"]): item for item in required if str(item["id"]) not in FIELDS}
                custom = tuple(reading.custom_field(item, queue) for item in own.values())
                self.field_names |= {field.id: field.name for field in custom}
                return custom, frozenset(str(item["id"]) for item in required) & FIELDS.keys()

        return await self._remembered.get(f"fields {queue}", ask)


async def _login(wire: Wire, uid: str) -> str:
    """The login of somebody; "" for nobody."""
    try:
        user = await wire.get(f"/users/{part(uid)}")
    except PeerNotFound:
        return ""
    with shaped(wire.peer):
        return str(user["login"])
