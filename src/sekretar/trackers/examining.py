"""What the doctor looks at in any tracker: whether there is an account of ours, whether it works, what it lacks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from sekretar.kernel.errors import PeerDown, PeerError
from sekretar.trackers.errors import NotATracker
from sekretar.trackers.port import Tracker
from sekretar.trackers.values import Account, Examination, Shortcoming

#: Where trackers are named.
SETTING: Final = "SEKRETAR_TRACKERS"

T = TypeVar("T", bound=Tracker)


async def examined(
    service: T | None,
    without: Shortcoming,
    look: Callable[[T, Account], Awaitable[tuple[Shortcoming, ...]]],
    failure: Callable[[PeerError], Shortcoming],
) -> Examination:
    """Look at everything.

    Args:
        service: The tracker as our own account sees it; None when none is configured.
        without: What that means.
        look: Says what the account lacks.
        failure: Says what an error means.
    """
    if service is None:
        return Examination(None, (without,))
    try:
        account = await service.me()
        return Examination(account, await look(service, account))
    except PeerError as error:
        return Examination(None, (failure(error),))


def failed(error: PeerError, elsewhere: str, unreachable: str, odd: str) -> Shortcoming:
    """What an error means that is no word of the tracker's own, each with its remedy."""
    if isinstance(error, NotATracker):
        seen, remedy = "something else answers at its address", elsewhere
    elif isinstance(error, PeerDown):
        seen, remedy = "it cannot be reached", unreachable
    else:
        seen, remedy = "it does not do what is asked", odd
    return Shortcoming(f"{seen} ({error.detail})", remedy, fatal=True)
