"""Which incident a letter belongs to, and what that does to the incident: pure rules over what is known.

Two questions, one after the other. `find_thread` looks for the incident by what cannot be mistaken first: the nearest
letter that is here or bears a signed id of the desk, then the pseudo id, and the code in the subject only from
somebody who has to do with the incident. `decide` then says what is done: a letter on its headers' thread may still
ask for something new, or come to an incident that ended long ago. Every answer names its reason, because people ask.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from sekretar.dispatch.mail.ids import OwnId


class Reason(StrEnum):
    """By what the incident of a letter was found, or why it has none. Stored with the letter."""

    #: It answers a letter of the desk, whose signed id it names.
    OWN_ID = "own_id"
    #: It names the id of a letter that is here.
    KNOWN_ID = "known_id"
    #: A letter that is here answers it.
    ANSWERED = "answered"
    #: It and a letter that is here name the same letter, which never came.
    SHARED_ID = "shared_id"
    #: It names the pseudo id of the incident.
    INCIDENT_ID = "incident_id"
    #: It was sent to a reply address of the incident.
    REPLY_ADDRESS = "reply_address"
    #: Its subject has the code, and its sender has to do with the incident.
    CODE = "code"
    #: It is about the ticket that mirrors the incident.
    TICKET = "ticket"
    #: It says what became of a letter of the desk.
    DELIVERY = "delivery"
    #: It was sent in a conversation that became an incident later.
    EARLIER = "earlier"
    #: It was read anew after a mistake.
    AGAIN = "again"
    #: It belongs to nothing that is here.
    NEW = "new"
    #: It answers an old letter, but about something else.
    CHANGED_SUBJECT = "changed_subject"
    #: Somebody who has nothing to do with the incident forwarded a letter of it.
    FORWARDED = "forwarded"
    #: Its incident was closed too long ago.
    LONG_CLOSED = "long_closed"
    #: Nothing can be made of it.
    UNREADABLE = "unreadable"
    #: Sent by a person of the desk about no incident.
    SENT = "sent"
    #: A machine's answer to no letter of the desk.
    MACHINE = "machine"
    #: A notice of the desk's own tracker about a ticket that mirrors no incident.
    OWN_TICKET = "own_ticket"
    #: A letter of the desk itself that came back.
    LOOP = "loop"


@dataclass(frozen=True)
class KnownId:
    """An id that stands in a letter of an incident."""

    message_id: str
    incident_id: int
    #: The letter's own id, not one that it refers to.
    is_own: bool


class Relation(StrEnum):
    """What the sender of a letter has to do with an incident."""

    #: Writes for the desk.
    AGENT = "agent"
    CONTRACTOR = "contractor"
    #: Wrote or got a letter about it, or belongs to the house of somebody who did.
    PARTICIPANT = "participant"
    STRANGER = "stranger"


@dataclass(frozen=True)
class Mention:
    """A code in the subject, and what the sender has to do with that incident."""

    incident_id: int
    code: str
    relation: Relation


@dataclass(frozen=True)
class Clues:
    """What a letter says of where it belongs, with what is known here of each id.

    Attributes:
        message_id: Its own; empty if it has none.
        in_reply_to: As it stands there.
        references: The oldest first.
        addressed: To whom it was sent, where that is a reply address of ours.
        own: Those of the ids and addresses that are ours and lead to an incident of this desk.
        known: Letters here that have one of the ids or refer to it.
        mentions: The codes in its subject.
        ticket: The incident that is mirrored by the ticket it is about.
    """

    message_id: str = ""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    addressed: tuple[str, ...] = ()
    own: Mapping[str, OwnId] = field(default_factory=dict)
    known: tuple[KnownId, ...] = ()
    mentions: tuple[Mention, ...] = ()
    ticket: int | None = None

    def earlier(self) -> Iterator[str]:
        """The ids of earlier letters, the nearest first."""
        seen = set()
        for each in (*reversed(self.references), *self.in_reply_to):
            if each != self.message_id and each not in seen:
                seen.add(each)
                yield each


@dataclass(frozen=True)
class Thread:
    """The incident, by what it was found, and the id or code that says so."""

    incident_id: int
    reason: Reason
    evidence: str = ""


def find_thread(clues: Clues) -> Thread | None:
    """The incident that a letter belongs to; None when nothing leads to one."""
    return (
        _by_earlier_letter(clues)
        or _by_answer(clues)
        or _by_shared_id(clues)
        or _by_pseudo_id(clues)
        or _by_reply_address(clues)
        or _by_ticket(clues)
        or _by_code(clues)
    )


def _by_earlier_letter(clues: Clues) -> Thread | None:
    """By the nearest letter that it answers, whoever wrote that: who asks anew goes on under the old ids."""
    for each in clues.earlier():
        own = clues.own.get(each)
        # A letter that was moved to another incident takes its answers with it.
        here = next((known.incident_id for known in clues.known if _is_of(known, each)), None)
        if own is not None and own.letter_id is not None:
            return Thread(own.incident_id if here is None else here, Reason.OWN_ID, each)
        if here is not None:
            return Thread(here, Reason.KNOWN_ID, each)
    return None


def _by_answer(clues: Clues) -> Thread | None:
    for known in clues.known:
        if clues.message_id and known.message_id == clues.message_id and not known.is_own:
            return Thread(known.incident_id, Reason.ANSWERED, clues.message_id)
    return None


def _by_shared_id(clues: Clues) -> Thread | None:
    for each in clues.earlier():
        if each in clues.own:
            continue
        for known in clues.known:
            if known.message_id == each and not known.is_own:
                return Thread(known.incident_id, Reason.SHARED_ID, each)
    return None


def _by_pseudo_id(clues: Clues) -> Thread | None:
    for each in clues.earlier():
        own = clues.own.get(each)
        if own is not None and own.letter_id is None:
            return Thread(own.incident_id, Reason.INCIDENT_ID, each)
    return None


def _by_reply_address(clues: Clues) -> Thread | None:
    found = next(((clues.own[each], each) for each in clues.addressed if each in clues.own), None)
    return Thread(found[0].incident_id, Reason.REPLY_ADDRESS, found[1]) if found else None


def _by_ticket(clues: Clues) -> Thread | None:
    return Thread(clues.ticket, Reason.TICKET) if clues.ticket is not None else None


def _by_code(clues: Clues) -> Thread | None:
    for mention in clues.mentions:
        if mention.relation is not Relation.STRANGER:
            return Thread(mention.incident_id, Reason.CODE, mention.code)
    return None


def _is_of(known: KnownId, message_id: str) -> bool:
    return known.is_own and known.message_id == message_id


# --- what is done -----------------------------------------------------------------------------------------


class Writer(StrEnum):
    """Who or what wrote the letter."""

    PERSON = "person"
    #: A machine, of its own accord: monitoring, a ticket system, a mailing list.
    MACHINE = "machine"
    #: A machine, because a letter reached it: out of office, receipts, notices of delivery.
    RESPONDER = "responder"


@dataclass(frozen=True)
class Arrived:
    """What of a letter matters for what is done with it.

    Attributes:
        is_outgoing: It lay in the folder of sent letters.
        writer: Who or what wrote it.
        relation: What its sender has to do with the incident that was found; None where nobody asked.
        is_forward: Its subject says that it was forwarded.
        is_same_subject: Its subject is one of the incident's, or has its code.
        is_of_own_tracker: The tracker that mirrors the desk has sent it; the mirror looks after such tickets itself.
    """

    is_outgoing: bool = False
    writer: Writer = Writer.PERSON
    relation: Relation | None = None
    is_forward: bool = False
    is_same_subject: bool = True
    is_of_own_tracker: bool = False


@dataclass(frozen=True)
class Standing:
    """How the incident that was found stands.

    Attributes:
        closed_for: How long it has been closed; None while it is not.
        reopenings: How often letters have opened it again within the last hour.
    """

    closed_for: timedelta | None = None
    reopenings: int = 0


class WhenLongClosed(StrEnum):
    """What a letter to an incident does that was closed long ago."""

    NEW = "new"
    ANSWER = "answer"


@dataclass(frozen=True)
class Policy:
    """What a desk has decided where the rules leave a choice."""

    reopen_within: timedelta = timedelta(hours=72)
    reopenings_an_hour: int = 3
    when_long_closed: WhenLongClosed = WhenLongClosed.NEW
    #: Whether an applicant's answer with another subject is about something new.
    new_subject_is_new: bool = True


class Outcome(StrEnum):
    """What is done with a letter."""

    #: It joins the incident.
    FILE = "file"
    #: It joins the incident and opens it again.
    REOPEN = "reopen"
    #: It joins the closed incident, and its sender is told to write anew.
    ANSWER = "answer"
    #: It makes an incident.
    OPEN = "open"
    #: It is kept and makes nothing.
    SET_ASIDE = "set_aside"


@dataclass(frozen=True)
class Decision:
    """What is done, with which incident, and why. For a new one the incident is the one it is linked with."""

    outcome: Outcome
    reason: Reason
    incident_id: int | None = None
    #: It would have opened the incident again, but too many letters did so before it.
    is_limited: bool = False


def decide(arrived: Arrived, thread: Thread | None, standing: Standing, policy: Policy) -> Decision:
    """What is done with a letter; `standing` is that of the incident that was found."""
    if thread is None:
        return _alone(arrived)
    joins = Decision(Outcome.FILE, thread.reason, thread.incident_id)
    if _only_joins(arrived):
        return joins
    if arrived.is_forward and arrived.relation in (None, Relation.STRANGER):
        return Decision(Outcome.OPEN, Reason.FORWARDED, thread.incident_id)
    asks_anew = not arrived.is_same_subject and policy.new_subject_is_new
    if asks_anew and arrived.relation is not Relation.CONTRACTOR:
        return Decision(Outcome.OPEN, Reason.CHANGED_SUBJECT, thread.incident_id)
    if standing.closed_for is None:
        return joins
    return _to_closed(thread, standing, policy)


def _only_joins(arrived: Arrived) -> bool:
    """Whether it neither opens again nor makes anything new where an incident was found."""
    machine = arrived.writer is not Writer.PERSON or arrived.is_of_own_tracker
    return machine or arrived.is_outgoing or arrived.relation is Relation.AGENT


def _to_closed(thread: Thread, standing: Standing, policy: Policy) -> Decision:
    assert standing.closed_for is not None
    if standing.closed_for <= policy.reopen_within:
        if standing.reopenings < policy.reopenings_an_hour:
            return Decision(Outcome.REOPEN, thread.reason, thread.incident_id)
        return Decision(Outcome.FILE, thread.reason, thread.incident_id, is_limited=True)
    if policy.when_long_closed is WhenLongClosed.ANSWER:
        return Decision(Outcome.ANSWER, thread.reason, thread.incident_id)
    return Decision(Outcome.OPEN, Reason.LONG_CLOSED, thread.incident_id)


def _alone(arrived: Arrived) -> Decision:
    if arrived.is_outgoing:
        return Decision(Outcome.SET_ASIDE, Reason.SENT)
    if arrived.is_of_own_tracker:
        return Decision(Outcome.SET_ASIDE, Reason.OWN_TICKET)
    if arrived.writer is Writer.RESPONDER:
        return Decision(Outcome.SET_ASIDE, Reason.MACHINE)
    return Decision(Outcome.OPEN, Reason.NEW)
