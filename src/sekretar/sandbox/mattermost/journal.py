"""What the sandbox remembers about itself for tests: the calls it made to integrations, and what it frowned at."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

logger = logging.getLogger(__name__)


@dataclass
class OutgoingCall:
    """One request to an integration. `status` stays None when no answer came; `error` says why."""

    kind: str
    url: str
    method: str
    headers: dict[str, str]
    body: str
    at: int
    status: int | None = None
    answer: str = ""
    error: str = ""


@dataclass
class Journal:
    """The newest entries of both lists, oldest first."""

    entries: int
    calls: deque[OutgoingCall] = field(init=False)
    warnings: deque[str] = field(init=False)

    def __post_init__(self) -> None:
        self.calls = deque(maxlen=self.entries)
        self.warnings = deque(maxlen=self.entries)

    def warn(self, text: str) -> None:
        """Note something that a real server would accept quietly or not know: loud here, so that tests see it."""
        logger.warning("mattermost sandbox: %s", text)
        self.warnings.append(text)

    def as_json(self) -> dict[str, Any]:
        return {"calls": [asdict(call) for call in self.calls], "warnings": list(self.warnings)}
