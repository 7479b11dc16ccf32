"""How a command ends: what is wrong is said in two sentences, and the exit status says whose turn it is.

The statuses are those of sysexits.h: 78 for settings that have to be corrected, 75 for something that is down and
may be tried again. Tracebacks are for faults of our own.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import typer
import uvloop

from sekretar.app import Foundation, foundation
from sekretar.config import load_settings
from sekretar.kernel import logs
from sekretar.kernel.errors import ConfigurationError, PeerDown, PeerError

T = TypeVar("T")

MISCONFIGURED = 78
TRY_LATER = 75


def say(text: str = "") -> None:
    """A line for whoever, or whatever, reads the command's output."""
    typer.echo(text)


def complain(what: str, remedy: str) -> None:
    """What is wrong, and what to do about it."""
    typer.echo(f"{what}\n{remedy}", err=True)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end. Errors that an administrator can mend end the process with a sentence and a status.

    Raises:
        typer.Exit: with the status, after the sentence.
    """
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(work)
    except (ConfigurationError, PeerError, ExceptionGroup) as error:
        raise typer.Exit(explain(error)) from None


def explain(error: Exception) -> int:
    """Say what is wrong and what to do; the exit status for it. Raises what is no administrator's business."""
    match _cause(error):
        case ConfigurationError() as wrong:
            complain(wrong.what, wrong.remedy)
            return MISCONFIGURED
        case PeerDown(peer="database") as down:
            complain(
                f"The database cannot be reached: {down.detail}.",
                "Start it, or correct SEKRETAR_DATABASE_URL.",
            )
            return TRY_LATER
        case PeerDown() as down:
            complain(f"{down.peer.capitalize()} does not answer: {down.detail}.", "Try again later.")
            return TRY_LATER
        case PeerError() as refused:
            complain(f"{refused.peer.capitalize()} refused: {refused.detail}.", "Try `sekretar doctor`.")
            return 1
    raise error


def run_until_told(work: Coroutine[Any, Any, None]) -> None:
    """Run until SIGTERM or SIGINT, then let the work end gracefully. A second signal ends it at once."""
    run(_until_told(work))


def with_foundation(work: Callable[[Foundation], Awaitable[T]]) -> T:
    """Run something that needs the database and the keys; what it logs is worth reading only when it warns."""
    logs.configure("console", "warning")

    async def founded() -> T:
        async with foundation(load_settings()) as base:
            return await work(base)

    return run(founded())


async def _until_told(work: Coroutine[Any, Any, None]) -> None:
    working = asyncio.ensure_future(work)
    told = False

    def end(number: signal.Signals) -> None:
        nonlocal told
        told = True
        asyncio.get_running_loop().remove_signal_handler(number)
        working.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end, number)
    try:
        await working
    except asyncio.CancelledError:
        if not told:
            raise


def _cause(error: Exception) -> Exception:
    """The error itself, or the one behind a group of tasks that ended together."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
