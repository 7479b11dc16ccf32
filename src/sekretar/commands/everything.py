"""Every command but `run`, under its name: what only an administrator at the keyboard needs.

Apart from the command line itself, which loads it when something else than `run` is asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sekretar.commands import keys, letters, outbox, registry, sla, tickets, tokens
from sekretar.commands.backup import backup, restore
from sekretar.commands.doctor import doctor
from sekretar.commands.settings import settings
from sekretar.commands.setup import setup
from sekretar.sandbox.options import DemoOptions

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

app.command(short_help="Make Sekretar known to Mattermost; may be repeated.")(setup)
app.command(short_help="Say what works, what does not, and what mends it.")(doctor)
app.command(short_help="Copy the database into a file, while Sekretar runs.")(backup)
app.command(short_help="Put a backup back.")(restore)
app.add_typer(keys.app, name="keys", short_help="Make and change encryption keys.")
app.add_typer(outbox.app, name="outbox", short_help="Look at undelivered messages, retry or discard them.")
app.add_typer(tickets.app, name="tickets", short_help="Say who people are in the trackers.")
app.add_typer(letters.app, name="letters", short_help="Letters that could not be read: look, read again.")
app.add_typer(registry.app, name="registry", short_help="Read the lists of poles, stations and contractors.")
app.add_typer(tokens.app, name="tokens", short_help="Make and revoke tokens of the API.")
app.add_typer(sla.app, name="sla", short_help="Take over the days off of a year for deadlines.")
app.command(short_help="List all settings and what they mean.")(settings)


@app.command(short_help="Try Sekretar on this machine, without a Mattermost.")
def demo(
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the data of earlier runs.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Play the scenario without a browser and exit.")
    ] = False,
    port: Annotated[int, typer.Option(help="Port of the chat page.")] = DemoOptions.port,
    calendar_port: Annotated[
        int, typer.Option(help="Port of the calendar server.")
    ] = DemoOptions.calendar_port,
    listen_port: Annotated[int, typer.Option(help="Port of Sekretar itself.")] = DemoOptions.listen_port,
    folder: Annotated[Path, typer.Option(help="Where the data is kept.")] = DemoOptions.folder,
) -> None:
    """Try Sekretar with a calendar server and stand-ins for Mattermost and Yandex Tracker, on this machine only."""
    # The sandbox is no part of a running product: it is loaded when it is asked for.
    from sekretar.sandbox.demo import run_demo

    raise typer.Exit(run_demo(DemoOptions(fresh, check, port, calendar_port, listen_port, folder)))
