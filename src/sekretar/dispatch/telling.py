"""How the desk speaks to people by itself: to one of them directly, or to all in the channel of the desk.

What is said is made for each reader, in their language and by their clock. It is put into the outbox in the
transaction of whatever is spoken of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.channels import DeskChannels, Purpose
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.dates import format_date, format_time
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.mattermost import outgoing
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.messages import Message


@dataclass(frozen=True)
class Reader:
    """For whom a text is made."""

    t: Translator
    zone: ZoneInfo
    now: datetime

    def moment(self, at: datetime) -> str:
        """A moment in a sentence: the time, and the day when it is not today."""
        day, today = (each.astimezone(self.zone).date() for each in (at, self.now))
        return format_time(at, self.zone, self.t.language) if day == today else self.dated(at)

    def dated(self, at: datetime) -> str:
        """A moment as it is written down: the day and the time."""
        day, today = (each.astimezone(self.zone).date() for each in (at, self.now))
        clock = format_time(at, self.zone, self.t.language)
        return f"{format_date(day, self.t.language, today)}, {clock}"


#: Makes a message for a reader.
Say = Callable[[Reader], Message]


@dataclass(frozen=True)
class Telling:
    """Puts what the desk has to say into the outbox."""

    chat: Desk
    channels: DeskChannels
    desks: Mapping[str, DeskSettings]

    def desk_reader(self, desk: str) -> Reader:
        """Everybody at the desk, as one reader: its language and its zone."""
        settings = self.desks[desk]
        t = self.chat.catalogues.translator(settings.language)
        return Reader(t, ZoneInfo(settings.zone), self.chat.now())

    async def person(
        self,
        session: AsyncSession,
        person_id: int,
        key: str,
        say: Say,
        *,
        expires_at: datetime | None = None,
    ) -> None:
        """Tell one person, once for each key; somebody who is gone is told nothing."""
        person = await self.chat.people.by_id(session, person_id)
        if person is not None and person.active:
            message = self.message(person, key, say, expires_at=expires_at)
            await outgoing.direct_all(session, [message], self.chat.now())

    def message(
        self, person: Person, key: str, say: Say, *, expires_at: datetime | None = None
    ) -> outgoing.Direct:
        """What `person` puts into the outbox, for whoever tells many."""
        reader = Reader(self.chat.translator(person), person.zone, self.chat.now())
        rendered = self.chat.render(say(reader), person)
        return outgoing.Direct(f"{key}:{person.id}", person, rendered, expires_at=expires_at)

    async def channel(
        self,
        session: AsyncSession,
        desk: str,
        key: str,
        say: Say,
        *,
        purpose: Purpose = Purpose.INCIDENTS,
        expires_at: datetime | None = None,
    ) -> bool:
        """Tell everybody in a channel of the desk, once for each key; False while it was never found."""
        channel_id = await self.channels.id_of(session, desk, purpose)
        if channel_id is None:
            return False
        reader = self.desk_reader(desk)
        await self.chat.post(session, f"{key}:channel", channel_id, say(reader), expires_at=expires_at)
        return True
