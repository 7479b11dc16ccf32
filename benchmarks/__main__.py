"""`python -m benchmarks [quick] [name …]`: all rows, or those of the named modules; quick ones prove nothing."""

from __future__ import annotations

import importlib
import os
import platform
import sys

from benchmarks.scale import FULL, QUICK
from benchmarks.table import head, show
from sekretar.__main__ import leave_loaded_alone

ALL = (
    "start",
    "idle_accounts",
    "first_looks",
    "changed_event",
    "reminders",
    "outbox",
    "agenda",
    "references",
    "assignments",
    "assets",
    "incidents",
    "letters",
    "mailboxes",
)


def main() -> None:
    """Measure and print."""
    words = sys.argv[1:]
    scale = QUICK if "quick" in words else FULL
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} processors. "
        "Ratios are to a floor measured in the same run."
    )
    print(head(), flush=True)
    for name in [word for word in words if word != "quick"] or ALL:
        part = importlib.import_module(f"benchmarks.{name}")
        # Floors and ours alike are measured with the collector as the product has it.
        leave_loaded_alone()
        show(part.rows(scale))


if __name__ == "__main__":
    main()
