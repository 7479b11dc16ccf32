"""A few posts and channels that behave as Mattermost's do, for deliveries."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from tests.unit.mattermost.fakes import BOT, Answer, Asked, FakeServer, error

from sekretar.kernel.clock import Clock
from sekretar.mattermost.models import milliseconds

POSTS = "/api/v4/posts"


class FakeChat:
    """Keeps posts; finds a repeated `pending_post_id`; breaks an answer on demand."""

    def __init__(self, fake: FakeServer, clock: Clock) -> None:
        self._fake = fake
        self._clock = clock
        self._numbers = itertools.count(1)
        self._pending: dict[str, str] = {}
        self.posts: dict[str, dict[str, Any]] = {}
        self.broken_answers = 0
        self.remembers_pending = False
        fake.on("POST", POSTS, self._create)
        fake.on(
            "POST", "/api/v4/channels/direct", lambda asked: {"id": f"direct-{asked.json[1]}", "type": "D"}
        )
        fake.on("GET", "/api/v4/system/ping", {"status": "OK"})
        fake.on("POST", "/api/v4/reactions", lambda asked: asked.json)

    def written(self, channel_id: str | None = None) -> list[dict[str, Any]]:
        """The posts, oldest first."""
        return [one for one in self.posts.values() if channel_id in (None, one["channel_id"])]

    def delete(self, post_id: str) -> None:
        """Somebody deletes the post."""
        self.posts[post_id]["delete_at"] = milliseconds(self._clock.now())
        self._fake.on("GET", f"{POSTS}/{post_id}", error(404, "app.post.get.app_error"))
        self._fake.on("PUT", f"{POSTS}/{post_id}/patch", error(403, "api.context.permissions.app_error"))

    def refuse(self, method: str, path: str, *answers: Any) -> None:
        self._fake.on(method, path, *answers)

    def asked(self, method: str, path: str) -> list[Asked]:
        return [one for one in self._fake.asked if (one.method, one.path) == (method, path)]

    def _create(self, asked: Asked) -> Any:
        body = asked.json
        if body["root_id"] and self.posts.get(body["root_id"], {}).get("delete_at", 1):
            return error(400, "api.post.create_post.root_id.app_error")
        known = self._pending.get(body["pending_post_id"])
        if not (known and self.remembers_pending):
            known = f"post{next(self._numbers)}"
            self._pending[body["pending_post_id"]] = known
            now = milliseconds(self._clock.now())
            stamps = {"create_at": now, "update_at": now, "edit_at": 0, "delete_at": 0}
            self.posts[known] = {**body, "id": known, "user_id": BOT, "type": "", **stamps}
            self._serve(known)
        if self.broken_answers:
            self.broken_answers -= 1
            return Answer(502, b"<html>", "text/html")
        return self.posts[known]

    def _serve(self, post_id: str) -> None:
        one = self.posts[post_id]
        self._fake.on("GET", f"{POSTS}/{post_id}", lambda _: one)
        self._fake.on("PUT", f"{POSTS}/{post_id}/patch", self._patch(post_id))
        self._fake.on("GET", f"/api/v4/channels/{one['channel_id']}/posts", self._since(one["channel_id"]))

    def _patch(self, post_id: str) -> Callable[[Asked], Any]:
        def patch(asked: Asked) -> Any:
            self.posts[post_id] |= asked.json
            return self.posts[post_id]

        return patch

    def _since(self, channel_id: str) -> Callable[[Asked], Any]:
        def since(asked: Asked) -> Any:
            found = [one for one in self.written(channel_id) if one["update_at"] > int(asked.query["since"])]
            return {"order": [one["id"] for one in found], "posts": {one["id"]: one for one in found}}

        return since
