"""The status rules: borrowed for a meeting, given back with its remaining time, never taken from the person."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sekretar.calendars.presence.rules import (
    Busy,
    Forget,
    Held,
    Keep,
    Restore,
    Show,
    Shown,
    Yield,
    busy_until,
    decide,
    next_change,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OURS = Shown("calendar", "In a meeting")
LUNCH = Shown("bento", "Lunch")


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def busy(start: float, end: float) -> Busy:
    return Busy(at(start), at(end))


def held(until: float, earlier: Shown | None = None, *, yielded: bool = False) -> Held:
    return Held(OURS, at(until), earlier, yielded)


class TestBusyUntil:
    def test_free_before_and_after(self) -> None:
        assert busy_until([busy(1, 30)], NOW) is None
        assert busy_until([busy(-30, 0)], NOW) is None

    def test_the_first_of_overlapping_meetings_to_end_does_not_free(self) -> None:
        assert busy_until([busy(-10, 10), busy(-5, 40), busy(20, 30)], NOW) == at(40)

    def test_back_to_back_meetings_hand_over(self) -> None:
        assert busy_until([busy(-10, 10), busy(10, 20), busy(21, 30)], NOW) == at(30)

    def test_the_minute_between_them_is_no_gap(self) -> None:
        assert busy_until([busy(-10, -0.5), busy(0.5, 30)], NOW) == at(30)
        assert busy_until([busy(-10, -0.5), busy(0.6, 30)], NOW) is None
        assert busy_until([busy(-10, -0.5)], NOW) is None

    def test_a_gap_ends_it(self) -> None:
        assert busy_until([busy(-10, 10), busy(12, 20)], NOW) == at(10)

    def test_a_meeting_without_length_is_none(self) -> None:
        assert busy_until([busy(0, 0)], NOW) is None

    def test_the_next_change_is_the_nearest_edge_ahead(self) -> None:
        assert next_change([busy(-10, 10), busy(5, 20)], NOW) == at(5)
        assert next_change([busy(-10, 0)], NOW) is None


class TestBegin:
    def test_nothing_to_do_outside_meetings(self) -> None:
        assert decide(NOW, None, LUNCH, None, OURS) == Keep()

    def test_an_earlier_status_is_remembered(self) -> None:
        lunch = replace(LUNCH, expires_at=at(60))
        assert decide(NOW, at(30), lunch, None, OURS) == Show(OURS, at(30), lunch)

    def test_an_expired_one_is_not(self) -> None:
        lunch = replace(LUNCH, expires_at=at(-1))
        assert decide(NOW, at(30), lunch, None, OURS) == Show(OURS, at(30), None)

    def test_our_own_left_behind_is_not_taken_for_the_person_s(self) -> None:
        assert decide(NOW, at(30), OURS, None, OURS) == Show(OURS, at(30), None)

    def test_a_call_is_never_replaced(self) -> None:
        assert decide(NOW, at(30), Shown("phone", "In a call"), None, OURS) == Keep()


class TestDuring:
    def test_nothing_changes_while_nothing_changed(self) -> None:
        assert decide(NOW, at(30), OURS, held(30, LUNCH), OURS) == Keep()

    def test_a_longer_or_shorter_meeting_moves_the_end_and_keeps_the_memory(self) -> None:
        assert decide(NOW, at(45), OURS, held(30, LUNCH), OURS) == Show(OURS, at(45), LUNCH)
        assert decide(NOW, at(15), OURS, held(30, LUNCH), OURS) == Show(OURS, at(15), LUNCH)

    def test_a_status_changed_or_cleared_by_hand_stays(self) -> None:
        assert decide(NOW, at(30), LUNCH, held(30), OURS) == Yield()
        assert decide(NOW, at(30), None, held(30), OURS) == Yield()
        assert decide(NOW, at(30), LUNCH, held(30, yielded=True), OURS) == Keep()

    def test_a_clock_that_is_ahead_of_ours_takes_nothing_back_by_hand(self) -> None:
        assert decide(at(29.5), at(30), None, held(30, LUNCH), OURS) == Keep()
        assert decide(at(30), None, None, held(30, LUNCH), OURS) == Restore(LUNCH)

    def test_a_status_that_expired_as_the_next_meeting_began_is_set_again(self) -> None:
        assert decide(NOW, at(30), None, held(0, LUNCH), OURS) == Show(OURS, at(30), LUNCH)


class TestAfterACrash:
    """The status was remembered, and then the process died: it may or may not have been set."""

    def test_one_that_never_arrived_is_set(self) -> None:
        unsure = replace(held(30, LUNCH), applied=False)
        assert decide(NOW, at(30), LUNCH, unsure, OURS) == Show(OURS, at(30), LUNCH)
        nothing = replace(held(30), applied=False)
        assert decide(NOW, at(30), None, nothing, OURS) == Show(OURS, at(30), None)

    def test_one_that_arrived_is_kept(self) -> None:
        assert decide(NOW, at(30), OURS, replace(held(30, LUNCH), applied=False), OURS) == Keep()

    def test_one_that_never_arrived_is_not_restored_over_what_is_there(self) -> None:
        assert decide(NOW, None, LUNCH, replace(held(0, LUNCH), applied=False), OURS) == Forget()


class TestEnd:
    def test_the_earlier_status_comes_back_with_its_remaining_time(self) -> None:
        lunch = replace(LUNCH, expires_at=at(10))
        assert decide(NOW, None, OURS, held(0, lunch), OURS) == Restore(lunch)
        assert decide(NOW, None, None, held(0, lunch), OURS) == Restore(lunch)

    def test_one_that_would_have_expired_meanwhile_does_not(self) -> None:
        assert decide(NOW, None, OURS, held(0, replace(LUNCH, expires_at=at(-5))), OURS) == Restore(None)

    def test_a_cancelled_meeting_gives_the_status_back_early(self) -> None:
        assert decide(NOW, None, OURS, held(30, LUNCH), OURS) == Restore(LUNCH)

    def test_what_the_person_set_meanwhile_stays(self) -> None:
        assert decide(NOW, None, LUNCH, held(0), OURS) == Forget()
        assert decide(NOW, None, None, held(30), OURS) == Forget()
        assert decide(NOW, None, OURS, held(0, LUNCH, yielded=True), OURS) == Forget()
