"""A program that uses the API of a desk, in this process: requests in, answers out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from tests.integration.dispatch.house import House

from sekretar.dispatch.api import tokens
from sekretar.dispatch.api.tokens import Scope, TokenDraft


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Program:
    """Asks with its token, or without one."""

    house: House
    token: str = ""
    address: str = "10.0.0.1"
    headers: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, /, *, accept: str = "application/json", **query: Any) -> Answer:
        return await self.send("GET", path, query=query, accept=accept)

    async def send(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        raw: bytes | None = None,
        query: Mapping[str, Any] | None = None,
        **headers: str,
    ) -> Answer:
        given = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if self.token:
            given.setdefault("authorization", f"Bearer {self.token}")
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        if content:
            given.setdefault("content-type", "application/json")
        address, _, written = path.partition("?")
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": f"/api/v1{address}", "raw_path": quote(f"/api/v1{address}").encode(), "root_path": "/api/v1",
            "query_string": (written or urlencode(query or {}, doseq=True)).encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in
                        {"host": "desk.example", **given}.items()],
            "client": (self.address, 1), "server": ("desk.example", 80),
        }  # fmt: skip
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": content, "more_body": False}

        async def keep(message: Any) -> None:
            sent.append(message)

        assert self.house.dispatch.api is not None
        await self.house.dispatch.api(scope, receive, keep)
        return Answer(
            sent[0]["status"],
            {name.decode(): value.decode() for name, value in sent[0]["headers"]},
            b"".join(each.get("body", b"") for each in sent[1:]),
        )


async def program(house: House, scope: Scope = Scope.READ, **draft: Any) -> Program:
    """A program with a token of its own."""
    async with house.database.transaction() as session:
        _, text = await tokens.create(session, TokenDraft("robot", scope, **draft), house.clock.now())
    return Program(house, text)
