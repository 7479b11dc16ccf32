"""A dispatch desk with everything that follows from a letter: clocks, assignment, card and thread in the outbox."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from zoneinfo import ZoneInfo

from cryptography.fernet import Fernet
from sqlalchemy import func, select

from benchmarks.world import make_desk
from sekretar.dispatch.assignment.model import AssignmentRow, MemberRow
from sekretar.dispatch.assignment.team import TASK as ASSIGNMENT_TASK
from sekretar.dispatch.assignment.team import Role
from sekretar.dispatch.channels import DeskChannelRow, Purpose
from sekretar.dispatch.chat import cards
from sekretar.dispatch.feature import Dispatch, Surroundings
from sekretar.dispatch.mail import store
from sekretar.dispatch.mail.model import LetterState
from sekretar.dispatch.settings import DeskSettings
from sekretar.dispatch.sla.calendars import TASK as SLA_TASK
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.health import Health
from sekretar.kernel.http import HttpSessions, HttpSettings
from sekretar.kernel.jobs import InProcessJobs
from sekretar.kernel.outbox import Outbox, OutboxRow
from sekretar.kernel.people import People, Profile
from sekretar.kernel.secrets import Vault
from sekretar.mattermost.delivery import POST
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.models import Status


@dataclass(frozen=True)
class Taken:
    """Milliseconds for each letter."""

    clock: float
    processor: float


class Stopwatch:
    """Runs from when it is made."""

    def __init__(self) -> None:
        self._clock, self._processor = time.perf_counter(), time.process_time()

    def taken(self, letters: int) -> Taken:
        """For each of so many letters."""
        clock, processor = time.perf_counter() - self._clock, time.process_time() - self._processor
        return Taken(1000 * clock / letters, 1000 * processor / letters)


@dataclass(frozen=True)
class WholeDesk:
    """Three dispatchers, and a Mattermost that knows nothing of anybody."""

    settings: DeskSettings
    database: Database
    dispatch: Dispatch
    clock: ManualClock

    async def work(self) -> None:
        """Do all that waiting letters give to do, until nothing is left but to deliver what is in the outbox."""
        jobs = {
            store.TASK: self.dispatch.intake.run,
            SLA_TASK: self.dispatch.slas.run,
            ASSIGNMENT_TASK: self.dispatch.assigning.run,
            cards.TASK: self.dispatch.cards.show_due,
        }
        woken: dict[str, None] = {store.TASK: None}
        self.database.on_commit(lambda name: woken.update({name: None}))
        while due := [name for name in jobs if name in woken]:
            woken.clear()
            for name in due:
                while (again := await jobs[name]()) is not None and again <= self.clock.now():
                    pass

    async def check(self, letters: int, incidents: int) -> None:
        """Fail unless everything was done."""
        async with self.database.reading() as session:
            filed = await store.count_by_state(session, self.settings.name)
            given = await session.scalar(select(func.count(func.distinct(AssignmentRow.incident_id))))
            posted = select(func.count()).select_from(OutboxRow).where(OutboxRow.kind == POST)
            said = await session.scalar(posted) or 0
        done = filed == {LetterState.FILED: letters} and given == incidents
        if not done or said < incidents + letters:
            raise RuntimeError(f"not everything was done: {filed}, {given} given, {said} posts")


@contextlib.asynccontextmanager
async def whole_desk(url: str, settings: DeskSettings, clock: ManualClock) -> AsyncIterator[WholeDesk]:
    """The desk on an empty database."""
    database, http = Database.open(url), HttpSessions(HttpSettings())
    await database.migrate()
    around = Surroundings(
        await _chat(database, settings, clock),
        http,
        InProcessJobs(clock),
        Outbox(database, clock),
        {},
        Health(clock),
        public_url="https://s.example",
    )
    dispatch = Dispatch(around, [settings])
    await dispatch.take_over()
    try:
        yield WholeDesk(settings, database, dispatch, clock)
    finally:
        await http.close()
        await database.close()


async def _chat(database: Database, settings: DeskSettings, clock: ManualClock) -> Desk:
    vault = Vault([Fernet.generate_key().decode()])
    people = People("https://chat.example", "ru", ZoneInfo("Europe/Moscow"))
    async with database.transaction() as session:
        for number in range(3):
            profile = Profile(f"u{number}", f"u{number}", f"User {number}", "", "ru", None, True, "")
            person = await people.remember(session, profile, clock.now())
            session.add(MemberRow(desk=settings.name, person_id=person.id, role=Role.DISPATCHER))
        names = {"desk": settings.name, "name": settings.channel, "channel_id": "desk"}
        session.add_all(DeskChannelRow(purpose=each, **names) for each in Purpose)

    async def statuses(_: Sequence[str]) -> Sequence[Status]:
        return ()

    return make_desk(database, clock, vault, people, None, SimpleNamespace(statuses=statuses))
