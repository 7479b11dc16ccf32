"""The command line. Everything a command does stands in `commands`; here they get their names."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sekretar import __version__
from sekretar.app import Sekretar, foundation
from sekretar.commands import keys, letters, outbox, registry, sla, tickets, tokens
from sekretar.commands.backup import backup, restore
from sekretar.commands.doctor import doctor
from sekretar.commands.ending import run_until_told, say
from sekretar.commands.settings import settings
from sekretar.commands.setup import setup
from sekretar.config import load_settings
from sekretar.kernel import logs
from sekretar.sandbox.options import DemoOptions

app = typer.Typer(
    help="Sekretar, the secretary for teams that work in Mattermost.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main() -> None:
    """The program `sekretar`."""
    app()


def _version(wanted: bool) -> None:
    if wanted:
        say(f"Sekretar {__version__}")
        raise typer.Exit


@app.callback()
def sekretar(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Sekretar, the secretary for teams that work in Mattermost."""


@app.command()
def run() -> None:
    """Run Sekretar until SIGTERM or Ctrl-C.

    Exit status: 78 when a setting has to be corrected, 75 when the database is down.
    """
    run_until_told(_work())


async def _work() -> None:
    chosen = load_settings()
    logs.configure(chosen.log_format, chosen.log_level)
    async with foundation(chosen) as base:
        await Sekretar(base).run()


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
