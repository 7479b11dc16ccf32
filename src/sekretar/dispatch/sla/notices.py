"""Says that time runs out, to whom the steps name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.incidents.values import Incident
from sekretar.dispatch.sla import wording
from sekretar.dispatch.sla.clocks import Plan
from sekretar.dispatch.sla.escalation import Audience, Matter, Notice
from sekretar.dispatch.telling import Reader, Say, Telling
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
class Said:
    """What is to be said of a clock."""

    incident: Incident
    clock_id: int
    plan: Plan
    notice: Notice

    @property
    def expires_at(self) -> datetime | None:
        """From when it is not worth saying; None for never."""
        return self.plan.deadline if self.notice.matter is Matter.WARNING else None


@dataclass(frozen=True)
class Heard:
    """Who hears of something."""

    people: frozenset[int]
    channel: bool


@dataclass(frozen=True)
class Notices:
    """Gives notices of deadlines."""

    telling: Telling
    roster: Roster

    async def give(self, session: AsyncSession, said: Said) -> bool:
        """Put a notice into the outbox, once for each reader.

        Returns:
            False when the channel is not known yet; given again, it reaches only those that it has not reached.
        """
        heard = await self._heard(session, said)
        key = f"dispatch:sla:{said.clock_id}:{said.notice.step.key}"

        def say(reader: Reader) -> Message:
            return wording.notice(said.incident, said.plan, said.notice.matter, reader)

        for person_id in sorted(heard.people):
            await self.telling.person(session, person_id, key, say, expires_at=said.expires_at)
        if heard.channel:
            return await self.telling.channel(
                session, said.incident.desk, key, say, expires_at=said.expires_at
            )
        return True

    async def give_together(self, session: AsyncSession, desk: str, many: Sequence[Said]) -> set[int]:
        """Put one message for each reader into the outbox, about all that concerns them.

        Returns:
            The numbers of the clocks about which everything is said.
        """
        if len(many) < _MANY or await self.telling.channels.id_of(session, desk) is None:
            return {said.clock_id for said in many if await self.give(session, said)}
        to_channel: list[Said] = []
        to_people: dict[int, list[Said]] = {}
        for said in many:
            heard = await self._heard(session, said)
            if heard.channel:
                to_channel.append(said)
            for person_id in heard.people:
                to_people.setdefault(person_id, []).append(said)
        for person_id in sorted(to_people):
            about = to_people[person_id]
            await self.telling.person(
                session, person_id, _key(about), _together(about), expires_at=_expires_at(about)
            )
        if to_channel:
            await self.telling.channel(
                session, desk, _key(to_channel), _together(to_channel), expires_at=_expires_at(to_channel)
            )
        return {said.clock_id for said in many}

    async def _heard(self, session: AsyncSession, said: Said) -> Heard:
        incident, to = said.incident, said.notice.to
        people: list[int] = []
        if Audience.RESPONSIBLE in to and incident.responsible_id is not None:
            people.append(incident.responsible_id)
        if Audience.HEAD in to:
            people += await self.roster.heads(session, incident.desk)
        if Audience.SHIFT in to:
            people += await self.roster.on_shift(session, incident.desk, self.telling.chat.now())
        # What nobody is there to hear is said to all; a desk without a head has heard of it by then.
        unheard = bool(to) and not people and to != {Audience.HEAD}
        return Heard(frozenset(people), Audience.CHANNEL in to or unheard)


#: Fewer than this are no list.
_MANY = 2


def _together(about: Sequence[Said]) -> Say:
    def say(reader: Reader) -> Message:
        return wording.together([(each.incident, each.plan, each.notice.matter) for each in about], reader)

    return say


def _key(about: Sequence[Said]) -> str:
    """The meaning of a message about several clocks."""
    steps = sorted(f"{each.clock_id}:{each.notice.step.key}" for each in about)
    return f"dispatch:sla:together:{blake2b(' '.join(steps).encode(), digest_size=12).hexdigest()}"


def _expires_at(about: Sequence[Said]) -> datetime | None:
    """When the last of them is not worth saying any more."""
    ends = [each.expires_at for each in about]
    known = [end for end in ends if end is not None]
    return max(known) if len(known) == len(ends) else None
