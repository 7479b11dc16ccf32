"""`sekretar registry`: what an administrator does about the lists of poles, stations and contractors."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Annotated

import typer

from sekretar.app import Foundation
from sekretar.commands.ending import complain, say, with_foundation
from sekretar.commands.tables import age, table
from sekretar.dispatch.assets.registry.importing import Importing, Manner, Step, feeds
from sekretar.dispatch.assets.registry.report import Report
from sekretar.dispatch.assets.registry.standing import LastTime, last_times
from sekretar.dispatch.settings import RegistrySettings
from sekretar.kernel.errors import ConfigurationError
from sekretar.kernel.i18n import Catalogues, Translator

app = typer.Typer()

#: In characters; it is drawn anew when it has grown by one.
_BAR = 30


@app.callback()
def registry() -> None:
    """Poles, base stations and contractors of the dispatch desks."""


@app.command("import")
def import_lists(
    desk: Annotated[str, typer.Option("--desk", help="Only this desk; otherwise all.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would change, and what is wrong in the lists.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Believe lists that are empty, too short or lose too much."),
    ] = False,
) -> None:
    """Read the lists of the desks now. Exit status 1 when one of them was not taken over."""
    reports = with_foundation(lambda base: _import(base, desk, Manner(dry_run, force)))
    t = Catalogues.load().translator("en")
    say(table(_HEAD, [_row(report) for report in reports]))
    for report in reports:
        _say_remarks(report, t)
    refused = [report for report in reports if report.refused is not None]
    for report in refused:
        what = report.refused.said(t) if report.refused else ""
        complain(f"{report.desk}, {report.feed}: {what}", "Nothing of this list was taken over.")
    if refused:
        raise typer.Exit(1)


@app.command("report")
def last_report(
    desk: Annotated[str, typer.Option("--desk", help="Only this desk; otherwise all.")] = "",
) -> None:
    """Show what came of the last time that each list was taken over. Exit status 1 when one is in trouble."""
    lists, now = with_foundation(lambda base: _last_times(base, desk))
    if not lists:
        say("No list was ever read: `sekretar registry import` does it now.")
        return
    t = Catalogues.load().translator("en")
    say(table([*_HEAD[:-1], "taken over", "last tried"], [_row_of(each, now) for each in lists]))
    for each in lists:
        if each.report is not None:
            _say_remarks(each.report, t)
    in_trouble = [each.trouble for each in lists if each.trouble is not None]
    for trouble in in_trouble:
        complain(
            f"{trouble.desk}, {trouble.feed}, for {age(trouble.since, now)}: {trouble.said(t)}",
            "The register is as it was when the list was last taken over.",
        )
    if in_trouble:
        raise typer.Exit(1)


async def _last_times(base: Foundation, desk: str) -> tuple[list[LastTime], datetime]:
    found: list[LastTime] = []
    async with base.database.reading() as session:
        for name in _registries(base, desk):
            found += await last_times(session, name)
    return found, base.clock.now()


def _row_of(last: LastTime, now: datetime) -> list[str]:
    numbers = _numbers(last.report) if last.report is not None else ["-"] * (len(_HEAD) - 3)
    taken_over = f"{age(last.imported_at, now)} ago" if last.imported_at is not None else "never"
    tried = f"{age(last.tried_at, now)} ago"
    return [last.desk, last.feed.value, *numbers, taken_over, tried]


async def _import(base: Foundation, desk: str, manner: Manner) -> list[Report]:
    registries = _registries(base, desk)
    importing = Importing(base.database, lambda: base.http.peers, base.clock, registries)
    reports: list[Report] = []
    for name in registries:
        bar = _Bar(name)
        reports += await importing.run(name, manner, bar.show)
        bar.end()
    return reports


def _registries(base: Foundation, desk: str) -> dict[str, RegistrySettings]:
    """The lists of this desk, or of all where none is named."""
    registries = {each.name: each.registry for each in base.settings.desks() if any(feeds(each.registry))}
    if desk and desk not in registries:
        raise ConfigurationError(
            f"There is no desk {desk} with lists.", f"Desks with lists: {', '.join(registries) or 'none'}."
        )
    if not registries:
        raise ConfigurationError(
            "No desk has lists of assets.", "Name them in [desk.registry] of the file of SEKRETAR_DESKS_FILE."
        )
    return {desk: registries[desk]} if desk else registries


class _Bar:
    """How far an import is, in one line of a terminal that is written over; nothing where nobody watches."""

    def __init__(self, desk: str) -> None:
        self._desk, self._shown = desk, ""
        self._watched = sys.stderr.isatty()

    def show(self, step: Step) -> None:
        """Draw the bar anew when it looks different."""
        full = int(step.share * _BAR)
        doing = "writing" if step.written else "reading"
        line = f"{self._desk}, {step.feed}: {doing} [{'#' * full}{'.' * (_BAR - full)}]"
        if self._watched and line != self._shown:
            self._shown = line
            typer.echo(f"\r\x1b[K{line} {step.read} rows", nl=False, err=True)

    def end(self) -> None:
        """Clear the line."""
        if self._watched:
            typer.echo("\r\x1b[K", nl=False, err=True)


_HEAD = [
    "desk",
    "list",
    "rows",
    "rejected",
    "entries",
    "new",
    "changed",
    "back",
    "gone",
    "same",
    "taken over",
]


def _row(report: Report) -> list[str]:
    done = "no" if report.refused else "dry run" if report.dry_run else "yes"
    return [report.desk, report.feed.value, *_numbers(report), done]


def _numbers(report: Report) -> list[str]:
    numbers = (
        report.rows,
        report.rejected,
        report.entries,
        report.created,
        report.updated,
        report.returned,
        report.gone,
        report.unchanged,
    )
    return list(map(str, numbers))


def _say_remarks(report: Report, t: Translator) -> None:
    for each in report.remarks:
        outcome = "left out" if each.rejected else "taken over"
        say(f"{report.desk}, {report.feed}, row {each.row} ({outcome}): {each.remark.said(t)}")
    if report.remarked > len(report.remarks):
        say(f"{report.desk}, {report.feed}: {report.remarked - len(report.remarks)} more remarks.")
