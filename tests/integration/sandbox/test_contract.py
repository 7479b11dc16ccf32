"""The sandbox against Mattermost's own specification: every route exists there, every success has its status."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from tests.contracts.trim_mattermost import TRIMMED, plain, trim
from tests.integration.sandbox.office import ROOTED, Json, Office

from sekretar.sandbox.mattermost.server import API_ROUTES

FULL = Path(__file__).parents[3].parent / "shared" / "contracts" / "mattermost-openapi-v4.json"

#: Routes of real servers that the specification leaves out.
UNSPECIFIED = {
    "POST /hooks/commands/{}",
    "GET /oauth/authorize",
    "POST /oauth/authorize",
    "POST /oauth/deauthorize",
    "POST /oauth/access_token",
}
#: Where servers answer another status than the specification says (seen on a running server).
REAL_STATUS = {
    "POST /api/v4/users/login": 200,
    "POST /api/v4/users/logout": 200,
    "POST /api/v4/users/{}/tokens": 200,
    "POST /api/v4/teams/{}/channels/search": 200,
    "POST /api/v4/reactions": 200,
}
#: Not declared, because the answer is a file or a switch of protocols.
NO_DECLARED_SUCCESS = {"GET /api/v4/files/{}": 200, "GET /api/v4/websocket": 101}

ROUTES = {f"{route.method} {plain(route.path)}" for route in API_ROUTES}


def declared() -> dict[str, list[int]]:
    routes: dict[str, list[int]] = json.loads(TRIMMED.read_text(encoding="utf-8"))
    return routes


def test_the_trimmed_specification_is_that_of_mattermost() -> None:
    assert len(declared()) > 400
    if not FULL.is_file():
        pytest.skip(f"the full specification is not there to compare with: {FULL}")
    assert declared() == trim(json.loads(FULL.read_text(encoding="utf-8"))), (
        "run tests.contracts.trim_mattermost"
    )


def test_every_route_is_specified() -> None:
    assert ROUTES - declared().keys() == UNSPECIFIED


class Walk:
    """Calls routes and notes which ones, and with which status of success."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.seen: dict[str, set[int]] = {}

    async def __call__(
        self, token: str | None, method: str, template: str, body: object = None, **given: str
    ) -> Json:
        prefix = "" if template.startswith(ROOTED) else "/api/v4"
        client = self.office.client(token)
        path, _, query = template.partition("?")
        real = f"{prefix}{path}".format(**given) + (f"?{query}" if query else "")
        options = {"data": body} if path == "/oauth/access_token" else {"json": body}
        status, answer = await client.send(method, real, **(options if body is not None else {}))
        assert status < 400, (method, real, status, answer)
        self.seen.setdefault(f"{method} {plain(prefix + path)}", set()).add(status)
        return answer if isinstance(answer, dict) else {"answer": answer}


async def test_every_route_succeeds_with_the_declared_status(office: Office) -> None:
    walk = Walk(office)
    await walk_people(walk)
    await walk_places(walk)
    await walk_posts(walk)
    await walk_integrations(walk)
    await walk_oauth(walk)
    assert walk.seen.keys() == ROUTES
    for route, statuses in walk.seen.items():
        expected = declared().get(route, []) or [200, 302]
        assert statuses <= {
            REAL_STATUS.get(route) or NO_DECLARED_SUCCESS.get(route) or status for status in expected
        }
        if route in REAL_STATUS:
            assert REAL_STATUS[route] not in expected, f"{route} is no exception any more"


async def walk_people(walk: Walk) -> None:
    office = walk.office
    admin, bot, anna = office.admin.token, office.bot.token, office.as_(office.anna).token
    user = await walk(
        admin, "POST", "/users", {"username": "new", "email": "new@example.com", "password": "Sandbox-pass-1"}
    )
    await walk(None, "POST", "/users/login", {"login_id": "anna", "password": "Sandbox-pass-1"})
    await walk(office.as_(office.vera).token, "POST", "/users/logout")
    await walk(bot, "GET", "/users?per_page=10")
    await walk(bot, "GET", "/users/{user_id}", user_id="me")
    await walk(bot, "GET", "/users/username/{username}", username="anna")
    await walk(bot, "GET", "/users/email/{email}", email="anna@example.com")
    await walk(bot, "POST", "/users/ids", [office.anna.id])
    await walk(bot, "POST", "/users/usernames", ["anna"])
    await walk(bot, "POST", "/users/search", {"term": "an"})
    await walk(bot, "GET", "/users/autocomplete?name=an")
    await walk(anna, "PUT", "/users/{user_id}/patch", {"nickname": "A"}, user_id="me")
    await walk(admin, "PUT", "/users/{user_id}/roles", {"roles": "system_user"}, user_id=user["id"])
    await walk(admin, "PUT", "/users/{user_id}/active", {"active": True}, user_id=user["id"])
    await walk(
        admin, "PUT", "/users/{user_id}/password", {"new_password": "Other-pass-1"}, user_id=user["id"]
    )
    sessions = (await walk(anna, "GET", "/users/{user_id}/sessions", user_id="me"))["answer"]
    await walk(
        anna, "POST", "/users/{user_id}/sessions/revoke", {"session_id": sessions[0]["id"]}, user_id="me"
    )
    await walk(admin, "DELETE", "/users/{user_id}", user_id=user["id"])
    made = await walk(admin, "POST", "/bots", {"username": "other", "display_name": "O"})
    await walk(admin, "GET", "/bots")
    for method, path, body in (
        ("GET", "/bots/{bot_user_id}", None),
        ("PUT", "/bots/{bot_user_id}", {"display_name": "P"}),
        ("POST", "/bots/{bot_user_id}/disable", None),
        ("POST", "/bots/{bot_user_id}/enable", None),
        ("POST", "/bots/{bot_user_id}/assign/{user_id}", None),
    ):
        await walk(admin, method, path, body, bot_user_id=made["user_id"], user_id=office.admin_user.id)
    token = await walk(
        admin, "POST", "/users/{user_id}/tokens", {"description": "t"}, user_id=made["user_id"]
    )
    await walk(admin, "GET", "/users/{user_id}/tokens", user_id=made["user_id"])
    await walk(admin, "GET", "/users/tokens/{token_id}", token_id=token["id"])
    for act in ("disable", "enable", "revoke"):
        await walk(admin, "POST", f"/users/tokens/{act}", {"token_id": token["id"]})
    await walk(bot, "GET", "/users/{user_id}/status", user_id=office.boris.id)
    await walk(bot, "POST", "/users/status/ids", [office.boris.id])
    boris = office.as_(office.boris).token
    await walk(
        boris, "PUT", "/users/{user_id}/status", {"user_id": office.boris.id, "status": "dnd"}, user_id="me"
    )
    await walk(
        boris, "PUT", "/users/{user_id}/status/custom", {"emoji": "calendar", "text": "x"}, user_id="me"
    )
    await walk(boris, "DELETE", "/users/{user_id}/status/custom/recent", {"text": "x"}, user_id="me")
    await walk(boris, "DELETE", "/users/{user_id}/status/custom", user_id="me")
    preference = {"user_id": office.boris.id, "category": "c", "name": "n", "value": "v"}
    await walk(boris, "PUT", "/users/{user_id}/preferences", [preference], user_id="me")
    await walk(boris, "GET", "/users/{user_id}/preferences", user_id="me")
    await walk(boris, "GET", "/users/{user_id}/preferences/{category}", user_id="me", category="c")
    role = await walk(bot, "GET", "/roles/name/{role_name}", role_name="system_user")
    await walk(admin, "GET", "/roles")
    await walk(bot, "GET", "/roles/{role_id}", role_id=role["id"])
    await walk(bot, "POST", "/roles/names", ["system_user"])
    await walk(
        admin, "PUT", "/roles/{role_id}/patch", {"permissions": role["permissions"]}, role_id=role["id"]
    )
    await walk(None, "GET", "/system/ping")
    await walk(None, "GET", "/config/client?format=old")
    config = await walk(admin, "GET", "/config")
    settings = {"AllowedUntrustedInternalConnections": "127.0.0.0/8"}
    assert "AllowedUntrustedInternalConnections" in config["ServiceSettings"]
    await walk(admin, "PUT", "/config/patch", {"ServiceSettings": settings})


async def walk_places(walk: Walk) -> None:
    office = walk.office
    admin, bot, vera = office.admin.token, office.bot.token, office.vera.id
    team = await walk(admin, "POST", "/teams", {"name": "annex", "display_name": "Annex", "type": "O"})
    here = {"team_id": team["id"], "user_id": vera, "team_name": "annex"}
    member = {"team_id": team["id"], "user_id": vera}
    await walk(admin, "POST", "/teams/{team_id}/members", member, **here)
    for path in (
        "/teams",
        "/teams/name/{team_name}",
        "/teams/name/{team_name}/exists",
        "/teams/{team_id}",
        "/teams/{team_id}/stats",
        "/teams/{team_id}/members",
        "/teams/{team_id}/members/{user_id}",
        "/users/{user_id}/teams",
        "/users/{user_id}/teams/members",
    ):
        await walk(admin, "GET", path, **here)
    await walk(
        admin, "PUT", "/teams/{team_id}/members/{user_id}/roles", {"roles": "team_user team_admin"}, **here
    )
    await walk(
        admin, "PUT", "/teams/{team_id}/members/{user_id}/schemeRoles", {"scheme_admin": False}, **here
    )
    new = {"team_id": team["id"], "name": "plans", "display_name": "Plans", "type": "P"}
    channel = await walk(admin, "POST", "/channels", new)
    here |= {"channel_id": channel["id"], "channel_name": "plans"}
    await walk(admin, "POST", "/channels/{channel_id}/members", {"user_id": vera}, **here)
    await walk(admin, "PUT", "/channels/{channel_id}/patch", {"header": "h"}, **here)
    for path in (
        "/channels/{channel_id}",
        "/channels/{channel_id}/stats",
        "/channels/{channel_id}/pinned",
        "/channels/{channel_id}/members",
        "/channels/{channel_id}/members/{user_id}",
        "/channels/{channel_id}/posts",
        "/teams/{team_id}/channels",
        "/teams/{team_id}/channels/name/{channel_name}",
        "/teams/name/{team_name}/channels/name/{channel_name}",
        "/users/{user_id}/channels",
        "/users/{user_id}/channels/{channel_id}/unread",
        "/users/{user_id}/teams/{team_id}/channels",
        "/users/{user_id}/teams/{team_id}/channels/members",
        "/teams/{team_id}/commands/autocomplete",
    ):
        await walk(admin, "GET", path, **here)
    await walk(admin, "POST", "/teams/{team_id}/channels/search", {"term": "plan"}, **here)
    seen = {"channel_id": channel["id"]}
    await walk(office.as_(office.vera).token, "POST", "/channels/members/{user_id}/view", seen, user_id="me")
    await walk(admin, "DELETE", "/channels/{channel_id}/members/{user_id}", **here)
    await walk(admin, "DELETE", "/channels/{channel_id}", **here)
    await walk(admin, "DELETE", "/teams/{team_id}/members/{user_id}", **here)
    await walk(bot, "POST", "/channels/direct", [office.bot_user.user.id, vera])
    await walk(bot, "POST", "/channels/group", [office.bot_user.user.id, vera, office.anna.id])


async def walk_posts(walk: Walk) -> None:
    office = walk.office
    bot, bot_id = office.bot.token, office.bot_user.user.id
    channel_id = await office.direct(office.anna)
    post = await walk(bot, "POST", "/posts", {"channel_id": channel_id, "message": "hello"})
    ephemeral = {"user_id": office.boris.id, "post": {"channel_id": office.town.id, "message": "psst"}}
    await walk(office.admin.token, "POST", "/posts/ephemeral", ephemeral)
    here = {"post_id": post["id"], "user_id": bot_id, "emoji_name": "+1", "team_id": office.team.id}
    await walk(bot, "POST", "/posts/ids", [post["id"]])
    await walk(bot, "PUT", "/posts/{post_id}", {"id": post["id"], "message": "put"}, **here)
    await walk(bot, "PUT", "/posts/{post_id}/patch", {"message": "patched"}, **here)
    await walk(bot, "POST", "/posts/{post_id}/pin", **here)
    await walk(bot, "POST", "/posts/{post_id}/unpin", **here)
    await walk(bot, "POST", "/reactions", {"user_id": bot_id, "post_id": post["id"], "emoji_name": "+1"})
    for path in ("/posts/{post_id}", "/posts/{post_id}/thread", "/posts/{post_id}/reactions",
                 "/posts/{post_id}/files/info"):  # fmt: skip
        await walk(bot, "GET", path, **here)
    await walk(bot, "DELETE", "/users/{user_id}/posts/{post_id}/reactions/{emoji_name}", **here)
    await walk(bot, "POST", "/teams/{team_id}/posts/search", {"terms": "patched"}, **here)
    await walk(bot, "DELETE", "/posts/{post_id}", **here)
    form = aiohttp.FormData({"channel_id": channel_id})
    form.add_field("files", b"text", filename="a.txt")
    status, uploaded = await office.bot.send("POST", "/files", data=form)
    walk.seen["POST /api/v4/files"] = {status}
    file_id = uploaded["file_infos"][0]["id"]
    await walk(bot, "GET", "/files/{file_id}", file_id=file_id)
    await walk(bot, "GET", "/files/{file_id}/info", file_id=file_id)


async def walk_integrations(walk: Walk) -> None:
    office = walk.office
    admin, anna = office.admin.token, office.as_(office.anna).token
    url, team_id, channel_id = office.integration.url, office.team.id, await office.direct(office.anna)
    new = {"team_id": team_id, "trigger": "cal", "method": "P", "url": f"{url}/command"}
    command = await walk(admin, "POST", "/commands", new)
    run = {"channel_id": channel_id, "team_id": team_id, "command": "/cal today"}
    await walk(anna, "POST", "/commands/execute", run)
    form = parse_qs(office.integration.calls[-1][2])
    await walk(
        None, "POST", "/hooks/commands/{hook_id}", {"text": "later"}, hook_id=form["response_url"][0][-26:]
    )
    opening = {
        "trigger_id": form["trigger_id"][0],
        "url": f"{url}/dialog",
        "dialog": {"title": "T", "elements": []},
    }
    await walk(None, "POST", "/actions/dialogs/open", opening)
    submission = {"url": f"{url}/dialog", "channel_id": channel_id, "team_id": team_id, "submission": {}}
    await walk(anna, "POST", "/actions/dialogs/submit", submission)
    action = {"id": "go", "type": "button", "name": "Go", "integration": {"url": f"{url}/action"}}
    props = {"attachments": [{"actions": [action]}]}
    post = await office.bot.ok("POST", "/posts", {"channel_id": channel_id, "props": props})
    await walk(anna, "POST", "/posts/{post_id}/actions/{action_id}", {}, post_id=post["id"], action_id="go")
    await walk(admin, "GET", f"/commands?team_id={team_id}")
    here = {"command_id": command["id"]}
    await walk(admin, "GET", "/commands/{command_id}", **here)
    await walk(admin, "PUT", "/commands/{command_id}", {**command, "description": "d"}, **here)
    annex = office.sandbox.add_team("second", members=(office.admin_user,))
    await walk(admin, "PUT", "/commands/{command_id}/move", {"team_id": annex.id}, **here)
    await walk(admin, "PUT", "/commands/{command_id}/regen_token", **here)
    await walk(admin, "DELETE", "/commands/{command_id}", **here)
    listener = await office.listen(office.bot)
    walk.seen["GET /api/v4/websocket"] = {101}
    await listener.socket.close()


async def walk_oauth(walk: Walk) -> None:
    office = walk.office
    admin, anna = office.admin.token, office.as_(office.anna).token
    new = {
        "name": "App",
        "description": "",
        "homepage": "http://a.example",
        "callback_urls": ["http://a.example/cb"],
    }
    app = await walk(admin, "POST", "/oauth/apps", new)
    here = {"app_id": app["id"], "user_id": "me"}
    ask = {
        "response_type": "code",
        "client_id": app["id"],
        "redirect_uri": new["callback_urls"][0],
        "state": "s",
    }
    query = "&".join(f"{name}={value}" for name, value in ask.items())
    await walk(anna, "GET", f"/oauth/authorize?{query}")
    answer = await walk(anna, "POST", "/oauth/authorize", ask)
    code = parse_qs(urlsplit(answer["redirect"]).query)["code"][0]
    exchange = {"grant_type": "authorization_code", "client_id": app["id"], "client_secret": app["client_secret"],
                "redirect_uri": ask["redirect_uri"], "code": code}  # fmt: skip
    await walk(None, "POST", "/oauth/access_token", exchange)
    await walk(anna, "GET", "/users/{user_id}/oauth/apps/authorized", **here)
    await walk(anna, "GET", "/oauth/apps/{app_id}/info", **here)
    await walk(anna, "POST", "/oauth/deauthorize", {"client_id": app["id"]})
    await walk(admin, "GET", "/oauth/apps")
    await walk(admin, "GET", "/oauth/apps/{app_id}", **here)
    await walk(admin, "PUT", "/oauth/apps/{app_id}", {**new, "id": app["id"]}, **here)
    await walk(admin, "POST", "/oauth/apps/{app_id}/regen_secret", **here)
    await walk(admin, "DELETE", "/oauth/apps/{app_id}", **here)
    walk.office.sandbox.site.version = "11.7.0"
    await walk(None, "GET", "/.well-known/oauth-authorization-server")


async def test_an_unknown_route_is_refused_and_noted(office: Office) -> None:
    assert await office.bot.refused("GET", "/emoji") == (404, "api.context.404.app_error")
    assert await office.bot.refused("PUT", "/posts") == (404, "api.context.404.app_error")
    assert list(office.sandbox.journal.warnings) == [
        "no route for GET /api/v4/emoji",
        "no route for PUT /api/v4/posts",
    ]


async def test_every_answer_names_the_server_and_the_request(office: Office) -> None:
    await office.bot.ok("GET", "/system/ping")
    first = office.bot
    await first.ok("GET", "/users/me")
    assert first.headers["X-Version-Id"].startswith("10.11.0.")
    await first.refused("GET", "/users/x")
    assert len(first.headers["X-Request-Id"]) == 26
