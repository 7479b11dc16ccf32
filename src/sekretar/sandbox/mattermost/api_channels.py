"""Routes of channels: creating, finding, members, direct and group channels, the read mark."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace

from aiohttp import web

from sekretar.sandbox.mattermost.call import Call, Route, answer, ok, typed
from sekretar.sandbox.mattermost.errors import Refused, forbidden, invalid_body
from sekretar.sandbox.mattermost.hub import Event
from sekretar.sandbox.mattermost.identifiers import is_id, new_id
from sekretar.sandbox.mattermost.members import (
    add_member,
    create_channel,
    direct_channel,
    mark_viewed,
    remove_member,
    system_post,
)
from sekretar.sandbox.mattermost.permissions import TEAMLESS
from sekretar.sandbox.mattermost.posting import dumps
from sekretar.sandbox.mattermost.state import Channel, ChannelMember, User
from sekretar.sandbox.mattermost.views import channel_member_view, channel_view, post_view

_NAME = re.compile(r"[a-z0-9][a-z0-9\-_]{1,63}")
_KINDS = {"O": "public", "P": "private"}


async def create(call: Call) -> web.Response:
    """POST /channels."""
    body = await call.object("channel")
    site, now = call.site, call.site.now()
    kind = typed(body, "type", str, "", "type")
    team_id, name = typed(body, "team_id", str, "", "team_id"), typed(body, "name", str, "", "name")
    title = typed(body, "display_name", str, "", "display_name")
    if kind not in _KINDS or not is_id(team_id) or not 1 <= len(title) <= 64:
        raise invalid_body("channel")
    if not _NAME.fullmatch(name):
        raise Refused("model.channel.is_valid.2_or_more.app_error", 400)
    site.permissions.need_team(call.user, team_id, f"create_{_KINDS[kind]}_channel")
    if site.world.channel_named(team_id, name) is not None:
        raise Refused("store.sql_channel.save_channel.exists.app_error", 400)
    channel = Channel(
        new_id(), team_id, kind, name, title, now, now, header=typed(body, "header", str, "", "header"),
        purpose=typed(body, "purpose", str, "", "purpose"), creator_id=call.user.id,
    )  # fmt: skip
    return answer(channel_view(create_channel(site, channel, call.user)), 201)


async def create_direct(call: Call) -> web.Response:
    """POST /channels/direct: 201 also when the channel was there."""
    ids = await call.body("user_ids")
    if not isinstance(ids, list) or len(ids) != 2 or not all(is_id(user_id) for user_id in ids):
        raise invalid_body("user_ids")
    if call.user.id not in ids:
        call.site.permissions.need_system(call.user, "manage_system")
    users = [call.site.world.users.get(user_id) for user_id in ids]
    first, second = users
    if first is None or second is None:
        error = "api.channel.create_direct_channel.invalid_user.app_error"
        raise Refused(error, 400, f"No users found for ids: {'. '.join(ids)}")
    return answer(channel_view(direct_channel(call.site, first, second)), 201)


async def create_group(call: Call) -> web.Response:
    """POST /channels/group: three to eight users, the caller among them."""
    ids = await call.strings("user_ids")
    everyone = sorted({*ids, call.user.id})
    if not all(is_id(user_id) for user_id in ids):
        raise invalid_body("user_ids")
    if not 3 <= len(everyone) <= 8:
        raise Refused("api.channel.create_group.bad_size.app_error", 400)
    users = [call.user_named(user_id) for user_id in everyone]
    site, now = call.site, call.site.now()
    name = hashlib.sha1("".join(everyone).encode(), usedforsecurity=False).hexdigest()
    channel = site.world.channel_named("", name)
    if channel is None:
        title = ", ".join(sorted(user.username for user in users))
        channel = site.world.channels.put(
            Channel(new_id(), "", "G", name, title, now, now, creator_id=call.user.id)
        )
        for user in users:
            site.world.channel_members.put(ChannelMember(channel.id, user.id, last_update_at=now))
        site.hub.publish(Event("group_added", {"teammate_ids": dumps(everyone)}, channel_id=channel.id))
    return answer(channel_view(channel), 201)


async def get(call: Call) -> web.Response:
    """GET /channels/{channel_id}."""
    channel = call.channel(call.id("channel_id"))
    call.site.permissions.need_reading(call.user, channel)
    return answer(channel_view(channel))


async def get_by_name(call: Call) -> web.Response:
    """GET /teams/{team_id}/channels/name/{channel_name}."""
    return answer(_named(call, call.id("team_id")))


async def get_by_names(call: Call) -> web.Response:
    """GET /teams/name/{team_name}/channels/name/{channel_name}."""
    team = call.site.world.teams.first("name", call.text("team_name"))
    if team is None:
        raise Refused("app.team.get_by_name.missing.app_error", 404)
    return answer(_named(call, team.id))


def _named(call: Call, team_id: str) -> dict[str, object]:
    channel = call.site.world.channel_named(team_id, call.text("channel_name"))
    if channel is None or (channel.delete_at and not call.flag("include_deleted")):
        raise Refused("app.channel.get_by_name.missing.app_error", 404)
    if not call.site.permissions.may_read_channel(call.user, channel):
        # A private channel must not be found by its name.
        raise Refused("app.channel.get_by_name.missing.app_error", 404)
    return channel_view(channel)


async def patch(call: Call) -> web.Response:
    """PUT /channels/{channel_id}/patch."""
    body = await call.object("channel")
    channel = call.channel(call.id("channel_id"))
    if channel.type in _KINDS:
        call.site.permissions.need_channel(
            call.user, channel.id, f"manage_{_KINDS[channel.type]}_channel_properties"
        )
    elif call.site.world.channel_member(channel.id, call.user.id) is None:
        raise forbidden(call.user.id, "read_channel")
    given = {
        name: typed(body, name, str, None, "channel")
        for name in ("name", "display_name", "header", "purpose")
    }
    changes = {name: value for name, value in given.items() if value is not None}
    channel = call.site.world.channels.put(replace(channel, **changes, update_at=call.site.now()))
    event = Event("channel_updated", {"channel": dumps(channel_view(channel))}, channel_id=channel.id)
    call.site.hub.publish(event)
    return answer(channel_view(channel))


async def delete(call: Call) -> web.Response:
    """DELETE /channels/{channel_id}: archives."""
    channel = call.channel(call.id("channel_id"))
    if channel.type in TEAMLESS or channel.name == "town-square":
        raise invalid_body("channel")
    call.site.permissions.need_channel(call.user, channel.id, f"delete_{_KINDS[channel.type]}_channel")
    now = call.site.now()
    call.site.world.channels.put(replace(channel, delete_at=now, update_at=now))
    data = {"channel_id": channel.id, "delete_at": now}
    call.site.hub.publish(Event("channel_deleted", data, team_id=channel.team_id))
    return ok()


async def stats(call: Call) -> web.Response:
    """GET /channels/{channel_id}/stats."""
    channel = call.channel(call.id("channel_id"))
    call.site.permissions.need_reading(call.user, channel)
    world = call.site.world
    pinned = sum(p.is_pinned and not p.delete_at for p in world.posts.where("channel_id", channel.id))
    members = len(world.channel_members.where("channel_id", channel.id))
    return answer(
        {"channel_id": channel.id, "member_count": members, "guest_count": 0, "pinnedpost_count": pinned}
    )


async def pinned(call: Call) -> web.Response:
    """GET /channels/{channel_id}/pinned."""
    channel = call.channel(call.id("channel_id"))
    call.site.permissions.need_reading(call.user, channel)
    posts = [
        p for p in call.site.world.posts.where("channel_id", channel.id) if p.is_pinned and not p.delete_at
    ]
    posts.sort(key=lambda post: post.create_at, reverse=True)
    views = {post.id: post_view(post, call.site.world) for post in posts}
    return answer({"order": list(views), "posts": views, "next_post_id": "", "prev_post_id": ""})


async def team_channels(call: Call) -> web.Response:
    """GET /teams/{team_id}/channels: the open ones."""
    team_id = call.id("team_id")
    call.site.permissions.need_team(call.user, team_id, "list_team_channels")
    found = [
        c for c in call.site.world.channels.where("team_id", team_id) if c.type == "O" and not c.delete_at
    ]
    return answer(
        [channel_view(channel) for channel in call.page(sorted(found, key=lambda c: c.display_name))]
    )


async def search(call: Call) -> web.Response:
    """POST /teams/{team_id}/channels/search: open channels whose name or title contains the term.

    The specification says 201, servers answer 200.
    """
    body = await call.object("channel_search")
    team_id, term = call.id("team_id"), typed(body, "term", str, "", "term").lower()
    call.site.permissions.need_team(call.user, team_id, "list_team_channels")
    found = [
        c for c in call.site.world.channels.where("team_id", team_id) if c.type == "O" and not c.delete_at
    ]
    return answer([channel_view(c) for c in found if term in c.name or term in c.display_name.lower()])


async def user_team_channels(call: Call) -> web.Response:
    """GET /users/{user_id}/teams/{team_id}/channels: the user's channels of the team, and the teamless ones."""
    team_id = call.id("team_id")
    call.site.permissions.need_team(call.user, team_id, "view_team")
    return answer([channel_view(c) for c in _channels_of(call) if c.team_id in (team_id, "")])


async def user_channels(call: Call) -> web.Response:
    """GET /users/{user_id}/channels: all of them, of all teams."""
    return answer([channel_view(channel) for channel in _channels_of(call)])


def _channels_of(call: Call) -> list[Channel]:
    user_id = call.id("user_id")
    call.site.permissions.need_editing(call.user, user_id)
    world = call.site.world
    rows = [
        world.channels.get(member.channel_id) for member in world.channel_members.where("user_id", user_id)
    ]
    found = [c for c in rows if c is not None and (not c.delete_at or call.flag("include_deleted"))]
    return sorted(found, key=lambda channel: channel.display_name)


async def members(call: Call) -> web.Response:
    """GET /channels/{channel_id}/members."""
    channel = call.channel(call.id("channel_id"))
    call.site.permissions.need_reading(call.user, channel)
    rows = call.site.world.channel_members.where("channel_id", channel.id)
    return answer(
        [channel_member_view(member) for member in call.page(sorted(rows, key=lambda m: m.user_id))]
    )


async def member(call: Call) -> web.Response:
    """GET /channels/{channel_id}/members/{user_id}."""
    channel = call.channel(call.id("channel_id"))
    call.site.permissions.need_reading(call.user, channel)
    return answer(channel_member_view(_member(call, channel, call.id("user_id"))))


def _member(call: Call, channel: Channel, user_id: str) -> ChannelMember:
    found = call.site.world.channel_member(channel.id, user_id)
    if found is None:
        raise Refused("app.channel.get_member.missing.app_error", 404)
    return found


async def user_members(call: Call) -> web.Response:
    """GET /users/{user_id}/teams/{team_id}/channels/members."""
    user_id, team_id = call.id("user_id"), call.id("team_id")
    call.site.permissions.need_editing(call.user, user_id)
    call.site.permissions.need_team(call.user, team_id, "view_team")
    world = call.site.world
    rows = [(m, world.channels.get(m.channel_id)) for m in world.channel_members.where("user_id", user_id)]
    return answer([channel_member_view(m) for m, c in rows if c is not None and c.team_id in (team_id, "")])


async def add(call: Call) -> web.Response:
    """POST /channels/{channel_id}/members: 201, also for who is in already."""
    body = await call.object("user_id")
    channel = call.channel(call.id("channel_id"))
    user_id = typed(body, "user_id", str, "", "user_id")
    if not is_id(user_id):
        raise invalid_body("user_id")
    if channel.type in TEAMLESS:
        raise Refused("api.channel.add_user.to.channel.failed.app_error", 400)
    target = call.user_named(user_id)
    _need_adding(call, channel, target)
    if call.site.world.team_member(channel.team_id, target.id) is None:
        raise Refused("app.team.get_member.missing.app_error", 404)
    if call.site.world.channel_member(channel.id, target.id) is None:
        add_member(call.site, channel, target)
        _announce(call, channel, target)
    return answer(channel_member_view(_member(call, channel, target.id)), 201)


def _need_adding(call: Call, channel: Channel, target: User) -> None:
    if target.id == call.user.id and channel.type == "O":
        call.site.permissions.need_team(call.user, channel.team_id, "join_public_channels")
        return
    call.site.permissions.need_channel(
        call.user, channel.id, f"manage_{_KINDS[channel.type]}_channel_members"
    )


def _announce(call: Call, channel: Channel, target: User) -> None:
    if target.id == call.user.id:
        text = f"{target.username} joined the channel."
        system_post(call.site, channel, target, "system_join_channel", text, {"username": target.username})
        return
    text = f"{target.username} added to the channel by {call.user.username}."
    props = {"userId": call.user.id, "username": call.user.username, "addedUserId": target.id,
             "addedUsername": target.username}  # fmt: skip
    system_post(call.site, channel, call.user, "system_add_to_channel", text, props)


async def remove(call: Call) -> web.Response:
    """DELETE /channels/{channel_id}/members/{user_id}."""
    channel, target = call.channel(call.id("channel_id")), call.user_named(call.id("user_id"))
    if channel.type in TEAMLESS or channel.name == "town-square":
        raise invalid_body("channel")
    if target.id != call.user.id:
        call.site.permissions.need_channel(
            call.user, channel.id, f"manage_{_KINDS[channel.type]}_channel_members"
        )
    _member(call, channel, target.id)
    remove_member(call.site, channel, target, call.user)
    return ok()


async def unread(call: Call) -> web.Response:
    """GET /users/{user_id}/channels/{channel_id}/unread."""
    user_id, channel = call.id("user_id"), call.channel(call.id("channel_id"))
    call.site.permissions.need_editing(call.user, user_id)
    found = _member(call, channel, user_id)
    return answer(
        {
            "team_id": channel.team_id,
            "channel_id": channel.id,
            "msg_count": channel.total_msg_count - found.msg_count,
            "mention_count": found.mention_count,
            "mention_count_root": found.mention_count_root,
            "urgent_mention_count": 0,
            "msg_count_root": channel.total_msg_count_root - found.msg_count_root,
        }
    )


async def view(call: Call) -> web.Response:
    """POST /channels/members/{user_id}/view: the user has read the channel."""
    body = await call.object("channel_view")
    user_id, site = call.id("user_id"), call.site
    site.permissions.need_editing(call.user, user_id)
    times = mark_viewed(site, user_id, typed(body, "channel_id", str, "", "channel_view"))
    return answer({"status": "OK", "last_viewed_at_times": times})


ROUTES = (
    Route("POST", "/api/v4/channels", create),
    Route("POST", "/api/v4/channels/direct", create_direct),
    Route("POST", "/api/v4/channels/group", create_group),
    Route("POST", "/api/v4/channels/members/{user_id}/view", view),
    Route("GET", "/api/v4/channels/{channel_id}", get),
    Route("DELETE", "/api/v4/channels/{channel_id}", delete),
    Route("PUT", "/api/v4/channels/{channel_id}/patch", patch),
    Route("GET", "/api/v4/channels/{channel_id}/stats", stats),
    Route("GET", "/api/v4/channels/{channel_id}/pinned", pinned),
    Route("GET", "/api/v4/channels/{channel_id}/members", members),
    Route("POST", "/api/v4/channels/{channel_id}/members", add),
    Route("GET", "/api/v4/channels/{channel_id}/members/{user_id}", member),
    Route("DELETE", "/api/v4/channels/{channel_id}/members/{user_id}", remove),
    Route("GET", "/api/v4/teams/{team_id}/channels", team_channels),
    Route("POST", "/api/v4/teams/{team_id}/channels/search", search),
    Route("GET", "/api/v4/teams/{team_id}/channels/name/{channel_name}", get_by_name),
    Route("GET", "/api/v4/teams/name/{team_name}/channels/name/{channel_name}", get_by_names),
    Route("GET", "/api/v4/users/{user_id}/channels", user_channels),
    Route("GET", "/api/v4/users/{user_id}/channels/{channel_id}/unread", unread),
    Route("GET", "/api/v4/users/{user_id}/teams/{team_id}/channels", user_team_channels),
    Route("GET", "/api/v4/users/{user_id}/teams/{team_id}/channels/members", user_members),
)
