"""Only what a person would call a change is one, and each object has at most one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sekretar.calendars.sync.changes import Change, Extent, Kind, Seen, between

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
UNTIL = NOW + timedelta(days=60)


def seen(hours: float, recurrence_id: str = "", **fields: object) -> Seen:
    start = NOW + timedelta(hours=hours)
    made = Seen(recurrence_id, start, start + timedelta(hours=1), False, "Demo", "", "", "", False, "")
    made = replace(made, **fields)  # type: ignore[arg-type]
    return replace(made, fingerprint=repr(replace(made, fingerprint="")))


def series(*hours: float, **fields: object) -> list[Seen]:
    return [seen(each, recurrence_id=f"id{each}", **fields) for each in hours]


def compare(before: list[Seen], after: list[Seen]) -> Change | None:
    """The change, where there is at most one."""
    found = between(before, after, NOW, UNTIL)
    assert len(found) <= 1
    return found[0] if found else None


def kinds(before: list[Seen], after: list[Seen]) -> list[tuple[Kind, Extent]]:
    return [(each.kind, each.extent) for each in between(before, after, NOW, UNTIL)]


def kind(change: Change | None) -> tuple[Kind, Extent] | None:
    return (change.kind, change.extent) if change else None


def test_the_same_twice_is_no_change() -> None:
    assert compare([seen(2)], [seen(2)]) is None
    assert compare(series(2, 26), series(2, 26)) is None
    assert compare([], []) is None


def test_a_new_meeting() -> None:
    assert kind(compare([], [seen(2)])) == (Kind.ADDED, Extent.SINGLE)
    assert kind(compare([], series(2, 26, 50))) == (Kind.ADDED, Extent.SERIES)


def test_one_that_is_over_is_not_news() -> None:
    assert compare([], [seen(-3)]) is None
    assert compare([seen(-3)], []) is None
    assert compare([seen(-3)], [seen(-3, title="Retro")]) is None


def test_a_cancelled_meeting_is_one_that_is_gone_or_says_so() -> None:
    assert kind(compare([seen(2)], [])) == (Kind.CANCELLED, Extent.SINGLE)
    assert kind(compare([seen(2)], [seen(2, cancelled=True)])) == (Kind.CANCELLED, Extent.SINGLE)
    assert compare([seen(2, cancelled=True)], []) is None


def test_a_meeting_that_was_put_back() -> None:
    assert kind(compare([seen(2, cancelled=True)], [seen(2)])) == (Kind.ADDED, Extent.SINGLE)


def test_moved_keeps_both_times() -> None:
    change = compare([seen(2)], [seen(3)])
    assert change is not None
    assert change.kind is Kind.MOVED
    assert change.before is not None
    assert change.before.start == NOW + timedelta(hours=2)
    assert change.occurrence.start == NOW + timedelta(hours=3)


def test_moved_and_renamed_is_one_change_with_both() -> None:
    change = compare([seen(2)], [seen(3, title="Retro")])
    assert change is not None
    assert (change.kind, change.fields) == (Kind.MOVED, ("title",))


def test_edited_names_the_fields() -> None:
    change = compare([seen(2)], [seen(2, place="Room 3", join_url="https://telemost.yandex.ru/j/1")])
    assert change is not None
    assert (change.kind, change.fields) == (Kind.EDITED, ("place", "join_url"))


def test_what_nobody_sees_is_no_change() -> None:
    before = seen(2)
    assert compare([before], [replace(before, fingerprint="the server rewrote it")]) is None


def test_other_spaces_and_empty_lines_are_no_other_description() -> None:
    assert compare([seen(2, description="a  b\n\nc")], [seen(2, description="a b\nc ")]) is None
    assert kind(compare([seen(2, description="a b")], [seen(2, description="ab")])) == (
        Kind.EDITED, Extent.SINGLE
    )  # fmt: skip


def test_a_rhythm_that_changes_moves_nothing_to_the_other_end() -> None:
    """Every week becomes every two weeks, six times as before: three are off, three come later."""
    week = 7 * 24
    weekly, fortnightly = [2 + week * each for each in range(6)], [2 + 2 * week * each for each in range(6)]
    assert kinds(series(*weekly), series(*fortnightly)) == [
        (Kind.CANCELLED, Extent.SEVERAL), (Kind.ADDED, Extent.SEVERAL)
    ]  # fmt: skip
    one = series(2, 26, 50), series(2, 30, 50)
    assert kinds(*one) == [(Kind.MOVED, Extent.OCCURRENCE)], "a date of a list that was corrected"
    assert kinds(series(2, 26, 50), series(400, 424, 448)) == [(Kind.MOVED, Extent.SERIES)]


def test_a_meeting_moved_from_the_past_to_ahead_is_new() -> None:
    assert kind(compare([seen(-3)], [seen(3)])) == (Kind.ADDED, Extent.SINGLE)


def test_one_time_of_a_series() -> None:
    before = series(2, 26, 50)
    assert kind(compare(before, [before[0], before[2]])) == (Kind.CANCELLED, Extent.OCCURRENCE)
    moved = [before[0], seen(30, recurrence_id="id26"), before[2]]
    assert kind(compare(before, moved)) == (Kind.MOVED, Extent.OCCURRENCE)


def test_the_whole_series() -> None:
    before = series(2, 26, 50)
    assert kind(compare(before, series(3, 27, 51))) == (Kind.MOVED, Extent.SERIES)
    assert kind(compare(before, series(2, 26, 50, title="Retro"))) == (Kind.EDITED, Extent.SERIES)
    assert kind(compare(before, [])) == (Kind.CANCELLED, Extent.SERIES)


def test_a_time_called_off_hides_no_other_change_of_the_series() -> None:
    before = series(2, 26, 50)
    renamed = series(2, 26, 50, title="Retro")
    assert kinds(before, renamed[:2]) == [
        (Kind.CANCELLED, Extent.OCCURRENCE),
        (Kind.EDITED, Extent.SERIES),
    ]
    assert kinds(before[:2], renamed) == [(Kind.ADDED, Extent.OCCURRENCE), (Kind.EDITED, Extent.SERIES)]


def test_one_that_moved_is_not_taken_for_those_that_were_renamed() -> None:
    before, renamed = series(2, 26, 50), series(2, 26, 50, title="Retro")
    moved = seen(30, recurrence_id="id26")
    assert kinds(before, [before[0], moved, renamed[2]]) == [
        (Kind.MOVED, Extent.OCCURRENCE),
        (Kind.EDITED, Extent.OCCURRENCE),
    ]
    both = seen(30, recurrence_id="id26", title="Retro")
    assert kinds(before, [before[0], both, before[2]]) == [(Kind.MOVED, Extent.OCCURRENCE)]
    assert kinds(before, [renamed[0], both, renamed[2]]) == [
        (Kind.MOVED, Extent.OCCURRENCE),
        (Kind.EDITED, Extent.SERIES),
    ]


def test_of_several_only_what_is_true_of_all_is_said() -> None:
    before = series(2, 26, 50)
    mixed = [
        seen(2, recurrence_id="id2", title="Retro", place="Room 1"),
        seen(26, recurrence_id="id26", title="Retro"),
        before[2],
    ]
    change = compare(before, mixed)
    assert change is not None
    assert (change.extent, change.fields) == (Extent.SEVERAL, ("title",))
    mixed[1] = seen(26, recurrence_id="id26", title="Review")
    change = compare(before, mixed)
    assert change is not None
    assert (change.extent, change.fields) == (Extent.SEVERAL, ())


def test_a_series_that_moves_to_where_one_time_of_it_already_was_has_moved() -> None:
    before = [seen(4, recurrence_id="id2"), seen(26, recurrence_id="id26"), seen(50, recurrence_id="id50")]
    after = [seen(4, recurrence_id="id4"), seen(28, recurrence_id="id28"), seen(52, recurrence_id="id52")]
    assert kinds(before, after) == [(Kind.MOVED, Extent.SEVERAL)]


def test_the_horizon_rolling_on_is_no_change() -> None:
    days = [24.0 * day for day in range(1, 70)]
    assert compare(series(*days[:59]), series(*days)) is None


times = st.lists(st.integers(-48, 24 * 30), unique=True, max_size=6)


@given(times, times)
def test_a_change_is_always_about_something_ahead(before: list[int], after: list[int]) -> None:
    changes = between(series(*before), series(*after), NOW, UNTIL)
    assert all(change.occurrence.end > NOW for change in changes)
    assert len({change.kind for change in changes}) == len(changes)
    if before == after:
        assert not changes


@given(times)
def test_coming_and_going_are_told_once(hours: list[int]) -> None:
    ahead = [each for each in hours if each > -1]
    added, cancelled = compare([], series(*hours)), compare(series(*hours), [])
    assert (added is not None) == (cancelled is not None) == bool(ahead)
