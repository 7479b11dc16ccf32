"""Joining and leaving: teams, channels, and the system posts and events that go with it."""

from __future__ import annotations

from dataclasses import replace

from sekretar.sandbox.mattermost.hub import Event
from sekretar.sandbox.mattermost.identifiers import new_id
from sekretar.sandbox.mattermost.posting import save_post
from sekretar.sandbox.mattermost.site import Site
from sekretar.sandbox.mattermost.state import Channel, ChannelMember, Post, Team, TeamMember, User

#: Every team has these, and every member of the team is in them.
DEFAULT_CHANNELS = (("town-square", "Town Square"), ("off-topic", "Off-Topic"))


def create_team(site: Site, name: str, display_name: str, team_type: str, email: str) -> Team:
    """A team with its two default channels."""
    now = site.now()
    team = Team(new_id(), name, display_name, now, now, type=team_type, email=email, invite_id=new_id())
    site.world.teams.put(team)
    for channel_name, title in DEFAULT_CHANNELS:
        site.world.channels.put(Channel(new_id(), team.id, "O", channel_name, title, now, now))
    return team


def join_team(site: Site, team: Team, user: User, *, admin: bool = False) -> TeamMember:
    """Put the user into the team and its default channels; idempotent."""
    existing = site.world.team_member(team.id, user.id)
    if existing is not None:
        return existing
    member = site.world.team_members.put(TeamMember(team.id, user.id, scheme_admin=admin))
    for name, _ in DEFAULT_CHANNELS:
        channel = site.world.channel_named(team.id, name)
        if channel is None:
            continue
        add_member(site, channel, user, admin=admin)
        where, kind = (
            ("team", "system_join_team") if name == "town-square" else ("channel", "system_join_channel")
        )
        system_post(
            site, channel, user, kind, f"{user.username} joined the {where}.", {"username": user.username}
        )
    tell_added(site, team, user)
    return member


def tell_added(site: Site, team: Team, user: User) -> None:
    """`added_to_team`, to the user. Joining tells it, and the API call that caused the joining tells it again."""
    site.hub.publish(Event("added_to_team", {"team_id": team.id, "user_id": user.id}, user_id=user.id))


def leave_team(site: Site, team: Team, user: User) -> None:
    """Take the user out of the team and all of its channels."""
    member = site.world.team_member(team.id, user.id)
    if member is None:
        return
    site.world.team_members.put(replace(member, delete_at=site.now()))
    for channel in site.world.channels.where("team_id", team.id):
        site.world.channel_members.remove(f"{channel.id}/{user.id}")
    site.hub.publish(Event("leave_team", {"team_id": team.id, "user_id": user.id}, user_id=user.id))


def add_member(site: Site, channel: Channel, user: User, *, admin: bool = False) -> ChannelMember:
    """Put the user into the channel and tell its members; idempotent, without a system post."""
    existing = site.world.channel_member(channel.id, user.id)
    if existing is not None:
        return existing
    member = ChannelMember(channel.id, user.id, scheme_admin=admin, last_update_at=site.now())
    site.world.channel_members.put(member)
    data = {"user_id": user.id, "team_id": channel.team_id}
    site.hub.publish(Event("user_added", data, channel_id=channel.id))
    return member


def remove_member(site: Site, channel: Channel, user: User, actor: User) -> None:
    """Take the user out of the channel."""
    site.world.channel_members.remove(f"{channel.id}/{user.id}")
    site.hub.publish(
        Event("user_removed", {"user_id": user.id, "remover_id": actor.id}, channel_id=channel.id)
    )
    data = {"channel_id": channel.id, "remover_id": actor.id}
    site.hub.publish(Event("user_removed", data, user_id=user.id))


def system_post(
    site: Site, channel: Channel, actor: User, kind: str, text: str, props: dict[str, str]
) -> None:
    """A line of the server in the channel; it counts as nobody's message."""
    now = site.now()
    post = Post(new_id(), channel.id, actor.id, text, now, now, type=kind, props=dict(props))
    save_post(site, post)


def direct_channel(site: Site, creator: User, other: User) -> Channel:
    """The direct channel of two users, created when it is not there."""
    name = "__".join(sorted((creator.id, other.id)))
    existing = site.world.channel_named("", name)
    if existing is not None:
        return existing
    now = site.now()
    channel = Channel(new_id(), "", "D", name, "", now, now, creator_id=creator.id)
    site.world.channels.put(channel)
    for user in {creator.id, other.id}:
        site.world.channel_members.put(ChannelMember(channel.id, user, last_update_at=now))
    data = {"creator_id": creator.id, "teammate_id": other.id}
    site.hub.publish(Event("direct_added", data, channel_id=channel.id))
    return channel


def create_channel(site: Site, channel: Channel, creator: User) -> Channel:
    """Store a new channel of a team and make its creator the channel's administrator."""
    site.world.channels.put(channel)
    add_member(site, channel, creator, admin=True)
    data = {"channel_id": channel.id, "team_id": channel.team_id}
    site.hub.publish(Event("channel_created", data, user_id=creator.id))
    return channel


def mark_viewed(site: Site, user_id: str, channel_id: str) -> dict[str, int]:
    """The user has read the channel up to now; returns the times of what was viewed."""
    channel, member = site.world.channels.get(channel_id), site.world.channel_member(channel_id, user_id)
    if channel is None or member is None:
        return {}
    now = site.now()
    read = replace(
        member,
        last_viewed_at=now,
        last_update_at=now,
        mention_count=0,
        mention_count_root=0,
        msg_count=channel.total_msg_count,
        msg_count_root=channel.total_msg_count_root,
    )
    site.world.channel_members.put(read)
    if site.release >= (8,):
        site.hub.publish(
            Event("multiple_channels_viewed", {"channel_times": {channel_id: now}}, user_id=user_id)
        )
    else:
        site.hub.publish(Event("channel_viewed", {"channel_id": channel_id}, user_id=user_id))
    return {channel_id: now}
