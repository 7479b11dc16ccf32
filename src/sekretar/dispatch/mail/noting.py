"""What was read of a folder goes into the database in one step: raw letters, where they were, and the cursor.

Before this step nothing is known of a letter, after it nothing of it can be lost; there is no moment between. A
letter that is here already, because another mailbox has it too or because the folder was numbered anew, gets one
more place and no second row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.mail.model import (
    ArrivalRow,
    Direction,
    FolderRow,
    LetterRow,
    LetterState,
    RawLetterRow,
)
from sekretar.dispatch.mail.store import TASK
from sekretar.kernel.database import insert_into, wake_after_commit

#: Why a letter from before the first start makes no incident.
HISTORY = "history"
#: Why a letter has no text: the server does not hand it out.
WITHHELD = "withheld"


@dataclass(frozen=True)
class Cursor:
    """How far a folder was read.

    Attributes:
        mailbox: Its address, in small letters.
        folder: Its readable name.
        host: The server; the numbers of another one mean nothing.
        known_until: Letters up to this number were numbered anew: they may be here already.
        since: What the server took before this moment makes no incident.
    """

    mailbox: str
    folder: str
    host: str
    uidvalidity: int
    last_uid: int
    known_until: int
    since: datetime


@dataclass(frozen=True)
class Fetched:
    """A letter as the server gave it.

    Attributes:
        header: The bytes of its headers; empty when the server did not hand them out.
        body: The bytes after the headers; None when they stayed on the server.
        size: Of the whole letter in bytes, as the server tells it.
        received_at: When the server took it.
        is_history: It is from before the first start.
    """

    uid: int
    header: bytes
    body: bytes | None
    size: int
    received_at: datetime
    is_history: bool = False


def digest_of(header: bytes, size: int) -> str:
    """What tells a letter from others byte by byte, as far as that can be told without its body."""
    return hashlib.sha256(b"%d\0%b" % (size, header)).hexdigest()


async def cursor_of(session: AsyncSession, mailbox: str, folder: str) -> Cursor | None:
    """How far the folder was read; None when it never was."""
    row = await session.get(FolderRow, (mailbox, folder))
    if row is None:
        return None
    return Cursor(
        row.mailbox, row.folder, row.host, row.uidvalidity, row.last_uid, row.known_until, row.since
    )


async def started_at(session: AsyncSession, mailbox: str) -> datetime | None:
    """From when on letters of this mailbox are read; None when it never was."""
    return await session.scalar(select(func.min(FolderRow.since)).where(FolderRow.mailbox == mailbox))


async def known_digests(session: AsyncSession, desk: str, digests: Collection[str]) -> set[str]:
    """Those of the letters that are here."""
    return set(await _ids(session, desk, digests))


async def note(
    session: AsyncSession,
    desk: str,
    direction: Direction,
    cursor: Cursor,
    letters: Sequence[Fetched],
    now: datetime,
) -> int:
    """Keep what was read up to this cursor, and the cursor; returns how many letters were new here."""
    by_digest: dict[str, Fetched] = {}
    for letter in letters:
        by_digest.setdefault(_digest(cursor, letter), letter)
    known = await _ids(session, desk, by_digest)
    # In the order of the folder: that is the order in which they will be understood.
    new = [digest for digest in by_digest if digest not in known]
    if new:
        rows = [_row(desk, direction, digest, by_digest[digest], now) for digest in new]
        await session.execute(insert_into(session, LetterRow).on_conflict_do_nothing(), rows)
        known = await _ids(session, desk, by_digest)
        raw = [{"letter_id": known[digest], "content": _content(by_digest[digest])} for digest in new]
        # Another mailbox may have brought the same letter in this moment.
        await session.execute(insert_into(session, RawLetterRow).on_conflict_do_nothing(), raw)
        wake_after_commit(session, TASK)
    if letters:
        places = [
            _place(cursor, letter) | {"letter_id": known[_digest(cursor, letter)], "noticed_at": now}
            for letter in letters
        ]
        await session.execute(insert_into(session, ArrivalRow).on_conflict_do_nothing(), places)
    await _move(session, cursor, now)
    return len(new)


async def _ids(session: AsyncSession, desk: str, digests: Collection[str]) -> dict[str, int]:
    query = select(LetterRow.digest, LetterRow.id).where(
        LetterRow.desk == desk, LetterRow.digest.in_(sorted(digests))
    )
    return {digest: letter_id for digest, letter_id in (await session.execute(query)).all() if digest}


def _place(cursor: Cursor, letter: Fetched) -> dict[str, object]:
    return {
        "mailbox": cursor.mailbox,
        "folder": cursor.folder,
        "uidvalidity": cursor.uidvalidity,
        "uid": letter.uid,
    }


def _digest(cursor: Cursor, letter: Fetched) -> str:
    # A letter of which nothing was given is told from others only by its place.
    return digest_of(letter.header or repr(_place(cursor, letter)).encode(), letter.size)


def _row(desk: str, direction: Direction, digest: str, letter: Fetched, now: datetime) -> dict[str, object]:
    state, why = _fate(letter)
    return {
        "desk": desk,
        "direction": direction,
        "state": state,
        "why": why,
        "digest": digest,
        "received_at": letter.received_at,
        "size": letter.size,
        "whole": letter.body is not None,
        "created_at": now,
    }


def _content(letter: Fetched) -> bytes:
    return letter.header + (letter.body or b"")


def _fate(letter: Fetched) -> tuple[LetterState, str]:
    if letter.is_history:
        return LetterState.SET_ASIDE, HISTORY
    if not letter.header:
        return LetterState.UNREADABLE, WITHHELD
    return LetterState.RAW, ""


async def _move(session: AsyncSession, cursor: Cursor, now: datetime) -> None:
    values = {
        "host": cursor.host,
        "uidvalidity": cursor.uidvalidity,
        "last_uid": cursor.last_uid,
        "known_until": cursor.known_until,
        "since": cursor.since,
        "read_at": now,
    }
    statement = insert_into(session, FolderRow).values(mailbox=cursor.mailbox, folder=cursor.folder, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["mailbox", "folder"], set_=values))
