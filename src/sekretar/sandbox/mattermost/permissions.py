"""Who may do what: the built-in roles and the checks, as a fresh server has them.

Only the permissions that the sandbox's routes ask for matter, but the roles carry their usual neighbours, because
integrations read them (`GET /roles/name/…`) to find out what they may do.
"""

from __future__ import annotations

from collections.abc import Iterable

from sekretar.sandbox.mattermost.errors import Refused, forbidden
from sekretar.sandbox.mattermost.identifiers import new_id
from sekretar.sandbox.mattermost.state import Channel, Role, User, World

_SYSTEM_USER = """create_team list_public_teams join_public_teams create_direct_channel create_group_channel
view_members create_emojis delete_emojis"""
_TEAM_USER = """list_team_channels join_public_channels read_public_channel view_team create_public_channel
create_private_channel invite_user add_user_to_team"""
_TEAM_ADMIN = """manage_team manage_team_roles import_team remove_user_from_team manage_channel_roles
manage_others_slash_commands manage_incoming_webhooks manage_outgoing_webhooks manage_others_incoming_webhooks
manage_others_outgoing_webhooks delete_post delete_others_posts create_post add_reaction remove_reaction
convert_public_channel_to_private convert_private_channel_to_public manage_public_channel_members
manage_private_channel_members read_public_channel_groups read_private_channel_groups use_channel_mentions"""
_CHANNEL_USER = """read_channel read_channel_content add_reaction remove_reaction upload_file get_public_link
create_post edit_post delete_post use_channel_mentions use_group_mentions use_slash_commands
manage_public_channel_members manage_private_channel_members manage_public_channel_properties
manage_private_channel_properties delete_public_channel delete_private_channel
read_public_channel_groups read_private_channel_groups"""
_CHANNEL_ADMIN = """manage_channel_roles manage_public_channel_members manage_private_channel_members create_post
add_reaction remove_reaction use_channel_mentions use_group_mentions"""
_SYSTEM_ADMIN = """manage_system edit_other_users create_bot read_bots manage_bots read_others_bots manage_others_bots
create_user_access_token read_user_access_token revoke_user_access_token create_post_ephemeral manage_oauth
manage_system_wide_oauth edit_others_posts assign_system_admin_role manage_roles list_private_teams
join_private_teams list_users_without_team manage_jobs sysconsole_read_user_management_permissions
sysconsole_write_user_management_permissions sysconsole_write_user_management_system_roles"""
_POST_ALL = "create_post use_channel_mentions use_group_mentions"
_TOKENS = "create_user_access_token read_user_access_token revoke_user_access_token"

#: Roles that `PUT /users/{id}/roles` accepts without a licence.
ASSIGNABLE = frozenset(
    {"system_user", "system_admin", "system_guest", "system_post_all", "system_post_all_public",
     "system_user_access_token"}
)  # fmt: skip

#: What no administrator may change by the API.
NOT_PATCHABLE = frozenset(
    {"sysconsole_write_user_management_system_roles", "sysconsole_read_user_management_system_roles", "manage_roles",
     "manage_system"}
)  # fmt: skip

#: What servers before 5.38 let an unlicensed administrator change.
PATCHABLE_UNLICENSED = frozenset(
    {"create_team", "manage_incoming_webhooks", "manage_outgoing_webhooks", "manage_slash_commands", "manage_oauth",
     "create_emojis", "delete_emojis", "edit_others_posts", "edit_post", "delete_post", "delete_others_posts"}
)  # fmt: skip

#: In channels of these types there is no team to inherit a permission from.
TEAMLESS = ("D", "G")


def slash_permission(version: tuple[int, ...]) -> str:
    """The permission to create slash commands, renamed in version 11."""
    return "manage_own_slash_commands" if version >= (11,) else "manage_slash_commands"


def built_in_roles(version: tuple[int, ...], now: int) -> list[Role]:
    """The roles of a fresh server."""
    team_admin = f"{_TEAM_ADMIN} {slash_permission(version)}".split()
    lists: dict[str, tuple[list[str], bool]] = {
        "system_user": (_SYSTEM_USER.split(), True),
        "system_guest": (["create_direct_channel", "create_group_channel"], True),
        "system_post_all": (_POST_ALL.split(), False),
        "system_post_all_public": (["create_post_public", "use_channel_mentions"], False),
        "system_user_access_token": (_TOKENS.split(), False),
        "team_user": (_TEAM_USER.split(), True),
        "team_guest": (["view_team"], True),
        "team_admin": (team_admin, True),
        "channel_user": (_CHANNEL_USER.split(), True),
        "channel_guest": (["read_channel", "create_post", "add_reaction", "upload_file", "edit_post"], True),
        "channel_admin": (_CHANNEL_ADMIN.split(), True),
    }
    everything = _SYSTEM_ADMIN.split() + [p for permissions, _ in lists.values() for p in permissions]
    lists["system_admin"] = (list(dict.fromkeys(everything)), True)
    return [
        Role(
            id=new_id(),
            name=name,
            display_name=f"authentication.roles.{name}.name",
            description=f"authentication.roles.{name}.description",
            permissions=permissions,
            create_at=now,
            update_at=now,
            scheme_managed=managed,
        )
        for name, (permissions, managed) in lists.items()
    ]


class Permissions:
    """The checks. A channel inherits from its team, a team from the system."""

    def __init__(self, world: World) -> None:
        self._world = world

    def in_system(self, user: User, permission: str) -> bool:
        return self._grant(user.roles.split(), permission)

    def in_team(self, user: User, team_id: str, permission: str) -> bool:
        """False for the empty team id, whoever asks: that is how the server does it."""
        if not team_id:
            return False
        member = self._world.team_member(team_id, user.id)
        if member is not None and self._grant(team_roles(member.scheme_admin), permission):
            return True
        return self.in_system(user, permission)

    def in_channel(self, user: User, channel_id: str, permission: str) -> bool:
        member = self._world.channel_member(channel_id, user.id)
        if member is not None and self._grant(channel_roles(member.scheme_admin), permission):
            return True
        channel = self._world.channels.get(channel_id)
        if channel is not None and channel.team_id:
            return self.in_team(user, channel.team_id, permission)
        return self.in_system(user, permission)

    def may_read_channel(self, user: User, channel: Channel) -> bool:
        """Members read; open channels are read by everyone in the team."""
        if self.in_channel(user, channel.id, "read_channel"):
            return True
        return channel.type == "O" and self.in_team(user, channel.team_id, "read_public_channel")

    def may_post(self, user: User, channel_id: str) -> bool:
        """Members post; a bot with `system_post_all` posts everywhere, `_public` in open channels."""
        if self.in_channel(user, channel_id, "create_post"):
            return True
        channel = self._world.channels.get(channel_id)
        return (
            channel is not None
            and channel.type == "O"
            and self.in_channel(user, channel_id, "create_post_public")
        )

    def may_edit_user(self, user: User, target_id: str) -> bool:
        """Oneself, anyone for an administrator, anyone but administrators for `edit_other_users`."""
        if user.id == target_id or self.in_system(user, "manage_system"):
            return True
        target = self._world.users.get(target_id)
        if target is not None and "system_admin" in target.roles.split():
            return False
        return self.in_system(user, "edit_other_users")

    def need_system(self, user: User, permission: str) -> None:
        if not self.in_system(user, permission):
            raise forbidden(user.id, permission)

    def need_team(self, user: User, team_id: str, permission: str) -> None:
        if not self.in_team(user, team_id, permission):
            raise forbidden(user.id, permission)

    def need_channel(self, user: User, channel_id: str, permission: str) -> None:
        if not self.in_channel(user, channel_id, permission):
            raise forbidden(user.id, permission)

    def need_reading(self, user: User, channel: Channel) -> None:
        if not self.may_read_channel(user, channel):
            raise forbidden(user.id, "read_channel")

    def need_editing(self, user: User, target_id: str) -> None:
        if not self.may_edit_user(user, target_id):
            raise forbidden(user.id, "edit_other_users")

    def role(self, name: str) -> Role:
        """The role of this name, or 404."""
        role = self._world.roles.first("name", name)
        if role is None:
            raise Refused("app.role.get_by_name.app_error", 404)
        return role

    def _grant(self, names: Iterable[str], permission: str) -> bool:
        roles = (self._world.roles.first("name", name) for name in names)
        return any(role is not None and permission in role.permissions for role in roles)


def team_roles(scheme_admin: bool) -> list[str]:
    """The roles of a team member, as the API lists them."""
    return ["team_user", "team_admin"] if scheme_admin else ["team_user"]


def channel_roles(scheme_admin: bool) -> list[str]:
    """The roles of a channel member, as the API lists them."""
    return ["channel_user", "channel_admin"] if scheme_admin else ["channel_user"]
