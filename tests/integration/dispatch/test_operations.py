"""Alarms and readiness of a whole desk, on both databases; Telegram as a server that answers as the real one does."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import select, update
from tests.integration.dispatch.house import DeskServer, open_house
from tests.integration.dispatch.mail_watch import MAILBOX, Watch, close, put, send, watched_desk

from sekretar.dispatch.assets.model import FeedRow
from sekretar.dispatch.letters.model import Fate, OutgoingRow
from sekretar.dispatch.mail.mailboxes import Mailboxes
from sekretar.dispatch.mail.trouble import Standing, TroubleKind
from sekretar.dispatch.mirror.model import MirrorCursorRow
from sekretar.dispatch.operations import watching
from sekretar.dispatch.operations.model import TroubleRow
from sekretar.dispatch.operations.readiness import Readiness
from sekretar.dispatch.operations.telegram import Telegram
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerError, PeerForbidden, PeerInvalid, PeerLimited, PeerRefused
from sekretar.kernel.health import Health
from sekretar.kernel.outbox import Delivery, OutboxRow
from sekretar.mattermost.models import Channel

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TOKEN = "4711:AAbbCCddEEffGG_hh-ii"


@pytest.fixture
async def watch(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watch]:
    async with open_house(database, watched_desk()) as house:
        found = Watch(house)
        monkeypatch.setattr(Mailboxes, "standings", lambda _: [found.standing])
        yield found


class TestAlarms:
    async def test_a_mailbox_from_its_refusal_to_its_recovery(self, watch: Watch) -> None:
        watch.in_trouble(TroubleKind.REFUSED, "LOGIN failed *now*")
        (began,) = await watch.after()
        assert began.startswith("🚨 The mailbox ")
        assert "Since 09:00. The last error: LOGIN failed \\*now\\*." in began
        assert "password" in began
        assert await watch.after(MINUTE) == []
        (still,) = await watch.after(4 * HOUR)
        assert "Still so" in still
        watch.read()
        assert await watch.after(MINUTE) == []
        (over,) = await watch.after(5 * MINUTE)
        assert over.startswith("✅")
        assert "4 h 2 min" in over
        assert await watch.after(HOUR) == []

    async def test_after_a_restart_nobody_is_told_that_it_is_over(self, watch: Watch) -> None:
        watch.in_trouble(TroubleKind.REFUSED)
        await watch.after()
        watch.standing = Standing("towers", MAILBOX)
        assert await watch.after(HOUR) == []
        watch.in_trouble(TroubleKind.REFUSED, times=1)
        assert await watch.after(HOUR) == []

    async def test_it_goes_to_the_operations_channel(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def named(_: DeskServer, team: str, name: str) -> Channel:
            return Channel(id=f"id of {name}", type="P", name=name, team_id="team")

        monkeypatch.setattr(DeskServer, "channel_by_name", named)
        async with open_house(database, watched_desk(operations_channel="work/alarms")) as house:
            watch = Watch(house)
            monkeypatch.setattr(Mailboxes, "standings", lambda _: [watch.standing])
            watch.in_trouble(TroubleKind.TLS)
            await watch.after()
            assert [each["channel_id"] for each in await house.posts()] == ["id of alarms"]

    async def test_while_the_channel_is_not_found_it_waits(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_house(database, watched_desk(operations_channel="work/alarms")) as house:
            other = watched_desk(operations_channel="work/elsewhere")
            watch = Watch(house)
            monkeypatch.setattr(Mailboxes, "standings", lambda _: [watch.standing])
            monkeypatch.setitem(house.dispatch.channels.desks, "towers", other)  # type: ignore[arg-type]
            watch.in_trouble(TroubleKind.REFUSED)
            assert await watch.after() == []
            await house.dispatch.channels.find()
            assert len(await watch.after(MINUTE)) == 1

    async def test_a_mailbox_that_was_taken_out_is_forgotten(self, watch: Watch) -> None:
        watch.in_trouble(TroubleKind.REFUSED)
        await watch.after()
        watch.standing = replace(watch.standing, desk="another")
        assert await watch.after(HOUR) == []
        async with watch.house.database.reading() as session:
            assert list(await session.scalars(select(TroubleRow.subject))) == []

    async def test_letters_that_do_not_leave(self, watch: Watch) -> None:
        incident = await watch.house.open()
        await send(watch.house, incident)
        assert await watch.after(HOUR) == []
        async with watch.house.database.transaction() as session:
            await session.execute(update(OutgoingRow).values(problem="450 try later"))
        (said,) = await watch.after()
        assert "waiting: 1" in said
        assert "450 try later" in said
        async with watch.house.database.transaction() as session:
            await session.execute(update(OutgoingRow).values(fate=Fate.SENT))
        assert [each[0] for each in [*await watch.after(), *await watch.after(5 * MINUTE)]] == ["✅"]

    async def test_an_unreadable_letter_until_its_incident_is_closed(self, watch: Watch) -> None:
        await put(watch.house, b"\r\n\r\n", uid=1)
        (said,) = await watch.after()
        assert "could not be read: 1" in said
        assert "NT-1" in said
        (incident,) = [await watch.house.now(1)]
        await close(watch.house, incident)
        assert [each[0] for each in [*await watch.after(), *await watch.after(5 * MINUTE)]] == ["✅"]

    async def test_a_list_that_is_not_believed(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Mailboxes, "standings", lambda _: [])
        registry = {"poles": {"url": "https://lists.example/poles"}}
        async with open_house(database, watched_desk(registry=registry)) as house:
            async with database.transaction() as session:
                session.add(
                    FeedRow(
                        desk="towers", feed="poles", tried_at=house.clock.now(), failures=1,
                        trouble="dispatch.registry.empty", trouble_params={}, trouble_since=house.clock.now(),
                    )
                )  # fmt: skip
            (said,) = await Watch(house).after()
            assert "list of poles" in said
            assert "no row that could be used" in said

    async def test_next_year_is_not_decreed(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Mailboxes, "standings", lambda _: [])
        async with open_house(database, watched_desk(sla={"hours": {}})) as house:
            watch = Watch(house)
            house.clock.advance(datetime(2040, 10, 5, tzinfo=house.clock.now().tzinfo) - house.clock.now())
            monkeypatch.setattr(
                "sekretar.dispatch.sla.hours._years_with_transfers", lambda _: frozenset(range(2030, 2041))
            )
            (said,) = await watch.after()
            assert "2041" in said
            assert await watch.after(6 * DAY) == []
            assert len(await watch.after(DAY)) == 1

    async def test_a_tracker_and_backups(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Mailboxes, "standings", lambda _: [])
        mirror = {"tracker": "work", "project": "DESK"}
        async with open_house(database, watched_desk()) as house:
            health, now = Health(house.clock), house.clock.now()
            health.report("backup", ready=False, detail="no room")
            alarms = house.dispatch.operations.alarms
            alarms.watch(watching.backups_of(health))
            async with database.transaction() as session:
                session.add(
                    MirrorCursorRow(
                        desk="towers",
                        tracker="work",
                        project="DESK",
                        next_at=now,
                        read_at=now - 11 * MINUTE,
                        failures=3,
                        problem="no answer in time",
                    )
                )
            monkeypatch.setitem(house.dispatch.channels.desks, "towers", watched_desk(mirror=mirror))  # type: ignore[arg-type]
            watch = Watch(house)
            tracker, backup = await watch.after()
            assert "tracker work are not brought in step" in tracker
            assert "It does not answer" in tracker
            assert "no answer in time" in tracker
            assert "no room" in backup
            health.report("backup", ready=True)
            async with database.transaction() as session:
                await session.execute(update(MirrorCursorRow).values(failures=0))
            said = [*await watch.after(), *await watch.after(5 * MINUTE)]
            assert [each[0] for each in said] == ["✅", "✅"]


class TestReadiness:
    async def test_a_mailbox_is_shown_and_keeps_nobody_from_the_rest(self, watch: Watch) -> None:
        health = Health(watch.house.clock)
        health.report("database", ready=True)
        ready = Readiness(health, lambda: [watch.standing])
        name = f"mailbox {MAILBOX}"
        await ready.report()
        assert health.component(name).detail == "starting"  # type: ignore[union-attr]
        watch.in_trouble(TroubleKind.DOWN, "no answer")
        await ready.report()
        shown = health.readiness()
        assert shown.ready
        assert [(each.name, each.ready, each.detail) for each in shown.components if not each.required] == [
            (name, False, "no answer")
        ]
        watch.read()
        await ready.report()
        assert health.component(name).ready  # type: ignore[union-attr]


# --- Telegram ---------------------------------------------------------------------------------------------


@dataclass
class BotApi:
    """What the Bot API answers next; without anything it takes the message."""

    url: str = ""
    answers: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    async def send(self, request: web.Request) -> web.Response:
        self.paths.append(request.path)
        status, answer = (
            self.answers.pop(0) if self.answers else (200, {"ok": True, "result": {"message_id": 7}})
        )
        if status == 200:
            self.taken.append(await request.json())
        return web.json_response(answer, status=status)


@contextlib.asynccontextmanager
async def bot_api() -> AsyncIterator[BotApi]:
    api = BotApi()
    app = web.Application()
    app.router.add_post("/{path:.*}", api.send)
    async with TestServer(app) as server:
        api.url = str(server.make_url("/"))
        yield api


def with_telegram(url: str) -> DeskSettings:
    return watched_desk(telegram={"token": TOKEN, "chat": "-100200", "url": url})


REFUSALS = {400: PeerInvalid, 401: PeerRefused, 404: PeerRefused, 403: PeerForbidden, 429: PeerLimited}


class TestTelegram:
    async def test_an_alarm_arrives_there_too(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with bot_api() as api, open_house(database, with_telegram(api.url)) as house:
            watch = Watch(house)
            monkeypatch.setattr(Mailboxes, "standings", lambda _: [watch.standing])
            watch.in_trouble(TroubleKind.REFUSED, "LOGIN *failed*")
            await watch.after()
            await house.outbox.deliver_due()
            (message,) = api.taken
            assert message["chat_id"] == "-100200"
            assert "LOGIN *failed*" in message["text"]
            assert "parse_mode" not in message
            assert api.paths == [f"/bot{TOKEN}/sendMessage"]

    async def test_a_pause_that_is_asked_for_is_kept(self, database: Database) -> None:
        async with bot_api() as api, open_house(database, with_telegram(api.url)) as house:
            api.answers = [(429, {"ok": False, "description": "slow", "parameters": {"retry_after": 90}})]
            telegram = Telegram({"towers": house.desk}, lambda: house.dispatch._around.http.peers)
            async with database.transaction() as session:
                reader = house.dispatch.telling.desk_reader("towers")
                assert await telegram.put(session, "towers", "key", "text", reader)
            await house.outbox.deliver_due()
            async with database.reading() as session:
                (row,) = await session.scalars(select(OutboxRow).where(OutboxRow.kind == "dispatch.telegram"))
            assert row.due_at >= house.clock.now() + timedelta(seconds=90)
            house.clock.advance(timedelta(seconds=91))
            await house.outbox.deliver_due()
            assert [each["text"] for each in api.taken] == ["text"]

    async def test_what_is_wrong_is_told_without_the_token(
        self, database: Database, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        # The log of the server that stands in for Telegram.
        logging.getLogger("aiohttp.access").disabled = True
        payload = {"desk": "towers", "text": "text"}
        async with bot_api() as api, open_house(database, with_telegram(api.url)) as house:
            telegram = Telegram({"towers": house.desk}, lambda: house.dispatch._around.http.peers)
            for status, error in REFUSALS.items():
                api.answers = [(status, {"ok": False, "description": "Bad Request: chat not found"})]
                with pytest.raises(error, match="chat not found") as raised:
                    await telegram.deliver(Delivery(1, "dispatch.telegram", "key", payload, 1, None))
                assert raised.value.__cause__ is None
                assert TOKEN not in repr(raised.value)
        assert TOKEN not in caplog.text

    async def test_a_server_that_is_away_does_not_tell_the_token_either(self, database: Database) -> None:
        async with open_house(database, with_telegram("http://127.0.0.1:1")) as house:
            telegram = Telegram({"towers": house.desk}, lambda: house.dispatch._around.http.peers)
            payload = {"desk": "towers", "text": "text"}
            with pytest.raises(PeerError) as raised:
                await telegram.deliver(Delivery(1, "dispatch.telegram", "key", payload, 1, None))
            assert TOKEN not in repr(raised.value)
            assert raised.value.__suppress_context__
