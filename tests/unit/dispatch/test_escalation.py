"""Steps fire once each, in any history of moved deadlines, outages and nights in which nobody is to be disturbed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sekretar.dispatch.sla.clocks import Course, Segment
from sekretar.dispatch.sla.escalation import Audience, Decision, Mark, Matter, Notice, Step, decide, marks
from sekretar.dispatch.sla.hours import RoundTheClock

START = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
PERSON, CHANNEL, HEAD = (
    frozenset({each}) for each in (Audience.RESPONSIBLE, Audience.CHANNEL, Audience.HEAD)
)
STEPS = (Step(-60, PERSON), Step(-15, CHANNEL), Step(0, PERSON | CHANNEL), Step(30, HEAD))


def marks_for(allowance: timedelta) -> list[Mark]:
    return marks(STEPS, Course((Segment(START, None),)), RoundTheClock(), allowance)


class Clock:
    """A clock with the memory that the database has for it."""

    def __init__(self, allowance: timedelta) -> None:
        self.allowance = allowance
        self.known: dict[str, bool] = {}
        self.fired: list[str] = []
        self.breaches = 0
        self.said: list[Notice] = []

    def look(
        self, now: datetime, stopped_at: datetime | None = None, speak_from: datetime | None = None
    ) -> Decision:
        found = decide(marks_for(self.allowance), self.known, stopped_at, now, speak_from or now)
        self.fired = [key for key in self.fired if key not in found.withdrawn]
        self.known = {key: said for key, said in self.known.items() if key not in found.withdrawn}
        self.fired += [mark.step.key for mark in found.fired]
        self.known |= {mark.step.key: False for mark in found.fired}
        self.breaches += found.breach
        if found.notice:
            self.said.append(found.notice)
        if found.settled:
            self.known = dict.fromkeys(self.known, True)
        return found


def test_one_step_after_the_other() -> None:
    clock = Clock(4 * HOUR)
    now, seen = START, []
    while (due := clock.look(now).due_at) is not None:
        now = due
        seen.append(int((now - START - 4 * HOUR) / MINUTE))
    assert seen == [-60, -15, 0, 30]
    assert [(each.matter, each.to) for each in clock.said] == [
        (Matter.WARNING, PERSON),
        (Matter.WARNING, CHANNEL),
        (Matter.OVERDUE, PERSON | CHANNEL),
        (Matter.OVERDUE, HEAD),
    ]


def test_after_an_outage_the_breach_is_said_once_in_place_of_its_warnings() -> None:
    clock = Clock(4 * HOUR)
    assert clock.look(START + 9 * HOUR).due_at is None
    assert clock.said == [Notice(Matter.OVERDUE, STEPS[3], PERSON | CHANNEL | HEAD)]
    assert clock.breaches == 1
    clock.look(START + 10 * HOUR)
    assert len(clock.said) == 1


def test_warnings_missed_in_an_outage_are_one() -> None:
    clock = Clock(4 * HOUR)
    clock.look(START + 3 * HOUR + 50 * MINUTE)
    assert clock.said == [Notice(Matter.WARNING, STEPS[1], PERSON | CHANNEL)]


def test_a_deadline_that_moves_later_re_arms_what_has_not_fired() -> None:
    clock = Clock(4 * HOUR)
    clock.look(START + 3 * HOUR)
    clock.allowance = 24 * HOUR
    assert clock.look(START + 3 * HOUR + MINUTE).due_at == START + 24 * HOUR - 15 * MINUTE
    clock.look(START + 25 * HOUR)
    assert [each.matter for each in clock.said] == [Matter.WARNING, Matter.OVERDUE]


def test_after_a_breach_was_said_a_later_deadline_is_warned_of_but_no_breach_is_said_again() -> None:
    clock = Clock(4 * HOUR)
    clock.look(START + 4 * HOUR)
    clock.allowance = 24 * HOUR
    clock.look(START + 23 * HOUR)
    clock.look(START + 24 * HOUR)
    clock.look(START + 25 * HOUR)
    assert [(each.matter, each.step.minutes) for each in clock.said] == [
        (Matter.OVERDUE, 0),
        (Matter.WARNING, -60),
        (Matter.OVERDUE, 30),
    ]


def test_a_deadline_that_moves_earlier_fires_at_once() -> None:
    clock = Clock(24 * HOUR)
    assert clock.look(START + 5 * HOUR).due_at == START + 23 * HOUR
    clock.allowance = 4 * HOUR
    clock.look(START + 5 * HOUR)
    assert clock.said == [Notice(Matter.OVERDUE, STEPS[3], PERSON | CHANNEL | HEAD)]


def test_notices_wait_for_the_hours_of_delivery_and_the_breach_does_not() -> None:
    clock = Clock(4 * HOUR)
    morning = START + 20 * HOUR
    assert clock.look(START + 3 * HOUR, speak_from=morning).due_at == START + 4 * HOUR - 15 * MINUTE
    found = clock.look(START + 4 * HOUR, speak_from=morning)
    assert (found.breach, found.due_at) == (True, START + 4 * HOUR + 30 * MINUTE)
    assert clock.look(START + 4 * HOUR + 30 * MINUTE, speak_from=morning).due_at == morning
    assert clock.said == []
    clock.look(morning)
    assert clock.said == [Notice(Matter.OVERDUE, STEPS[3], PERSON | CHANNEL | HEAD)]


def test_a_breach_that_waits_to_be_said_is_taken_back_when_the_deadline_moves() -> None:
    clock = Clock(4 * HOUR)
    clock.look(START + 4 * HOUR, speak_from=START + 20 * HOUR)
    clock.allowance = 24 * HOUR
    clock.look(START + 20 * HOUR)
    assert clock.said == []
    clock.look(START + 24 * HOUR)
    assert clock.said == [Notice(Matter.OVERDUE, STEPS[2], PERSON | CHANNEL)]


def test_what_was_finished_in_time_is_not_spoken_of() -> None:
    clock = Clock(4 * HOUR)
    assert clock.look(START + 5 * HOUR, stopped_at=START + 3 * HOUR + 50 * MINUTE) == Decision(settled=True)
    assert clock.fired == []


def test_what_was_finished_late_while_nobody_looked_is_said_as_that() -> None:
    clock = Clock(4 * HOUR)
    clock.look(START + 9 * HOUR, stopped_at=START + 4 * HOUR + 10 * MINUTE)
    assert clock.said == [Notice(Matter.LATE, STEPS[2], PERSON | CHANNEL)]
    assert clock.fired == ["breach"]


def test_a_warning_before_the_beginning_is_left_out_and_a_breach_is_always_noted() -> None:
    found = marks(
        (Step(-60, PERSON), Step(-3, PERSON)), Course((Segment(START, None),)), RoundTheClock(), 10 * MINUTE
    )
    assert [mark.step.key for mark in found] == ["-3", "breach"]
    assert marks(STEPS, Course(), RoundTheClock(), HOUR) == []


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(30, 600), st.booleans()), max_size=20))
def test_each_step_fires_once_whatever_happens(looks: list[tuple[int, int, bool]]) -> None:
    clock, now = Clock(4 * HOUR), START
    for later, allowance, night in looks:
        now, clock.allowance = now + MINUTE * later, MINUTE * allowance
        found = clock.look(now, speak_from=now + HOUR if night else now)
        assert found.due_at is None or found.due_at > now
        if found.notice:
            # What is said is true by now.
            over = now >= START + clock.allowance
            assert found.notice.matter is (Matter.OVERDUE if over else Matter.WARNING)
    assert len(clock.fired) == len(set(clock.fired))
    assert clock.fired.count("breach") <= clock.breaches
