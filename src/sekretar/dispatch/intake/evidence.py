"""What the database knows about a letter: of its ids, of the incidents it names, and of its sender.

Reading only. Whatever points at an incident that was merged points at its survivor here already, and what points
nowhere, or to another desk, is left out; so the rules see incidents that are there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch import subjects
from sekretar.dispatch.assets.model import ContractorRow
from sekretar.dispatch.incidents import links
from sekretar.dispatch.incidents.model import EventRow, IncidentRow
from sekretar.dispatch.incidents.values import ActorKind, EventKind, Incident, Status
from sekretar.dispatch.intake.senders import addresses_in, relation_of, writer_of
from sekretar.dispatch.intake.threads import (
    Arrived,
    Clues,
    KnownId,
    Mention,
    Policy,
    Relation,
    Standing,
    WhenLongClosed,
)
from sekretar.dispatch.mail import store
from sekretar.dispatch.mail.ids import LetterIds, OwnId
from sekretar.dispatch.mail.letter import ParsedLetter
from sekretar.dispatch.mail.model import LetterRow
from sekretar.dispatch.mail.store import KnownLetter
from sekretar.dispatch.settings import DeskSettings

#: The incident that is mirrored by a ticket of the desk's tracker, by the key of the ticket; None for none.
TicketBook = Callable[[AsyncSession, str, str], Awaitable[int | None]]

#: So many of the latest letters of an incident say who has to do with it and what its subjects are.
_LATEST = 200
#: Codes in one subject that are looked at.
_MOST_CODES = 5

_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Evidence:
    """Asks the database about letters of a desk."""

    ids: LetterIds
    tickets: TicketBook

    async def clues(
        self, session: AsyncSession, desk: DeskSettings, letter_id: int, letter: ParsedLetter
    ) -> tuple[Clues, tuple[KnownLetter, ...]]:
        """What leads to an incident, and the letters here that have something to do with this one."""
        bare = Clues(letter.message_id, letter.in_reply_to, letter.references)
        named = tuple(bare.earlier())
        known = await store.known_by(session, desk.name, (*named, letter.message_id))
        related = tuple(each for each in known if each.letter_id != letter_id)
        own = {each: ours for each in named if (ours := self.ids.read(each)) is not None}
        incidents = {each.incident_id for each in own.values()}
        incidents |= {each.incident_id for each in related if each.incident_id is not None}
        living = await _living(session, desk.name, incidents)
        spelled = {store.id_key(each): each for each in (*named, letter.message_id) if each}
        clues = Clues(
            message_id=letter.message_id,
            in_reply_to=letter.in_reply_to,
            references=letter.references,
            own={
                each: OwnId(living[ours.incident_id], ours.letter_id)
                for each, ours in own.items()
                if ours.incident_id in living
            },
            known=tuple(
                KnownId(spelled.get(each.message_id, each.message_id), living[each.incident_id], each.is_own)
                for each in related
                if each.incident_id in living
            ),
            mentions=await self._mentions(session, desk, letter),
            ticket=await self._ticket(session, desk, letter),
        )
        return clues, related

    async def arrived(
        self,
        session: AsyncSession,
        desk: DeskSettings,
        letter: ParsedLetter,
        clues: Clues,
        incident: Incident | None,
        *,
        is_outgoing: bool,
    ) -> Arrived:
        """What of the letter matters for what is done with it."""
        writer = writer_of(letter)
        if incident is None or _is_of_own_tracker(desk, letter):
            return Arrived(is_outgoing, writer, is_of_own_tracker=_is_of_own_tracker(desk, letter))
        if letter.sender.key in desk.addresses:
            return Arrived(is_outgoing, writer, Relation.AGENT)
        named = any(each.incident_id == incident.id for each in clues.mentions)
        same = named or await self._is_same_subject(session, desk, letter, incident)
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

    async def _mentions(
        self, session: AsyncSession, desk: DeskSettings, letter: ParsedLetter
    ) -> tuple[Mention, ...]:
        found = []
        for code in subjects.codes_in(letter.subject, desk.prefix)[:_MOST_CODES]:
            query = select(IncidentRow.id).where(IncidentRow.code == code, IncidentRow.desk == desk.name)
            number = await session.scalar(query)
            if number is not None:
                survivor = await links.survivor(session, number)
                relation = await self.relation(session, desk, letter, survivor)
                found.append(Mention(survivor, code, relation))
        return tuple(found)

    async def _ticket(self, session: AsyncSession, desk: DeskSettings, letter: ParsedLetter) -> int | None:
        if letter.tracker is None or not letter.tracker.issue_key:
            return None
        number = await self.tickets(session, desk.name, letter.tracker.issue_key)
        return None if number is None else await links.survivor(session, number)

    async def _is_same_subject(
        self, session: AsyncSession, desk: DeskSettings, letter: ParsedLetter, incident: Incident
    ) -> bool:
        subject = subjects.normal(letter.subject, [desk.prefix])
        query = select(LetterRow.subject).where(LetterRow.incident_id == incident.id).distinct()
        others = (await session.scalars(query.limit(_LATEST))).all()
        return subjects.is_among(
            subject, {subjects.normal(each, [desk.prefix]) for each in (*others, incident.summary)}
        )


def _is_of_own_tracker(desk: DeskSettings, letter: ParsedLetter) -> bool:
    if letter.tracker is None or desk.mirror is None:
        return False
    return letter.tracker.issue_key.startswith(f"{desk.mirror.project}-")


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


async def _living(session: AsyncSession, desk: str, incident_ids: Collection[int]) -> dict[int, int]:
    """For each of these incidents of the desk the one in which it lives on."""
    if not incident_ids:
        return {}
    query = select(IncidentRow.id, IncidentRow.merged_into_id).where(
        IncidentRow.id.in_(incident_ids), IncidentRow.desk == desk
    )
    return {
        row.id: row.id if row.merged_into_id is None else await links.survivor(session, row.id)
        for row in (await session.execute(query)).all()
    }


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
