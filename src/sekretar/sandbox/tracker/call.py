"""One request to the sandboxed Tracker: who asks, for which organisation, and what every handler needs."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from aiohttp import web
from yarl import URL

from sekretar.sandbox.tracker.refusals import Refused, missing
from sekretar.sandbox.tracker.state import Entered, Issue, Json, Queue, User, World
from sekretar.sandbox.tracker.views import Views

Handler = Callable[["Call"], Awaitable[web.StreamResponse]]
_RowT = TypeVar("_RowT")

#: Version 2 of the official client sends this in place of an organisation that it was not given.
_NOT_PROVIDED = "not provided"


class Call:
    """A request on its way through a handler."""

    def __init__(self, world: World, request: web.Request) -> None:
        self.world, self.request = world, request
        self.user = _authorised(world, request)
        self.views = Views(world, f"{request.url.origin()}/{request.match_info['version']}")

    def part(self, name: str) -> str:
        """A part of the path."""
        return self.request.match_info[name]

    def query(self, name: str, default: str = "") -> str:
        return self.request.query.get(name, default)

    def number(self, name: str, default: int) -> int:
        value = self.query(name)
        if value and not value.isdigit():
            raise Refused(400, [f"{name} is not a number."])
        return int(value) if value else default

    async def body(self) -> Json:
        """The JSON object of the request; an empty body counts as one without anything in it."""
        raw = await self.request.read()
        try:
            found = json.loads(raw) if raw.strip() else {}
        except ValueError as error:
            raise Refused(400, ["The body is not JSON."]) from error
        if not isinstance(found, dict):
            raise Refused(422, ["The body is no object."])
        return found

    def queue(self) -> Queue:
        """The queue of the path, for those who may see it."""
        wanted = self.part("queue")
        found = next(
            (each for each in self.world.queues.values() if wanted in (each.key, str(each.id))), None
        )
        if found is None:
            raise missing("Queue")
        self.must("read", found)
        return found

    def issue(self, right: str = "read") -> Issue:
        """The issue of the path. 404 when there is none, 403 without the right."""
        found = self.world.issue(self.part("issue"))
        if found is None:
            raise missing("Issue")
        self.must("read", self.world.queues[found.queue])
        self.must(right, self.world.queues[found.queue])
        return found

    def must(self, right: str, queue: Queue) -> None:
        if not self.world.may(right, queue, self.user):
            raise Refused(403, ["You are not authorized to do this."])

    def check_version(self, current: int) -> None:
        """`?version=` and `If-Match` name the version that the caller saw."""
        if (asked := self.query("version")) and asked != str(current):
            raise Refused(409, ["The object was changed since it was read."])
        matched = self.request.headers.get("If-Match", "").strip('"')
        if matched and matched != str(current):
            raise Refused(412, ["The object was changed since it was read."])

    def touch(
        self,
        issue: Issue,
        kind: str,
        changes: Sequence[tuple[str, Any, Any]] = (),
        comments: Sequence[int] = (),
    ) -> None:
        """Note a change of an issue: a new version, a time, an entry in the changelog."""
        now = self.world.now()
        issue.version += 1
        issue.updated, issue.updated_by = now, self.user.uid
        issue.changelog.append(
            Entered(self.world.hexadecimal(), now, self.user.uid, kind, list(changes), list(comments))
        )

    def must_not_be_locked(self, issue: Issue) -> None:
        if issue.version >= self.world.limits.version:
            raise Refused(423, ["The issue has reached the limit of versions."])

    # ----- answers

    def page(self, rows: Sequence[_RowT], show: Callable[[_RowT], Any], default: int = 50) -> web.Response:
        """A page of a list by `page` and `perPage`, with the headers of page mode."""
        size = max(1, min(self.number("perPage", default), 1000))
        number = max(1, self.number("page", 1))
        pages = max(1, -(-len(rows) // size))
        if number > 1 and number * size > self.world.limits.page_rows:
            raise Refused(400, ["Only the first 10000 rows can be reached in this way."])
        links = {"first": 1, "last": pages} | ({"next": number + 1} if number < pages else {})
        headers = [("X-Total-Count", str(len(rows))), ("X-Total-Pages", str(pages))]
        headers += [("Link", f'<{self._url(page=str(at))}>; rel="{rel}"') for rel, at in links.items()]
        seek = f"{self._url().with_query(None)}?perPage={size}{{&page}}"
        headers.append(("Link", f'<{seek}>; rel="seek"'))
        shown = [show(row) for row in rows[(number - 1) * size : number * size]]
        return answer(shown, headers=headers)

    def after(
        self, rows: Sequence[_RowT], show: Callable[[_RowT], Any], name: Callable[[_RowT], str]
    ) -> web.Response:
        """The rows that follow the one that `id` names, as comments and changelogs are paged."""
        size = max(1, min(self.number("perPage", 50), 1000))
        names = [name(row) for row in rows]
        last = self.query("id")
        start = names.index(last) + 1 if last in names else 0
        shown = rows[start : start + size]
        headers = []
        if start + size < len(rows):
            headers = [("Link", f'<{self._url(id=name(shown[-1]))}>; rel="next"')]
        return answer([show(row) for row in shown], headers=headers)

    def _url(self, **changes: str) -> URL:
        return self.request.url.update_query(changes)


def answer(value: object, status: int = 200, headers: Sequence[tuple[str, str]] = ()) -> web.Response:
    """A JSON answer."""
    response = web.json_response(
        value, status=status, dumps=lambda data: json.dumps(data, ensure_ascii=False)
    )
    for name, text in headers:
        response.headers.add(name, text)
    return response


def _authorised(world: World, request: web.Request) -> User:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    uid = world.tokens.get(token) if scheme in ("OAuth", "Bearer") else None
    if uid is None or world.users[uid].dismissed:
        raise Refused(401, ["Authorization failed."])
    given = {name: request.headers.get(name, "") for name in world.organisation}
    told = {name: value for name, value in given.items() if value and value != _NOT_PROVIDED}
    if not any(world.organisation[name] == value for name, value in told.items()):
        raise Refused(403, ["Organization is not available, not ready or not found."])
    if scheme == "Bearer" and "X-Cloud-Org-ID" not in told:
        raise Refused(403, ["IAM tokens are for organizations of the cloud."])
    return world.users[uid]
