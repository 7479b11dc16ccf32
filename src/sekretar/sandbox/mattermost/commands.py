"""Running a slash command: the request to the integration, and what becomes of its answer."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sekretar.sandbox.mattermost import slack
from sekretar.sandbox.mattermost.errors import COMMAND_FAILED, Refused
from sekretar.sandbox.mattermost.identifiers import new_id
from sekretar.sandbox.mattermost.outgoing import Answer, OutgoingFailed
from sekretar.sandbox.mattermost.posting import check_post, save_post, send_ephemeral
from sekretar.sandbox.mattermost.presence import set_status
from sekretar.sandbox.mattermost.site import Site
from sekretar.sandbox.mattermost.state import Channel, Command, Json, Post, ResponseHook, Team, User
from sekretar.sandbox.mattermost.views import whole_attachment

#: Triggers that belong to the server. Those in `_STATUSES` and `me` also do something here.
BUILT_IN = frozenset(
    [
        "away",
        "code",
        "collapse",
        "custom_status",
        "dnd",
        "echo",
        "expand",
        "expand_collapse",
        "groupmsg",
        "header",
        "help",
        "invite",
        "invite_people",
        "join",
        "kick",
        "leave",
        "logout",
        "me",
        "msg",
        "mute",
        "offline",
        "online",
        "open",
        "purpose",
        "remove",
        "rename",
        "remote",
        "search",
        "secure-connection",
        "settings",
        "share-channel",
        "shortcuts",
        "shrug",
        "status",
    ]
)
_STATUSES = {"online": "online", "away": "away", "dnd": "dnd", "offline": "offline"}
_USER_MENTION = re.compile(r"\B@([a-z0-9.\-_]+)", re.IGNORECASE)
_CHANNEL_MENTION = re.compile(r"\B~([a-z0-9.\-_]+)", re.IGNORECASE)
_TEXTS = (
    "response_type",
    "text",
    "username",
    "icon_url",
    "channel_id",
    "goto_location",
    "type",
    "trigger_id",
)


@dataclass(frozen=True)
class Invocation:
    """Who ran what where."""

    user: User
    channel: Channel
    team: Team
    trigger: str
    text: str
    root_id: str


class BadResponse(ValueError):
    """An integration's answer is JSON, but not a command response."""


def blank_response() -> Json:
    """A command response with nothing in it, every key there, as the server encodes it."""
    return {
        "response_type": "", "text": "", "username": "", "channel_id": "", "icon_url": "", "type": "", "props": None,
        "goto_location": "", "trigger_id": "", "skip_slack_parsing": False, "attachments": None,
        "extra_responses": None,
    }  # fmt: skip


async def execute(site: Site, invocation: Invocation) -> Json:
    """Run the command and show its answer; returns what the client gets."""
    if invocation.trigger in _STATUSES:
        set_status(site, invocation.user.id, _STATUSES[invocation.trigger])
        return blank_response()
    if invocation.trigger == "me":
        now = site.now()
        text = f"*{invocation.text}*"
        user, channel = invocation.user, invocation.channel
        props = {"message": invocation.text}
        save_post(site, Post(new_id(), channel.id, user.id, text, now, now, root_id=invocation.root_id, type="me",
                             props=props))  # fmt: skip
        return blank_response()
    command = next(
        (
            c
            for c in site.world.commands.where("team_id", invocation.team.id)
            if c.trigger == invocation.trigger
        ),
        None,
    )
    if command is None:
        if invocation.trigger in BUILT_IN:
            site.journal.warn(f"the built-in command /{invocation.trigger} is not part of the sandbox")
        raise Refused("api.command.execute_command.not_found.app_error", 404, trigger=invocation.trigger)
    return await _run(site, command, invocation)


async def _run(site: Site, command: Command, invocation: Invocation) -> Json:
    client_trigger, trigger_id = site.seals.trigger(invocation.user.id, site.now())
    hook = ResponseHook(
        id=new_id(),
        command_id=command.id,
        user_id=invocation.user.id,
        channel_id=invocation.channel.id,
        team_id=invocation.team.id,
        root_id=invocation.root_id,
        create_at=site.now(),
    )
    site.world.response_hooks.put(hook)
    form = _form(site, command, invocation, trigger_id, f"{site.url}/hooks/commands/{hook.id}")
    method = "GET" if command.method == "G" else "POST"
    try:
        answer = await site.outgoing.send_form(method, command.url, form, command.token)
    except OutgoingFailed as error:
        raise Refused(COMMAND_FAILED, 500, str(error), trigger=command.trigger) from error
    response = _parse(answer, command.trigger)
    show(site, command, hook, response)
    if response["attachments"]:
        response["attachments"] = [
            whole_attachment(a) for a in response["attachments"] if isinstance(a, dict)
        ]
    return {**response, "trigger_id": client_trigger}


def _form(
    site: Site, command: Command, invocation: Invocation, trigger_id: str, response_url: str
) -> list[tuple[str, str]]:
    pairs = {
        "token": command.token,
        "team_id": command.team_id,
        "team_domain": invocation.team.name,
        "channel_id": invocation.channel.id,
        "channel_name": invocation.channel.name,
        "user_id": invocation.user.id,
        "user_name": invocation.user.username,
        "command": f"/{command.trigger}",
        "text": invocation.text,
        "trigger_id": trigger_id,
        "response_url": response_url,
    }
    if site.release >= (6,):
        pairs["root_id"] = invocation.root_id
    form = list(pairs.items())
    for name in dict.fromkeys(_USER_MENTION.findall(invocation.text)):
        user = site.world.users.first("username", name.lower())
        if user is not None and site.world.team_member(invocation.team.id, user.id):
            form += [("user_mentions", name), ("user_mentions_ids", user.id)]
    for name in dict.fromkeys(_CHANNEL_MENTION.findall(invocation.text)):
        channel = site.world.channel_named(invocation.team.id, name.lower())
        if channel is not None and channel.type == "O":
            form += [("channel_mentions", name), ("channel_mentions_ids", channel.id)]
    return form


def _parse(answer: Answer, trigger: str) -> Json:
    """The command response in the integration's answer; 500 for anything but a proper 200."""
    if answer.status != 200:
        raise Refused(
            "api.command.execute_command.failed_resp.app_error",
            500,
            answer.body.decode(errors="replace"),
            trigger=trigger,
            answered=f"{answer.status} {answer.reason}",
        )
    try:
        return parse_response(answer.content_type, answer.body)
    except ValueError as error:
        raise Refused(COMMAND_FAILED, 500, str(error), trigger=trigger) from error


def parse_response(content_type: str, body: bytes) -> Json:
    """A command response from a body: JSON only when it says so, else the whole body is the text."""
    if content_type.split(";")[0].strip() != "application/json":
        return {**blank_response(), "text": body.decode(errors="replace")}
    given = json.loads(body)
    return _complete(given)


def _complete(given: object) -> Json:
    response = blank_response()
    if not isinstance(given, dict):
        raise BadResponse("a command response is a JSON object")
    for key in response:
        value = given.get(key)
        if value is None:
            continue
        wanted: type = {
            "props": dict,
            "attachments": list,
            "extra_responses": list,
            "skip_slack_parsing": bool,
        }.get(key, str)
        if not isinstance(value, wanted):
            raise BadResponse(f"{key} of a command response has the wrong type")
        response[key] = value
    if response["extra_responses"]:
        response["extra_responses"] = [_complete(extra) for extra in response["extra_responses"]]
    return response


def show(site: Site, command: Command, hook: ResponseHook, response: Json) -> None:
    """Post what a command response says, the extra responses too."""
    try:
        for part in (response, *(response["extra_responses"] or [])):
            _show_one(site, command, hook, part)
    except Refused as error:
        site.journal.warn(f"the answer of /{command.trigger} could not be posted: {error}")
        raise Refused(
            "api.command.execute_command.create_post_failed.app_error",
            500,
            str(error),
            trigger=command.trigger,
        ) from error


def _show_one(site: Site, command: Command, hook: ResponseHook, response: Json) -> None:
    text, attachments = response["text"], response["attachments"]
    if not response["skip_slack_parsing"]:
        text = slack.text(site.world, text)
        attachments = slack.attachments(site.world, attachments) if attachments else attachments
    props: Json = {**(response["props"] or {}), **_override(site, command, response), "from_webhook": "true"}
    if attachments:
        props["attachments"] = attachments
    now = site.now()
    post = Post(
        id=new_id(),
        channel_id=_target(site, hook, response["channel_id"]),
        user_id=hook.user_id,
        message=text,
        create_at=now,
        update_at=now,
        root_id=hook.root_id,
        type=response["type"] or ("slack_attachment" if attachments else ""),
        props=props,
    )
    if response["response_type"] == "in_channel":
        check_post(site, post)
        save_post(site, post, set_online=True)
    elif response["response_type"] in ("", "ephemeral") and (text or attachments is not None):
        send_ephemeral(site, hook.user_id, post)


def _target(site: Site, hook: ResponseHook, channel_id: str) -> str:
    if channel_id and site.world.channel_member(channel_id, hook.user_id) is None:
        raise Refused("api.command.command_post.forbidden.app_error", 403)
    return channel_id or hook.channel_id


def _override(site: Site, command: Command, response: Json) -> dict[str, Any]:
    props = {}
    username = command.username or response["username"]
    icon = command.icon_url or response["icon_url"]
    if site.settings.enable_post_username_override and username:
        props["override_username"] = username
    if site.settings.enable_post_icon_override and icon:
        props["override_icon_url"] = icon
    return props


def answer_later(site: Site, hook_id: str, content_type: str, body: bytes) -> None:
    """What was posted to a `response_url`: at most five times, within half an hour."""
    hook = site.world.response_hooks.get(hook_id)
    oldest = site.now() - site.limits.response_url // timedelta(milliseconds=1)
    if hook is None or hook.create_at < oldest:
        raise Refused("app.command_webhook.get.missing", 404)
    command = site.world.commands.get(hook.command_id)
    if command is None:
        raise Refused("store.sql_command.save.get.app_error", 400)
    try:
        response = parse_response(content_type, body)
    except ValueError as error:
        raise Refused("api.command_webhook.parse.app_error", 400, str(error)) from error
    if hook.use_count >= site.limits.response_url_uses:
        raise Refused("app.command_webhook.try_use.invalid", 400)
    site.world.response_hooks.put(replace(hook, use_count=hook.use_count + 1))
    show(site, command, hook, response)
