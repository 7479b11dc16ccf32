"""Making letters of drafts: in one transaction the letter is stored, its recipients are, and its delivery is put.

The key of a letter is the meaning of sending it: one press of a button, one entering of a status. Sending the same
key again finds the letter that is there, so a double click writes one letter, and so does a repeated event. The
Message-ID is decided here, before anybody tries to deliver, and stays.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.rows import incident_of, locked
from sekretar.dispatch.incidents.values import Actor, EventKind, Incident, IncidentChange, Status
from sekretar.dispatch.incidents.workflow import TRIGGERS
from sekretar.dispatch.letters.addressing import last_letter
from sekretar.dispatch.letters.composing import checked, compose
from sekretar.dispatch.letters.gathering import Gatherer
from sekretar.dispatch.letters.mime import Written, letter_bytes
from sekretar.dispatch.letters.model import Fate, OutgoingRow, RecipientFate, RecipientRow
from sekretar.dispatch.letters.templating import template_of
from sekretar.dispatch.letters.threading import references
from sekretar.dispatch.letters.values import AttachmentRef, Draft, File, Filed, Purpose, Voice
from sekretar.dispatch.mail import made, store
from sekretar.dispatch.mail.ids import LetterIds
from sekretar.dispatch.mail.letter import Address, ParsedLetter
from sekretar.dispatch.mail.parsing import attachment_content, parse
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel import outbox
from sekretar.kernel.clock import Clock
from sekretar.kernel.errors import PersonError
from sekretar.kernel.i18n import Catalogues

#: The kind of the effect that delivers a letter.
KIND = "dispatch.letter"

#: The status that sends a letter of this purpose.
_SENT_BY: Mapping[Purpose, Status] = {
    Purpose(trigger.letter.value): status for status, trigger in TRIGGERS.items()
}
_PREPARED = "sekretar.dispatch.prepared"


@dataclass(frozen=True)
class Prepared:
    """A draft that a person has seen, on its way into a status that sends it."""

    draft: Draft
    key: str


class LettersOut:
    """Writes the letters of all desks."""

    def __init__(
        self,
        clock: Clock,
        desks: Mapping[str, DeskSettings],
        incidents: Incidents,
        ids: LetterIds,
        catalogues: Catalogues,
        gatherer: Gatherer,
    ) -> None:
        self._clock = clock
        self._desks = desks
        self._incidents = incidents
        self._ids = ids
        self._catalogues = catalogues
        self._gatherer = gatherer

    async def draft(
        self,
        session: AsyncSession,
        purpose: Purpose,
        incident_id: int,
        *,
        voice: Voice = Voice.PERSON,
        text: str = "",
        answered_id: int | None = None,
    ) -> Draft:
        """A letter as it would be sent now, for a person to look at and change.

        Args:
            text: What the person writes, for `Purpose.REPLY`.
            answered_id: Which letter of the incident is answered; the last one of a person outside unless given.

        Raises:
            PersonError: something that the letter needs is missing.
        """
        incident = await self._living(session, incident_id)
        matter = await self._gatherer.matter(session, incident)
        house = await self._gatherer.house(session, incident)
        t = self._catalogues.translator(incident.language)
        template = await template_of(session, incident.desk, purpose, t)
        answered = _chosen(matter.letters, answered_id)
        return compose(purpose, matter, house, t, template, voice=voice, text=text, answered=answered)

    async def answerable(self, session: AsyncSession, incident_id: int) -> int | None:
        """The number of the letter that a reply answers now; None where nobody outside has written."""
        incident = await self._living(session, incident_id)
        found = last_letter(await self._gatherer.matter(session, incident))
        return found.id if found else None

    async def _living(self, session: AsyncSession, incident_id: int) -> Incident:
        """The incident in which this one lives on, with the letters that came to both."""
        return await self._incidents.get(session, await self._incidents.survivor(session, incident_id))

    async def send(self, session: AsyncSession, draft: Draft, key: str, actor: Actor) -> int:
        """Send a letter that a person has looked at; returns its number.

        A letter that belongs to a move of the workflow makes that move.

        Args:
            key: The meaning of sending it, such as the nonce of the button; the same key sends nothing twice.

        Raises:
            PersonError: the letter cannot be sent as it is, or the incident cannot make the move.
        """
        row = await locked(session, draft.incident_id)
        known = await sent_as(session, key)
        if known is not None:
            return known
        status = _SENT_BY.get(draft.purpose)
        if status is None:
            return await self.write(session, draft, key, actor)
        house = await self._gatherer.house(session, incident_of(row))
        session.info[_PREPARED] = Prepared(checked(draft, house), key)
        try:
            await self._incidents.change(session, draft.incident_id, IncidentChange(status=status), actor)
        finally:
            session.info.pop(_PREPARED, None)
        sent = await sent_as(session, key)
        if sent is None:
            raise PersonError("dispatch.letters.not_sent", code=draft.code)
        return sent

    async def write(
        self, session: AsyncSession, draft: Draft, key: str, actor: Actor, awaited_in: Status | None = None
    ) -> int:
        """Make the letter and put its delivery, whatever the workflow says; returns its number.

        Args:
            awaited_in: The status from which the incident moves on when the letter is delivered.

        Raises:
            PersonError: the letter cannot be sent as it is.
        """
        incident = incident_of(await locked(session, draft.incident_id))
        known = await sent_as(session, key)
        if known is not None:
            return known
        draft = checked(draft, await self._gatherer.house(session, incident))
        desk, now = self._desks[incident.desk], self._clock.now()
        letter_id = await made.begin(session, desk.name, incident.id, now)
        files = (*await _files(session, draft.attachments), *draft.enclosed)
        written = self._written(draft, desk, letter_id, now, files)
        content, parsed = await asyncio.to_thread(_made, written)
        await made.keep(session, desk.name, letter_id, parsed, content)
        gives_up_at = now + desk.letters.patience
        session.add(_outgoing(draft, letter_id, key, awaited_in, now, gives_up_at))
        session.add_all(_recipients(draft, letter_id, now))
        effect = outbox.Effect(KIND, f"{KIND}:{letter_id}", {"letter": letter_id})
        await outbox.put(session, effect, now)
        await self._incidents.note(
            session,
            incident.id,
            EventKind.LETTER_OUT,
            actor,
            new=draft.subject,
            letter_id=letter_id,
        )
        return letter_id

    def prepared_for(self, session: AsyncSession, incident: Incident) -> Prepared | None:
        """The draft with which somebody moves the incident in this transaction."""
        prepared: Prepared | None = session.info.get(_PREPARED)
        return prepared if prepared is not None and prepared.draft.incident_id == incident.id else None

    def _written(
        self, draft: Draft, desk: DeskSettings, letter_id: int, now: datetime, files: tuple[File, ...]
    ) -> Written:
        box = next((box for box in desk.mailboxes if box.address.casefold() == draft.mailbox), None)
        if box is None:
            raise PersonError("dispatch.letters.no_mailbox")
        pseudo_id = self._ids.incident(draft.incident_id, desk.id_domain)
        answers = self._ids.reply_address(draft.incident_id, box.address) if box.reply_addresses else ""
        return Written(
            message_id=self._ids.letter(draft.incident_id, letter_id, desk.id_domain),
            pseudo_id=pseudo_id,
            voice=draft.voice,
            # Mail has no parts of a second, and what is stored must equal what is read back.
            at=now.replace(microsecond=0),
            zone=ZoneInfo(desk.zone),
            sender=Address(box.sender, box.address),
            to=draft.to,
            cc=draft.cc,
            subject=draft.subject,
            text=draft.text,
            in_reply_to=draft.in_reply_to,
            references=references(pseudo_id, draft.references),
            reply_to=Address(box.sender, answers) if answers else None,
            files=files,
        )


def _outgoing(
    draft: Draft, letter_id: int, key: str, awaited_in: Status | None, now: datetime, gives_up_at: datetime
) -> OutgoingRow:
    return OutgoingRow(
        letter_id=letter_id,
        incident_id=draft.incident_id,
        key=key,
        purpose=draft.purpose,
        voice=draft.voice,
        mailbox=draft.mailbox,
        awaited_in=awaited_in or "",
        fate=Fate.WAITING,
        problem="",
        created_at=now,
        gives_up_at=gives_up_at,
    )


def _recipients(draft: Draft, letter_id: int, now: datetime) -> Iterator[RecipientRow]:
    for is_copy, addresses in ((False, draft.to), (True, draft.cc)):
        for each in addresses:
            yield RecipientRow(
                letter_id=letter_id,
                key=each.key,
                address=each.address,
                is_copy=is_copy,
                fate=RecipientFate.WAITING,
                reply="",
                changed_at=now,
            )


def _chosen(letters: tuple[Filed, ...], letter_id: int | None) -> Filed | None:
    if letter_id is None:
        return None
    found = next((each for each in letters if each.id == letter_id), None)
    if found is None:
        raise PersonError("dispatch.letters.no_such_letter")
    return found


async def sent_as(session: AsyncSession, key: str) -> int | None:
    """The letter that was sent with this meaning."""
    return await session.scalar(select(OutgoingRow.letter_id).where(OutgoingRow.key == key))


async def _files(session: AsyncSession, refs: tuple[AttachmentRef, ...]) -> tuple[File, ...]:
    """The attachments with their contents, as they came.

    Raises:
        PersonError: `dispatch.letters.file_gone`, the letter of one was purged meanwhile.
    """
    files = []
    for ref in refs:
        raw = await store.raw_bytes(session, ref.letter_id)
        if raw is None:
            raise PersonError("dispatch.letters.file_gone", name=ref.attachment.safe_name)
        content = await asyncio.to_thread(attachment_content, raw, ref.attachment.part)
        files.append(File(ref.attachment.safe_name, ref.attachment.media_type, content))
    return tuple(files)


def _made(written: Written) -> tuple[bytes, ParsedLetter]:
    """The bytes, and what whoever reads them understands."""
    content = letter_bytes(written)
    return content, replace(parse(content), html="")
