"""Bringing letters to the mail server, and what follows from its answers.

The order keeps a letter from going twice: what the server has accepted is stored by itself, before anything follows
from it. Whatever fails afterwards is done again without sending. Refusals are stored together with what follows from
them, because to be refused again does no harm.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.letters.fitting import fitted
from sekretar.dispatch.letters.following import Following
from sekretar.dispatch.letters.model import Fate, OutgoingRow, RecipientFate, RecipientRow
from sekretar.dispatch.letters.sending import KIND
from sekretar.dispatch.letters.values import Voice
from sekretar.dispatch.mail import made, store
from sekretar.dispatch.mail.parsing import parse
from sekretar.dispatch.mail.smtp import Envelope, LetterTooLarge, Posted, Postman
from sekretar.dispatch.settings import MailboxSettings
from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerDown, PeerError
from sekretar.kernel.i18n import Catalogues, Translator
from sekretar.kernel.outbox import Delivery, Outbox, OutboxRow, Receipt, State

#: The job that finds letters whose delivery has died.
TASK: Final = "dispatch letters out"

#: How long one attempt may take, in seconds: ours ends first, so that it is known what hindered it.
_PATIENCE: Final = 130.0
_PATIENCE_OF_THE_OUTBOX: Final = 150.0

#: How many letters are in memory at once.
_AT_ONCE: Final = 4

#: Puts a letter into the folder of sent letters, once: mailbox, letter, Message-ID, moment.
KeepCopy = Callable[[MailboxSettings, bytes, str, datetime], Awaitable[bool]]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Parcel:
    """A letter as it is handed to a mail server."""

    letter_id: int
    mailbox: str
    envelope: Envelope
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Refusals:
    """Who will not get the letter, by the address in small letters, with what the mail server said."""

    fate: RecipientFate = RecipientFate.REFUSED
    replies: Mapping[str, str] = field(default_factory=dict)


class Delivering:
    """Delivers the letters of all desks.

    Args:
        postmen: By the address of the mailbox in small letters, with the settings of the mailbox.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        following: Following,
        catalogues: Catalogues,
        postmen: Mapping[str, tuple[MailboxSettings, Postman]],
        keep_copy: KeepCopy | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._following = following
        self._catalogues = catalogues
        self._postmen = postmen
        self._keep_copy = keep_copy
        #: Letters may be large, and a mailbox sends one after the other anyway.
        self._few = asyncio.Semaphore(_AT_ONCE)

    def register(self, outbox: Outbox) -> None:
        """Do the effects of letters."""
        outbox.handle(KIND, self.deliver, patience=_PATIENCE_OF_THE_OUTBOX)

    async def close(self) -> None:
        """End the connections to the mail servers."""
        for _, postman in self._postmen.values():
            await postman.close()

    async def deliver(self, delivery: Delivery) -> Receipt | None:
        """Bring one letter on its way, to those who have not got it yet."""
        letter_id = int(delivery.payload["letter"])
        async with self._few:
            later = await self._attempt(letter_id)
            await self._copy(letter_id)
        if later:
            raise PeerDown("mail", later)
        return None

    async def give_up_dead(self) -> None:
        """Let letters fail whose delivery has died of a fault of our own, so that somebody sees it."""
        for letter_id in await self._dead():
            async with self._database.transaction() as session:
                t = await self._translator(session, letter_id)
                lost = dict.fromkeys(await _waiting(session, letter_id), t.plain("dispatch.letters.lost"))
                await self._settle(session, letter_id, Refusals(RecipientFate.GIVEN_UP, lost))

    # One attempt

    async def _attempt(self, letter_id: int) -> str:
        """Returns what the server said about those who must wait; empty when nobody does.

        Raises:
            PeerError: nothing is known of the letter's fate, and it is not too late to try again.
        """
        parcel = await self._parcel(letter_id)
        if parcel is None:
            return ""
        try:
            posted = await self._post(parcel)
        except PeerError as error:
            if not await self._put_off(letter_id, error.detail or type(error).__name__):
                raise
            return ""
        if posted is None:
            return ""
        if posted.accepted:
            async with self._database.transaction() as session:
                await _mark(session, letter_id, posted.accepted, RecipientFate.ACCEPTED, self._clock.now())
        async with self._database.transaction() as session:
            replies = {address.casefold(): str(reply) for address, reply in posted.refused.items()}
            await self._settle(session, letter_id, Refusals(replies=replies))
        later = "; ".join(sorted({str(reply) for reply in posted.later.values()}))
        return "" if not later or await self._put_off(letter_id, later) else later

    async def _post(self, parcel: Parcel) -> Posted | None:
        """Hand it over, smaller if it must be; None when it cannot be small enough."""
        try:
            return await self._hand_over(parcel)
        except LetterTooLarge as error:
            smaller = await self._shrunk(parcel, error.limit)
        return await self._hand_over(smaller) if smaller is not None else None

    async def _hand_over(self, parcel: Parcel) -> Posted:
        if not parcel.envelope.recipients:
            return Posted()
        known = self._postmen.get(parcel.mailbox)
        if known is None:
            raise PeerDown(parcel.mailbox, "this mailbox is not in the settings, or sends nothing")
        try:
            async with asyncio.timeout(_PATIENCE):
                return await known[1].post(parcel.envelope, parcel.content)
        except TimeoutError as error:
            raise PeerDown(parcel.mailbox, f"not done in {_PATIENCE:g} s") from error

    async def _shrunk(self, parcel: Parcel, limit: int) -> Parcel | None:
        async with self._database.reading() as session:
            t = await self._translator(session, parcel.letter_id)

        def note(names: str) -> str:
            return t.plain("dispatch.letters.without_files", names=names)

        content = await asyncio.to_thread(fitted, parcel.content, limit, note)
        async with self._database.transaction() as session:
            if content is None:
                recipients = await _waiting(session, parcel.letter_id)
                large = dict.fromkeys(recipients, t.plain("dispatch.letters.too_large"))
                await self._settle(session, parcel.letter_id, Refusals(replies=large))
                return None
            await made.replace(session, parcel.letter_id, parse(content), content)
        return Parcel(parcel.letter_id, parcel.mailbox, parcel.envelope, content)

    async def _parcel(self, letter_id: int) -> Parcel | None:
        async with self._database.reading() as session:
            row = await session.get(OutgoingRow, letter_id)
            content = await store.raw_bytes(session, letter_id)
            if row is None or content is None:
                return None
            query = select(RecipientRow.address).where(
                RecipientRow.letter_id == letter_id, RecipientRow.fate == RecipientFate.WAITING
            )
            recipients = (await session.scalars(query.order_by(RecipientRow.is_copy, RecipientRow.key))).all()
        # Nobody is told when an automatic answer cannot be delivered: that would be one more letter.
        sender = "" if row.voice == Voice.ANSWER else row.mailbox
        return Parcel(letter_id, row.mailbox, Envelope(sender, tuple(recipients)), content)

    async def _put_off(self, letter_id: int, problem: str) -> bool:
        """Note what hindered it; True when that was the last time, and the letter has been given up."""
        async with self._database.transaction() as session:
            row = await session.get(OutgoingRow, letter_id, with_for_update=True)
            if row is None:
                return True
            row.problem = problem
            if self._clock.now() < row.gives_up_at:
                return False
            t = await self._translator(session, letter_id)
            words = t.plain("dispatch.letters.given_up", problem=problem)
            given_up = dict.fromkeys(await _waiting(session, letter_id), words)
            await self._settle(session, letter_id, Refusals(RecipientFate.GIVEN_UP, given_up))
            return True

    # What follows

    async def _settle(self, session: AsyncSession, letter_id: int, refusals: Refusals) -> None:
        """Store who will not get the letter, and decide its fate when all it is meant for are known."""
        now = self._clock.now()
        row = await session.get(OutgoingRow, letter_id, with_for_update=True, populate_existing=True)
        if row is None:
            return
        for key, reply in refusals.replies.items():
            await _mark(session, letter_id, [key], refusals.fate, now, reply)
        recipients = await _recipients(session, letter_id)
        if row.fate != Fate.WAITING:
            await self._tell(session, row, [each for each in recipients if each.key in refusals.replies])
            return
        meant = [each for each in recipients if not each.is_copy]
        if any(each.fate == RecipientFate.WAITING for each in meant):
            return
        row.settled_at = now
        missed = [each for each in recipients if each.fate in _MISSED]
        if any(each.fate not in _MISSED for each in meant):
            row.fate = Fate.SENT
            await self._following.delivered(session, row)
            await self._tell(session, row, missed)
            return
        row.fate = Fate.FAILED
        waiting = await _waiting(session, letter_id)
        await _mark(session, letter_id, waiting, RecipientFate.GIVEN_UP, now)
        await self._following.failed(session, row, _names(meant), _reasons(meant))

    async def _tell(self, session: AsyncSession, row: OutgoingRow, missed: Sequence[RecipientRow]) -> None:
        if missed:
            await self._following.not_reached(session, row, _names(missed), _reasons(missed))

    async def _copy(self, letter_id: int) -> None:
        """Put a letter that went out into the folder of sent letters, where the settings want that."""
        async with self._database.reading() as session:
            row = await session.get(OutgoingRow, letter_id)
            letter = await store.letter_row(session, letter_id)
            content = await store.raw_bytes(session, letter_id)
        if row is None or letter is None or content is None or row.fate != Fate.SENT:
            return
        known = self._postmen.get(row.mailbox)
        wanted = known is not None and known[0].keep_sent and row.copied_at is None
        if known is None or not wanted or self._keep_copy is None:
            return
        try:
            await self._keep_copy(known[0], content, letter.message_id, row.created_at)
        except PeerError as error:
            if isinstance(error, PeerDown) and self._clock.now() < row.gives_up_at:
                raise
            _log.warning("a sent letter has no copy", letter=letter_id, mailbox=row.mailbox, why=str(error))
            return
        async with self._database.transaction() as session:
            done = update(OutgoingRow).where(OutgoingRow.letter_id == letter_id)
            await session.execute(done.values(copied_at=self._clock.now()))

    async def _dead(self) -> list[int]:
        async with self._database.reading() as session:
            waiting = await session.scalars(
                select(OutgoingRow.letter_id).where(OutgoingRow.fate == Fate.WAITING).limit(1_000)
            )
            keys = {f"{KIND}:{letter_id}": letter_id for letter_id in waiting}
            dead = await session.scalars(
                select(OutboxRow.key).where(OutboxRow.key.in_(sorted(keys)), OutboxRow.state.in_(_ENDED))
            )
            return [keys[key] for key in dead]

    async def _translator(self, session: AsyncSession, letter_id: int) -> Translator:
        row = await session.get(OutgoingRow, letter_id)
        language = await self._following.language_of(session, row.incident_id) if row else ""
        return self._catalogues.translator(language)


_MISSED = frozenset({RecipientFate.REFUSED, RecipientFate.GIVEN_UP, RecipientFate.UNDELIVERED})
#: A delivery in one of these is not tried any more.
_ENDED = (State.DEAD, State.EXPIRED, State.DISCARDED)


async def _recipients(session: AsyncSession, letter_id: int) -> Sequence[RecipientRow]:
    query = select(RecipientRow).where(RecipientRow.letter_id == letter_id).order_by(RecipientRow.key)
    return (await session.scalars(query, execution_options={"populate_existing": True})).all()


async def _waiting(session: AsyncSession, letter_id: int) -> Sequence[str]:
    query = select(RecipientRow.key).where(
        RecipientRow.letter_id == letter_id, RecipientRow.fate == RecipientFate.WAITING
    )
    return (await session.scalars(query)).all()


async def _mark(
    session: AsyncSession,
    letter_id: int,
    addresses: Iterable[str],
    fate: RecipientFate,
    now: datetime,
    reply: str = "",
) -> None:
    keys = sorted(each.casefold() for each in addresses)
    statement = update(RecipientRow).where(RecipientRow.letter_id == letter_id, RecipientRow.key.in_(keys))
    await session.execute(
        statement.values(fate=fate, reply=reply, changed_at=now).execution_options(synchronize_session=False)
    )


def _names(recipients: Iterable[RecipientRow]) -> str:
    return ", ".join(each.address for each in recipients)


def _reasons(recipients: Iterable[RecipientRow]) -> str:
    return "; ".join(dict.fromkeys(each.reply for each in recipients if each.reply))
