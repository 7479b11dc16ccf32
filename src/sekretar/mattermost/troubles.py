"""What a person is told when something went wrong.

A mistake of theirs is explained, a peer that does not answer is named, and a mistake of ours gets an incident
number that stands in the log and in front of the person, so that the two can find each other.
"""

from __future__ import annotations

import secrets

import structlog

from sekretar.kernel.errors import (
    AddressNotAllowed,
    PeerDown,
    PeerError,
    PeerForbidden,
    PeerLimited,
    PeerRefused,
    PeerUnsupported,
    PersonError,
)
from sekretar.kernel.i18n import Translator
from sekretar.kernel.text import Markdown

_log = structlog.get_logger(__name__)

#: The first kind that fits decides.
_PEER_KEYS: tuple[tuple[type[PeerError], str], ...] = (
    (AddressNotAllowed, "mattermost.trouble.address"),
    (PeerLimited, "mattermost.trouble.limited"),
    (PeerDown, "mattermost.trouble.down"),
    (PeerRefused, "mattermost.trouble.refused"),
    (PeerForbidden, "mattermost.trouble.forbidden"),
    (PeerUnsupported, "mattermost.trouble.unsupported"),
    (PeerError, "mattermost.trouble.peer"),
)
_PEER_NAMES = {
    "mattermost": "mattermost.peer.mattermost",
    "caldav": "mattermost.peer.caldav",
    "database": "mattermost.peer.database",
}


def explain(error: Exception, t: Translator, act: str) -> Markdown:
    """The sentence for the person. `act` tells the log what was being done (`command calendar`, …)."""
    if isinstance(error, PersonError):
        return t.error(error)
    key, params = _trouble(error, t, act)
    return t(key, **params)


def explain_plainly(error: Exception, t: Translator, act: str) -> str:
    """The same for a dialog, which shows text as it is."""
    if isinstance(error, PersonError):
        return t.plain_error(error)
    key, params = _trouble(error, t, act)
    return t.plain(key, **params)


def _trouble(error: Exception, t: Translator, act: str) -> tuple[str, dict[str, str]]:
    if isinstance(error, PeerError):
        _log.warning("mattermost_act_failed", act=act, peer=error.peer, kind=type(error).__name__)
        key = next(key for kind, key in _PEER_KEYS if isinstance(error, kind))
        name = _PEER_NAMES.get(error.peer)
        return key, {"peer": t.plain(name) if name else error.peer}
    incident = secrets.token_hex(4).upper()
    _log.error("mattermost_act_broke", act=act, incident=incident, exc_info=error)
    return "mattermost.trouble.incident", {"incident": incident}
