"""Where features meet in the morning: one knows when a person's morning is, others have something to say then.

Neither side knows the other; who puts the product together makes one `Morning` and hands it to both. Whoever gives
the message of the day asks the others before it opens a transaction, and waits a short while for all of them; what
comes too late is said by its owner, in a message of its own.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown

#: How long the message of the day waits for all that belongs into it.
PATIENCE = timedelta(seconds=5)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Hour:
    """The hour on the person's own clock, and the days of the week (Monday is 0)."""

    at: time = time(9)
    days: frozenset[int] = frozenset(range(5))


@dataclass(frozen=True)
class Part:
    """What somebody adds to the message of the day.

    Attributes:
        text: With its own heading.
        take: Called in the transaction that says it; False when it was said elsewhere meanwhile, and is left out.
    """

    text: Markdown
    take: Callable[[AsyncSession], Awaitable[bool]]


#: The hour that a person has chosen; None when they have chosen to have none.
Hours = Callable[[AsyncSession, int], Awaitable[Hour | None]]
#: Whether a person's message of the day is due and still to be given.
Pending = Callable[[AsyncSession, int, datetime], Awaitable[bool]]
#: What there is to say to a person on a day; None for nothing.
Contributor = Callable[[Person, date], Awaitable[Part | None]]


class Morning:
    """What is known of people's mornings, and who has something to say. Nothing is added to it after the start."""

    def __init__(self, patience: timedelta = PATIENCE) -> None:
        self._patience = patience
        self._hours: Hours | None = None
        self._pending: Pending | None = None
        self._contributors: list[Contributor] = []

    def keep(self, hours: Hours, pending: Pending | None = None) -> None:
        """Have people's hours told by whoever keeps them, and whether their message is still to come."""
        self._hours, self._pending = hours, pending

    def contribute(self, contributor: Contributor) -> None:
        """Be asked before messages of the day are given."""
        self._contributors.append(contributor)

    async def hour(self, session: AsyncSession, person_id: int) -> Hour:
        """When a person's morning is: as they have chosen, else at nine on working days."""
        chosen = await self._hours(session, person_id) if self._hours else None
        return chosen or Hour()

    async def wanted(self, session: AsyncSession, person_id: int) -> bool:
        """Whether a person has not chosen to have no message of the day."""
        return self._hours is None or await self._hours(session, person_id) is not None

    async def pending(self, session: AsyncSession, person_id: int, now: datetime) -> bool:
        """Whether a message of the day is about to be given to a person."""
        return self._pending is not None and await self._pending(session, person_id, now)

    async def ask(self, mornings: Sequence[tuple[Person, date]]) -> Mapping[int, Sequence[Part]]:
        """What belongs into these people's messages, by our id of the person, as far as it is known in time."""
        tasks = {
            asyncio.create_task(_heard(contributor, person, day)): person.id
            for person, day in mornings
            for contributor in self._contributors
        }
        if not tasks:
            return {}
        try:
            done, _ = await asyncio.wait(tasks, timeout=self._patience.total_seconds())
        finally:
            late = [task for task in tasks if task.cancel()]
            await asyncio.gather(*late, return_exceptions=True)
        found: dict[int, list[Part]] = defaultdict(list)
        for task, person_id in tasks.items():
            if task in done and (part := task.result()) is not None:
                found[person_id].append(part)
        return found


async def _heard(contributor: Contributor, person: Person, day: date) -> Part | None:
    """What one has to say; whoever fails keeps nobody's message."""
    try:
        return await contributor(person, day)
    except Exception:
        _log.exception("nothing added to the message of the day", person=person.id)
        return None
