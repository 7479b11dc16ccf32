"""How long work takes where the machine has other work, too: processor time, the best of some rounds."""

from __future__ import annotations

import time
from collections.abc import Callable


def quickest(work: Callable[[], object], rounds: int) -> float:
    """Milliseconds of processor time that the quickest of these rounds took."""
    taken = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        taken.append(time.process_time() - begun)
    return min(taken) * 1000
