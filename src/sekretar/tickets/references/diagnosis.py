"""What the doctor says about editing people's posts, where the settings allow it."""

from __future__ import annotations

from sekretar.kernel.errors import PeerError
from sekretar.mattermost.client import MattermostClient
from sekretar.mattermost.doctor import Finding, fine, skipped, warning

NAME = "references"
_EDIT_OTHERS = "edit_others_posts"
_EVERYWHERE = ("team_user", "channel_user")


async def diagnose(client: MattermostClient) -> Finding:
    """Whether the bot can put links into posts of people, somewhere at least."""
    try:
        me = await client.me()
        names = {*me.role_names, *_EVERYWHERE}
        for team in await client.my_teams():
            names |= set((await client.team_member(team.id, me.id)).roles.split())
        roles = await client.roles(sorted(names))
    except PeerError as error:
        return skipped(NAME, f"the bot's permissions could not be read: {error.detail}")
    granting = sorted(role.name for role in roles if _EDIT_OTHERS in role.permissions)
    if granting:
        return fine(NAME, f"the bot may put links into posts, by {', '.join(granting)}")
    return warning(
        NAME,
        f"SEKRETAR_TICKETS_EDIT_POSTS is on, and the bot lacks the permission {_EDIT_OTHERS}: posts are answered"
        " with a reply instead of being edited",
        f"Give the bot a role with {_EDIT_OTHERS}, for example that of a team administrator to whom Mattermost's"
        " System Console grants it, or switch the setting off.",
    )
