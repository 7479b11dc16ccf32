"""Edits of a series: this meeting, from now on, all of them."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.calendars.editing_texts import (
    BERLIN,
    NOW,
    PEOPLE,
    calendar,
    difference,
    event,
    exception,
    lines_of,
    lines_of_document,
    meetings,
    shown,
    weekly,
)

from sekretar.calendars.editing import (
    Days,
    Edit,
    Edited,
    Invitee,
    NoSuchOccurrence,
    NothingToCarry,
    Reach,
    Scope,
    Timed,
    Uneditable,
    answered,
    cancelled,
    edited,
    moved,
)
from sekretar.calendars.ics.contentlines import components
from sekretar.calendars.ics.events import PartStat
from sekretar.calendars.ics.reading import parse_object

SECOND, THIRD, FIFTH = "2026-03-09T08:00:00Z", "2026-03-16T08:00:00Z", "2026-03-30T07:00:00Z"
THIS, LATER, ALL = (Scope(reach, THIRD) for reach in (Reach.THIS, Reach.FOLLOWING, Reach.ALL))
REGULAR = [f"{day} 09:00-10:00 Weekly" for day in ("03-02", "03-09", "03-16", "03-23", "03-30")]


def span(begin: str, end: str) -> Timed:
    first, last = (datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=BERLIN) for text in (begin, end))
    return Timed(first, last)


def change(data: str, edit: Edit, scope: Scope = ALL) -> Edited:
    return edited(data, edit, scope, now=NOW, zone=BERLIN, further_uid="u2")


def move(data: str, begin: str, end: str, scope: Scope = ALL) -> Edited:
    return moved(data, span(begin, end), scope, now=NOW, zone=BERLIN, further_uid="u2")


def off(data: str, scope: Scope, *, visibly: bool = False) -> str:
    return cancelled(data, scope, now=NOW, zone=BERLIN, visibly=visibly).data


def both(result: Edited) -> list[str]:
    return shown(result.data, *([result.further] if result.further else []))


# --- this one ---------------------------------------------------------------------------------------------


def test_one_meeting_of_a_series_is_moved() -> None:
    before = weekly()
    after = move(before, "2026-03-17 15:00", "2026-03-17 16:30", THIS).data
    assert shown(after) == [*REGULAR[:2], "03-17 15:00-16:30 Weekly", *REGULAR[3:]]
    assert difference(before, after)[0] == []
    assert [each.sequence for each in meetings(after)[:4]] == [2, 2, 3, 2]


_ALARM = ("BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER;VALUE=DATE-TIME:20260302T074500Z", "END:VALARM")


def rings(data: str) -> list[str]:
    """`start < moment of the alarm`, in UTC, but for the alarms that come before every start."""
    before = timedelta(minutes=-7)
    return [
        f"{each.start:%m-%d %H:%M} < {each.start + offset:%m-%d %H:%M}"
        for each in meetings(data)
        for offset in each.alarms
        if offset != before
    ]


def test_an_alarm_of_the_first_meeting_does_not_go_along_with_another() -> None:
    before = weekly(*_ALARM)
    assert rings(before) == ["03-02 08:00 < 03-02 07:45"]
    later = move(before, "2026-03-17 15:00", "2026-03-17 16:30", THIS).data
    assert rings(later) == rings(before)
    first = move(
        before, "2026-03-02 11:00", "2026-03-02 12:00", Scope(Reach.THIS, "2026-03-02T08:00:00Z")
    ).data
    assert rings(first) == ["03-02 10:00 < 03-02 09:45"]
    divided = move(before, "2026-03-17 15:00", "2026-03-17 16:30", LATER)
    assert rings(divided.data) == rings(before)
    assert rings(divided.further or "") == []


def test_one_meeting_gets_a_title_of_its_own_and_keeps_its_answers() -> None:
    after = change(weekly(), Edit(title="Special"), THIS).data
    assert shown(after)[2] == "03-16 09:00-10:00 Special"
    assert meetings(after)[2].attendees == meetings(weekly())[2].attendees


def test_one_meeting_called_off_is_excluded_and_its_exception_goes() -> None:
    before = weekly(exceptions=(exception("20260316", "SUMMARY:Other", hour="15"),))
    after = off(before, THIS)
    assert shown(after)[:3] == [*REGULAR[:2], REGULAR[3]]
    assert "EXDATE;TZID=Europe/Berlin:20260316T090000" in after
    assert after.count("BEGIN:VEVENT") == 1
    assert "SEQUENCE:3" in after


def test_one_meeting_called_off_visibly_stays_cancelled() -> None:
    after = off(weekly(), THIS, visibly=True)
    assert shown(after)[2] == "03-16 09:00-10:00 Weekly CANCELLED"
    assert "EXDATE" not in after


def test_what_is_called_off_twice_is_not_there_the_second_time() -> None:
    with pytest.raises(NoSuchOccurrence):
        off(off(weekly(), THIS), THIS)


def test_a_meeting_at_a_further_date_can_be_changed_alone() -> None:
    data = weekly("RDATE;TZID=Europe/Berlin;VALUE=PERIOD:20260318T090000/PT3H")
    after = change(data, Edit(title="Long"), Scope(Reach.THIS, "2026-03-18T08:00:00Z")).data
    assert shown(after)[3] == "03-18 09:00-12:00 Long"


def test_an_exception_over_the_clock_change_keeps_the_time_of_day() -> None:
    after = change(weekly(), Edit(title="Summer"), Scope(Reach.THIS, FIFTH)).data
    assert shown(after)[4] == "03-30 09:00-10:00 Summer"
    assert "RECURRENCE-ID;TZID=Europe/Berlin:20260330T090000" in after


def test_an_exception_for_all_later_ones_is_left_to_the_program_that_wrote_it() -> None:
    turn = exception("20260316").replace("RECURRENCE-ID;", "RECURRENCE-ID;RANGE=THISANDFUTURE;")
    data = weekly(
        exceptions=(turn.replace("T090000\r\nDTEND", "T110000\r\nDTEND").replace("T100000", "T120000"),)
    )
    with pytest.raises(Uneditable):
        off(data, THIS)
    with pytest.raises(Uneditable):
        change(data, Edit(title="x"), LATER)
    after = change(data, Edit(title="After"), Scope(Reach.THIS, "2026-03-23T08:00:00Z")).data
    assert shown(after)[3] == "03-23 11:00-12:00 After"


# --- all --------------------------------------------------------------------------------------------------


def test_a_new_title_for_all_leaves_the_titles_of_exceptions() -> None:
    own, shared = exception("20260309", "SUMMARY:Own"), exception("20260316", "SUMMARY:Weekly", hour="15")
    after = change(weekly(exceptions=(own, shared)), Edit(title="New")).data
    titles = [each.title for each in meetings(after)[:4]]
    assert titles == ["New", "Own", "New", "New"]


def test_attendees_of_all_change_in_exceptions_too() -> None:
    edit = Edit(invite=(Invitee("gleb@example.com"),), uninvite=("vera@example.com",))
    after = change(weekly(exceptions=(exception("20260309"),)), edit).data
    people = [[each.address for each in m.attendees] for m in meetings(after)[:3]]
    assert people == [["boris@example.com", "gleb@example.com"]] * 3


def test_moving_all_keeps_the_time_of_day_over_the_clock_change() -> None:
    after = move(weekly(), "2026-03-16 11:00", "2026-03-16 11:30").data
    assert shown(after) == [f"{line[:5]} 11:00-11:30 Weekly" for line in REGULAR]
    assert "DTSTART;TZID=Europe/Berlin:20260302T110000" in after
    assert after.count("SEQUENCE:3") == 1


def test_moving_all_takes_exceptions_excluded_days_and_the_end_along() -> None:
    data = weekly(
        "EXDATE;TZID=Europe/Berlin:20260309T090000,20260406T090000",
        "EXDATE:20260413T070000Z",
        "RDATE;TZID=Europe/Berlin:20260311T090000",
        exceptions=(exception("20260316", "SUMMARY:Other"), exception("20260323", hour="17")),
        rule="FREQ=WEEKLY;UNTIL=20260504T070000Z;BYDAY=MO",
    )
    scope = Scope(Reach.ALL, "2026-03-02T08:00:00Z")
    after = move(data, "2026-03-03 10:00", "2026-03-03 11:00", scope).data
    assert [text[:11] for text in shown(after, most=20)] == [
        "03-03 10:00",
        "03-12 10:00",
        "03-17 10:00",
        "03-23 17:00",
        "03-31 10:00",
        "04-21 10:00",
        "04-28 10:00",
        "05-05 10:00",
    ]
    assert "UNTIL=20260505T080000Z;BYDAY=TU" in after


def test_moving_all_from_an_exception_gives_that_one_the_time_too() -> None:
    data = weekly(exceptions=(exception("20260316", hour="17"),))
    after = move(data, "2026-03-16 12:00", "2026-03-16 13:00").data
    assert [text[6:11] for text in shown(after)] == ["12:00"] * 5


def test_all_day_series_move_by_days() -> None:
    data = calendar(event("DTSTART;VALUE=DATE:20260302", "RRULE:FREQ=WEEKLY", "EXDATE;VALUE=DATE:20260316"))
    new = Days(date(2026, 3, 10), date(2026, 3, 11))
    after = moved(data, new, Scope(Reach.ALL, "2026-03-09"), now=NOW, zone=BERLIN).data
    found = meetings(after)
    assert [f"{each.start:%m-%d}" for each in found[:3]] == ["03-03", "03-10", "03-24"]
    assert {each.end - each.start for each in found} == {timedelta(days=2)}


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
        "FREQ=MONTHLY;BYDAY=1MO",
        "FREQ=MONTHLY;BYMONTHDAY=2",
        "FREQ=DAILY;BYDAY=MO",
    ],
)
def test_a_rule_that_names_days_cannot_follow_to_another_day(rule: str) -> None:
    scope = Scope(Reach.ALL, "2026-03-02T08:00:00Z")
    with pytest.raises(NothingToCarry):
        move(weekly(rule=rule), "2026-03-03 09:00", "2026-03-03 10:00", scope)
    assert (
        shown(move(weekly(rule=rule), "2026-03-02 10:00", "2026-03-02 11:00", scope).data)[0][6:11] == "10:00"
    )


def test_exceptions_are_not_orphaned_by_a_short_month() -> None:
    times = ("DTSTART;TZID=Europe/Berlin:20260330T090000", "DTEND;TZID=Europe/Berlin:20260330T100000")
    data = calendar(event(*times, "RRULE:FREQ=MONTHLY"), exception("20260430", "SUMMARY:Own"))
    with pytest.raises(NothingToCarry):
        move(data, "2026-03-31 09:00", "2026-03-31 10:00", Scope(Reach.ALL, "2026-03-30T07:00:00Z"))


def test_a_series_of_times_cannot_become_days() -> None:
    with pytest.raises(Uneditable):
        moved(weekly(), Days(date(2026, 3, 2), date(2026, 3, 2)), ALL, now=NOW, zone=BERLIN)


def test_calling_all_off_marks_everything() -> None:
    after = off(weekly(exceptions=(exception("20260309"),)), ALL)
    assert {each.status.value for each in meetings(after)} == {"CANCELLED"}


# --- this and the following -------------------------------------------------------------------------------


def test_a_series_is_divided_and_both_halves_are_what_there_was() -> None:
    data = weekly(
        "EXDATE;TZID=Europe/Berlin:20260309T090000,20260323T090000",
        exceptions=(exception("20260302", "SUMMARY:First"), exception("20260330", "SUMMARY:Last", hour="15")),
    )
    result = change(data, Edit(title="New"), LATER)
    assert both(result) == [
        "03-02 09:00-10:00 First",
        "03-16 09:00-10:00 New",
        "03-30 15:00-16:00 Last",
        "04-06 09:00-10:00 New",
        "04-13 09:00-10:00 New",
    ]
    assert result.further is not None
    assert (parse_object(result.data, BERLIN).uid, parse_object(result.further, BERLIN).uid) == ("u1", "u2")
    assert "UNTIL=20260316T075959Z" in result.data
    assert "BEGIN:VTIMEZONE" in result.further
    assert "X-WEIRD" in result.further
    assert "SEQUENCE:3" in result.data


def test_an_exception_at_the_division_belongs_to_what_follows() -> None:
    data = weekly(exceptions=(exception("20260316", "SUMMARY:Own", hour="15"),))
    result = change(data, Edit(place="x"), LATER)
    assert both(result) == [*REGULAR[:2], "03-16 15:00-16:00 Own", *REGULAR[3:]]
    assert shown(off(data, LATER)) == REGULAR[:2]


def test_the_following_move_and_the_earlier_stay() -> None:
    result = move(weekly(), "2026-03-17 15:00", "2026-03-17 16:00", LATER)
    assert both(result) == [
        *REGULAR[:2],
        *(f"{day} 15:00-16:00 Weekly" for day in ("03-17", "03-24", "03-31")),
    ]


@pytest.mark.parametrize("rule", ["FREQ=WEEKLY;COUNT=4", "FREQ=WEEKLY;UNTIL=20260323T080000Z"])
def test_a_bounded_series_stays_as_long_as_it_was(rule: str) -> None:
    result = change(weekly(rule=rule), Edit(title="Weekly", place="x"), LATER)
    assert both(result) == REGULAR[:4]


def test_from_the_first_on_means_all() -> None:
    first = Scope(Reach.FOLLOWING, "2026-03-02T08:00:00Z")
    result = change(weekly(), Edit(title="New"), first)
    assert result.further is None
    assert result.data == change(weekly(), Edit(title="New")).data


def test_the_following_are_called_off() -> None:
    after = off(weekly(exceptions=(exception("20260323", "SUMMARY:x"),)), LATER)
    assert shown(after) == REGULAR[:2]
    assert after.count("BEGIN:VEVENT") == 1


def test_days_are_divided_by_days() -> None:
    data = calendar(event("DTSTART;VALUE=DATE:20260302", "RRULE:FREQ=WEEKLY;COUNT=4", "SUMMARY:Days"))
    result = change(data, Edit(title="New"), Scope(Reach.FOLLOWING, "2026-03-16"))
    assert "UNTIL=20260315" in result.data
    found = meetings(result.data, result.further or "")
    assert [(f"{each.start:%m-%d}", each.title) for each in found] == [
        ("03-02", "Days"), ("03-09", "Days"), ("03-16", "New"), ("03-23", "New")
    ]  # fmt: skip


def test_a_date_beside_the_rule_does_not_divide_it() -> None:
    data = weekly("RDATE;TZID=Europe/Berlin:20260318T090000")
    with pytest.raises(Uneditable):
        change(data, Edit(title="x"), Scope(Reach.FOLLOWING, "2026-03-18T08:00:00Z"))


# --- whatever the series ----------------------------------------------------------------------------------

_RULES = st.sampled_from(
    [
        "FREQ=WEEKLY",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO",
        "FREQ=DAILY;COUNT=20",
        "FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20260601T000000Z",
        "FREQ=MONTHLY;BYDAY=1MO",
        "FREQ=MONTHLY",
        "RDATE",
    ]
)
_FOREIGN_LINES = st.lists(
    st.builds(
        "X-{}{}:{}".format,
        st.text("ABCXYZ0123456789-", min_size=1, max_size=12),
        st.sampled_from(["", ';P="a:b;c"', ";Q=1;R=2"]),
        st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=120),
    ),
    max_size=3,
)
_ACTS = st.sampled_from(["answer", "title", "move", "off"])


@st.composite
def series(draw: st.DrawFn) -> str:
    rule, foreign = draw(_RULES), draw(_FOREIGN_LINES)
    excluded = draw(st.booleans())
    extra = ["EXDATE;TZID=Europe/Berlin:20260309T090000"] if excluded else []
    data = weekly(*extra, *foreign, rule=rule)
    return data.replace("RRULE:RDATE", "RDATE;TZID=Europe/Berlin:20260309T090000,20260320T110000")


@settings(max_examples=150, deadline=None)
@given(data=series(), act=_ACTS, place=st.integers(0, 6), minutes=st.integers(-300, 300))
def test_an_edit_of_one_meeting_touches_no_other(data: str, act: str, place: int, minutes: int) -> None:
    """Parsed and expanded again, there is exactly the intended difference; in the text nothing is lost."""
    before = meetings(data)
    target = before[min(place, len(before) - 1)]
    scope = Scope(Reach.THIS, target.recurrence_id)
    delta = timedelta(minutes=minutes)
    if act == "answer":
        after = answered(
            data, ["boris@example.com"], PartStat.ACCEPTED, target.recurrence_id, now=NOW, zone=BERLIN
        )
    elif act == "title":
        after = change(data, Edit(title="Other"), scope).data
    elif act == "move":
        new = Timed(target.start + delta, target.end + delta)
        after = moved(data, new, scope, now=NOW, zone=BERLIN).data
    else:
        after = off(data, scope)
    old = {each.recurrence_id: each for each in before}
    new_ones = {each.recurrence_id: each for each in meetings(after)}
    changed = new_ones.pop(target.recurrence_id, None)
    old.pop(target.recurrence_id)
    assert {key: each.fingerprint for key, each in new_ones.items()} == {
        key: each.fingerprint for key, each in old.items()
    }
    assert (changed is None) == (act == "off")
    if changed is not None:
        wanted = delta if act == "move" else timedelta()
        assert (changed.start - target.start, changed.end - target.end) == (wanted, wanted)
        assert changed.title == ("Other" if act == "title" else target.title)
        assert (changed.attendees[0].partstat is PartStat.ACCEPTED) == (act == "answer")
    lost = lines_of(data) - lines_of(after)
    assert {line.split("/")[-1].partition(":")[0] for line in lost} <= {"DTSTAMP", "SEQUENCE"}


@settings(max_examples=100, deadline=None)
@given(data=series(), place=st.integers(0, 8))
def test_dividing_loses_and_doubles_nothing(data: str, place: int) -> None:
    before = meetings(data)
    target = before[min(place, len(before) - 1)]
    scope = Scope(Reach.FOLLOWING, target.recurrence_id)
    result = edited(data, Edit(place="Elsewhere"), scope, now=NOW, zone=BERLIN, further_uid="u2")
    texts = [result.data, *([result.further] if result.further else [])]
    after = meetings(*texts)
    assert [(each.start, each.end, each.title) for each in after] == [
        (each.start, each.end, each.title) for each in before
    ]
    assert [each.location == "Elsewhere" for each in after] == [each.start >= target.start for each in before]
    for text in texts:
        assert all(component.name == "VCALENDAR" for component in components(text))


@settings(max_examples=100, deadline=None)
@given(data=series(), place=st.integers(0, 8), hours=st.integers(-8, 12))
def test_moving_all_by_some_hours_moves_each_by_the_clock(data: str, place: int, hours: int) -> None:
    before = meetings(data)
    target = before[min(place, len(before) - 1)]
    local = target.start.astimezone(BERLIN)
    new = local.replace(hour=local.hour + hours)
    length = target.end - target.start
    scope = Scope(Reach.ALL, target.recurrence_id)
    after = meetings(moved(data, Timed(new, new + length), scope, now=NOW, zone=BERLIN).data)
    wanted = [each.start.astimezone(BERLIN).replace(tzinfo=None) + timedelta(hours=hours) for each in before]
    assert [each.start.astimezone(BERLIN).replace(tzinfo=None) for each in after] == wanted


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=400), st.sampled_from([*PEOPLE, "RRULE:FREQ=DAILY", "RECURRENCE-ID:20260305T100000Z"])
)
def test_no_text_breaks_an_edit(text: str, line: str) -> None:
    data = calendar(event("DTSTART:20260305T100000Z", line, text))
    try:
        after = change(data, Edit(title="x"), Scope()).data
    except Uneditable:
        return
    assert {each.title for each in parse_object(after, BERLIN).events} == {"x"}


@settings(max_examples=100, deadline=None)
@given(data=series(), width=st.integers(2, 90), breaks=st.sampled_from(["\r\n ", "\n\t"]))
def test_wherever_a_program_folds_its_lines_they_are_found(data: str, width: int, breaks: str) -> None:
    folded = "\r\n".join(
        breaks.join(line[place : place + width] for place in range(0, len(line), width)) or line
        for line in data.replace("\r\n ", "").split("\r\n")
    )
    assert lines_of_document(folded) == lines_of(folded) == lines_of(data)
    before, after = meetings(data), meetings(change(folded, Edit(title="New")).data)
    assert {each.title for each in after} == {"New"}
    assert [each.start for each in after] == [each.start for each in before]
