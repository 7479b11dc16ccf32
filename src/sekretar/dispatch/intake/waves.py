"""Which letters can be filed together: pure rules over what ties them to each other.

Letters of one conversation must see each other: the second belongs to the incident that the first has made. So what
is filed together is a wave of letters of which none has to do with another, and an answer comes with a later wave.

Incidents are numbered in the order in which their letters came. An answer makes none, so it may wait. What looks like
an answer and perhaps begins something new (another subject, forwarded) does not: no later letter is filed before it.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from sekretar.dispatch.intake.deliveries import is_notice
from sekretar.dispatch.intake.understanding import Understood
from sekretar.dispatch.mail.model import Direction
from sekretar.dispatch.subjects import is_among, is_forward

#: As many are filed in one transaction: others wait for it meanwhile.
MOST = 25


@dataclass(frozen=True)
class Tied:
    """A letter with all that it has in common with others: ids, codes, incidents. `subject` is the normal one."""

    of: Understood
    ties: frozenset[Hashable]
    subject: str = ""

    @property
    def stands_alone(self) -> bool:
        """Whether it is about letters that it does not name as others do: what was filed before it counts."""
        return self.of.raw.incident_id is not None or is_notice(self.of.letter)

    def may_begin(self, said: Mapping[Hashable, Collection[str]]) -> bool:
        """Whether it has to do with letters before it and makes an incident of its own perhaps.

        Args:
            said: The normal subjects of these letters, by what may tie it to them.
        """
        shared = [said[tie] for tie in self.ties if tie in said]
        if not shared or self.of.raw.direction is Direction.OUT:
            return False
        return is_forward(self.of.letter.subject) or not any(is_among(self.subject, each) for each in shared)


def waves(letters: Sequence[Tied]) -> Iterator[list[Understood]]:
    """Letters in waves, each of them after all of its conversation that came before it."""
    for some in _in_a_row(letters):
        for wave in zip_longest(*_conversations(some)):
            together = [some[at].of for at in sorted(at for at in wave if at is not None)]
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


def _in_a_row(letters: Sequence[Tied]) -> Iterator[list[Tied]]:
    """The letters in parts, each of which is filed before the next one begins."""
    together: list[Tied] = []
    said: dict[Hashable, set[str]] = {}
    for each in letters:
        if each.stands_alone or each.may_begin(said):
            yield together
            together, said = [], {}
        if each.stands_alone:
            yield [each]
            continue
        together.append(each)
        for tie in each.ties:
            said.setdefault(tie, set()).add(each.subject)
    yield together


def _conversations(letters: Sequence[Tied]) -> list[list[int]]:
    """The places of letters by what they have to do with each other, be it over others; in the order they came in."""
    found: list[tuple[set[Hashable], list[int]]] = []
    for at, letter in enumerate(letters):
        same = [each for each in found if not each[0].isdisjoint(letter.ties)]
        found = [each for each in found if each[0].isdisjoint(letter.ties)]
        ties = set(letter.ties).union(*(each[0] for each in same))
        found.append((ties, sorted([at, *(one for each in same for one in each[1])])))
    return sorted(members for _, members in found)
