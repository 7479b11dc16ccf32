"""What understanding a long list of assignments costs: a person waits for its preview."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date

from benchmarks.references import WORDS
from benchmarks.scale import Scale
from benchmarks.table import Row
from benchmarks.timing import quickest
from sekretar.tickets.batches.grammar import read

LINES = 200
#: The quickest counts.
ROUNDS = 7

TODAY = date(2026, 3, 4)
#: What stands around the words of a line.
ENDS = (
    "@boris.ivanov до пятницы",
    "@vera 09.05.2026 #site !high",
    "@anna, @chris by Friday",
    "(@boris, завтра)",
    "#office !!",
    "не позднее 31 декабря 2026 г.",
    "",
)


def rows(scale: Scale) -> Iterator[Row]:
    """A list as long as a message can hold, once after the other."""
    chance = random.Random(4)
    text = "\n".join(_line(number, chance) for number in range(1, LINES + 1))
    assert len(read(text, TODAY).assignments) == LINES
    yield Row(
        f"assignments: {LINES} lines are understood, processor time",
        quickest(lambda: read(text, TODAY), ROUNDS),
        "ms",
        quickest(lambda: [line.split() for line in text.splitlines()], ROUNDS),
        "the same lines are split into words",
        most=50,
    )


def _line(number: int, chance: random.Random) -> str:
    words = " ".join(chance.choices(WORDS, k=chance.randint(3, 12)))
    return f"{number}. {words} {chance.choice(ENDS)}".rstrip()
