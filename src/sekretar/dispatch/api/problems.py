"""Why a request was not served, as JSON with words in the caller's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus

import structlog
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as AnyHttpException

from sekretar.dispatch.api.callers import Refused, WrongField
from sekretar.dispatch.api.schema import FieldError, Problem
from sekretar.kernel.errors import PeerDown, PersonError
from sekretar.kernel.i18n import Catalogues, Translator

_log = structlog.get_logger(__name__)


def add_handlers(app: FastAPI, catalogues: Catalogues) -> None:
    """Have everything that goes wrong answered in one form."""

    @app.exception_handler(PersonError)
    async def refused(request: Request, error: PersonError) -> JSONResponse:
        t = _reader(request, catalogues)
        headers = error.headers if isinstance(error, Refused) else None
        words = t.plain_error(error)
        wrong = [FieldError(field=error.field, message=words)] if isinstance(error, WrongField) else []
        return _answer(status_of(error), words, wrong, headers)

    @app.exception_handler(RequestValidationError)
    async def unreadable(request: Request, error: RequestValidationError) -> JSONResponse:
        t = _reader(request, catalogues)
        wrong = [
            FieldError(field=".".join(map(str, each["loc"][1:])) or str(each["loc"][0]), message=each["msg"])
            for each in error.errors()
        ]
        return _answer(422, t.plain("dispatch.api.unreadable"), wrong)

    @app.exception_handler(AnyHttpException)
    async def plain(request: Request, error: HTTPException) -> JSONResponse:
        return _answer(error.status_code, HTTPStatus(error.status_code).phrase, headers=error.headers)

    @app.exception_handler(PeerDown)
    async def later(request: Request, error: PeerDown) -> JSONResponse:
        _log.warning("api_not_served", error=str(error))
        t = _reader(request, catalogues)
        return _answer(503, t.plain("dispatch.api.later"), headers={"Retry-After": "10"})


def status_of(error: PersonError) -> int:
    """The HTTP status by which a program knows what kind of refusal it is.

    What does not fit the description of the API is 422; what fits it, but not the desk as it is, is 409.
    """
    if isinstance(error, Refused):
        return error.status
    return 404 if error.key == "dispatch.incident.gone" else 409


def _answer(
    status: int,
    detail: str,
    errors: Iterable[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    problem = Problem(detail=detail, errors=list(errors))
    return JSONResponse(problem.model_dump(mode="json"), status, dict(headers or {}))


def _reader(request: Request, catalogues: Catalogues) -> Translator:
    first = request.headers.get("Accept-Language", "").strip().lower()
    return catalogues.translator("ru" if first.startswith("ru") else "en")
