"""How long letters are kept: what has served its time is taken out of the database, bit by bit.

Incidents and their histories stay for ever, and so does what a letter of an incident said in words: it is a part of
the incident. What goes is the letter as it came, with its attachments. Of a letter that belongs to no incident the
words go too; its numbers stay, or it would be read from the mailbox as a new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import Select, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.incidents.model import IncidentRow
from sekretar.dispatch.letters.model import Fate, OutgoingRow
from sekretar.dispatch.mail.model import LetterRow, LetterState, RawLetterRow
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Database

#: The name of the job.
TASK: Final = "dispatch retention"

EVERY: Final = timedelta(hours=6)

#: So many letters are purged in a transaction.
BATCH: Final = 200

#: States in which a letter still waits for something.
_UNDER_WAY = (LetterState.RAW, LetterState.PARSED)

#: What a letter says, and who says it.
_NO_WORDS: Final[Mapping[str, Any]] = {
    "subject": "",
    "sender_name": "",
    "sender_address": "",
    "fresh": "",
    "text": "",
    "facts": {},
}

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Purged:
    """How much was purged at a desk: letters of ended incidents, letters of none, and bytes altogether."""

    filed: int = 0
    unfiled: int = 0
    size: int = 0


class Retention:
    """Purges the letters of all desks."""

    def __init__(self, database: Database, clock: Clock, desks: Mapping[str, DeskSettings]) -> None:
        self._database = database
        self._clock = clock
        self._desks = desks

    async def run(self) -> None:
        """Purge what has served its time, and say in the log how much it was."""
        for desk in self._desks.values():
            purged = await self.purge(desk)
            if purged != Purged():
                _log.info("letters purged", desk=desk.name, filed=purged.filed, unfiled=purged.unfiled,
                          bytes=purged.size)  # fmt: skip

    async def purge(self, desk: DeskSettings) -> Purged:
        """Purge the letters of one desk."""
        keep, filed, unfiled, size = desk.retention, 0, 0, 0
        if keep.letters_days:
            filed, size = await self._all(_filed(desk.name, self._before(keep.letters_days)), {})
        if keep.unfiled_days:
            query = _unfiled(desk.name, self._before(keep.unfiled_days))
            unfiled, more = await self._all(query, _NO_WORDS)
            size += more
        return Purged(filed, unfiled, size)

    def _before(self, days: int) -> datetime:
        return self._clock.now() - timedelta(days=days)

    async def _all(self, query: Select[int, int], words: Mapping[str, Any]) -> tuple[int, int]:
        """Purge what the query finds, a few at a time; returns how many letters and bytes that were."""
        letters = size = 0
        while True:
            async with self._database.transaction() as session:
                found = {row[0]: row[1] for row in await session.execute(query)}
                await self._purge(session, list(found), words)
            letters += len(found)
            size += sum(found.values())
            if len(found) < BATCH:
                return letters, size

    async def _purge(self, session: AsyncSession, letter_ids: list[int], words: Mapping[str, Any]) -> None:
        gone = update(RawLetterRow).where(RawLetterRow.letter_id.in_(letter_ids))
        await session.execute(gone.values(content=None, purged_at=self._clock.now()))
        if words:
            await session.execute(update(LetterRow).where(LetterRow.id.in_(letter_ids)).values(**words))


def _kept(desk: str) -> Select[int, int]:
    """Letters of a desk that are here as they came, with their size; none that is under way."""
    waiting = exists().where(OutgoingRow.letter_id == LetterRow.id, OutgoingRow.fate == Fate.WAITING)
    return (
        select(LetterRow.id, func.length(RawLetterRow.content))
        .join(RawLetterRow, RawLetterRow.letter_id == LetterRow.id)
        .where(
            LetterRow.desk == desk,
            LetterRow.state.not_in(_UNDER_WAY),
            RawLetterRow.content.is_not(None),
            ~waiting,
        )
        .order_by(LetterRow.id)
        .limit(BATCH)
    )


def _filed(desk: str, before: datetime) -> Select[int, int]:
    """Of incidents that ended before the moment; and copies of such letters, which are in no incident themselves."""
    original = select(LetterRow.incident_id, LetterRow.id).subquery()
    incident = or_(
        IncidentRow.id == LetterRow.incident_id,
        IncidentRow.id.in_(select(original.c.incident_id).where(original.c.id == LetterRow.duplicate_of)),
    )
    return _kept(desk).where(exists().where(incident, IncidentRow.finished_at < before))


def _unfiled(desk: str, before: datetime) -> Select[int, int]:
    """In no incident, and received before the moment."""
    return _kept(desk).where(LetterRow.incident_id.is_(None), LetterRow.received_at < before)
