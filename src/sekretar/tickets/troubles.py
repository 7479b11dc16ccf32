"""What a person is told when a tracker does not do what was asked, as a key of the catalogue with its parameters.

Only the tracker's own words about fields are quoted; everything else is said in ours.
"""

from __future__ import annotations

from sekretar.kernel.errors import (
    PeerDown,
    PeerError,
    PeerForbidden,
    PeerLimited,
    PeerNotFound,
    PeerRefused,
    PersonError,
)
from sekretar.kernel.text import truncate
from sekretar.tickets.remarks import Remark
from sekretar.trackers.errors import (
    ChangedMeanwhile,
    FateUnknown,
    FileTooLarge,
    IllegalTransition,
    InvalidFields,
    ProjectClosed,
    TicketFull,
    UnknownPerson,
)

#: The tracker's own words.
_QUOTED = 300

#: The first kind that fits decides.
_KEYS: tuple[tuple[type[PeerError], str], ...] = (
    (UnknownPerson, "unknown_person"),
    (ProjectClosed, "closed"),
    (TicketFull, "full"),
    (IllegalTransition, "illegal_step"),
    (ChangedMeanwhile, "changed"),
    (FateUnknown, "fate_unknown"),
    (FileTooLarge, "file_too_large"),
    (PeerRefused, "refused"),
    (PeerForbidden, "forbidden"),
    (PeerNotFound, "not_found"),
    (PeerLimited, "limited"),
    (PeerDown, "down"),
    (PeerError, "invalid"),
)


def remark_on(error: PeerError, tracker: str) -> Remark:
    """What to say about a failure of this tracker."""
    if isinstance(error, InvalidFields) and error.problems:
        said = "; ".join(problem.text for problem in error.problems)
        return Remark("tickets.trouble.fields", {"tracker": tracker, "said": truncate(said, _QUOTED)})
    key = next(key for kind, key in _KEYS if isinstance(error, kind))
    return Remark(f"tickets.trouble.{key}", {"tracker": tracker})


def explained(error: PeerError, tracker: str) -> PersonError:
    """The same, to be raised."""
    return remark_on(error, tracker).as_error()


def is_passing(error: PeerError) -> bool:
    """Whether the same may work later without anybody changing anything."""
    return isinstance(error, PeerDown)
