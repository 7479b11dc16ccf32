"""Tokens, bots, roles, statuses: what a bot may, what it may not, and what an administrator can change about it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from tests.integration.sandbox.office import Json, Office

from sekretar.kernel.clock import ManualClock
from sekretar.sandbox.mattermost import PASSWORD

EXPIRED = (401, "api.context.session_expired.app_error")
FORBIDDEN = (403, "api.context.permissions.app_error")


async def test_login_gives_a_session_for_thirty_days(office: Office, clock: ManualClock) -> None:
    nobody = office.client(None)
    user = await nobody.ok("POST", "/users/login", {"login_id": "anna", "password": PASSWORD})
    anna = office.client(nobody.headers["Token"])
    assert (await anna.ok("GET", "/users/me"))["id"] == user["id"]
    assert (await nobody.refused("POST", "/users/login", {"login_id": "anna", "password": "x"}))[0] == 401
    clock.advance(timedelta(days=30))
    assert await anna.refused("GET", "/users/me") == EXPIRED


async def test_a_cookie_goes_before_the_header_and_needs_more_to_write(office: Office) -> None:
    nobody = office.client(None)
    login = {"login_id": "anna", "password": PASSWORD}
    await nobody.ok("POST", "/users/login", login, headers={"X-Requested-With": "XMLHttpRequest"})
    cookies = {"Cookie": f"MMAUTHTOKEN={nobody.headers['Token']}"}
    assert (await office.bot.ok("GET", "/users/me", headers=cookies))["username"] == "anna"
    draft = {"channel_id": office.town.id, "message": "x"}
    assert await office.bot.refused("POST", "/posts", draft, headers=cookies) == EXPIRED


async def test_bots_and_tokens_are_the_administrator_s(office: Office) -> None:
    assert await office.as_(office.anna).refused("POST", "/bots", {"username": "mine"}) == FORBIDDEN
    admin_bot = office.sandbox.add_bot("mighty", office.admin_user, admin=True)
    assert await office.client(admin_bot.token).refused("POST", "/bots", {"username": "child"}) == FORBIDDEN
    office.sandbox.configure(enable_bot_account_creation=False)
    assert await office.admin.refused("POST", "/bots", {"username": "late"}) == (
        403,
        "api.bot.create_disabled",
    )


async def test_bots_do_not_need_personal_tokens_to_be_enabled(office: Office) -> None:
    personal = office.client(office.sandbox.add_token(office.anna))
    await personal.ok("GET", "/users/me")
    office.sandbox.configure(enable_user_access_tokens=False)
    assert await personal.refused("GET", "/users/me") == EXPIRED
    await office.bot.ok("GET", "/users/me")


async def test_a_token_can_be_disabled_enabled_and_revoked(office: Office) -> None:
    admin, bot = office.admin, office.bot
    [token] = await admin.ok("GET", f"/users/{office.bot_user.user.id}/tokens")
    assert "token" not in token, "a token is shown only once"
    body = {"token_id": token["id"]}
    await admin.ok("POST", "/users/tokens/disable", body)
    assert await bot.refused("GET", "/users/me") == EXPIRED
    await admin.ok("POST", "/users/tokens/enable", body)
    await bot.ok("GET", "/users/me")
    await admin.ok("POST", "/users/tokens/revoke", body)
    assert await bot.refused("GET", "/users/me") == EXPIRED


@pytest.mark.parametrize("follows", [True, False])
async def test_bots_go_with_their_owner_when_the_server_is_set_so(office: Office, follows: bool) -> None:
    office.sandbox.configure(disable_bots_when_owner_is_deactivated=follows)
    owner = office.sandbox.add_user("owner", admin=True)
    bot = office.sandbox.add_bot("owned", owner)
    await office.admin.ok("PUT", f"/users/{owner.id}/active", {"active": False})
    status, _ = await office.client(bot.token).send("GET", "/users/me")
    assert status == (401 if follows else 200)


async def test_email_is_hidden_when_the_server_hides_it(office: Office) -> None:
    assert (await office.bot.ok("GET", f"/users/{office.anna.id}"))["email"] == "anna@example.com"
    office.sandbox.configure(show_email_address=False)
    assert (await office.bot.ok("GET", f"/users/{office.anna.id}"))["email"] == ""
    assert (await office.admin.ok("GET", f"/users/{office.anna.id}"))["email"] == "anna@example.com"
    assert await office.bot.refused("GET", "/users/email/anna@example.com") == FORBIDDEN


async def test_a_bot_sees_locale_and_time_zone(office: Office) -> None:
    anna = await office.bot.ok("GET", f"/users/{office.anna.id}")
    assert (anna["locale"], anna["timezone"]["automaticTimezone"]) == ("ru", "Europe/Moscow")
    assert "notify_props" not in anna


async def test_the_status_of_others_needs_a_permission(office: Office) -> None:
    custom = f"/users/{office.anna.id}/status/custom"
    status = {"emoji": "calendar", "text": "Meeting"}
    presence = {"user_id": office.anna.id, "status": "dnd"}
    assert await office.bot.refused("PUT", custom, status) == FORBIDDEN
    assert await office.bot.refused("PUT", f"/users/{office.anna.id}/status", presence) == FORBIDDEN
    role = await office.admin.ok("GET", "/roles/name/system_user")
    granted = {"permissions": [*role["permissions"], "edit_other_users"]}
    assert await office.bot.refused("PUT", f"/roles/{role['id']}/patch", granted) == FORBIDDEN
    await office.admin.ok("PUT", f"/roles/{role['id']}/patch", granted)
    await office.bot.ok("PUT", custom, status)
    await office.bot.ok("PUT", f"/users/{office.anna.id}/status", presence)
    seen = await office.bot.ok("GET", f"/users/{office.anna.id}")
    assert json.loads(seen["props"]["customStatus"])["text"] == "Meeting"
    admins = f"/users/{office.admin_user.id}/status/custom"
    assert await office.bot.refused("PUT", admins, status) == FORBIDDEN, "administrators are out of its reach"


@pytest.mark.parametrize(
    ("change", "accepted"),
    [
        ({}, True),
        ({"text": "x" * 101}, True),
        ({"duration": "date_and_time", "expires_at": "2026-03-04T12:00:00+03:00"}, False),
        ({"duration": "date_and_time", "expires_at": "2026-03-04T12:00:01+03:00"}, True),
        ({"duration": "date_and_time", "expires_at": "soon"}, False),
        ({"duration": "forever"}, False),
        ({"duration": "one_hour"}, False),
        ({"emoji": "", "text": ""}, False),
    ],
)
async def test_what_a_custom_status_may_be(office: Office, change: Json, accepted: bool) -> None:
    anna = office.as_(office.anna)
    status, _ = await anna.send(
        "PUT", "/users/me/status/custom", json={"emoji": "calendar", "text": "x", **change}
    )
    assert status == (200 if accepted else 400)
    stored = (await anna.ok("GET", "/users/me")).get("props", {}).get("customStatus", "")
    assert (len(json.loads(stored)["text"]) <= 100) if accepted else stored == ""


async def test_custom_statuses_can_be_off(office: Office) -> None:
    office.sandbox.configure(enable_custom_user_statuses=False)
    refused = await office.as_(office.anna).refused("PUT", "/users/me/status/custom", {"emoji": "a"})
    assert refused == (501, "api.custom_status.disabled")


async def test_do_not_disturb_ends_by_itself(office: Office, clock: ManualClock) -> None:
    anna = office.as_(office.anna)
    end = int(clock.now().timestamp()) + 3600
    body = {"user_id": office.anna.id, "status": "dnd", "dnd_end_time": end}
    assert (await anna.ok("PUT", "/users/me/status", body))["dnd_end_time"] == end
    clock.advance(timedelta(hours=1))
    assert (await anna.ok("GET", "/users/me/status"))["status"] == "online"


async def test_a_direct_channel_has_two_and_is_one(office: Office) -> None:
    bot_id = office.bot_user.user.id
    first, second = [await office.direct(office.anna) for _ in range(2)]
    assert first == second
    refused = await office.bot.refused("POST", "/channels/direct", [bot_id])
    assert refused == (400, "api.context.invalid_body_param.app_error")
    assert (
        await office.bot.refused("POST", "/channels/direct", [office.anna.id, office.boris.id]) == FORBIDDEN
    )
    assert (await office.bot.refused("POST", "/channels/direct", [bot_id, "x" * 26]))[0] == 400


async def test_unread_counts(office: Office) -> None:
    channel, anna = await office.direct(office.anna), office.as_(office.anna)
    await office.bot.ok("POST", "/posts", {"channel_id": channel, "message": "x"})
    path = f"/users/me/channels/{channel}/unread"
    unread = await anna.ok("GET", path)
    assert (unread["msg_count"], unread["mention_count"]) == (1, 1)
    await anna.ok("POST", "/channels/members/me/view", {"channel_id": channel})
    unread = await anna.ok("GET", path)
    assert (unread["msg_count"], unread["mention_count"]) == (0, 0)


async def test_doors_open_without_password_and_only_to_people(office: Office) -> None:
    nobody = office.client(None)
    people = await nobody.ok("GET", "/sandbox/people")
    assert [p["username"] for p in people] == ["anna", "boris", "vera", "admin"]
    assert people[0] == {"id": office.anna.id, "username": "anna", "name": "Анна Смирнова"}
    entry = await nobody.ok("POST", "/sandbox/login", {"username": "anna"})
    assert (await office.client(entry["token"]).ok("GET", "/users/me"))["id"] == entry["user"]["id"]
    assert (await nobody.refused("POST", "/sandbox/login", {"username": "sekretar"}))[0] == 400
