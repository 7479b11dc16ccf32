"""Routes of interactive messages and dialogs: a click, an open dialog, a submission."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import web

from sekretar.sandbox.mattermost import slack
from sekretar.sandbox.mattermost.call import Call, Route, answer, ok, typed
from sekretar.sandbox.mattermost.dialogs import check_dialog
from sekretar.sandbox.mattermost.errors import INTEGRATION_ERROR, Refused, forbidden, invalid_body
from sekretar.sandbox.mattermost.hub import Event
from sekretar.sandbox.mattermost.identifiers import new_id
from sekretar.sandbox.mattermost.outgoing import OutgoingFailed
from sekretar.sandbox.mattermost.permissions import TEAMLESS
from sekretar.sandbox.mattermost.posting import RETAINED_PROPS, dumps, send_ephemeral, update_post
from sekretar.sandbox.mattermost.site import Site
from sekretar.sandbox.mattermost.state import Json, Post
from sekretar.sandbox.mattermost.views import actions_of

#: Answers of an integration that the server hands on as they are.
_PASSED_ON = (429, 503)


@dataclass(frozen=True)
class Click:
    """An action as the server knows it: from the stored post, or from the cookie of an ephemeral one."""

    channel_id: str
    root_post_id: str
    kind: str
    data_source: str
    url: str
    context: Json | None
    retain: Json = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    #: None: the post is ephemeral and cannot be updated.
    post: Post | None = None


async def do_action(call: Call) -> web.Response:
    """POST /posts/{post_id}/actions/{action_id}: the server asks the integration what follows."""
    post_id, action_id = call.id("post_id"), call.text("action_id")
    body: Json = {}
    if await call.request.read():
        body = await call.object("actionRequest")
    click = _stored(call, post_id, action_id) or _sealed(
        call, post_id, typed(body, "cookie", str, "", "cookie")
    )
    call.site.permissions.need_reading(call.user, call.channel(click.channel_id))
    selected = typed(body, "selected_option", str, "", "actionRequest")
    client_trigger, payload = _payload(call, post_id, click, selected)
    response = await _ask(call.site, "action", click.url, payload)
    _apply(call.site, call.user.id, click, response)
    view: Json = {"status": "OK", "trigger_id": client_trigger}
    if response.get("goto_location") and call.site.release >= (11, 10):
        view["goto_location"] = response["goto_location"]
    return answer(view)


def _stored(call: Call, post_id: str, action_id: str) -> Click | None:
    post = call.site.world.posts.get(post_id)
    if post is None or post.delete_at:
        return None
    call.site.permissions.need_reading(call.user, call.channel(post.channel_id))
    action = next((a for a in actions_of(post.props) if a.get("id") == action_id), None)
    integration = action.get("integration") if action else None
    if action is None or not isinstance(integration, dict):
        raise Refused("api.post.do_action.action_id.app_error", 404, f"action={action}")
    return Click(
        channel_id=post.channel_id,
        root_post_id=post.root_id or post.id,
        kind=action.get("type", ""),
        data_source=action.get("data_source", ""),
        url=str(integration.get("url", "")),
        context=integration.get("context"),
        retain={key: post.props[key] for key in RETAINED_PROPS if key in post.props},
        remove=tuple(key for key in RETAINED_PROPS if key not in post.props),
        post=post,
    )


def _sealed(call: Call, post_id: str, cookie: str) -> Click:
    if not cookie:
        raise forbidden(call.user.id, "read_channel")
    content = call.site.seals.open_cookie(cookie)
    if content is None:
        raise invalid_body("cookie")
    if content["post_id"] != post_id:
        raise Refused(INTEGRATION_ERROR, 400, "postId doesn't match")
    integration = content["integration"]
    return Click(
        channel_id=content["channel_id"],
        root_post_id=content["root_post_id"],
        kind=content["type"],
        data_source=content["data_source"],
        url=str(integration.get("url", "")),
        context=integration.get("context"),
        retain=content["retain_props"],
        remove=tuple(content["remove_props"]),
    )


def _payload(call: Call, post_id: str, click: Click, selected: str) -> tuple[str, Json]:
    site, user = call.site, call.user
    channel = call.channel(click.channel_id)
    client_trigger, trigger_id = site.seals.trigger(user.id, site.now())
    context, data_source = click.context, ""
    if click.kind == "select" and selected:
        context, data_source = {**(context or {}), "selected_option": selected}, click.data_source
    payload: Json = {
        "user_id": user.id,
        "user_name": user.username,
        "channel_id": channel.id,
        "channel_name": channel.name,
        "team_id": channel.team_id,
        "team_domain": call.team(channel.team_id).name if channel.team_id else "",
        "post_id": post_id,
        "trigger_id": trigger_id,
        "type": click.kind,
        "data_source": data_source,
    }
    if context:
        payload["context"] = context
    return client_trigger, payload


async def _ask(site: Site, kind: str, url: str, payload: Json, *, lenient: bool = False) -> Json:
    """The integration's JSON object. An empty body is an empty object, except for clicks on servers before 6.0."""
    try:
        given = await site.outgoing.post_json(kind, url, payload)
    except OutgoingFailed as error:
        raise Refused(INTEGRATION_ERROR, 400, f"err={error}") from error
    if given.status != 200:
        raise Refused(INTEGRATION_ERROR, _status_of(site, given.status), f"status={given.status}")
    if not given.body and (lenient or site.release >= (6,)):
        return {}
    try:
        response = json.loads(given.body)
    except ValueError as error:
        if lenient:
            return {}
        raise Refused(INTEGRATION_ERROR, 400, str(error)) from error
    if not isinstance(response, dict):
        if lenient:
            return {}
        raise Refused(INTEGRATION_ERROR, 400, "not a JSON object")
    return response


def _status_of(site: Site, status: int) -> int:
    """What the clicking client sees when the integration answered anything but 200."""
    if site.release < (10,):
        return 400
    if status in _PASSED_ON:
        return status
    return 502 if status >= 500 else 400


def _apply(site: Site, user_id: str, click: Click, response: Json) -> None:
    update = response.get("update")
    if isinstance(update, dict):
        if click.post is None:
            site.journal.warn("an integration tried to update an ephemeral post; the server cannot do that")
            raise Refused("api.post.update_post.find.app_error", 400)
        _update(site, click, click.post, update)
    text = response.get("ephemeral_text")
    if isinstance(text, str) and text:
        now = site.now()
        message = text if response.get("skip_slack_parsing") else slack.links(text)
        post = Post(
            new_id(),
            click.channel_id,
            user_id,
            message,
            now,
            now,
            root_id=click.root_post_id,
            props=dict(click.retain),
        )
        send_ephemeral(site, user_id, post)


def _update(site: Site, click: Click, clicked: Post, update: Json) -> None:
    # The integration may have changed or deleted the post by REST while it was answering.
    post = site.world.posts.get(clicked.id)
    if post is None or post.delete_at:
        raise Refused("api.post.update_post.permissions_details.app_error", 400)
    props = update.get("props")
    if not isinstance(props, dict):
        props = clicked.props
    else:
        props = {**{k: v for k, v in props.items() if k not in click.remove}, **click.retain}
    message = update.get("message")
    after = replace(
        post,
        message=message if isinstance(message, str) else "",
        props=props,
        is_pinned=clicked.is_pinned,
        has_reactions=clicked.has_reactions,
        file_ids=[str(item) for item in update.get("file_ids") or post.file_ids],
    )
    update_post(site, post, after)


async def open_dialog(call: Call) -> web.Response:
    """POST /actions/dialogs/open: needs a fresh trigger id, no login."""
    body = await call.object("openDialogRequest")
    if not typed(body, "url", str, "", "openDialogRequest"):
        raise invalid_body("url")
    site = call.site
    trigger = typed(body, "trigger_id", str, "", "openDialogRequest")
    client_trigger, user_id = site.seals.open_trigger(trigger, site.now())
    for problem in check_dialog(body):
        site.journal.warn(f"invalid dialog: {problem}")
    request = {"trigger_id": client_trigger, "url": body["url"], "dialog": _whole_dialog(body.get("dialog"))}
    site.hub.publish(Event("open_dialog", {"dialog": dumps(request)}, user_id=user_id))
    return ok()


_DIALOG: dict[str, Any] = {
    "callback_id": "", "title": "", "introduction_text": "", "icon_url": "", "elements": None, "submit_label": "",
    "notify_on_cancel": False, "state": "",
}  # fmt: skip
_ELEMENT: dict[str, Any] = {
    "display_name": "", "name": "", "type": "", "subtype": "", "default": "", "placeholder": "", "help_text": "",
    "optional": False, "min_length": 0, "max_length": 0, "data_source": "", "options": None,
}  # fmt: skip


def _whole_dialog(given: object) -> Json:
    """The dialog with every key of the server's own structure, as its JSON encoder writes it."""
    dialog = {**_DIALOG, **(given if isinstance(given, dict) else {})}
    if isinstance(dialog["elements"], list):
        dialog["elements"] = [
            {**_ELEMENT, **e} if isinstance(e, dict) else _ELEMENT for e in dialog["elements"]
        ]
    return dialog


async def submit_dialog(call: Call) -> web.Response:
    """POST /actions/dialogs/submit: the client says where to and with which state; only the user is certain."""
    body = await call.object("submitDialogRequest")
    site, user = call.site, call.user
    url = typed(body, "url", str, "", "url")
    if not url:
        raise invalid_body("url")
    channel_id = typed(body, "channel_id", str, "", "channel_id")
    team_id = typed(body, "team_id", str, "", "team_id")
    channel = site.world.channels.get(channel_id)
    if channel is None:
        raise forbidden(user.id, "read_channel")
    site.permissions.need_reading(user, channel)
    teamless = channel.type in TEAMLESS and site.release >= (11, 10)
    if not (teamless and not team_id):
        site.permissions.need_team(user, team_id, "view_team")
    payload: Json = {
        "type": "dialog_submission",
        "callback_id": typed(body, "callback_id", str, "", "submitDialogRequest"),
        "state": typed(body, "state", str, "", "submitDialogRequest"),
        "user_id": user.id,
        "channel_id": channel_id,
        "team_id": "" if teamless else team_id,
        "submission": typed(body, "submission", dict, None, "submitDialogRequest"),
        "cancelled": typed(body, "cancelled", bool, False, "submitDialogRequest"),
    }
    response = await _ask(site, "dialog", url, payload, lenient=True)
    view = {key: response[key] for key in ("error", "errors", "type", "form") if response.get(key)}
    return answer(view)


ROUTES = (
    Route("POST", "/api/v4/posts/{post_id}/actions/{action_id}", do_action),
    Route("POST", "/api/v4/actions/dialogs/open", open_dialog, open=True),
    Route("POST", "/api/v4/actions/dialogs/submit", submit_dialog),
)
