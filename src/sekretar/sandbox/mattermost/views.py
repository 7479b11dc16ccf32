"""Rows as the API shows them: which keys are always there, which are omitted when empty, and who may see what."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from sekretar.sandbox.mattermost.permissions import channel_roles, team_roles
from sekretar.sandbox.mattermost.settings import Settings
from sekretar.sandbox.mattermost.state import (
    Bot,
    Channel,
    ChannelMember,
    Command,
    FileInfo,
    Json,
    OAuthApp,
    Post,
    Reaction,
    Role,
    Status,
    Team,
    TeamMember,
    User,
    World,
)

#: Keys of a post action that never leave the server.
_ACTION_SECRETS = ("integration",)


def user_view(user: User, bot: Bot | None, settings: Settings, *, private: bool) -> Json:
    """A user; `private` is what they see of themselves and administrators see of everybody."""
    view: Json = {
        "id": user.id,
        "create_at": user.create_at,
        "update_at": user.update_at,
        "delete_at": user.delete_at,
        "username": user.username,
        "auth_data": "",
        "auth_service": "",
        "email": user.email if private or settings.show_email_address else "",
        "nickname": user.nickname,
        "first_name": user.first_name if private or settings.show_full_name else "",
        "last_name": user.last_name if private or settings.show_full_name else "",
        "position": user.position,
        "roles": user.roles,
        "locale": user.locale,
        "timezone": dict(user.timezone),
        "disable_welcome_email": False,
    }
    if user.props:
        view["props"] = dict(user.props)
    if private and not user.is_bot:
        view["notify_props"] = dict(user.notify_props)
        view["last_password_update"] = user.create_at
    if user.is_bot:
        view["is_bot"] = True
        if bot is not None and bot.description:
            view["bot_description"] = bot.description
    return view


def bot_view(bot: Bot, username: str) -> Json:
    view: Json = {
        "user_id": bot.user_id,
        "username": username,
        "owner_id": bot.owner_id,
        "create_at": bot.create_at,
        "update_at": bot.update_at,
        "delete_at": bot.delete_at,
    }
    if bot.display_name:
        view["display_name"] = bot.display_name
    if bot.description:
        view["description"] = bot.description
    return view


def team_view(team: Team, *, admin: bool) -> Json:
    return {
        "id": team.id,
        "create_at": team.create_at,
        "update_at": team.update_at,
        "delete_at": team.delete_at,
        "display_name": team.display_name,
        "name": team.name,
        "description": team.description,
        "email": team.email if admin else "",
        "type": team.type,
        "company_name": "",
        "allowed_domains": "",
        "invite_id": team.invite_id if admin else "",
        "allow_open_invite": team.allow_open_invite,
        "scheme_id": None,
        "group_constrained": None,
        "policy_id": None,
    }


def team_member_view(member: TeamMember) -> Json:
    return {
        "team_id": member.team_id,
        "user_id": member.user_id,
        "roles": " ".join(team_roles(member.scheme_admin)),
        "delete_at": member.delete_at,
        "scheme_guest": False,
        "scheme_user": True,
        "scheme_admin": member.scheme_admin,
        "explicit_roles": "",
    }


def channel_view(channel: Channel) -> Json:
    return {
        "id": channel.id,
        "create_at": channel.create_at,
        "update_at": channel.update_at,
        "delete_at": channel.delete_at,
        "team_id": channel.team_id,
        "type": channel.type,
        "display_name": channel.display_name,
        "name": channel.name,
        "header": channel.header,
        "purpose": channel.purpose,
        "last_post_at": channel.last_post_at,
        "total_msg_count": channel.total_msg_count,
        "extra_update_at": 0,
        "creator_id": channel.creator_id,
        "scheme_id": None,
        "props": None,
        "group_constrained": None,
        "shared": None,
        "total_msg_count_root": channel.total_msg_count_root,
        "policy_id": None,
    }


def channel_member_view(member: ChannelMember) -> Json:
    return {
        "channel_id": member.channel_id,
        "user_id": member.user_id,
        "roles": " ".join(channel_roles(member.scheme_admin)),
        "last_viewed_at": member.last_viewed_at,
        "msg_count": member.msg_count,
        "mention_count": member.mention_count,
        "mention_count_root": member.mention_count_root,
        "msg_count_root": member.msg_count_root,
        "notify_props": {
            "desktop": "default",
            "email": "default",
            "ignore_channel_mentions": "default",
            "mark_unread": "all",
            "push": "default",
        },
        "last_update_at": member.last_update_at,
        "scheme_guest": False,
        "scheme_user": True,
        "scheme_admin": member.scheme_admin,
        "explicit_roles": "",
    }


def post_view(post: Post, world: World, *, pending_post_id: str = "", counts: bool = True) -> Json:
    """A post as clients get it: without the integrations of its actions, with its metadata."""
    replies = (
        [r for r in world.posts.where("root_id", post.root_id or post.id) if not r.delete_at]
        if counts
        else []
    )
    view: Json = {
        "id": post.id,
        "create_at": post.create_at,
        "update_at": post.update_at,
        "edit_at": post.edit_at,
        "delete_at": post.delete_at,
        "is_pinned": post.is_pinned,
        "user_id": post.user_id,
        "channel_id": post.channel_id,
        "root_id": post.root_id,
        **({"parent_id": post.root_id} if world.is_old else {}),
        "original_id": post.original_id,
        "message": "" if post.delete_at else post.message,
        "type": post.type,
        "props": without_integrations(post.props),
        "hashtags": post.hashtags,
        "pending_post_id": pending_post_id,
        "reply_count": len(replies),
        "last_reply_at": max((r.create_at for r in replies), default=0) if not post.root_id else 0,
        "participants": None,
        "metadata": {} if post.delete_at else _metadata(post, world),
    }
    if post.file_ids:
        view["file_ids"] = list(post.file_ids)
    if post.has_reactions:
        view["has_reactions"] = True
    return view


#: The keys of an attachment, as the server's own structure has them; whatever else was posted is not shown.
_ATTACHMENT: Json = {
    "id": 0, "fallback": "", "color": "", "pretext": "", "author_name": "", "author_link": "", "author_icon": "",
    "title": "", "title_link": "", "text": "", "fields": None, "image_url": "", "thumb_url": "", "footer": "",
    "footer_icon": "", "ts": None,
}  # fmt: skip


def without_integrations(props: Json) -> Json:
    """A copy of the props in which no action says where it leads or what it carries."""
    public = copy.deepcopy(props)
    if isinstance(public.get("attachments"), list):
        public["attachments"] = [whole_attachment(a) for a in public["attachments"] if isinstance(a, dict)]
    for action in actions_of(public):
        for key in _ACTION_SECRETS:
            action.pop(key, None)
    return public


def whole_attachment(given: Json) -> Json:
    """The attachment with all keys that the server knows, and no other."""
    whole = {key: given.get(key, default) for key, default in _ATTACHMENT.items()}
    if given.get("actions"):
        whole["actions"] = given["actions"]
    return whole


def actions_of(props: Json) -> Iterable[Json]:
    """The actions of all attachments, as far as the attachments have the shape that the server reads."""
    attachments = props.get("attachments")
    for attachment in attachments if isinstance(attachments, list) else []:
        actions = attachment.get("actions") if isinstance(attachment, dict) else None
        for action in actions if isinstance(actions, list) else []:
            if isinstance(action, dict):
                yield action


def _metadata(post: Post, world: World) -> Json:
    metadata: dict[str, Any] = {}
    if post.props.get("attachments"):
        metadata["embeds"] = [{"type": "message_attachment"}]
    files = [info for info in map(world.files.get, post.file_ids) if info is not None]
    if files:
        metadata["files"] = [file_view(info) for info in files]
    if post.has_reactions:
        metadata["reactions"] = [
            reaction_view(r, post.channel_id, world) for r in world.reactions.where("post_id", post.id)
        ]
    if post.priority:
        metadata["priority"] = dict(post.priority)
    return metadata


def reaction_view(reaction: Reaction, channel_id: str, world: World) -> Json:
    return {
        "user_id": reaction.user_id,
        "post_id": reaction.post_id,
        "emoji_name": reaction.emoji_name,
        "create_at": reaction.create_at,
        "update_at": reaction.update_at,
        "delete_at": 0,
        "remote_id": "",
        **({} if world.is_old else {"channel_id": channel_id}),
    }


def file_view(info: FileInfo) -> Json:
    view: Json = {
        "id": info.id,
        "user_id": info.user_id,
        "channel_id": info.channel_id,
        "create_at": info.create_at,
        "update_at": info.create_at,
        "delete_at": 0,
        "name": info.name,
        "extension": info.extension,
        "size": info.size,
        "mime_type": info.mime_type,
        "mini_preview": None,
        "remote_id": "",
    }
    if info.post_id:
        view["post_id"] = info.post_id
    return view


def command_view(command: Command) -> Json:
    return {**vars(command), "plugin_id": ""}


def role_view(role: Role) -> Json:
    return {**vars(role), "permissions": list(role.permissions)}


def status_view(status: Status) -> Json:
    return {**vars(status)}


def oauth_app_view(app: OAuthApp, *, secret: bool) -> Json:
    view: Json = {**vars(app), "callback_urls": list(app.callback_urls)}
    if not secret:
        view["client_secret"] = ""
    if not app.is_public:
        del view["is_public"]
    return view
