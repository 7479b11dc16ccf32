"""What the administrator says about learning of changes in tickets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True)
class WatchSettings:
    """How often trackers are asked what has changed, and with which secret each of them may call us."""

    every: timedelta = timedelta(minutes=1)
    #: By the name of the tracker; an empty one lets nobody call.
    hook_secrets: Mapping[str, str] = field(default_factory=dict)


NOTHING_SAID = WatchSettings()
