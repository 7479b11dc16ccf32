"""`sekretar tickets`: what an administrator does about trackers outside of the chat."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from sekretar.app import Foundation, mattermost_client
from sekretar.commands.ending import complain, say, with_foundation
from sekretar.commands.tables import table
from sekretar.kernel.errors import ConfigurationError, PersonError
from sekretar.kernel.i18n import Catalogues, Translator
from sekretar.kernel.people import People
from sekretar.mattermost.profiles import Profiles
from sekretar.tickets.accounts.identities import Identities
from sekretar.tickets.accounts.lines import Lines, read_lines, text_of
from sekretar.tickets.accounts.mapping import Mapping, Result
from sekretar.trackers.opening import open_trackers

app = typer.Typer()


@app.callback()
def tickets() -> None:
    """Trackers and the people in them."""


@app.command("map")
def map_people(
    file: Annotated[
        Path,
        typer.Argument(
            help="Lines `username,login`; an empty login takes it back.",
            exists=True,
            dir_okay=False,
            readable=True,
        ),
    ],
    tracker: Annotated[str, typer.Option("--tracker", help="Name of the tracker in the settings.")],
) -> None:
    """Say who people are in a tracker, from a file. Exit status 1 when a line was not accepted."""
    lines = read_lines(_content(file))
    results = with_foundation(lambda base: _apply(base, tracker, lines))
    t = Catalogues.load().translator("en")
    rows = [_row(each, t) for each in results]
    rows += [[line, "", "no", t.plain("tickets.map.unreadable", line=line)] for line in lines.unreadable]
    if rows:
        say(table(["person", "login", "done", "remark"], rows))
    if lines.unreadable or not all(result.done for result in results):
        complain("Some lines were not accepted.", "Mend them and run the command again; it may be repeated.")
        raise typer.Exit(1)


def _content(file: Path) -> str:
    try:
        return text_of(file.read_bytes())
    except ValueError:
        complain(f"{file} is no text.", "Save it as CSV: lines `username,login`, in UTF-8.")
        raise typer.Exit(1) from None


def _row(result: Result, t: Translator) -> list[str]:
    said = t.plain_error(result.remark.as_error())
    return [result.pair.username, result.pair.login, "yes" if result.done else "no", said]


async def _apply(base: Foundation, tracker: str, lines: Lines) -> list[Result]:
    try:
        return await _mapping(base).apply(tracker, lines.pairs)
    except PersonError as error:
        what = Catalogues.load().translator("en").plain_error(error)
        raise ConfigurationError(what, "See SEKRETAR_TRACKERS.") from error


def _mapping(base: Foundation) -> Mapping:
    settings, client = base.settings, mattermost_client(base.settings, base.http, base.clock)
    people = People(settings.mattermost_url, settings.default_language, ZoneInfo(settings.default_zone))
    profiles = Profiles(client, base.database, people, base.clock)
    identities = Identities(
        base.database, base.vault, open_trackers(settings.trackers, base.http, base.clock)
    )
    return Mapping(base.database, base.clock, people, profiles, client, identities)
