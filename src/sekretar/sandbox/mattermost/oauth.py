"""The OAuth 2 provider: consent, codes, tokens.

On a real server the consent page belongs to the web client; here it is a plain page that also lets the visitor say
which person they are (`?sandbox_user=anna`), because the sandbox has no login page.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import timedelta
from html import escape
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from sekretar.sandbox.mattermost.call import Call, Route, answer, ok, typed
from sekretar.sandbox.mattermost.errors import Refused, invalid_body
from sekretar.sandbox.mattermost.identifiers import new_id
from sekretar.sandbox.mattermost.oauth_apps import end_grant
from sekretar.sandbox.mattermost.state import OAuthApp, OAuthCode, OAuthGrant, Session, User

_PARAMETERS = ("response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge",
               "code_challenge_method")  # fmt: skip
#: Whom the chat page of this browser shows: the page has logins of its own, and so no session cookie.
_PERSON_COOKIE = "sandbox_person"
_REFUSAL = "api.oauth.get_access_token"
#: The first release with public clients, PKCE and the metadata document.
_PKCE = (11,)


def _asked(call: Call, given: dict[str, str]) -> OAuthApp:
    """The app that asks; refused for an unknown app or an address that it did not register."""
    if not call.site.settings.enable_oauth_service_provider:
        raise Refused("api.oauth.authorize_oauth.disabled.app_error", 501)
    app = call.site.world.oauth_apps.get(given["client_id"])
    if app is None:
        raise Refused("app.oauth.get_app.find.app_error", 404)
    if given["redirect_uri"] not in app.callback_urls:
        raise Refused("api.oauth.allow_oauth.redirect_callback.app_error", 400)
    return app


def _redirect(call: Call, user: User, app: OAuthApp, given: dict[str, str]) -> str:
    """Where the browser goes after consent: with a code, or with what was wrong."""
    state = given["state"]
    if given["response_type"] != "code":
        return _with(given["redirect_uri"], error="unsupported_response_type", state=state)
    challenge = given["code_challenge"]
    if (challenge and given["code_challenge_method"] != "S256") or (app.is_public and not challenge):
        return _with(given["redirect_uri"], error="invalid_request", state=state)
    code = OAuthCode(
        code=new_id() + new_id(),
        client_id=app.id,
        user_id=user.id,
        redirect_uri=given["redirect_uri"],
        scope=given["scope"],
        create_at=call.site.now(),
        challenge=challenge,
    )
    call.site.world.oauth_codes.put(code)
    return _with(given["redirect_uri"], code=code.code, state=state)


def _with(address: str, **parameters: str) -> str:
    query = urlencode({name: value for name, value in parameters.items() if value})
    return f"{address}{'&' if urlsplit(address).query else '?'}{query}"


async def consent_page(call: Call) -> web.StreamResponse:
    """GET /oauth/authorize: for a trusted app, or one that has consent already, straight back; else the question."""
    given = {name: call.query(name) for name in _PARAMETERS}
    app = _asked(call, given)
    user = _visitor(call)
    if user is None:
        return _choose_person(call)
    granted = any(
        grant.client_id == app.id for grant in call.site.world.oauth_grants.where("user_id", user.id)
    )
    if app.is_trusted or granted:
        raise web.HTTPFound(_redirect(call, user, app, given))
    return _ask(user, app, given)


def _visitor(call: Call) -> User | None:
    if call.session is not None:
        return call.user
    name = call.query("sandbox_user") or call.request.cookies.get(_PERSON_COOKIE, "")
    user = call.site.world.users.first("username", name) if name else None
    return None if user is None or user.is_bot or user.delete_at else user


async def decide(call: Call) -> web.StreamResponse:
    """POST /sandbox/authorize: the two buttons of the consent page."""
    form = await call.request.post()
    given = {name: str(form.get(name, "")) for name in _PARAMETERS}
    app = _asked(call, given)
    user = call.site.world.users.first("username", str(form.get("sandbox_user", "")))
    if user is None or user.is_bot or user.delete_at:
        raise invalid_body("sandbox_user")
    if form.get("decision") != "allow":
        raise web.HTTPFound(_with(given["redirect_uri"], error="access_denied", state=given["state"]))
    raise web.HTTPFound(_redirect(call, user, app, given))


async def authorize(call: Call) -> web.Response:
    """POST /oauth/authorize: what the web client sends when the person agrees."""
    body = await call.object("authorize_request")
    given = {name: typed(body, name, str, "", "authorize_request") for name in _PARAMETERS}
    return answer({"redirect": _redirect(call, call.user, _asked(call, given), given)})


async def deauthorize(call: Call) -> web.Response:
    """POST /oauth/deauthorize: the person takes the consent back."""
    body = await call.object("client_id")
    client_id = typed(body, "client_id", str, "", "client_id")
    for grant in call.site.world.oauth_grants.where("user_id", call.user.id):
        if grant.client_id == client_id:
            end_grant(call, grant.refresh_token)
    return ok()


async def access_token(call: Call) -> web.Response:
    """POST /oauth/access_token: a code, or a refresh token, for an access token."""
    form = {name: str(value) for name, value in (await call.request.post()).items()}
    kind = form.get("grant_type", "")
    if kind not in ("authorization_code", "refresh_token"):
        raise Refused(f"{_REFUSAL}.bad_grant.app_error", 400)
    if len(form.get("client_id", "")) != 26:
        raise Refused(f"{_REFUSAL}.bad_client_id.app_error", 400)
    app = call.site.world.oauth_apps.get(form["client_id"])
    if app is not None and not app.is_public and not form.get("client_secret"):
        raise Refused(f"{_REFUSAL}.bad_client_secret.app_error", 400)
    if app is None:
        raise Refused(f"{_REFUSAL}.credentials.app_error", 404)
    if not app.is_public and not hmac.compare_digest(form["client_secret"], app.client_secret):
        raise Refused(f"{_REFUSAL}.credentials.app_error", 403)
    grant = _by_code(call, app, form) if kind == "authorization_code" else _by_refresh(call, app, form)
    headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
    view = {
        "access_token": grant.access_token,
        "token_type": "bearer",
        "expires_in": int(call.site.limits.oauth_token.total_seconds()),
        "scope": grant.scope,
        "refresh_token": grant.refresh_token,
        "id_token": "",
    }
    return answer(view, headers=headers)


def _by_code(call: Call, app: OAuthApp, form: dict[str, str]) -> OAuthGrant:
    if not form.get("code"):
        raise Refused(f"{_REFUSAL}.missing_code.app_error", 400)
    code = call.site.world.oauth_codes.get(form["code"])
    if code is None or code.client_id != app.id:
        raise Refused(f"{_REFUSAL}.expired_code.app_error", 400)
    # A code is good once, whatever comes of it.
    call.site.world.oauth_codes.remove(code.code)
    if code.create_at + call.site.limits.oauth_code // timedelta(milliseconds=1) < call.site.now():
        raise Refused(f"{_REFUSAL}.expired_code.app_error", 400)
    if form.get("redirect_uri", "") != code.redirect_uri:
        raise Refused(f"{_REFUSAL}.redirect_uri.app_error", 400)
    if code.challenge and not _fits(form.get("code_verifier", ""), code.challenge):
        raise Refused(f"{_REFUSAL}.pkce.app_error", 400)
    return _grant(call, app.id, code.user_id, code.scope)


def _fits(verifier: str, challenge: str) -> bool:
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return hmac.compare_digest(digest, challenge)


def _by_refresh(call: Call, app: OAuthApp, form: dict[str, str]) -> OAuthGrant:
    if not form.get("refresh_token"):
        raise Refused(f"{_REFUSAL}.missing_refresh_token.app_error", 400)
    grant = call.site.world.oauth_grants.get(form["refresh_token"])
    if grant is None or grant.client_id != app.id:
        raise Refused(f"{_REFUSAL}.refresh_token.app_error", 404)
    end_grant(call, grant.refresh_token)
    return _grant(call, app.id, grant.user_id, grant.scope)


def _grant(call: Call, client_id: str, user_id: str, scope: str) -> OAuthGrant:
    now = call.site.now()
    lifetime = call.site.limits.oauth_token // timedelta(milliseconds=1)
    session = Session(new_id(), new_id(), user_id, now, now + lifetime, is_oauth=True, oauth_app_id=client_id)
    call.site.world.sessions.put(session)
    return call.site.world.oauth_grants.put(OAuthGrant(new_id(), session.token, client_id, user_id, scope))


async def metadata(call: Call) -> web.Response:
    """GET /.well-known/oauth-authorization-server (RFC 8414); servers before 11 do not have it."""
    url = call.site.url
    if call.site.release < _PKCE or not call.site.settings.enable_oauth_service_provider:
        raise Refused("api.context.404.app_error", 404)
    return answer(
        {
            "issuer": url,
            "authorization_endpoint": f"{url}/oauth/authorize",
            "token_endpoint": f"{url}/oauth/access_token",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "none"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["user"],
        }
    )


def _page(title: str, content: str) -> web.Response:
    style = (
        "body{font:16px sans-serif;max-width:32rem;margin:4rem auto}button{font:inherit;padding:.5rem 1rem}"
    )
    head = f"<meta charset=utf-8><link rel=icon href=data:,><title>{title}</title><style>{style}</style>"
    html = f"<!doctype html>{head}{content}"
    return web.Response(text=html, content_type="text/html")


def _choose_person(call: Call) -> web.Response:
    links = [
        f'<li><a href="?{escape(urlencode({**call.request.query, "sandbox_user": user.username}))}">'
        f"{escape(user.username)}</a></li>"
        for user in call.site.world.users
        if not user.is_bot and not user.delete_at
    ]
    return _page("Who are you?", f"<h1>Who are you?</h1><ul>{''.join(links)}</ul>")


def _ask(user: User, app: OAuthApp, given: dict[str, str]) -> web.Response:
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in {**given, "sandbox_user": user.username}.items()
    )
    question = f"<h1>Authorize <strong>{escape(app.name)}</strong> to connect to your user account?</h1>"
    buttons = (
        '<button name="decision" value="deny">Deny</button> '
        '<button name="decision" value="allow" id="allow">Allow</button>'
    )
    who = f"<p>You are {escape(user.username)}.</p>"
    form = f'<form method="post" action="/sandbox/authorize">{hidden}{buttons}</form>'
    return _page(escape(app.name), question + who + form)


ROUTES = (
    Route("GET", "/oauth/authorize", consent_page, open=True),
    Route("POST", "/oauth/authorize", authorize),
    Route("POST", "/oauth/deauthorize", deauthorize),
    Route("POST", "/oauth/access_token", access_token, open=True),
    Route("GET", "/.well-known/oauth-authorization-server", metadata, open=True),
)
