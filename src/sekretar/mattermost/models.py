"""What Mattermost tells us, as values.

Only the fields that Sekretar reads; the rest is ignored, so that a newer server breaks nothing. Two habits
of the server are settled here once: an empty map or list may arrive as `null`, and a moment is a number of
milliseconds, with 0 for *never*.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from sekretar.kernel.people import Profile

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Years that `datetime` cannot hold are not dates that mean anything.
_LAST_MS = 253_402_300_799_000


def moment(value: object) -> datetime | None:
    """Milliseconds since 1970 as an aware moment; 0, and what is no moment, is None."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= _LAST_MS:
        return None
    return _EPOCH + timedelta(milliseconds=value)


def milliseconds(at: datetime) -> int:
    """An aware moment as Mattermost writes it."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def _moment_or_value(value: object) -> object:
    return value if isinstance(value, datetime) else moment(value)


_T = TypeVar("_T")
Moment = Annotated[datetime | None, BeforeValidator(_moment_or_value)]
Text = Annotated[str, BeforeValidator(lambda value: value or "")]
Record = Annotated[dict[str, Any], BeforeValidator(lambda value: value or {})]
Texts = Annotated[tuple[str, ...], BeforeValidator(lambda value: value or ())]


class Model(BaseModel):
    """A value from Mattermost."""

    # Most of these are not met before somebody writes; each is prepared when it is.
    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class CustomStatus(Model):
    """What a person shows beside their name. `emoji` is a name without colons."""

    emoji: Text = ""
    text: Text = ""
    duration: Text = ""
    expires_at: datetime | None = None

    @classmethod
    def parse(cls, stored: object) -> CustomStatus | None:
        """Read `user.props.customStatus`, a JSON text; an empty or broken one is None."""
        if not isinstance(stored, str) or not stored:
            return None
        try:
            raw = json.loads(stored)
            status = cls.model_validate(raw)
        except (ValueError, ValidationError):
            return None
        if status.expires_at is not None and status.expires_at.year <= 1:
            status = status.model_copy(update={"expires_at": None})  # Go's zero time: it does not expire
        return status if status.emoji or status.text else None


class User(Model):
    """A user: a person or a bot."""

    id: str
    username: str
    first_name: Text = ""
    last_name: Text = ""
    nickname: Text = ""
    email: Text = ""
    locale: Text = ""
    roles: Text = ""
    timezone: Record = {}
    props: Record = {}
    is_bot: bool = False
    delete_at: Moment = None

    @property
    def active(self) -> bool:
        """Whether the account is in use; a deactivated one has a time of deletion."""
        return self.delete_at is None

    @property
    def role_names(self) -> tuple[str, ...]:
        """The system-wide roles."""
        return tuple(self.roles.split())

    @property
    def time_zone(self) -> str | None:
        """The zone of the device, or the one the person chose. The flag is a text, 5.36 to 11."""
        automatic = str(self.timezone.get("useAutomaticTimezone", "")).lower() == "true"
        chosen = self.timezone.get("automaticTimezone" if automatic else "manualTimezone")
        return chosen if isinstance(chosen, str) and chosen else None

    @property
    def custom_status(self) -> CustomStatus | None:
        """What the person shows beside their name; expired ones may still be there."""
        return CustomStatus.parse(self.props.get("customStatus"))

    def profile(self) -> Profile:
        """What Sekretar remembers of a person."""
        return Profile(
            user_id=self.id,
            username=self.username,
            first_name=self.first_name,
            last_name=self.last_name,
            locale=self.locale,
            time_zone=self.time_zone,
            active=self.active,
            email=self.email,
        )


class Channel(Model):
    """A channel: O open, P private, D direct, G group."""

    id: str
    type: Text = ""
    name: Text = ""
    display_name: Text = ""
    team_id: Text = ""
    delete_at: Moment = None
    last_post_at: Moment = None

    @property
    def is_direct(self) -> bool:
        return self.type == "D"


class ChannelMember(Model):
    """Somebody in a channel."""

    channel_id: str
    user_id: str
    roles: Text = ""
    #: Says the same as the role `channel_admin`, also where a scheme has roles of its own.
    scheme_admin: bool = False

    @property
    def is_admin(self) -> bool:
        """Whether they look after the channel."""
        return self.scheme_admin or "channel_admin" in self.roles.split()


class Reaction(Model):
    """An emoji under a post."""

    user_id: str
    post_id: str
    emoji_name: str
    create_at: Moment = None


class PostMetadata(Model):
    """What the server adds to a post when it shows it."""

    reactions: Annotated[tuple[Reaction, ...], BeforeValidator(lambda value: value or ())] = ()


class WrittenPost(Model):
    """What is worth knowing of a post that we have just written."""

    id: str
    channel_id: str
    root_id: Text = ""

    @property
    def thread_id(self) -> str:
        """The post that an answer to this one must name as its root: roots cannot have roots."""
        return self.root_id or self.id


class Post(WrittenPost):
    """A message in a channel."""

    user_id: Text = ""
    #: Set on former versions of an edited post, which pages list as deleted posts of their own.
    original_id: Text = ""
    message: Text = ""
    type: Text = ""
    props: Record = {}
    file_ids: Texts = ()
    pending_post_id: Text = ""
    metadata: Annotated[PostMetadata, BeforeValidator(lambda value: value or {})] = PostMetadata()
    create_at: Moment = None
    update_at: Moment = None
    edit_at: Moment = None
    delete_at: Moment = None

    def is_from(self, user_id: str) -> bool:
        """Whether this user wrote it."""
        return self.user_id == user_id

    @property
    def is_system(self) -> bool:
        """Whether the server wrote it (joined, renamed, …)."""
        return self.type.startswith("system_")

    @property
    def is_automatic(self) -> bool:
        """Whether a bot or a webhook wrote it. The flags are texts; some plugins send booleans."""
        return any(str(self.props.get(name, "")).lower() == "true" for name in ("from_bot", "from_webhook"))

    @property
    def attachments(self) -> tuple[dict[str, Any], ...]:
        """The message attachments, as they are."""
        found = self.props.get("attachments")
        return tuple(one for one in found if isinstance(one, dict)) if isinstance(found, list) else ()


class PostList(Model):
    """A page of posts; `order` is newest first."""

    order: Texts = ()
    posts: Annotated[dict[str, Post], BeforeValidator(lambda value: value or {})] = {}

    def oldest_first(self) -> Iterator[Post]:
        """The posts of the page in the order of writing, deleted ones among them."""
        return iter(sorted(self.posts.values(), key=lambda post: (post.create_at or _EPOCH, post.id)))


class Status(Model):
    """Presence: online, away, dnd, offline (and ooo, which can only be read)."""

    user_id: str
    status: str
    manual: bool = False
    dnd_end_time: int = 0


class Team(Model):
    """A team."""

    id: str
    name: Text = ""
    display_name: Text = ""
    delete_at: Moment = None


class TeamMember(Model):
    """Somebody in a team."""

    team_id: str
    user_id: str
    roles: Text = ""
    #: Says the same as the role `team_admin`, also where a scheme has roles of its own.
    scheme_admin: bool = False
    #: When they left: the server still knows them then.
    delete_at: Moment = None

    @property
    def is_admin(self) -> bool:
        """Whether they look after the team."""
        return self.scheme_admin or "team_admin" in self.roles.split()


class Command(Model):
    """A custom slash command of a team. `token` is empty for those who may not manage it."""

    id: str
    team_id: Text = ""
    trigger: Text = ""
    token: Text = ""
    url: Text = ""
    method: Text = ""
    creator_id: Text = ""
    auto_complete: bool = False
    auto_complete_desc: Text = ""
    auto_complete_hint: Text = ""
    display_name: Text = ""
    description: Text = ""
    delete_at: Moment = None


class Bot(Model):
    """A bot account."""

    user_id: str
    username: str
    display_name: Text = ""
    description: Text = ""
    owner_id: Text = ""
    delete_at: Moment = None


class AccessToken(Model):
    """A personal access token; `token` itself is only told once, when it is made."""

    id: str
    user_id: str
    token: Text = ""
    description: Text = ""
    is_active: bool = True


class Role(Model):
    """A role and what it allows."""

    id: str
    name: str
    permissions: Texts = ()


class CommandAnswer(Model):
    """What the client of somebody who ran a slash command is told."""

    text: Text = ""


class OAuthApp(Model):
    """An OAuth 2 application. `client_secret` is only told to those who may manage it."""

    id: str
    name: Text = ""
    description: Text = ""
    homepage: Text = ""
    icon_url: Text = ""
    client_secret: Text = ""
    callback_urls: Texts = ()
    is_trusted: bool = False


class OAuthToken(Model):
    """An answer of the token endpoint (RFC 6749, 5.1); `expires_in` are seconds."""

    access_token: str
    token_type: Text = ""
    expires_in: int | None = None
    refresh_token: Text = ""


class OAuthServer(Model):
    """What a server says of its OAuth 2 service (RFC 8414)."""

    code_challenge_methods_supported: Texts = ()


class FileInfo(Model):
    """A file."""

    id: str
    name: Text = ""
    extension: Text = ""
    size: int = 0
    mime_type: Text = ""


class ServiceSettings(Model):
    """The part of the server's configuration that decides whether integrations work."""

    allowed_internal: Text = Field(default="", alias="AllowedUntrustedInternalConnections")


class ServerConfig(Model):
    """The server's configuration as its administrators see it."""

    service: ServiceSettings = Field(alias="ServiceSettings")


class ClientConfig(Model):
    """The part of the server's settings that every client may see; all values are texts there."""

    settings: dict[str, str]

    @property
    def version(self) -> str:
        return self.settings.get("Version", "")

    def allows(self, setting: str) -> bool | None:
        """Whether a switch is on; None when this server does not tell."""
        value = self.settings.get(setting)
        return None if value is None else value.lower() == "true"
