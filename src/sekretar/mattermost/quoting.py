"""What somebody wrote in the chat, to be made into something else: a meeting, a ticket.

The bot reads with its own rights, which may be more than the person's: so nothing is read for somebody from a channel
that they are not in, and the same is said of a message that is not there as of one that is not theirs to read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from sekretar.kernel.errors import PeerForbidden, PeerInvalid, PeerNotFound, PersonError
from sekretar.kernel.people import Person
from sekretar.mattermost.models import ChannelMember, Post

_PERMALINK = re.compile(r"https?://[^\s/]+(?:/[^\s/]+)*?/pl/(?P<post>[a-z0-9]{26})/?")
_FENCE = re.compile(r"^[ ]{0,3}(```|~~~).*?(?:^[ ]{0,3}\1[ ]*$|\Z)", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"!?\[([^\]\n]*)\]\([^)\s]*\)")
_URL = re.compile(r"https?://\S+")
_EMOJI = re.compile(r"(?<!\S):[\w+-]+:(?!\S)")
_LEAD = re.compile(r"^\s*(?:(?:[>#*+-]+|[0-9]{1,3}[.)])\s+)+")
_EMPHASIS = re.compile(r"\*+|~~|`+|(?<!\w)_+|_+(?!\w)")
_EDGE = "()[]«»\"'“”„"


class PostReader(Protocol):
    """The part of Mattermost that is asked."""

    async def post(self, post_id: str) -> Post: ...

    async def channel_member(self, channel_id: str, user_id: str) -> ChannelMember: ...


async def readable(server: PostReader, person: Person, post_id: str) -> Post:
    """The message, for somebody who may read it.

    Raises:
        PersonError: `mattermost.quoting.no_message`, there is none that this person may read.
        PeerError: Mattermost did not answer.
    """
    try:
        post = await server.post(post_id)
        await server.channel_member(post.channel_id, person.user_id)
    except (PeerNotFound, PeerForbidden, PeerInvalid):
        raise PersonError("mattermost.quoting.no_message") from None
    if post.delete_at is not None or post.is_system:
        raise PersonError("mattermost.quoting.no_message")
    return post


def post_in(word: str) -> str | None:
    """The id of the post that an address leads to; None for any other word."""
    found = _PERMALINK.fullmatch(word.strip("<>"))
    return found["post"] if found else None


def permalink(chat_url: str, post_id: str) -> str:
    """An address that leads to a post without naming its team."""
    return f"{chat_url}/_redirect/pl/{post_id}"


def spoken_lines(text: str) -> list[Sequence[str]]:
    """The words of each line that has any, without what only shapes them, and without code and addresses of pages."""
    words = _EMPHASIS.sub("", _URL.sub(" ", _LINK.sub(r"\1", _FENCE.sub(" ", text))))
    return [found for line in words.splitlines() if (found := _words(line))]


def _words(line: str) -> Sequence[str]:
    said = _EMOJI.sub(" ", _LEAD.sub("", line))
    return [word for each in said.split() if (word := each.strip(_EDGE))]
