"""Whatever is changed on two sides: in the end both show the same, and nothing is written again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sekretar.dispatch.incidents.values import Status
from sekretar.dispatch.mirror.merging import changed_there, to_write
from sekretar.dispatch.mirror.pulling import way

NAME = "pole"
_values = st.sampled_from([(), ("A",), ("B",), ("C",)])
_acts = st.lists(st.tuples(st.sampled_from(["here", "there", "look", "lost"]), _values), max_size=12)


class Pair:
    """An incident and its ticket, compared by the rules as the job does it."""

    def __init__(self) -> None:
        self.ours: tuple[str, ...] = ()
        self.theirs: tuple[str, ...] = ()
        self.seen: dict[str, tuple[str, ...]] = {}
        self.wrote: dict[str, tuple[str, ...]] = {}
        self.tried: dict[str, tuple[str, ...]] = {}
        self.writes = 0

    def look(self, *, answered: bool = True) -> None:
        shown = {NAME: self.theirs}
        landed = {name: value for name, value in self.tried.items() if shown[name] == value}
        changed = changed_there(shown, self.seen, self.tried)
        self.ours = changed.get(NAME, self.ours)
        self.seen |= landed | changed
        self.wrote |= landed | changed
        self.tried = {}
        wrong = to_write({NAME: self.ours}, shown, self.seen, self.wrote)
        if not wrong:
            return
        self.tried, self.theirs = wrong, wrong[NAME]
        self.writes += 1
        if answered:
            self.seen, self.wrote, self.tried = self.seen | wrong, self.wrote | wrong, {}


@given(_acts)
def test_both_sides_agree_in_the_end(acts: list[tuple[str, tuple[str, ...]]]) -> None:
    pair = Pair()
    for act, value in acts:
        if act == "here":
            pair.ours = value
        elif act == "there":
            pair.theirs = value
        else:
            pair.look(answered=act == "look")
    pair.look()
    assert pair.ours == pair.theirs
    writes = pair.writes
    pair.look()
    assert pair.writes == writes


def test_a_lost_answer_does_not_bring_back_what_was_changed_since() -> None:
    pair = Pair()
    pair.ours = ("A",)
    pair.look(answered=False)
    pair.ours = ("B",)
    pair.look()
    assert (pair.ours, pair.theirs) == (("B",), ("B",))


def test_what_the_tracker_made_of_a_value_is_not_written_again() -> None:
    wanted, shown = {"deadline": ("06.03.2026 12:00",)}, {"deadline": ("06.03.2026",)}
    assert not to_write(wanted, shown, shown, wanted)
    assert to_write(wanted, {"deadline": ("07.03.2026",)}, shown, wanted) == wanted


def test_a_new_ticket_that_is_closed_was_in_work() -> None:
    assert way(Status.NEW, (Status.CLOSED,)) == (Status.IN_PROGRESS, Status.CLOSED)
    assert way(Status.NEW, (Status.NOTIFYING_APPLICANT,)) == (Status.IN_PROGRESS, Status.NOTIFYING_APPLICANT)
    assert way(Status.NEW, (Status.HANDING_OVER,)) == ()
