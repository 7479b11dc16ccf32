"""Letters in the database, for whoever understands and files them.

The way of a letter: `waiting` names it, `take` gives its bytes and holds it, and in the same transaction it becomes
parsed and filed, or unreadable, or is set aside. `replay` begins anew with what came, which is why a letter that
nothing can be made of is no loss.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.mail.columns import (
    columns_of,
    id_key,
    note_ids,
    parsed_letters,
    set_all,
    set_columns,
    storable,
)
from sekretar.dispatch.mail.letter import ParsedLetter, fingerprint
from sekretar.dispatch.mail.model import (
    ArrivalRow,
    Direction,
    LetterIdRow,
    LetterRow,
    LetterState,
    RawLetterRow,
)
from sekretar.kernel.database import wake_after_commit

#: The job that understands and files what has come.
TASK = "dispatch letters"

#: Letters, and bytes of letters, that are read at once; a single letter may have more.
_MOST_LETTERS, _MOST_BYTES = 50, 16 * 1024 * 1024


@dataclass(frozen=True)
class RawLetter:
    """A letter as it came.

    Attributes:
        content: Its bytes; only its headers where it is not `whole`.
        size: Of the letter on the server, in bytes.
        mailboxes: Addresses of the desk's mailboxes in which it was found.
    """

    id: int
    desk: str
    direction: Direction
    received_at: datetime
    content: bytes
    whole: bool
    size: int
    mailboxes: frozenset[str]
    #: Its incident when it was read before and is read again; None otherwise.
    incident_id: int | None = None


@dataclass(frozen=True)
class KnownLetter:
    """A letter that has a Message-ID which was asked for, or refers to it (then not `is_own`)."""

    letter_id: int
    message_id: str
    is_own: bool
    direction: Direction
    state: LetterState
    incident_id: int | None


# --- the way of a letter ----------------------------------------------------------------------------------


async def waiting(session: AsyncSession, desk: str, limit: int = 100) -> Sequence[int]:
    """Letters of a desk that nobody has read yet, in the order in which they came."""
    query = select(LetterRow.id).where(LetterRow.desk == desk, LetterRow.state == LetterState.RAW)
    return (await session.scalars(query.order_by(LetterRow.id).limit(limit))).all()


async def next_letters(session: AsyncSession, desk: str) -> Sequence[RawLetter]:
    """The next letters of a desk that nobody has read yet, in the order in which they came, with their bytes.

    So many as are read at once; none when nothing waits. Whoever files one of them `hold`s it first.
    """
    query = select(LetterRow).where(LetterRow.desk == desk, LetterRow.state == LetterState.RAW)
    rows: list[LetterRow] = []
    room = _MOST_BYTES
    for row in await session.scalars(query.order_by(LetterRow.id).limit(_MOST_LETTERS)):
        room -= row.size
        if rows and room < 0:
            break
        rows.append(row)
    ids = [row.id for row in rows]
    stored = select(RawLetterRow.letter_id, RawLetterRow.content).where(RawLetterRow.letter_id.in_(ids))
    contents = {each.letter_id: each.content for each in await session.execute(stored)}
    places: dict[int, set[str]] = {}
    found = select(ArrivalRow.letter_id, ArrivalRow.mailbox).where(ArrivalRow.letter_id.in_(ids))
    for each in await session.execute(found):
        places.setdefault(each.letter_id, set()).add(each.mailbox)
    return [_raw_letter(row, contents.get(row.id), places.get(row.id, ())) for row in rows]


async def hold(session: AsyncSession, letter_ids: Collection[int]) -> set[int]:
    """Keep those of these letters that still wait to the end of the transaction."""
    asked = {"letters": sorted(letter_ids), "raw": LetterState.RAW}
    return set(await session.scalars(_WAITING, asked))


async def take(session: AsyncSession, letter_id: int) -> RawLetter | None:
    """The letter with its bytes, held to the end of the transaction; None when it waits no longer."""
    query = (
        select(LetterRow)
        .where(LetterRow.id == letter_id, LetterRow.state == LetterState.RAW)
        .with_for_update()
    )
    row = await session.scalar(query, execution_options={"populate_existing": True})
    if row is None:
        return None
    content = await raw_bytes(session, letter_id)
    places = select(ArrivalRow.mailbox).where(ArrivalRow.letter_id == letter_id)
    return _raw_letter(row, content, await session.scalars(places))


def _raw_letter(row: LetterRow, content: bytes | None, mailboxes: Iterable[str]) -> RawLetter:
    return RawLetter(
        id=row.id,
        desk=row.desk,
        direction=Direction(row.direction),
        received_at=row.received_at,
        content=content or b"",
        whole=row.whole,
        size=row.size,
        mailboxes=frozenset(mailboxes),
        incident_id=row.incident_id,
    )


async def mark_parsed(
    session: AsyncSession, desk: str, letters: Mapping[int, ParsedLetter]
) -> dict[int, int]:
    """Keep what was understood of these letters, by number; returns which are copies, and of which letter.

    A copy goes no further: it is marked as one.
    """
    prints = {letter_id: fingerprint(letter) for letter_id, letter in letters.items()}
    asked = {"in_desk": desk, "prints": sorted(set(prints.values()))}
    originals = {row.fingerprint: row.id for row in await session.execute(_SAME, asked)}
    copies: dict[int, int] = {}
    new: dict[int, ParsedLetter] = {}
    for letter_id, letter in letters.items():
        original = originals.setdefault(prints[letter_id], letter_id)
        if original == letter_id:
            new[letter_id] = letter
        else:
            copies[letter_id] = original
    copies |= await _changed_copies(session, desk, new)
    for letter_id, original in copies.items():
        new.pop(letter_id, None)
        await mark_duplicate(session, letter_id, original)
    await set_all(
        session,
        {
            letter_id: {"state": LetterState.PARSED, "fingerprint": prints[letter_id], **columns_of(letter)}
            for letter_id, letter in new.items()
        },
    )
    await note_ids(session, desk, new)
    return copies


async def _changed_copies(
    session: AsyncSession, desk: str, letters: Mapping[int, ParsedLetter]
) -> dict[int, int]:
    """Which of these letters are here but for what a list or a gateway has put above or below their words.

    An id alone proves nothing, for broken programs give one to different letters.
    """
    keys = sorted({id_key(each.message_id) for each in letters.values() if each.message_id})
    found: dict[str, list[Any]] = {}
    for row in await session.execute(_NAMESAKES, {"in_desk": desk, "keys": keys}) if keys else ():
        found.setdefault(row.message_id, []).append(row)
    copies: dict[int, int] = {}
    for letter_id, letter in letters.items():
        namesakes = found.get(id_key(letter.message_id), ()) if letter.message_id else ()
        same = [row.id for row in namesakes if row.id != letter_id and _is_changed_copy(letter, row)]
        if same:
            copies[letter_id] = same[0]
    return copies


def _is_changed_copy(letter: ParsedLetter, row: Any) -> bool:
    if letter.date is None or letter.date != row.date or letter.sender.key != row.sender_address.casefold():
        return False
    shorter, longer = sorted((" ".join(each.split()) for each in (letter.text, row.text)), key=len)
    return shorter in longer


async def mark_filed(session: AsyncSession, letter_id: int, incident_id: int, threaded_by: str) -> None:
    """Note to which incident the letter belongs, and by what that was found."""
    await mark_all_filed(session, {letter_id: (incident_id, threaded_by)})


async def mark_all_filed(session: AsyncSession, letters: Mapping[int, tuple[int, str]]) -> None:
    """The same for several letters, by number."""
    await set_all(
        session,
        {
            letter_id: {
                "state": LetterState.FILED,
                "why": "",
                "incident_id": incident_id,
                "threaded_by": threaded_by,
            }
            for letter_id, (incident_id, threaded_by) in letters.items()
        },
    )


async def mark_unreadable(
    session: AsyncSession, letter_id: int, why: str, incident_id: int | None = None
) -> None:
    """Nothing could be made of it. It is kept, shown in its incident and can be read again."""
    await set_columns(
        session, letter_id, state=LetterState.UNREADABLE, why=storable(why), incident_id=incident_id
    )


async def mark_set_aside(session: AsyncSession, letter_id: int, why: str) -> None:
    """It belongs to no incident and makes none."""
    await set_columns(session, letter_id, state=LetterState.SET_ASIDE, why=storable(why))


async def mark_duplicate(session: AsyncSession, letter_id: int, original: int) -> None:
    """It is another copy of a letter that is here."""
    await set_columns(
        session, letter_id, state=LetterState.DUPLICATE, duplicate_of=original, fingerprint=None
    )


async def mark_outgoing(session: AsyncSession, letter_id: int) -> None:
    """It lay among what came, but the desk has written it."""
    await set_columns(session, letter_id, direction=Direction.OUT)


async def mark_undelivered(session: AsyncSession, letter_id: int, why: str) -> None:
    """It did not reach a recipient; `why` is for the dispatcher."""
    await set_columns(session, letter_id, undelivered=storable(why))


async def replay(session: AsyncSession, letter_id: int) -> bool:
    """Have a letter read anew that is in no incident, or could not be read; False when that cannot be."""
    if await raw_bytes(session, letter_id) is None:
        return False
    fresh = {
        "state": LetterState.RAW,
        "why": "",
        "duplicate_of": None,
        "fingerprint": None,
    }
    was_unreadable = LetterRow.state == LetterState.UNREADABLE
    anew = update(LetterRow).where(
        LetterRow.id == letter_id, or_(LetterRow.incident_id.is_(None), was_unreadable)
    )
    changed = await session.scalar(anew.values(**fresh).returning(LetterRow.id))
    if changed is None:
        return False
    await session.execute(delete(LetterIdRow).where(LetterIdRow.letter_id == letter_id))
    wake_after_commit(session, TASK)
    return True


# --- finding ----------------------------------------------------------------------------------------------


async def known_by(session: AsyncSession, desk: str, message_ids: Collection[str]) -> list[KnownLetter]:
    """Letters of the desk that have one of these ids or refer to it, the oldest first; no copies."""
    keys = sorted({id_key(each) for each in message_ids if each})
    found = await session.execute(_KNOWN, {"in_desk": desk, "keys": keys})
    return [
        KnownLetter(
            letter_id=each.letter_id,
            message_id=each.message_id,
            is_own=each.is_own,
            direction=Direction(each.direction),
            state=LetterState(each.state),
            incident_id=each.incident_id,
        )
        for each in found
    ]


async def letter_row(session: AsyncSession, letter_id: int) -> LetterRow | None:
    """The letter of this number, as it is now."""
    return await session.get(LetterRow, letter_id, populate_existing=True)


async def letter_rows(session: AsyncSession, letter_ids: Collection[int]) -> dict[int, LetterRow]:
    """Those of these letters that are there, by number; a few hundred at most."""
    if not letter_ids:
        return {}
    query = select(LetterRow).where(LetterRow.id.in_(letter_ids))
    rows = await session.scalars(query, execution_options={"populate_existing": True})
    return {row.id: row for row in rows}


async def of_incident(session: AsyncSession, incident_id: int) -> Sequence[LetterRow]:
    """The letters of an incident, in the order in which they were received or sent."""
    query = select(LetterRow).where(LetterRow.incident_id == incident_id)
    ordered = query.order_by(LetterRow.received_at, LetterRow.id)
    return (await session.scalars(ordered, execution_options={"populate_existing": True})).all()


async def unnoticed(session: AsyncSession, desk: str, limit: int = 100) -> Sequence[int]:
    """Letters to a desk of which nothing could be made and that stand in no incident yet."""
    query = select(LetterRow.id).where(
        LetterRow.desk == desk,
        LetterRow.state == LetterState.UNREADABLE,
        LetterRow.incident_id.is_(None),
        LetterRow.direction == Direction.IN,
    )
    return (await session.scalars(query.order_by(LetterRow.id).limit(limit))).all()


async def unreadable(session: AsyncSession, desk: str, limit: int = 50) -> Sequence[LetterRow]:
    """Letters of a desk of which nothing could be made, the latest first."""
    query = select(LetterRow).where(LetterRow.desk == desk, LetterRow.state == LetterState.UNREADABLE)
    return (await session.scalars(query.order_by(LetterRow.id.desc()).limit(limit))).all()


async def count_by_state(session: AsyncSession, desk: str) -> dict[LetterState, int]:
    """How many letters of a desk have come how far."""
    query = select(LetterRow.state, func.count()).where(LetterRow.desk == desk).group_by(LetterRow.state)
    return {LetterState(state): count for state, count in (await session.execute(query)).all()}


async def raw_bytes(session: AsyncSession, letter_id: int) -> bytes | None:
    """The letter as it came; None when it was purged."""
    query = select(RawLetterRow.content).where(RawLetterRow.letter_id == letter_id)
    return await session.scalar(query)


async def purged(session: AsyncSession, letter_ids: Collection[int]) -> set[int]:
    """Which of these letters are not here any more as they came."""
    query = select(RawLetterRow.letter_id).where(
        RawLetterRow.letter_id.in_(letter_ids), RawLetterRow.purged_at.is_not(None)
    )
    return set(await session.scalars(query))


def understood(row: LetterRow) -> ParsedLetter | None:
    """What was understood of a letter, without its HTML; None when that has not happened."""
    if not row.facts:
        return None
    return parsed_letters().validate_python({**row.facts, "text": row.text, "fresh": row.fresh, "html": ""})


# --- statements that are made once: making one takes longer than running it --------------------------------

_LETTERS = cast("Table", LetterRow.__table__)
_SAME = select(_LETTERS.c.id, _LETTERS.c.fingerprint).where(
    _LETTERS.c.desk == bindparam("in_desk"),
    _LETTERS.c.fingerprint.in_(bindparam("prints", expanding=True)),
)
_NAMESAKES = (
    select(_LETTERS.c.id, _LETTERS.c.message_id, _LETTERS.c.date, _LETTERS.c.sender_address, _LETTERS.c.text)
    .where(
        _LETTERS.c.desk == bindparam("in_desk"),
        _LETTERS.c.message_id.in_(bindparam("keys", expanding=True)),
        _LETTERS.c.fingerprint.is_not(None),
    )
    .order_by(_LETTERS.c.id)
)
_WAITING = (
    select(_LETTERS.c.id)
    .where(_LETTERS.c.id.in_(bindparam("letters", expanding=True)), _LETTERS.c.state == bindparam("raw"))
    .order_by(_LETTERS.c.id)
    .with_for_update()
)
_IDS = cast("Table", LetterIdRow.__table__)
_KNOWN = (
    select(
        _IDS.c.letter_id,
        _IDS.c.message_id,
        _IDS.c.is_own,
        _LETTERS.c.direction,
        _LETTERS.c.state,
        _LETTERS.c.incident_id,
    )
    .join(_LETTERS, _LETTERS.c.id == _IDS.c.letter_id)
    .where(
        _IDS.c.desk == bindparam("in_desk"),
        _IDS.c.message_id.in_(bindparam("keys", expanding=True)),
    )
    .order_by(_IDS.c.letter_id)
)
