"""`sekretar doctor`: why does it not work?"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any
from urllib.parse import parse_qsl

import typer
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from sekretar import __version__
from sekretar.app import http_settings, mattermost_client
from sekretar.calendars import diagnosis as calendars
from sekretar.commands import doctor_desks
from sekretar.commands.ending import run, say
from sekretar.config import Settings, load_settings, settings_file
from sekretar.kernel import logs
from sekretar.kernel.clock import Clock, SystemClock
from sekretar.kernel.errors import ConfigurationError
from sekretar.kernel.http import HttpSessions
from sekretar.kernel.redaction import redact_text
from sekretar.kernel.secrets import Vault
from sekretar.mattermost import probe
from sekretar.mattermost.callbacks import COMMAND_PATH
from sekretar.mattermost.doctor import (
    Check,
    Diagnosis,
    Finding,
    Look,
    StandIn,
    State,
    Surroundings,
    examine,
    failure,
    fine,
)
from sekretar.mattermost.messages import ACTION_PATH
from sekretar.mattermost.requests import ActionCall
from sekretar.tickets import diagnosis as trackers
from sekretar.tickets.references import diagnosis as references
from sekretar.trackers.opening import open_trackers
from sekretar.web.server import listening_socket, serve

_MARKS = {State.OK: "ok", State.WARNING: "WARNING", State.FAILURE: "FAILURE", State.SKIPPED: "-"}


def doctor(as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False) -> None:
    """Look at every part of Sekretar, from the settings to Mattermost and back, and say what mends it.

    Exit status: 0 when nothing fails (warnings are allowed), else 1. Needs no administrator's token and changes
    nothing that people can see.
    """
    logs.configure("console", "error")
    diagnosis = run(diagnose())
    say(json.dumps(diagnosis.as_dict(), indent=2, ensure_ascii=False) if as_json else as_text(diagnosis))
    if not diagnosis.healthy:
        raise typer.Exit(1)


async def diagnose() -> Diagnosis:
    """Examine the installation that the settings of this process describe."""
    try:
        settings = load_settings()
        http = HttpSessions(http_settings(settings))
    except ConfigurationError as error:
        return Diagnosis((failure("settings", error.what, error.remedy),))
    try:
        found = await examine(surroundings(settings, http))
    finally:
        await http.close()
    return Diagnosis((_settings_read(), *found.findings))


def surroundings(settings: Settings, http: HttpSessions) -> Surroundings:
    """What the doctor looks at, for these settings."""
    clock = SystemClock()
    sites = open_trackers(settings.trackers, http, clock)
    return Surroundings(
        settings,
        clock,
        http,
        stand_in(settings),
        [Check(calendars.NAME, calendars.diagnose), *doctor_desks.checks(settings, clock)],
        [
            *(partial(trackers.diagnose, site) for site in sites.values()),
            *_of_references(settings, http, clock),
            *doctor_desks.looks(settings, http, clock, sites),
        ],
    )


def _of_references(settings: Settings, http: HttpSessions, clock: Clock) -> list[Look]:
    """A look at the bot's right to edit posts, where it is needed; without an address other checks complain."""
    reachable = settings.mattermost_url and settings.mattermost_token.get_secret_value()
    if not (settings.tickets_edit_posts and reachable):
        return []
    return [partial(references.diagnose, mattermost_client(settings, http, clock))]


def as_text(diagnosis: Diagnosis) -> str:
    """The findings for people, without secrets."""
    lines = []
    for finding in diagnosis.findings:
        lines.append(f"{_MARKS[finding.state]:<8} {finding.name:<11} {redact_text(finding.seen)}")
        if finding.remedy:
            lines.append(f"{'':<21}-> {finding.remedy}")
    failures = sum(finding.state is State.FAILURE for finding in diagnosis.findings)
    lines += ["", f"{failures} of {len(diagnosis.findings)} checks failed." if failures else "Nothing fails."]
    return "\n".join(lines)


def _settings_read() -> Finding:
    file = settings_file()
    return fine("settings", f"read from {file} and the environment" if file else "read from the environment")


def stand_in(settings: Settings) -> StandIn:
    """Answers at our own port in the place of a Sekretar that is not running."""

    @contextlib.asynccontextmanager
    async def answering(vault: Vault) -> AsyncIterator[None]:
        bound = listening_socket(settings.listen_host, settings.listen_port)
        # From here on callers wait in line instead of being refused, until the server takes them.
        bound.listen()
        serving = asyncio.create_task(serve(_application(vault), bound))
        try:
            yield
        finally:
            serving.cancel()
            await asyncio.wait([serving])

    return answering


def _application(vault: Vault) -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/healthz")
    async def alive() -> dict[str, Any]:
        return {"alive": True, "version": __version__}

    @app.post(COMMAND_PATH)
    async def command(request: Request) -> JSONResponse:
        text = dict(parse_qsl((await request.body()).decode("utf-8", "replace"))).get("text", "")
        return _proof(probe.answer_command(vault, text))

    @app.post(ACTION_PATH)
    async def action(request: Request) -> JSONResponse:
        try:
            call = ActionCall.read(json.loads(await request.body()))
        except ValueError:
            call = None
        return _proof(probe.answer_click(vault, call.action, call.claim) if call else None)

    return app


def _proof(answer: dict[str, Any] | None) -> JSONResponse:
    """The answer to the doctor's question; everybody else has to wait for Sekretar itself."""
    return JSONResponse(answer, 200) if answer else JSONResponse({"error": "not running"}, 503)
