"""The job that makes incidents of letters, in the order in which they came.

Letters are read before their transaction and filed in it, a wave of those that have nothing to do with each other at
once. Whatever goes wrong with one letter is the trouble of that letter: each of its wave gets a transaction of its
own then, and it becomes an incident for a person to look at. Only when the database is away does everything wait.

Nobody else files letters of the desk meanwhile, also no other process: two letters of one conversation that were
filed side by side would not see each other and make two incidents.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.model import NumberRow
from sekretar.dispatch.intake import deliveries
from sekretar.dispatch.intake.deliveries import Deliveries
from sekretar.dispatch.intake.evidence import (
    Evidence,
    Known,
    going_on,
    policy_of,
    standing_of,
    subjects_of,
)
from sekretar.dispatch.intake.filing import Arrival, Case, Filing
from sekretar.dispatch.intake.threads import Decision, Outcome, Reason, decide
from sekretar.dispatch.intake.understanding import Unclear, Understood, limits_of, understand
from sekretar.dispatch.intake.waves import apart, waves
from sekretar.dispatch.mail import store
from sekretar.dispatch.mail.letter import ParsedLetter
from sekretar.dispatch.mail.model import Direction, LetterRow, LetterState
from sekretar.dispatch.mail.store import RawLetter
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Database, insert_into
from sekretar.kernel.errors import PeerError

#: The name of the job; whoever stores a letter wakes it.
TASK: Final = store.TASK

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Tools:
    """What letters are filed with."""

    incidents: Incidents
    evidence: Evidence
    deliveries: Deliveries
    filing: Filing


class Intake:
    """Files the letters of all desks."""

    def __init__(
        self, database: Database, clock: Clock, desks: Mapping[str, DeskSettings], tools: Tools
    ) -> None:
        self._database = database
        self._clock = clock
        self._desks = desks
        self._tools = tools

    async def run(self) -> datetime | None:
        """File what waits. The task of the jobs: what comes later wakes it."""
        for desk in self._desks.values():
            while letters := await self._next(desk):
                await self._file_all(desk, letters)
            await self._open_unnoticed(desk)
        return None

    async def _next(self, desk: DeskSettings) -> Sequence[RawLetter]:
        async with self._database.reading() as session:
            return await store.next_letters(session, desk.name)

    async def _file_all(self, desk: DeskSettings, letters: Sequence[RawLetter]) -> None:
        """Do with letters whatever is to be done.

        Raises:
            PeerError: the database is away; what is not done waits.
        """
        read = await understand(letters, limits_of(desk.attachments))
        clear = [each for each in read if isinstance(each, Understood)]
        async with self._database.reading() as session:
            tied = await self._tools.evidence.ties(session, desk, clear)
        following = iter(tied)
        for is_clear, some in groupby(read, lambda each: isinstance(each, Understood)):
            if is_clear:
                for wave in waves([next(following) for _ in some]):
                    await self._file(desk, wave)
                continue
            for each in some:
                if isinstance(each, Unclear):
                    await self._give_up(desk, each.raw, each.why)

    async def _file(self, desk: DeskSettings, wave: Sequence[Understood]) -> None:
        """File a wave in one transaction, which is much less work; one by one when one of them fails."""
        try:
            async with self._filing(desk, [each.raw.id for each in wave]) as (session, waiting):
                await self._file_waiting(session, desk, [each for each in wave if each.raw.id in waiting])
        except PeerError:
            raise
        except Exception as error:
            if len(wave) > 1:
                for each in wave:
                    await self._file(desk, [each])
                return
            raw = wave[0].raw
            _log.exception("letter_not_filed", desk=desk.name, letter=raw.id)
            await self._give_up(desk, raw, type(error).__name__)

    @contextlib.asynccontextmanager
    async def _filing(
        self, desk: DeskSettings, letter_ids: Collection[int]
    ) -> AsyncIterator[tuple[AsyncSession, set[int]]]:
        """A transaction in which nobody else files letters of this desk, and which of these still wait."""
        async with self._database.transaction() as session:
            if not self._database.embedded:
                # The one writer of SQLite is alone anyway.
                await _one_at_a_time(session, desk.name)
            yield session, await store.hold(session, letter_ids)

    async def _file_waiting(
        self, session: AsyncSession, desk: DeskSettings, letters: Sequence[Understood]
    ) -> None:
        said = {each.raw.id: each.letter for each in letters}
        copies = await store.mark_parsed(session, desk.name, said)
        rest = [
            each
            for each in letters
            if each.raw.id not in copies and not await self._is_dealt_with(session, desk, each)
        ]
        while rest:
            rest = await self._thread(session, desk, rest)

    async def _is_dealt_with(self, session: AsyncSession, desk: DeskSettings, each: Understood) -> bool:
        """Deal with a letter whose place is known without looking for its conversation."""
        raw, letter = each.raw, each.letter
        if raw.incident_id is not None:
            arrival = Arrival(desk, raw, letter, (), self._clock.now())
            await self._tools.filing.read_again(session, arrival, raw.incident_id)
            return True
        if await self._is_own(session, desk, raw, letter):
            return True
        return deliveries.is_notice(letter) and await self._tools.deliveries.file(session, desk, raw, letter)

    async def _thread(
        self, session: AsyncSession, desk: DeskSettings, letters: Sequence[Understood]
    ) -> list[Understood]:
        """File letters into incidents; returns those that have to do with an incident of one before them."""
        evidence, now = self._tools.evidence, self._clock.now()
        found = await evidence.gather(session, desk, letters)
        free = apart([each.ties for each in found])
        first = [each for each, is_free in zip(found, free, strict=True) if is_free]
        numbers = {each.thread.incident_id for each in first if each.thread is not None}
        incidents = await self._tools.incidents.hold(session, numbers)
        there = await subjects_of(session, numbers)
        cases: list[Case] = []
        rest = [each.of for each, is_free in zip(found, free, strict=True) if not is_free]
        for known in first:
            number = known.thread.incident_id if known.thread else 0
            incident = incidents.get(number)
            arrived = await evidence.arrived(session, desk, known, incident, there.get(number, ()))
            standing = await standing_of(session, incident, now)
            decision = decide(arrived, known.thread, standing, policy_of(desk))
            decision = await self._going_on(session, desk, known, decision)
            case = Case(Arrival(desk, known.of.raw, known.of.letter, known.related, now), arrived, decision)
            if case.joins in {each.joins for each in cases if each.joins is not None}:
                rest.append(known.of)
            else:
                cases.append(case)
        await self._tools.filing.carry_out(session, cases)
        return sorted(rest, key=lambda each: each.raw.id)

    async def _going_on(
        self, session: AsyncSession, desk: DeskSettings, known: Known, decision: Decision
    ) -> Decision:
        """The decision; but what would begin anew what a letter has begun anew already joins that."""
        if known.thread is None or decision.reason not in {Reason.LONG_CLOSED, Reason.CHANGED_SUBJECT}:
            return decision
        begun = await going_on(session, desk, known.of.letter, known.thread.incident_id)
        if begun is None:
            return decision
        await self._tools.incidents.hold(session, {begun})
        return Decision(Outcome.FILE, known.thread.reason, begun)

    async def _is_own(
        self, session: AsyncSession, desk: DeskSettings, raw: RawLetter, letter: ParsedLetter
    ) -> bool:
        """Deal with a letter of the desk itself that came back: a copy that was changed on its way, or a loop."""
        ids = self._tools.evidence.ids
        if raw.direction is Direction.OUT or letter.sender.key in desk.addresses:
            own = ids.read(letter.message_id)
            row = await store.letter_row(session, own.letter_id) if own and own.letter_id else None
            if row is not None and row.desk == desk.name and row.direction == Direction.OUT:
                await store.mark_duplicate(session, raw.id, row.id)
                return True
        if any(ids.read(mark) is not None for mark in letter.loop_marks):
            _log.warning("own_letter_came_back", desk=desk.name, letter=raw.id, sender=letter.sender.address)
            await store.mark_set_aside(session, raw.id, Reason.LOOP)
            return True
        return False

    async def _give_up(self, desk: DeskSettings, raw: RawLetter, why: str) -> None:
        """Make an incident of the letter as it came."""
        async with self._filing(desk, [raw.id]) as (session, waiting):
            if waiting:
                await self._tools.filing.open_unreadable(session, desk, raw, why)

    async def _open_unnoticed(self, desk: DeskSettings) -> None:
        """Letters that the server did not hand out are unreadable from the beginning; somebody has to look."""
        async with self._database.reading() as session:
            numbers = await store.unnoticed(session, desk.name)
        for letter_id in numbers:
            async with self._database.transaction() as session:
                row = await session.get(LetterRow, letter_id, with_for_update=True)
                if row is None or row.state != LetterState.UNREADABLE or row.incident_id is not None:
                    continue
                why = row.why
                row.state = LetterState.RAW
                await session.flush()
                raw = await store.take(session, letter_id)
                assert raw is not None
                await self._tools.filing.open_unreadable(session, desk, raw, why)


async def _one_at_a_time(session: AsyncSession, desk: str) -> None:
    """Until the end of the transaction nobody else files a letter of this desk."""
    row = insert_into(session, NumberRow).values(desk=desk, last=0)
    await session.execute(
        row.on_conflict_do_update(index_elements=[NumberRow.desk], set_={"last": NumberRow.last})
    )
