"""The addresses of the API. Routes only carry: what is asked for stands in `asking`, what is shown in `reading`.

An application of its own, which the web hangs in, so that its errors, its limits and its description are its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from fastapi import Depends, FastAPI, Header, Path, Query, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import TypeAdapter
from starlette.types import ASGIApp

from sekretar import __version__
from sekretar.dispatch.api import problems
from sekretar.dispatch.api.asking import ListQuery, incident_filter
from sekretar.dispatch.api.callers import Caller, Callers, Refused
from sekretar.dispatch.api.guarding import Guard
from sekretar.dispatch.api.reading import Listed, Reading
from sekretar.dispatch.api.schema import (
    LARGEST_ID,
    IncidentDetail,
    IncidentDraft,
    IncidentOut,
    IncidentPatch,
    PageOut,
    Problem,
)
from sekretar.dispatch.api.tables import as_csv
from sekretar.dispatch.api.writing import Writing
from sekretar.kernel.errors import PersonError
from sekretar.kernel.i18n import Catalogues

#: Where the web hangs it in.
PATH: Final = "/api/v1"

_LIST: Final = TypeAdapter(list[IncidentOut])
_REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Problem, "description": description}
    for status, description in (
        (400, "The body cannot be read."),
        (401, "A token is needed, or this one is not honoured."),
        (403, "The token is not good for this."),
        (413, "The body is too large."),
        (422, "The request does not fit this description."),
        (429, "Too many requests; `Retry-After` tells how long to wait, in seconds."),
        (503, "The database does not answer."),
    )
}
_GONE: Final[dict[int | str, dict[str, Any]]] = {
    404: {"model": Problem, "description": "There is no such incident, or not for this token."}
}
_COUNTED: Final = {
    "X-Total-Count": {"description": "How many fulfil the filter in all.", "schema": {"type": "integer"}}
}
_LISTS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A list; with `limit` a page; with `format=csv` a table.",
        "headers": _COUNTED,
        "content": {"text/csv": {"schema": {"type": "string"}}},
    }
}

_CONFLICT: Final[dict[int | str, dict[str, Any]]] = {
    409: {"model": Problem, "description": "Understood, but not possible as things are at the desk."}
}
_AGAIN: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": IncidentDetail, "description": "An earlier request with this key made it."}
}
_Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[!-~]{1,128}$",
        description="A request sent again with the same key makes nothing new; remembered for a week.",
    ),
]

IncidentId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="`id` of the incident.")]
Format = Annotated[
    Literal["json", "csv"] | None,
    Query(alias="format", description="What the answer is; otherwise `Accept` decides."),
]

_bearer = HTTPBearer(auto_error=False, description="Made by `sekretar tokens create`.")


def create_api(reading: Reading, writing: Writing, callers: Callers, catalogues: Catalogues) -> ASGIApp:
    """The application."""
    app = FastAPI(
        title="Sekretar: dispatch desk",
        version=__version__,
        description="Incidents of the dispatch desks. All moments are in the zone of the desk.",
        docs_url=None,
        redoc_url=None,
        responses=_REFUSALS,
    )
    asking = caller_of(callers)
    add_reading(app, reading, asking)
    add_writing(app, reading, writing, asking)
    problems.add_handlers(app, catalogues)
    app.add_middleware(Guard)
    return app


def caller_of(callers: Callers) -> Any:
    """The dependency that finds out who asks."""

    async def caller(
        request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> Caller:
        token = given.credentials if given else request.headers.get("Authorization")
        return await callers.of(token, request.client.host if request.client else "")

    return Depends(caller)


def add_reading(app: FastAPI, reading: Reading, asking: Any) -> None:
    """The addresses that are read."""

    @app.get(
        "/incidents/",
        summary="Incidents, the latest first",
        response_model=list[IncidentOut] | PageOut,
        responses=_LISTS,
    )
    async def incidents(
        request: Request,
        query: Annotated[ListQuery, Query()],
        form: Format = None,
        caller: Caller = asking,
    ) -> Response:
        desks = _desks(query, caller)
        if query.search.strip() and not caller.private:
            raise Refused(401, "dispatch.api.search_needs_token", {"WWW-Authenticate": "Bearer"})
        if not desks:
            return _listed(request, query, form, Listed([], 0))
        zone = reading.zone(min(desks))
        wanted = incident_filter(query, desks, zone, reading.clock.now())
        found = await reading.listed(wanted, query.order, query.most, query.offset, private=caller.private)
        return _listed(request, query, form, found)

    @app.get(
        "/incidents/{incident_id}/",
        summary="An incident with its letters and history",
        responses=_GONE,
    )
    async def incident(incident_id: IncidentId, caller: Caller = asking) -> IncidentDetail:
        found = await reading.detail(incident_id, private=caller.private)
        if found.desk not in caller.desks:
            raise PersonError("dispatch.incident.gone")
        return found


def add_writing(app: FastAPI, reading: Reading, writing: Writing, asking: Any) -> None:
    """The addresses that are written to, with a token that is good for it."""

    @app.post("/incidents/", summary="A new incident", status_code=201, responses=_AGAIN | _CONFLICT)
    async def create(
        draft: IncidentDraft, answer: Response, key: _Key = None, caller: Caller = asking
    ) -> IncidentDetail:
        made = await writing.create(caller, draft, key)
        answer.status_code = 201 if made.fresh else 200
        answer.headers["Location"] = f"{PATH}/incidents/{made.incident_id}/"
        return await reading.detail(made.incident_id, private=caller.private)

    @app.patch("/incidents/{incident_id}/", summary="Change an incident", responses=_GONE | _CONFLICT)
    async def change(
        incident_id: IncidentId, patch: IncidentPatch, caller: Caller = asking
    ) -> IncidentDetail:
        await writing.change(caller, incident_id, patch)
        return await reading.detail(incident_id, private=caller.private)


def _desks(query: ListQuery, caller: Caller) -> frozenset[str]:
    return caller.desks & frozenset(query.desk) if query.desk else caller.desks


def _listed(request: Request, query: ListQuery, form: str | None, found: Listed) -> Response:
    headers = {"X-Total-Count": str(found.total), "Vary": "Accept"}
    links = _links(request, query, found.total)
    if "next" in links:
        headers["Link"] = f'<{links["next"]}>; rel="next"'
    if form == "csv" or (form is None and _prefers_csv(request)):
        headers["Content-Disposition"] = 'attachment; filename="incidents.csv"'
        return Response(as_csv(found.incidents), media_type="text/csv; charset=utf-8", headers=headers)
    if query.limit is None:
        return Response(_LIST.dump_json(found.incidents), media_type="application/json", headers=headers)
    page = PageOut(
        count=found.total,
        next=links.get("next"),
        previous=links.get("previous"),
        results=found.incidents,
    )
    return Response(page.model_dump_json(), media_type="application/json", headers=headers)


def _links(request: Request, query: ListQuery, total: int) -> Mapping[str, str]:
    """Addresses of the parts after and before this one."""
    links = {}
    if query.offset + query.most < total:
        links["next"] = str(request.url.include_query_params(offset=query.offset + query.most))
    if query.offset > 0:
        links["previous"] = str(request.url.include_query_params(offset=max(query.offset - query.most, 0)))
    return links


def _prefers_csv(request: Request) -> bool:
    accepted = request.headers.get("Accept", "")
    return "text/csv" in accepted and "application/json" not in accepted
