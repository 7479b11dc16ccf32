"""The HTTP surface: callbacks of Mattermost, the way back from consent, and how Sekretar is.

Routes only carry: what a callback means is decided in `mattermost.callbacks`, what a consent means in
`mattermost.consent`. Bodies are bounded before they are read, because anybody can reach these addresses.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.templating import Jinja2Templates
from starlette.types import ASGIApp

from sekretar import __version__
from sekretar.kernel.errors import PeerError, PersonError
from sekretar.kernel.health import CONTENT_TYPE_LATEST, Health, Metrics
from sekretar.kernel.i18n import Catalogues, Translator
from sekretar.kernel.people import Person
from sekretar.mattermost.callbacks import Answer, Callbacks
from sekretar.mattermost.consent import Consents
from sekretar.tickets.watching.hooks import HEADER, TrackerHooks, Verdict

if TYPE_CHECKING:
    from sekretar.dispatch.page import Pages

#: Mattermost itself sends and accepts at most this much.
LARGEST_BODY = 1024 * 1024

_log = structlog.get_logger(__name__)

_PAGES = Jinja2Templates(directory=Path(__file__).parent / "templates")

#: Nothing of ours is framed, sniffed, cached or allowed to load anything from elsewhere.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


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


def create_app(services: Services) -> FastAPI:
    """The application that uvicorn serves."""
    app = FastAPI(title="Sekretar", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    _add_callbacks(app, services.callbacks)
    if services.hooks is not None:
        _add_hooks(app, services.hooks)
    _add_consent(app, services)
    _add_health(app, services)
    if services.api is not None:
        _add_api(app, services.api)
    if services.pages is not None:
        _add_page(app, services, services.pages)

    @app.exception_handler(TooLarge)
    async def refuse(request: Request, error: TooLarge) -> Response:
        return JSONResponse({"error": "too large"}, status_code=413)

    return app


def _add_callbacks(app: FastAPI, callbacks: Callbacks) -> None:
    @app.post("/mattermost/command")
    async def command(request: Request) -> Response:
        return _answer(await callbacks.command(_form(await _body(request))))

    @app.post("/mattermost/action")
    async def action(request: Request) -> Response:
        return _answer(await callbacks.action(_json(await _body(request))))

    @app.post("/mattermost/dialog")
    async def dialog(request: Request) -> Response:
        return _answer(await callbacks.dialog(_json(await _body(request))))


def _add_hooks(app: FastAPI, hooks: TrackerHooks) -> None:
    @app.post("/hooks/tracker/{name}")
    async def tracker(name: str, request: Request) -> Response:
        await _body(request)
        caller = request.client.host if request.client else ""
        verdict = await hooks.receive(name, request.headers.get(HEADER, ""), caller)
        return JSONResponse({"heard": verdict is Verdict.HEARD}, verdict.value, headers=_HEADERS)


def _add_api(app: FastAPI, api: ASGIApp) -> None:
    from sekretar.dispatch.api.routes import PATH

    app.mount(PATH, api)


def _add_page(app: FastAPI, services: Services, pages: Pages) -> None:
    from sekretar.web.pages import IncidentPage

    IncidentPage(pages, services.catalogues, _body, _HEADERS).add_to(app)


def _add_consent(app: FastAPI, services: Services) -> None:
    @app.get("/consent/mattermost")
    async def back_from_mattermost(request: Request) -> Response:
        t = _reader(request, services)
        try:
            consented = await services.consents.receive(dict(request.query_params))
        except PersonError as error:
            return _page(request, t, t.plain_error(error), good=False)
        except PeerError as error:
            _log.warning("consent_not_stored", error=type(error).__name__)
            return _page(request, t, t.plain("web.consent.later"), good=False)
        await services.consented(consented.person)
        t = services.catalogues.translator(consented.person.language)
        return _page(request, t, t.plain("web.consent.done"), good=True)


def _add_health(app: FastAPI, services: Services) -> None:
    @app.get("/healthz")
    async def alive() -> Response:
        return JSONResponse({"alive": True, "version": __version__}, headers=_HEADERS)

    @app.get("/readyz")
    async def ready() -> Response:
        readiness = services.health.readiness()
        return JSONResponse(readiness.as_dict(), 200 if readiness.ready else 503, headers=_HEADERS)

    @app.get("/metrics")
    async def metrics(request: Request) -> Response:
        wanted = f"Bearer {services.metrics_token}"
        given = request.headers.get("Authorization", "")
        if services.metrics_token and not hmac.compare_digest(given.encode(), wanted.encode()):
            return Response(status_code=401, headers={"WWW-Authenticate": "Bearer"})
        body = services.metrics.render(services.health.readiness())
        return Response(body, media_type=CONTENT_TYPE_LATEST)


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


def _page(request: Request, t: Translator, text: str, *, good: bool) -> HTMLResponse:
    values: dict[str, Any] = {"t": t, "text": text, "good": good}
    return _PAGES.TemplateResponse(
        request, "message.html", values, status_code=200 if good else 400, headers=_HEADERS
    )
