"""The event stream: login, order, resuming, loss, revoked tokens."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from tests.integration.sandbox.office import Client, Listener, Office

from sekretar.kernel.clock import ManualClock
from sekretar.sandbox.mattermost import Limits, MattermostSandbox


async def say(office: Office, text: str = "x") -> None:
    await office.bot.ok("POST", "/posts", {"channel_id": await office.direct(office.anna), "message": text})


def texts(events: list[dict[str, Any]]) -> list[str]:
    """The messages of the posts among the events."""
    return [json.loads(e["data"]["post"])["message"] for e in events if e.get("event") == "posted"]


async def closed(listener: Listener) -> bool:
    """Whether the socket ends; fails by the time-out of `any` when it does not."""
    try:
        while True:
            await listener.any()
    except ConnectionError:
        return True


async def lose(office: Office, listener: Listener) -> None:
    """Break the socket and wait until the server has seen it."""
    office.sandbox.drop_sockets()
    await closed(listener)
    async with asyncio.timeout(5):
        while (await office.client(None).ok("GET", "/sandbox/faults"))["sockets"]:
            pass


async def test_hello_comes_first_and_numbers_follow(office: Office) -> None:
    listener = await office.listen(office.as_(office.anna))
    hello = await listener.next("hello")
    assert (hello["seq"], len(hello["data"]["connection_id"])) == (0, 26)
    assert hello["data"]["server_version"].startswith("10.11.0.")
    await say(office)
    await say(office)
    await listener.next("posted")
    await listener.next("posted")
    assert [event["seq"] for event in listener.heard] == list(range(len(listener.heard)))


async def test_a_posted_event_is_json_within_json(office: Office) -> None:
    listener = await office.listen(office.as_(office.anna))
    await say(office, "hello")
    event = await listener.next("posted")
    assert json.loads(event["data"]["post"])["message"] == "hello"
    assert json.loads(event["data"]["mentions"]) == [office.anna.id]
    assert (event["data"]["channel_type"], event["data"]["sender_name"]) == ("D", "@sekretar")
    assert event["broadcast"]["channel_id"] == json.loads(event["data"]["post"])["channel_id"]


async def test_all_calls_everyone_but_only_members_hear(office: Office) -> None:
    anna, vera = [await office.listen(office.as_(user)) for user in (office.anna, office.vera)]
    draft = {"channel_id": office.leads.id, "message": "@all now, `@boris` not"}
    await office.admin.ok("POST", "/posts", draft)
    assert json.loads((await anna.next("posted"))["data"]["mentions"]) == [office.anna.id]
    assert "posted" not in await vera.quiet_until(lambda: asyncio.sleep(0))


async def test_a_name_in_code_calls_nobody(office: Office) -> None:
    anna = await office.listen(office.as_(office.anna))
    await office.admin.ok(
        "POST", "/posts", {"channel_id": office.leads.id, "message": "`@anna` ```\n@all\n```"}
    )
    assert "mentions" not in (await anna.next("posted"))["data"]


async def test_login_by_challenge(office: Office) -> None:
    socket = await office.session.ws_connect(f"{office.sandbox.url}/api/v4/websocket")
    listener = Listener(socket)
    anna = office.as_(office.anna)
    reply = await listener.reply("authentication_challenge", {"token": anna.token})
    assert (reply["status"], [e["event"] for e in listener.heard if "event" in e]) == ("OK", ["hello"])
    await say(office)
    await listener.next("posted")


async def test_a_wrong_challenge_ends_the_socket(office: Office) -> None:
    listener = Listener(await office.session.ws_connect(f"{office.sandbox.url}/api/v4/websocket"))
    await listener.socket.send_json(
        {"seq": 1, "action": "authentication_challenge", "data": {"token": "x" * 26}}
    )
    assert await closed(listener)


async def test_silence_ends_the_socket(session: aiohttp.ClientSession, clock: ManualClock) -> None:
    sandbox = MattermostSandbox(clock=clock, limits=Limits(socket_login_seconds=0.02))
    await sandbox.start()
    listener = Listener(await session.ws_connect(f"{sandbox.url}/api/v4/websocket"))
    assert await closed(listener)
    await sandbox.stop()


async def test_a_large_frame_ends_the_socket(office: Office) -> None:
    listener = await office.listen(office.as_(office.anna))
    await listener.socket.send_str(json.dumps({"seq": 1, "action": "ping", "data": {"x": "x" * 8192}}))
    assert await closed(listener)


async def returning(office: Office, client: Client, connection_id: str, sequence: int) -> Listener:
    return await office.listen(client, f"?connection_id={connection_id}&sequence_number={sequence}")


async def test_resuming_misses_nothing(office: Office) -> None:
    anna = office.as_(office.anna)
    listener = await office.listen(anna)
    connection_id = (await listener.next("hello"))["data"]["connection_id"]
    await say(office, "seen")
    last = await listener.next("posted")
    await lose(office, listener)
    await say(office, "missed 1")
    await say(office, "missed 2")
    again = await returning(office, anna, connection_id, last["seq"] + 1)
    await again.next("posted", lambda event: "missed 2" in event["data"]["post"])
    assert "hello" not in [event["event"] for event in again.heard]
    assert texts(again.heard) == ["missed 1", "missed 2"]
    assert [event["seq"] for event in again.heard] == list(range(last["seq"] + 1, again.heard[-1]["seq"] + 1))


async def test_resuming_repeats_what_the_client_did_not_see(office: Office) -> None:
    anna = office.as_(office.anna)
    listener = await office.listen(anna)
    connection_id = (await listener.next("hello"))["data"]["connection_id"]
    await say(office, "one")
    first = await listener.next("posted")
    await say(office, "two")
    await listener.next("posted")
    await lose(office, listener)
    again = await returning(office, anna, connection_id, first["seq"])
    await again.next("posted", lambda event: "two" in event["data"]["post"])
    assert texts(again.heard) == ["one", "two"]
    assert again.heard[0]["seq"] == first["seq"]


@pytest.mark.parametrize("how", ["late", "forgotten", "too far ahead", "too far behind"])
async def test_lost_state_is_a_new_hello(office: Office, clock: ManualClock, how: str) -> None:
    anna = office.as_(office.anna)
    listener = await office.listen(anna)
    connection_id = (await listener.next("hello"))["data"]["connection_id"]
    sequence = {"too far ahead": 99, "too far behind": 1}.get(how, 2)
    if how == "too far behind":
        for number in range(135):
            await say(office, str(number))
        await listener.next("posted", lambda event: "134" in event["data"]["post"])
    await lose(office, listener)
    if how == "late":
        clock.advance(timedelta(minutes=5, seconds=1))
    if how == "forgotten":
        office.sandbox.forget_sockets()
    again = await returning(office, anna, connection_id, sequence)
    hello = await again.next("hello")
    assert hello["seq"] == 0
    assert hello["data"]["connection_id"] != connection_id


async def test_the_connection_of_another_cannot_be_resumed(office: Office) -> None:
    listener = await office.listen(office.as_(office.anna))
    connection_id = (await listener.next("hello"))["data"]["connection_id"]
    await lose(office, listener)
    again = await returning(office, office.as_(office.boris), connection_id, 1)
    assert (await again.next("hello"))["data"]["connection_id"] != connection_id


async def test_a_live_connection_is_not_taken_over(office: Office) -> None:
    anna = office.as_(office.anna)
    listener = await office.listen(anna)
    connection_id = (await listener.next("hello"))["data"]["connection_id"]
    again = await returning(office, anna, connection_id, 1)
    assert (await again.next("hello"))["data"]["connection_id"] != connection_id
    assert (await listener.reply("ping"))["status"] == "OK"


@pytest.mark.parametrize(
    "query", ["?connection_id=short", "?connection_id={id}", "?connection_id={id}&sequence_number=-1"]
)
async def test_a_query_that_makes_no_sense_ends_the_socket(office: Office, query: str) -> None:
    anna = office.as_(office.anna)
    listener = await office.listen(anna)
    connection_id = (await listener.next("hello"))["data"]["connection_id"]
    await lose(office, listener)
    assert await closed(await office.listen(anna, query.format(id=connection_id)))


async def test_a_revoked_token_does_not_close_the_socket(office: Office) -> None:
    bot = office.bot
    listener = await office.listen(bot)
    await listener.next("hello")
    assert (await listener.reply("ping"))["data"]["text"] == "pong"
    office.sandbox.revoke_token(office.bot_user.token)
    reply = await listener.reply("ping", seq=2)
    assert (reply["status"], reply["error"]["id"], reply["error"]["status_code"]) == (
        "FAIL", "api.web_socket_router.not_authenticated.app_error", 401,
    )  # fmt: skip
    assert not listener.socket.closed
    assert (await bot.refused("GET", "/users/me"))[0] == 401


async def test_a_disabled_bot_loses_its_socket(office: Office) -> None:
    listener = await office.listen(office.bot)
    await listener.next("hello")
    await office.admin.ok("POST", f"/bots/{office.bot_user.user.id}/disable")
    assert await closed(listener)


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"seq": 1, "action": "dance"}, "bad_action"),
        ({"seq": 1}, "no_action"),
        ({"seq": 0, "action": "ping"}, "bad_seq"),
    ],
)
async def test_requests_that_are_refused(office: Office, request_: dict[str, Any], error: str) -> None:
    listener = await office.listen(office.bot)
    await listener.socket.send_json(request_)
    async with asyncio.timeout(5):
        while "status" not in (reply := await listener.any()):
            pass
    assert (reply["status"], reply["error"]["id"]) == ("FAIL", f"api.web_socket_router.{error}.app_error")


async def test_a_slow_reader_is_cut_off(clock: ManualClock, session: aiohttp.ClientSession) -> None:
    sandbox = MattermostSandbox(clock=clock, limits=Limits(socket_queue=4))
    await sandbox.start()
    anna = sandbox.add_user("anna")
    client = Client(session, sandbox.url, sandbox.add_session(anna))
    socket = await session.ws_connect(
        f"{sandbox.url}/api/v4/websocket", headers={"Authorization": f"Bearer {client.token}"}
    )
    listener = Listener(socket)
    await listener.reply("ping")
    for _ in range(5):
        sandbox.site.tell_user_updated(anna)
    assert await closed(listener)
    await sandbox.stop()


async def test_coming_and_going_changes_the_status(office: Office) -> None:
    anna = office.as_(office.anna)
    listener = await office.listen(anna)
    assert (await listener.next("status_change"))["data"] == {"status": "online", "user_id": office.anna.id}
    assert (await office.bot.ok("GET", f"/users/{office.anna.id}/status"))["status"] == "online"
    await lose(office, listener)
    async with asyncio.timeout(5):
        while (await office.bot.ok("GET", f"/users/{office.anna.id}/status"))["status"] != "offline":
            pass


async def test_being_added_is_told(office: Office) -> None:
    listener = await office.listen(office.bot)
    await office.admin.ok(
        "POST", f"/channels/{office.leads.id}/members", {"user_id": office.bot_user.user.id}
    )
    event = await listener.next("user_added")
    assert event["data"] == {"user_id": office.bot_user.user.id, "team_id": office.team.id}
    assert event["broadcast"]["channel_id"] == office.leads.id
    posted = json.loads((await listener.next("posted"))["data"]["post"])
    assert posted["type"] == "system_add_to_channel"
