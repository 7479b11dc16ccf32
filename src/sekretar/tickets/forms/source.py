"""What a message of the chat brings into a ticket: words, address and files, for somebody who may read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sekretar.kernel.errors import PeerForbidden, PeerInvalid, PeerNotFound
from sekretar.kernel.people import Person
from sekretar.kernel.text import truncate
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.quoting import permalink, readable, spoken_lines
from sekretar.mattermost.transport import LARGEST_ANSWER
from sekretar.tickets.forms.questions import SUBJECT_LIMIT, TEXT_LIMIT
from sekretar.trackers.requests import NewFile

_UNKNOWN_TYPE: Final = "application/octet-stream"
_END: Final = " .,:;!?…-–—"


@dataclass(frozen=True)
class Quoted:
    """A ticket as far as a message tells it. `appendix` goes to the end of its description, unseen in the form."""

    post_id: str
    subject: str
    description: str
    appendix: str
    link: str
    files: int


@dataclass(frozen=True)
class Fetched:
    """The files of a message, and the names of those that cannot come along."""

    files: tuple[NewFile, ...] = ()
    left: tuple[str, ...] = ()


@dataclass(frozen=True)
class MessageSource:
    """Reads messages. `chat_url` is the address of Mattermost as people reach it."""

    desk: Desk
    chat_url: str

    async def quoted(self, person: Person, post_id: str) -> Quoted:
        """What a message says.

        Raises:
            PersonError: `mattermost.quoting.no_message`, there is none that this person may read.
            PeerError: Mattermost did not answer.
        """
        post = await readable(self.desk.server, person, post_id)
        lines, text = spoken_lines(post.message), post.message.strip()
        link = permalink(self.chat_url, post.id)
        # What a form cannot hold goes along unseen rather than cut.
        fits = len(text) <= TEXT_LIMIT
        return Quoted(
            post_id=post.id,
            subject=truncate(" ".join(lines[0]).strip(_END), SUBJECT_LIMIT) if lines else "",
            description=text if fits else "",
            appendix=link if fits else f"{text}\n\n{link}",
            link=link,
            files=len(post.file_ids),
        )

    async def files(self, person: Person, post_id: str) -> Fetched:
        """The files of a message, which this person may still read.

        Raises:
            PersonError: they may not any more.
            PeerError: Mattermost did not answer.
        """
        if not post_id:
            return Fetched()
        post = await readable(self.desk.server, person, post_id)
        files: list[NewFile] = []
        left: list[str] = []
        for file_id in post.file_ids:
            found = await self._file(file_id)
            if isinstance(found, NewFile):
                files.append(found)
            else:
                left.append(found)
        return Fetched(tuple(files), tuple(left))

    async def _file(self, file_id: str) -> NewFile | str:
        """A file; only its name when it is gone or larger than anything that is fetched."""
        name = file_id
        try:
            info = await self.desk.server.file_info(file_id)
            name = info.name or file_id
            if info.size > LARGEST_ANSWER:
                return name
            content = await self.desk.server.file_content(file_id)
        except (PeerNotFound, PeerForbidden, PeerInvalid):
            return name
        return NewFile(name, content, info.mime_type or _UNKNOWN_TYPE)
