"""Misbehaviour on demand, and the server's own limit on requests."""

from __future__ import annotations

from datetime import timedelta

import aiohttp
import pytest
from tests.integration.sandbox.office import Client, Office

from sekretar.kernel.clock import ManualClock
from sekretar.sandbox.mattermost import Limits, MattermostSandbox


async def test_a_fault_meets_so_many_requests_of_its_kind(office: Office) -> None:
    office.sandbox.faults.fail(503, method="GET", path="/users/me$", times=2)
    await office.bot.ok("GET", "/system/ping")
    statuses = [(await office.bot.send("GET", "/users/me"))[0] for _ in range(3)]
    assert statuses == [503, 503, 200]
    assert (office.sandbox.faults.met, office.sandbox.faults.waiting()) == (2, [])


async def test_limited_says_when_to_come_back(office: Office) -> None:
    office.sandbox.faults.limit(retry_after=7)
    bot = office.bot
    assert await bot.send("GET", "/users/me") == (429, "limit exceeded")
    assert bot.headers["Retry-After"] == "7"
    office.sandbox.faults.limit(retry_after=None)
    await bot.send("GET", "/users/me")
    assert "Retry-After" not in bot.headers


@pytest.mark.parametrize(("kind", "posts"), [("reset_before", 0), ("reset_after", 1)])
async def test_a_reset_leaves_it_open_what_happened(office: Office, kind: str, posts: int) -> None:
    channel = await office.direct(office.anna)
    getattr(office.sandbox.faults, kind)(method="POST", path="/posts$")
    with pytest.raises(aiohttp.ClientError):
        await office.bot.send("POST", "/posts", json={"channel_id": channel, "message": "x"})
    assert len((await office.bot.ok("GET", f"/channels/{channel}/posts"))["order"]) == posts


async def test_a_page_instead_of_an_answer(office: Office) -> None:
    office.sandbox.faults.html()
    status, text = await office.bot.send("GET", "/users/me")
    assert (status, text.startswith("<!DOCTYPE html>")) == (200, True)


async def test_slow_is_late_but_right(office: Office) -> None:
    office.sandbox.faults.slow(0.05)
    with pytest.raises(TimeoutError):
        await office.bot.send("GET", "/users/me", timeout=aiohttp.ClientTimeout(total=0.01))
    office.sandbox.faults.slow(0.01)
    await office.bot.ok("GET", "/users/me")


async def test_faults_by_http(office: Office) -> None:
    nobody = office.client(None)
    await nobody.ok("POST", "/sandbox/faults", {"kind": "status", "status": 500, "path": "/users/me$"})
    assert [f["status"] for f in (await nobody.ok("GET", "/sandbox/faults"))["waiting"]] == [500]
    assert (await office.bot.send("GET", "/users/me"))[0] == 500
    for wrong in ({"kind": "earthquake"}, {"kind": "slow", "color": "red"}, {"do": "dance"}):
        assert (await nobody.refused("POST", "/sandbox/faults", wrong))[0] == 400
    listener = await office.listen(office.bot)
    await listener.next("hello")
    await nobody.ok("POST", "/sandbox/faults", {"do": "drop_sockets"})
    with pytest.raises(ConnectionError):
        await listener.next("posted")
    await nobody.ok("POST", "/sandbox/faults", {"do": "revoke_token", "token": office.bot_user.token})
    assert (await office.bot.refused("GET", "/users/me"))[0] == 401


async def test_being_unreachable_and_back(office: Office) -> None:
    url, bot = office.sandbox.url, office.bot
    await bot.ok("GET", "/users/me")
    await office.sandbox.stop_listening()
    with pytest.raises(aiohttp.ClientError):
        await bot.send("GET", "/users/me")
    await office.sandbox.start_listening()
    assert office.sandbox.url == url
    await bot.ok("GET", "/users/me")


async def test_what_integrations_were_asked_is_on_record(office: Office) -> None:
    office.integration.say({"text": "hi"})
    new = {"team_id": office.team.id, "trigger": "cal", "method": "P", "url": f"{office.integration.url}/c"}
    await office.admin.ok("POST", "/commands", new)
    await office.as_(office.anna).ok(
        "POST", "/commands/execute", {"channel_id": office.town.id, "command": "/cal x"}
    )
    [call] = (await office.client(None).ok("GET", "/sandbox/log"))["calls"]
    assert (call["kind"], call["status"], call["answer"]) == ("command", 200, '{"text": "hi"}')
    assert "text=x" in call["body"]


async def test_the_server_limits_requests_when_set_so(
    clock: ManualClock, session: aiohttp.ClientSession
) -> None:
    sandbox = MattermostSandbox(clock=clock, limits=Limits(rate_per_second=2, rate_burst=3))
    await sandbox.start()
    client = Client(session, sandbox.url, None)
    statuses = [(await client.send("GET", "/system/ping"))[0] for _ in range(6)]
    assert statuses == [200] * 4 + [429] * 2
    assert (client.headers["X-RateLimit-Remaining"], client.headers["Retry-After"]) == ("0", "1")
    clock.advance(timedelta(seconds=0.5))
    assert [(await client.send("GET", "/system/ping"))[0] for _ in range(2)] == [200, 429]
    await sandbox.stop()
