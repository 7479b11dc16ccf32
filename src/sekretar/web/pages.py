"""The page of incidents in the browser: HTML around `dispatch.page`, without scripts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request, Response
from fastapi.templating import Jinja2Templates

from sekretar.dispatch.incidents.wording import status_name
from sekretar.dispatch.page import PATH, Closed, Pages, PageView
from sekretar.kernel.errors import PeerError, PersonError
from sekretar.kernel.i18n import Catalogues, Translator

_PAGES = Jinja2Templates(directory=Path(__file__).parent / "templates")


@dataclass(frozen=True)
class IncidentPage:
    """The page. `body` reads a request, bounded; `headers` protect every page."""

    pages: Pages
    catalogues: Catalogues
    body: Callable[[Request], Awaitable[bytes]]
    headers: Mapping[str, str]

    def add_to(self, app: FastAPI) -> None:
        """Hang the page into the application."""
        app.get(PATH)(self.show)
        app.post(PATH)(self.create)

    async def show(self, request: Request) -> Response:
        """The form, and what was looked up."""
        return await self._answered(request, self._shown(request))

    async def create(self, request: Request) -> Response:
        """The incident of the form that was sent."""
        return await self._answered(request, self._created(request))

    async def _shown(self, request: Request) -> Response:
        seal = request.query_params.get("pass", "")
        view = await self.pages.view(seal, request.query_params.get("find", ""))
        return self._form(request, view, seal, {}, None)

    async def _created(self, request: Request) -> Response:
        typed = _typed(await self.body(request))
        seal = typed.get("pass", "")
        try:
            person, incident = await self.pages.create(seal, typed)
        except Closed:
            raise
        except PersonError as error:
            return self._form(request, await self.pages.view(seal), seal, typed, error)
        t = self.catalogues.translator(person.language)
        return self._message(request, t, t.plain("dispatch.page.done", code=incident.code), good=True)

    async def _answered(self, request: Request, work: Awaitable[Response]) -> Response:
        t = _reader(request, self.catalogues)
        try:
            return await work
        except PersonError as error:
            return self._message(request, t, t.plain_error(error), good=False)
        except PeerError:
            return self._message(request, t, t.plain("dispatch.page.later"), good=False)

    def _message(self, request: Request, t: Translator, text: str, *, good: bool) -> Response:
        values = {"t": t, "text": text, "good": good}
        return _PAGES.TemplateResponse(request, "message.html", values, 200 if good else 400, self.headers)

    def _form(
        self,
        request: Request,
        view: PageView,
        seal: str,
        typed: Mapping[str, str],
        error: PersonError | None,
    ) -> Response:
        t = self.catalogues.translator(view.person.language)
        values: dict[str, Any] = {
            "t": t,
            "path": PATH,
            "seal": seal,
            "view": view,
            "typed": typed,
            "error": t.plain_error(error) if error else "",
            "statuses": {each.id: status_name(t, each.status) for each in view.found},
        }
        return _PAGES.TemplateResponse(request, "incident.html", values, 400 if error else 200, self.headers)


def _typed(body: bytes) -> Mapping[str, str]:
    """The fields of the form; what is no form has none."""
    try:
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=50))
    except ValueError:
        return {}


def _reader(request: Request, catalogues: Catalogues) -> Translator:
    """The language of a browser whose person is not known."""
    first = request.headers.get("Accept-Language", "").strip().lower()
    return catalogues.translator("ru" if first.startswith("ru") else "en")
