"""Random days of a person whose status follows their meetings: it is what somebody beside them would have said.

Meetings come, move and go; the person changes the status by hand; Sekretar sleeps, dies in the middle of what it
does, and its clock is not quite that of Mattermost. The keeper is driven as `status` does it, step by step, with a
place to die between any two steps. What is expected is said by a reference that knows only who set what last.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sekretar.calendars.presence.rules import (
    BACK_TO_BACK,
    Busy,
    Decision,
    Forget,
    Held,
    Keep,
    Restore,
    Show,
    Shown,
    Yield,
    busy_until,
    decide,
)

MORNING = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OURS = Shown("calendar", "In a meeting")
OWN = (Shown("bento", "Lunch"), Shown("house", "At home"), Shown("phone", "In a call"))

_Length = st.integers(1, 45)


class Died(Exception):
    """The process is gone."""


@dataclass
class Keeper:
    """What outlives the process: the status in Mattermost, and the row in the database."""

    status: Shown | None = None
    held: Held | None = None
    #: How many more steps are made before the process dies; None for all.
    steps: int | None = None

    def apply(self, decision: Decision) -> None:
        """As `StatusKeeper._carry_out`."""
        match decision:
            case Show(status, until, earlier):
                self._write(Held(status, until, earlier, yielded=False, applied=False))
                self._set(replace(status, expires_at=until))
                self._write(Held(status, until, earlier, yielded=False))
            case Restore(earlier):
                assert self.held is not None
                self._write(replace(self.held, applied=False))
                self._set(earlier)
                self._write(None)
            case Yield():
                assert self.held is not None
                self._write(replace(self.held, yielded=True))
            case Forget():
                self._write(None)
            case Keep():
                pass

    def _write(self, held: Held | None) -> None:
        self._step()
        self.held = held

    def _set(self, status: Shown | None) -> None:
        self._step()
        self.status = status

    def _step(self) -> None:
        if self.steps == 0:
            raise Died
        if self.steps is not None:
            self.steps -= 1


@dataclass
class Expected:
    """Who set what last: all that somebody beside the person knows."""

    #: What the person would show if there were no Sekretar.
    own: Shown | None = None
    #: Changed by hand since it was borrowed: it is theirs until Sekretar sees them free.
    let_go: bool = False
    meetings: list[Busy] = field(default_factory=list)

    def at(self, now: datetime) -> Shown | None:
        """What should be seen after a look at this moment."""
        own = alive(self.own, now)
        if not self._meets(now):
            self.let_go = False
            return own
        return own if self.let_go or (own is not None and own.emoji == "phone") else OURS

    def _meets(self, now: datetime) -> bool:
        """In a meeting, or in the minute between two."""
        real = [each for each in self.meetings if each.start < each.end]
        if any(each.start <= now < each.end for each in real):
            return True
        return any(
            before.end <= now < after.start <= before.end + BACK_TO_BACK for before in real for after in real
        )


def alive(status: Shown | None, now: datetime) -> Shown | None:
    gone = status is not None and status.expires_at is not None and status.expires_at <= now
    return None if gone else status


def named(status: Shown | None) -> tuple[str, str] | None:
    return (status.emoji, status.text) if status else None


class Day(RuleBasedStateMachine):
    """Meetings begin on whole minutes; looks that are judged are half a minute away from everything."""

    def __init__(self) -> None:
        super().__init__()
        self.minutes = 0
        #: How much our clock is behind that of Mattermost, seconds.
        self.behind = 0
        self.keeper = Keeper()
        self.expected = Expected()
        self.judged: tuple[Shown | None, Shown | None] = (None, None)

    @property
    def clock(self) -> datetime:
        """The time of the person and of Mattermost."""
        return MORNING + timedelta(minutes=self.minutes)

    @property
    def meetings(self) -> list[Busy]:
        return self.expected.meetings

    # --- what happens

    @rule(ahead=st.integers(-20, 60), length=_Length)
    def a_meeting_is_called(self, ahead: int, length: int) -> None:
        start = self.clock + timedelta(minutes=ahead)
        self.meetings.append(Busy(start, start + timedelta(minutes=length)))

    @precondition(lambda self: self.meetings)
    @rule(which=st.integers(0, 9), by=st.integers(-30, 30))
    def a_meeting_moves(self, which: int, by: int) -> None:
        place, by_time = which % len(self.meetings), timedelta(minutes=by)
        moved = self.meetings[place]
        self.meetings[place] = Busy(moved.start + by_time, moved.end + by_time)

    @precondition(lambda self: self.meetings)
    @rule(which=st.integers(0, 9), length=_Length)
    def a_meeting_gets_another_length(self, which: int, length: int) -> None:
        place = which % len(self.meetings)
        start = self.meetings[place].start
        self.meetings[place] = Busy(start, start + timedelta(minutes=length))

    @precondition(lambda self: self.meetings)
    @rule(which=st.integers(0, 9))
    def a_meeting_is_cancelled(self, which: int) -> None:
        del self.meetings[which % len(self.meetings)]

    @rule(status=st.sampled_from(OWN), minutes=st.none() | st.integers(1, 200))
    def the_person_sets_a_status(self, status: Shown, minutes: int | None) -> None:
        expires_at = None if minutes is None else self.clock + timedelta(minutes=minutes)
        self._by_hand(replace(status, expires_at=expires_at))

    @rule()
    def the_person_clears_the_status(self) -> None:
        held = self.keeper.held
        if held is not None and held.until - self.clock <= timedelta(minutes=2):
            # It ends by itself in this moment, and nobody can tell the two apart.
            return
        self._by_hand(None)

    def _by_hand(self, status: Shown | None) -> None:
        """Somebody looks at once: what is set and gone again before has never been seen."""
        before, held = alive(self.keeper.status, self.clock), self.keeper.held
        if held is not None and not held.applied and named(held.earlier) == named(status):
            # Put back by hand in the very moment in which Sekretar has died: it looks as if ours had never arrived.
            return
        if self.keeper.held is not None and named(before) != named(status):
            self.expected.let_go = True
        self.keeper.status = self.expected.own = status
        self.look()

    @rule(minutes=st.integers(1, 45))
    def sekretar_is_away(self, minutes: int) -> None:
        self.minutes += minutes

    @rule(minutes=st.integers(0, 60), behind=st.sampled_from((-25, 0, 25)))
    def time_passes_and_the_clock_jumps(self, minutes: int, behind: int) -> None:
        for _ in range(minutes):
            self.minutes += 1
            # At the edge of a minute the clocks disagree whether it has begun.
            self._look(timedelta(seconds=10))
            self.look()
        self.behind = behind

    @rule(steps=st.integers(0, 2))
    def sekretar_dies_in_the_middle(self, steps: int) -> None:
        self.keeper.steps = steps
        self._look(timedelta(seconds=30))
        self.keeper.steps = None

    @rule()
    def look(self) -> None:
        """In the middle of a minute."""
        if self.keeper.held is None:
            self.expected.let_go = False
        self._look(timedelta(seconds=30))
        shown = alive(self.keeper.status, self.clock + timedelta(seconds=30))
        self.judged = (shown, self.expected.at(self.clock + timedelta(seconds=30)))

    def _look(self, into: timedelta) -> None:
        moment = self.clock + into
        now = moment - timedelta(seconds=self.behind)
        current = alive(self.keeper.status, moment)
        known = [each for each in self.meetings if each.end > now - BACK_TO_BACK]
        try:
            self.keeper.apply(decide(now, busy_until(known, now), current, self.keeper.held, OURS))
        except Died:
            return

    # --- what holds

    @invariant()
    def the_status_is_what_one_would_say(self) -> None:
        shown, expected = self.judged
        assert named(shown) == named(expected)
        if shown is not None and expected is not None and expected != OURS:
            assert shown.expires_at == expected.expires_at

    def teardown(self) -> None:
        """When all is over the person has what they would have had without Sekretar."""
        self.meetings.clear()
        self.minutes += 1
        self.look()
        self.the_status_is_what_one_would_say()
        assert self.keeper.held is None


TestDay = Day.TestCase
TestDay.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
