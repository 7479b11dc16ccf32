"""How an incident goes from new to closed, as data.

The table is that of the predecessor's queue. Three statuses are triggers: entering one sends a letter, and when the
letter is delivered the incident moves on by itself. Waiting and error can be reached from wherever work is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sekretar.dispatch.incidents.values import Status


class LetterKind(StrEnum):
    """The letters that moves send."""

    #: To the applicant: the desk has taken it up.
    ACCEPTED = "accepted"
    #: To the contractor: the incident is theirs now.
    HANDED_OVER = "handed_over"
    #: To the applicant: it is mended.
    CLOSED = "closed"


@dataclass(frozen=True)
class Trigger:
    """What entering a status sets off."""

    letter: LetterKind
    #: Where the incident goes when the letter is delivered.
    then: Status


TRIGGERS: Final = {
    Status.NOTIFYING_APPLICANT: Trigger(LetterKind.ACCEPTED, Status.APPLICANT_NOTIFIED),
    Status.HANDING_OVER: Trigger(LetterKind.HANDED_OVER, Status.HANDED_OVER),
    Status.NOTIFYING_CLOSURE: Trigger(LetterKind.CLOSED, Status.CLOSURE_NOTIFIED),
}

#: Nothing is left to do; the clocks stop.
FINISHED: Final = frozenset({Status.ON_GENERATION, Status.CLOSED})

#: The moves of the table, in the order in which they are offered.
_MOVES: Final[dict[Status, tuple[Status, ...]]] = {
    Status.NEW: (Status.IN_PROGRESS,),
    Status.IN_PROGRESS: (
        Status.NOTIFYING_APPLICANT,
        Status.APPLICANT_NOTIFIED,
        Status.ON_GENERATION,
        Status.CLOSED,
    ),
    Status.NOTIFYING_APPLICANT: (Status.APPLICANT_NOTIFIED,),
    Status.APPLICANT_NOTIFIED: (
        Status.HANDING_OVER,
        Status.HANDED_OVER,
        Status.NOTIFYING_CLOSURE,
        Status.CLOSURE_NOTIFIED,
        Status.ON_GENERATION,
    ),
    Status.HANDING_OVER: (Status.HANDED_OVER,),
    Status.HANDED_OVER: (Status.NOTIFYING_CLOSURE, Status.ON_GENERATION, Status.CLOSED),
    Status.AWAITING_CONFIRMATION: (Status.NOTIFYING_CLOSURE, Status.CLOSURE_NOTIFIED),
    Status.NOTIFYING_CLOSURE: (Status.CLOSURE_NOTIFIED,),
    Status.CLOSURE_NOTIFIED: (Status.ON_GENERATION, Status.CLOSED),
    Status.ON_GENERATION: (Status.CLOSED, Status.NOTIFYING_CLOSURE),
    # Not in the predecessor's table, where nothing led out of closed: an incident is opened again like this.
    Status.CLOSED: (Status.IN_PROGRESS,),
    Status.ERROR: (Status.IN_PROGRESS,),
}

#: Reached from every status in which work is done, whatever the table says.
_FROM_ANYWHERE: Final = (Status.AWAITING_CONFIRMATION, Status.ERROR)


def moves(status: Status) -> tuple[Status, ...]:
    """Where a person may move an incident from here, in the order in which it is offered.

    Error is not among them: an incident falls into it, nobody chooses it.
    """
    waiting = Status.AWAITING_CONFIRMATION
    also = (waiting,) if is_legal(status, waiting) and waiting not in _MOVES[status] else ()
    return _MOVES[status] + also


def is_legal(status: Status, target: Status) -> bool:
    """Whether an incident may go from the one to the other. To stay is no move."""
    if target in _MOVES[status]:
        return True
    if target is status or target not in _FROM_ANYWHERE:
        return False
    return status is not Status.CLOSED and (target is Status.ERROR or status not in TRIGGERS)


def is_finished(status: Status) -> bool:
    """Whether nothing is left to do in this status."""
    return status in FINISHED
