"""Routes of teams and their members."""

from __future__ import annotations

import re
from dataclasses import replace

from aiohttp import web

from sekretar.sandbox.mattermost.call import Call, Route, answer, ok, typed
from sekretar.sandbox.mattermost.errors import Refused, forbidden, invalid_body
from sekretar.sandbox.mattermost.members import create_team, join_team, leave_team, tell_added
from sekretar.sandbox.mattermost.state import Json, Team
from sekretar.sandbox.mattermost.views import team_member_view, team_view

_NAME = re.compile(r"[a-z][a-z0-9\-]{0,62}[a-z0-9]")


def _view(call: Call, team: Team) -> Json:
    return team_view(team, admin=call.site.permissions.in_team(call.user, team.id, "manage_team"))


async def create(call: Call) -> web.Response:
    """POST /teams: the creator becomes the team's administrator."""
    body = await call.object("team")
    name, title = typed(body, "name", str, "", "team"), typed(body, "display_name", str, "", "team")
    kind = typed(body, "type", str, "", "team")
    if not _NAME.fullmatch(name) or not title or kind not in ("O", "I"):
        raise invalid_body("team")
    call.site.permissions.need_system(call.user, "create_team")
    if call.site.world.teams.first("name", name) is not None:
        raise Refused("app.team.save.existing.app_error", 400)
    team = create_team(call.site, name, title, kind, call.user.email)
    join_team(call.site, team, call.user, admin=True)
    return answer(_view(call, team), 201)


async def list_teams(call: Call) -> web.Response:
    """GET /teams: the open ones, all of them for administrators."""
    everything = call.site.permissions.in_system(call.user, "list_private_teams")
    teams = [t for t in call.site.world.teams if everything or t.allow_open_invite]
    return answer(
        [_view(call, team) for team in call.page(sorted(teams, key=lambda team: team.display_name))]
    )


async def get(call: Call) -> web.Response:
    """GET /teams/{team_id}."""
    team = call.team(call.id("team_id"))
    call.site.permissions.need_team(call.user, team.id, "view_team")
    return answer(_view(call, team))


async def get_by_name(call: Call) -> web.Response:
    """GET /teams/name/{team_name}."""
    team = call.site.world.teams.first("name", call.text("team_name"))
    if team is None:
        raise Refused("app.team.get_by_name.missing.app_error", 404)
    call.site.permissions.need_team(call.user, team.id, "view_team")
    return answer(_view(call, team))


async def of_user(call: Call) -> web.Response:
    """GET /users/{user_id}/teams."""
    user_id = call.id("user_id")
    call.site.permissions.need_editing(call.user, user_id)
    rows = [m for m in call.site.world.team_members.where("user_id", user_id) if not m.delete_at]
    return answer([_view(call, call.team(member.team_id)) for member in rows])


async def memberships_of_user(call: Call) -> web.Response:
    """GET /users/{user_id}/teams/members."""
    user_id = call.id("user_id")
    call.site.permissions.need_editing(call.user, user_id)
    rows = call.site.world.team_members.where("user_id", user_id)
    return answer([team_member_view(member) for member in rows if not member.delete_at])


async def members(call: Call) -> web.Response:
    """GET /teams/{team_id}/members."""
    team = call.team(call.id("team_id"))
    call.site.permissions.need_team(call.user, team.id, "view_team")
    rows = [m for m in call.site.world.team_members.where("team_id", team.id) if not m.delete_at]
    return answer([team_member_view(member) for member in call.page(sorted(rows, key=lambda m: m.user_id))])


async def member(call: Call) -> web.Response:
    """GET /teams/{team_id}/members/{user_id}."""
    team_id = call.id("team_id")
    call.site.permissions.need_team(call.user, team_id, "view_team")
    found = call.site.world.team_members.get(f"{team_id}/{call.id('user_id')}")
    if found is None:
        raise Refused("app.team.get_member.missing.app_error", 404)
    return answer(team_member_view(found))


async def add(call: Call) -> web.Response:
    """POST /teams/{team_id}/members."""
    body = await call.object("team_member")
    team = call.team(call.id("team_id"))
    if body.get("team_id") != team.id:
        raise invalid_body("team_id")
    target = call.user_named(typed(body, "user_id", str, "", "user_id"))
    if target.id == call.user.id and team.allow_open_invite:
        call.site.permissions.need_system(call.user, "join_public_teams")
    else:
        call.site.permissions.need_team(call.user, team.id, "add_user_to_team")
    if target.delete_at:
        raise invalid_body("user_id")
    member = join_team(call.site, team, target)
    tell_added(call.site, team, target)
    return answer(team_member_view(member), 201)


async def remove(call: Call) -> web.Response:
    """DELETE /teams/{team_id}/members/{user_id}."""
    team, target = call.team(call.id("team_id")), call.user_named(call.id("user_id"))
    if target.id != call.user.id:
        call.site.permissions.need_team(call.user, team.id, "remove_user_from_team")
    leave_team(call.site, team, target)
    return ok()


async def put_roles(call: Call) -> web.Response:
    """PUT /teams/{team_id}/members/{user_id}/roles."""
    body = await call.object("roles")
    names = typed(body, "roles", str, "", "roles").split()
    return _set_admin(call, "team_admin" in names)


async def put_scheme_roles(call: Call) -> web.Response:
    """PUT /teams/{team_id}/members/{user_id}/schemeRoles."""
    body = await call.object("scheme_roles")
    return _set_admin(call, typed(body, "scheme_admin", bool, False, "scheme_roles"))


def _set_admin(call: Call, admin: bool) -> web.Response:
    team_id, user_id = call.id("team_id"), call.id("user_id")
    call.site.permissions.need_team(call.user, team_id, "manage_team_roles")
    found = call.site.world.team_member(team_id, user_id)
    if found is None:
        raise Refused("app.team.get_member.missing.app_error", 404)
    call.site.world.team_members.put(replace(found, scheme_admin=admin))
    return ok()


async def exists(call: Call) -> web.Response:
    """GET /teams/name/{team_name}/exists."""
    team = call.site.world.teams.first("name", call.text("team_name"))
    visible = team is not None and call.site.permissions.in_team(call.user, team.id, "view_team")
    return answer({"exists": visible})


async def stats(call: Call) -> web.Response:
    """GET /teams/{team_id}/stats."""
    team = call.team(call.id("team_id"))
    if not call.site.permissions.in_team(call.user, team.id, "view_team"):
        raise forbidden(call.user.id, "view_team")
    rows = [m for m in call.site.world.team_members.where("team_id", team.id) if not m.delete_at]
    users = [call.site.world.users.get(m.user_id) for m in rows]
    active = sum(user is not None and not user.delete_at for user in users)
    return answer({"team_id": team.id, "total_member_count": len(rows), "active_member_count": active})


ROUTES = (
    Route("POST", "/api/v4/teams", create),
    Route("GET", "/api/v4/teams", list_teams),
    Route("GET", "/api/v4/teams/name/{team_name}", get_by_name),
    Route("GET", "/api/v4/teams/name/{team_name}/exists", exists),
    Route("GET", "/api/v4/teams/{team_id}", get),
    Route("GET", "/api/v4/teams/{team_id}/stats", stats),
    Route("GET", "/api/v4/teams/{team_id}/members", members),
    Route("POST", "/api/v4/teams/{team_id}/members", add),
    Route("GET", "/api/v4/teams/{team_id}/members/{user_id}", member),
    Route("DELETE", "/api/v4/teams/{team_id}/members/{user_id}", remove),
    Route("PUT", "/api/v4/teams/{team_id}/members/{user_id}/roles", put_roles),
    Route("PUT", "/api/v4/teams/{team_id}/members/{user_id}/schemeRoles", put_scheme_roles),
    Route("GET", "/api/v4/users/{user_id}/teams", of_user),
    Route("GET", "/api/v4/users/{user_id}/teams/members", memberships_of_user),
)
