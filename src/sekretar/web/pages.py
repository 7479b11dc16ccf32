"""The page of incidents in the browser: HTML around `dispatch.page`, without scripts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sekretar.dispatch.incidents.finding import OPEN
from sekretar.dispatch.incidents.wording import status_name
from sekretar.dispatch.page import PATH, Done, Ended, Entered, Mistakes, Pages, PageView, form
from sekretar.kernel.errors import PeerError, PersonError
from sekretar.kernel.forms import FieldKind
from sekretar.kernel.i18n import Catalogues, Translator
from sekretar.web.rendering import Tone, message, page

#: Of places that may have been meant.
_MOST_CANDIDATES: Final = 3


@dataclass(frozen=True)
class IncidentPage:
    """The page. `body` reads a request, bounded."""

    pages: Pages
    catalogues: Catalogues
    body: Callable[[Request], Awaitable[bytes]]

    def routes(self) -> list[BaseRoute]:
        """What the application answers."""
        return [Route(PATH, self.show), Route(PATH, self.send, methods=["POST"])]

    async def show(self, request: Request) -> Response:
        """The form, and what was looked up."""
        seal, sought = request.query_params.get("pass", ""), request.query_params.get("find", "")
        return await self._answered(request, {}, self._shown(request, seal, {"find": sought}))

    async def send(self, request: Request) -> Response:
        """What comes of the form that was sent: something is looked up, or the incident is entered."""
        typed = _typed(await self.body(request))
        seal = typed.get("pass", "")
        if typed.get("do") == "find":
            return await self._answered(request, typed, self._shown(request, seal, typed))
        return await self._answered(request, typed, self._created(request, seal, typed))

    async def _shown(self, request: Request, seal: str, typed: Mapping[str, str]) -> Response:
        sought = typed.get("find", "").strip()
        view = await self.pages.view(seal, sought)
        t = self.catalogues.translator(view.person.language)
        # Enter in any line looks up, so that nothing is entered by accident.
        notice = "" if sought or "do" not in typed else _not_yet(t)
        return self._form(request, t, view, seal, typed, {}, notice)

    async def _created(self, request: Request, seal: str, typed: Mapping[str, str]) -> Response:
        try:
            entered = await self.pages.create(seal, typed)
        except Mistakes as mistakes:
            t = self.catalogues.translator(mistakes.person.language)
            errors = {name: t.plain_error(error) for name, error in mistakes.errors.items()}
            view = await self.pages.view(seal, typed.get("find", ""))
            return self._form(request, t, view, seal, typed, errors, t.plain("dispatch.page.wrong"))
        t = self.catalogues.translator(entered.person.language)
        lines = _lines(entered, t)
        done = t.plain("dispatch.page.done", code=entered.incident.code)
        return message(request, t, done, Tone.GOOD, lines)

    async def _answered(
        self, request: Request, typed: Mapping[str, str], work: Awaitable[Response]
    ) -> Response:
        t = _reader(request, self.catalogues)
        try:
            return await work
        except Done as error:
            t = self.catalogues.translator(error.person.language)
            again = t.plain("dispatch.page.new_link")
            return message(request, t, t.plain_error(error), Tone.KNOWN, [again])
        except Ended as error:
            t = self.catalogues.translator(error.person.language)
            return self._kept(request, t, t.plain_error(error), typed, retried=False)
        except PersonError as error:
            return message(request, t, t.plain_error(error), Tone.BAD)
        except PeerError:
            if typed:
                return self._kept(request, t, t.plain("dispatch.page.later_typed"), typed, retried=True)
            return message(request, t, t.plain("dispatch.page.later"), Tone.BAD, status=503)

    def _kept(
        self, request: Request, t: Translator, text: str, typed: Mapping[str, str], *, retried: bool
    ) -> Response:
        """A refusal with what was typed, to be copied, or to be sent again."""
        fields = form(t, ()).fields
        values = {
            "t": t,
            "text": text,
            "typed": typed,
            "fields": fields,
            # The number of a type says nothing to people.
            "shown": [each for each in fields if each.kind is not FieldKind.CHOICE and typed.get(each.name)],
            "retried": retried,
        }
        return page(request, "kept.html", values, 503 if retried else 400)

    def _form(
        self,
        request: Request,
        t: Translator,
        view: PageView,
        seal: str,
        typed: Mapping[str, str],
        errors: Mapping[str, str],
        notice: str,
    ) -> Response:
        sought = typed.get("find", "").strip()
        asked = form(t, ())
        wrong = next((each.name for each in asked.fields if each.name in errors), "")
        values: dict[str, Any] = {
            "t": t,
            "seal": seal,
            "view": view,
            "form": asked,
            "typed": typed,
            "sought": sought,
            "errors": errors,
            "notice": notice,
            "focus": wrong or ("found" if sought else "summary"),
            "open": OPEN,
            "statuses": {each.incident.id: status_name(t, each.incident.status) for each in view.found},
        }
        return page(request, "incident.html", values, 400 if errors else 200)


def _not_yet(t: Translator) -> str:
    return t.plain("dispatch.page.not_yet", submit=t.plain("dispatch.new.submit"))


def _lines(entered: Entered, t: Translator) -> list[str]:
    """What was entered, and what is not known of it yet."""
    incident, found = entered.incident, entered.found
    lines = [incident.summary]
    if found.certain is not None:
        lines.append(t.plain("dispatch.new.placed", place=found.certain.code))
    elif found.candidates:
        codes = ", ".join(each.code for each in found.candidates[:_MOST_CANDIDATES])
        lines.append(t.plain("dispatch.new.candidates", code=incident.code, codes=codes))
    if entered.kind is None:
        lines.append(t.plain("dispatch.new.no_type", code=incident.code))
    return [*lines, t.plain("dispatch.page.new_link")]


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
