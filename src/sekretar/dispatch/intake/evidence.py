"""What the database knows about a letter: of its ids, of the incidents it names, and of its sender.

Reading only. Whatever points at an incident that was merged points at its survivor here already, and what points
nowhere, or to another desk, is left out; so the rules see incidents that are there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import func, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch import subjects
from sekretar.dispatch.assets.model import ContractorRow
from sekretar.dispatch.incidents import links
from sekretar.dispatch.incidents.model import EventRow, IncidentRow, LinkRow
from sekretar.dispatch.incidents.values import ActorKind, EventKind, Incident, Status
from sekretar.dispatch.incidents.workflow import FINISHED
from sekretar.dispatch.intake.senders import addresses_in, relation_of, writer_of
from sekretar.dispatch.intake.threads import (
    Arrived,
    Mention,
    Policy,
    Reason,
    Relation,
    Standing,
    Thread,
    WhenLongClosed,
    Writer,
    find_thread,
)
from sekretar.dispatch.intake.traces import Tie, Trace, traces_of
from sekretar.dispatch.intake.understanding import Understood
from sekretar.dispatch.intake.waves import Tied
from sekretar.dispatch.mail import store
from sekretar.dispatch.mail.ids import LetterIds
from sekretar.dispatch.mail.letter import ParsedLetter, fingerprint
from sekretar.dispatch.mail.model import Direction, LetterRow
from sekretar.dispatch.mail.store import KnownLetter
from sekretar.dispatch.settings import DeskSettings

#: The incident that is mirrored by a ticket of the desk's tracker, by the key of the ticket; None for none.
TicketBook = Callable[[AsyncSession, str, str], Awaitable[int | None]]

#: So many of the latest letters of an incident say who has to do with it and what its subjects are.
_LATEST = 200

_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Evidence:
    """Asks the database about letters of a desk."""

    ids: LetterIds
    tickets: TicketBook

    async def ties(
        self, session: AsyncSession, desk: DeskSettings, letters: Sequence[Understood]
    ) -> list[Tied]:
        """What each of these letters may have in common with others."""
        found = []
        for trace in await traces_of(session, desk, letters, self.ids):
            letter, ticket = trace.of.letter, await self._ticket(session, desk, trace.of.letter)
            said = {*trace.spelled.values(), *trace.codes, fingerprint(letter)}
            ties = frozenset(said | trace.ties() | _incident_ties(ticket))
            found.append(
                Tied(
                    trace.of,
                    ties,
                    subjects.normal(letter.subject, [desk.prefix]),
                    leads_to=trace.spelled.get(letter.message_id) if _begins(desk, trace.of) else None,
                    answers=trace.nearest,
                )
            )
        return found

    async def gather(
        self, session: AsyncSession, desk: DeskSettings, letters: Sequence[Understood]
    ) -> list[Known]:
        """What leads each of these letters to an incident, and what is here that has to do with it."""
        found = []
        for trace in await traces_of(session, desk, letters, self.ids):
            ticket = await self._ticket(session, desk, trace.of.letter)
            clues = replace(trace.clues(), ticket=ticket)
            thread = find_thread(clues)
            if thread is None and trace.coded:
                # Who the sender is has to be read from many letters: only where nothing else leads to an incident.
                clues = replace(clues, mentions=await self._mentions(session, desk, trace))
                thread = find_thread(clues)
            found.append(Known(trace, thread, trace.ties() | _incident_ties(ticket)))
        return found

    async def arrived(
        self,
        session: AsyncSession,
        desk: DeskSettings,
        known: Known,
        incident: Incident | None,
        subjects_there: Collection[str],
    ) -> Arrived:
        """What of the letter matters for what is done with it.

        Args:
            session: Reads who has to do with the incident, where that makes a difference.
            desk: Of the letter.
            known: What is known of it.
            incident: The one that was found.
            subjects_there: Of the letters of that incident.
        """
        letter = known.of.letter
        is_outgoing, writer = known.of.raw.direction is Direction.OUT, writer_of(letter)
        if incident is None or _is_of_own_tracker(desk, letter):
            return Arrived(is_outgoing, writer, is_of_own_tracker=_is_of_own_tracker(desk, letter))
        if letter.sender.key in desk.addresses:
            return Arrived(is_outgoing, writer, Relation.AGENT)
        same = incident.id in known.trace.coded.values() or _is_same_subject(
            desk, letter, {*subjects_there, incident.summary}
        )
        forward = subjects.is_forward(letter.subject)
        # Who it is has to be read from all letters of the incident: only where it makes a difference.
        relation = None if same and not forward else await self.relation(session, desk, letter, incident.id)
        return Arrived(is_outgoing, writer, relation, forward, same)

    async def relation(
        self, session: AsyncSession, desk: DeskSettings, letter: ParsedLetter, incident_id: int
    ) -> Relation:
        """What the sender has to do with the incident."""
        return relation_of(
            letter.sender,
            desk.addresses,
            await _contractors(session, desk.name),
            await _participants(session, incident_id),
        )

    async def _mentions(self, session: AsyncSession, desk: DeskSettings, trace: Trace) -> tuple[Mention, ...]:
        return tuple(
            [
                Mention(number, code, await self.relation(session, desk, trace.of.letter, number))
                for code, number in trace.coded.items()
            ]
        )

    async def _ticket(self, session: AsyncSession, desk: DeskSettings, letter: ParsedLetter) -> int | None:
        mark = letter.tracker
        if mark is None or not mark.issue_key:
            return None
        # A number says nothing without its project: others have a Redmine, too.
        if mark.project and not _is_of_own_tracker(desk, letter):
            return None
        number = await self.tickets(session, desk.name, mark.issue_key)
        return None if number is None else await links.survivor(session, number)


@dataclass(frozen=True)
class Known:
    """What is known of a letter before it is decided what is done with it.

    Attributes:
        thread: The incident that it was led to; None for none.
        ties: The incidents and letters of which it matters what is done with them before.
    """

    trace: Trace
    thread: Thread | None
    ties: frozenset[Tie]

    @property
    def of(self) -> Understood:
        return self.trace.of

    @property
    def related(self) -> tuple[KnownLetter, ...]:
        """Letters here that have to do with it, each once."""
        return tuple({each.letter_id: each for each in self.trace.related}.values())


def _incident_ties(incident_id: int | None) -> frozenset[Tie]:
    return frozenset() if incident_id is None else frozenset({("incident", incident_id)})


async def going_on(
    session: AsyncSession, desk: DeskSettings, letter: ParsedLetter, incident_id: int
) -> int | None:
    """The open incident that a letter like this one has begun out of that one's conversation; None for none."""
    linked = union(
        select(LinkRow.incident_id).where(LinkRow.other_id == incident_id),
        select(LinkRow.other_id).where(LinkRow.incident_id == incident_id),
    )
    query = (
        select(IncidentRow.id, LetterRow.subject)
        .join(LetterRow, LetterRow.incident_id == IncidentRow.id)
        .where(IncidentRow.id.in_(linked), IncidentRow.status.not_in(FINISHED))
        .where(LetterRow.threaded_by.in_((Reason.LONG_CLOSED, Reason.CHANGED_SUBJECT)))
        .order_by(IncidentRow.id.desc())
    )
    rows = (await session.execute(query)).all()
    return next((row.id for row in rows if _is_same_subject(desk, letter, [row.subject])), None)


async def subjects_of(session: AsyncSession, incident_ids: Collection[int]) -> dict[int, set[str]]:
    """The subjects of the letters of these incidents; of very many letters not all."""
    found: dict[int, set[str]] = {each: set() for each in incident_ids}
    if found:
        query = select(LetterRow.incident_id, LetterRow.subject).where(LetterRow.incident_id.in_(found))
        for incident_id, subject in await session.execute(query.distinct().limit(_LATEST * len(found))):
            if incident_id is not None:
                found[incident_id].add(subject)
    return found


def _begins(desk: DeskSettings, of: Understood) -> bool:
    """Whether it makes an incident or opens it again where it joins none that is open."""
    is_incoming = of.raw.direction is Direction.IN and of.letter.sender.key not in desk.addresses
    return is_incoming and writer_of(of.letter) is Writer.PERSON


def _is_same_subject(desk: DeskSettings, letter: ParsedLetter, others: Collection[str]) -> bool:
    subject = subjects.normal(letter.subject, [desk.prefix])
    return subjects.is_among(subject, {subjects.normal(each, [desk.prefix]) for each in others})


def _is_of_own_tracker(desk: DeskSettings, letter: ParsedLetter) -> bool:
    if letter.tracker is None or desk.mirror is None:
        return False
    return letter.tracker.is_of(desk.mirror.project)


async def standing_of(session: AsyncSession, incident: Incident | None, now: datetime) -> Standing:
    """How the incident that was found stands."""
    if incident is None or incident.status is not Status.CLOSED:
        return Standing()
    reopened = select(func.count(EventRow.id)).where(
        EventRow.incident_id == incident.id,
        EventRow.kind == EventKind.STATUS,
        EventRow.actor_kind == ActorKind.LETTER,
        EventRow.old == Status.CLOSED,
        EventRow.at > now - _HOUR,
    )
    closed_at = incident.finished_at or incident.updated_at
    return Standing(max(now - closed_at, timedelta()), await session.scalar(reopened) or 0)


def policy_of(desk: DeskSettings) -> Policy:
    """What the desk has decided."""
    return Policy(
        reopen_within=desk.reopen_within,
        reopenings_an_hour=desk.threads.reopenings_an_hour,
        when_long_closed=WhenLongClosed(desk.threads.closed),
        new_subject_is_new=desk.threads.changed_subject == "new",
    )


async def _participants(session: AsyncSession, incident_id: int) -> frozenset[str]:
    """Everybody who wrote or openly got a letter of the incident, and its applicant."""
    query = select(LetterRow).where(LetterRow.incident_id == incident_id)
    rows = await session.scalars(query.order_by(LetterRow.id.desc()).limit(_LATEST))
    letters = [letter for row in rows if (letter := store.understood(row)) is not None]
    applicant = await session.scalar(
        select(IncidentRow.applicant_address).where(IncidentRow.id == incident_id)
    )
    return frozenset().union(*map(addresses_in, letters), {applicant} if applicant else ())


async def _contractors(session: AsyncSession, desk: str) -> frozenset[str]:
    """The addresses of everybody who repairs for the desk."""
    query = select(ContractorRow.emails).where(ContractorRow.desk == desk)
    return frozenset(each.casefold() for emails in await session.scalars(query) for each in emails)
