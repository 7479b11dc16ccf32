"""The page of incidents in the browser: HTML around `dispatch.page`, without scripts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sekretar.dispatch.incidents.wording import status_name
from sekretar.dispatch.page import PATH, Closed, Pages, PageView
from sekretar.kernel.errors import PeerError, PersonError
from sekretar.kernel.i18n import Catalogues, Translator
from sekretar.web.rendering import message, page


@dataclass(frozen=True)
class IncidentPage:
    """The page. `body` reads a request, bounded."""

    pages: Pages
    catalogues: Catalogues
    body: Callable[[Request], Awaitable[bytes]]

    def routes(self) -> list[BaseRoute]:
        """What the application answers."""
        return [Route(PATH, self.show), Route(PATH, self.create, methods=["POST"])]

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
        return message(request, t, t.plain("dispatch.page.done", code=incident.code), good=True)

    async def _answered(self, request: Request, work: Awaitable[Response]) -> Response:
        t = _reader(request, self.catalogues)
        try:
            return await work
        except PersonError as error:
            return message(request, t, t.plain_error(error), good=False)
        except PeerError:
            return message(request, t, t.plain("dispatch.page.later"), good=False)

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
        return page(request, "incident.html", values, good=error is None)


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
