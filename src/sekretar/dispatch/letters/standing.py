"""How letters out stand: what became of each, and which mailboxes do not get rid of theirs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.letters.model import Fate, OutgoingRow, RecipientFate, RecipientRow
from sekretar.dispatch.letters.values import Purpose, Voice


@dataclass(frozen=True)
class Recipient:
    """What became of a letter on its way to one recipient; `reply` is the last answer of a mail server."""

    address: str
    is_copy: bool
    fate: RecipientFate
    reply: str


@dataclass(frozen=True)
class Standing:
    """A letter out. `problem` is what hindered it last, also when it has gone since."""

    letter_id: int
    purpose: Purpose
    voice: Voice
    fate: Fate
    problem: str
    settled_at: datetime | None
    recipients: tuple[Recipient, ...]


@dataclass(frozen=True)
class Backlog:
    """Letters that a mailbox has not got rid of although it tried."""

    mailbox: str
    letters: int
    since: datetime
    problem: str


async def standings(session: AsyncSession, letter_ids: Collection[int]) -> dict[int, Standing]:
    """How these letters stand; those that are none of ours are left out. A few hundred at most."""
    recipients: dict[int, list[Recipient]] = defaultdict(list)
    query = select(RecipientRow).where(RecipientRow.letter_id.in_(letter_ids))
    for row in await session.scalars(query.order_by(RecipientRow.is_copy, RecipientRow.key)):
        one = Recipient(row.address, row.is_copy, RecipientFate(row.fate), row.reply)
        recipients[row.letter_id].append(one)
    rows = await session.scalars(select(OutgoingRow).where(OutgoingRow.letter_id.in_(letter_ids)))
    return {
        row.letter_id: Standing(
            letter_id=row.letter_id,
            purpose=Purpose(row.purpose),
            voice=Voice(row.voice),
            fate=Fate(row.fate),
            problem=row.problem,
            settled_at=row.settled_at,
            recipients=tuple(recipients[row.letter_id]),
        )
        for row in rows
    }


async def backlogs(session: AsyncSession, before: datetime) -> list[Backlog]:
    """Mailboxes with letters that were written before this moment, were tried and are still here."""
    query = (
        select(
            OutgoingRow.mailbox,
            func.count(),
            func.min(OutgoingRow.created_at),
            func.max(OutgoingRow.letter_id),
        )
        .where(OutgoingRow.fate == Fate.WAITING, OutgoingRow.problem != "", OutgoingRow.created_at < before)
        .group_by(OutgoingRow.mailbox)
        .order_by(OutgoingRow.mailbox)
    )
    found = []
    for mailbox, count, since, last_id in (await session.execute(query)).all():
        last = select(OutgoingRow.problem).where(OutgoingRow.letter_id == last_id)
        found.append(Backlog(mailbox, count, since, await session.scalar(last) or ""))
    return found
