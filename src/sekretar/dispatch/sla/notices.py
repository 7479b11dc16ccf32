"""Says that time runs out, to whom the steps name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.incidents.values import Incident
from sekretar.dispatch.sla import wording
from sekretar.dispatch.sla.clocks import Plan
from sekretar.dispatch.sla.escalation import Audience, Matter, Notice
from sekretar.dispatch.telling import Reader, Telling
from sekretar.mattermost.messages import Message


class Roster(Protocol):
    """Who belongs to a desk."""

    async def heads(self, session: AsyncSession, desk: str) -> Sequence[int]:
        """Who heads it."""
        ...

    async def on_shift(self, session: AsyncSession, desk: str, now: datetime) -> Sequence[int]:
        """Who works at this moment."""
        ...


@dataclass(frozen=True)
class Notices:
    """Gives notices of deadlines."""

    telling: Telling
    roster: Roster

    async def give(
        self, session: AsyncSession, incident: Incident, clock_id: int, plan: Plan, notice: Notice
    ) -> bool:
        """Put a notice into the outbox, once for each reader.

        Returns:
            False when the channel is not known yet; given again, it reaches only those that it has not reached.
        """
        people = await self._people(session, incident, notice)
        key = f"dispatch:sla:{clock_id}:{notice.step.key}"
        expires_at = plan.deadline if notice.matter is Matter.WARNING else None

        def say(reader: Reader) -> Message:
            return wording.notice(incident, plan, notice.matter, reader)

        for person_id in sorted(set(people)):
            await self.telling.person(session, person_id, key, say, expires_at=expires_at)
        unheard = not people and notice.to != {Audience.HEAD}
        if Audience.CHANNEL in notice.to or (notice.to and unheard):
            # What nobody is there to hear is said to all; a desk without a head has heard of it by then.
            return await self.telling.channel(session, incident.desk, key, say, expires_at=expires_at)
        return True

    async def _people(self, session: AsyncSession, incident: Incident, notice: Notice) -> list[int]:
        people: list[int] = []
        if Audience.RESPONSIBLE in notice.to and incident.responsible_id is not None:
            people.append(incident.responsible_id)
        if Audience.HEAD in notice.to:
            people += await self.roster.heads(session, incident.desk)
        if Audience.SHIFT in notice.to:
            people += await self.roster.on_shift(session, incident.desk, self.telling.chat.now())
        return people
