"""Routes of users: login, reading, changing, roles, deactivation."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from aiohttp import web

from sekretar.sandbox.mattermost.accounts import change_user, deactivate, new_user, open_session, reactivate
from sekretar.sandbox.mattermost.call import Call, Route, answer, ok, typed
from sekretar.sandbox.mattermost.errors import Refused, forbidden, invalid_body
from sekretar.sandbox.mattermost.permissions import ASSIGNABLE
from sekretar.sandbox.mattermost.state import Json, User

_PATCHABLE = ("first_name", "last_name", "nickname", "position", "locale", "username", "email")


async def login(call: Call) -> web.Response:
    """POST /users/login: the user in the body, the session's token in the header `Token`."""
    body = await call.object("props")
    name = typed(body, "login_id", str, "", "props").lower()
    world = call.site.world
    user = world.users.get(typed(body, "id", str, "", "props"))
    user = user or world.users.first("username", name) or world.users.first("email", name)
    if user is None or user.is_bot or not user.password or body.get("password") != user.password:
        raise Refused("api.user.login.invalid_credentials_email_username", 401)
    if user.delete_at:
        raise Refused("api.user.login.inactive.app_error", 401)
    session = open_session(call.site, user)
    response = answer(call.site.show_user(user, user), headers={"Token": session.token})
    if call.request.headers.get("X-Requested-With") == "XMLHttpRequest":
        lifetime = int(call.site.limits.session / timedelta(seconds=1))
        response.set_cookie("MMAUTHTOKEN", session.token, max_age=lifetime, httponly=True)
        response.set_cookie("MMUSERID", user.id, max_age=lifetime)
        response.set_cookie("MMCSRF", session.csrf, max_age=lifetime)
    return response


async def logout(call: Call) -> web.Response:
    """POST /users/logout."""
    if call.session is not None:
        call.site.world.sessions.remove(call.session.token)
    response = ok()
    response.del_cookie("MMAUTHTOKEN")
    return response


async def create(call: Call) -> web.Response:
    """POST /users: by administrators, by anyone on an open server, by anyone for the very first user."""
    body = await call.object("user")
    site = call.site
    first = len(site.world.users) == 0
    admin = call.session is not None and site.permissions.in_system(call.user, "manage_system")
    if not (first or admin or site.settings.enable_open_server):
        raise Refused("api.user.create_user.disabled.app_error", 501)
    username, email = typed(body, "username", str, "", "user"), typed(body, "email", str, "", "user")
    password = typed(body, "password", str, "", "user")
    if not username or "@" not in email or not password:
        raise invalid_body("user")
    user = new_user(
        site, username, email=email, password=password, roles="system_admin system_user" if first else ""
    )
    user = change_user(site, user, _profile(body))
    return answer(site.show_user(user, user), 201)


def _profile(body: Json) -> dict[str, Any]:
    changes = {name: typed(body, name, str, None, "user") for name in _PATCHABLE}
    for name in ("timezone", "props", "notify_props"):
        changes[name] = typed(body, name, dict, None, "user")
    return {name: value for name, value in changes.items() if value is not None}


async def get(call: Call) -> web.Response:
    """GET /users/{user_id}."""
    return answer(call.site.show_user(call.user_named(call.id("user_id")), call.user))


async def get_by_username(call: Call) -> web.Response:
    """GET /users/username/{username}."""
    user = call.site.world.users.first("username", call.text("username").lower())
    if user is None:
        raise Refused("app.user.get_by_username.app_error", 404)
    return answer(call.site.show_user(user, call.user))


async def get_by_email(call: Call) -> web.Response:
    """GET /users/email/{email}: refused while e-mail addresses are hidden from the caller."""
    site = call.site
    if not site.settings.show_email_address and not site.permissions.in_system(call.user, "manage_system"):
        raise forbidden(call.user.id, "manage_system")
    user = site.world.users.first("email", call.text("email").lower())
    if user is None:
        raise Refused("app.user.missing_account.const", 404)
    return answer(site.show_user(user, call.user))


async def get_ids(call: Call) -> web.Response:
    """POST /users/ids: those that exist, deactivated ones too."""
    found = [call.site.world.users.get(user_id) for user_id in await call.strings("user_ids")]
    return answer([call.site.show_user(user, call.user) for user in found if user is not None])


async def get_usernames(call: Call) -> web.Response:
    """POST /users/usernames: those that exist."""
    names = await call.strings("usernames")
    found = [call.site.world.users.first("username", name) for name in names]
    return answer([call.site.show_user(user, call.user) for user in found if user is not None])


async def list_users(call: Call) -> web.Response:
    """GET /users: by name, optionally of one team or channel."""
    world = call.site.world
    users = list(world.users)
    team, channel = call.query("in_team"), call.query("in_channel")
    if team:
        call.site.permissions.need_team(call.user, team, "view_team")
        users = [user for user in users if world.team_member(team, user.id)]
    if channel:
        call.site.permissions.need_reading(call.user, call.channel(channel))
        users = [user for user in users if world.channel_member(channel, user.id)]
    if call.flag("active"):
        users = [user for user in users if not user.delete_at]
    users.sort(key=lambda user: user.username)
    return answer([call.site.show_user(user, call.user) for user in call.page(users)])


async def search(call: Call) -> web.Response:
    """POST /users/search: active users whose name begins with the term."""
    body = await call.object("props")
    term = typed(body, "term", str, "", "term").lower()
    if not term:
        raise invalid_body("term")
    found = [user for user in _matching(call, term) if body.get("allow_inactive") or not user.delete_at]
    return answer([call.site.show_user(user, call.user) for user in found[:100]])


async def autocomplete(call: Call) -> web.Response:
    """GET /users/autocomplete?name=."""
    found = [user for user in _matching(call, call.query("name").lower()) if not user.delete_at]
    return answer({"users": [call.site.show_user(user, call.user) for user in found[:100]]})


def _matching(call: Call, term: str) -> list[User]:
    def names(user: User) -> list[str]:
        return [user.username, user.first_name, user.last_name, user.nickname]

    users = sorted(call.site.world.users, key=lambda user: user.username)
    return [user for user in users if any(name.lower().startswith(term.lstrip("@")) for name in names(user))]


async def patch(call: Call) -> web.Response:
    """PUT /users/{user_id}/patch."""
    body = await call.object("user")
    target = call.user_named(call.id("user_id"))
    call.site.permissions.need_editing(call.user, target.id)
    return answer(call.site.show_user(change_user(call.site, target, _profile(body)), call.user))


async def put_roles(call: Call) -> web.Response:
    """PUT /users/{user_id}/roles."""
    body = await call.object("roles")
    names = typed(body, "roles", str, "", "roles").split()
    call.site.permissions.need_system(call.user, "manage_roles")
    target = call.user_named(call.id("user_id"))
    for name in names:
        if call.site.world.roles.first("name", name) is None:
            raise Refused("app.role.check_roles_exist.role_not_found", 400)
        if name not in ASSIGNABLE and not call.site.settings.licensed:
            raise Refused("api.user.update_user_roles.license.app_error", 400)
    change_user(call.site, target, {"roles": " ".join(names)})
    return ok()


async def put_active(call: Call) -> web.Response:
    """PUT /users/{user_id}/active."""
    body = await call.object("user")
    active = typed(body, "active", bool, None, "active")
    if active is None:
        raise invalid_body("active")
    target = call.user_named(call.id("user_id"))
    if not call.site.permissions.may_edit_user(call.user, target.id):
        raise Refused("api.user.update_active.permissions.app_error", 403)
    if active:
        call.site.permissions.need_system(call.user, "manage_system")
        reactivate(call.site, target)
    else:
        deactivate(call.site, target)
    return ok()


async def delete(call: Call) -> web.Response:
    """DELETE /users/{user_id}: deactivates."""
    target = call.user_named(call.id("user_id"))
    call.site.permissions.need_editing(call.user, target.id)
    deactivate(call.site, target)
    return ok()


async def sessions(call: Call) -> web.Response:
    """GET /users/{user_id}/sessions: without their tokens."""
    user_id = call.id("user_id")
    call.site.permissions.need_editing(call.user, user_id)
    rows = call.site.world.sessions.where("user_id", user_id)
    return answer([{**vars(row), "token": "", "csrf": ""} for row in rows])


async def revoke_session(call: Call) -> web.Response:
    """POST /users/{user_id}/sessions/revoke."""
    body = await call.object("session_id")
    user_id = call.id("user_id")
    call.site.permissions.need_editing(call.user, user_id)
    session = call.site.world.sessions.first("id", body.get("session_id"))
    if session is None or session.user_id != user_id:
        raise invalid_body("session_id")
    call.site.world.sessions.remove(session.token)
    return ok()


async def change_password(call: Call) -> web.Response:
    """PUT /users/{user_id}/password: the old one is needed unless an administrator asks."""
    body = await call.object("props")
    target = call.user_named(call.id("user_id"))
    new = typed(body, "new_password", str, "", "new_password")
    admin = call.site.permissions.in_system(call.user, "manage_system") and target.id != call.user.id
    if not new or (target.id != call.user.id and not admin):
        raise invalid_body("new_password") if not new else forbidden(call.user.id, "edit_other_users")
    if not admin and body.get("current_password") != target.password:
        raise Refused("api.user.check_user_password.invalid.app_error", 400)
    call.site.world.users.put(replace(target, password=new, update_at=call.site.now()))
    return ok()


ROUTES = (
    Route("POST", "/api/v4/users/login", login, open=True),
    Route("POST", "/api/v4/users/logout", logout, open=True),
    Route("POST", "/api/v4/users", create, open=True),
    Route("GET", "/api/v4/users", list_users),
    Route("POST", "/api/v4/users/ids", get_ids),
    Route("POST", "/api/v4/users/usernames", get_usernames),
    Route("POST", "/api/v4/users/search", search),
    Route("GET", "/api/v4/users/autocomplete", autocomplete),
    Route("GET", "/api/v4/users/username/{username}", get_by_username),
    Route("GET", "/api/v4/users/email/{email}", get_by_email),
    Route("GET", "/api/v4/users/{user_id}", get),
    Route("DELETE", "/api/v4/users/{user_id}", delete),
    Route("PUT", "/api/v4/users/{user_id}/patch", patch),
    Route("PUT", "/api/v4/users/{user_id}/roles", put_roles),
    Route("PUT", "/api/v4/users/{user_id}/active", put_active),
    Route("PUT", "/api/v4/users/{user_id}/password", change_password),
    Route("GET", "/api/v4/users/{user_id}/sessions", sessions),
    Route("POST", "/api/v4/users/{user_id}/sessions/revoke", revoke_session),
)
