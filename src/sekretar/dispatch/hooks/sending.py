"""Web hooks out: a row of the outbox for each event and address, in the transaction of the event.

So an event that happened is told, however long the receiver was down, and one that was rolled back is not. The events
of one incident arrive in their order. A receiver that is down or refuses is tried again, later and later, for a
week; then the delivery is a dead letter in `sekretar outbox`. Only one that answers 410 (Gone) is given up at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

import aiohttp
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.hooks.settings import HookSettings
from sekretar.dispatch.hooks.signing import signed
from sekretar.dispatch.incidents.values import Changed, Event, Incident
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.clock import Clock
from sekretar.kernel.errors import PeerDown, PeerInvalid
from sekretar.kernel.http import peer_errors
from sekretar.kernel.outbox import Delivery, Effect, Outbox, Receipt, put_all

KIND: Final = "dispatch.hook"
#: How long a receiver may take, in seconds: it should only note what it is told.
PATIENCE: Final = 15.0

_GONE = 410


@dataclass(frozen=True)
class Hooks:
    """Tells other programs. `http` is asked for when something is sent, within its event loop."""

    desks: Mapping[str, DeskSettings]
    clock: Clock
    http: Callable[[], aiohttp.ClientSession]

    def register(self, outbox: Outbox) -> None:
        """Have the outbox deliver."""
        outbox.handle(KIND, self.deliver, patience=PATIENCE)

    async def on_changed(self, session: AsyncSession, changes: Sequence[Changed]) -> None:
        """A listener of `Incidents`."""
        effects = [effect for changed in changes for effect in self._effects(changed)]
        if effects:
            await put_all(session, effects, self.clock.now())

    def _effects(self, changed: Changed) -> list[Effect]:
        desk = self.desks.get(changed.incident.desk)
        return [
            _effect(desk, hook, changed.incident, event)
            for event in changed.events
            for hook in (desk.hooks if desk else ())
            if desk and (not hook.events or event.kind in hook.events)
        ]

    async def deliver(self, delivery: Delivery) -> Receipt | None:
        """The handler of the outbox."""
        hook = self._hook(delivery.payload)
        peer = f"web hook {hook.name}"
        body = str(delivery.payload["body"]).encode()
        headers = signed(body, hook.secret.get_secret_value(), delivery.key, self.clock.now())
        headers["Content-Type"] = "application/json"
        with peer_errors(peer):
            async with self.http().post(
                hook.url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                status = answer.status
        if status == _GONE:
            raise PeerInvalid(peer, "answered 410: it does not want to be told any more")
        if not 200 <= status < 300:
            raise PeerDown(peer, f"answered {status}")
        return {"status": status}

    def _hook(self, payload: Mapping[str, Any]) -> HookSettings:
        desk = self.desks.get(str(payload["desk"]))
        for hook in desk.hooks if desk else ():
            if hook.name == payload["hook"]:
                return hook
        name = f"{payload['desk']}/{payload['hook']}"
        raise PeerInvalid(f"web hook {name}", "it is not in the settings any more")


def lanes_of(desk: str, hook: str) -> str:
    """How the lanes of a receiver begin; there is one for each incident."""
    return f"dispatch:hook:{desk}:{hook}:"


def _effect(desk: DeskSettings, hook: HookSettings, incident: Incident, event: Event) -> Effect:
    return Effect(
        KIND,
        f"dispatch:hook:{desk.name}:{hook.name}:{event.id}",
        {"desk": desk.name, "hook": hook.name, "body": _body(desk, incident, event)},
        lane=f"{lanes_of(desk.name, hook.name)}{incident.id}",
    )


def _body(desk: DeskSettings, incident: Incident, event: Event) -> str:
    """What is told: the event, and how the incident stands after it."""
    at = event.at.astimezone(ZoneInfo(desk.zone)).replace(microsecond=0)
    said = {
        "event": event.kind,
        "event_id": event.id,
        "at": at.isoformat(),
        "desk": desk.name,
        "incident": {
            "id": incident.id,
            "code": incident.code,
            "status": incident.status,
            "summary": incident.summary,
            "version": incident.version,
        },
        "actor": {"kind": event.actor.kind, "name": event.actor.name},
        "old": event.old,
        "new": event.new,
        "why": event.why,
        "letter_id": event.letter_id,
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))
