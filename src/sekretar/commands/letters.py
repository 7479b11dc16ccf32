"""`sekretar letters`: letters that stand in no incident or could not be read, and reading them again.

What people wrote is nobody's business here, so a letter is shown with its words only when that is asked for.
"""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Annotated

import typer
from sqlalchemy import select

from sekretar.app import Foundation
from sekretar.commands.ending import complain, say, with_foundation
from sekretar.commands.tables import age, table
from sekretar.dispatch.mail import store
from sekretar.dispatch.mail.model import LetterRow, LetterState
from sekretar.kernel.text import truncate

app = typer.Typer()

#: How many letters are listed.
MOST = 100
_WIDEST = 50

_LOOKED_FOR = (LetterState.UNREADABLE, LetterState.SET_ASIDE)

Number = Annotated[int, typer.Argument(metavar="ID", help="A number from the list.")]


@app.callback()
def letters() -> None:
    """Letters to the dispatch desks that could not be read, or belong to no incident."""


@app.command("list")
def list_letters(
    desk: Annotated[str, typer.Option("--desk", help="Only of this desk.")] = "",
    unreadable: Annotated[
        bool, typer.Option("--unreadable", help="Without those that were set aside.")
    ] = False,
) -> None:
    """List the letters that could not be read, and those that were set aside, the latest first."""
    states = _LOOKED_FOR[:1] if unreadable else _LOOKED_FOR

    async def read(base: Foundation) -> tuple[list[LetterRow], datetime]:
        query = select(LetterRow).where(LetterRow.state.in_(states))
        if desk:
            query = query.where(LetterRow.desk == desk)
        async with base.database.reading() as session:
            return list(
                await session.scalars(query.order_by(LetterRow.id.desc()).limit(MOST))
            ), base.clock.now()

    found, now = with_foundation(read)
    if not found:
        say("There are none.")
        return
    rows = [
        [
            str(row.id),
            row.desk,
            row.direction,
            row.state,
            age(row.received_at, now),
            row.sender_address or "-",
            truncate(row.subject, _WIDEST) or "-",
            row.why,
        ]
        for row in found
    ]
    say(table(["id", "desk", "way", "state", "age", "from", "subject", "why"], rows))


@app.command()
def show(
    number: Number,
    raw: Annotated[bool, typer.Option("--raw", help="The letter as it came, for a mail program.")] = False,
) -> None:
    """Show what is known of a letter; with --raw write the letter itself, byte by byte."""

    async def read(base: Foundation) -> tuple[LetterRow | None, bytes | None]:
        async with base.database.reading() as session:
            return await store.letter_row(session, number), await store.raw_bytes(session, number)

    row, content = with_foundation(read)
    if row is None:
        complain(f"There is no letter {number}.", "`sekretar letters list` shows the numbers.")
        raise typer.Exit(1)
    if raw:
        _write(number, content)
        return
    details = {
        "id": row.id,
        "desk": row.desk,
        "direction": row.direction,
        "state": row.state,
        "why": row.why,
        "incident": row.incident_id,
        "from": row.sender_address,
        "subject": row.subject,
        "message id": row.message_id,
        "received at": row.received_at.isoformat(),
        "size": row.size,
        "kept": "no longer" if content is None else f"{len(content)} bytes",
    }
    for name, value in details.items():
        say(f"{name + ':':<14}{'-' if value in (None, '') else value}")


def _write(number: int, content: bytes | None) -> None:
    if content is None:
        complain(
            f"Letter {number} is no longer kept as it came.", "See [desk.retention] in the file of the desks."
        )
        raise typer.Exit(1)
    sys.stdout.buffer.write(content)


@app.command()
def replay(
    numbers: Annotated[list[int], typer.Argument(metavar="ID...", help="Numbers from the list.")],
) -> None:
    """Read letters again, as after an update of Sekretar. A running Sekretar does it within a minute."""

    async def work(base: Foundation) -> list[int]:
        async with base.database.transaction() as session:
            return [number for number in numbers if not await store.replay(session, number)]

    refused = with_foundation(work)
    say(f"{len(numbers) - len(refused)} will be read again.")
    if refused:
        complain(
            f"Not these: {', '.join(map(str, refused))}.",
            "They stand in an incident already, are no longer kept, or do not exist.",
        )
        raise typer.Exit(1)
