"""The life of a post: created, told, changed, deleted; and the ephemeral ones that never are stored."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import replace
from typing import Any

from sekretar.sandbox.mattermost.errors import Refused
from sekretar.sandbox.mattermost.hub import Event
from sekretar.sandbox.mattermost.identifiers import new_id
from sekretar.sandbox.mattermost.site import Site
from sekretar.sandbox.mattermost.state import Channel, Json, Post, User
from sekretar.sandbox.mattermost.views import actions_of, post_view

#: Props that survive when the reply to a click replaces a post's props.
RETAINED_PROPS = ("from_webhook", "override_username", "override_icon_url")
_EVERYONE = ("all", "channel", "here")
_MENTION = re.compile(r"(?<![\w@])@([a-z0-9._\-]+)", re.IGNORECASE)
_CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)
_HASHTAG = re.compile(r"(?<!\w)#[^\W\d_][\w\-.]*\w")
#: Types that clients may give a post.
_OWN_TYPES = re.compile(r"(?:custom_.*|me|slack_attachment)?", re.DOTALL)


def check_post(site: Site, post: Post) -> None:
    """400 for a post that breaks a limit."""
    limits = site.limits
    if len(post.message) > limits.message_runes:
        new = site.release >= (9,)
        raise Refused(
            f"model.post.is_valid.{'message_length' if new else 'msg'}.app_error", 400, f"id={post.id}"
        )
    if len(json.dumps(post.props, ensure_ascii=False)) > limits.props_runes:
        raise Refused("model.post.is_valid.props.app_error", 400, f"id={post.id}")
    if len(post.file_ids) > limits.files_per_post:
        raise Refused("model.post.is_valid.file_ids.app_error", 400, f"id={post.id}")


def check_type(post: Post) -> None:
    """400 for a type that is reserved for the server."""
    if not _OWN_TYPES.fullmatch(post.type):
        raise Refused("model.post.is_valid.type.app_error", 400, f"id={post.type}")


def name_actions(props: Json) -> Json:
    """A copy of the props in which every action has an id."""
    named = copy.deepcopy(props)
    for action in actions_of(named):
        if not action.get("id"):
            action["id"] = new_id()
    return named


def save_post(site: Site, post: Post, *, set_online: bool = False) -> Post:
    """Store a new post, count it, mark who is mentioned, and tell the channel."""
    world = site.world
    channel = world.channels.get(post.channel_id)
    assert channel is not None
    author = world.users.get(post.user_id)
    props = name_actions(post.props)
    if author is not None and author.is_bot:
        props["from_bot"] = "true"
    post = replace(post, props=props, hashtags=" ".join(_HASHTAG.findall(post.message)))
    world.posts.put(post)
    if post.root_id:
        root = world.posts.get(post.root_id)
        if root is not None:
            world.posts.put(replace(root, update_at=max(root.update_at, post.create_at)))
    mentioned = mentions(site, post, channel)
    _count(site, post, channel, mentioned)
    _attach_files(site, post)
    _tell_posted(site, post, channel, author, mentioned, set_online)
    return post


def update_post(site: Site, before: Post, after: Post) -> Post:
    """Store the changed post, keep the former version, and tell the channel.

    `edit_at` moves only when the message changed.
    """
    check_post(site, after)
    now = site.now()
    edit_at = now if after.message != before.message else before.edit_at
    after = replace(after, props=name_actions(after.props), update_at=now, edit_at=edit_at)
    former = replace(before, id=new_id(), original_id=before.id, delete_at=now, update_at=now)
    site.world.posts.put(former)
    site.world.posts.put(after)
    tell(site, "post_edited", after)
    return after


def delete_post(site: Site, post: Post, actor: User) -> None:
    """Mark the post and, if it is a root, its replies as deleted, and tell the channel what the post was."""
    now = site.now()
    data = {"post": dumps(post_view(post, site.world))}
    for reply in site.world.posts.where("root_id", post.id):
        if not reply.delete_at:
            site.world.posts.put(replace(reply, delete_at=now, update_at=now))
    props = {**post.props, "deleteBy": actor.id}
    site.world.posts.put(replace(post, props=props, delete_at=now, update_at=now))
    full = {**data, "delete_by": actor.id}
    site.hub.publish(Event("post_deleted", full, channel_id=post.channel_id, only=site.is_admin))
    site.hub.publish(
        Event(
            "post_deleted", data, channel_id=post.channel_id, only=lambda user_id: not site.is_admin(user_id)
        )
    )


def send_ephemeral(site: Site, user_id: str, post: Post) -> Json:
    """Show a post to one user without storing it; returns it as that user gets it."""
    post = replace(post, type="system_ephemeral", props=name_actions(post.props))
    view = post_view(post, site.world)
    integrations = {action["id"]: action for action in actions_of(post.props)}
    for action in actions_of(view["props"]):
        whole = integrations[action["id"]]
        if isinstance(whole.get("integration"), dict):
            action["cookie"] = site.seals.cookie(_cookie(post, whole))
    event = Event("ephemeral_message", {"post": dumps(view)}, user_id=user_id, channel_id=post.channel_id)
    site.hub.publish(event)
    return view


def _cookie(post: Post, action: Json) -> Json:
    return {
        "type": action.get("type", ""),
        "post_id": post.id,
        "root_post_id": post.root_id or post.id,
        "channel_id": post.channel_id,
        "data_source": action.get("data_source", ""),
        "integration": action["integration"],
        "retain_props": {key: post.props[key] for key in RETAINED_PROPS if key in post.props},
        "remove_props": [key for key in RETAINED_PROPS if key not in post.props],
    }


def tell(site: Site, name: str, post: Post) -> None:
    """Send an event about the post to its channel."""
    site.hub.publish(Event(name, {"post": dumps(post_view(post, site.world))}, channel_id=post.channel_id))


def mentions(site: Site, post: Post, channel: Channel) -> list[str]:
    """The ids of the members whom the message calls: by name, by @all, @channel, @here, or by being the other one
    of a direct channel. Text in code calls nobody."""
    if post.type.startswith("system_"):
        return [str(post.props["addedUserId"])] if "addedUserId" in post.props else []
    members = {member.user_id for member in site.world.channel_members.where("channel_id", channel.id)}
    if channel.type == "D":
        return sorted(members - {post.user_id})
    called: set[str] = set()
    text = _CODE.sub(" ", " ".join([post.message, *_attachment_texts(post.props)]))
    for match in _MENTION.finditer(text):
        name = match[1].lower()
        if name.rstrip(".-_") in _EVERYONE:
            called |= members - {post.user_id}
            continue
        user = site.world.users.first("username", name) or site.world.users.first(
            "username", name.rstrip(".-_")
        )
        if user is not None and user.id in members:
            called.add(user.id)
    return sorted(called)


def _attachment_texts(props: Json) -> list[str]:
    attachments = props.get("attachments")
    found = [a for a in attachments if isinstance(a, dict)] if isinstance(attachments, list) else []
    return [str(a[key]) for a in found for key in ("pretext", "text") if a.get(key)]


def _count(site: Site, post: Post, channel: Channel, mentioned: list[str]) -> None:
    counts = 0 if post.type.startswith(("system_join", "system_leave", "system_add", "system_remove")) else 1
    root = counts if not post.root_id else 0
    site.world.channels.put(
        replace(
            channel,
            last_post_at=max(channel.last_post_at, post.create_at) if counts else channel.last_post_at,
            total_msg_count=channel.total_msg_count + counts,
            total_msg_count_root=channel.total_msg_count_root + root,
        )
    )
    for user_id in mentioned:
        member = site.world.channel_member(channel.id, user_id)
        if member is not None and user_id != post.user_id:
            site.world.channel_members.put(
                replace(
                    member,
                    mention_count=member.mention_count + 1,
                    mention_count_root=member.mention_count_root + root,
                )
            )


def _attach_files(site: Site, post: Post) -> None:
    for file_id in post.file_ids:
        info = site.world.files.get(file_id)
        if info is not None and not info.post_id and info.user_id == post.user_id:
            site.world.files.put(replace(info, post_id=post.id, channel_id=post.channel_id))


def _tell_posted(
    site: Site, post: Post, channel: Channel, author: User | None, mentioned: list[str], set_online: bool
) -> None:
    username = author.username if author else ""
    system = post.type.startswith("system_")
    data: dict[str, Any] = {
        "channel_display_name": f"@{username}" if channel.type == "D" else channel.display_name,
        "channel_name": channel.name,
        "channel_type": channel.type,
        "post": dumps(post_view(post, site.world)),
        "sender_name": "System" if system else f"@{username}",
        "set_online": set_online or system,
        "team_id": channel.team_id,
    }
    if post.file_ids:
        data["otherFile"] = "true"
    extra: dict[str, Json] = {}
    if mentioned and site.release >= (9,):
        extra = {user_id: {"mentions": dumps([user_id])} for user_id in mentioned}
    elif mentioned:
        data["mentions"] = dumps(mentioned)
    site.hub.publish(Event("posted", data, channel_id=channel.id, extra=extra))


def dumps(value: object) -> str:
    """JSON as a string within an event."""
    return json.dumps(value, ensure_ascii=False)
