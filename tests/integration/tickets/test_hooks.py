"""The address that trackers call, as a request to the application."""

from __future__ import annotations

from typing import Any, cast

import pytest

from sekretar.kernel.clock import ManualClock
from sekretar.tickets.watching.hooks import TrackerHooks
from sekretar.web.app import LARGEST_BODY, Services, create_app


async def call(hooks: TrackerHooks, secret: str | None, body: bytes = b'{"key": "DESK-1"}') -> int:
    """POST to the hook of the tracker *desk*; returns the status."""
    services = Services(
        callbacks=cast(Any, None),
        consents=cast(Any, None),
        consented=cast(Any, None),
        hooks=hooks,
        catalogues=cast(Any, None),
        health=cast(Any, None),
        metrics=cast(Any, None),
        default_language="en",
    )
    headers = [] if secret is None else [(b"x-webhook-secret", secret.encode())]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": "/hooks/tracker/desk", "raw_path": b"/hooks/tracker/desk", "query_string": b"",
        "headers": headers, "client": ("10.0.0.1", 1), "server": ("localhost", 80), "root_path": "",
    }  # fmt: skip
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await create_app(services)(scope, receive, send)
    return int(sent[0]["status"])


@pytest.mark.parametrize(
    ("secret", "body", "status"),
    [
        ("s3cret", b"{}", 200),
        ("s3cret", b"not even JSON", 200),
        ("wrong", b"{}", 403),
        (None, b"{}", 403),
        ("s3cret", b"x" * (LARGEST_BODY + 1), 413),
    ],
)
async def test_only_the_secret_is_heard(
    clock: ManualClock, secret: str | None, body: bytes, status: int
) -> None:
    heard: list[str] = []

    async def hint(tracker: str) -> None:
        heard.append(tracker)

    assert await call(TrackerHooks({"desk": "s3cret"}, hint, clock), secret, body) == status
    assert heard == (["desk"] if status == 200 else [])
