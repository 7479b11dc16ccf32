"""`python -m benchmarks [name …]`: all rows, or those of the named modules."""

from __future__ import annotations

import importlib
import os
import platform
import sys

from benchmarks.table import show

ALL = ("start", "outbox", "agenda")


def main() -> None:
    """Measure and print."""
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} processors. Ratios are to the floor of the same run."
    )
    for name in sys.argv[1:] or ALL:
        show(importlib.import_module(f"benchmarks.{name}").rows())


main()
