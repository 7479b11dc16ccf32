"""What can be chosen about the demo."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DemoOptions:
    """`fresh` forgets the data of earlier runs; `check` plays the scenario and ends."""

    fresh: bool = False
    check: bool = False
    port: int = 8080
    calendar_port: int = 5232
    listen_port: int = 8090
    folder: Path = Path("var/demo")
