"""When reminders are due: early enough, at once for the last minute, never for what has begun."""

from datetime import UTC, datetime, timedelta

from sekretar.calendars.reminders.rules import Due, Timeliness, plan, timeliness

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


def test_each_offset_is_due_so_many_minutes_before_the_start() -> None:
    start = NOW + minutes(60)
    assert plan(start, (10, 1), NOW) == [Due(1, start - minutes(1)), Due(10, start - minutes(10))]


def test_a_meeting_made_at_the_last_minute_is_reminded_of_at_once() -> None:
    assert plan(NOW + minutes(3), (10,), NOW) == [Due(10, NOW)]


def test_of_several_missed_offsets_one_reminder_is_enough() -> None:
    start = NOW + minutes(3)
    assert plan(start, (30, 10, 5, 1), NOW) == [Due(5, NOW), Due(1, start - minutes(1))]


def test_a_reminder_at_the_start_itself_is_possible() -> None:
    start = NOW + minutes(3)
    assert plan(start, (0,), NOW) == [Due(0, start)]


def test_nothing_is_planned_for_a_meeting_that_has_begun() -> None:
    assert plan(NOW, (10,), NOW) == []
    assert plan(NOW - minutes(5), (10, 0), NOW) == []


def test_the_same_offset_twice_is_one_reminder() -> None:
    assert len(plan(NOW + minutes(60), (10, 10), NOW)) == 1


def test_a_late_reminder_knows_how_late_it_is() -> None:
    end = NOW + minutes(30)
    assert timeliness(NOW, end, NOW - minutes(1)) is Timeliness.AHEAD
    assert timeliness(NOW, end, NOW) is Timeliness.RUNNING
    assert timeliness(NOW, end, end) is Timeliness.OVER
    assert timeliness(NOW, NOW, NOW) is Timeliness.RUNNING
    assert timeliness(NOW, NOW, NOW + minutes(1)) is Timeliness.OVER
