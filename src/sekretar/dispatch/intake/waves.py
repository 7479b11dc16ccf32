"""Which letters can be filed together: pure rules over what ties them to each other.

Letters of one conversation must see each other: the second belongs to the incident that the first has made. So what
is filed together is a wave of letters of which none has to do with another, and an answer comes with a later wave.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from sekretar.dispatch.intake.deliveries import is_notice
from sekretar.dispatch.intake.understanding import Understood

#: As many are filed in one transaction: others wait for it meanwhile.
MOST = 25


@dataclass(frozen=True)
class Tied:
    """A letter with all that it has in common with others: ids, codes, incidents."""

    of: Understood
    ties: frozenset[Hashable]

    @property
    def stands_alone(self) -> bool:
        """Whether it is about letters that it does not name as others do: what was filed before it counts."""
        return self.of.raw.incident_id is not None or is_notice(self.of.letter)


def waves(letters: Sequence[Tied]) -> Iterator[list[Understood]]:
    """Letters in waves, each of them after all of its conversation that came before it."""
    for some in _between_those_alone(letters):
        for wave in zip_longest(*_conversations(some)):
            together = [each.of for each in wave if each is not None]
            for first in range(0, len(together), MOST):
                yield together[first : first + MOST]


def apart(ties: Sequence[Collection[Hashable]]) -> list[bool]:
    """For each of several in a row, whether it shares none of its ties with one that stands before it."""
    before: set[Hashable] = set()
    found = []
    for each in ties:
        found.append(before.isdisjoint(each))
        before.update(each)
    return found


def _between_those_alone(letters: Sequence[Tied]) -> Iterator[list[Tied]]:
    together: list[Tied] = []
    for each in letters:
        if each.stands_alone:
            yield together
            yield [each]
            together = []
        else:
            together.append(each)
    yield together


def _conversations(letters: Sequence[Tied]) -> list[list[Tied]]:
    """The letters by what they have to do with each other, be it over others; all in the order they came in."""
    found: list[tuple[set[Hashable], list[int]]] = []
    for at, letter in enumerate(letters):
        same = [each for each in found if not each[0].isdisjoint(letter.ties)]
        found = [each for each in found if each[0].isdisjoint(letter.ties)]
        ties = set(letter.ties).union(*(each[0] for each in same))
        found.append((ties, sorted([at, *(one for each in same for one in each[1])])))
    return [[letters[at] for at in members] for members in sorted(members for _, members in found)]
