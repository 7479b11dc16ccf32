"""`sekretar setup`: making Sekretar known to Mattermost, with an administrator's token that is used once."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from sekretar.app import foundation
from sekretar.commands import envfile
from sekretar.commands.ending import complain, run, say
from sekretar.config import Settings, load_settings
from sekretar.kernel import logs
from sekretar.kernel.errors import ConfigurationError
from sekretar.mattermost.client import MattermostClient
from sekretar.mattermost.setup import Problem, Report, SetupOptions, set_up

#: The environment variable for the administrator's token.
TOKEN_VARIABLE = "SEKRETAR_ADMIN_TOKEN"  # noqa: S105 - the name, not the token

_HOW_TO_GET_ONE = """\
A personal access token of a system administrator is needed once; it is not stored.
In Mattermost: Profile, Security, Personal Access Tokens. (They may have to be switched on first: System Console,
Integrations, Integration Management. On the server itself: mmctl token generate NAME setup --local)"""


def setup(
    bot: Annotated[str, typer.Option(help="Username of the bot. [default: the configured one, else sekretar]",
                                     show_default=False)] = "",
    team: Annotated[list[str] | None, typer.Option(help="Only this team, by the name in its address; may be"
                                                   " repeated. [default: all teams]", show_default=False)] = None,
    admin_token_file: Annotated[Path | None, typer.Option(help="File with the administrator's token; - reads it"
                                                          " from standard input.", show_default=False)] = None,
    write: Annotated[Path | None, typer.Option(help="Put the new settings into this file, too.", metavar="FILE",
                                               show_default=False)] = None,
    allow_callback: Annotated[bool, typer.Option("--allow-callback", help="Let Mattermost call our private address:"
                                                 " changes its configuration.")] = False,
) -> None:  # fmt: skip
    """Make the bot, bring it and the commands into every team, register the OAuth 2 application.

    Asks for an administrator's token, unless SEKRETAR_ADMIN_TOKEN or --admin-token-file has it. May be repeated at
    any time: what is right is left alone.
    """
    logs.configure("console", "warning")
    options = SetupOptions(bot.strip().removeprefix("@"), tuple(team or ()), allow_callback)
    report = run(_set_up(options, admin_token_file))
    _print(report, written=write)
    if report.problems:
        raise typer.Exit(1)


async def _set_up(options: SetupOptions, token_file: Path | None) -> Report:
    settings = load_settings()
    if not settings.mattermost_url:
        raise ConfigurationError("The address of Mattermost is not set.", "Set SEKRETAR_MATTERMOST_URL.")
    async with foundation(settings) as base:
        token = _token(settings, token_file)
        admin = MattermostClient(base.http.peers, settings.mattermost_url, token, clock=base.clock)
        return await set_up(admin, settings, base.database, base.vault, options, clock=base.clock)


def _token(settings: Settings, file: Path | None) -> str:
    if file is not None:
        token = _read(file)
    elif (given := os.environ.get(TOKEN_VARIABLE)) is not None:
        token = given
    elif sys.stdin.isatty():
        typer.echo(_HOW_TO_GET_ONE, err=True)
        token = typer.prompt(
            f"Administrator's token for {settings.mattermost_url}", hide_input=True, err=True
        )
    else:
        token = ""
    if not token.strip():
        raise ConfigurationError(
            "There is no administrator's token.",
            f"Give it by {TOKEN_VARIABLE} or --admin-token-file, or run setup in a terminal to be asked for it.",
        )
    return token.strip()


def _read(file: Path) -> str:
    if str(file) == "-":
        return sys.stdin.readline()
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"The file {file} cannot be read ({error}).", "Correct --admin-token-file."
        ) from error


def _print(report: Report, written: Path | None) -> None:
    for place in dict.fromkeys(line.place for line in report.lines):
        say(place or "Mattermost")
        for line in report.lines:
            if line.place == place:
                say(f"  {'+' if line.changed else '='} {line.text}")
    for problem in report.problems:
        _print_problem("problem", problem)
    for advice in report.advice:
        _print_problem("note", advice)
    if report.variables:
        _print_settings(report, written)
    if not report.changed:
        say("\nNothing had to be changed.")
    say("\nnext: sekretar doctor")


def _print_problem(kind: str, problem: Problem) -> None:
    where = f"{problem.place}: " if problem.place else ""
    say(f"\n{kind}: {where}{problem.what}\n  {problem.remedy}")


def _print_settings(report: Report, written: Path | None) -> None:
    if written is not None:
        try:
            envfile.write(written, report.variables)
        except ConfigurationError as error:
            # A token is told only once, so it must not get lost with the file.
            complain(error.what, error.remedy)
        else:
            say(f"\nWritten to {written}: {', '.join(report.variables)}. Restart Sekretar to use them.")
            return
    say("\nAdd these lines to the settings (or run setup with --write FILE) and restart Sekretar:")
    for name, value in report.variables.items():
        say(f"{name}={value}")
