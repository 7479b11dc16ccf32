"""`sekretar sla`: what an administrator does about the working calendars of the desks."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from sekretar.app import Foundation
from sekretar.commands.ending import say, with_foundation
from sekretar.dispatch.sla.calendars import rule_days
from sekretar.dispatch.sla.hours import DayRule
from sekretar.dispatch.sla.published import read_year
from sekretar.kernel.errors import ConfigurationError

app = typer.Typer()


@app.callback()
def sla() -> None:
    """Deadlines of the dispatch desks."""


@app.command("days")
def days(
    file: Annotated[
        Path, typer.Argument(help="The production calendar of a year, from xmlcalendar.ru (JSON).")
    ],
    desk: Annotated[str, typer.Option("--desk", help="Only this desk; otherwise all.")] = "",
) -> None:
    """Take over the days off and the shortened days of a year; open incidents are reckoned anew."""
    for name, count in with_foundation(lambda base: _take_over(base, file, desk)):
        say(f"{name}: {count} days ruled.")


async def _take_over(base: Foundation, file: Path, desk: str) -> list[tuple[str, int]]:
    ruled = _read(file)
    desks = [each.name for each in base.settings.desks()]
    if not desks or (desk and desk not in desks):
        raise ConfigurationError(
            f"There is no desk {desk}." if desk else "There is no desk.",
            f"Desks: {', '.join(desks) or 'none'}.",
        )
    names = [desk] if desk else desks
    async with base.database.transaction() as session:
        for name in names:
            await rule_days(session, name, ruled)
    return [(name, len(ruled)) for name in names]


def _read(file: Path) -> dict[date, DayRule]:
    try:
        return read_year(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise ConfigurationError(
            f"The calendar {file} cannot be read: {error}.",
            "Fetch it anew, like xmlcalendar.ru/data/ru/2027/calendar.json.",
        ) from error
