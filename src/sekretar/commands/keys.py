"""`sekretar keys`: the keys that encrypt stored secrets."""

from __future__ import annotations

import typer

from sekretar.app import Foundation
from sekretar.commands.ending import say, with_foundation
from sekretar.kernel import secrets

app = typer.Typer(help="The keys that encrypt stored passwords and tokens.", no_args_is_help=True)


@app.command()
def generate() -> None:
    """Print a new key, for SEKRETAR_KEYS or the file of SEKRETAR_KEYS_FILE. Nothing is stored."""
    say(secrets.generate_key())


@app.command()
def rotate() -> None:
    """Encrypt all stored secrets with the first key of SEKRETAR_KEYS.

    To change the key: put a new one in front of the old one, restart Sekretar, rotate, take the old one away.
    """

    # Secrets stand in tables of every feature, whichever this installation has switched on.
    import sekretar.models  # noqa: F401

    async def work(base: Foundation) -> int:
        return await secrets.rotate(base.database, base.vault)

    count = with_foundation(work)
    say(f"{count} {'secret was' if count == 1 else 'secrets were'} encrypted with the first key.")
    say("Keys behind the first one are no longer needed. Restart Sekretar after taking them away.")
