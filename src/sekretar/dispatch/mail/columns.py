"""How a letter is written into its columns, and by what ids it can be found.

Letters bring what no database takes: bytes that are no text, ids without end. It is made storable here, once, so that
no letter keeps the others waiting.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from pydantic import TypeAdapter
from sqlalchemy import Insert, Table, Update, bindparam, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.mail.letter import ParsedLetter
from sekretar.dispatch.mail.model import LetterIdRow, LetterRow

#: An id longer than this is kept as its hash: indexes have limits, and senders have none.
_LONGEST_ID = 400
_LONGEST_ADDRESS = 320
#: What has a column of its own, or can be had again from the raw letter.
_NOT_IN_FACTS = {"text", "fresh", "html"}

_LETTERS, _IDS = cast("Table", LetterRow.__table__), cast("Table", LetterIdRow.__table__)


def id_key(message_id: str) -> str:
    """How a Message-ID is written in the database."""
    text = storable(message_id.strip())
    if len(text.encode()) <= _LONGEST_ID:
        return text
    return f"<{hashlib.sha256(text.encode()).hexdigest()}@long.invalid>"


@cache
def parsed_letters() -> TypeAdapter[ParsedLetter]:
    """Made when first needed: that takes longer than the start of all the rest."""
    return TypeAdapter(ParsedLetter)


def columns_of(letter: ParsedLetter) -> dict[str, Any]:
    """What was understood of a letter, as its columns hold it."""
    facts = parsed_letters().dump_python(letter, mode="json", exclude=_NOT_IN_FACTS)
    return {
        "message_id": id_key(letter.message_id),
        "subject": storable(letter.subject),
        "sender_name": storable(letter.sender.name),
        "sender_address": storable(letter.sender.address)[:_LONGEST_ADDRESS],
        "date": letter.date,
        "fresh": storable(letter.fresh),
        "text": storable(letter.text),
        "facts": _storable_json(facts),
    }


async def set_columns(session: AsyncSession, letter_id: int, **values: Any) -> None:
    """Give columns of a letter these values."""
    await set_all(session, {letter_id: values})


async def set_all(session: AsyncSession, letters: Mapping[int, Mapping[str, Any]]) -> None:
    """Give columns of letters these values, the same columns of each."""
    if not letters:
        return
    names = tuple(next(iter(letters.values())))
    rows = [
        {"letter": letter_id, **{f"new_{name}": values[name] for name in names}}
        for letter_id, values in letters.items()
    ]
    # On a connection: to a session this would be an update of mapped rows by their keys.
    await (await session.connection()).execute(_update_statement(names), rows)


async def note_ids(session: AsyncSession, desk: str, letters: Mapping[int, ParsedLetter]) -> None:
    """Note the ids that stand in these letters, by number; those that are noted already stay."""
    rows = [
        {"letter_id": letter_id, "desk": desk, "message_id": key, "is_own": is_own}
        for letter_id, letter in letters.items()
        for key, is_own in _ids_in(letter).items()
    ]
    if rows:
        await session.execute(_id_statement(session.get_bind().dialect.name), rows)


def _ids_in(letter: ParsedLetter) -> dict[str, bool]:
    """The ids that stand in a letter, and which is its own."""
    referred = {id_key(each): False for each in (*letter.references, *letter.in_reply_to)}
    return referred | ({id_key(letter.message_id): True} if letter.message_id else {})


def storable(text: str) -> str:
    """What PostgreSQL can store: no NUL, no half of a surrogate pair."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _storable_json(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_storable_json(each) for each in value]
    if isinstance(value, dict):
        return {key: _storable_json(each) for key, each in value.items()}
    return value


@cache
def _update_statement(names: tuple[str, ...]) -> Update:
    statement = update(_LETTERS).where(_LETTERS.c.id == bindparam("letter"))
    return statement.values(**{name: bindparam(f"new_{name}") for name in names})


@cache
def _id_statement(dialect: str) -> Insert:
    statement = postgresql.insert(_IDS) if dialect == "postgresql" else sqlite.insert(_IDS)
    return statement.on_conflict_do_nothing()
