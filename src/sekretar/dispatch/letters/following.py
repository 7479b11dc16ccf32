"""What follows from statuses and deliveries: entering a status sends its letter, a delivered letter moves on.

What a person is told when they press a button, the history says when nobody is there to be told: an incident whose
letter cannot be written or delivered goes into error, with the reason in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.rows import incident_of, locked
from sekretar.dispatch.incidents.values import (
    SYSTEM,
    ActorKind,
    Changed,
    Event,
    EventKind,
    Incident,
    IncidentChange,
    Status,
)
from sekretar.dispatch.incidents.workflow import TRIGGERS
from sekretar.dispatch.letters.automatic import Automatic
from sekretar.dispatch.letters.model import OutgoingRow
from sekretar.dispatch.letters.sending import LettersOut
from sekretar.dispatch.letters.values import Purpose, Voice
from sekretar.kernel.errors import PersonError
from sekretar.kernel.i18n import Catalogues

#: Whoever moves an incident stands behind its letter; what moves it by itself is a program.
_PROGRAMS = frozenset({ActorKind.SYSTEM, ActorKind.LETTER})


@dataclass(frozen=True)
class Following:
    """Ties letters to the workflow."""

    incidents: Incidents
    letters: LettersOut
    automatic: Automatic
    catalogues: Catalogues

    async def on_changed(self, session: AsyncSession, changes: Sequence[Changed]) -> None:
        """Send the letters of the statuses that were entered. A listener of the incidents."""
        for changed in changes:
            incident = changed.incident
            for event in changed.events:
                # Another listener may have moved it on meanwhile.
                entered = event.kind is EventKind.STATUS and event.new == incident.status
                if entered and incident.status in TRIGGERS:
                    await self._entered(session, incident, event)

    async def _entered(self, session: AsyncSession, incident: Incident, event: Event) -> None:
        prepared = self.letters.prepared_for(session, incident)
        if prepared is not None:
            await self.letters.write(session, prepared.draft, prepared.key, event.actor, incident.status)
            return
        purpose = Purpose(TRIGGERS[incident.status].letter.value)
        voice = Voice.NOTICE if event.actor.kind in _PROGRAMS else Voice.PERSON
        try:
            draft = await self.letters.draft(session, purpose, incident.id, voice=voice)
            if voice.is_automatic:
                await self.automatic.check(session, incident, draft)
            await self.letters.write(session, draft, f"event:{event.id}", event.actor, incident.status)
        except PersonError as error:
            await self._fail(
                session, incident, self.catalogues.translator(incident.language).plain_error(error)
            )

    async def delivered(self, session: AsyncSession, letter: OutgoingRow) -> None:
        """The mail server has taken the letter: the incident moves on, if it still waits for that."""
        incident = incident_of(await locked(session, letter.incident_id))
        if letter.awaited_in and incident.status == letter.awaited_in:
            then = TRIGGERS[incident.status].then
            await self.incidents.change(session, incident.id, IncidentChange(status=then), SYSTEM)

    async def failed(self, session: AsyncSession, letter: OutgoingRow, whom: str, why: str) -> None:
        """The letter reached nobody it was meant for."""
        incident = incident_of(await locked(session, letter.incident_id))
        await self.not_reached(session, letter, whom, why)
        if letter.awaited_in and incident.status == letter.awaited_in:
            await self._fail(session, incident, self._could_not(incident, whom, why))

    async def not_reached(self, session: AsyncSession, letter: OutgoingRow, whom: str, why: str) -> None:
        """Some did not get the letter."""
        await self.incidents.note(
            session,
            letter.incident_id,
            EventKind.LETTER_FAILED,
            SYSTEM,
            new=whom,
            why=why,
            letter_id=letter.letter_id,
        )

    async def language_of(self, session: AsyncSession, incident_id: int) -> str:
        """In which letters about the incident are written."""
        return (await self.incidents.get(session, incident_id)).language

    def _could_not(self, incident: Incident, whom: str, why: str) -> str:
        t = self.catalogues.translator(incident.language)
        return t.plain("dispatch.letters.failed", whom=whom, why=why)

    async def _fail(self, session: AsyncSession, incident: Incident, why: str) -> None:
        change = IncidentChange(status=Status.ERROR)
        await self.incidents.change(session, incident.id, change, SYSTEM, why)
