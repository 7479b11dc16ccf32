"""Mattermost fails in every way that a sandbox can be asked for; nothing is lost and nothing is said twice."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.acceptance.acts import about, connect, in_minutes, pressable, times_seen, today
from tests.acceptance.diaries import CalendarServer, Diary, meeting
from tests.acceptance.office import Office
from tests.acceptance.waiting import until
from tests.peers_chat import running_sandbox

from sekretar.sandbox.human import Human
from sekretar.sandbox.mattermost import MattermostSandbox

POSTS: Any = {"method": "POST", "path": "/api/v4/posts$"}


@dataclass
class Outpost:
    """An office with a sandbox of its own, and anna in it with a calendar."""

    office: Office
    sandbox: MattermostSandbox
    anna: Human
    diary: Diary
    home: str


@pytest_asyncio.fixture(loop_scope="session")
async def outpost(outpost_office: Office, calendars: CalendarServer) -> Outpost:
    sandbox = outpost_office.server.sandbox
    assert sandbox is not None
    anna = await outpost_office.hire()
    diary = await calendars.open()
    await connect(outpost_office, anna, diary)
    return Outpost(outpost_office, sandbox, anna, diary, await outpost_office.home(anna))


async def test_sekretar_waits_for_mattermost_at_its_start(tmp_path: Path) -> None:
    async with running_sandbox() as server:
        office = Office(server, f"sqlite:///{tmp_path / 's.sqlite3'}")
        await office.found()
        sandbox = server.sandbox
        assert sandbox is not None
        await sandbox.stop_listening()
        try:
            await office.start(ready=False)
            detail = await office.until_unready("mattermost")
            assert "mattermost" in detail.lower()
            async with server.session.get(f"{office.url}/healthz") as alive:
                assert alive.status == 200
            await sandbox.start_listening()
            await office.until_ready()
            anna = await office.hire()
            await office.home(anna)
            await anna.wait_for(lambda post: bool(post.buttons))
        finally:
            await office.everybody_leaves()
            await office.stop()


async def test_what_is_due_while_mattermost_is_down_is_said_afterwards(outpost: Outpost) -> None:
    outpost.sandbox.faults.reset_before(times=10_000)
    await outpost.sandbox.stop_listening()
    await outpost.office.until_unready("stream")
    await outpost.diary.put(meeting("Важная", in_minutes(9)))
    await until(lambda: outpost_queue(outpost.office), what="messages that wait")
    outpost.sandbox.faults.clear()
    await outpost.sandbox.start_listening()
    await outpost.anna.wait_for(about("⏰", "Важная"), timeout=40)
    await outpost.office.until_ready(seconds=40)
    assert times_seen(outpost.anna, "⏰", "Важная") == 1
    assert times_seen(outpost.anna, "Новая встреча", "Важная") == 1


async def outpost_queue(office: Office) -> bool:
    """Whether the metrics know of messages that wait."""
    async with office.server.session.get(f"{office.url}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    waiting = [line for line in lines if line.startswith("sekretar_outbox") and "waiting" in line]
    return any(float(line.rpartition(" ")[2]) > 0 for line in waiting)


async def test_a_revoked_token_is_told_by_readyz(outpost: Outpost) -> None:
    token = outpost.office.settings.mattermost_token.get_secret_value()
    world = outpost.sandbox.world
    access = world.access_tokens.first("token", token)
    assert access is not None
    outpost.sandbox.revoke_token(token)
    outpost.sandbox.drop_sockets()
    detail = await outpost.office.until_unready("mattermost", "token")
    assert token not in detail
    world.access_tokens.put(access)
    await outpost.office.until_ready(seconds=90)
    await outpost.diary.put(meeting("После", in_minutes(200)))
    await outpost.anna.wait_for(about("Новая встреча", "После"), timeout=40)


@pytest.mark.parametrize("forgotten", [False, True], ids=["resumed", "state lost"])
async def test_what_is_written_while_the_socket_is_gone_is_answered(
    outpost: Outpost, forgotten: bool
) -> None:
    mark = outpost.anna.mark()
    if forgotten:
        outpost.sandbox.forget_sockets()
    else:
        outpost.sandbox.drop_sockets()
    await outpost.anna.say("calendar today", outpost.home)
    answer = await outpost.anna.wait_for(about("Сегодня", "встреч нет"), since=mark, timeout=30)
    assert not answer.ephemeral
    mark = outpost.anna.mark()
    await outpost.anna.say("привет", outpost.home)
    await outpost.anna.wait_for(pressable("Мой день"), since=mark)
    assert times_seen(outpost.anna, "Сегодня", "встреч нет", since=mark) == 0


async def test_what_is_written_while_sekretar_is_stopped_is_answered(outpost: Outpost) -> None:
    await outpost.office.stop()
    mark = outpost.anna.mark()
    await outpost.anna.say("calendar today", outpost.home)
    await outpost.office.start()
    await outpost.anna.wait_for(about("Сегодня", "встреч нет"), since=mark, timeout=30)
    await outpost.office.restart()
    await outpost.anna.say("привет", outpost.home)
    await outpost.anna.wait_for(pressable("Мой день"), since=mark)
    assert times_seen(outpost.anna, "Сегодня", "встреч нет", since=mark) == 1


async def test_a_limit_is_waited_for(outpost: Outpost) -> None:
    outpost.sandbox.faults.limit(**POSTS, times=2, retry_after=2)
    await outpost.diary.put(meeting("Важная", in_minutes(9)))
    await outpost.anna.wait_for(about("⏰", "Важная"), timeout=30)
    await outpost.anna.wait_for(about("Новая встреча", "Важная"), timeout=30)
    assert times_seen(outpost.anna, "Важная") == 2
    assert outpost.sandbox.faults.met == 2


@pytest.mark.parametrize("fault", ["reset_after", "reset_before", "fail", "html"])
async def test_a_post_of_unknown_fate_is_neither_lost_nor_doubled(outpost: Outpost, fault: str) -> None:
    getattr(outpost.sandbox.faults, fault)(**POSTS, times=2)
    await outpost.diary.put(meeting("Важная", in_minutes(9)))
    await outpost.anna.wait_for(about("⏰", "Важная"), timeout=40)
    await outpost.anna.wait_for(about("Новая встреча", "Важная"), timeout=40)
    await until(lambda: outpost.sandbox.faults.met == 2, what="both faults")
    await outpost.diary.put(meeting("Маяк", in_minutes(9)))
    await outpost.anna.wait_for(about("⏰", "Маяк"), timeout=40)
    assert times_seen(outpost.anna, "⏰", "Важная") == 1
    assert times_seen(outpost.anna, "Новая встреча", "Важная") == 1


async def test_a_slow_server_delays_and_doubles_nothing(outpost: Outpost) -> None:
    outpost.sandbox.faults.slow(3, **POSTS, times=2)
    mark = outpost.anna.mark()
    await outpost.diary.put(meeting("Важная", in_minutes(9)))
    shown = await today(outpost.office, outpost.anna)
    assert "Сегодня" in shown, "people are answered while posts are slow"
    await outpost.anna.wait_for(about("⏰", "Важная"), timeout=40)
    await outpost.anna.wait_for(about("Новая встреча", "Важная"), timeout=40)
    assert times_seen(outpost.anna, "Важная", since=mark) == 2


async def test_a_dialog_that_cannot_be_opened_is_asked_in_direct_messages(outpost: Outpost) -> None:
    outpost.sandbox.faults.fail(500, path="/actions/dialogs/open", times=1)
    mark = outpost.anna.mark()
    told = await outpost.anna.slash("/calendar connect other", outpost.home)
    assert "спрошу вас в личных сообщениях" in told.text.lower()
    await outpost.anna.wait_for(about("Адрес сервера", "(1 из 3)"), since=mark)


async def test_sockets_that_drop_all_the_time_lose_no_word(outpost: Outpost) -> None:
    async def tear() -> None:
        while True:
            outpost.sandbox.drop_sockets()
            await asyncio.sleep(0.7)

    tearing = asyncio.create_task(tear())
    try:
        for number in range(5):
            await outpost.anna.say(f"/calendar tody{number}", outpost.home)
    finally:
        await until(lambda: len(answered(outpost.anna)) == 5, what="five answers", seconds=40)
        tearing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await tearing
    mark = outpost.anna.mark()
    await outpost.anna.say("привет", outpost.home)
    await outpost.anna.wait_for(pressable("Мой день"), since=mark, timeout=30)
    assert len(answered(outpost.anna)) == 5


def answered(anna: Human) -> set[str]:
    return {post.id for post in anna.seen() if "tody" in post.text and post.user_id != anna.user_id}


@pytest_asyncio.fixture(loop_scope="session")
async def outpost_office(tmp_path: Path) -> AsyncIterator[Office]:
    async with running_sandbox() as server:
        office = Office(server, f"sqlite:///{tmp_path / 'outpost.sqlite3'}")
        await office.found()
        try:
            await office.start()
            yield office
        finally:
            await office.stop()
            await office.everybody_leaves()
