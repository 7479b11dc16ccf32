"""Whatever is changed on two sides: in the end both show the same, and nothing is written again."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from sekretar.dispatch.incidents.values import Status
from sekretar.dispatch.mirror.merging import adopted, changed_there, stood, to_write
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
        #: What the field had before each change of somebody else's that was not heard of yet.
        self.unheard: list[str] = []
        self.writes = 0

    def work_there(self, value: tuple[str, ...]) -> None:
        """Somebody types into the field."""
        if value != self.theirs:
            self.unheard.append(", ".join(self.theirs))
            self.theirs = value

    def hear(self) -> None:
        """The tracker's history is read, as it is before every comparison that follows a failure."""
        for before in self.unheard:
            ours = stood([(NAME, before)], self.tried, self.wrote)
            self.seen, self.wrote = self.seen | ours, self.wrote | ours
            self.tried = {} if ours else self.tried
        self.unheard = []

    def look(self, *, answered: bool = True) -> None:
        self.hear()
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
            pair.work_there(value)
        else:
            pair.look(answered=act == "look")
    pair.look()
    assert pair.ours == pair.theirs
    writes = pair.writes
    pair.look()
    assert pair.writes == writes


@given(_acts, _values, st.booleans(), _values)
def test_whoever_changes_what_we_wrote_has_the_last_word(
    acts: list[tuple[str, tuple[str, ...]]], mine: tuple[str, ...], answered: bool, last: tuple[str, ...]
) -> None:
    pair = Pair()
    for act, value in acts:
        if act == "here":
            pair.ours = value
        elif act == "there":
            pair.work_there(value)
        else:
            pair.look(answered=act == "look")
    pair.look()
    pair.ours = mine
    pair.look(answered=answered)
    ours = pair.tried.get(NAME, pair.wrote.get(NAME))
    assume(ours == pair.theirs != last)
    pair.work_there(last)
    pair.look()
    assert (pair.ours, pair.theirs) == (last, last)


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


def test_closing_closes_from_wherever_work_is_done() -> None:
    for status in Status:
        if status is not Status.CLOSED and status not in (Status.NOTIFYING_APPLICANT, Status.HANDING_OVER):
            assert way(status, (Status.CLOSED,))[-1:] == (Status.CLOSED,), status
    assert way(Status.APPLICANT_NOTIFIED, (Status.CLOSED,)) == (Status.CLOSURE_NOTIFIED, Status.CLOSED)
    assert way(Status.AWAITING_CONFIRMATION, (Status.ON_GENERATION,)) == ()


def test_what_a_found_ticket_shows_beyond_what_it_was_made_with_is_somebodys() -> None:
    shown = {"pole": ("B",), "type": ("usual",), "station": (), "summary": ("Dark",)}
    given, usual = {"station": ("KI0075",), "summary": ("Dark",)}, {"type": ("usual",)}
    seen = adopted(shown, given, usual)
    assert set(changed_there(shown, seen, {})) == {"pole"}
