"""Letters that nobody pressed a button for: whether they may go, and the polite answer to who writes too late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.values import SYSTEM, EventKind, Incident
from sekretar.dispatch.letters.model import OutgoingRow, RecipientFate, RecipientRow, ResetRow
from sekretar.dispatch.letters.sending import LettersOut, sent_as
from sekretar.dispatch.letters.values import Draft, Purpose, Voice
from sekretar.dispatch.mail import store
from sekretar.dispatch.mail.counters import (
    LONGEST,
    UNDELIVERABLE_FOR,
    Silence,
    is_bad_address,
    reached,
    silence_about,
    silence_to,
)
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.clock import Clock
from sekretar.kernel.database import insert_into
from sekretar.kernel.errors import PersonError
from sekretar.kernel.i18n import Catalogues, Translator


@dataclass(frozen=True)
class Automatic:
    """What a program may write."""

    clock: Clock
    desks: Mapping[str, DeskSettings]
    incidents: Incidents
    letters: LettersOut
    catalogues: Catalogues

    async def check(self, session: AsyncSession, incident: Incident, draft: Draft) -> None:
        """Make sure that a program may send this.

        Raises:
            PersonError: `dispatch.letters.silence…`, it may not; the desk has to see to it.
        """
        own = self.desks[incident.desk].addresses
        for each in draft.to:
            silence = silence_to(each.address, own) or await self._silence_of(session, incident, each.key)
            if silence is not None:
                raise PersonError(_ERRORS[silence], address=each.address)

    async def answer_too_late(self, session: AsyncSession, incident_id: int, letter_id: int) -> int | Silence:
        """Answer a letter about an incident that ended long ago; once, whoever asks for it.

        Returns:
            The number of the answer; or why there is none, which the history says too.
        """
        key = f"too_late:{letter_id}"
        answered = await sent_as(session, key)
        if answered is not None:
            return answered
        incident = await self.incidents.get(session, incident_id)
        row = await store.letter_row(session, letter_id)
        letter = store.understood(row) if row else None
        if row is None or letter is None:
            return Silence.NO_ADDRESS
        own = self.desks[incident.desk].addresses
        silence = silence_about(letter, row.received_at, own, self.clock.now())
        silence = silence or await self._silence_of(session, incident, letter.applicant.key)
        if silence is not None:
            await self._tell(session, incident, silence, letter.applicant.address, letter_id)
            return silence
        draft = await self.letters.draft(
            session, Purpose.TOO_LATE, incident_id, voice=Voice.ANSWER, answered_id=letter_id
        )
        return await self.letters.write(session, draft, key, SYSTEM)

    async def _silence_of(self, session: AsyncSession, incident: Incident, key: str) -> Silence | None:
        """What is known of the address from letters before."""
        now = self.clock.now()
        if await _came_back(session, key, now):
            return Silence.UNDELIVERABLE
        sent = await _sent_by_programs(session, incident.desk, key, now)
        here = [moment for moment, incident_id in sent if incident_id == incident.id]
        over_all = [moment for moment, _ in sent]
        return Silence.LIMIT if reached(here, now) or reached(over_all, now) else None

    async def _tell(
        self, session: AsyncSession, incident: Incident, silence: Silence, address: str, letter_id: int
    ) -> None:
        t = self.catalogues.translator(incident.language)
        await self.incidents.note(
            session,
            incident.id,
            EventKind.NOTE,
            SYSTEM,
            new=silence_words(t, silence, address),
            letter_id=letter_id,
        )


_ERRORS = {
    Silence.MACHINE: "dispatch.letters.silence.machine",
    Silence.NO_REPLY: "dispatch.letters.silence.no_reply",
    Silence.OWN: "dispatch.letters.silence.own",
    Silence.BLIND_COPY: "dispatch.letters.silence.blind_copy",
    Silence.OLD: "dispatch.letters.silence.old",
    Silence.UNDELIVERABLE: "dispatch.letters.silence.undeliverable",
    Silence.NO_ADDRESS: "dispatch.letters.silence.no_address",
    Silence.LIMIT: "dispatch.letters.silence.limit",
}


def silence_words(t: Translator, silence: Silence, address: str) -> str:
    """Why a program did not write, for the history."""
    return t.plain(_ERRORS[silence], address=address)


async def resume(session: AsyncSession, incident: Incident, now: datetime) -> list[str]:
    """Let programs write again to everybody to whom they wrote about an incident; returns the addresses."""
    query = (
        select(RecipientRow.key)
        .join(OutgoingRow, OutgoingRow.letter_id == RecipientRow.letter_id)
        .where(OutgoingRow.incident_id == incident.id, OutgoingRow.voice != Voice.PERSON)
        .where(RecipientRow.is_copy.is_(False))
    )
    written_to = {*await session.scalars(query), incident.applicant.address} - {""}
    for address in sorted(written_to):
        await count_anew(session, incident.desk, address, now)
    return sorted(written_to)


async def count_anew(session: AsyncSession, desk: str, address: str, now: datetime) -> None:
    """Let programs write to this address again: somebody has seen that there is no loop."""
    values = {"reset_at": now}
    statement = insert_into(session, ResetRow).values(desk=desk, key=address.casefold(), **values)
    await session.execute(
        statement.on_conflict_do_update(index_elements=[ResetRow.desk, ResetRow.key], set_=values)
    )


async def _sent_by_programs(
    session: AsyncSession, desk: str, key: str, now: datetime
) -> list[tuple[datetime, int]]:
    """When programs have written to the address, and about which incident."""
    reset_at = await session.scalar(
        select(ResetRow.reset_at).where(ResetRow.desk == desk, ResetRow.key == key)
    )
    since = max(now - LONGEST, reset_at) if reset_at else now - LONGEST
    query = (
        select(OutgoingRow.created_at, OutgoingRow.incident_id)
        .join(RecipientRow, RecipientRow.letter_id == OutgoingRow.letter_id)
        .where(RecipientRow.key == key, RecipientRow.changed_at > since)
        .where(OutgoingRow.created_at > since, OutgoingRow.voice != Voice.PERSON)
    )
    return [(moment, incident_id) for moment, incident_id in await session.execute(query)]


async def _came_back(session: AsyncSession, key: str, now: datetime) -> bool:
    """Whether the address is known to be none, by the last that was heard of it."""
    query = (
        select(RecipientRow.fate, RecipientRow.reply)
        .where(RecipientRow.key == key, RecipientRow.changed_at > now - UNDELIVERABLE_FOR)
        .where(RecipientRow.fate.not_in([RecipientFate.WAITING, RecipientFate.GIVEN_UP]))
        .order_by(RecipientRow.changed_at.desc(), RecipientRow.letter_id.desc())
        .limit(1)
    )
    last = (await session.execute(query)).first()
    if last is None or last.fate == RecipientFate.ACCEPTED:
        return False
    return last.fate == RecipientFate.UNDELIVERED or is_bad_address(last.reply)
