"""The state over restarts, and over being killed."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import sys
from pathlib import Path

import aiohttp
import pytest
from tests.integration.sandbox.office import Client, Integration, Office

from sekretar.kernel.clock import ManualClock
from sekretar.sandbox.mattermost import MattermostSandbox

#: A server that says where it listens and with which token, and then only serves.
SERVER = """
import asyncio, sys
from pathlib import Path
from sekretar.kernel.clock import SystemClock
from sekretar.sandbox.mattermost import MattermostSandbox

async def main():
    sandbox = MattermostSandbox(clock=SystemClock(), store=Path(sys.argv[1]))
    await sandbox.start()
    sandbox.seed_demo()
    anna = sandbox.world.users.first("username", "anna")
    town = sandbox.channel(sandbox.world.teams.first("name", "office"), "town-square")
    print(sandbox.url, sandbox.add_session(anna), town.id, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_restart_keeps_everything(
    tmp_path: Path, clock: ManualClock, session: aiohttp.ClientSession, integration: Integration
) -> None:
    path = tmp_path / "deep" / "sandbox.sqlite"
    first = MattermostSandbox(clock=clock, store=path)
    await first.start()
    office = Office(first, session, integration)
    channel = await office.direct(office.anna)
    draft = {"channel_id": channel, "message": "kept", "props": {"attachments": [{"text": "t"}]}}
    post = await office.bot.ok("POST", "/posts", draft)
    await office.bot.ok("POST", "/reactions", {"user_id": office.bot_user.user.id, "post_id": post["id"],
                                               "emoji_name": "eyes"})  # fmt: skip
    before = [
        await office.bot.ok("GET", path) for path in (f"/channels/{channel}/posts", "/users/me/teams/members")
    ]
    people = len(first.world.users)
    await first.stop()

    second = MattermostSandbox(clock=clock, store=path)
    await second.start()
    second.seed_demo()
    bot = Client(session, second.url, office.bot_user.token)
    after = [await bot.ok("GET", path) for path in (f"/channels/{channel}/posts", "/users/me/teams/members")]
    assert after == before
    assert len(second.world.users) == people, "seeding again adds nothing"
    assert len(list(second.world.roles)) == len({role.name for role in second.world.roles})
    await second.stop()


async def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "sandbox.sqlite"
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, str(path), stdout=asyncio.subprocess.PIPE
    )
    acknowledged: set[str] = set()
    enough = asyncio.Event()
    try:
        assert server.stdout is not None
        url, token, channel = (await server.stdout.readline()).decode().split()
        async with aiohttp.ClientSession() as session, asyncio.timeout(20):
            client = Client(session, url, token)
            writers = [asyncio.create_task(_write(client, channel, acknowledged, enough)) for _ in range(4)]
            await enough.wait()
            server.kill()
            await asyncio.gather(*writers)
    finally:
        with contextlib.suppress(ProcessLookupError):
            server.kill()
        await server.wait()
    revived = MattermostSandbox(clock=clock, store=path)
    await revived.start()
    kept = {post.id for post in revived.world.posts}
    await revived.stop()
    assert acknowledged <= kept
    assert len(acknowledged) >= 40


async def _write(client: Client, channel: str, acknowledged: set[str], enough: asyncio.Event) -> None:
    """Post until the server is gone."""
    try:
        while True:
            acknowledged.add(
                (await client.ok("POST", "/posts", {"channel_id": channel, "message": "x"}))["id"]
            )
            if len(acknowledged) >= 40:
                enough.set()
    except aiohttp.ClientError:
        return


async def test_a_file_of_another_format_is_refused(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "sandbox.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(ValueError, match="another version"):
        await MattermostSandbox(clock=clock, store=path).start()


async def test_a_taken_port_is_an_error(sandbox: MattermostSandbox, clock: ManualClock) -> None:
    port = int(sandbox.url.rpartition(":")[2])
    other = MattermostSandbox(clock=clock, port=port)
    with pytest.raises(OSError, match="address already in use"):
        await other.start()
    await other.stop()
