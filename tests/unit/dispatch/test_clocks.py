"""SLA clocks against a reference that walks through the history minute by minute."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.dispatch.wall import HOURS, MINUTE, MOMENTS, ZONES, works

from sekretar.dispatch.incidents.values import SYSTEM, Actor, ActorKind, Event, EventKind, Status
from sekretar.dispatch.sla.clocks import (
    CONDITIONS,
    ClockKind,
    Entered,
    Plan,
    SlaState,
    course_of,
    elapsed,
    plan,
    reaction_course,
    statuses,
)
from sekretar.dispatch.sla.hours import RoundTheClock, WorkingHours, WorkingTime

START = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
PAUSING = frozenset({Status.AWAITING_CONFIRMATION})
#: How far the reference walks.
HORIZON = 3 * 24 * 60

_STEPS = st.lists(
    st.tuples(st.integers(0, 700), st.sampled_from(Status)), max_size=7
)  # fmt: skip


class Walk:
    """The slow and obvious way: in each minute look which status it is, and whether anybody works."""

    def __init__(
        self, kind: ClockKind, entered: Sequence[Entered], hours: WorkingTime, pausing: frozenset[Status]
    ) -> None:
        self._conditions = CONDITIONS[kind]
        self._entered, self._hours, self._pausing = entered, hours, pausing

    def _active(self, moment: datetime) -> bool:
        so_far = [each.status for each in self._entered if each.at <= moment]
        deciding = [
            each for each in so_far if each in self._conditions.starts or each in self._conditions.stops
        ]
        return bool(deciding) and deciding[-1] in self._conditions.starts

    def runs(self, moment: datetime) -> bool:
        now = [each.status for each in self._entered if each.at <= moment][-1]
        return self._active(moment) and now not in self._pausing

    def works(self, moment: datetime) -> bool:
        return works(self._hours, moment) if isinstance(self._hours, WorkingHours) else True

    def elapsed(self, now: datetime) -> int:
        minutes = int((now - self._entered[0].at) / MINUTE)
        moments = (self._entered[0].at + MINUTE * each for each in range(minutes))
        return sum(self.runs(each) and self.works(each) for each in moments)

    def deadline(self, allowance: int) -> datetime | None:
        """None when it does not come before the horizon."""
        moment, left = self._entered[0].at, allowance
        for _ in range(HORIZON):
            left -= self.runs(moment) and self.works(moment)
            moment += MINUTE
            if left == 0:
                return moment
        return None

    def stopped_at(self) -> datetime | None:
        if self._active(self._entered[-1].at):
            return None
        stops = [
            each.at for each in self._entered if self._active(each.at - MINUTE) and not self._active(each.at)
        ]
        return stops[-1] if stops else None


def history(opened_at: datetime, steps: Sequence[tuple[int, Status]]) -> list[Entered]:
    entered = [Entered(opened_at, Status.NEW)]
    for minutes, status in steps:
        entered.append(Entered(entered[-1].at + MINUTE * (minutes + 1), status))
    return entered


@settings(max_examples=60)
@given(
    st.sampled_from([ClockKind.DISPATCHER, ClockKind.CONTRACTOR]),
    MOMENTS,
    _STEPS,
    st.one_of(HOURS, st.just(RoundTheClock())),
    st.frozensets(st.sampled_from(Status), max_size=2),
    st.integers(1, 600),
)
def test_a_clock_is_what_the_history_says_minute_by_minute(
    kind: ClockKind,
    opened_at: datetime,
    steps: list[tuple[int, Status]],
    hours: WorkingTime,
    pausing: frozenset[Status],
    allowance: int,
) -> None:
    entered = history(opened_at, steps)
    walk = Walk(kind, entered, hours, pausing)
    course = course_of(CONDITIONS[kind], entered, pausing)
    now = entered[-1].at + HOUR
    assert elapsed(course, hours, now) == MINUTE * walk.elapsed(now)
    found = plan(kind, course, hours, MINUTE * allowance)
    assert found.stopped_at == walk.stopped_at()
    expected = walk.deadline(allowance)
    if expected is not None:
        assert found.deadline == expected
    elif found.stopped_at is None and found.deadline is not None:
        assert found.deadline > opened_at + MINUTE * HORIZON
    if found.started_at is not None and found.stopped_at is None:
        late = expected is not None and expected <= now
        assert (found.state(now) is SlaState.OVERDUE) is late
    for before, after in pairwise(course.segments):
        assert before.end is not None
        assert before.begin < before.end <= after.begin


@given(MOMENTS, _STEPS, HOURS, st.integers(1, 600), st.integers(0, HORIZON))
def test_a_finished_clock_is_in_time_or_late_and_nothing_else(
    opened_at: datetime, steps: list[tuple[int, Status]], hours: WorkingHours, allowance: int, later: int
) -> None:
    entered = history(opened_at, [*steps, (5, Status.CLOSED)])
    found = plan(
        ClockKind.DISPATCHER,
        course_of(CONDITIONS[ClockKind.DISPATCHER], entered, PAUSING),
        hours,
        MINUTE * allowance,
    )
    state = found.state(entered[-1].at + MINUTE * later)
    if any(hours.week):
        assert state.finished
        assert found.deadline is not None
        assert found.stopped_at is not None
        assert (state is SlaState.LATE) is (found.deadline < found.stopped_at)


def shown(steps: Sequence[tuple[int, Status]], after: timedelta, allowance: timedelta = 4 * HOUR) -> SlaState:
    course = course_of(CONDITIONS[ClockKind.DISPATCHER], history(START, steps), PAUSING)
    return plan(ClockKind.DISPATCHER, course, RoundTheClock(), allowance).state(START + after)


@pytest.mark.parametrize(
    ("after", "state"),
    [
        (3 * HOUR - MINUTE, SlaState.RUNNING),
        (3 * HOUR, SlaState.SOON),
        (4 * HOUR - MINUTE, SlaState.SOON),
        (4 * HOUR, SlaState.OVERDUE),
    ],
)
def test_the_states_of_an_open_incident(after: timedelta, state: SlaState) -> None:
    assert shown([(10, Status.IN_PROGRESS)], after) is state


def test_to_be_finished_at_the_very_deadline_is_in_time() -> None:
    assert shown([(239, Status.CLOSED)], 24 * HOUR) is SlaState.IN_TIME
    assert shown([(240, Status.CLOSED)], 24 * HOUR) is SlaState.LATE


def test_what_was_finished_in_its_last_hour_is_not_less_than_an_hour() -> None:
    assert shown([(225, Status.ON_GENERATION)], 3 * HOUR + 50 * MINUTE) is SlaState.IN_TIME


def test_telling_of_the_closing_does_not_make_a_finished_incident_run_again() -> None:
    steps = [
        (200, Status.ON_GENERATION),
        (10, Status.NOTIFYING_CLOSURE),
        (10, Status.CLOSURE_NOTIFIED),
        (900, Status.CLOSED),
    ]
    assert shown(steps, 48 * HOUR) is SlaState.IN_TIME


def test_an_incident_opened_again_goes_on_where_it_stood() -> None:
    steps = [(179, Status.CLOSED), (999, Status.IN_PROGRESS)]
    again = timedelta(minutes=180 + 1000)
    assert shown(steps, again) is SlaState.SOON
    assert shown(steps, again + 59 * MINUTE) is SlaState.SOON
    assert shown(steps, again + 60 * MINUTE) is SlaState.OVERDUE


def test_a_paused_clock_has_no_deadline_but_knows_what_is_left() -> None:
    waiting = history(START, [(59, Status.AWAITING_CONFIRMATION)])
    course = course_of(CONDITIONS[ClockKind.DISPATCHER], waiting, PAUSING)
    found = plan(ClockKind.DISPATCHER, course, RoundTheClock(), 4 * HOUR)
    assert (found.deadline, found.remaining, found.paused) == (None, 3 * HOUR, True)
    assert found.state(START + 100 * HOUR) is SlaState.RUNNING


def test_without_a_type_or_before_handing_over_nothing_is_known() -> None:
    course = course_of(CONDITIONS[ClockKind.DISPATCHER], history(START, []), PAUSING)
    assert plan(ClockKind.DISPATCHER, course, RoundTheClock(), None).state(START) is SlaState.UNKNOWN
    course = course_of(CONDITIONS[ClockKind.CONTRACTOR], history(START, [(5, Status.CLOSED)]), PAUSING)
    assert plan(ClockKind.CONTRACTOR, course, RoundTheClock(), HOUR).state(START) is SlaState.UNKNOWN
    never = WorkingHours(ZONES[1], ((),) * 7)
    course = course_of(CONDITIONS[ClockKind.DISPATCHER], history(START, []), PAUSING)
    assert plan(ClockKind.DISPATCHER, course, never, HOUR).state(START + 9 * HOUR) is SlaState.UNKNOWN


def test_the_contractor_has_until_the_closing_is_told() -> None:
    steps = [(30, Status.HANDED_OVER), (100, Status.NOTIFYING_CLOSURE), (1, Status.CLOSURE_NOTIFIED)]
    course = course_of(CONDITIONS[ClockKind.CONTRACTOR], history(START, steps), PAUSING)
    found = plan(ClockKind.CONTRACTOR, course, RoundTheClock(), 4 * HOUR)
    assert found.started_at == START + 31 * MINUTE
    assert found.deadline == START + 31 * MINUTE + 4 * HOUR
    assert found.stopped_at == START + (31 + 101 + 2) * MINUTE


PERSON, LETTER = Actor(ActorKind.PERSON, "anna", 1), Actor(ActorKind.LETTER)


@pytest.mark.parametrize(
    ("events", "minutes"),
    [
        ([(0, EventKind.OPENED, LETTER), (1, EventKind.RESPONSIBLE, SYSTEM), (4, EventKind.TYPE, PERSON)], 4),
        ([(0, EventKind.OPENED, LETTER), (2, EventKind.LETTER_IN, PERSON), (3, EventKind.LETTER_OUT, SYSTEM)], None),
        ([(0, EventKind.OPENED, PERSON)], 0),
        ([(0, EventKind.OPENED, LETTER), (7, EventKind.STATUS, Actor(ActorKind.TRACKER, "bob"))], 7),
    ],
)  # fmt: skip
def test_a_reaction_is_the_first_act_of_a_person(
    events: list[tuple[int, EventKind, Actor]], minutes: int | None
) -> None:
    told = [Event(1, START + MINUTE * at, kind, actor, new="in_progress") for at, kind, actor in events]
    found = plan(ClockKind.REACTION, reaction_course(START, told), RoundTheClock(), 10 * MINUTE)
    assert found.stopped_at == (None if minutes is None else START + MINUTE * minutes)
    overdue = SlaState.OVERDUE if minutes is None else SlaState.IN_TIME
    assert found.state(START + 11 * MINUTE) is overdue


def test_a_letter_dated_after_its_arrival_does_not_turn_the_history_around() -> None:
    events = [Event(1, START, EventKind.STATUS, PERSON, "new", "in_progress")]
    assert statuses(START + HOUR, events) == [
        Entered(START + HOUR, Status.NEW),
        Entered(START + HOUR, Status.IN_PROGRESS),
    ]


def test_a_plan_without_anything_is_unknown() -> None:
    assert Plan(ClockKind.DISPATCHER).state(START) is SlaState.UNKNOWN
