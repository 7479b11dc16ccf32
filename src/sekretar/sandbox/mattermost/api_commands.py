"""Routes of slash commands."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from sekretar.sandbox.mattermost.call import Call, Route, answer, ok, typed
from sekretar.sandbox.mattermost.commands import BUILT_IN, Invocation, answer_later, execute
from sekretar.sandbox.mattermost.errors import Refused, forbidden, invalid_body, invalid_url
from sekretar.sandbox.mattermost.identifiers import is_id, new_id
from sekretar.sandbox.mattermost.permissions import TEAMLESS, slash_permission
from sekretar.sandbox.mattermost.state import Command, Json
from sekretar.sandbox.mattermost.views import command_view

_OTHERS = "manage_others_slash_commands"
_TEXTS = ("username", "icon_url", "auto_complete_desc", "auto_complete_hint", "display_name", "description")


def _check_enabled(call: Call) -> None:
    if not call.site.settings.enable_commands:
        raise Refused("api.command.disabled.app_error", 501)


async def create(call: Call) -> web.Response:
    """POST /commands: 201 with the command and its token."""
    body = await call.object("command")
    site, user = call.site, call.user
    team_id = typed(body, "team_id", str, "", "command")
    site.permissions.need_team(user, team_id, slash_permission(site.release))
    _check_enabled(call)
    now = site.now()
    command = Command(
        id=new_id(),
        token=new_id(),
        create_at=now,
        update_at=now,
        creator_id=user.id,
        team_id=team_id,
        **_fields(body),
    )
    _check(call, command)
    return answer(command_view(site.world.commands.put(command)), 201)


def _fields(body: Json) -> dict[str, Any]:
    fields: dict[str, Any] = {name: typed(body, name, str, "", "command") for name in _TEXTS}
    fields["trigger"] = typed(body, "trigger", str, "", "command").lower()
    fields["method"] = typed(body, "method", str, "", "command")
    fields["url"] = typed(body, "url", str, "", "command")
    fields["auto_complete"] = typed(body, "auto_complete", bool, False, "command")
    return fields


def _check(call: Call, command: Command) -> None:
    """400 for a command that the server would not store."""
    trigger, limits = command.trigger, {"display_name": 64, "description": 128}
    taken = (c for c in call.site.world.commands.where("team_id", command.team_id) if c.id != command.id)
    if trigger in BUILT_IN or any(c.trigger == trigger for c in taken):
        raise Refused("api.command.duplicate_trigger.app_error", 400)
    if not 1 <= len(trigger) <= 128 or trigger.startswith("/") or " " in trigger:
        raise Refused("model.command.is_valid.trigger.app_error", 400)
    if not 1 <= len(command.url) <= 1024:
        raise Refused("model.command.is_valid.url.app_error", 400)
    if urlsplit(command.url).scheme not in ("http", "https"):
        raise Refused("model.command.is_valid.url_http.app_error", 400)
    if command.method not in ("P", "G"):
        raise Refused("model.command.is_valid.method.app_error", 400)
    for name, limit in limits.items():
        if len(getattr(command, name)) > limit:
            raise Refused(f"model.command.is_valid.{name}.app_error", 400)


async def list_commands(call: Call) -> web.Response:
    """GET /commands?team_id=: what the caller may manage; without rights only what autocompletes."""
    site, team_id = call.site, call.query("team_id")
    if not team_id:
        raise invalid_body("team_id")
    site.permissions.need_team(call.user, team_id, "view_team")
    commands = site.world.commands.where("team_id", team_id)
    if site.permissions.in_team(call.user, team_id, slash_permission(site.release)):
        if not site.permissions.in_team(call.user, team_id, _OTHERS):
            commands = [command for command in commands if command.creator_id == call.user.id]
        return answer([command_view(command) for command in commands])
    if call.flag("custom_only"):
        raise forbidden(call.user.id, slash_permission(site.release))
    return answer([_autocomplete_view(command) for command in commands if command.auto_complete])


async def autocomplete(call: Call) -> web.Response:
    """GET /teams/{team_id}/commands/autocomplete: without tokens and addresses."""
    team_id = call.id("team_id")
    call.site.permissions.need_team(call.user, team_id, "view_team")
    found = call.site.world.commands.where("team_id", team_id)
    return answer([_autocomplete_view(command) for command in found if command.auto_complete])


def _autocomplete_view(command: Command) -> Json:
    return {**command_view(command), "token": "", "creator_id": "", "method": "", "url": "", "username": "",
            "icon_url": ""}  # fmt: skip


def _managed(call: Call, command_id: str) -> Command:
    """The command, if the caller may manage it; its existence is not given away."""
    site = call.site
    command = site.world.commands.get(command_id)
    if command is None or not site.permissions.in_team(
        call.user, command.team_id, slash_permission(site.release)
    ):
        raise Refused("store.sql_command.save.get.app_error", 404)
    if command.creator_id != call.user.id:
        site.permissions.need_team(call.user, command.team_id, _OTHERS)
    return command


async def get(call: Call) -> web.Response:
    """GET /commands/{command_id}."""
    return answer(command_view(_managed(call, call.id("command_id"))))


async def put(call: Call) -> web.Response:
    """PUT /commands/{command_id}: replaces everything but id, token, creator and team."""
    body = await call.object("command")
    command = _managed(call, call.id("command_id"))
    if body.get("id") != command.id:
        raise invalid_body("command")
    if body.get("team_id", command.team_id) != command.team_id:
        raise Refused(
            "api.context.invalid_body_param.app_error", 400, message="Unable to update commands across teams."
        )
    after = replace(command, **_fields(body), update_at=call.site.now())
    _check(call, after)
    return answer(command_view(call.site.world.commands.put(after)))


async def move(call: Call) -> web.Response:
    """PUT /commands/{command_id}/move."""
    body = await call.object("team_id")
    command = _managed(call, call.id("command_id"))
    team = call.team(typed(body, "team_id", str, "", "team_id"))
    call.site.permissions.need_team(call.user, team.id, slash_permission(call.site.release))
    after = replace(command, team_id=team.id, update_at=call.site.now())
    _check(call, after)
    call.site.world.commands.put(after)
    return ok()


async def regenerate(call: Call) -> web.Response:
    """PUT /commands/{command_id}/regen_token."""
    command = _managed(call, call.id("command_id"))
    call.site.world.commands.put(replace(command, token=new_id(), update_at=call.site.now()))
    renewed = call.site.world.commands.get(command.id)
    return answer({"token": renewed.token if renewed else ""})


async def delete(call: Call) -> web.Response:
    """DELETE /commands/{command_id}."""
    call.site.world.commands.remove(_managed(call, call.id("command_id")).id)
    return ok()


async def run(call: Call) -> web.Response:
    """POST /commands/execute: as the client of a person does."""
    body = await call.object("command_args")
    line = typed(body, "command", str, "", "command_args")
    channel_id = typed(body, "channel_id", str, "", "command_args")
    if len(line) <= 1 or not line.startswith("/") or not is_id(channel_id):
        raise Refused("api.command.execute_command.start.app_error", 400)
    site, user = call.site, call.user
    site.permissions.need_channel(
        user, channel_id, "create_post" if site.release >= (9,) else "use_slash_commands"
    )
    channel = call.channel(channel_id)
    if channel.delete_at:
        raise Refused("api.command.execute_command.deleted.error", 400)
    team_id = channel.team_id
    if channel.type in TEAMLESS:
        # A direct channel belongs to no team: the client says which team is open, and must be a member of it.
        team_id = typed(body, "team_id", str, "", "command_args")
        if site.world.team_member(team_id, user.id) is None:
            site.permissions.need_system(
                user, "create_post" if site.release >= (9,) else "use_slash_commands"
            )
    _check_enabled(call)
    trigger, _, text = line[1:].partition(" ")
    root_id = typed(body, "root_id", str, "", "command_args")
    invocation = Invocation(user, channel, call.team(team_id), trigger.lower(), text, root_id)
    return answer(await execute(site, invocation))


async def respond_later(call: Call) -> web.Response:
    """POST /hooks/commands/{hook_id}: what an integration says after its first answer."""
    hook_id = call.text("hook_id")
    if not is_id(hook_id):
        raise invalid_url("hook_id")
    body = await call.request.read()
    answer_later(call.site, hook_id, call.request.headers.get("Content-Type", ""), body)
    return web.Response(text="ok")


ROUTES = (
    Route("POST", "/api/v4/commands", create),
    Route("GET", "/api/v4/commands", list_commands),
    Route("POST", "/api/v4/commands/execute", run),
    Route("GET", "/api/v4/commands/{command_id}", get),
    Route("PUT", "/api/v4/commands/{command_id}", put),
    Route("DELETE", "/api/v4/commands/{command_id}", delete),
    Route("PUT", "/api/v4/commands/{command_id}/move", move),
    Route("PUT", "/api/v4/commands/{command_id}/regen_token", regenerate),
    Route("GET", "/api/v4/teams/{team_id}/commands/autocomplete", autocomplete),
    Route("POST", "/hooks/commands/{hook_id}", respond_later, open=True),
)
