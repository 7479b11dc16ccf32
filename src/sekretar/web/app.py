"""The HTTP surface: callbacks of Mattermost, the way back from consent, and how Sekretar is.

Routes only carry: what a callback means is decided in `mattermost.callbacks`, what a consent means in
`mattermost.consent`. Bodies are bounded before they are read, because anybody can reach these addresses.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from sekretar import __version__
from sekretar.kernel.errors import PeerError, PersonError
from sekretar.kernel.health import CONTENT_TYPE_LATEST, Health, Metrics
from sekretar.kernel.i18n import Catalogues, Translator
from sekretar.kernel.people import Person
from sekretar.mattermost.callbacks import Answer, Callbacks
from sekretar.mattermost.consent import Consents
from sekretar.tickets.watching.hooks import HEADER, TrackerHooks, Verdict
from sekretar.web.rendering import HEADERS, Tone, message

if TYPE_CHECKING:
    from sekretar.dispatch.page import Pages

#: Mattermost itself sends and accepts at most this much.
LARGEST_BODY = 1024 * 1024

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Services:
    """What the routes lead to.

    `consented` hears of everybody who has given consent; `metrics_token` is who may read the metrics, empty means
    everybody; `hooks` hears trackers, None without one; `api` is what other programs ask and `pages` what people do
    in the browser, None without a dispatch desk. What leads to a feature that is not there is not loaded either.
    """

    callbacks: Callbacks
    consents: Consents
    consented: Callable[[Person], Awaitable[None]]
    hooks: TrackerHooks | None
    catalogues: Catalogues
    health: Health
    metrics: Metrics
    default_language: str
    metrics_token: str = ""
    api: ASGIApp | None = None
    pages: Pages | None = None


class TooLarge(Exception):
    """The body is larger than anything Mattermost sends."""


def create_app(services: Services) -> Starlette:
    """The application that uvicorn serves."""
    routes = [*_callbacks(services.callbacks), *_consent(services), *_health(services)]
    if services.hooks is not None:
        routes.append(_hook(services.hooks))
    if services.api is not None:
        routes.append(_api(services.api))
    if services.pages is not None:
        routes += _page(services, services.pages)
    return Starlette(routes=routes, exception_handlers={TooLarge: _refuse})


async def _refuse(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": "too large"}, status_code=413)


def _callbacks(callbacks: Callbacks) -> list[BaseRoute]:
    async def command(request: Request) -> Response:
        return _answer(await callbacks.command(_form(await _body(request))))

    async def action(request: Request) -> Response:
        return _answer(await callbacks.action(_json(await _body(request))))

    async def dialog(request: Request) -> Response:
        return _answer(await callbacks.dialog(_json(await _body(request))))

    return [
        Route("/mattermost/command", command, methods=["POST"]),
        Route("/mattermost/action", action, methods=["POST"]),
        Route("/mattermost/dialog", dialog, methods=["POST"]),
    ]


def _hook(hooks: TrackerHooks) -> BaseRoute:
    async def tracker(request: Request) -> Response:
        await _body(request)
        caller = request.client.host if request.client else ""
        secret = request.headers.get(HEADER, "")
        verdict = await hooks.receive(request.path_params["name"], secret, caller)
        return JSONResponse({"heard": verdict is Verdict.HEARD}, verdict.value, headers=HEADERS)

    return Route("/hooks/tracker/{name}", tracker, methods=["POST"])


def _api(api: ASGIApp) -> BaseRoute:
    from sekretar.dispatch.api.routes import PATH

    mount = Mount(PATH, api)
    # A line break in an address (%0A) belongs to it: what is wrong there the API says in its own form.
    mount.path_regex = re.compile(mount.path_regex.pattern, re.DOTALL)
    return mount


def _page(services: Services, pages: Pages) -> list[BaseRoute]:
    from sekretar.web.pages import IncidentPage

    return IncidentPage(pages, services.catalogues, _body).routes()


def _consent(services: Services) -> list[BaseRoute]:
    async def back_from_mattermost(request: Request) -> Response:
        t = _reader(request, services)
        try:
            consented = await services.consents.receive(dict(request.query_params))
        except PersonError as error:
            return message(request, t, t.plain_error(error), Tone.BAD)
        except PeerError as error:
            _log.warning("consent_not_stored", error=type(error).__name__)
            return message(request, t, t.plain("web.consent.later"), Tone.BAD, status=503)
        await services.consented(consented.person)
        t = services.catalogues.translator(consented.person.language)
        return message(request, t, t.plain("web.consent.done"), Tone.GOOD)

    return [Route("/consent/mattermost", back_from_mattermost)]


def _health(services: Services) -> list[BaseRoute]:
    async def alive(request: Request) -> Response:
        return JSONResponse({"alive": True, "version": __version__}, headers=HEADERS)

    async def ready(request: Request) -> Response:
        readiness = services.health.readiness()
        return JSONResponse(readiness.as_dict(), 200 if readiness.ready else 503, headers=HEADERS)

    async def metrics(request: Request) -> Response:
        wanted = f"Bearer {services.metrics_token}"
        given = request.headers.get("Authorization", "")
        if services.metrics_token and not hmac.compare_digest(given.encode(), wanted.encode()):
            return Response(status_code=401, headers={"WWW-Authenticate": "Bearer"})
        body = services.metrics.render(services.health.readiness())
        return Response(body, media_type=CONTENT_TYPE_LATEST)

    return [Route("/healthz", alive), Route("/readyz", ready), Route("/metrics", metrics)]


async def _body(request: Request) -> bytes:
    """The body, as long as it is no larger than anything Mattermost sends."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise TooLarge
    return bytes(body)


def _form(body: bytes) -> Mapping[str, str]:
    """The fields of a slash command; what is no form has none, and is refused like any other garbage."""
    try:
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=200))
    except ValueError:
        return {}


def _json(body: bytes) -> object:
    """The JSON value; what is none becomes None, which the handlers refuse like any other garbage."""
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value


def _answer(answer: Answer) -> Response:
    return JSONResponse(answer.body, answer.status)


def _reader(request: Request, services: Services) -> Translator:
    """The language of a browser whose person is not known yet."""
    first = request.headers.get("Accept-Language", "").strip().lower()
    known = "ru" if first.startswith("ru") else "en" if first.startswith("en") else services.default_language
    return services.catalogues.translator(known)
