"""The job that makes incidents of letters: every letter in the order in which it came, each in its own transaction.

A letter is parsed before its transaction and filed in it. Whatever goes wrong with one letter is the trouble of that
letter: it becomes an incident for a person to look at, and the next one follows. Only when the database is away does
everything wait.

Letters of a desk are filed one after the other, also by several processes: two letters of one conversation that were
filed side by side would not see each other and make two incidents.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.model import NumberRow
from sekretar.dispatch.incidents.values import Incident
from sekretar.dispatch.intake import deliveries
from sekretar.dispatch.intake.deliveries import Deliveries
from sekretar.dispatch.intake.evidence import Evidence, policy_of, standing_of
from sekretar.dispatch.intake.filing import Arrival, Filing, related_to
from sekretar.dispatch.intake.threads import Reason, decide, find_thread
from sekretar.dispatch.mail import store
from sekretar.dispatch.mail.letter import AttachmentLimits, ParsedLetter, Unreadable
from sekretar.dispatch.mail.model import Direction, LetterRow, LetterState
from sekretar.dispatch.mail.parsing import DEFAULT_LIMITS, parse
from sekretar.dispatch.mail.store import RawLetter
from sekretar.dispatch.settings import AttachmentSettings, DeskSettings
from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Database, insert_into
from sekretar.kernel.errors import PeerError

#: The name of the job; whoever stores a letter wakes it.
TASK: Final = store.TASK

#: A letter that takes longer than this to read is unreadable.
LONGEST_READING: Final = 180.0
_MEGABYTE: Final = 1024 * 1024

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
                for raw in letters:
                    await self.file(desk, raw)
            await self._open_unnoticed(desk)
        return None

    async def file(self, desk: DeskSettings, raw: RawLetter) -> None:
        """Do with one letter whatever is to be done.

        Raises:
            PeerError: the database is away; the letter waits.
        """
        try:
            letter = await self._parsed(desk, raw)
            async with self._filing(desk, raw.id) as session:
                if session is not None:
                    await self._file(session, desk, raw, letter)
        except PeerError:
            raise
        except Unreadable as error:
            await self._give_up(desk, raw, str(error))
        except TimeoutError:
            await self._give_up(desk, raw, f"took longer than {LONGEST_READING:g} s to read")
        except Exception as error:
            _log.exception("letter_not_filed", desk=desk.name, letter=raw.id)
            await self._give_up(desk, raw, type(error).__name__)

    async def _next(self, desk: DeskSettings) -> Sequence[RawLetter]:
        async with self._database.reading() as session:
            return await store.next_letters(session, desk.name)

    async def _parsed(self, desk: DeskSettings, raw: RawLetter) -> ParsedLetter:
        async with asyncio.timeout(LONGEST_READING):
            return await asyncio.to_thread(parse, raw.content, limits_of(desk.attachments))

    @contextlib.asynccontextmanager
    async def _filing(self, desk: DeskSettings, letter_id: int) -> AsyncIterator[AsyncSession | None]:
        """A transaction in which nobody else files a letter of this desk; None when this one waits no longer."""
        async with self._database.transaction() as session:
            if not self._database.embedded:
                # The one writer of SQLite is alone anyway.
                await _one_at_a_time(session, desk.name)
            yield session if await store.hold(session, letter_id) else None

    async def _file(
        self, session: AsyncSession, desk: DeskSettings, raw: RawLetter, letter: ParsedLetter
    ) -> None:
        if await store.mark_parsed(session, desk.name, raw.id, letter) is not None:
            return
        evidence, filing, now = self._tools.evidence, self._tools.filing, self._clock.now()
        if raw.incident_id is not None:
            arrival = Arrival(desk, raw, letter, (), now)
            await filing.read_again(session, arrival, raw.incident_id)
            return
        if await self._is_own(session, desk, raw, letter):
            return
        if deliveries.is_notice(letter) and await self._tools.deliveries.file(session, desk, raw, letter):
            return
        clues, related = await evidence.clues(session, desk, raw.id, letter)
        thread = find_thread(clues)
        incident: Incident | None = None
        if thread is not None:
            incident = await self._tools.incidents.get(session, thread.incident_id)
        outgoing = raw.direction is Direction.OUT
        arrived = await evidence.arrived(session, desk, letter, clues, incident, is_outgoing=outgoing)
        standing = await standing_of(session, incident, now)
        decision = decide(arrived, thread, standing, policy_of(desk))
        arrival = Arrival(desk, raw, letter, related_to(related), now)
        await filing.carry_out(session, arrival, arrived, decision)

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
        async with self._filing(desk, raw.id) as session:
            if session is not None:
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


def limits_of(settings: AttachmentSettings) -> AttachmentLimits:
    """Which attachments a desk keeps."""
    more = [each.strip().lower().removeprefix(".") for each in settings.more_types]
    return replace(
        DEFAULT_LIMITS,
        largest=settings.largest_mb * _MEGABYTE,
        largest_total=settings.total_mb * _MEGABYTE,
        extensions=DEFAULT_LIMITS.extensions | {each for each in more if "/" not in each},
        media_types=DEFAULT_LIMITS.media_types + tuple(each for each in more if "/" in each),
    )


async def _one_at_a_time(session: AsyncSession, desk: str) -> None:
    """Until the end of the transaction nobody else files a letter of this desk."""
    row = insert_into(session, NumberRow).values(desk=desk, last=0)
    await session.execute(
        row.on_conflict_do_update(index_elements=[NumberRow.desk], set_={"last": NumberRow.last})
    )
