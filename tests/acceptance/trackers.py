"""A tracker for people of one team, and what they do with it again and again."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from pydantic import SecretStr

from sekretar.kernel.clock import SystemClock
from sekretar.sandbox.human import Human
from sekretar.sandbox.tracker import TrackerSandbox
from sekretar.trackers.settings import YandexSettings

NAME = "work"


@contextlib.asynccontextmanager
async def a_tracker() -> AsyncIterator[TrackerSandbox]:
    """A Tracker with one queue, in which Anna and Boris work."""
    tracker = TrackerSandbox(clock=SystemClock())
    tracker.add_user("service", "Sekretar")
    anna = tracker.add_user("anna", "Анна Петрова")
    tracker.add_user("boris", "Борис Иванов")
    tracker.add_queue("DESK", "Стойка", anna)
    await tracker.start()
    try:
        yield tracker
    finally:
        await tracker.stop()


def settings_of(tracker: TrackerSandbox) -> YandexSettings:
    return YandexSettings(
        kind="yandex",
        name=NAME,
        url=tracker.url,
        public_url=tracker.url,
        org_id="1",
        key=SecretStr("token-service"),
    )


async def link(human: Human, channel_id: str, token: str) -> None:
    """Tell Sekretar who a person is in the tracker."""
    await human.slash("/task connect", channel_id)
    assert await human.submit_dialog(await human.dialog(), {"key": token}) == {}


def in_tracker(tracker: TrackerSandbox, subject: str) -> list[tuple[str, str, str]]:
    """Key, login of the assignee and status of every issue of this subject."""
    users = tracker.world.users
    return [
        (each.key, users[each.values["assignee"]].login, each.values["status"])
        for each in tracker.world.issues.values()
        if each.values["summary"] == subject
    ]


async def act(tracker: TrackerSandbox, login: str, method: str, path: str, **body: object) -> dict[str, Any]:
    """What somebody does in the tracker itself."""
    headers = {"Authorization": f"OAuth token-{login}", "X-Org-ID": "1"}
    async with (
        aiohttp.ClientSession(tracker.url, headers=headers) as session,
        session.request(method, f"/v3{path}", json=body) as answer,
    ):
        answer.raise_for_status()
        said = await answer.json()
    return said if isinstance(said, dict) else {}
