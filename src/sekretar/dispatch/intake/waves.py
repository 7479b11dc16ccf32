"""Which letters can be filed together: pure rules over what ties them to each other.

Letters of one conversation must see each other: the second belongs to the incident that the first has made. So what
is filed together is a wave of letters of which none has to do with another, and an answer comes with a later wave.

Incidents are numbered in the order in which their letters came. An answer to a letter that is filed with it makes
none, so it may wait. What has to do with others and perhaps begins something new (another subject, forwarded, in a
thread that may be closed) does not: no later letter is filed before it.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from sekretar.dispatch.intake.deliveries import is_notice
from sekretar.dispatch.intake.understanding import Understood
from sekretar.dispatch.mail.model import Direction
from sekretar.dispatch.subjects import is_forward, is_same

#: As many are filed in one transaction: others wait for it meanwhile.
MOST = 25


@dataclass(frozen=True)
class Tied:
    """A letter with all that it has in common with others.

    Attributes:
        ties: Ids, codes, incidents.
        subject: The normal one.
        leads_to: Its id, where whoever answers it under its subject joins the incident that it is in.
        answers: The id of the letter that it answers.
    """

    of: Understood
    ties: frozenset[Hashable]
    subject: str = ""
    leads_to: Hashable | None = None
    answers: Hashable | None = None

    @property
    def stands_alone(self) -> bool:
        """Whether it is about letters that it does not name as others do: what was filed before it counts."""
        return self.of.raw.incident_id is not None or is_notice(self.of.letter)

    def may_begin(self, ties: Collection[Hashable], leading: Mapping[Hashable, str]) -> bool:
        """Whether it has to do with letters before it and makes an incident of its own perhaps.

        Args:
            ties: Of these letters.
            leading: The normal subjects of those of them whose answers join, by their ids.
        """
        if self.of.raw.direction is Direction.OUT or self.ties.isdisjoint(ties):
            return False
        subject = leading.get(self.answers)
        return is_forward(self.of.letter.subject) or subject is None or not is_same(self.subject, subject)


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
    ties: set[Hashable] = set()
    leading: dict[Hashable, str] = {}
    for each in letters:
        if each.stands_alone or each.may_begin(ties, leading):
            yield together
            together, ties, leading = [], set(), {}
        if each.stands_alone:
            yield [each]
            continue
        together.append(each)
        ties.update(each.ties)
        if each.leads_to is not None:
            leading[each.leads_to] = each.subject
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
