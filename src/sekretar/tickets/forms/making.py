"""From a draft to a ticket, once: a second click, a crash and a dead tracker neither double nor lose anything.

A draft is with one of us at a time, by its state. Whatever the tracker's answer was, it is settled in one transaction
with everything that is said about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.errors import PeerError, PeerRefused, PersonError
from sekretar.kernel.forms import WHOLE_FORM
from sekretar.kernel.people import Person
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.messages import Message
from sekretar.tickets.accounts.identities import Identities
from sekretar.tickets.forms import store, wording
from sekretar.tickets.forms.answers import people_in, ticket_of
from sekretar.tickets.forms.fetching import Finding
from sekretar.tickets.forms.source import MessageSource
from sekretar.tickets.forms.store import DraftState, TicketDraft
from sekretar.tickets.remarks import Remark
from sekretar.tickets.troubles import explained, is_passing, remark_on
from sekretar.tickets.watching import told
from sekretar.trackers.errors import FileTooLarge, InvalidFields
from sekretar.trackers.port import Tracker
from sekretar.trackers.requests import NewFile, Uploaded
from sekretar.trackers.values import Created, Field, TicketRef

#: The job that looks after drafts whose process has died.
TASK = "tickets.drafts"
#: Nobody asks a tracker that long: a draft that is being made since then was left behind.
LEFT_BEHIND = timedelta(minutes=5)

Errors = Mapping[str, PersonError]

_log = structlog.get_logger(__name__)


class _NotMade(Exception):
    """The answers do not fit."""

    def __init__(self, errors: Errors) -> None:
        super().__init__("the answers do not fit")
        self.errors = errors


@dataclass(frozen=True)
class _Made:
    """A ticket that is there, and the files that did not come along."""

    created: Created
    left: tuple[str, ...]


@dataclass(frozen=True)
class Making:
    """Makes the tickets that people have filled in."""

    desk: Desk
    identities: Identities
    source: MessageSource
    in_the_making: told.InTheMaking = field(default_factory=told.InTheMaking)

    async def make(self, person: Person, number: object) -> Errors:
        """Make the ticket of a draft.

        Returns:
            What speaks against it, by field; the draft can be changed then. Empty when the ticket is made, or the
            draft waits for the tracker: the person is told in a direct message.

        Raises:
            PersonError: there is no such draft, or something became of it already.
        """
        async with self.desk.database.transaction() as session:
            draft = await store.of_person(session, person.id, number, for_update=True)
            store.must_be_unfinished(draft)
            self._begin(draft)
        return await self._work_on(person, draft)

    async def pause(self, person: Person, number: int, reason: Remark) -> None:
        """Keep a draft until the person says that it is to be tried again."""
        async with self.desk.database.transaction() as session:
            draft = await store.of_person(session, person.id, number, for_update=True)
            if draft.state not in (DraftState.OPEN, DraftState.CREATING):
                return
            draft.state = DraftState.PAUSED
            store.keep_reason(draft, reason)
            key = f"tickets:draft:{draft.id}:paused:{draft.attempts}"
            await self._tell(session, key, person, wording.waiting(draft, self.desk.translator(person)))

    async def run(self) -> None:
        """Go on with what a dead process has left behind: the person has said yes to it. For the jobs engine."""
        now = self.desk.now()
        async with self.desk.database.transaction() as session:
            query = select(TicketDraft).where(
                TicketDraft.state == DraftState.CREATING, TicketDraft.begun_at < now - LEFT_BEHIND
            )
            left = list(await session.scalars(query.order_by(TicketDraft.id).with_for_update()))
            for draft in left:
                self._begin(draft)
        for draft in left:
            await self._go_on(draft)

    def _begin(self, draft: TicketDraft) -> None:
        draft.state = DraftState.CREATING
        draft.begun_at = self.desk.now()
        draft.attempts += 1

    async def _go_on(self, draft: TicketDraft) -> None:
        async with self.desk.database.reading() as session:
            person = await self.desk.people.by_id(session, draft.person_id)
        if person is None:
            return
        errors = await self._work_on(person, draft)
        if not errors:
            return
        message = wording.refused(draft, errors, self.desk.translator(person))
        async with self.desk.database.transaction() as session:
            key = f"tickets:draft:{draft.id}:refused:{draft.attempts}"
            await self._tell(session, key, person, message)

    # --- asking the tracker

    async def _work_on(self, person: Person, draft: TicketDraft) -> Errors:
        with self.in_the_making.one(draft.tracker):
            return await self._made_and_noted(person, draft)

    async def _made_and_noted(self, person: Person, draft: TicketDraft) -> Errors:
        try:
            made = await self._attempt(person, draft)
        except _NotMade as refusal:
            return await self._reopen(draft.id, refusal.errors)
        except PersonError as error:
            return await self._reopen(draft.id, {WHOLE_FORM: error})
        except PeerError as error:
            return await self._failed(person, draft, error)
        except Exception:
            await self.pause(person, draft.id, Remark("tickets.new.interrupted"))
            raise
        await self._conclude(person, draft, made)
        return {}

    async def _attempt(self, person: Person, draft: TicketDraft) -> _Made:
        spec, answers = draft.asked, draft.answers
        eyes = await self.identities.eyes(person.id, draft.tracker)
        found = await Finding(self.desk, self.identities).find(
            eyes, spec.form.project, people_in(spec, answers)
        )
        if found.errors:
            raise _NotMade(found.errors)
        fetched = await self.source.files(person, draft.post_id)
        files, left = await _uploaded(eyes, fetched.files)
        ticket = ticket_of(spec, answers, found.members, draft.appendix, files)
        return _Made(await eyes.create(ticket, draft.unique), (*fetched.left, *left))

    async def _failed(self, person: Person, draft: TicketDraft, error: PeerError) -> Errors:
        _log.warning("ticket not created", draft=draft.id, reason=str(error))
        if isinstance(error, PeerRefused):
            await self.identities.refused(person.id, draft.tracker, self.desk.now())
        if is_passing(error) or isinstance(error, PeerRefused):
            await self.pause(person, draft.id, remark_on(error, draft.tracker))
            return {}
        if isinstance(error, InvalidFields) and error.problems:
            return await self._reopen(draft.id, _by_field(error))
        return await self._reopen(draft.id, {WHOLE_FORM: explained(error, draft.tracker)})

    async def _reopen(self, number: int, errors: Errors) -> Errors:
        async with self.desk.database.transaction() as session:
            draft = await session.get_one(TicketDraft, number, with_for_update=True)
            if draft.state == DraftState.CREATING:
                draft.state = DraftState.OPEN
        return errors

    # --- telling

    async def _conclude(self, person: Person, draft: TicketDraft, made: _Made) -> None:
        t, today = self.desk.translator(person), self.desk.now().astimezone(person.zone).date()
        assignee = await self._assignee(draft)
        async with self.desk.database.transaction() as session:
            row = await session.get_one(TicketDraft, draft.id, with_for_update=True)
            if row.state == DraftState.CREATED:
                return
            ticket = made.created.ticket
            row.state, row.ticket_key, row.link = DraftState.CREATED, ticket.ref.key, ticket.link
            store.keep_reason(row, None)
            ignored = tuple(sorted(made.created.written.ignored))
            message = wording.made(row, ignored, made.left, today, t)
            await self._tell(session, f"tickets:draft:{draft.id}:made", person, message)
            if assignee is not None and assignee.id != person.id and assignee.active:
                await self._tell_assignee(session, row, person, assignee)

    async def _tell_assignee(
        self, session: AsyncSession, draft: TicketDraft, author: Person, assignee: Person
    ) -> None:
        ref, teller = TicketRef(draft.tracker, draft.ticket_key), f"draft:{draft.id}"
        if await told.claim(session, ref, [assignee.id], teller, self.desk.now()):
            news = wording.assigned(draft, author, self.desk.translator(assignee))
            await self._tell(session, f"tickets:draft:{draft.id}:assigned", assignee, news)

    async def _assignee(self, draft: TicketDraft) -> Person | None:
        user_id = str(draft.answers.get(Field.ASSIGNEE, ""))
        return await self.desk.profiles.person(user_id) if user_id else None

    async def _tell(self, session: AsyncSession, key: str, person: Person, message: Message) -> None:
        await self.desk.tell(session, key, person, message)


async def _uploaded(
    eyes: Tracker, files: tuple[NewFile, ...]
) -> tuple[tuple[Uploaded, ...], tuple[str, ...]]:
    """The files in the tracker, and the names of those that it finds too large."""
    done: list[Uploaded] = []
    left: list[str] = []
    for file in files:
        try:
            done.append(await eyes.upload(file))
        except FileTooLarge:
            left.append(file.name)
    return tuple(done), tuple(left)


def _by_field(error: InvalidFields) -> Errors:
    said: dict[str, list[str]] = {}
    for problem in error.problems:
        said.setdefault(problem.field or WHOLE_FORM, []).append(problem.text)
    return {key: PersonError("tickets.new.said", said="; ".join(texts)) for key, texts in said.items()}
