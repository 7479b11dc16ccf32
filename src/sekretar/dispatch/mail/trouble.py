"""What can be wrong with a mailbox, as values: for alarms, for the doctor, and for how long to wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sekretar.kernel.errors import (
    PeerDown,
    PeerError,
    PeerLimited,
    PeerNotFound,
    PeerRefused,
)


class NotTrusted(PeerDown):
    """The server cannot prove who it is, or does not speak TLS as it should."""


class TroubleKind(StrEnum):
    """Who has to do something, and what."""

    #: No answer, a broken one, or the server says it has a fault: it may pass by itself.
    DOWN = "down"
    #: TLS: the certificate, or the wrong port.
    TLS = "tls"
    #: User name or password.
    REFUSED = "refused"
    #: Too many connections or requests for the taste of the server.
    LIMITED = "limited"
    #: The inbox that the settings name is not there.
    NO_FOLDER = "no_folder"
    #: The server does something that no mail server may do.
    ODD = "odd"


@dataclass(frozen=True)
class MailboxTrouble:
    """A mailbox cannot be read.

    Attributes:
        detail: In the words of the server or the machine, without secrets.
        since: When it was met first.
        times: How often in a row.
        next_try_at: When it is tried again.
    """

    kind: TroubleKind
    detail: str
    since: datetime
    times: int
    next_try_at: datetime

    @property
    def is_certain(self) -> bool:
        """One refusal is none: servers that have lost their user database refuse everybody for a moment."""
        return self.kind is not TroubleKind.REFUSED or self.times > 1


@dataclass(frozen=True)
class Standing:
    """How a mailbox is.

    Attributes:
        read_at: When all of it was looked at last; None when that has not happened since the start.
        idles: The server says at once when something comes; else it is asked now and then.
        sent: The folder of sent letters; None when there is none.
    """

    desk: str
    mailbox: str
    trouble: MailboxTrouble | None = None
    read_at: datetime | None = None
    idles: bool = False
    sent: str | None = None


def kind_of(error: PeerError) -> TroubleKind:
    """What an error in reading a mailbox means."""
    for known, kind in (
        (NotTrusted, TroubleKind.TLS),
        (PeerLimited, TroubleKind.LIMITED),
        (PeerDown, TroubleKind.DOWN),
        (PeerRefused, TroubleKind.REFUSED),
        (PeerNotFound, TroubleKind.NO_FOLDER),
    ):
        if isinstance(error, known):
            return kind
    return TroubleKind.ODD


#: First and longest pause before the next try. A refused password is tried rarely, or the account is locked for it.
_PAUSES = {
    TroubleKind.DOWN: (timedelta(seconds=5), timedelta(minutes=5)),
    TroubleKind.TLS: (timedelta(seconds=30), timedelta(minutes=15)),
    TroubleKind.REFUSED: (timedelta(minutes=1), timedelta(minutes=30)),
    TroubleKind.LIMITED: (timedelta(minutes=1), timedelta(minutes=15)),
    TroubleKind.NO_FOLDER: (timedelta(minutes=1), timedelta(minutes=15)),
    TroubleKind.ODD: (timedelta(minutes=1), timedelta(minutes=15)),
}


def pause_after(kind: TroubleKind, times: int) -> timedelta:
    """How long to wait after so many failures in a row."""
    first, longest = _PAUSES[kind]
    # 2 ** 10 of the shortest is beyond the longest.
    return min(first * 2.0 ** min(times - 1, 10), longest)
