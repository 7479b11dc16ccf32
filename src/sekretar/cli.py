"""The command line. `run` stands here, all other commands in `commands.everything`.

What runs for months loads nothing that only the others need: they are looked for when `run` is not what is meant.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from sekretar import __version__
from sekretar.app import Sekretar, foundation
from sekretar.commands.ending import run_until_told, say
from sekretar.config import load_settings
from sekretar.kernel import logs


class Commands(TyperGroup):
    """`run`, and behind it everything else as soon as it is asked for."""

    # The context is of a module that typer keeps to itself.
    def list_commands(self, ctx: Any) -> list[str]:
        self._load_others()
        return super().list_commands(ctx)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.commands:
            self._load_others()
        return super().get_command(ctx, cmd_name)

    def _load_others(self) -> None:
        from sekretar.commands import everything

        self.commands.update(typer.main.get_group(everything.app).commands)


app = typer.Typer(
    cls=Commands,
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
