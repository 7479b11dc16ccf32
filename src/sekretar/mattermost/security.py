"""What looks like an attack: logged with what is known, counted, and never explained to the sender."""

from __future__ import annotations

import structlog
from prometheus_client import CollectorRegistry, Counter

_log = structlog.get_logger(__name__)


class NotAccepted(Exception):
    """A request that gets a status and nothing else. `status` is 400 for garbage, 401 for a forgery."""

    def __init__(self, status: int) -> None:
        super().__init__(f"not accepted: {status}")
        self.status = status


class Watch:
    """Counts by kind: `sekretar_mattermost_refused_total{reason=…}`."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self._counter = Counter(
            "sekretar_mattermost_refused",
            "Requests from Mattermost that were not what they claimed to be.",
            ["reason"],
            registry=registry or CollectorRegistry(),
        )

    def note(self, reason: str, **about: str) -> None:
        """Log and count. `about` holds ids only, never what was sent."""
        _log.warning("mattermost_request_refused", reason=reason, **about)
        self._counter.labels(reason).inc()

    def count(self, reason: str) -> int:
        """How often this has happened since the start."""
        return int(self._counter.labels(reason)._value.get())
