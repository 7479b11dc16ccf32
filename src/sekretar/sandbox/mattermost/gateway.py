"""What every request passes before and after its handler: headers, faults, rate limit, login, errors, saving."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

from sekretar.sandbox.faults import Faults
from sekretar.sandbox.mattermost.call import Call, Handler, Route, answer
from sekretar.sandbox.mattermost.errors import Refused
from sekretar.sandbox.mattermost.identifiers import new_id
from sekretar.sandbox.mattermost.ratelimit import RateLimit
from sekretar.sandbox.mattermost.site import Site
from sekretar.sandbox.mattermost.state import Session

logger = logging.getLogger(__name__)

_REQUEST_ID = web.RequestKey("request_id", str)
_COOKIE = "MMAUTHTOKEN"


class Gateway:
    """Turns routes into aiohttp handlers."""

    def __init__(self, site: Site, faults: Faults) -> None:
        self._site = site
        self._faults = faults
        self._rate = RateLimit(site.limits, site.clock)

    @web.middleware
    async def middleware(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Outermost: identity of the request, faults, rate limit, and the error shape."""
        request[_REQUEST_ID] = new_id()
        response = await self._faults.through(request, lambda req: self._limited(req, handler))
        if not response.prepared:
            response.headers.setdefault("X-Request-Id", request[_REQUEST_ID])
            response.headers.setdefault("X-Version-Id", self._site.version_header)
        return response

    async def _limited(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        refused, headers = self._rate.take(request)
        if refused:
            response: web.StreamResponse = web.Response(status=429, text="limit exceeded\n")
        else:
            response = await self._answered(request, handler)
        if not response.prepared:
            response.headers.update(headers)
        return response

    async def _answered(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        site = self._site
        try:
            return await handler(request)
        except Refused as error:
            body = error.body(request[_REQUEST_ID], with_detail=site.settings.enable_developer)
            return answer(body, error.status)
        except web.HTTPException:
            raise
        except Exception:
            logger.exception("mattermost sandbox: %s %s failed", request.method, request.path)
            site.journal.warn(f"{request.method} {request.path} failed inside the sandbox")
            message = "An internal error has occurred."
            return answer(
                Refused("api.context.500.app_error", 500, message=message).body("", with_detail=False), 500
            )
        finally:
            # Before the answer leaves: what was acknowledged survives a kill.
            site.save()

    def handler(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """The route's handler with login, for aiohttp."""

        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._run(route.handler, request, needs_session=not route.open)

        return handle

    async def _run(
        self, handler: Handler, request: web.Request, *, needs_session: bool
    ) -> web.StreamResponse:
        token = _bearer(request)
        session = self._cookie_session(request) or (self._site.session(token) if token else None)
        if needs_session and session is None:
            raise Refused(
                "api.context.session_expired.app_error", 401, f"token={token}" if token else "UserRequired"
            )
        return await handler(Call(self._site, request, session))

    def _cookie_session(self, request: web.Request) -> Session | None:
        """The session of the cookie, which goes before the header; writing then needs proof against forgery."""
        session = self._site.session(request.cookies.get(_COOKIE, ""))
        if session is None or request.method in ("GET", "HEAD", "OPTIONS"):
            return session
        given = request.headers.get("X-CSRF-Token", "")
        if (
            hmac.compare_digest(given, session.csrf)
            or request.headers.get("X-Requested-With") == "XMLHttpRequest"
        ):
            return session
        raise Refused("api.context.session_expired.app_error", 401, "Appears to be a CSRF attempt")

    async def unknown(self, request: web.Request) -> web.StreamResponse:
        """Everything without a route: the server's 404, and a loud note, for it may be the sandbox that lacks it."""
        self._site.journal.warn(f"no route for {request.method} {request.path}")
        detail = (
            f"There doesn't appear to be an api call for the url='{request.path}'.  Typo? are you missing a team_id "
            "or user_id as part of the url?"
        )
        raise Refused("api.context.404.app_error", 404, detail)


def _bearer(request: web.Request) -> str:
    """The token of the Authorization header or of the query."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() in ("bearer", "token") and token:
        return token.strip()
    return request.query.get("access_token", "")
