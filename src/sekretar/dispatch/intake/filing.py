"""Doing what was decided with a letter, in the transaction that also marks it as done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch import subjects
from sekretar.dispatch.assets.assets import Assets
from sekretar.dispatch.assets.values import Found, Said
from sekretar.dispatch.incidents import words
from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.values import (
    SYSTEM,
    Actor,
    ActorKind,
    Applicant,
    Came,
    EventKind,
    Incident,
    IncidentChange,
    LinkKind,
    NewIncident,
    Opening,
    Origin,
    Status,
)
from sekretar.dispatch.intake.threads import Arrived, Decision, Outcome, Reason, Relation, Writer
from sekretar.dispatch.mail import store
from sekretar.dispatch.mail.letter import ParsedLetter
from sekretar.dispatch.mail.model import Direction, LetterState
from sekretar.dispatch.mail.store import KnownLetter, RawLetter
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.errors import PersonError
from sekretar.kernel.i18n import Catalogues, Translator
from sekretar.kernel.text import truncate

#: Tells the sender of this letter that the incident is closed for long; in the transaction that files the letter.
TooLate = Callable[[AsyncSession, int, int], Awaitable[object]]

#: A letter whose date lies further before its arrival, or behind it, does not tell when it was written.
_SLOWEST: Final = timedelta(days=3)
_LONGEST_DESCRIPTION: Final = 20_000
_LONGEST_SUMMARY: Final = 200


async def no_answer(session: AsyncSession, incident_id: int, letter_id: int) -> None:
    """Of a desk that sends no letters."""


@dataclass(frozen=True)
class Arrival:
    """A letter on its way into an incident."""

    desk: DeskSettings
    raw: RawLetter
    letter: ParsedLetter
    #: What else is here of its conversation.
    related: tuple[KnownLetter, ...]
    now: datetime

    @property
    def actor(self) -> Actor:
        """Who wrote it."""
        writer = self.letter.applicant if self.letter.web_form else self.letter.sender
        return Actor(ActorKind.LETTER, writer.name or writer.address)

    @property
    def said(self) -> Said:
        """The words in which its place is looked for."""
        letter = self.letter
        # What is quoted of a conversation that is not here may say where it is.
        quoted = letter.text if letter.text != letter.fresh and not self.related else ""
        return Said(letter.subject, letter.fresh, quoted)


@dataclass(frozen=True)
class Case:
    """A letter, and what was decided about it."""

    arrival: Arrival
    arrived: Arrived
    decision: Decision

    @property
    def incident_id(self) -> int:
        """The incident that it joins."""
        assert self.decision.incident_id is not None
        return self.decision.incident_id

    @property
    def joins(self) -> int | None:
        """The incident that it joins; None when it joins none."""
        alone = self.decision.outcome in (Outcome.OPEN, Outcome.SET_ASIDE)
        return None if alone else self.decision.incident_id

    @property
    def is_from_desk(self) -> bool:
        """Whether somebody of the desk has written it."""
        return self.arrived.is_outgoing or self.arrived.relation is Relation.AGENT

    @property
    def is_notice(self) -> bool:
        """Whether a machine wrote it because of another letter: nobody has to look at it."""
        return self.arrived.writer is Writer.RESPONDER or self.arrived.is_of_own_tracker


@dataclass(frozen=True)
class Filing:
    """Carries decisions out."""

    incidents: Incidents
    assets: Assets
    catalogues: Catalogues
    too_late: TooLate = no_answer

    async def carry_out(self, session: AsyncSession, cases: Sequence[Case]) -> None:
        """Do with letters what was decided; each of them has to do with another incident."""
        for each in cases:
            if each.decision.outcome is Outcome.SET_ASIDE:
                await store.mark_set_aside(session, each.arrival.raw.id, each.decision.reason)
        await self._open(session, [each for each in cases if each.decision.outcome is Outcome.OPEN])
        others = (Outcome.SET_ASIDE, Outcome.OPEN)
        await self._join(session, [each for each in cases if each.decision.outcome not in others])

    async def open_unreadable(
        self, session: AsyncSession, desk: DeskSettings, raw: RawLetter, why: str
    ) -> None:
        """Make an incident of a letter of which nothing can be made, so that a person looks at it."""
        t = self._t(desk)
        if raw.direction is Direction.OUT:
            await store.mark_unreadable(session, raw.id, why)
            return
        if raw.incident_id is not None:
            # Read again in vain: it stands where it stood.
            await store.mark_unreadable(session, raw.id, why, raw.incident_id)
            return
        summary = t.plain("dispatch.intake.unreadable")
        new = NewIncident(
            desk=desk.name,
            opened_at=raw.received_at,
            summary=summary,
            origin=Origin.LETTER,
            description=t.plain("dispatch.intake.unreadable_why", why=why),
            unread=True,
            letter_id=raw.id,
            letter_subject=summary,
        )
        opened = await self.incidents.open(session, new, SYSTEM, self._why(t, Reason.UNREADABLE))
        await store.mark_unreadable(session, raw.id, why, opened.id)

    async def read_again(self, session: AsyncSession, arrival: Arrival, incident_id: int) -> None:
        """File a letter into the incident that was made of it when it could not be read."""
        letter, t = arrival.letter, self._t(arrival.desk)
        incident_id = await self.incidents.survivor(session, incident_id)
        incident = await self.incidents.get(session, incident_id)
        if incident.summary == t.plain("dispatch.intake.unreadable"):
            change = IncidentChange(summary=_summary(letter, t), applicant=_applicant(letter, arrival.desk))
            await self.incidents.change(session, incident_id, change, SYSTEM, self._why(t, Reason.AGAIN))
        decision = Decision(Outcome.FILE, Reason.AGAIN, incident_id)
        await self._join(session, [Case(arrival, Arrived(), decision)])

    # --- joining ------------------------------------------------------------------------------------------

    async def _join(self, session: AsyncSession, cases: Sequence[Case]) -> None:
        filed = {each.arrival.raw.id: (each.incident_id, each.decision.reason) for each in cases}
        await store.mark_all_filed(session, filed)
        for each in cases:
            if each.is_from_desk:
                await store.mark_outgoing(session, each.arrival.raw.id)
                await self._note(session, each, EventKind.LETTER_OUT)
        incoming = [each for each in cases if not each.is_from_desk]
        said = [(each.incident_id, _said_in(each.arrival.letter)) for each in incoming]
        await words.index_all(session, said)
        for each in incoming:
            if each.is_notice:
                await self._note(session, each, EventKind.LETTER_IN)
        await self._join_talking(session, [each for each in incoming if not each.is_notice])

    async def _join_talking(self, session: AsyncSession, cases: Sequence[Case]) -> None:
        """Letters that somebody has to look at join their incidents."""
        came = [self._came(each) for each in cases]
        incidents = await self.incidents.letters_came(session, came)
        # A later letter may say where it is, when the first one did not.
        lost = [each for each, there in zip(cases, incidents, strict=True) if _is_lost(there)]
        places = dict(
            zip(
                (each.incident_id for each in lost),
                await self._lookup(session, [each.arrival for each in lost]),
                strict=True,
            )
        )
        for each, incident in zip(cases, incidents, strict=True):
            await self._remark(session, each.arrival, incident.id)
            if each.decision.reason is Reason.ANSWERED:
                await self._begin_earlier(session, each.arrival, incident)
            if incident.id in places:
                await self._place(session, each.arrival, incident.id, places[incident.id])
            await self._follow(session, each)

    def _came(self, case: Case) -> Came:
        arrival = case.arrival
        why = self._why(self._t(arrival.desk), case.decision.reason)
        return Came(case.incident_id, arrival.actor, arrival.letter.subject, why, arrival.raw.id)

    async def _follow(self, session: AsyncSession, case: Case) -> None:
        """What comes of a letter to a closed incident."""
        arrival, incident_id, t = case.arrival, case.incident_id, self._t(case.arrival.desk)
        if case.decision.outcome is Outcome.REOPEN:
            change = IncidentChange(status=Status.IN_PROGRESS)
            why = t.plain("dispatch.intake.reopened")
            await self.incidents.change(session, incident_id, change, arrival.actor, why)
        elif case.decision.outcome is Outcome.ANSWER:
            await self._answer_too_late(session, arrival, incident_id)
        elif case.decision.is_limited:
            await self._tell(session, incident_id, t.plain("dispatch.intake.reopened_too_often"))

    async def _begin_earlier(self, session: AsyncSession, arrival: Arrival, incident: Incident) -> None:
        """The question came after its answer: it is what the incident is about, as long as nobody works on it."""
        letter, written_at = arrival.letter, _written_at(arrival.letter, arrival.raw.received_at)
        if incident.status is Status.NEW and written_at < incident.opened_at:
            t = self._t(arrival.desk)
            change = IncidentChange(
                opened_at=written_at, summary=_summary(letter, t), applicant=_applicant(letter, arrival.desk)
            )
            why = self._why(t, Reason.ANSWERED)
            await self.incidents.change(session, incident.id, change, SYSTEM, why)

    async def _answer_too_late(self, session: AsyncSession, arrival: Arrival, incident_id: int) -> None:
        try:
            await self.too_late(session, incident_id, arrival.raw.id)
        except PersonError as error:
            # Nobody has pressed anything who could be told: the letter is here, and the history says the rest.
            await self._tell(session, incident_id, self._t(arrival.desk).plain_error(error))

    async def _place(self, session: AsyncSession, arrival: Arrival, incident_id: int, found: Found) -> None:
        if found.certain is not None:
            change = IncidentChange(
                pole_id=found.pole_id, station_id=found.station_id, contractor_id=found.contractor_id
            )
            why = found.why(self._t(arrival.desk))
            await self.incidents.change(session, incident_id, change, SYSTEM, why)

    # --- opening ------------------------------------------------------------------------------------------

    async def _open(self, session: AsyncSession, cases: Sequence[Case]) -> None:
        if not cases:
            return
        places = await self._lookup(session, [each.arrival for each in cases])
        openings = [self._opening(each, found) for each, found in zip(cases, places, strict=True)]
        opened = await self.incidents.open_all(session, openings)
        filed = {
            each.arrival.raw.id: (incident.id, each.decision.reason)
            for each, incident in zip(cases, opened, strict=True)
        }
        await store.mark_all_filed(session, filed)
        for each, found, incident in zip(cases, places, opened, strict=True):
            await self._complete(session, each, found, incident)

    def _opening(self, case: Case, found: Found) -> Opening:
        arrival = case.arrival
        raw, letter, t = arrival.raw, arrival.letter, self._t(arrival.desk)
        new = NewIncident(
            desk=arrival.desk.name,
            opened_at=_written_at(letter, raw.received_at),
            summary=_summary(letter, t),
            origin=Origin.LETTER,
            description=truncate(letter.fresh or letter.text, _LONGEST_DESCRIPTION),
            applicant=_applicant(letter, arrival.desk),
            pole_id=found.pole_id,
            station_id=found.station_id,
            contractor_id=found.contractor_id,
            names=_names(found),
            place_why=found.why(t),
            unread=True,
            letter_id=raw.id,
            letter_subject=letter.subject,
        )
        return Opening(new, arrival.actor, self._why(t, case.decision.reason))

    async def _complete(self, session: AsyncSession, case: Case, found: Found, opened: Incident) -> None:
        """What is to be said of a new incident beside that it is there."""
        arrival, decision, t = case.arrival, case.decision, self._t(case.arrival.desk)
        if decision.incident_id is not None:
            why = self._why(t, decision.reason)
            await self.incidents.link(session, opened.id, LinkKind.RELATED, decision.incident_id, SYSTEM, why)
        if found.candidates:
            await self._tell(session, opened.id, found.why(t))
        await self._mention(session, arrival, opened)
        await self._remark(session, arrival, opened.id)
        await self._gather(session, arrival, opened.id)

    async def _mention(self, session: AsyncSession, arrival: Arrival, opened: Incident) -> None:
        """Say which incidents the letter names: a dispatcher may merge them."""
        letter, prefix = arrival.letter, arrival.desk.prefix
        names = " ".join(each.name for each in letter.attachments)
        codes = subjects.codes_in(f"{letter.subject}\n{letter.fresh}\n{names}", prefix)
        there = [code for code in codes[:5] if await self._is_other(session, code, opened)]
        if there:
            t = self._t(arrival.desk)
            await self._tell(session, opened.id, t.plain("dispatch.intake.mentions", codes=", ".join(there)))

    async def _is_other(self, session: AsyncSession, code: str, opened: Incident) -> bool:
        named = await self.incidents.by_code(session, code)
        return named is not None and named.desk == opened.desk and named.id != opened.id

    async def _gather(self, session: AsyncSession, arrival: Arrival, incident_id: int) -> None:
        """Letters of the same conversation that stand in no incident join: what the desk wrote before."""
        for each in arrival.related:
            if each.incident_id is not None or each.state is not LetterState.SET_ASIDE:
                continue
            await store.mark_filed(session, each.letter_id, incident_id, Reason.EARLIER)
            row = await store.letter_row(session, each.letter_id)
            if row is not None:
                kind = EventKind.LETTER_OUT if each.direction is Direction.OUT else EventKind.LETTER_IN
                actor = Actor(ActorKind.LETTER, row.sender_name or row.sender_address)
                why = self._why(self._t(arrival.desk), Reason.EARLIER)
                await self.incidents.note(
                    session, incident_id, kind, actor, new=row.subject, why=why, letter_id=row.id
                )

    # --- small things -------------------------------------------------------------------------------------

    async def _lookup(self, session: AsyncSession, arrivals: Sequence[Arrival]) -> list[Found]:
        """Where letters of one desk say they are from."""
        if not arrivals:
            return []
        return await self.assets.lookup_all(session, arrivals[0].desk.name, [each.said for each in arrivals])

    async def _remark(self, session: AsyncSession, arrival: Arrival, incident_id: int) -> None:
        """Say what of the letter is not here."""
        t, raw = self._t(arrival.desk), arrival.raw
        if not raw.whole:
            size = max(round(raw.size / 1024 / 1024), 1)
            await self._tell(session, incident_id, t.plain("dispatch.intake.too_large", size=size))
        refused = [each.name or each.safe_name for each in arrival.letter.attachments if each.refusal]
        if refused:
            await self._tell(
                session, incident_id, t.plain("dispatch.intake.refused", names=", ".join(refused))
            )

    async def _note(self, session: AsyncSession, case: Case, kind: EventKind) -> None:
        arrival = case.arrival
        why = self._why(self._t(arrival.desk), case.decision.reason)
        await self.incidents.note(
            session,
            case.incident_id,
            kind,
            arrival.actor,
            new=arrival.letter.subject,
            why=why,
            letter_id=arrival.raw.id,
        )

    async def _tell(self, session: AsyncSession, incident_id: int, text: str) -> None:
        await self.incidents.note(session, incident_id, EventKind.NOTE, SYSTEM, new=text)

    def _t(self, desk: DeskSettings) -> Translator:
        return self.catalogues.translator(desk.language)

    def _why(self, t: Translator, reason: Reason) -> str:
        return t.plain(f"dispatch.thread.{reason.value}")


def _said_in(letter: ParsedLetter) -> str:
    """The words by which the incident of a later letter is found."""
    return f"{letter.subject}\n{letter.fresh}"


def _is_lost(incident: Incident) -> bool:
    """Whether it is not known where an incident is that is not closed."""
    return incident.pole_id is None and incident.status is not Status.CLOSED


def _names(found: Found) -> dict[str, str]:
    certain = found.certain
    return {"pole_id": certain.pole, "station_id": certain.station} if certain else {}


def _applicant(letter: ParsedLetter, desk: DeskSettings) -> Applicant:
    """Who asks. Forms and groups have answers sent to the desk itself: then it is the sender."""
    who = letter.sender if letter.applicant.key in desk.addresses else letter.applicant
    return Applicant(who.name, who.key)


def _summary(letter: ParsedLetter, t: Translator) -> str:
    if letter.subject.strip():
        return letter.subject
    first = next((line.strip() for line in letter.fresh.splitlines() if line.strip()), "")
    return truncate(first, _LONGEST_SUMMARY) or t.plain("dispatch.intake.no_subject")


def _written_at(letter: ParsedLetter, received_at: datetime) -> datetime:
    """When the letter was written, as far as it can be believed."""
    if letter.date is None or not received_at - _SLOWEST <= letter.date <= received_at:
        return received_at
    return letter.date
