"""kill -9 at every step of deciding and delivering: nothing is lost, nothing is said twice, order is kept."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from sqlalchemy import delete, func, select
from tests.crash import outbox_child
from tests.crash.victims import end_of

from sekretar.kernel.database import Database
from sekretar.kernel.leases import LeaseRow
from sekretar.kernel.outbox import OutboxRow, State

KEYS = [effect.key for effect in outbox_child.EFFECTS]


class RecordingPeer:
    """Takes posts, any number with the same key, and can be asked what it got."""

    def __init__(self) -> None:
        self.url = ""
        self.posts: list[str] = []
        #: Kill the sender of this key: before the post is taken, or after it is and before the answer.
        self.kill_before: str | None = None
        self.kill_after: str | None = None

    async def take(self, request: web.Request) -> web.Response:
        post = await request.json()
        if post["key"] == self.kill_before:
            self.kill_before = None
            os.kill(post["pid"], signal.SIGKILL)
            return web.Response()
        self.posts.append(post["key"])
        if post["key"] == self.kill_after:
            self.kill_after = None
            os.kill(post["pid"], signal.SIGKILL)
        return web.Response()

    async def look(self, request: web.Request) -> web.Response:
        return web.json_response([key for key in self.posts if key == request.query["key"]])


@pytest.fixture
async def peer() -> AsyncIterator[RecordingPeer]:
    peer = RecordingPeer()
    app = web.Application()
    app.add_routes([web.post("/posts", peer.take), web.get("/posts", peer.look)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    peer.url = f"http://{host}:{port}"
    yield peer
    await runner.cleanup()


async def run_child(url: str, peer: RecordingPeer, last_step: int) -> int | None:
    return await end_of(outbox_child.main, url, peer.url, last_step)


async def check_all_or_nothing(database: Database) -> None:
    """The state and the effects were stored together, or neither was."""
    async with database.reading() as session:
        decided = await session.scalar(select(func.count()).select_from(LeaseRow))
        rows = await session.scalar(select(func.count()).where(OutboxRow.state != State.PREPARED))
    assert (decided, rows) in ((0, 0), (1, len(KEYS)))


async def forget_everything(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(delete(LeaseRow))
        await session.execute(delete(OutboxRow))


def check_said_once(peer: RecordingPeer) -> None:
    assert sorted(peer.posts) == sorted(KEYS)
    assert peer.posts.index("first") < peer.posts.index("second")


async def test_killed_at_every_step_and_started_again(
    database: Database, database_url: str, peer: RecordingPeer
) -> None:
    for last_step in range(1, 500):
        peer.posts.clear()
        await forget_everything(database)
        status = await run_child(database_url, peer, last_step)
        if status == 0:
            break
        assert status == -signal.SIGKILL
        await check_all_or_nothing(database)
        await outbox_child.live(database_url, peer.url, 0)
        check_said_once(peer)
    else:
        pytest.fail("the victim never came to its end")
    check_said_once(peer)
    # Fewer would mean that the steps were not seen.
    assert last_step > 30


async def test_killed_again_and_again(database: Database, database_url: str, peer: RecordingPeer) -> None:
    """One database, one victim after the other, each of which comes a little further than the last."""
    for last_step in range(1, 500):
        if await run_child(database_url, peer, last_step) == 0:
            break
        await check_all_or_nothing(database)
    else:
        pytest.fail("the last victim never came to its end")
    check_said_once(peer)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("moment", ["kill_before", "kill_after"])
async def test_killed_while_the_peer_has_the_request(
    database_url: str, peer: RecordingPeer, moment: str, key: str
) -> None:
    setattr(peer, moment, key)
    assert await run_child(database_url, peer, 0) == -signal.SIGKILL
    assert await run_child(database_url, peer, 0) == 0
    check_said_once(peer)
