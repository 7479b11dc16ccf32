"""What happens in Mattermost while we listen, as values.

The stream tells everything that the bot may see; the events that Sekretar acts on get a type of their own,
the rest passes as `Other`. Each event knows its lane: events of one lane are handled one after the other,
in the order they happened.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from sekretar.mattermost.models import Post, Reaction, User


@dataclass(frozen=True)
class Posted:
    """Somebody wrote a post. `backfilled`: it was fetched later, after the stream had lost it."""

    post: Post
    channel_type: str = ""
    sender_name: str = ""
    #: The users it mentions, as the server sees it; unknown for backfilled posts.
    mentions: tuple[str, ...] = ()
    backfilled: bool = False

    @property
    def lane(self) -> str:
        return self.post.channel_id

    @property
    def is_direct(self) -> bool:
        """Whether it was written in a channel of two."""
        return self.channel_type == "D"


@dataclass(frozen=True)
class PostEdited:
    """A post says something else now."""

    post: Post

    @property
    def lane(self) -> str:
        return self.post.channel_id


@dataclass(frozen=True)
class PostDeleted:
    """A post is gone."""

    post: Post

    @property
    def lane(self) -> str:
        return self.post.channel_id


@dataclass(frozen=True)
class Reacted:
    """An emoji was put under a post, or taken away."""

    reaction: Reaction
    channel_id: str
    removed: bool

    @property
    def lane(self) -> str:
        return self.channel_id


@dataclass(frozen=True)
class DirectAdded:
    """Somebody opened a direct channel: a person with the bot, or the bot with a person."""

    channel_id: str
    creator_id: str

    @property
    def lane(self) -> str:
        return self.channel_id


@dataclass(frozen=True)
class MemberAdded:
    """Somebody, perhaps the bot, was added to a channel."""

    channel_id: str
    user_id: str
    team_id: str

    @property
    def lane(self) -> str:
        return self.channel_id


@dataclass(frozen=True)
class UserUpdated:
    """A profile was changed: name, zone, language, custom status, deactivation."""

    user: User

    @property
    def lane(self) -> str:
        return f"user:{self.user.id}"


@dataclass(frozen=True)
class StatusChanged:
    """Somebody went online, away, offline, or does not want to be disturbed."""

    user_id: str
    status: str

    @property
    def lane(self) -> str:
        return f"user:{self.user_id}"


@dataclass(frozen=True)
class Lost:
    """Events since this moment (the server's clock) may be missing and have to be fetched."""

    since: datetime

    @property
    def lane(self) -> str:
        return "lost"


@dataclass(frozen=True)
class Other:
    """Anything else."""

    name: str
    data: Mapping[str, Any]
    channel_id: str = ""

    @property
    def lane(self) -> str:
        return self.channel_id or "other"


Event = (
    Posted
    | PostEdited
    | PostDeleted
    | Reacted
    | DirectAdded
    | MemberAdded
    | UserUpdated
    | StatusChanged
    | Lost
    | Other
)


def event_of(name: str, data: Mapping[str, Any], broadcast: Mapping[str, Any]) -> Event:
    """The event of a message of the stream. One whose content cannot be read passes as `Other`."""
    try:
        return _READERS.get(name, _other)(name, data, broadcast)
    except (ValidationError, ValueError, KeyError, TypeError):
        return _other(name, data, broadcast)


def _other(name: str, data: Mapping[str, Any], broadcast: Mapping[str, Any]) -> Event:
    return Other(name, data, _text(broadcast, "channel_id"))


def _posted(_name: str, data: Mapping[str, Any], _broadcast: Mapping[str, Any]) -> Event:
    mentions = json.loads(_text(data, "mentions") or "[]")
    return Posted(
        post=Post.model_validate_json(data["post"]),
        channel_type=_text(data, "channel_type"),
        sender_name=_text(data, "sender_name").removeprefix("@"),
        mentions=tuple(str(one) for one in mentions or ()),
    )


def _post_edited(_name: str, data: Mapping[str, Any], _broadcast: Mapping[str, Any]) -> Event:
    return PostEdited(Post.model_validate_json(data["post"]))


def _post_deleted(_name: str, data: Mapping[str, Any], _broadcast: Mapping[str, Any]) -> Event:
    return PostDeleted(Post.model_validate_json(data["post"]))


def _reacted(name: str, data: Mapping[str, Any], broadcast: Mapping[str, Any]) -> Event:
    return Reacted(
        reaction=Reaction.model_validate_json(data["reaction"]),
        channel_id=_text(broadcast, "channel_id"),
        removed=name == "reaction_removed",
    )


def _direct_added(_name: str, data: Mapping[str, Any], broadcast: Mapping[str, Any]) -> Event:
    return DirectAdded(str(broadcast["channel_id"]), _text(data, "creator_id"))


def _user_added(_name: str, data: Mapping[str, Any], broadcast: Mapping[str, Any]) -> Event:
    return MemberAdded(str(broadcast["channel_id"]), str(data["user_id"]), _text(data, "team_id"))


def _user_updated(_name: str, data: Mapping[str, Any], _broadcast: Mapping[str, Any]) -> Event:
    return UserUpdated(User.model_validate(data["user"]))


def _status_change(_name: str, data: Mapping[str, Any], _broadcast: Mapping[str, Any]) -> Event:
    return StatusChanged(str(data["user_id"]), str(data["status"]))


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""


_READERS: Mapping[str, Callable[[str, Mapping[str, Any], Mapping[str, Any]], Event]] = {
    "posted": _posted,
    "post_edited": _post_edited,
    "post_deleted": _post_deleted,
    "reaction_added": _reacted,
    "reaction_removed": _reacted,
    "direct_added": _direct_added,
    "user_added": _user_added,
    "user_updated": _user_updated,
    "status_change": _status_change,
}
