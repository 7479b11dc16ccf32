"""Where features meet about meetings: who keeps calendars tells and answers here, who needs to know listens and asks.

Neither side knows the other. Whoever listens works in the transaction in which something is told, so what is told
once has its effect once; whoever is asked answers from what is stored, so that nobody waits for a server.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown


@dataclass(frozen=True)
class Participant:
    """Somebody who takes part.

    Attributes:
        name: As the calendar writes it; may be empty.
        address: Of mail, lower case; may be empty.
        person_id: Who it is in the chat; None when that is not known.
    """

    name: str
    address: str
    person_id: int | None = None


@dataclass(frozen=True)
class Meeting:
    """A meeting at one time, as one person has it.

    Attributes:
        person_id: Whose calendar it is in.
        uid: Of the meeting, or of the series that it is one time of; the same for all who are invited.
        recurrence_id: Which time of the series; empty for a meeting that does not repeat.
        title: As the calendar writes it; may be empty.
        others: Who takes part beside the person: no rooms, nobody who said no.
        is_organizer: The person has called it.
        calendar_id: The person's calendar.
        join_url: Where it was held; empty where that is not known.
    """

    person_id: int
    uid: str
    recurrence_id: str
    title: str
    start: datetime
    end: datetime
    others: tuple[Participant, ...]
    is_organizer: bool
    calendar_id: int
    join_url: str = ""


@dataclass(frozen=True)
class Upcoming:
    """A meeting of which a person is about to be reminded."""

    person: Person
    uid: str
    start: datetime

    @property
    def key(self) -> tuple[int, str]:
        """What tells it from the other reminders of the same moment."""
        return self.person.id, self.uid


#: Told in a transaction that a meeting has ended; once for each person and time.
EndListener = Callable[[AsyncSession, Meeting, datetime], Awaitable[None]]
#: Says what belongs into reminders, by `Upcoming.key`; whoever has nothing to say of one leaves it out.
ReminderSource = Callable[[AsyncSession, Sequence[Upcoming]], Awaitable[Mapping[tuple[int, str], Markdown]]]

#: Told in the transaction in which a person's calendar is forgotten: whose, and the UIDs of the meetings that nothing
#: is known of any more; None for all of them. Who has copied something of them forgets what the person did not make
#: their own.
ForgetListener = Callable[[AsyncSession, int, Collection[str] | None], Awaitable[None]]


class MeetingBook(Protocol):
    """What is known of people's meetings."""

    async def between(
        self, session: AsyncSession, person: Person, begin: datetime, end: datetime
    ) -> list[Meeting]:
        """The meetings with other people that the person goes to and that begin in this span, in order."""
        ...

    async def reminded(
        self, session: AsyncSession, people: Collection[int], until: datetime
    ) -> set[tuple[int, str]]:
        """Person and UID of the meetings of which these people will be reminded by then."""
        ...


class Meetings:
    """Who listens and who answers, in one process. It is filled at start and not changed afterwards."""

    def __init__(self) -> None:
        self._end_listeners: list[EndListener] = []
        self._reminder_sources: list[ReminderSource] = []
        self._forget_listeners: list[ForgetListener] = []
        #: None where nobody keeps calendars.
        self.book: MeetingBook | None = None

    def on_ended(self, listener: EndListener) -> None:
        """Be told when meetings have ended."""
        self._end_listeners.append(listener)

    def in_reminders(self, source: ReminderSource) -> None:
        """Be asked before reminders are given."""
        self._reminder_sources.append(source)

    def on_forgotten(self, listener: ForgetListener) -> None:
        """Be told when meetings are to be forgotten."""
        self._forget_listeners.append(listener)

    @property
    def awaited(self) -> bool:
        """Whether anybody wants to know when meetings end."""
        return bool(self._end_listeners)

    async def ended(self, session: AsyncSession, meeting: Meeting, now: datetime) -> None:
        """Tell everybody who listens."""
        for listener in self._end_listeners:
            await listener(session, meeting, now)

    async def forget(self, session: AsyncSession, person_id: int, uids: Collection[str] | None) -> None:
        """Tell everybody who has copied something of these meetings of a person."""
        for listener in self._forget_listeners:
            await listener(session, person_id, uids)

    async def said_before(
        self, session: AsyncSession, upcoming: Sequence[Upcoming]
    ) -> Mapping[tuple[int, str], Markdown]:
        """What belongs into these reminders, by `Upcoming.key`."""
        found: dict[tuple[int, str], Markdown] = {}
        for source in self._reminder_sources:
            for key, text in (await source(session, upcoming)).items():
                found[key] = Markdown("\n").join([found[key], text]) if key in found else text
        return found
