"""What people and the bot may do in channels and teams, asked of Mattermost: nothing about it is remembered here.

A right is what the roles of the membership grant, then those of the team, then those of the user, which is how the
server itself decides (`SessionHasPermissionToChannel`, server/channels/app/authorization.go).
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from sekretar.kernel.errors import PeerForbidden, PeerInvalid, PeerNotFound, PeerUnsupported
from sekretar.mattermost.desk import ChatServer
from sekretar.mattermost.models import Channel

#: How the API calls the owner of the token.
ME = "me"

_POST = "create_post"
_EDIT_OTHERS = "edit_others_posts"

T = TypeVar("T")


class Obstacle(StrEnum):
    """Why nothing can be said in a channel."""

    #: The bot is not a member.
    REMOVED = "removed"
    ARCHIVED = "archived"
    #: The bot is a member, but members may not write.
    MUTED = "muted"
    #: There is no such channel any more.
    GONE = "gone"


@dataclass(frozen=True)
class Standing:
    """What somebody is in a channel."""

    member: bool
    may_post: bool
    #: They look after the channel, its team or the whole server.
    admin: bool
    #: They may change what other people wrote.
    may_edit_others: bool = False


class _Membership(Protocol):
    @property
    def roles(self) -> str: ...

    @property
    def is_admin(self) -> bool: ...


async def standing(server: ChatServer, channel: Channel, user_id: str) -> Standing:
    """What this user is in the channel.

    Raises:
        PeerError: Mattermost cannot be asked.
    """
    member: _Membership | None = await _found(server.channel_member(channel.id, user_id))
    in_team = await _in_team(server, channel.team_id, user_id)
    user = await server.user(user_id)
    memberships = [each for each in (member, in_team) if each is not None]
    roles = [name for each in memberships for name in each.roles.split()] + list(user.role_names)
    granted = await _granted(server, roles) if member is not None else frozenset()
    return Standing(
        member=member is not None,
        may_post=_POST in granted,
        may_edit_others=_EDIT_OTHERS in granted,
        admin="system_admin" in user.role_names or any(each.is_admin for each in memberships),
    )


async def looks_after_team(server: ChatServer, team_id: str, user_id: str) -> bool:
    """Whether this user looks after the team, or the whole server.

    Raises:
        PeerError: Mattermost cannot be asked.
    """
    in_team = await _in_team(server, team_id, user_id)
    user = await server.user(user_id)
    return "system_admin" in user.role_names or (in_team is not None and in_team.is_admin)


async def obstacle(server: ChatServer, channel_id: str) -> Obstacle | None:
    """What keeps the bot from writing there; None when nothing does.

    Raises:
        PeerError: Mattermost cannot be asked; nothing may be concluded from it.
    """
    try:
        channel = await server.channel(channel_id)
    except PeerNotFound:
        return Obstacle.GONE
    except PeerForbidden:
        return Obstacle.REMOVED
    if channel.delete_at is not None:
        return Obstacle.ARCHIVED
    stands = await standing(server, channel, ME)
    if not stands.member:
        return Obstacle.REMOVED
    return None if stands.may_post else Obstacle.MUTED


async def _in_team(server: ChatServer, team_id: str, user_id: str) -> _Membership | None:
    """The membership in a team that has not ended."""
    known = await _found(server.team_member(team_id, user_id)) if team_id else None
    return known if known is not None and known.delete_at is None else None


async def _found(asked: Awaitable[T]) -> T | None:
    """The answer, or None where there is nothing, or nothing that the bot may see."""
    try:
        return await asked
    except (PeerNotFound, PeerForbidden):
        return None


async def _granted(server: ChatServer, names: Iterable[str]) -> frozenset[str]:
    """What the roles allow. Where roles cannot be read, membership decides, and the server has the last word."""
    try:
        roles = await server.roles(sorted(set(names)))
    except (PeerForbidden, PeerNotFound, PeerUnsupported, PeerInvalid):
        roles = ()
    if not roles:
        return frozenset({_POST, _EDIT_OTHERS})
    return frozenset(permission for role in roles for permission in role.permissions)
