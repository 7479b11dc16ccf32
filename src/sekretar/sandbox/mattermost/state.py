"""The state of a Mattermost server: the rows and the tables they stand in.

Field names are those of the server's JSON. Times are epoch milliseconds, 0 means never, as in its database.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sekretar.sandbox.mattermost.table import Table

Json = dict[str, Any]


@dataclass(frozen=True)
class User:
    id: str
    username: str
    email: str
    create_at: int
    update_at: int
    delete_at: int = 0
    password: str = ""
    first_name: str = ""
    last_name: str = ""
    nickname: str = ""
    position: str = ""
    roles: str = "system_user"
    locale: str = "en"
    timezone: dict[str, str] = field(
        default_factory=lambda: {
            "automaticTimezone": "",
            "manualTimezone": "",
            "useAutomaticTimezone": "true",
        }
    )
    props: dict[str, str] = field(default_factory=dict)
    notify_props: dict[str, str] = field(default_factory=dict)
    is_bot: bool = False


@dataclass(frozen=True)
class Bot:
    user_id: str
    owner_id: str
    create_at: int
    update_at: int
    delete_at: int = 0
    description: str = ""
    display_name: str = ""


@dataclass(frozen=True)
class Session:
    """A login, or the use of a personal access token, or of an OAuth access token."""

    id: str
    token: str
    user_id: str
    create_at: int
    expires_at: int
    csrf: str = ""
    is_oauth: bool = False
    oauth_app_id: str = ""
    #: The personal access token behind the session, if it is one.
    access_token_id: str = ""


@dataclass(frozen=True)
class AccessToken:
    id: str
    token: str
    user_id: str
    description: str
    is_active: bool = True


@dataclass(frozen=True)
class Team:
    id: str
    name: str
    display_name: str
    create_at: int
    update_at: int
    delete_at: int = 0
    description: str = ""
    email: str = ""
    type: str = "O"
    invite_id: str = ""
    allow_open_invite: bool = False


@dataclass(frozen=True)
class TeamMember:
    team_id: str
    user_id: str
    scheme_admin: bool = False
    delete_at: int = 0


@dataclass(frozen=True)
class Channel:
    id: str
    team_id: str
    type: str
    name: str
    display_name: str
    create_at: int
    update_at: int
    delete_at: int = 0
    header: str = ""
    purpose: str = ""
    creator_id: str = ""
    last_post_at: int = 0
    total_msg_count: int = 0
    total_msg_count_root: int = 0


@dataclass(frozen=True)
class ChannelMember:
    channel_id: str
    user_id: str
    scheme_admin: bool = False
    last_viewed_at: int = 0
    last_update_at: int = 0
    msg_count: int = 0
    msg_count_root: int = 0
    mention_count: int = 0
    mention_count_root: int = 0


@dataclass(frozen=True)
class Post:
    id: str
    channel_id: str
    user_id: str
    message: str
    create_at: int
    update_at: int
    edit_at: int = 0
    delete_at: int = 0
    root_id: str = ""
    #: On a former version of an edited post: the post. Such versions count as deleted.
    original_id: str = ""
    type: str = ""
    props: Json = field(default_factory=dict)
    hashtags: str = ""
    file_ids: list[str] = field(default_factory=list)
    is_pinned: bool = False
    has_reactions: bool = False
    priority: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Reaction:
    post_id: str
    user_id: str
    emoji_name: str
    create_at: int
    update_at: int


@dataclass(frozen=True)
class FileInfo:
    id: str
    user_id: str
    channel_id: str
    name: str
    extension: str
    size: int
    mime_type: str
    create_at: int
    #: The content, base64.
    content: str
    post_id: str = ""


@dataclass(frozen=True)
class Command:
    id: str
    token: str
    create_at: int
    update_at: int
    creator_id: str
    team_id: str
    trigger: str
    method: str
    url: str
    delete_at: int = 0
    username: str = ""
    icon_url: str = ""
    auto_complete: bool = False
    auto_complete_desc: str = ""
    auto_complete_hint: str = ""
    display_name: str = ""
    description: str = ""


@dataclass(frozen=True)
class ResponseHook:
    """A `response_url`: where a command may answer later, a few times, for a while."""

    id: str
    command_id: str
    user_id: str
    channel_id: str
    team_id: str
    root_id: str
    create_at: int
    use_count: int = 0


@dataclass(frozen=True)
class Role:
    id: str
    name: str
    display_name: str
    description: str
    permissions: list[str]
    create_at: int
    update_at: int
    delete_at: int = 0
    scheme_managed: bool = False
    built_in: bool = True


@dataclass(frozen=True)
class Status:
    user_id: str
    status: str = "offline"
    manual: bool = False
    last_activity_at: int = 0
    #: Epoch seconds: the one time of the API that is not in milliseconds.
    dnd_end_time: int = 0


@dataclass(frozen=True)
class Preference:
    user_id: str
    category: str
    name: str
    value: str


@dataclass(frozen=True)
class OAuthApp:
    id: str
    creator_id: str
    create_at: int
    update_at: int
    client_secret: str
    name: str
    description: str
    icon_url: str
    callback_urls: list[str]
    homepage: str
    is_trusted: bool
    is_public: bool = False


@dataclass(frozen=True)
class OAuthCode:
    code: str
    client_id: str
    user_id: str
    redirect_uri: str
    scope: str
    create_at: int
    challenge: str = ""


@dataclass(frozen=True)
class OAuthGrant:
    """An access token with its refresh token."""

    refresh_token: str
    access_token: str
    client_id: str
    user_id: str
    scope: str


class World:
    """All tables of one server."""

    def __init__(self, *, is_old: bool = False) -> None:
        #: Before 6.0: replies have a `parent_id` beside their `root_id`, reactions no `channel_id`.
        self.is_old = is_old
        self.users = Table("users", User, lambda row: row.id, ("username", "email"))
        self.bots = Table("bots", Bot, lambda row: row.user_id, ("owner_id",))
        self.sessions = Table(
            "sessions", Session, lambda row: row.token, ("user_id", "id", "access_token_id")
        )
        self.access_tokens = Table("access_tokens", AccessToken, lambda row: row.id, ("user_id", "token"))
        self.teams = Table("teams", Team, lambda row: row.id, ("name",))
        self.team_members = Table(
            "team_members", TeamMember, lambda row: f"{row.team_id}/{row.user_id}", ("team_id", "user_id")
        )
        self.channels = Table("channels", Channel, lambda row: row.id, ("team_id", "name"))
        self.channel_members = Table(
            "channel_members",
            ChannelMember,
            lambda row: f"{row.channel_id}/{row.user_id}",
            ("channel_id", "user_id"),
        )
        self.posts = Table("posts", Post, lambda row: row.id, ("channel_id", "root_id"))
        self.reactions = Table(
            "reactions", Reaction, lambda row: f"{row.post_id}/{row.user_id}/{row.emoji_name}", ("post_id",)
        )
        self.files = Table("files", FileInfo, lambda row: row.id)
        self.commands = Table("commands", Command, lambda row: row.id, ("team_id",))
        self.response_hooks = Table("response_hooks", ResponseHook, lambda row: row.id)
        self.roles = Table("roles", Role, lambda row: row.id, ("name",))
        self.statuses = Table("statuses", Status, lambda row: row.user_id)
        self.preferences = Table(
            "preferences", Preference, lambda row: f"{row.user_id}/{row.category}/{row.name}", ("user_id",)
        )
        self.oauth_apps = Table("oauth_apps", OAuthApp, lambda row: row.id)
        self.oauth_codes = Table("oauth_codes", OAuthCode, lambda row: row.code)
        self.oauth_grants = Table("oauth_grants", OAuthGrant, lambda row: row.refresh_token, ("user_id",))

    def tables(self) -> list[Table[Any]]:
        """Every table, for the store."""
        return [value for value in vars(self).values() if isinstance(value, Table)]

    def team_member(self, team_id: str, user_id: str) -> TeamMember | None:
        """The membership, unless the user left the team."""
        member = self.team_members.get(f"{team_id}/{user_id}")
        return None if member is None or member.delete_at else member

    def channel_member(self, channel_id: str, user_id: str) -> ChannelMember | None:
        return self.channel_members.get(f"{channel_id}/{user_id}")

    def channel_named(self, team_id: str, name: str) -> Channel | None:
        """The channel of the team with this name, archived ones included."""
        return next((c for c in self.channels.where("name", name) if c.team_id == team_id), None)
