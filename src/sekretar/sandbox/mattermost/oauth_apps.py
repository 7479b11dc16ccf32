"""Routes of OAuth 2 applications: what an administrator registers so that people may let it act for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from sekretar.sandbox.mattermost.call import Call, Route, answer, ok, typed
from sekretar.sandbox.mattermost.errors import Refused, forbidden, invalid_body
from sekretar.sandbox.mattermost.identifiers import new_id
from sekretar.sandbox.mattermost.state import Json, OAuthApp
from sekretar.sandbox.mattermost.views import oauth_app_view


def _check_enabled(call: Call) -> None:
    if not call.site.settings.enable_oauth_service_provider:
        raise Refused("api.oauth.allow_oauth.turn_off.app_error", 501)


def _fields(body: Json) -> dict[str, Any]:
    callbacks = typed(body, "callback_urls", list, [], "oauth_app")
    fields = {
        "name": typed(body, "name", str, "", "oauth_app"),
        "description": typed(body, "description", str, "", "oauth_app"),
        "icon_url": typed(body, "icon_url", str, "", "oauth_app"),
        "homepage": typed(body, "homepage", str, "", "oauth_app"),
        "callback_urls": [str(url) for url in callbacks],
    }
    if not fields["name"]:
        raise Refused("model.oauth.is_valid.name.app_error", 400)
    if not callbacks or not all(_is_address(str(url)) for url in callbacks):
        raise Refused("model.oauth.is_valid.callback.app_error", 400)
    if not _is_address(fields["homepage"]):
        raise Refused("model.oauth.is_valid.homepage.app_error", 400)
    return fields


def _is_address(url: str) -> bool:
    return urlsplit(url).scheme in ("http", "https")


async def create(call: Call) -> web.Response:
    """POST /oauth/apps: 201 with the client secret. Only administrators may register a trusted app."""
    body = await call.object("oauth_app")
    site, now = call.site, call.site.now()
    site.permissions.need_system(call.user, "manage_oauth")
    _check_enabled(call)
    public = typed(body, "is_public", bool, False, "oauth_app")
    app = OAuthApp(
        id=new_id(),
        creator_id=call.user.id,
        create_at=now,
        update_at=now,
        client_secret="" if public else new_id(),
        is_trusted=_trusted(call, body),
        is_public=public,
        **_fields(body),
    )
    return answer(oauth_app_view(site.world.oauth_apps.put(app), secret=True), 201)


def _trusted(call: Call, body: Json) -> bool:
    trusted: bool = typed(body, "is_trusted", bool, False, "oauth_app")
    return trusted and call.site.permissions.in_system(call.user, "manage_system")


def _app(call: Call, *, managed: bool = True) -> OAuthApp:
    app = call.site.world.oauth_apps.get(call.id("app_id"))
    if app is None:
        raise Refused("app.oauth.get_app.find.app_error", 404)
    if managed:
        call.site.permissions.need_system(call.user, "manage_oauth")
        if app.creator_id != call.user.id and not call.site.permissions.in_system(
            call.user, "manage_system_wide_oauth"
        ):
            raise forbidden(call.user.id, "manage_system_wide_oauth")
    return app


async def list_apps(call: Call) -> web.Response:
    """GET /oauth/apps."""
    call.site.permissions.need_system(call.user, "manage_oauth")
    everything = call.site.permissions.in_system(call.user, "manage_system_wide_oauth")
    apps = [app for app in call.site.world.oauth_apps if everything or app.creator_id == call.user.id]
    return answer([oauth_app_view(app, secret=True) for app in call.page(apps)])


async def get(call: Call) -> web.Response:
    """GET /oauth/apps/{app_id}."""
    return answer(oauth_app_view(_app(call), secret=True))


async def info(call: Call) -> web.Response:
    """GET /oauth/apps/{app_id}/info: what anyone may know."""
    return answer(oauth_app_view(_app(call, managed=False), secret=False))


async def put(call: Call) -> web.Response:
    """PUT /oauth/apps/{app_id}."""
    body = await call.object("oauth_app")
    app = _app(call)
    if body.get("id", app.id) != app.id:
        raise invalid_body("app_id")
    changed = replace(app, **_fields(body), is_trusted=_trusted(call, body), update_at=call.site.now())
    return answer(oauth_app_view(call.site.world.oauth_apps.put(changed), secret=True))


async def delete(call: Call) -> web.Response:
    """DELETE /oauth/apps/{app_id}: everything granted to it ends."""
    app = _app(call)
    for grant in call.site.world.oauth_grants:
        if grant.client_id == app.id:
            end_grant(call, grant.refresh_token)
    call.site.world.oauth_apps.remove(app.id)
    return ok()


def end_grant(call: Call, refresh_token: str) -> None:
    """Forget a grant and the session behind its access token."""
    grant = call.site.world.oauth_grants.get(refresh_token)
    if grant is not None:
        call.site.world.sessions.remove(grant.access_token)
        call.site.world.oauth_grants.remove(refresh_token)


async def regenerate(call: Call) -> web.Response:
    """POST /oauth/apps/{app_id}/regen_secret."""
    changed = replace(_app(call), client_secret=new_id(), update_at=call.site.now())
    return answer(oauth_app_view(call.site.world.oauth_apps.put(changed), secret=True))


async def authorized(call: Call) -> web.Response:
    """GET /users/{user_id}/oauth/apps/authorized: the apps that may act for the user."""
    user_id = call.id("user_id")
    call.site.permissions.need_editing(call.user, user_id)
    ids = dict.fromkeys(grant.client_id for grant in call.site.world.oauth_grants.where("user_id", user_id))
    apps = [app for app in map(call.site.world.oauth_apps.get, ids) if app is not None]
    return answer([oauth_app_view(app, secret=False) for app in apps])


ROUTES = (
    Route("POST", "/api/v4/oauth/apps", create),
    Route("GET", "/api/v4/oauth/apps", list_apps),
    Route("GET", "/api/v4/oauth/apps/{app_id}", get),
    Route("PUT", "/api/v4/oauth/apps/{app_id}", put),
    Route("DELETE", "/api/v4/oauth/apps/{app_id}", delete),
    Route("GET", "/api/v4/oauth/apps/{app_id}/info", info),
    Route("POST", "/api/v4/oauth/apps/{app_id}/regen_secret", regenerate),
    Route("GET", "/api/v4/users/{user_id}/oauth/apps/authorized", authorized),
)
