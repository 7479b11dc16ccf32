"""One small tree of errors, so that every failure is met by who can mend it.

A `PersonError` is said to the person whose act failed, in their language. A `ConfigurationError` is said to the
administrator and carries the sentence that mends it. A `PeerError` means another server did not do what was
asked; what follows depends on the kind, never on the text.
"""

from __future__ import annotations

from datetime import timedelta


class SekretarError(Exception):
    """Everything Sekretar raises on purpose."""


class PersonError(SekretarError):
    """Something a person can understand and mend: a catalogue key and what belongs into its text."""

    def __init__(self, key: str, **params: object) -> None:
        super().__init__(key)
        self.key = key
        self.params = params


class ConfigurationError(SekretarError):
    """Sekretar is set up wrongly. `remedy` is the sentence that tells the administrator what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what} {remedy}")
        self.what = what
        self.remedy = remedy


class PeerError(SekretarError):
    """Another server did not do what was asked. `peer` names it, `detail` is for the log."""

    def __init__(self, peer: str, detail: str = "") -> None:
        super().__init__(f"{peer}: {detail or type(self).__name__}")
        self.peer = peer
        self.detail = detail


class PeerDown(PeerError):
    """No answer, a broken answer, or 5xx: it may work later; nothing may be concluded from it."""


class PeerLimited(PeerDown):
    """The peer asks for fewer requests (429, or 503 with Retry-After)."""

    def __init__(self, peer: str, detail: str = "", retry_after: timedelta | None = None) -> None:
        super().__init__(peer, detail)
        self.retry_after = retry_after


class PeerRefused(PeerError):
    """The credentials are not (or no longer) accepted: 401."""


class PeerForbidden(PeerError):
    """The credentials are good, the act is not allowed: 403."""


class PeerNotFound(PeerError):
    """The thing asked for does not exist: 404 or 410."""


class PeerConflict(PeerError):
    """The thing was changed by somebody else in between: 409 or 412."""


class PeerInvalid(PeerError):
    """The peer will never accept this request: 400, 413, 422."""


class PeerUnsupported(PeerError):
    """The peer lacks the function or it is switched off: 405, 501."""


class AddressNotAllowed(PeerError):
    """An address typed by a person leads inside the network and is not on the administrator's list."""
