"""The sample tickets of the demo: two queues of a small office, in a Tracker that lives as long as the demo."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

import aiohttp
from pydantic import SecretStr

from sekretar.sandbox.tracker import TrackerSandbox
from sekretar.trackers.settings import YandexSettings

#: What people write to name the tracker.
NAME: Final = "tracker"
ORGANISATION: Final = "1"
#: OAuth token of each person in the demo's Tracker; it protects nothing.
TOKENS: Final[Mapping[str, str]] = {"anna": "token-anna", "boris": "token-boris"}

_SERVICE: Final = "token-sekretar"


def configured(tracker: TrackerSandbox) -> YandexSettings:
    """What an administrator would write into `SEKRETAR_TRACKERS` for it, once it has started."""
    return YandexSettings(
        kind="yandex",
        name=NAME,
        url=tracker.url,
        public_url=tracker.url,
        org_id=ORGANISATION,
        key=SecretStr(_SERVICE),
    )


async def fill(session: aiohttp.ClientSession, tracker: TrackerSandbox, today: date) -> None:
    """Let people and their queues in, and give them something to do."""
    anna = tracker.add_user("anna", "Анна Смирнова", token=TOKENS["anna"])
    tracker.add_user("boris", "Boris Lane", token=TOKENS["boris"])
    tracker.add_user("sekretar", "Sekretar", token=_SERVICE)
    tracker.add_queue("OFFICE", "Офис", anna)
    tracker.add_queue("SITE", "Сайт", anna)
    for ticket in _tickets(today):
        await _file(session, tracker.url, ticket)


def headers(login: str) -> dict[str, str]:
    """What a program sends that asks the demo's Tracker for this person."""
    return {"Authorization": f"OAuth {TOKENS[login]}", "X-Org-ID": ORGANISATION}


def _tickets(today: date) -> tuple[dict[str, Any], ...]:
    def due(days: int) -> str:
        return (today + timedelta(days=days)).isoformat()

    return (
        {"queue": "OFFICE", "summary": "Продлить пропуска", "assignee": "anna", "deadline": due(1)},
        {"queue": "OFFICE", "summary": "Заказать воду", "assignee": "boris", "deadline": due(-2)},
        {"queue": "SITE", "summary": "Опечатка на главной", "type": "bug", "priority": "critical"},
    )


async def _file(session: aiohttp.ClientSession, url: str, ticket: dict[str, Any]) -> None:
    async with session.post(f"{url}/v3/issues/", json=ticket, headers=headers("anna")) as answer:
        answer.raise_for_status()
