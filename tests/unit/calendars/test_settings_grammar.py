"""Settings as people write them."""

from __future__ import annotations

import contextlib
from datetime import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekretar.calendars.settings.grammar import (
    format_days,
    format_hours,
    format_offsets,
    is_off,
    parse_days,
    parse_digest,
    parse_emoji,
    parse_hours,
    parse_offsets,
)
from sekretar.calendars.settings.preferences import (
    EVERY_DAY,
    LONGEST_OFFSET,
    MOST_HOURS,
    OFFICE_WEEK,
    WORKDAYS,
    Hours,
    Week,
)
from sekretar.kernel.errors import PersonError
from sekretar.kernel.i18n import Catalogues

languages = st.sampled_from(["en", "ru"])
clock = st.times().map(lambda at: at.replace(second=0, microsecond=0))


#: Every second pair of some times of a day are hours.
working_days = st.lists(clock, max_size=2 * MOST_HOURS, unique=True).map(
    lambda times: tuple(Hours(*pair) for pair in pairwise(sorted(times)))[::2]
)


class TestOffsets:
    @pytest.mark.parametrize(
        ("written", "meant"),
        [
            ("10, 1", (10, 1)),
            ("1 10", (10, 1)),
            ("10,1,", (10, 1)),
            ("10 10", (10,)),
            ("за 10 минут", (10,)),
            ("за 10 минут до встречи", (10,)),
            ("за час и за 5 минут", (60, 5)),
            ("за полчаса", (30,)),
            ("за день", (1440,)),
            ("1h", (60,)),
            ("1h 30m", (90,)),
            ("1 ч 30 мин, 10 мин.", (90, 10)),
            ("an hour and 5 minutes before", (60, 5)),
            ("2 days, 10", (2880, 10)),
            ("1,5 часа", (90,)),
            ("1.5h, 10", (90, 10)),
            ("за 2,5 часа и за 5 минут", (150, 5)),
            ("10,5", (10, 5)),
            ("за неделю", (10080,)),
            ("a week, 1 day", (10080, 1440)),
            ("за пять минут", (5,)),
            ("an hour and ten minutes", (60, 10)),
            ("5 and at the start", (5, 0)),
            ("10 и в момент начала", (10, 0)),
            ("0", (0,)),
            ("", ()),
            ("off", ()),
            ("—", ()),
            ("Никогда", ()),
        ],
    )
    def test_what_is_understood(self, written: str, meant: tuple[int, ...]) -> None:
        assert parse_offsets(written) == meant

    @pytest.mark.parametrize("written", ["soon", "1.7 h", "-5", "10 лет", "дюжина", "10x", "1e3", "٣"])
    def test_what_is_not(self, written: str) -> None:
        with pytest.raises(PersonError) as caught:
            parse_offsets(written)
        assert caught.value.key == "calendars.settings.bad_offsets"

    def test_limits(self) -> None:
        assert parse_offsets("7 days") == (LONGEST_OFFSET,)
        with pytest.raises(PersonError) as far:
            parse_offsets("8 days")
        assert far.value.key == "calendars.settings.far_offset"
        with pytest.raises(PersonError) as many:
            parse_offsets("1 2 3 4 5 6 7 8 9 10 11")
        assert many.value.key == "calendars.settings.many_offsets"

    @given(st.frozensets(st.integers(1, LONGEST_OFFSET), max_size=10), languages)
    def test_what_is_shown_is_understood_again(self, minutes: frozenset[int], language: str) -> None:
        wanted = tuple(sorted(minutes, reverse=True))
        assert parse_offsets(format_offsets(wanted, language)) == wanted

    @given(st.text(max_size=60))
    def test_nothing_written_breaks_it(self, written: str) -> None:
        with contextlib.suppress(PersonError):
            assert all(0 <= each <= LONGEST_OFFSET for each in parse_offsets(written))


class TestDays:
    @pytest.mark.parametrize(
        ("written", "meant"),
        [
            ("будни", WORKDAYS),
            ("по будням", WORKDAYS),
            ("workdays", WORKDAYS),
            ("daily", EVERY_DAY),
            ("Каждый день", EVERY_DAY),
            ("mon-fri", WORKDAYS),
            ("пн – пт", WORKDAYS),
            ("Monday, wed", {0, 2}),
            ("понедельник, среда", {0, 2}),
            ("сб-пн", {5, 6, 0}),
            ("вс", {6}),
        ],
    )
    def test_what_is_understood(self, written: str, meant: set[int]) -> None:
        assert parse_days(written) == meant

    @pytest.mark.parametrize("written", ["", "someday", "mon-wed-fri", "пн--пт", "1-5"])
    def test_what_is_not(self, written: str) -> None:
        with pytest.raises(PersonError):
            parse_days(written)

    @given(st.frozensets(st.integers(0, 6), min_size=1), languages)
    def test_what_is_shown_is_understood_again(self, days: frozenset[int], language: str) -> None:
        assert parse_days(format_days(days, language)) == days


class TestDigest:
    @pytest.mark.parametrize(
        ("written", "at", "days"),
        [
            ("9:00", time(9), None),
            ("9", time(9), None),
            ("830", time(8, 30), None),
            ("7.15", time(7, 15), None),
            ("9am", time(9), None),
            ("в 9 утра по будням", time(9), WORKDAYS),
            ("8:30 daily", time(8, 30), EVERY_DAY),
            ("9:00 пн, ср", time(9), {0, 2}),
            ("9 mon-thu", time(9), {0, 1, 2, 3}),
            ("по будням в 9", time(9), WORKDAYS),
            ("каждый день в 9:30", time(9, 30), EVERY_DAY),
            ("weekdays at 9", time(9), WORKDAYS),
            ("at 9 on weekdays", time(9), WORKDAYS),
            ("пн, ср 8:15", time(8, 15), {0, 2}),
            ("off", None, None),
            ("никогда", None, None),
        ],
    )
    def test_what_is_understood(self, written: str, at: time | None, days: set[int] | None) -> None:
        assert parse_digest(written) == (at, days)

    @pytest.mark.parametrize("written", ["tomorrow", "25:00", "9:99", "9:00 someday", "9:00daily:"])
    def test_what_is_not(self, written: str) -> None:
        with pytest.raises(PersonError):
            parse_digest(written)


class TestHours:
    @pytest.mark.parametrize(
        ("written", "shown"),
        [
            ("9-18", "Mon–Fri 09:00–18:00"),
            ("с 9 до 18", "Mon–Fri 09:00–18:00"),
            ("Mon–Thu 9:00–18:00, Fri 9–17", "Mon–Thu 09:00–18:00; Fri 09:00–17:00"),
            ("пн-чт с 9 до 18; пт с 9 до 17", "Mon–Thu 09:00–18:00; Fri 09:00–17:00"),
            ("sat 10-24", "Sat 10:00–23:59"),
            ("daily 8:30-12:30", "Mon–Sun 08:30–12:30"),
            ("9-18 пн-чт", "Mon–Thu 09:00–18:00"),
            ("9-18, сб 10-14", "Mon–Fri 09:00–18:00; Sat 10:00–14:00"),
            ("пн-пт 9:00-13:00, 14:00-18:00", "Mon–Fri 09:00–13:00, 14:00–18:00"),
            ("Mon-Fri 9-13, 14-18", "Mon–Fri 09:00–13:00, 14:00–18:00"),
            ("9-13, 14-18", "Mon–Fri 09:00–13:00, 14:00–18:00"),
            ("14-18, 9-13", "Mon–Fri 09:00–13:00, 14:00–18:00"),
            ("9-13 14-18", "Mon–Fri 09:00–13:00, 14:00–18:00"),
            ("9-13 и 14-18 по будням", "Mon–Fri 09:00–13:00, 14:00–18:00"),
            ("9-13, 14-18 mon-thu", "Mon–Thu 09:00–13:00, 14:00–18:00"),
            ("с 9 до 13 и с 14 до 18", "Mon–Fri 09:00–13:00, 14:00–18:00"),
            ("from 9 to 13 and from 14 to 18", "Mon–Fri 09:00–13:00, 14:00–18:00"),
            ("Mon: 9-13, 14-18; Tue: 10-15", "Mon 09:00–13:00, 14:00–18:00; Tue 10:00–15:00"),
            ("пн, ср 9-13, 14-18, вт 10-15", "Mon, Wed 09:00–13:00, 14:00–18:00; Tue 10:00–15:00"),
            ("пн 9-13, пн 14-18", "Mon 09:00–13:00, 14:00–18:00"),
            (
                "пн-пт 9-13, пт 14-16",
                "Mon–Thu 09:00–13:00; Fri 09:00–13:00, 14:00–16:00",
            ),
            ("8-10, 11-13, 14-16, 17-19 daily", "Mon–Sun 08:00–10:00, 11:00–13:00, 14:00–16:00, 17:00–19:00"),
            ("9-13, 13-18", "Mon–Fri 09:00–18:00"),
            ("off", ""),
            ("", ""),
        ],
    )
    def test_what_is_understood(self, written: str, shown: str) -> None:
        assert format_hours(parse_hours(written), "en") == shown

    @pytest.mark.parametrize(
        ("written", "key"),
        [
            ("18-9", "bad_hours"),
            ("9", "bad_hours"),
            ("from nine to five", "bad_hours"),
            ("mon 9-9", "bad_hours"),
            ("пн 9-18 вт", "bad_hours"),
            ("9-18 пн-чт, 9-17 пт", "bad_hours"),
            ("9-13-18", "bad_hours"),
            ("9-18 кроме 13-14", "bad_hours"),
            ("9-18, обед 13-14", "bad_days"),
            ("пн-пт 9-18, пт 9-17", "hours_overlap"),
            ("9-13, 12-18", "hours_overlap"),
            ("8-9, 10-11, 12-13, 14-15, 16-17", "many_hours"),
        ],
    )
    def test_what_is_not(self, written: str, key: str) -> None:
        with pytest.raises(PersonError) as refused:
            parse_hours(written)
        assert refused.value.key == f"calendars.settings.{key}"

    @pytest.mark.parametrize("language", ["en", "ru"])
    @pytest.mark.parametrize("written", ["9", "9-13, 12-18", "8-9, 10-11, 12-13, 14-15, 16-17"])
    def test_the_error_shows_a_spelling_that_is_understood(self, written: str, language: str) -> None:
        with pytest.raises(PersonError) as refused:
            parse_hours(written)
        said = Catalogues.load().translator(language).plain(refused.value.key, **refused.value.params)
        example = said.rpartition(": " if language == "ru" else "Try ")[2].rstrip(".")
        assert example in {"пн–пт 9:00–13:00, 14:00–18:00", "Mon–Fri 9:00–13:00, 14:00–18:00"}
        assert format_hours(parse_hours(example), "en") == "Mon–Fri 09:00–13:00, 14:00–18:00"

    @given(st.tuples(*[working_days] * 7), languages)
    def test_what_is_shown_is_understood_again(self, week: Week, language: str) -> None:
        assert parse_hours(format_hours(week, language)) == week

    def test_the_usual_week(self) -> None:
        assert format_hours(OFFICE_WEEK, "ru") == "пн–пт 09:00–18:00"


class TestEmoji:
    @pytest.mark.parametrize(
        ("written", "name"),
        [
            ("calendar", "calendar"),
            (":Bento:", "bento"),
            ("📆", "calendar"),
            ("🗓️", "spiral_calendar"),
            (" ", ""),
        ],
    )
    def test_what_is_understood(self, written: str, name: str) -> None:
        assert parse_emoji(written) == name

    @pytest.mark.parametrize("written", ["🦄", "two words", "a:b", "календарь"])
    def test_what_is_not(self, written: str) -> None:
        with pytest.raises(PersonError):
            parse_emoji(written)


@pytest.mark.parametrize("written", ["off", "OFF", " Нет ", "–", "выключить", "выкл."])
def test_words_that_switch_off(written: str) -> None:
    assert is_off(written)
