"""Recurrence rules: the same answers as dateutil, and no rule that can stop the house."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import takewhile

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from sekretar.calendars.ics.recurrence import BadRule, Work, parse_rule, starts

FIRST = datetime(2024, 1, 31, 9, 30)  # noqa: DTZ001


def naive(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%dT%H%M%S")  # noqa: DTZ007


def ours(
    text: str, first: datetime, after: datetime, before: datetime, steps: int = 2_000_000
) -> list[datetime]:
    work = Work(steps)
    found = list(starts(parse_rule(text, naive), first, after, before, work))
    assert not work.exhausted
    return found


def theirs(text: str, first: datetime, after: datetime, before: datetime) -> list[datetime]:
    everything = rrulestr(text, dtstart=first)
    return [each for each in takewhile(lambda moment: moment < before, everything) if each >= after]


def numbers(least: int, most: int, *, signed: bool = False) -> st.SearchStrategy[str]:
    one = st.integers(least, most)
    if signed:
        one = st.one_of(one, one.map(lambda number: -number))
    return st.lists(one, min_size=1, max_size=3, unique=True).map(lambda each: ",".join(map(str, each)))


_DAY = st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"])


def days(*, counted: bool) -> st.SearchStrategy[str]:
    """Plain or counted, not both: dateutil wants both to match, the standard either."""
    plain = st.lists(_DAY, min_size=1, max_size=4, unique=True).map(",".join)
    if not counted:
        return plain
    one = st.tuples(st.sampled_from(["1", "2", "4", "-1", "-2"]), _DAY).map("".join)
    return st.one_of(plain, st.lists(one, min_size=1, max_size=4, unique=True).map(",".join))


@st.composite
def rules(draw: st.DrawFn) -> str:
    """Rules that happen again and again; those that never do have a test of their own."""
    frequency = draw(st.sampled_from(["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY"]))
    parts = [f"FREQ={frequency}", f"INTERVAL={draw(st.integers(1, 3))}"]
    if frequency in ("YEARLY", "MONTHLY"):
        choices = {"BYDAY": days(counted=True), "BYMONTHDAY": numbers(1, 28, signed=True)}
        if frequency == "YEARLY":
            choices["BYYEARDAY"] = numbers(1, 365, signed=True)
        name = draw(st.sampled_from([*choices, ""]))
        if name:
            parts.append(f"{name}={draw(choices[name])}")
        if draw(st.booleans()) and name != "BYYEARDAY":
            parts.append(
                f"BYMONTH={draw(numbers(1, 12))}" if frequency == "YEARLY" else "BYMONTH=1,2,3,5,8,11"
            )
    elif draw(st.booleans()):
        parts.append(
            f"BYDAY={draw(days(counted=False))}" if frequency == "WEEKLY" else "BYDAY=MO,TU,WE,TH,FR"
        )
    if frequency != "HOURLY" and draw(st.booleans()):
        parts += [f"BYHOUR={draw(numbers(0, 23))}", f"BYMINUTE={draw(numbers(0, 59))}"]
    if draw(st.booleans()) and frequency != "HOURLY":
        parts.append(f"BYSETPOS={draw(st.sampled_from(['1', '-1', '1,-1']))}")
    if draw(st.booleans()):
        parts.append(f"WKST={draw(st.sampled_from(['MO', 'SU', 'SA']))}")
    ending = draw(st.sampled_from(["", "COUNT=1", "COUNT=7", "COUNT=100", "UNTIL=20250615T100000"]))
    return ";".join([*parts, ending] if ending else parts)


_FIRSTS = st.datetimes(datetime(2020, 1, 1), datetime(2025, 1, 1))  # noqa: DTZ001


@settings(max_examples=150, deadline=None)
@given(text=rules(), first=_FIRSTS, later=st.integers(-30, 900))
def test_rules_happen_when_dateutil_says(text: str, first: datetime, later: int) -> None:
    first = first.replace(microsecond=0)
    if "WEEKLY" in text and "BYSETPOS" in text:
        # dateutil takes positions in what is left of the first week; by RFC 5545 they are those of a whole week.
        wkst = {"SU": 6, "SA": 5}.get(text.partition("WKST=")[2][:2], 0)
        first -= timedelta(days=(first.weekday() - wkst) % 7)
    # dateutil counts from the first start on, hour by hour.
    after = first + timedelta(days=later if "HOURLY" not in text else later // 30)
    before = after + timedelta(days=400 if "HOURLY" not in text else 20)
    assert ours(text, first, after, before) == theirs(text, first, after, before)


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=YEARLY;BYWEEKNO=1,20,53;BYDAY=MO,SU",
        "FREQ=YEARLY;BYWEEKNO=-1;BYDAY=WE",
        "FREQ=YEARLY;BYWEEKNO=1;BYDAY=SA;WKST=SU",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
        "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "FREQ=MONTHLY;BYMONTHDAY=31",
        "FREQ=MONTHLY",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SU",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=MO",
        "FREQ=DAILY;BYMONTH=1,7;BYHOUR=8,20",
        "FREQ=HOURLY;INTERVAL=5;BYDAY=MO,TH",
        "FREQ=MINUTELY;INTERVAL=45;BYHOUR=9,10,11",
        "FREQ=SECONDLY;INTERVAL=90;BYHOUR=9;BYMINUTE=0,30",
        "FREQ=HOURLY;BYMINUTE=0,30;BYSETPOS=-1;COUNT=50",
    ],
)
def test_rare_rules_happen_when_dateutil_says(text: str) -> None:
    after = FIRST + timedelta(days=200)
    before = after + timedelta(days=4500 if "YEARLY" in text else 200)
    expected = theirs(text, FIRST, after, before)
    assert ours(text, FIRST, after, before) == expected
    assert expected or "COUNT" in text


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31",
        "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
        "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MINUTELY;BYMONTH=4;BYMONTHDAY=31;BYSETPOS=7",
        "FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31;BYMONTH=4",
    ],
)
def test_a_rule_that_never_happens_costs_next_to_nothing(text: str) -> None:
    first = datetime(2024, 1, 1, 9, 0)  # noqa: DTZ001
    assert ours(text, first, first, first + timedelta(days=500), steps=2000) == []


def test_an_old_series_costs_no_more_than_a_young_one() -> None:
    after = datetime(2026, 3, 1)  # noqa: DTZ001
    for first in (datetime(1, 1, 1, 9), datetime(1604, 1, 1, 9), datetime(2026, 1, 1, 9)):  # noqa: DTZ001
        found = ours("FREQ=DAILY", first, after, after + timedelta(days=30), steps=200)
        assert len(found) == 30


@pytest.mark.parametrize("text", ["FREQ=SECONDLY", "FREQ=DAILY;COUNT=999999999;BYHOUR=1,2,3,4,5,6,7,8,9"])
def test_an_endless_rule_is_cut_off_and_says_so(text: str) -> None:
    work = Work(1000)
    after = FIRST + timedelta(days=5000)
    found = list(starts(parse_rule(text, naive), FIRST, after, after + timedelta(days=400), work))
    assert work.exhausted
    assert len(found) <= 1000


def test_the_end_of_the_calendar_is_an_end() -> None:
    first = datetime(9999, 12, 30, 9)  # noqa: DTZ001
    after, before = first - timedelta(days=9), datetime.max  # noqa: DTZ901
    for text in ("FREQ=DAILY", "FREQ=WEEKLY", "FREQ=MONTHLY", "FREQ=YEARLY", "FREQ=HOURLY;INTERVAL=24"):
        assert ours(text, first, after, before)[0] == first


@pytest.mark.parametrize(
    "text",
    [
        "",
        "FREQ=SOMETIMES",
        "FREQ=DAILY;INTERVAL=x",
        "FREQ=DAILY;BYHOUR=77",
        "FREQ=DAILY;UNTIL=later",
        "RSCALE=HEBREW;FREQ=DAILY",
    ],
)
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(BadRule):
        parse_rule(text, naive)


def test_odd_spellings_are_understood() -> None:
    rule = parse_rule(" freq=weekly;interval=0;COUNT=-1;byday=mo,mo;X-FOO=1; ", naive)
    assert (rule.interval, rule.count, rule.weekdays) == (1, None, ((0, 0),))
