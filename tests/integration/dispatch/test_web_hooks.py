"""Events told to other programs: signed, in order, again after a failure, and visible when given up."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from aiohttp import web
from pydantic import SecretStr
from tests.integration.dispatch.house import House, open_house

from sekretar.dispatch.hooks.diagnosis import diagnose
from sekretar.dispatch.hooks.settings import HookSettings
from sekretar.dispatch.hooks.signing import DELIVERY, SIGNATURE, TIMESTAMP
from sekretar.dispatch.incidents.values import SYSTEM, EventKind, IncidentChange, Status
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.database import Database
from sekretar.kernel.outbox import State
from sekretar.mattermost.doctor import State as Looked

SECRET = "sixteen characters"


@dataclass
class Receiver:
    """Somebody else's program."""

    url: str = ""
    status: int = 200
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def hear(self, request: web.Request) -> web.Response:
        self.heard.append((dict(request.headers), await request.read()))
        return web.Response(status=self.status, headers={"Location": "/elsewhere"})

    @property
    def said(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.heard]


@contextlib.asynccontextmanager
async def receiving(database: Database, *events: EventKind) -> AsyncIterator[tuple[House, Receiver]]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.hear)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    hook = HookSettings(name="board", url=receiver.url, secret=SecretStr(SECRET), events=events)
    desk = DeskSettings(name="towers", prefix="NT", channel="work/desk", hooks=(hook,))
    try:
        async with open_house(database, desk) as house:
            yield house, receiver
    finally:
        await runner.cleanup()


async def test_an_event_is_told_signed(database: Database) -> None:
    async with receiving(database) as (house, receiver):
        incident = await house.open()
        await house.outbox.deliver_due()
        ((headers, body),) = receiver.heard
        signed = headers[TIMESTAMP].encode() + b"." + body
        mac = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
        assert headers[SIGNATURE] == f"sha256={mac}"
        assert headers[TIMESTAMP] == str(int(house.clock.now().timestamp()))
        said = json.loads(body)
        assert (said["event"], said["desk"], said["at"]) == ("opened", "towers", "2026-03-04T12:00:00+03:00")
        assert said["incident"]["code"] == incident.code
        assert headers[DELIVERY] == f"dispatch:hook:towers:board:{said['event_id']}"
        assert SECRET not in str([row.payload for row in await house.office.rows()])


async def test_only_the_wanted_events_are_told_and_in_their_order(database: Database) -> None:
    async with receiving(database, EventKind.STATUS) as (house, receiver):
        incident = await house.open()
        for status in (Status.IN_PROGRESS, Status.APPLICANT_NOTIFIED, Status.HANDED_OVER):
            await house.change(incident.id, status=status, unread=status is Status.IN_PROGRESS)
        await house.outbox.deliver_due()
        told = [(each["event"], each["new"], each["incident"]["status"]) for each in receiver.said]
        assert told == [
            ("status", status, status) for status in ("in_progress", "applicant_notified", "handed_over")
        ]


async def test_what_was_not_taken_is_told_again_under_the_same_name(database: Database) -> None:
    async with receiving(database) as (house, receiver):
        await house.open()
        for status in (503, 302, 401):
            receiver.status = status
            await house.outbox.deliver_due()
            house.clock.advance(timedelta(minutes=11))
        receiver.status = 204
        await house.outbox.deliver_due()
        names = {headers[DELIVERY] for headers, _ in receiver.heard}
        stamps = {headers[TIMESTAMP] for headers, _ in receiver.heard}
        assert (len(receiver.heard), len(names), len(stamps)) == (4, 1, 4)
        house.clock.advance(timedelta(hours=1))
        await house.outbox.deliver_due()
        assert len(receiver.heard) == 4


async def test_what_is_given_up_is_a_dead_letter(database: Database) -> None:
    async with receiving(database) as (house, receiver):
        await house.open()
        receiver.status = 410
        await house.outbox.deliver_due()
        (dead,) = await house.outbox.listing(State.DEAD)
        assert dead.kind == "dispatch.hook"
        assert "410" in (dead.last_error or "")


async def test_a_change_that_is_undone_is_not_told(database: Database) -> None:
    async with receiving(database) as (house, receiver):
        incident = await house.open()
        await house.outbox.deliver_due()
        with contextlib.suppress(ZeroDivisionError):
            async with house.database.transaction() as session:
                change = IncidentChange(status=Status.IN_PROGRESS)
                await house.incidents.change(session, incident.id, change, SYSTEM)
                raise ZeroDivisionError
        await house.outbox.deliver_due()
        assert [each["event"] for each in receiver.said] == ["opened"]


async def test_the_doctor_sees_who_does_not_take_events(database: Database) -> None:
    async with receiving(database) as (house, receiver):
        await house.open()
        await house.open()
        assert (await diagnose(house.desk, house.clock, database)).state is Looked.OK
        receiver.status = 503
        await house.outbox.deliver_due()
        house.clock.advance(timedelta(minutes=30))
        found = await diagnose(house.desk, house.clock, database)
        assert found.state is Looked.WARNING
        assert found.seen.startswith("board is 2 events behind, for 30 min: ")
        assert "answered 503" in found.seen
        receiver.status = 200
        await house.outbox.deliver_due()
        assert "all events are taken" in (await diagnose(house.desk, house.clock, database)).seen
