"""`sekretar tokens`: who may use the API of the dispatch desks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import typer

from sekretar.app import Foundation
from sekretar.commands.ending import complain, say, with_foundation
from sekretar.commands.tables import table
from sekretar.dispatch.api import tokens as stored
from sekretar.dispatch.api.tokens import Scope, Token, TokenDraft
from sekretar.kernel.errors import ConfigurationError

app = typer.Typer()


@app.callback()
def tokens() -> None:
    """Tokens by which other programs use the API of the dispatch desks."""


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Who uses it; stands in the history of what it does.")],
    scope: Annotated[
        Scope, typer.Option("--scope", help="`read`, or `write` for reading and changing.")
    ] = Scope.READ,
    desk: Annotated[list[str] | None, typer.Option("--desk", help="Only for this desk; may repeat.")] = None,
    days: Annotated[
        int, typer.Option("--days", min=0, max=3650, help="How long it works; 0 means until it is revoked.")
    ] = 0,
) -> None:
    """Make a token. It is shown this once."""
    token, text = with_foundation(lambda base: _create(base, name, scope, frozenset(desk or ()), days))
    complain(
        f"Token {token.id} for {token.name} ({token.scope}; {_desks(token)}).",
        "It cannot be shown again: keep it where its program finds it and nobody else does.",
    )
    say(text)


@app.command("list")
def list_tokens() -> None:
    """List all tokens that were made."""

    async def read(base: Foundation) -> tuple[list[Token], datetime]:
        async with base.database.reading() as session:
            return await stored.listing(session), base.clock.now()

    found, now = with_foundation(read)
    if not found:
        say("No token was made so far.")
        return
    head = ["id", "name", "scope", "desks", "made", "used", "state"]
    rows = [
        [str(each.id), each.name, each.scope, _desks(each), _day(each.created_at),
         _day(each.used_at), _state(each, now)]
        for each in found
    ]  # fmt: skip
    say(table(head, rows))


@app.command()
def revoke(
    number: Annotated[int, typer.Argument(metavar="ID", help="A number from the list.")],
) -> None:
    """Let a token work no more, at once."""

    async def end(base: Foundation) -> bool:
        async with base.database.transaction() as session:
            return await stored.revoke(session, number, base.clock.now())

    if not with_foundation(end):
        complain(f"There is no token {number}.", "`sekretar tokens list` shows the numbers.")
        raise typer.Exit(1)
    say(f"Token {number} does not work any more.")


async def _create(
    base: Foundation, name: str, scope: Scope, desks: frozenset[str], days: int
) -> tuple[Token, str]:
    known = {desk.name for desk in base.settings.desks()}
    if unknown := sorted(desks - known):
        raise ConfigurationError(
            f"There is no desk {unknown[0]}.", f"Desks: {', '.join(sorted(known)) or 'none'}."
        )
    now = base.clock.now()
    draft = TokenDraft(name, scope, desks, now + timedelta(days=days) if days else None)
    async with base.database.transaction() as session:
        return await stored.create(session, draft, now)


def _desks(token: Token) -> str:
    return ", ".join(sorted(token.desks)) or "all desks"


def _day(moment: datetime | None) -> str:
    return moment.date().isoformat() if moment else "-"


def _state(token: Token, now: datetime) -> str:
    if token.revoked_at is not None:
        return f"revoked {_day(token.revoked_at)}"
    if not token.works(now):
        return f"expired {_day(token.expires_at)}"
    return f"until {_day(token.expires_at)}" if token.expires_at else "works"
