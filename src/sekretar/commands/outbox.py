"""`sekretar outbox`: what has not been delivered, and what to do about it.

What people wrote to each other is nobody's business here, so payloads are shown only when asked for by name.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

import typer

from sekretar.app import Foundation
from sekretar.commands.ending import complain, say, with_foundation
from sekretar.commands.tables import age, table
from sekretar.kernel.outbox import Letter, Letters, OutboxRow, State
from sekretar.kernel.redaction import redact_text

app = typer.Typer()

#: How many rows of each state are shown.
MOST = 100

_OPEN = (State.DEAD, State.SENDING, State.WAITING)
_DONE = (State.DELIVERED, State.EXPIRED, State.DISCARDED)

Dead = Annotated[bool, typer.Option("--dead", help="Only dead letters: those that wait for your decision.")]
All = Annotated[bool, typer.Option("--all", help="Delivered, expired and discarded ones, too.")]
AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]
Ids = Annotated[
    list[int] | None, typer.Argument(metavar="ID...", help="Numbers from the list.", show_default=False)
]


@app.callback(invoke_without_command=True)
def outbox(
    context: typer.Context, dead: Dead = False, everything: All = False, as_json: AsJson = False
) -> None:
    """What Sekretar has to say outside and has not delivered. Without a subcommand: the list."""
    if context.invoked_subcommand is None:
        list_letters(dead, everything, as_json)


@app.command("list")
def list_letters(dead: Dead = False, everything: All = False, as_json: AsJson = False) -> None:
    """List what is not delivered: dead letters first, then what is being sent or waits."""
    states = (State.DEAD,) if dead else (*_OPEN, *_DONE) if everything else _OPEN

    async def read(base: Foundation) -> tuple[list[Letter], dict[State, int], datetime]:
        letters = Letters(base.database, base.clock)
        found = [letter for state in states for letter in await letters.listing(state, MOST)]
        return found, await letters.counts(), base.clock.now()

    found, counts, now = with_foundation(read)
    if as_json:
        say(json.dumps({"counts": counts, "letters": [_as_dict(letter) for letter in found]}, indent=2))
        return
    rows = [[str(letter.id), letter.state, letter.kind, letter.key, str(letter.attempts),
             age(letter.created_at, now), _error(letter)] for letter in found]  # fmt: skip
    if rows:
        say(table(["id", "state", "kind", "key", "tries", "age", "last error"], rows))
    hidden = sum(counts[state] for state in states) - len(found)
    if hidden:
        say(f"... and {hidden} more")
    say(", ".join(f"{counts[state]} {state}" for state in State))


@app.command()
def show(
    number: Annotated[int, typer.Argument(metavar="ID", help="A number from the list.")],
    payload: Annotated[bool, typer.Option("--payload", help="What it says, too: private words.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show everything about one row but what it says."""

    async def read(base: Foundation) -> OutboxRow | None:
        async with base.database.reading() as session:
            return await session.get(OutboxRow, number)

    row = with_foundation(read)
    if row is None:
        complain(f"There is no row {number}.", "`sekretar outbox list --all` shows the numbers.")
        raise typer.Exit(1)
    details = _details(row, payload=payload)
    if as_json:
        say(json.dumps(details, indent=2, ensure_ascii=False))
        return
    for name, value in details.items():
        shown = json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value
        say(f"{name + ':':<20}{'-' if shown in (None, '') else shown}")


@app.command()
def retry(
    numbers: Ids = None, all_dead: Annotated[bool, typer.Option("--all-dead", help="All of them.")] = False
) -> None:
    """Send dead letters once more. Sekretar makes sure first that they did not arrive after all."""
    asked = _asked(numbers, all_dead=all_dead)
    count = with_foundation(lambda base: Letters(base.database, base.clock).retry(asked))
    _report(count, asked, "will be sent again within half a minute, if Sekretar runs")


@app.command()
def discard(
    numbers: Ids = None, all_dead: Annotated[bool, typer.Option("--all-dead", help="All of them.")] = False
) -> None:
    """Give dead letters up."""
    asked = _asked(numbers, all_dead=all_dead)
    count = with_foundation(lambda base: Letters(base.database, base.clock).discard(asked))
    _report(count, asked, "discarded")


def _asked(numbers: list[int] | None, *, all_dead: bool) -> list[int] | None:
    """The numbers, or None for all dead letters."""
    if bool(numbers) is all_dead:
        raise typer.BadParameter("Name the letters by their numbers, or all of them by --all-dead.")
    return numbers or None


def _report(count: int, asked: list[int] | None, what: str) -> None:
    say(f"{count} {'letter' if count == 1 else 'letters'} {what}.")
    missing = len(set(asked or ())) - count
    if asked and missing:
        complain(f"{missing} of the numbers are no dead letters.", "`sekretar outbox --help` tells more.")
        raise typer.Exit(1)


def _error(letter: Letter) -> str:
    return redact_text(letter.last_error or "")


def _as_dict(letter: Letter) -> dict[str, Any]:
    return {
        "id": letter.id,
        "state": letter.state,
        "kind": letter.kind,
        "key": letter.key,
        "lane": letter.lane,
        "attempts": letter.attempts,
        "created_at": letter.created_at.isoformat(),
        "finished_at": letter.finished_at.isoformat() if letter.finished_at else None,
        "last_error": _error(letter) or None,
    }


def _details(row: OutboxRow, *, payload: bool) -> dict[str, Any]:
    moments = {
        name: moment.isoformat() if moment else None
        for name, moment in (
            ("created_at", row.created_at),
            ("due_at", row.due_at),
            ("expires_at", row.expires_at),
            ("first_attempted_at", row.first_attempted_at),
            ("finished_at", row.finished_at),
        )
    }
    return {
        "id": row.id,
        "state": row.state,
        "kind": row.kind,
        "key": row.key,
        "lane": row.lane,
        "attempts": row.attempts,
        **moments,
        "last_error": redact_text(row.last_error or "") or None,
        **({"payload": row.payload} if payload else {}),
    }
