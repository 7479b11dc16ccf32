"""Routes of bots and of personal access tokens."""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web

from sekretar.sandbox.mattermost.accounts import change_user, deactivate, new_bot, new_token, reactivate
from sekretar.sandbox.mattermost.call import Call, Route, answer, ok, typed
from sekretar.sandbox.mattermost.errors import Refused, forbidden, invalid_body
from sekretar.sandbox.mattermost.state import AccessToken, Bot, Json
from sekretar.sandbox.mattermost.views import bot_view


def _view(call: Call, bot: Bot) -> Json:
    return bot_view(bot, call.user_named(bot.user_id).username)


async def create(call: Call) -> web.Response:
    """POST /bots: not by bots, and only while bot accounts are enabled."""
    body = await call.object("bot")
    call.site.permissions.need_system(call.user, "create_bot")
    if call.user.is_bot:
        raise forbidden(call.user.id, "create_bot")
    if not call.site.settings.enable_bot_account_creation:
        raise Refused("api.bot.create_disabled", 403)
    username = typed(body, "username", str, "", "bot")
    title, description = (
        typed(body, "display_name", str, "", "bot"),
        typed(body, "description", str, "", "bot"),
    )
    return answer(_view(call, new_bot(call.site, username, call.user, title, description)), 201)


def _bot(call: Call, permission: str, others: str) -> Bot:
    """The bot of the path; who may not see it is told that it does not exist."""
    bot = call.site.world.bots.get(call.id("bot_user_id"))
    if bot is None:
        raise Refused("store.sql_bot.get.missing.app_error", 404)
    own = bot.owner_id == call.user.id and call.site.permissions.in_system(call.user, permission)
    if not own and not call.site.permissions.in_system(call.user, others):
        raise Refused("store.sql_bot.get.missing.app_error", 404)
    return bot


async def get(call: Call) -> web.Response:
    """GET /bots/{bot_user_id}."""
    bot = _bot(call, "read_bots", "read_others_bots")
    if bot.delete_at and not call.flag("include_deleted"):
        raise Refused("store.sql_bot.get.missing.app_error", 404)
    return answer(_view(call, bot))


async def list_bots(call: Call) -> web.Response:
    """GET /bots."""
    allowed = call.site.permissions
    everything = allowed.in_system(call.user, "read_others_bots")
    if not everything and not allowed.in_system(call.user, "read_bots"):
        raise forbidden(call.user.id, "read_bots")
    bots = [b for b in call.site.world.bots if everything or b.owner_id == call.user.id]
    bots = [b for b in bots if not b.delete_at or call.flag("include_deleted")]
    return answer([_view(call, bot) for bot in call.page(bots)])


async def put(call: Call) -> web.Response:
    """PUT /bots/{bot_user_id}: username, display_name, description; what is not given stays."""
    body = await call.object("bot")
    bot = _bot(call, "manage_bots", "manage_others_bots")
    title = typed(body, "display_name", str, bot.display_name, "bot")
    description = typed(body, "description", str, bot.description, "bot")
    user = call.user_named(bot.user_id)
    change_user(
        call.site, user, {"username": typed(body, "username", str, user.username, "bot"), "first_name": title}
    )
    changed = replace(bot, display_name=title, description=description, update_at=call.site.now())
    return answer(_view(call, call.site.world.bots.put(changed)))


async def disable(call: Call) -> web.Response:
    """POST /bots/{bot_user_id}/disable."""
    bot = _bot(call, "manage_bots", "manage_others_bots")
    deactivate(call.site, call.user_named(bot.user_id))
    return answer(_view(call, call.site.world.bots.get(bot.user_id) or bot))


async def enable(call: Call) -> web.Response:
    """POST /bots/{bot_user_id}/enable."""
    bot = _bot(call, "manage_bots", "manage_others_bots")
    reactivate(call.site, call.user_named(bot.user_id))
    return answer(_view(call, call.site.world.bots.get(bot.user_id) or bot))


async def assign(call: Call) -> web.Response:
    """POST /bots/{bot_user_id}/assign/{user_id}: gives the bot another owner."""
    bot = _bot(call, "manage_bots", "manage_others_bots")
    owner = call.user_named(call.id("user_id"))
    changed = replace(bot, owner_id=owner.id, update_at=call.site.now())
    return answer(_view(call, call.site.world.bots.put(changed)))


def _need_tokens(call: Call, user_id: str, permission: str) -> None:
    """Tokens of a bot are its manager's business, those of a person their own or an administrator's."""
    site, user = call.site, call.user
    site.permissions.need_system(user, permission)
    bot = site.world.bots.get(user_id)
    if bot is not None and bot.owner_id == user.id:
        site.permissions.need_system(user, "manage_bots")
    elif bot is not None:
        site.permissions.need_system(user, "manage_others_bots")
    else:
        site.permissions.need_editing(user, user_id)


def _token_view(token: AccessToken, *, secret: bool) -> Json:
    view: Json = {
        "id": token.id,
        "user_id": token.user_id,
        "description": token.description,
        "is_active": token.is_active,
    }
    return {**view, "token": token.token} if secret else view


async def create_token(call: Call) -> web.Response:
    """POST /users/{user_id}/tokens: the only time that the token itself is shown. The real status is 200."""
    body = await call.object("user_access_token")
    target = call.user_named(call.id("user_id"))
    description = typed(body, "description", str, "", "description")
    if not description:
        raise invalid_body("description")
    if call.session is not None and call.session.is_oauth:
        raise forbidden(call.user.id, "create_user_access_token")
    _need_tokens(call, target.id, "create_user_access_token")
    if not target.is_bot and not call.site.settings.enable_user_access_tokens:
        raise Refused("app.user_access_token.disabled", 501)
    return answer(_token_view(new_token(call.site, target, description), secret=True))


async def list_tokens(call: Call) -> web.Response:
    """GET /users/{user_id}/tokens."""
    user_id = call.id("user_id")
    _need_tokens(call, user_id, "read_user_access_token")
    rows = call.site.world.access_tokens.where("user_id", user_id)
    return answer([_token_view(token, secret=False) for token in call.page(rows)])


async def get_token(call: Call) -> web.Response:
    """GET /users/tokens/{token_id}."""
    token = _existing(call, call.id("token_id"))
    _need_tokens(call, token.user_id, "read_user_access_token")
    return answer(_token_view(token, secret=False))


async def revoke_token(call: Call) -> web.Response:
    """POST /users/tokens/revoke."""
    token = await _given(call, "revoke_user_access_token")
    call.site.world.access_tokens.remove(token.id)
    return ok()


async def disable_token(call: Call) -> web.Response:
    """POST /users/tokens/disable."""
    token = await _given(call, "revoke_user_access_token")
    call.site.world.access_tokens.put(replace(token, is_active=False))
    return ok()


async def enable_token(call: Call) -> web.Response:
    """POST /users/tokens/enable."""
    token = await _given(call, "create_user_access_token")
    call.site.world.access_tokens.put(replace(token, is_active=True))
    return ok()


async def _given(call: Call, permission: str) -> AccessToken:
    body = await call.object("token_id")
    token_id = typed(body, "token_id", str, "", "token_id")
    if not token_id:
        raise invalid_body("token_id")
    token = _existing(call, token_id)
    _need_tokens(call, token.user_id, permission)
    return token


def _existing(call: Call, token_id: str) -> AccessToken:
    token = call.site.world.access_tokens.get(token_id)
    if token is None:
        raise Refused("app.user_access_token.get_by_user.app_error", 404)
    return token


ROUTES = (
    Route("POST", "/api/v4/bots", create),
    Route("GET", "/api/v4/bots", list_bots),
    Route("GET", "/api/v4/bots/{bot_user_id}", get),
    Route("PUT", "/api/v4/bots/{bot_user_id}", put),
    Route("POST", "/api/v4/bots/{bot_user_id}/disable", disable),
    Route("POST", "/api/v4/bots/{bot_user_id}/enable", enable),
    Route("POST", "/api/v4/bots/{bot_user_id}/assign/{user_id}", assign),
    Route("POST", "/api/v4/users/{user_id}/tokens", create_token),
    Route("GET", "/api/v4/users/{user_id}/tokens", list_tokens),
    Route("GET", "/api/v4/users/tokens/{token_id}", get_token),
    Route("POST", "/api/v4/users/tokens/revoke", revoke_token),
    Route("POST", "/api/v4/users/tokens/disable", disable_token),
    Route("POST", "/api/v4/users/tokens/enable", enable_token),
)
