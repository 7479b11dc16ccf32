"""Commands, clicks and dialogs: what the server sends, what it accepts as an answer, what it refuses."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiohttp import web
from tests.integration.sandbox.office import Client, Json, Office

from sekretar.kernel.clock import ManualClock
from sekretar.sandbox.mattermost import Limits, MattermostSandbox

ACTION_ERROR = "api.post.do_action.action_integration.app_error"


async def register(office: Office, **change: Any) -> Json:
    new = {
        "team_id": office.team.id,
        "trigger": "cal",
        "method": "P",
        "url": f"{office.integration.url}/command",
    }
    command: Json = await office.admin.ok("POST", "/commands", {**new, **change})
    return command


async def run(
    office: Office, client: Client, text: str = "/cal today", channel_id: str | None = None
) -> Json:
    channel_id = channel_id or await office.direct(office.anna)
    body = {"channel_id": channel_id, "team_id": office.team.id, "command": text}
    answer: Json = await client.ok("POST", "/commands/execute", body)
    return answer


async def post_button(office: Office, **action: Any) -> Json:
    """A post of the bot with one action in anna's direct channel."""
    whole = {"id": "go", "type": "button", "name": "Go", **action}
    whole.setdefault("integration", {"url": f"{office.integration.url}/action", "context": {"claim": "c"}})
    draft = {
        "channel_id": await office.direct(office.anna),
        "message": "old",
        "props": {"attachments": [{"text": "t", "actions": [whole]}], "kept": 1},
    }
    post: Json = await office.bot.ok("POST", "/posts", draft)
    return post


async def test_a_command_carries_all_fields(office: Office) -> None:
    command = await register(office)
    anna = office.as_(office.anna)
    channel_id = await office.direct(office.anna)
    await run(office, anna, "/CAL with @boris in ~town-square", channel_id)
    method, path, body = office.integration.calls[-1]
    form = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
    assert (method, path) == ("POST", "/command")
    response_url = form.pop("response_url")
    assert response_url.startswith(f"{office.sandbox.url}/hooks/commands/")
    assert len(form.pop("trigger_id")) > 100
    assert form == {
        "token": command["token"],
        "team_id": office.team.id,
        "team_domain": "office",
        "channel_id": channel_id,
        "channel_name": form["channel_name"],
        "user_id": office.anna.id,
        "user_name": "anna",
        "command": "/cal",
        "text": "with @boris in ~town-square",
        "root_id": "",
        "user_mentions": "boris",
        "user_mentions_ids": office.boris.id,
        "channel_mentions": "town-square",
        "channel_mentions_ids": office.town.id,
    }
    headers = office.integration.headers[-1]
    assert headers["Authorization"] == f"Token {command['token']}"
    assert headers["User-Agent"] == "Mattermost-Bot/1.1"
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"


async def test_a_get_command_carries_them_in_the_query(office: Office) -> None:
    await register(office, method="G", url=f"{office.integration.url}/command?k=v")
    await run(office, office.as_(office.anna))
    method, path, body = office.integration.calls[-1]
    assert (method, body) == ("GET", "")
    assert path.startswith("/command?k=v&")
    assert "text=today" in path


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({}, "api.command.duplicate_trigger.app_error"),
        ({"trigger": "CAL"}, "api.command.duplicate_trigger.app_error"),
        ({"trigger": "away"}, "api.command.duplicate_trigger.app_error"),
        ({"trigger": "/x"}, "model.command.is_valid.trigger.app_error"),
        ({"trigger": "a b"}, "model.command.is_valid.trigger.app_error"),
        ({"trigger": "x" * 129}, "model.command.is_valid.trigger.app_error"),
        ({"trigger": "x", "url": "ftp://x"}, "model.command.is_valid.url_http.app_error"),
        ({"trigger": "x", "method": "X"}, "model.command.is_valid.method.app_error"),
        ({"trigger": "x", "display_name": "x" * 65}, "model.command.is_valid.display_name.app_error"),
        ({"trigger": "x", "description": "x" * 129}, "model.command.is_valid.description.app_error"),
    ],
)
async def test_what_a_command_may_not_be(office: Office, change: Json, error: str) -> None:
    await register(office)
    new = {
        "team_id": office.team.id,
        "trigger": "cal",
        "method": "P",
        "url": office.integration.url,
        **change,
    }
    assert await office.admin.refused("POST", "/commands", new) == (400, error)


async def test_only_team_administrators_register_commands(office: Office) -> None:
    new = {"team_id": office.team.id, "trigger": "x", "method": "P", "url": office.integration.url}
    assert (await office.bot.refused("POST", "/commands", new))[0] == 403
    member = f"/teams/{office.team.id}/members/{office.bot_user.user.id}/roles"
    await office.admin.ok("PUT", member, {"roles": "team_user team_admin"})
    command = await office.bot.ok("POST", "/commands", new)
    assert len(command["token"]) == len(command["id"]) == 26


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (web.Response(status=201, text="{}"), "failed_resp"),
        (web.Response(status=500, text="oops"), "failed_resp"),
        (web.Response(text="{", content_type="application/json"), "failed"),
        (web.Response(text='{"text": 1}', content_type="application/json"), "failed"),
        (web.Response(text="", content_type="application/json"), "failed"),
    ],
)
async def test_only_a_proper_200_is_an_answer(office: Office, answer: web.Response, error: str) -> None:
    await register(office)
    office.integration.answer = lambda request: answer
    body = {"channel_id": office.town.id, "team_id": office.team.id, "command": "/cal"}
    refused = await office.as_(office.anna).refused("POST", "/commands/execute", body)
    assert refused == (500, f"api.command.execute_command.{error}.app_error")


async def test_an_unknown_command_is_not_found(office: Office) -> None:
    body = {"channel_id": office.town.id, "team_id": office.team.id, "command": "/nothing"}
    refused = await office.as_(office.anna).refused("POST", "/commands/execute", body)
    assert refused == (404, "api.command.execute_command.not_found.app_error")


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        ({"text": "<http://a.example|A> <!channel>"}, "[A](http://a.example) @channel"),
        ({"text": "<http://a.example|A>", "skip_slack_parsing": True}, "<http://a.example|A>"),
    ],
)
async def test_slack_markup_is_rewritten_unless_told_otherwise(
    office: Office, answer: Json, seen: str
) -> None:
    await register(office)
    office.integration.say(answer)
    anna = office.as_(office.anna)
    listener = await office.listen(anna)
    await run(office, anna)
    post = json.loads((await listener.next("ephemeral_message"))["data"]["post"])
    assert (post["message"], post["type"], post["props"]["from_webhook"]) == (
        seen,
        "system_ephemeral",
        "true",
    )


async def test_in_channel_speaks_as_the_person(office: Office) -> None:
    await register(office)
    office.integration.say(
        {"response_type": "in_channel", "text": "hello", "extra_responses": [{"text": "psst"}]}
    )
    anna = office.as_(office.anna)
    listener = await office.listen(anna)
    await run(office, anna)
    post = json.loads((await listener.next("posted"))["data"]["post"])
    assert (post["user_id"], post["props"]["from_webhook"]) == (office.anna.id, "true")
    assert "psst" in (await listener.next("ephemeral_message"))["data"]["post"]


async def test_an_empty_answer_shows_nothing(office: Office) -> None:
    await register(office)
    anna = office.as_(office.anna)
    listener = await office.listen(anna)
    await listener.reply("ping")
    assert await listener.quiet_until(lambda: run(office, anna)) == ["direct_added"]


async def test_a_response_url_lives_half_an_hour_and_five_answers(office: Office, clock: ManualClock) -> None:
    await register(office)
    anna = office.as_(office.anna)
    channel_id = await office.direct(office.anna)

    async def fresh() -> str:
        await run(office, anna, channel_id=channel_id)
        url: str = parse_qs(office.integration.calls[-1][2])["response_url"][0]
        return url.removeprefix(office.sandbox.url)

    url, nobody = await fresh(), office.client(None)
    for _ in range(5):
        assert await nobody.ok("POST", url, {"text": "later"}) == "ok"
    assert await nobody.refused("POST", url, {"text": "later"}) == (
        400,
        "app.command_webhook.try_use.invalid",
    )
    url = await fresh()
    clock.advance(timedelta(minutes=31))
    assert (await nobody.refused("POST", url, {"text": "later"}))[0] == 404


async def test_private_addresses_are_refused_unless_listed(office: Office) -> None:
    await register(office)
    post = await post_button(office)
    anna = office.as_(office.anna)
    office.sandbox.configure(
        allowed_untrusted_internal_connections="10.0.0.0/8 other.example", enable_developer=True
    )
    status, answer = await anna.send("POST", f"/posts/{post['id']}/actions/go", json={})
    assert (status, answer["id"]) == (400, ACTION_ERROR)
    assert "AllowedUntrustedInternalConnections" in answer["detailed_error"]
    body = {"channel_id": office.town.id, "command": "/cal"}
    assert (await anna.refused("POST", "/commands/execute", body))[0] == 500
    assert office.integration.calls == []
    office.sandbox.configure(allowed_untrusted_internal_connections="127.0.0.1")
    await anna.ok("POST", f"/posts/{post['id']}/actions/go", {})


async def test_a_click_carries_who_where_and_the_context(office: Office) -> None:
    post = await post_button(office)
    answer = await office.as_(office.anna).ok("POST", f"/posts/{post['id']}/actions/go", {})
    _, path, payload = office.integration.calls[-1]
    assert path == "/action"
    assert len(payload.pop("trigger_id")) > 100
    assert len(answer["trigger_id"]) == 26
    assert payload == {
        "user_id": office.anna.id,
        "user_name": "anna",
        "channel_id": post["channel_id"],
        "channel_name": payload["channel_name"],
        "team_id": "",
        "team_domain": "",
        "post_id": post["id"],
        "type": "button",
        "data_source": "",
        "context": {"claim": "c"},
    }
    assert "Authorization" not in office.integration.headers[-1]


async def test_a_selection_is_added_to_the_context(office: Office) -> None:
    post = await post_button(office, type="select", data_source="users")
    await office.as_(office.anna).ok("POST", f"/posts/{post['id']}/actions/go", {"selected_option": "u1"})
    payload = office.integration.calls[-1][2]
    assert (payload["context"], payload["data_source"]) == ({"claim": "c", "selected_option": "u1"}, "users")


@pytest.mark.parametrize("action_id", ["a_b", "a-b", "да"])
async def test_an_action_id_that_is_not_alphanumeric_cannot_be_clicked(
    office: Office, action_id: str
) -> None:
    post = await post_button(office, id=action_id)
    refused = await office.as_(office.anna).refused("POST", f"/posts/{post['id']}/actions/{action_id}", {})
    assert refused == (404, "api.context.404.app_error")


async def test_a_stranger_to_the_channel_cannot_click(office: Office) -> None:
    post = await post_button(office)
    refused = await office.as_(office.boris).refused("POST", f"/posts/{post['id']}/actions/go", {})
    assert refused == (403, "api.context.permissions.app_error")


@pytest.mark.parametrize(
    ("update", "message", "props"),
    [
        ({"message": "new"}, "new", {"attachments", "kept", "from_bot"}),
        ({"message": "new", "props": None}, "new", {"attachments", "kept", "from_bot"}),
        ({"message": "new", "props": {}}, "new", set()),
        ({"message": "new", "props": {"x": 1}}, "new", {"x"}),
        ({"props": {}}, "", set()),
    ],
)
async def test_what_an_update_keeps(office: Office, update: Json, message: str, props: set[str]) -> None:
    post = await post_button(office)
    await office.bot.ok("POST", f"/posts/{post['id']}/pin")
    office.integration.say({"update": update})
    await office.as_(office.anna).ok("POST", f"/posts/{post['id']}/actions/go", {})
    after = await office.bot.ok("GET", f"/posts/{post['id']}")
    assert (after["message"], set(after["props"]), after["is_pinned"]) == (message, props, True)


async def test_override_props_survive_an_update(office: Office) -> None:
    post = await post_button(office)
    stored = office.sandbox.world.posts.get(post["id"])
    assert stored is not None
    stored.props["override_username"] = "Secretary"
    office.integration.say({"update": {"message": "new", "props": {"from_webhook": "true", "x": 1}}})
    await office.as_(office.anna).ok("POST", f"/posts/{post['id']}/actions/go", {})
    after = await office.bot.ok("GET", f"/posts/{post['id']}")
    assert after["props"] == {"override_username": "Secretary", "x": 1}


async def test_the_text_of_a_click_is_for_the_clicker(office: Office) -> None:
    post = await post_button(office)
    office.integration.say({"ephemeral_text": "done"})
    anna = office.as_(office.anna)
    listener = await office.listen(anna)
    await anna.ok("POST", f"/posts/{post['id']}/actions/go", {})
    shown = json.loads((await listener.next("ephemeral_message"))["data"]["post"])
    assert (shown["message"], shown["root_id"]) == ("done", post["id"])


@pytest.mark.parametrize(("status", "seen"), [(201, 400), (404, 400), (429, 429), (500, 502), (503, 503)])
async def test_a_click_needs_a_200(office: Office, status: int, seen: int) -> None:
    post = await post_button(office)
    office.integration.say({}, status)
    refused = await office.as_(office.anna).refused("POST", f"/posts/{post['id']}/actions/go", {})
    assert refused == (seen, ACTION_ERROR)


async def test_the_action_of_an_ephemeral_post_travels_in_a_cookie(office: Office) -> None:
    await register(office)
    integration = {"url": f"{office.integration.url}/action", "context": {"claim": "secret"}}
    action = {"id": "go", "type": "button", "name": "Go", "integration": integration}
    office.integration.say({"attachments": [{"actions": [action]}]})
    anna = office.as_(office.anna)
    listener = await office.listen(anna)
    await run(office, anna)
    post = json.loads((await listener.next("ephemeral_message"))["data"]["post"])
    assert "secret" not in str(post)
    cookie = post["props"]["attachments"][0]["actions"][0]["cookie"]
    click = f"/posts/{post['id']}/actions/go"
    office.integration.say({})
    await anna.ok("POST", click, {"cookie": cookie})
    assert office.integration.calls[-1][2]["context"] == {"claim": "secret"}
    assert (await anna.refused("POST", click, {"cookie": "forged"}))[0] == 400
    assert (await anna.refused("POST", click, {}))[0] == 403


async def trigger(office: Office) -> str:
    post = await post_button(office)
    await office.as_(office.anna).ok("POST", f"/posts/{post['id']}/actions/go", {})
    return str(office.integration.calls[-1][2]["trigger_id"])


def opening(trigger_id: str, **dialog: Any) -> Json:
    element = {"display_name": "Login", "name": "login", "type": "text"}
    whole = {"callback_id": "connect", "title": "Connect", "elements": [element], "state": "sealed", **dialog}
    return {"trigger_id": trigger_id, "url": "http://127.0.0.1:1/dialog", "dialog": whole}


async def test_a_dialog_opens_for_who_clicked_with_all_it_says(office: Office) -> None:
    listener = await office.listen(office.as_(office.anna))
    other = await office.listen(office.as_(office.boris))
    await office.bot.ok("POST", "/actions/dialogs/open", opening(await trigger(office), title="x" * 25))
    request = json.loads((await listener.next("open_dialog"))["data"]["dialog"])
    assert (request["url"], request["dialog"]["state"]) == ("http://127.0.0.1:1/dialog", "sealed")
    assert request["dialog"]["elements"][0]["optional"] is False
    assert len(request["trigger_id"]) == 26
    assert await other.quiet_until(lambda: other.reply("ping")) == ["hello", "status_change"]
    assert any("title" in warning for warning in office.sandbox.journal.warnings)


async def test_a_trigger_lives_thirty_seconds(office: Office, clock: ManualClock) -> None:
    trigger_id = await trigger(office)
    clock.advance(timedelta(seconds=30))
    await office.bot.ok("POST", "/actions/dialogs/open", opening(trigger_id))
    clock.advance(timedelta(milliseconds=1))
    refused = await office.bot.refused("POST", "/actions/dialogs/open", opening(trigger_id))
    assert refused == (400, "interactive_message.decode_trigger_id.expired")
    assert (await office.bot.refused("POST", "/actions/dialogs/open", opening("garbage!")))[0] == 400


async def test_a_submission_tells_only_the_user_for_certain(office: Office) -> None:
    office.integration.say({"errors": {"login": "wrong"}, "error": "no"})
    channel_id = await office.direct(office.anna)
    body = {
        "url": f"{office.integration.url}/dialog",
        "callback_id": "forged",
        "state": "forged",
        "user_id": office.boris.id,
        "channel_id": channel_id,
        "team_id": office.team.id,
        "submission": {"login": "x", "all": True},
    }
    answer = await office.as_(office.anna).ok("POST", "/actions/dialogs/submit", body)
    assert answer == {"errors": {"login": "wrong"}, "error": "no"}
    assert office.integration.calls[-1][2] == {
        "type": "dialog_submission",
        "callback_id": "forged",
        "state": "forged",
        "user_id": office.anna.id,
        "channel_id": channel_id,
        "team_id": office.team.id,
        "submission": {"login": "x", "all": True},
        "cancelled": False,
    }
    assert (await office.as_(office.boris).refused("POST", "/actions/dialogs/submit", body))[0] == 403


async def test_an_integration_that_hangs_is_given_up(office: Office, clock: ManualClock) -> None:
    silent = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    sandbox = MattermostSandbox(clock=clock, limits=Limits(integration_timeout=0.05))
    await sandbox.start()
    try:
        hasty = Office(sandbox, office.session, office.integration)
        post = await post_button(hasty, integration={"url": f"http://127.0.0.1:{port}/"})
        refused = await hasty.as_(hasty.anna).refused("POST", f"/posts/{post['id']}/actions/go", {})
    finally:
        await sandbox.stop()
        silent.close()
    assert refused == (400, ACTION_ERROR)
    assert "deadline exceeded" in sandbox.journal.calls[-1].error
