"""Letters that the desk makes itself: kept like those that came, so that their copies in the mailboxes are known."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.mail.columns import columns_of, note_ids, set_columns
from sekretar.dispatch.mail.letter import ParsedLetter, fingerprint
from sekretar.dispatch.mail.model import Direction, LetterRow, LetterState, RawLetterRow

#: By what the incident of a letter of the desk is known.
MADE_HERE = "made_here"


async def begin(session: AsyncSession, desk: str, incident_id: int, now: datetime) -> int:
    """A number for a letter of the desk, whose Message-ID will name it; `keep` follows in the transaction."""
    row = LetterRow(
        desk=desk,
        direction=Direction.OUT,
        state=LetterState.FILED,
        incident_id=incident_id,
        threaded_by=MADE_HERE,
        received_at=now,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    return row.id


async def keep(
    session: AsyncSession, desk: str, letter_id: int, letter: ParsedLetter, content: bytes
) -> None:
    """Keep a letter of the desk as any other, so that its copies in the mailboxes are known for copies."""
    values = {"fingerprint": fingerprint(letter), "size": len(content), **columns_of(letter)}
    await set_columns(session, letter_id, **values)
    session.add(RawLetterRow(letter_id=letter_id, content=content))
    await session.flush()
    await note_ids(session, desk, {letter_id: letter})


async def replace(session: AsyncSession, letter_id: int, letter: ParsedLetter, content: bytes) -> None:
    """A letter that nobody has got yet goes out as another one, such as without its files."""
    await set_columns(
        session, letter_id, fingerprint=fingerprint(letter), size=len(content), **columns_of(letter)
    )
    await session.execute(
        update(RawLetterRow).where(RawLetterRow.letter_id == letter_id).values(content=content)
    )
