"""Frequent words of past incidents by the block: one row for a thousand incidents instead of a row for each.

A word of every second incident is fifty thousand rows out of a hundred thousand incidents, and reading them was most
of what a search took. So from time to time the rows of such words are put together, for every block of incidents that
is full. Rows that come later, with letters to old incidents, simply stand beside. Whoever looks for a word looks for
rows first and then for blocks: what is put together in between is found twice that way, and never missed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy import ColumnElement, Select, delete, exists, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from sekretar.dispatch.incidents import marks
from sekretar.dispatch.incidents.model import IncidentRow, WordBlockRow, WordRow
from sekretar.kernel.database import Database

#: The name of the job.
TASK: Final = "dispatch word blocks"

EVERY: Final = timedelta(hours=6)

#: Incidents of a block, by their numbers in the database. What is stored depends on it.
BLOCK: Final = 1_024
#: Rows of a word in a block that take more space than the block.
FREQUENT: Final = 64

_log = structlog.get_logger(__name__)


def of(words: ColumnElement[bool]) -> Select[int, bytes]:
    """The first numbers and the marks of all blocks of the words that fulfil the condition."""
    return select(WordBlockRow.first, WordBlockRow.marks).where(words)


def has(
    session: AsyncSession, words: ColumnElement[bool], number: InstrumentedAttribute[int]
) -> ColumnElement[bool]:
    """Whether the incident with this number stands in a block of one of these words."""
    return exists().where(words, *_holds(session, number))


def words_of(session: AsyncSession, number: int) -> Select[str]:
    """The words that an incident has in blocks."""
    return select(WordBlockRow.word).where(*_holds(session, literal(number)))


async def put_together(database: Database) -> None:
    """Put frequent words of all full blocks together; each of them by itself, so that nobody waits for long."""
    async with database.reading() as session:
        newest = await session.scalar(select(func.max(IncidentRow.id))) or 0
    rows = 0
    for first in range(0, newest - newest % BLOCK, BLOCK):
        async with database.reading() as session:
            frequent = (await session.scalars(_frequent(first))).all()
        for word in frequent:
            async with database.transaction() as session:
                rows += await _put_together(session, word, first)
    if rows:
        _log.info("words of incidents put together", rows=rows)


def _frequent(first: int) -> Select[str]:
    count = func.count()
    return select(WordRow.word).where(_within(first)).group_by(WordRow.word).having(count >= FREQUENT)


async def _put_together(session: AsyncSession, word: str, first: int) -> int:
    """Turn what rows there are of a word into a block; how many there were."""
    rows = delete(WordRow).where(WordRow.word == word, _within(first)).returning(WordRow.incident_id)
    numbers = (await session.scalars(rows.execution_options(synchronize_session=False))).all()
    found = marks.marks_of(number - first for number in numbers).ljust(BLOCK, b"\0")
    block = await session.get(WordBlockRow, (word, first), with_for_update=True)
    if block is None:
        session.add(WordBlockRow(word=word, first=first, marks=found))
    else:
        block.marks = marks.either(block.marks, found)
    return len(numbers)


def _within(first: int) -> ColumnElement[bool]:
    return WordRow.incident_id.between(first, first + BLOCK - 1)


def _holds(
    session: AsyncSession, number: InstrumentedAttribute[int] | ColumnElement[int]
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    place = number % BLOCK
    return WordBlockRow.first == number - place, marks.marked(session, WordBlockRow.marks, place)
