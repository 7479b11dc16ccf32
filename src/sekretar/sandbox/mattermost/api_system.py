"""Routes of the server itself: ping, configuration, roles, preferences."""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web

from sekretar.sandbox.mattermost.call import Call, Route, answer, ok, typed
from sekretar.sandbox.mattermost.errors import Refused, forbidden, invalid_body
from sekretar.sandbox.mattermost.permissions import NOT_PATCHABLE, PATCHABLE_UNLICENSED
from sekretar.sandbox.mattermost.state import Json, Preference
from sekretar.sandbox.mattermost.views import role_view

_WRITE_ROLES = "sysconsole_write_user_management_permissions"
#: The first release that lets an unlicensed administrator change the permissions of a role.
_FREE_ROLES = (5, 38)


async def ping(call: Call) -> web.Response:
    """GET /system/ping."""
    view = dict.fromkeys(
        ("AndroidLatestVersion", "AndroidMinVersion", "IosLatestVersion", "IosMinVersion"), ""
    )
    return answer({**view, "status": "OK"})


def _bool(value: bool) -> str:
    return str(value).lower()


async def client_config(call: Call) -> web.Response:
    """GET /config/client?format=old: a flat map of strings; some keys only with a session."""
    site = call.site
    if site.release < (10,) and call.query("format") != "old":
        raise Refused("api.config.client.old_format.app_error", 501)
    config = {
        "Version": site.version,
        "BuildNumber": site.version,
        "BuildDate": "",
        "BuildHash": "sandbox",
        "BuildHashEnterprise": "none",
        "BuildEnterpriseReady": _bool(site.edition == "enterprise"),
        "SiteName": site.settings.site_name,
        "SiteURL": site.url,
        "WebsocketURL": "",
        "WebsocketPort": "80",
        "DefaultClientLocale": site.settings.default_locale,
        "EnableBotAccountCreation": _bool(site.settings.enable_bot_account_creation),
        "EnableOAuthServiceProvider": _bool(site.settings.enable_oauth_service_provider),
        "EnableUserAccessTokens": _bool(site.settings.enable_user_access_tokens),
        "EnableOpenServer": _bool(site.settings.enable_open_server),
        "EnableCustomUserStatuses": _bool(site.settings.enable_custom_user_statuses),
        "ShowFullName": _bool(site.settings.show_full_name),
        "DiagnosticId": "sandbox",
        "TeammateNameDisplay": "username",
        "EnableReliableWebSockets": "true",
    }
    if call.session is not None:
        config |= {
            "EnableCommands": _bool(site.settings.enable_commands),
            "EnablePostUsernameOverride": _bool(site.settings.enable_post_username_override),
            "EnablePostIconOverride": _bool(site.settings.enable_post_icon_override),
            "ShowEmailAddress": _bool(site.settings.show_email_address),
            "MaxPostSize": str(site.limits.message_runes),
            "MaxFileSize": str(site.limits.file_bytes),
            "PostEditTimeLimit": "-1",
            "RestrictDirectMessage": "any",
        }
    return answer(config)


async def server_config(call: Call) -> web.Response:
    """GET /config: for administrators; only the part that integrations depend on."""
    call.site.permissions.need_system(call.user, "manage_system")
    return answer(_server_config(call))


def _server_config(call: Call) -> Json:
    settings = call.site.settings
    return {
        "ServiceSettings": {
            "SiteURL": call.site.url,
            "AllowedUntrustedInternalConnections": settings.allowed_untrusted_internal_connections,
            "EnableCommands": settings.enable_commands,
            "EnableOAuthServiceProvider": settings.enable_oauth_service_provider,
            "EnableUserAccessTokens": settings.enable_user_access_tokens,
            "EnableBotAccountCreation": settings.enable_bot_account_creation,
        }
    }


async def patch_config(call: Call) -> web.Response:
    """PUT /config/patch: of all settings, only the addresses that integrations may have."""
    call.site.permissions.need_system(call.user, "manage_system")
    body = await call.object("config")
    section = typed(body, "ServiceSettings", dict, {}, "config")
    allowed = typed(section, "AllowedUntrustedInternalConnections", str, None, "config")
    if set(body) - {"ServiceSettings"} or set(section) - {"AllowedUntrustedInternalConnections"}:
        call.site.journal.warn(
            "the sandbox patches no other setting than AllowedUntrustedInternalConnections"
        )
    if allowed is not None:
        call.site.change(replace(call.site.settings, allowed_untrusted_internal_connections=allowed))
    return answer(_server_config(call))


async def role_by_name(call: Call) -> web.Response:
    """GET /roles/name/{role_name}."""
    return answer(role_view(call.site.permissions.role(call.text("role_name"))))


async def role(call: Call) -> web.Response:
    """GET /roles/{role_id}."""
    found = call.site.world.roles.get(call.id("role_id"))
    if found is None:
        raise Refused("app.role.get.app_error", 404)
    return answer(role_view(found))


async def roles(call: Call) -> web.Response:
    """GET /roles."""
    call.site.permissions.need_system(call.user, "manage_system")
    return answer([role_view(found) for found in call.site.world.roles])


async def roles_by_names(call: Call) -> web.Response:
    """POST /roles/names: those that exist."""
    found = [call.site.world.roles.first("name", name) for name in await call.strings("rolenames")]
    return answer([role_view(item) for item in found if item is not None])


async def patch_role(call: Call) -> web.Response:
    """PUT /roles/{role_id}/patch: how an administrator gives all users, or a team's admins, a permission."""
    body = await call.object("role")
    site = call.site
    found = site.world.roles.get(call.id("role_id"))
    if found is None:
        raise Refused("app.role.get.app_error", 404)
    site.permissions.need_system(call.user, "manage_system" if found.name == "system_admin" else _WRITE_ROLES)
    permissions = typed(body, "permissions", list, None, "permissions")
    if permissions is None:
        return answer(role_view(found))
    changed = set(permissions) ^ set(found.permissions)
    guest = found.name.endswith("_guest")
    if not site.settings.licensed:
        narrow = site.release < _FREE_ROLES and not changed <= PATCHABLE_UNLICENSED
        if changed and (guest or narrow):
            raise Refused("api.roles.patch_roles.license.error", 501)
    if changed & NOT_PATCHABLE:
        raise Refused("api.roles.patch_roles.not_allowed_permission.error", 501)
    known = {permission for other in site.world.roles for permission in other.permissions}
    if unknown := changed - known:
        raise invalid_body(f"permissions ({', '.join(sorted(unknown))})")
    unique = list(dict.fromkeys(permissions))
    return answer(role_view(site.world.roles.put(replace(found, permissions=unique, update_at=site.now()))))


async def preferences(call: Call) -> web.Response:
    """GET /users/{user_id}/preferences."""
    return answer([vars(row) for row in _own_preferences(call)])


async def preferences_of_category(call: Call) -> web.Response:
    """GET /users/{user_id}/preferences/{category}."""
    return answer([vars(row) for row in _own_preferences(call) if row.category == call.text("category")])


def _own_preferences(call: Call) -> list[Preference]:
    user_id = call.id("user_id")
    if user_id != call.user.id:
        raise forbidden(call.user.id, "edit_other_users")
    return call.site.world.preferences.where("user_id", user_id)


async def put_preferences(call: Call) -> web.Response:
    """PUT /users/{user_id}/preferences."""
    body = await call.body("preferences")
    user_id = call.id("user_id")
    if user_id != call.user.id:
        raise forbidden(call.user.id, "edit_other_users")
    if not isinstance(body, list) or not body or not all(isinstance(item, dict) for item in body):
        raise invalid_body("preferences")
    for item in body:
        if item.get("user_id") != user_id:
            raise forbidden(call.user.id, "edit_other_users")
        values = [typed(item, name, str, "", "preferences") for name in ("category", "name", "value")]
        call.site.world.preferences.put(Preference(user_id, *values))
    return ok()


ROUTES = (
    Route("GET", "/api/v4/system/ping", ping, open=True),
    Route("GET", "/api/v4/config", server_config),
    Route("PUT", "/api/v4/config/patch", patch_config),
    Route("GET", "/api/v4/config/client", client_config, open=True),
    Route("GET", "/api/v4/roles", roles),
    Route("POST", "/api/v4/roles/names", roles_by_names),
    Route("GET", "/api/v4/roles/name/{role_name}", role_by_name),
    Route("GET", "/api/v4/roles/{role_id}", role),
    Route("PUT", "/api/v4/roles/{role_id}/patch", patch_role),
    Route("GET", "/api/v4/users/{user_id}/preferences", preferences),
    Route("PUT", "/api/v4/users/{user_id}/preferences", put_preferences),
    Route("GET", "/api/v4/users/{user_id}/preferences/{category}", preferences_of_category),
)
