"""The values in which the mirror compares an incident with its ticket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sekretar.dispatch.assets.values import AssetCard
from sekretar.dispatch.incidents.values import Incident
from sekretar.dispatch.sla.reading import ClockView

#: Values of fields by our names of them.
Values = Mapping[str, tuple[str, ...]]


class MirrorState(StrEnum):
    """How an incident stands in the tracker."""

    #: There is no ticket yet.
    WAITING = "waiting"
    SHOWN = "shown"
    #: Its region is not mirrored.
    EXCLUDED = "excluded"
    #: The tracker has locked the ticket for good.
    FULL = "full"
    #: The ticket was deleted, or is out of sight of the service account.
    GONE = "gone"

    @property
    def lost(self) -> bool:
        """Whether nothing more is written, unless somebody asks for a new ticket."""
        return self in (MirrorState.FULL, MirrorState.GONE)


class Hindrance(StrEnum):
    """Why a whole tracker cannot be worked with."""

    DOWN = "down"
    #: The service account is not accepted.
    REFUSED = "refused"
    #: It answers, and not what is needed: no such project, no right to it.
    ODD = "odd"


class Name(StrEnum):
    """What of an incident a field of the tracker can show; the names in the settings."""

    POLE = "pole"
    STATION = "station"
    CONTRACTOR = "contractor"
    OPERATORS = "operators"
    TYPE = "type"
    DEADLINE = "deadline"
    SLA = "sla"
    NEW_MAIL = "new_mail"
    INCIDENT = "incident"


#: Beside the fields of the settings.
SUMMARY: Final = "summary"
ASSIGNEE: Final = "assignee"
STATUS: Final = "status"

#: The old value of an event that says why something asked for in the tracker was not done.
REFUSED: Final = "refused"

#: What can be changed on both sides.
TWO_WAY: Final = frozenset({Name.POLE, Name.STATION, Name.TYPE, ASSIGNEE, STATUS})
#: What is written when it changes here, and otherwise left as people in the tracker like it.
LOOSE: Final = frozenset({SUMMARY, STATUS, ASSIGNEE})
#: What changes often and can be done without in a ticket that will be locked soon.
DISPENSABLE: Final = frozenset({Name.SLA, Name.NEW_MAIL})


@dataclass(frozen=True)
class Sight:
    """An incident with what the ticket may show of it.

    Attributes:
        type: Its name; empty without one.
        assignee: The account of the responsible dispatcher; () when nobody is, None when they have no account.
        changes_at: When it will show something else although nobody does anything.
    """

    incident: Incident
    asset: AssetCard
    type: str
    clock: ClockView
    assignee: tuple[str, ...] | None
    changes_at: datetime | None


@dataclass(frozen=True)
class MirrorView:
    """What the card of an incident says of its ticket; `key` is empty while there is none."""

    state: MirrorState
    key: str
    link: str
