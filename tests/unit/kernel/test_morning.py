"""The message of the day waits a short while for what belongs into it, and for nobody longer."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.morning import Morning, Part
from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown

DAY = date(2026, 3, 5)
ANNA, BORIS = (
    Person(number, "m", name, name, name, "ru", ZoneInfo("UTC"), active=True)
    for number, name in enumerate(("anna", "boris"), 1)
)


async def take(session: AsyncSession) -> bool:
    return True


async def hello(person: Person, day: date) -> Part | None:
    return Part(Markdown(f"{person.username} {day:%d}"), take) if person is ANNA else None


async def broken(person: Person, day: date) -> Part | None:
    raise ValueError("a strange day")


async def asked(morning: Morning) -> dict[int, list[str]]:
    parts = await morning.ask([(ANNA, DAY), (BORIS, DAY)])
    return {person_id: [str(part.text) for part in found] for person_id, found in parts.items()}


async def test_everybody_is_asked_and_who_fails_spoils_nothing() -> None:
    morning = Morning()
    assert await asked(morning) == {}
    morning.contribute(broken)
    morning.contribute(hello)
    assert await asked(morning) == {ANNA.id: ["anna 05"]}


async def test_what_does_not_come_in_time_is_left_out_and_ended() -> None:
    ended: list[str] = []

    async def slow(person: Person, day: date) -> Part | None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(person.username)
        return None

    morning = Morning(timedelta(milliseconds=50))
    morning.contribute(slow)
    morning.contribute(hello)
    assert await asked(morning) == {ANNA.id: ["anna 05"]}
    assert ended == ["anna", "boris"]
