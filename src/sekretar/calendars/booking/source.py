"""From a message in the chat to the draft of a meeting, for somebody who may read that message.

The bot reads with its own rights, which may be more than the person's: so it offers nothing from a channel that the
person is not in, and says the same of a message that is not there as of one that is not theirs to read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sekretar.calendars.booking import people_search
from sekretar.calendars.booking.draft import Draft, Guests
from sekretar.calendars.booking.line import Line, glean
from sekretar.calendars.booking.message import Said, beginning, draft_of, said_in
from sekretar.kernel.errors import PersonError
from sekretar.kernel.people import Person
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.models import Post
from sekretar.mattermost.quoting import permalink, readable


@dataclass(frozen=True)
class Suggested:
    """A draft, whether the message said when, and the address of the message."""

    draft: Draft
    timed: bool
    link: str


@dataclass(frozen=True)
class MessageSource:
    """Reads messages. `chat_url` is the address of Mattermost as people reach it."""

    desk: Desk
    chat_url: str

    async def suggest(
        self, person: Person, post_id: str, calendar_id: int, words: Sequence[str] = ()
    ) -> Suggested:
        """The meeting that a message speaks of.

        Args:
            person: who wants to make it.
            post_id: of the message.
            calendar_id: where it is to be made.
            words: what the person says themselves; it counts for more than the message.

        Raises:
            PersonError: `mattermost.quoting.no_message`, there is none that this person may read.
            PeerError: Mattermost did not answer.
        """
        post, now = await readable(self.desk.server, person, post_id), self.desk.now()
        written = (post.create_at or now).astimezone(person.zone)
        said, own = said_in(post.message, written), glean(words, now.astimezone(person.zone))
        own_start = beginning(own, now.astimezone(person.zone), person.zone, now)
        start = own_start or beginning(said.line, written, person.zone, now)
        link = permalink(self.chat_url, post.id)
        draft = draft_of(_merged(said, own), post.message, link, start, person.zone, now)
        guests = await self._guests(post, (*own.names, *said.names), person)
        return Suggested(
            replace(draft, calendar_id=calendar_id, guests=guests), timed=start is not None, link=link
        )

    async def of_thread(self, person: Person, root_id: str, calendar_id: int) -> Suggested | None:
        """The same of what a thread is about; None where nobody says so, or the bot cannot read it."""
        try:
            root = await readable(self.desk.server, person, root_id)
        except PersonError:
            return None
        return None if root.is_automatic else await self.suggest(person, root_id, calendar_id)

    async def _guests(self, post: Post, mentioned: Sequence[str], person: Person) -> Guests:
        """Who talks in the thread, and who is named. Only a name that somebody has is a mention."""
        thread = await self.desk.server.thread(post.thread_id)
        writers = dict.fromkeys(
            each.user_id for each in thread.oldest_first() if each.delete_at is None and not each.is_system
        )
        users = await self.desk.server.users([each for each in (post.user_id, *writers) if each])
        names = [f"@{each.username}" for each in users if each.active and not each.is_bot]
        everybody = tuple(dict.fromkeys((*mentioned, *names)))
        found = await people_search.find(self.desk, everybody[: people_search.MOST_GUESTS], person)
        return replace(found, unknown=())


def _merged(said: Said, own: Line) -> Said:
    line = replace(said.line, minutes=own.minutes or said.line.minutes, repeat=own.repeat or said.line.repeat)
    return replace(said, title=own.title or said.title, line=line)
