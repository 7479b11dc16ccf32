"""What the database knows about a letter: of its ids, of the incidents it names, and of its sender.

Reading only. Whatever points at an incident that was merged points at its survivor here already, and what points
nowhere, or to another desk, is left out; so the rules see incidents that are there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
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
    Thread,
    WhenLongClosed,
    find_thread,
)
from sekretar.dispatch.intake.understanding import Understood
from sekretar.dispatch.intake.waves import Tied
from sekretar.dispatch.mail import store
from sekretar.dispatch.mail.ids import LetterIds, OwnId
from sekretar.dispatch.mail.letter import ParsedLetter, fingerprint
from sekretar.dispatch.mail.model import Direction, LetterRow
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

    async def ties(
        self, session: AsyncSession, desk: DeskSettings, letters: Sequence[Understood]
    ) -> list[Tied]:
        """What each of these letters may have in common with others."""
        named = [_named(each, self.ids) for each in letters]
        codes = [set(subjects.codes_in(each.letter.subject, desk.prefix)) for each in letters]
        known = await store.known_by(session, desk.name, _keys(named))
        coded = await _coded(session, desk.name, set().union(*codes))
        related = [_related(each, known) for each in named]
        living = await _living(session, desk.name, {*_incidents(named, related), *coded.values()})
        found = []
        for each, some, own_codes in zip(named, related, codes, strict=True):
            incidents = {*_incidents([each], [some]), *(coded[code] for code in own_codes if code in coded)}
            places = {living[number] for number in incidents if number in living}
            ticket = await self._ticket(session, desk, each.of.letter)
            others = {one.letter_id for one in some}
            texts = {*each.spelled.values(), *own_codes, fingerprint(each.of.letter)}
            ties = {("incident", number) for number in places | {ticket}} | {
                ("letter", one) for one in others
            }
            found.append(Tied(each.of, frozenset({*texts, *ties} - {("incident", None)})))
        return found

    async def gather(
        self, session: AsyncSession, desk: DeskSettings, letters: Sequence[Understood]
    ) -> list[Known]:
        """What leads each of these letters to an incident, and what is here that has to do with it."""
        named = [_named(each, self.ids) for each in letters]
        known = await store.known_by(session, desk.name, _keys(named))
        related = [_related(each, known) for each in named]
        living = await _living(session, desk.name, _incidents(named, related))
        found = []
        for each, some in zip(named, related, strict=True):
            letter = each.of.letter
            clues = replace(
                _clues(each, some, living),
                mentions=await self._mentions(session, desk, letter),
                ticket=await self._ticket(session, desk, letter),
            )
            once = tuple({one.letter_id: one for one in some}.values())
            found.append(Known(each.of, clues, find_thread(clues), once))
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
        letter, clues = known.of.letter, known.clues
        is_outgoing, writer = known.of.raw.direction is Direction.OUT, writer_of(letter)
        if incident is None or _is_of_own_tracker(desk, letter):
            return Arrived(is_outgoing, writer, is_of_own_tracker=_is_of_own_tracker(desk, letter))
        if letter.sender.key in desk.addresses:
            return Arrived(is_outgoing, writer, Relation.AGENT)
        named = any(each.incident_id == incident.id for each in clues.mentions)
        same = named or _is_same_subject(desk, letter, {*subjects_there, incident.summary})
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


@dataclass(frozen=True)
class Known:
    """What is known of a letter before it is decided what is done with it.

    Attributes:
        clues: What leads to an incident.
        thread: The incident that it was led to; None for none.
        related: Letters here that have to do with it, each once.
    """

    of: Understood
    clues: Clues
    thread: Thread | None
    related: tuple[KnownLetter, ...]

    def ties(self) -> set[tuple[str, int]]:
        """The incidents and letters of which it matters what is done with them before."""
        clues = self.clues
        incidents = {own.incident_id for own in clues.own.values()} | {
            each.incident_id for each in clues.known
        }
        incidents |= {each.incident_id for each in clues.mentions}
        incidents |= {clues.ticket} if clues.ticket is not None else set()
        letters = {("letter", each.letter_id) for each in self.related}
        return letters | {("incident", each) for each in incidents}


async def subjects_of(session: AsyncSession, incident_ids: Collection[int]) -> dict[int, set[str]]:
    """The subjects of the letters of these incidents; of very many letters not all."""
    found: dict[int, set[str]] = {each: set() for each in incident_ids}
    if found:
        query = select(LetterRow.incident_id, LetterRow.subject).where(LetterRow.incident_id.in_(found))
        for incident_id, subject in await session.execute(query.distinct().limit(_LATEST * len(found))):
            if incident_id is not None:
                found[incident_id].add(subject)
    return found


@dataclass(frozen=True)
class _Named:
    """The ids in a letter: `spelled` leads from how it writes them to how they are stored."""

    of: Understood
    spelled: Mapping[str, str]
    #: Also the addresses that are ours.
    own: Mapping[str, OwnId]
    addressed: tuple[str, ...]


def _named(letter: Understood, ids: LetterIds) -> _Named:
    said = letter.letter
    earlier = tuple(Clues(said.message_id, said.in_reply_to, said.references).earlier())
    spelled = {each: store.id_key(each) for each in (*earlier, said.message_id) if each}
    own = {each: one for each in earlier if (one := ids.read(each)) is not None}
    people = (*said.to, *said.cc, *said.delivered_to)
    addresses = {each.address: ids.read_reply_address(each.address) for each in people if "+" in each.address}
    replied = {address: one for address, one in addresses.items() if one is not None}
    return _Named(letter, spelled, own | replied, tuple(replied))


def _keys(named: Sequence[_Named]) -> set[str]:
    return {key for each in named for key in each.spelled.values()}


def _incidents(named: Sequence[_Named], related: Sequence[Sequence[KnownLetter]]) -> set[int]:
    """The incidents to which ids lead."""
    own = {ours.incident_id for each in named for ours in each.own.values()}
    return own | {one.incident_id for some in related for one in some if one.incident_id is not None}


def _related(named: _Named, known: Sequence[KnownLetter]) -> tuple[KnownLetter, ...]:
    keys = set(named.spelled.values())
    return tuple(each for each in known if each.message_id in keys and each.letter_id != named.of.raw.id)


def _clues(named: _Named, related: Sequence[KnownLetter], living: Mapping[int, int]) -> Clues:
    letter = named.of.letter
    written = {key: each for each, key in named.spelled.items()}
    return Clues(
        message_id=letter.message_id,
        in_reply_to=letter.in_reply_to,
        references=letter.references,
        addressed=named.addressed,
        own={
            each: OwnId(living[own.incident_id], own.letter_id)
            for each, own in named.own.items()
            if own.incident_id in living
        },
        known=tuple(
            KnownId(written[each.message_id], living[each.incident_id], each.is_own)
            for each in related
            if each.incident_id is not None and each.incident_id in living
        ),
    )


def _is_same_subject(desk: DeskSettings, letter: ParsedLetter, others: Collection[str]) -> bool:
    subject = subjects.normal(letter.subject, [desk.prefix])
    return subjects.is_among(subject, {subjects.normal(each, [desk.prefix]) for each in others})


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


async def _coded(session: AsyncSession, desk: str, codes: Collection[str]) -> dict[str, int]:
    """The incidents of the desk with these codes."""
    if not codes:
        return {}
    query = select(IncidentRow.code, IncidentRow.id).where(
        IncidentRow.code.in_(codes), IncidentRow.desk == desk
    )
    return {row.code: row.id for row in await session.execute(query)}


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
