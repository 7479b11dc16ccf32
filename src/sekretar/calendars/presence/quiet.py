"""*Do not disturb* in Mattermost during meetings, for those who want it.

The same loop as for the status beside the name, on the other status: it is set only where the person is online or
away, given back when the meeting ends, and let go at once when the person changes it. Mattermost itself ends it with
the meeting, should Sekretar be gone by then (`dnd_end_time`,
https://developers.mattermost.com/api-documentation/#/operations/UpdateUserStatus).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars.model import QuietTime
from sekretar.calendars.presence.rules import SKEW, Busy, busy_until, next_change
from sekretar.calendars.presence.status import PATIENCE, busy_times, wanting
from sekretar.calendars.settings.preferences import QUIET_WANTED
from sekretar.kernel.errors import PeerError
from sekretar.kernel.people import Person
from sekretar.mattermost.acting import Acting, NotPermitted
from sekretar.mattermost.desk import Desk

DO_NOT_DISTURB = "dnd"

#: Somebody who is offline is not disturbed, and who does not want to be has said so.
_REPLACEABLE = frozenset({"online", "away"})

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Held:
    """What Sekretar remembers while it has set *do not disturb*."""

    until: datetime
    earlier: str
    yielded: bool = False


@dataclass(frozen=True)
class Begin:
    """Do not disturb until the moment; `earlier` is what comes back."""

    until: datetime
    earlier: str


@dataclass(frozen=True)
class End:
    """Give the earlier status back."""

    earlier: str


@dataclass(frozen=True)
class Yield:
    """The person changed the status during the meeting: theirs stays."""


@dataclass(frozen=True)
class Forget:
    """Nothing is left to give back."""


Decision = Begin | End | Yield | Forget | None


def decide(now: datetime, until: datetime | None, current: str, held: Held | None) -> Decision:
    """What to do about a person's status; None when everything is as it should be.

    Args:
        now: the moment of the decision.
        until: when their meeting ends; None when they are in none.
        current: their status in Mattermost's word.
        held: what was remembered when it was set; None when it was not.
    """
    if held is None:
        return Begin(until, current) if until is not None and current in _REPLACEABLE else None
    if until is None:
        ours = current == DO_NOT_DISTURB and not held.yielded
        return End(held.earlier) if ours else Forget()
    if held.yielded:
        return None
    if current != DO_NOT_DISTURB:
        return _ended(now, until, current, held)
    return Begin(until, held.earlier) if until != held.until else None


def _ended(now: datetime, until: datetime, current: str, held: Held) -> Decision:
    """It was ended during a meeting: by hand, or by Mattermost when a shorter meeting was over."""
    if now < held.until - SKEW:
        return Yield()
    if now < held.until:
        return None
    return Begin(until, current) if current in _REPLACEABLE else Forget()


@dataclass(frozen=True)
class QuietKeeper:
    """The control loop."""

    desk: Desk
    acting: Acting

    async def run(self) -> datetime | None:
        """Bring everybody in step; returns when somebody's meeting begins or ends next."""
        now = self.desk.now()
        async with self.desk.database.reading() as session:
            meetings = await busy_times(session, now, wanting(QUIET_WANTED))
            held = (await session.scalars(select(QuietTime.person_id))).all()
        concerned = {person_id for person_id, theirs in meetings.items() if busy_until(theirs, now)}
        moments = [await self._keep_person(person_id) for person_id in sorted(concerned.union(held))]
        moments += [next_change(theirs, now) for theirs in meetings.values()]
        return min((each for each in moments if each), default=None)

    async def _keep_person(self, person_id: int) -> datetime | None:
        try:
            await self.keep(person_id)
        except PeerError as error:
            _log.warning("quiet time not kept", person=person_id, error=type(error).__name__)
            return self.desk.now() + PATIENCE
        return None

    async def keep(self, person_id: int) -> None:
        """Bring one person in step.

        Raises:
            PeerError: Mattermost did not do what it was asked; nothing is forgotten.
        """
        now = self.desk.now()
        async with self.desk.database.reading() as session:
            person = await self.desk.people.by_id(session, person_id)
            meetings = await _wanted(session, person_id, now)
            row = await session.get(QuietTime, person_id)
        if person is None or not person.active:
            return
        held = Held(row.until, row.earlier, row.yielded) if row else None
        current = (await self.acting.status(person)).status
        await self._carry_out(person, decide(now, busy_until(meetings, now), current, held))

    async def _carry_out(self, person: Person, decision: Decision) -> None:
        """Remember after setting, because what is not remembered ends by itself; forget after giving back."""
        match decision:
            case Begin(until, earlier):
                outcome = await self.acting.set_status(person, DO_NOT_DISTURB, dnd_until=until)
                if isinstance(outcome, NotPermitted):
                    await self._forget(person)
                else:
                    await self._remember(person, Held(until, earlier))
            case End(earlier):
                await self.acting.set_status(person, earlier)
                await self._forget(person)
            case Yield():
                async with self.desk.database.transaction() as session:
                    if row := await session.get(QuietTime, person.id):
                        row.yielded = True
            case Forget():
                await self._forget(person)

    async def _remember(self, person: Person, held: Held) -> None:
        async with self.desk.database.transaction() as session:
            row = await session.get(QuietTime, person.id) or QuietTime(person_id=person.id)
            row.until, row.earlier, row.yielded = held.until, held.earlier, held.yielded
            session.add(row)

    async def _forget(self, person: Person) -> None:
        async with self.desk.database.transaction() as session:
            if row := await session.get(QuietTime, person.id):
                await session.delete(row)


async def _wanted(session: AsyncSession, person_id: int, now: datetime) -> list[Busy]:
    """The meetings of somebody who wants to be left alone in them; none of anybody else."""
    if not await QUIET_WANTED.read(session, person_id):
        return []
    return (await busy_times(session, now, select(literal(person_id)))).get(person_id, [])
