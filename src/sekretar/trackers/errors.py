"""What can go wrong with a tracker beyond the kinds that every peer shares.

The kinds are the kernel's: *not allowed* is `PeerForbidden`, *not found* `PeerNotFound` (a ticket that the reader
may not see counts as that where the tracker says so), *key not accepted* `PeerRefused`, *rate-limited*
`PeerLimited`, *down* `PeerDown`. The classes here say what a person needs to hear in addition.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sekretar.kernel.errors import PeerConflict, PeerDown, PeerForbidden, PeerInvalid
from sekretar.trackers.values import Ticket


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """A field that was not accepted.

    `field` is a `Field`, the key of a custom field, or None when the tracker's words could not be assigned to one.
    `text` is what the tracker says, in the language of its account: shown, never read.
    """

    field: str | None
    text: str


class InvalidFields(PeerInvalid):
    """The tracker does not accept these values; nothing was stored."""

    def __init__(self, peer: str, problems: Iterable[FieldProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__(peer, "; ".join(problem.text for problem in self.problems))


class ChangedMeanwhile(PeerConflict):
    """Somebody changed the ticket since it was read; nothing was stored. `current` is the ticket as it is now."""

    def __init__(self, peer: str, current: Ticket) -> None:
        super().__init__(peer, f"{current.ref.key} was changed meanwhile")
        self.current = current


class IllegalTransition(PeerConflict):
    """The workflow, or the person's rights, do not lead from the present status to the one asked for."""


class TicketFull(PeerForbidden):
    """The ticket was changed so often that the tracker has locked it for good; only a new ticket goes on."""


class UnknownPerson(PeerForbidden):
    """Nobody can act in the name of this login: it is unknown to the tracker, or locked."""


class ProjectClosed(PeerForbidden):
    """The project is closed or archived: it can be read at most."""


class FileTooLarge(PeerInvalid):
    """The tracker does not take a file of this size. `limit` is in bytes, None when it does not say."""

    def __init__(self, peer: str, name: str, limit: int | None = None) -> None:
        super().__init__(peer, f"the file {name} is too large")
        self.name = name
        self.limit = limit


class FateUnknown(PeerDown):
    """A write was sent and its answer lost: it may or may not have happened. Read before writing again."""


class NotATracker(PeerDown):
    """Something answers that is not the tracker: a sign-in page, a proxy, another address of the product."""
