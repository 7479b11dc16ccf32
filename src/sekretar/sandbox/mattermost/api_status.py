"""Routes of presence and of the custom status, with the rule who may set whose."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from aiohttp import web

from sekretar.sandbox.mattermost import presence
from sekretar.sandbox.mattermost.accounts import change_user
from sekretar.sandbox.mattermost.call import Call, Route, answer, ok, typed
from sekretar.sandbox.mattermost.errors import Refused, invalid_body
from sekretar.sandbox.mattermost.hub import Event
from sekretar.sandbox.mattermost.state import Json, Preference
from sekretar.sandbox.mattermost.views import status_view

_DURATIONS = ("", "thirty_minutes", "one_hour", "four_hours", "today", "this_week", "date_and_time")
_NEVER = "0001-01-01T00:00:00Z"
_TEXT_RUNES = 100
_RECENT = 5
_CATEGORY, _NAME = "custom_status", "recent_custom_statuses"
_DEFAULT_EMOJI = "speech_balloon"


async def get(call: Call) -> web.Response:
    """GET /users/{user_id}/status."""
    return answer(status_view(presence.status_of(call.site, call.id("user_id"))))


async def get_ids(call: Call) -> web.Response:
    """POST /users/status/ids: one for each user that exists."""
    ids = [user_id for user_id in await call.strings("user_ids") if call.site.world.users.get(user_id)]
    return answer([status_view(presence.status_of(call.site, user_id)) for user_id in ids])


async def put(call: Call) -> web.Response:
    """PUT /users/{user_id}/status."""
    body = await call.object("status")
    user_id = call.id("user_id")
    if body.get("user_id") != user_id:
        raise invalid_body("user_id")
    call.site.permissions.need_editing(call.user, user_id)
    call.user_named(user_id)
    status = typed(body, "status", str, "", "status")
    if status not in presence.MANUAL:
        raise invalid_body("status")
    end = typed(body, "dnd_end_time", int, 0, "dnd_end_time")
    if end and end * 1000 <= call.site.now():
        raise invalid_body("dnd_end_time")
    return answer(status_view(presence.set_status(call.site, user_id, status, end)))


async def put_custom(call: Call) -> web.Response:
    """PUT /users/{user_id}/status/custom."""
    body = await call.object("custom_status")
    user_id = call.id("user_id")
    if not call.site.settings.enable_custom_user_statuses:
        raise Refused("api.custom_status.disabled", 501)
    status = _read(call, body)
    call.site.permissions.need_editing(call.user, user_id)
    user = call.user_named(user_id)
    text = json.dumps(status, ensure_ascii=False, separators=(",", ":"))
    change_user(call.site, user, {"props": {**user.props, "customStatus": text}})
    recent = [text, *(known for known in _recent(call, user_id) if known != text)]
    _remember(call, user_id, recent[:_RECENT])
    return ok()


def _read(call: Call, body: Json) -> Json:
    """The custom status as the server stores it; 400 for one it refuses. Longer texts are cut, not refused."""
    emoji = typed(body, "emoji", str, "", "custom_status")
    text = typed(body, "text", str, "", "custom_status")
    duration = typed(body, "duration", str, "", "custom_status")
    expires_at = typed(body, "expires_at", str, _NEVER, "custom_status")
    if (not emoji and not text) or duration not in _DURATIONS:
        raise invalid_body("custom_status")
    try:
        expiry = datetime.fromisoformat(expires_at)
    except ValueError as error:
        raise invalid_body("custom_status") from error
    if expiry.tzinfo is None:
        raise invalid_body("custom_status")
    timed = duration != "" or expiry.year > 1
    if timed and expiry.astimezone(UTC) <= call.site.clock.now():
        raise invalid_body("custom_status")
    return {
        "emoji": emoji or _DEFAULT_EMOJI,
        "text": text.strip()[:_TEXT_RUNES],
        "duration": duration or ("date_and_time" if timed else ""),
        "expires_at": expires_at,
    }


def _recent(call: Call, user_id: str) -> list[str]:
    """The custom statuses that the user had lately, newest first, each as JSON."""
    stored = call.site.world.preferences.get(f"{user_id}/{_CATEGORY}/{_NAME}")
    found = json.loads(stored.value) if stored else []
    return [json.dumps(item, ensure_ascii=False, separators=(",", ":")) for item in found]


def _remember(call: Call, user_id: str, recent: list[str]) -> None:
    preference = Preference(user_id, _CATEGORY, _NAME, f"[{','.join(recent)}]")
    call.site.world.preferences.put(preference)
    data = {"preferences": json.dumps([vars(preference)], ensure_ascii=False)}
    call.site.hub.publish(Event("preferences_changed", data, user_id=user_id))


async def delete_custom(call: Call) -> web.Response:
    """DELETE /users/{user_id}/status/custom."""
    user_id = call.id("user_id")
    if not call.site.settings.enable_custom_user_statuses:
        raise Refused("api.custom_status.disabled", 501)
    call.site.permissions.need_editing(call.user, user_id)
    user = call.user_named(user_id)
    change_user(call.site, user, {"props": {**user.props, "customStatus": ""}})
    return ok()


async def delete_recent(call: Call) -> web.Response:
    """DELETE /users/{user_id}/status/custom/recent."""
    body = await call.object("recent_custom_status")
    user_id = call.id("user_id")
    call.site.permissions.need_editing(call.user, user_id)
    kept = [r for r in _recent(call, user_id) if json.loads(r).get("text") != body.get("text")]
    _remember(call, user_id, kept)
    return ok()


ROUTES = (
    Route("GET", "/api/v4/users/{user_id}/status", get),
    Route("PUT", "/api/v4/users/{user_id}/status", put),
    Route("POST", "/api/v4/users/status/ids", get_ids),
    Route("PUT", "/api/v4/users/{user_id}/status/custom", put_custom),
    Route("DELETE", "/api/v4/users/{user_id}/status/custom", delete_custom),
    Route("DELETE", "/api/v4/users/{user_id}/status/custom/recent", delete_recent),
)
