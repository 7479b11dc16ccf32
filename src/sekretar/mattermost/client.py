"""The typed client: one method for each call that Sekretar makes, and nothing more.

The calls of every day (people, channels, posts, presence) stand here; those of setting up and of OAuth 2 in
`administration.py`. Each docstring names the route, under which the API reference describes it. Every
method raises the errors of `errors.py` and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sekretar.mattermost.administration import Administration
from sekretar.mattermost.errors import MattermostInvalid, MattermostUnsupported
from sekretar.mattermost.models import (
    Channel,
    ChannelMember,
    ClientConfig,
    FileInfo,
    Post,
    PostList,
    Reaction,
    Status,
    Team,
    TeamMember,
    User,
    WrittenPost,
    milliseconds,
)
from sekretar.mattermost.transport import encoded, path

#: The largest page that Mattermost gives.
PAGE = 200
#: How many users are asked for at once: no limit is documented, this keeps requests small.
USERS_AT_ONCE = 100

_COMMAND_HOOK = re.compile(r"/hooks/commands/([A-Za-z0-9]{1,64})/?(?:[?#].*)?$")


@dataclass(frozen=True, slots=True)
class NewPost:
    """A post to be written. With a `root_id` it is an answer below that post."""

    channel_id: str
    message: str
    root_id: str = ""
    props: Mapping[str, Any] = field(default_factory=dict)
    file_ids: Sequence[str] = ()
    pending_post_id: str = ""

    def encoded(self) -> bytes:
        """The body of POST /posts."""
        return encoded(
            {
                "channel_id": self.channel_id,
                "message": self.message,
                "root_id": self.root_id,
                "props": dict(self.props),
                "file_ids": list(self.file_ids),
                "pending_post_id": self.pending_post_id,
            }
        )


class MattermostClient(Administration):
    """Mattermost as a bot, a person or an administrator sees it, depending on the token."""

    def with_token(self, token: str) -> MattermostClient:
        """The same server in the name of somebody else."""
        return MattermostClient(self._session, self._base_url, token, clock=self._clock)

    # People

    async def me(self) -> User:
        """GET /users/me. Also the test of a token: MattermostRefused when it is not accepted."""
        return await self._get("/users/me", User)

    async def user(self, user_id: str) -> User:
        """GET /users/{user_id}."""
        return await self._get(path("users", user_id), User)

    async def user_by_name(self, username: str) -> User:
        """GET /users/username/{username}."""
        return await self._get(path("users", "username", username), User)

    async def user_by_email(self, email: str) -> User:
        """GET /users/email/{email}. Forbidden where Mattermost hides people's addresses."""
        return await self._get(path("users", "email", email), User)

    async def users(self, user_ids: Sequence[str]) -> list[User]:
        """POST /users/ids. Unknown ids are left out."""
        return [
            user
            for start in range(0, len(user_ids), USERS_AT_ONCE)
            for user in await self._ask_list(
                "/users/ids", User, list(user_ids[start : start + USERS_AT_ONCE])
            )
        ]

    async def log_out(self) -> None:
        """POST /users/logout: the token is void afterwards. For tokens that OAuth 2 gave us."""
        await self._do("POST", "/users/logout")

    # Presence

    async def status(self, user_id: str) -> Status:
        """GET /users/{user_id}/status."""
        return await self._get(path("users", user_id, "status"), Status)

    async def statuses(self, user_ids: Sequence[str]) -> list[Status]:
        """POST /users/status/ids."""
        return await self._ask_list("/users/status/ids", Status, list(user_ids)) if user_ids else []

    async def set_status(self, user_id: str, status: str, dnd_until: datetime | None = None) -> Status:
        """PUT /users/{user_id}/status. `status` is online, away, dnd or offline; the end of dnd is in
        seconds.
        """
        body: dict[str, Any] = {"user_id": user_id, "status": status}
        if dnd_until is not None:
            body["dnd_end_time"] = int(dnd_until.timestamp())
        return await self._send("PUT", path("users", user_id, "status"), Status, body)

    async def set_custom_status(
        self, user_id: str, *, emoji: str, text: str, expires_at: datetime | None = None
    ) -> None:
        """PUT /users/{user_id}/status/custom. `emoji` without colons; `text` at most 100 characters."""
        body: dict[str, Any] = {"emoji": emoji, "text": text}
        if expires_at is not None:
            body |= {"duration": "date_and_time", "expires_at": expires_at.strftime("%Y-%m-%dT%H:%M:%SZ")}
        await self._do("PUT", path("users", user_id, "status", "custom"), body)

    async def clear_custom_status(self, user_id: str) -> None:
        """DELETE /users/{user_id}/status/custom."""
        await self._do("DELETE", path("users", user_id, "status", "custom"))

    # Teams and channels

    async def all_teams(self) -> list[Team]:
        """GET /teams, all pages: all teams for an administrator, the open ones for others."""
        teams: list[Team] = []
        while len(
            page := await self._get_list("/teams", Team, {"page": len(teams) // PAGE, "per_page": PAGE})
        ):
            teams += page
            if len(page) < PAGE:
                break
        return teams

    async def my_teams(self) -> list[Team]:
        """GET /users/me/teams."""
        return await self._get_list("/users/me/teams", Team)

    async def add_team_member(self, team_id: str, user_id: str) -> TeamMember:
        """POST /teams/{team_id}/members. Adding somebody again changes nothing."""
        body = {"team_id": team_id, "user_id": user_id}
        return await self._send("POST", path("teams", team_id, "members"), TeamMember, body)

    async def team_member(self, team_id: str, user_id: str) -> TeamMember:
        """GET /teams/{team_id}/members/{user_id}; `me` is the token's owner. Former members are known too."""
        return await self._get(path("teams", team_id, "members", user_id), TeamMember)

    async def direct_channel(self, user_id: str, other_id: str) -> Channel:
        """POST /channels/direct: the channel of these two, made if need be."""
        return await self._send("POST", "/channels/direct", Channel, [user_id, other_id])

    async def channel(self, channel_id: str) -> Channel:
        """GET /channels/{channel_id}."""
        return await self._get(path("channels", channel_id), Channel)

    async def channel_by_name(self, team: str, name: str) -> Channel:
        """GET /teams/name/{team_name}/channels/name/{channel_name}: the names in the channel's address."""
        return await self._get(path("teams", "name", team, "channels", "name", name), Channel)

    async def my_channels(self) -> list[Channel]:
        """GET /users/me/channels (6.1+), and by team before that: the channels that the token's owner is
        in.
        """
        try:
            return await self._get_list("/users/me/channels", Channel)
        except MattermostUnsupported:
            found: dict[str, Channel] = {}
            for team in await self.my_teams():
                for channel in await self._get_list(
                    path("users", "me", "teams", team.id, "channels"), Channel
                ):
                    found[channel.id] = channel
            return list(found.values())

    async def channel_members(self, channel_id: str, page: int = 0) -> list[ChannelMember]:
        """GET /channels/{channel_id}/members, one page of at most 200."""
        return await self._get_list(
            path("channels", channel_id, "members"), ChannelMember, {"page": page, "per_page": PAGE}
        )

    async def channel_member(self, channel_id: str, user_id: str) -> ChannelMember:
        """GET /channels/{channel_id}/members/{user_id}; `me` is the token's owner. MattermostNotFound for who
        is not in it, MattermostForbidden where the channel is private and the token's owner is not in it.
        """
        return await self._get(path("channels", channel_id, "members", user_id), ChannelMember)

    # Posts

    async def posts_since(self, channel_id: str, since: datetime) -> PostList:
        """GET /channels/{channel_id}/posts?since=: what was written, edited or deleted later; the newest
        1000.
        """
        return await self._get(
            path("channels", channel_id, "posts"), PostList, {"since": milliseconds(since)}
        )

    async def create_post(self, post: NewPost) -> WrittenPost:
        """POST /posts?set_online=false. Repeating a `pending_post_id` within 30 s gives the post that is
        there.
        """
        return await self.create_encoded(post.encoded())

    async def create_encoded(self, post: bytes) -> WrittenPost:
        """The same for a post that is encoded already."""
        return await self._send_encoded("/posts?set_online=false", WrittenPost, post)

    async def patch_post(
        self, post_id: str, *, message: str | None = None, props: Mapping[str, Any] | None = None
    ) -> Post:
        """PUT /posts/{post_id}/patch. What is None stays; `props` replaces the whole map."""
        body: dict[str, Any] = {}
        if message is not None:
            body["message"] = message
        if props is not None:
            body["props"] = dict(props)
        return await self._send("PUT", path("posts", post_id, "patch"), Post, body)

    async def post(self, post_id: str) -> Post:
        """GET /posts/{post_id}; a deleted one is MattermostNotFound."""
        return await self._get(path("posts", post_id), Post)

    async def thread(self, post_id: str) -> PostList:
        """GET /posts/{post_id}/thread."""
        return await self._get(path("posts", post_id, "thread"), PostList)

    async def delete_post(self, post_id: str) -> None:
        """DELETE /posts/{post_id}."""
        await self._do("DELETE", path("posts", post_id))

    async def add_reaction(self, user_id: str, post_id: str, emoji_name: str) -> Reaction:
        """POST /reactions. Reacting again changes nothing."""
        body = {"user_id": user_id, "post_id": post_id, "emoji_name": emoji_name}
        return await self._send("POST", "/reactions", Reaction, body)

    async def remove_reaction(self, user_id: str, post_id: str, emoji_name: str) -> None:
        """DELETE /users/{user_id}/posts/{post_id}/reactions/{emoji_name}."""
        await self._do("DELETE", path("users", user_id, "posts", post_id, "reactions", emoji_name))

    async def file_info(self, file_id: str) -> FileInfo:
        """GET /files/{file_id}/info."""
        return await self._get(path("files", file_id, "info"), FileInfo)

    async def file_content(self, file_id: str) -> bytes:
        """GET /files/{file_id}. MattermostDown for one that is larger than any answer may be
        (`transport.LARGEST_ANSWER`): look at its size first.
        """
        return await self._bytes(path("files", file_id))

    # Answers to what people did

    async def open_dialog(self, trigger_id: str, url: str, dialog: Mapping[str, Any]) -> None:
        """POST /actions/dialogs/open, within 30 s of the act (3 s on 5.x) that gave the trigger id."""
        body = {"trigger_id": trigger_id, "url": url, "dialog": dict(dialog)}
        await self._do("POST", "/actions/dialogs/open", body)

    async def respond(self, response_url: str, body: Mapping[str, Any]) -> None:
        """Answer a slash command later: POST /hooks/commands/{id}, at most 5 times within 30 minutes.

        Only the id is taken from `response_url`; the request goes to the configured server, so that a forged
        address leads nowhere and an installation whose public address we cannot reach works too.
        """
        found = _COMMAND_HOOK.search(response_url)
        if found is None:
            raise MattermostInvalid("not the response address of a slash command")
        await self._send_hook(f"/hooks/commands/{found[1]}", body)

    # The server

    async def config(self) -> ClientConfig:
        """GET /config/client?format=old."""
        answer = await self._json("GET", "/config/client", query={"format": "old"})
        settings = answer.items() if isinstance(answer, dict) else ()
        return ClientConfig(settings={name: value for name, value in settings if isinstance(value, str)})

    async def ping(self) -> None:
        """GET /system/ping. Needs no token; MattermostDown unless the server says OK."""
        await self._json("GET", "/system/ping")
