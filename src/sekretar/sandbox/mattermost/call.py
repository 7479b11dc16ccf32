"""One API call: the request with its session, and what every handler asks of it."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from sekretar.sandbox.mattermost.errors import Refused, invalid_body, invalid_url
from sekretar.sandbox.mattermost.identifiers import is_id
from sekretar.sandbox.mattermost.site import Site
from sekretar.sandbox.mattermost.state import Channel, Json, Post, Session, Team, User

Handler = Callable[["Call"], Awaitable[web.StreamResponse]]

#: What the server's router lets a path parameter be; anything else is 404 before any handler runs.
PATTERNS = {
    "username": r"[A-Za-z0-9_\-.]+",
    "email": r"[^/]+",
    "emoji_name": r"[A-Za-z0-9_\-+]+",
    "team_name": r"[A-Za-z0-9_\-]+",
    "channel_name": r"[A-Za-z0-9_\-]+",
    "role_name": r"[a-z0-9_]+",
    "category": r"[A-Za-z0-9_]+",
    "preference_name": r"[A-Za-z0-9_]+",
}
_DEFAULT_PATTERN = "[A-Za-z0-9]+"
_PARAMETER = re.compile(r"\{(\w+)\}")

MAX_PER_PAGE = 200


@dataclass(frozen=True)
class Route:
    """A method and a path of the API, written as the specification writes it. `open` needs no session."""

    method: str
    path: str
    handler: Handler
    open: bool = False

    @property
    def pattern(self) -> str:
        """The path in the syntax of aiohttp, with the server's own restrictions."""
        return _PARAMETER.sub(lambda m: f"{{{m[1]}:{PATTERNS.get(m[1], _DEFAULT_PATTERN)}}}", self.path)


@dataclass
class Call:
    """A request on its way through a handler."""

    site: Site
    request: web.Request
    session: Session | None

    @property
    def user(self) -> User:
        """Who calls; 401 without a session."""
        user = self.site.world.users.get(self.session.user_id) if self.session else None
        if user is None:
            raise Refused("api.context.session_expired.app_error", 401, "UserRequired")
        return user

    # ----- the path and the query

    def text(self, name: str) -> str:
        """A path parameter as it is."""
        return self.request.match_info[name]

    def id(self, name: str) -> str:
        """A path parameter that is an id; `me` stands for the caller where a user is meant."""
        value = self.text(name)
        if value == "me" and name == "user_id":
            return self.user.id
        if not is_id(value):
            raise invalid_url(name)
        return value

    def query(self, name: str, default: str = "") -> str:
        return self.request.query.get(name, default)

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean of the query, in the spellings that Go's ParseBool knows."""
        value = self.query(name)
        return value in ("1", "t", "T", "true", "TRUE", "True") if value else default

    def number(self, name: str, default: int = 0) -> int:
        """A number of the query; garbage counts as the default."""
        value = self.query(name)
        return int(value) if value.isdigit() else default

    def page(self, rows: list[Any], default: int = 60) -> list[Any]:
        """The page of the rows that `page` and `per_page` ask for."""
        size = min(self.number("per_page", default) or default, MAX_PER_PAGE)
        start = self.number("page") * size
        return rows[start : start + size]

    # ----- the body

    async def body(self, name: str) -> Any:
        """The JSON body; 400 with `name` when it is no JSON or larger than the server takes."""
        raw = await self.request.read()
        if len(raw) > self.site.limits.body_bytes:
            raise invalid_body(name)
        try:
            return json.loads(raw)
        except ValueError as error:
            raise invalid_body(name) from error

    async def object(self, name: str) -> Json:
        """The body as a JSON object."""
        value = await self.body(name)
        if not isinstance(value, dict):
            raise invalid_body(name)
        return value

    async def strings(self, name: str) -> list[str]:
        """The body as a list of strings, not empty."""
        value = await self.body(name)
        if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
            raise invalid_body(name)
        return value

    # ----- things that must exist

    def user_named(self, user_id: str) -> User:
        user = self.site.world.users.get(user_id)
        if user is None:
            raise Refused("app.user.missing_account.const", 404, f"resource: User id: {user_id}")
        return user

    def team(self, team_id: str) -> Team:
        team = self.site.world.teams.get(team_id)
        if team is None:
            raise Refused("app.team.get.find.app_error", 404)
        return team

    def channel(self, channel_id: str) -> Channel:
        channel = self.site.world.channels.get(channel_id)
        if channel is None:
            raise Refused("app.channel.get.existing.app_error", 404, f"resource: Channel id: {channel_id}")
        return channel

    def post(self, post_id: str) -> Post:
        """The post, unless it was deleted."""
        post = self.site.world.posts.get(post_id)
        if post is None or post.delete_at:
            raise Refused("app.post.get.app_error", 404, f"resource: Post id: {post_id}")
        return post


def typed(body: Json, name: str, kind: type, default: Any, error: str) -> Any:
    """A field of a body: the default when it is absent or null, 400 when it has the wrong type."""
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise invalid_body(error)
    return value


def answer(value: object, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """A JSON answer."""
    return web.json_response(
        value, status=status, headers=headers, dumps=lambda data: json.dumps(data, ensure_ascii=False)
    )


def ok() -> web.Response:
    """The answer of calls that return nothing."""
    return answer({"status": "OK"})
