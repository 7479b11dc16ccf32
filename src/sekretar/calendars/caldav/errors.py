"""What can go wrong with a calendar server beyond the kinds every peer shares.

People need three different sentences where a naive client has one: *the password is wrong*, *the server
cannot be reached* and *this is not a calendar server*. The first is `PeerRefused`; the other two are here.
"""

from __future__ import annotations

from enum import StrEnum

from sekretar.kernel.errors import PeerDown, PeerInvalid


class Reason(StrEnum):
    """Why a server could not be reached, as far as a person can do something about it."""

    #: The name of the server is not known: usually a typing mistake.
    NAME = "name"
    #: Nobody listens at the address.
    CONNECTION = "connection"
    #: The certificate is not trusted, or no secure connection could be agreed on.
    CERTIFICATE = "certificate"
    #: No answer in time.
    TIMEOUT = "timeout"
    #: The server answered that it is in trouble (5xx).
    TROUBLE = "trouble"
    #: The answer broke off.
    BROKEN = "broken"


class Unreachable(PeerDown):
    """The server gave no usable answer.

    Nothing may be concluded. After a write its fate is unknown: read first.
    """

    def __init__(self, peer: str, reason: Reason, detail: str = "") -> None:
        super().__init__(peer, f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class NotCalDav(PeerInvalid):
    """Something answered, but it does not speak CalDAV.

    A login page, a web site, another address of the product.
    """


class NotAnAddress(NotCalDav):
    """What was typed cannot be the address of any server."""


class AnswerTooLarge(PeerInvalid):
    """The answer is larger than Sekretar is willing to hold in memory."""


class RedirectRefused(NotCalDav):
    """The server points to another host or to an unprotected connection: the password does not go there."""
