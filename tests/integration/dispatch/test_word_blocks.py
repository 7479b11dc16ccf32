"""Frequent words of past incidents, put together block by block: what is found stays the same."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.incidents import finding, word_blocks, words
from sekretar.dispatch.incidents.finding import IncidentFilter, Order, find
from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.model import WordBlockRow, WordRow
from sekretar.dispatch.incidents.values import SYSTEM, Incident, NewIncident, Origin
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
DESK = DeskSettings(name="towers", channel="work/desk", prefix="NT")


class Desk:
    """Incidents and how they are found, in blocks of four of which two make a word frequent."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.incidents = Incidents(ManualClock(NOW), {"towers": DESK})

    async def open(self, *summaries: str) -> list[Incident]:
        async with self.database.transaction() as session:
            return [
                await self.incidents.open(session, NewIncident("towers", NOW, summary, Origin.LETTER), SYSTEM)
                for summary in summaries
            ]

    async def find(self, text: str) -> list[int]:
        async with self.database.reading() as session:
            page = await find(session, IncidentFilter(text=text), Order.OLDEST, limit=50)
        assert page.total == len(page.incidents)
        return [each.id for each in page.incidents]

    async def rows(self, word: str) -> list[int]:
        async with self.database.reading() as session:
            query = select(WordRow.incident_id).where(WordRow.word == word).order_by(WordRow.incident_id)
            return list(await session.scalars(query))

    async def blocks(self, word: str) -> dict[int, bytes]:
        async with self.database.reading() as session:
            rows = await session.scalars(select(WordBlockRow).where(WordBlockRow.word == word))
            return {row.first: row.marks for row in rows}

    async def write(self, incident: Incident, text: str) -> None:
        """A letter that comes later."""
        async with self.database.transaction() as session:
            await words.index(session, incident.id, text)


@pytest.fixture(params=[0, 1_000])
async def desk(database: Database, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Desk:
    monkeypatch.setattr(finding, "FEW", request.param)
    monkeypatch.setattr(word_blocks, "BLOCK", 4)
    monkeypatch.setattr(word_blocks, "FREQUENT", 2)
    return Desk(database)


async def test_frequent_words_of_full_blocks_leave_their_rows(desk: Desk) -> None:
    # Numbers from 1 on: the blocks begin at 0, 4 and 8.
    found = await desk.open("авария", "авария мост", "мост", "поле", "авария", "авария", "авария", "авария")
    assert [each.id for each in found] == [1, 2, 3, 4, 5, 6, 7, 8]
    await word_blocks.put_together(desk.database)
    assert await desk.blocks("авария") == {0: b"\0\1\1\0", 4: b"\0\1\1\1"}
    assert await desk.blocks("мост") == {0: b"\0\0\1\1"}
    assert await desk.blocks("поле") == {}
    assert await desk.rows("авария") == [8]
    assert await desk.rows("поле") == [4]
    assert await desk.find("авария") == await desk.find("ав") == await desk.find("а") == [1, 2, 5, 6, 7, 8]
    assert await desk.find("мост авар") == [2]
    assert await desk.find("поле") == [4]


async def test_a_word_that_an_old_incident_gets_later_is_found_before_and_after_it_joins_the_block(
    desk: Desk,
) -> None:
    found = await desk.open("авария", "авария", "поле", "поле", "поле")
    await word_blocks.put_together(desk.database)
    await desk.write(found[2], "авария")
    await desk.write(found[0], "авария аварии")
    assert await desk.rows("авария") == [1, 3]
    assert await desk.find("авария") == await desk.find("ава") == [1, 2, 3]
    await word_blocks.put_together(desk.database)
    assert await desk.rows("авария") == []
    assert await desk.blocks("авария") == {0: b"\0\1\1\1"}
    assert await desk.find("авария") == [1, 2, 3]
    assert await desk.find("аварии") == [1]


async def test_an_incident_that_takes_another_in_is_found_by_words_in_blocks_too(desk: Desk) -> None:
    one, _, _, other, _ = await desk.open("авария мост", "авария", "авария", "дубль", "поле")
    await word_blocks.put_together(desk.database)
    async with desk.database.transaction() as session:
        await desk.incidents.merge(session, one.id, other.id, SYSTEM, "the same")
    assert await desk.find("авария") == [1, 2, 3, 4]
    assert await desk.find("авария мост") == [1, 4]


async def test_several_workers_at_once_lose_nothing(desk: Desk) -> None:
    await desk.open(*["авария мост поле"] * 40)
    await asyncio.gather(*(word_blocks.put_together(desk.database) for _ in range(3)))
    expected = list(range(1, 41))
    assert await desk.find("авария") == await desk.find("м п") == expected
    async with desk.database.reading() as session:
        left = await session.scalar(select(func.count()).select_from(WordRow).where(WordRow.word == "мост"))
    assert left == 1


async def test_what_is_put_together_between_two_looks_is_found(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.open(*["авария мост"] * 9)
    look = finding.marks.numbers

    async def look_and_be_late(session: AsyncSession, query: Select[int]) -> list[int]:
        found = await look(session, query)
        await word_blocks.put_together(desk.database)
        return found

    monkeypatch.setattr(finding.marks, "numbers", look_and_be_late)
    assert await desk.find("авария мост") == list(range(1, 10))
