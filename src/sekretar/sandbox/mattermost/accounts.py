"""Users and bots coming, changing and going, with what each change entails."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sekretar.sandbox.mattermost.errors import Refused
from sekretar.sandbox.mattermost.identifiers import new_id
from sekretar.sandbox.mattermost.presence import go_offline
from sekretar.sandbox.mattermost.site import Site
from sekretar.sandbox.mattermost.state import AccessToken, Bot, Session, User

_USERNAME = re.compile(r"[a-z0-9][a-z0-9.\-_]{2,63}")
_RESERVED = frozenset({"all", "channel", "here", "matterbot", "system"})
_NOTIFY = {
    "channel": "true", "comments": "never", "desktop": "mention", "desktop_sound": "true", "email": "true",
    "first_name": "false", "mention_keys": "", "push": "mention", "push_status": "away",
}  # fmt: skip


def new_user(
    site: Site, username: str, *, email: str, password: str = "", roles: str = "", is_bot: bool = False
) -> User:
    """Store a user; 400 when the name or the address is taken or malformed."""
    username, email = username.lower(), email.lower()
    if not _USERNAME.fullmatch(username) or username in _RESERVED:
        raise Refused("model.user.is_valid.username.app_error", 400)
    if site.world.users.first("username", username) is not None:
        raise Refused("app.user.save.username_exists.app_error", 400)
    if site.world.users.first("email", email) is not None:
        raise Refused("app.user.save.email_exists.app_error", 400)
    now = site.now()
    user = User(
        id=new_id(),
        username=username,
        email=email,
        password=password,
        create_at=now,
        update_at=now,
        roles=roles or "system_user",
        locale=site.settings.default_locale,
        notify_props=dict(_NOTIFY),
        is_bot=is_bot,
    )
    return site.world.users.put(user)


def new_bot(site: Site, username: str, owner: User, display_name: str, description: str) -> Bot:
    """Store a bot and the user that it is."""
    user = new_user(site, username, email=f"{username}@localhost", is_bot=True)
    site.world.users.put(replace(user, first_name=display_name))
    bot = Bot(user.id, owner.id, user.create_at, user.create_at, 0, description, display_name)
    return site.world.bots.put(bot)


def new_token(site: Site, user: User, description: str) -> AccessToken:
    """A personal access token; it never expires."""
    return site.world.access_tokens.put(AccessToken(new_id(), new_id(), user.id, description))


def open_session(site: Site, user: User) -> Session:
    """What a login leaves behind."""
    now = site.now()
    lifetime = site.limits.session // timedelta(milliseconds=1)
    session = Session(new_id(), new_id(), user.id, now, now + lifetime, csrf=new_id())
    return site.world.sessions.put(session)


def change_user(site: Site, user: User, changes: dict[str, Any]) -> User:
    """Store the changed user and tell everyone."""
    for name in ("username", "email"):
        if name in changes:
            changes = {**changes, name: changes[name].lower()}
            holder = site.world.users.first(name, changes[name])
            if holder is not None and holder.id != user.id:
                raise Refused(f"app.user.save.{name}_exists.app_error", 400)
    user = site.world.users.put(replace(user, **changes, update_at=site.now()))
    site.tell_user_updated(user)
    return user


def deactivate(site: Site, user: User) -> None:
    """Lock the user out: sessions end, sockets close, and bots of the user too, if the server is set so."""
    now = site.now()
    go_offline(site, user.id)
    site.tell_user_updated(site.world.users.put(replace(user, delete_at=now, update_at=now)))
    for session in site.world.sessions.where("user_id", user.id):
        site.world.sessions.remove(session.token)
    site.hub.drop_sockets(user.id)
    bot = site.world.bots.get(user.id)
    if bot is not None:
        site.world.bots.put(replace(bot, delete_at=now, update_at=now))
    if site.settings.disable_bots_when_owner_is_deactivated:
        for owned in site.world.bots.where("owner_id", user.id):
            account = site.world.users.get(owned.user_id)
            if account is not None and not account.delete_at:
                deactivate(site, account)


def reactivate(site: Site, user: User) -> None:
    """Let the user in again."""
    now = site.now()
    site.tell_user_updated(site.world.users.put(replace(user, delete_at=0, update_at=now)))
    bot = site.world.bots.get(user.id)
    if bot is not None:
        site.world.bots.put(replace(bot, delete_at=0, update_at=now))
