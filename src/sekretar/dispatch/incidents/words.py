"""Incidents by the words in them.

An index of words instead of the full-text search of the databases: it means the same on SQLite and on PostgreSQL,
finds the beginnings of words, which is what helps with Russian endings, and letters that come later add to it.

The first character of a word is a word of its own. One is most of what there is: hundreds of thousands of words begin
with some letters, but no more than as many incidents have such a word.

What is frequent is kept in another form after a while, see `word_blocks`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final, cast

from sqlalchemy import ColumnElement, Insert, Select, Table, and_, exists, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql import literal

from sekretar.dispatch.assets.spelling import fold
from sekretar.dispatch.incidents import word_blocks
from sekretar.dispatch.incidents.model import WordBlockRow, WordRow
from sekretar.kernel.database import insert_into

#: Different words that one text may add; what stands further behind is not found.
MOST_WORDS: Final = 200
#: Words that one search looks for; the rest is left out.
MOST_SOUGHT: Final = 8
_LONGEST: Final = 40
#: Behind every character that a word may hold.
_LAST: Final = "\U0010ffff"

_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> list[str]:
    """The different words of a text in the spelling of the index, in their order, then the first character of each.

    Case, accents of composition and `ё` make no difference. Letters alone say nothing, digits do.
    """
    found = dict.fromkeys(word for word in _spelled(text) if len(word) > 1 or word.isdigit())
    words = list(found)[:MOST_WORDS]
    return list(dict.fromkeys([*words, *(word[0] for word in words)]))


def sought(text: str) -> list[str]:
    """The beginnings of words that a search for this text looks for."""
    return list(dict.fromkeys(_spelled(text)))[:MOST_SOUGHT]


def among(word: str) -> Select[int]:
    """The numbers of the incidents that have a word that begins so, some several times; those in blocks aside."""
    return select(WordRow.incident_id).where(_begins(WordRow.word, word))


def blocks(word: str) -> Select[int, bytes]:
    """The blocks of the words that begin so."""
    return word_blocks.of(_begins(WordBlockRow.word, word))


def has(session: AsyncSession, word: str, number: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """Whether the incident with this number has a word that begins so."""
    among_rows = exists().where(WordRow.incident_id == number, _begins(WordRow.word, word))
    return or_(among_rows, word_blocks.has(session, _begins(WordBlockRow.word, word), number))


async def index(session: AsyncSession, incident_id: int, text: str) -> None:
    """Have an incident found by the words of this text too."""
    await index_all(session, [(incident_id, text)])


async def index_all(session: AsyncSession, texts: Iterable[tuple[int, str]]) -> None:
    """The same for many incidents and their texts."""
    rows = [
        {"word": word, "incident_id": incident_id} for incident_id, text in texts for word in words_of(text)
    ]
    if rows:
        await session.execute(_adding(session.get_bind().dialect.name), rows)


async def take_over(session: AsyncSession, one_id: int, other_id: int) -> None:
    """Have the other incident found by the words of the one."""
    rows = select(WordRow.word, literal(other_id)).where(WordRow.incident_id == one_id)
    for words in (rows, word_blocks.words_of(session, one_id).add_columns(literal(other_id))):
        # SQLite cannot tell ON CONFLICT from a join behind a SELECT without a WHERE; these have it.
        statement = insert_into(session, WordRow).from_select(["word", "incident_id"], words)
        await session.execute(statement.on_conflict_do_nothing())


def _begins(column: InstrumentedAttribute[str], word: str) -> ColumnElement[bool]:
    if len(word) == 1:
        return column == word
    return and_(column >= word, column < literal(word + _LAST))


def _spelled(text: str) -> Iterator[str]:
    # Compatibility forms first: `№` and ligatures become letters, then what NFKC put together is one character.
    plain = unicodedata.normalize("NFKC", text).casefold().replace("ё", "е")
    for match in _WORD.finditer(plain):
        word = match[0][:_LONGEST]
        # Codes are written in either alphabet, words in their own.
        yield fold(word).lower() if any(map(str.isdigit, word)) else word


@cache
def _adding(dialect: str) -> Insert:
    """Made once: making it takes longer than running it."""
    table = cast("Table", WordRow.__table__)
    statement = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    return statement.on_conflict_do_nothing()
