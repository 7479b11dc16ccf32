"""Series and times beyond the horizon: told when somebody changes them, never when the horizon gets there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.integration.calendars.diary import Diary, exception, first_lines, ics

from sekretar.calendars.model import CalendarObject
from sekretar.calendars.sync.reading import AHEAD, horizon
from sekretar.calendars.sync.rolling import Rolling
from sekretar.kernel.clock import ManualClock

DAY, WEEK = timedelta(days=1), timedelta(days=7)
WEEKLY, YEARLY = "RRULE:FREQ=WEEKLY", "RRULE:FREQ=YEARLY"

ADDED, CANCELLED, MOVED = "🆕 Новая", "❌ Отменена", "🔁 Перенесена"


@pytest.fixture
def noon(clock: ManualClock) -> datetime:
    return clock.now().astimezone(UTC).replace(minute=0) + timedelta(hours=3)


async def look(diary: Diary, text: str | None) -> list[str]:
    """A minute later the object is this; returns what is said to have happened."""
    diary.clock.advance(timedelta(minutes=1))
    said = await diary.look({"a.ics": text})
    return [" ".join(line.split()[:2]) for line in first_lines(said)]


class TestOneTime:
    """One time of a weekly series goes beyond the horizon and comes back."""

    async def test_it_was_moved_there_moved_back_and_cancelled(self, diary: Diary, noon: datetime) -> None:
        original, far = noon + WEEK, noon + AHEAD * 2
        series = ics("a", noon, "Demo", WEEKLY)
        await look(diary, series)
        away = ics("a", noon, "Demo", WEEKLY, exceptions=[exception("a", original, far)])
        assert await look(diary, away) == [MOVED]
        further = ics("a", noon, "Demo", WEEKLY, exceptions=[exception("a", original, far + DAY)])
        assert await look(diary, further) == [MOVED]
        assert await look(diary, series) == [MOVED]
        await look(diary, away)
        dropped = ics("a", noon, "Demo", WEEKLY, f"EXDATE:{original:%Y%m%dT%H%M%SZ}")
        assert await look(diary, dropped) == [CANCELLED]

    async def test_the_horizon_that_reaches_it_says_nothing(
        self, diary: Diary, noon: datetime, clock: ManualClock
    ) -> None:
        away = exception("a", noon + WEEK, noon + AHEAD + 3 * WEEK)
        text = ics("a", noon, "Demo", WEEKLY, exceptions=[away])
        await look(diary, text)
        for _ in range(6):
            clock.advance(WEEK + DAY)
            await Rolling(diary.desk).run()
            assert await look(diary, text + "\r\n") == []


class TestASeriesThatBeginsLater:
    @pytest.mark.parametrize("rule", [WEEKLY, YEARLY])
    async def test_it_is_told_when_it_is_made(self, diary: Diary, noon: datetime, rule: str) -> None:
        assert await look(diary, ics("a", noon + 2 * AHEAD, "Demo", rule)) == [ADDED]

    async def test_its_changes_are_told_as_those_of_others(self, diary: Diary, noon: datetime) -> None:
        far = noon + 2 * AHEAD
        await look(diary, ics("a", far, "Demo", WEEKLY))
        assert await look(diary, ics("a", far + DAY, "Demo", WEEKLY)) == [MOVED]
        assert await look(diary, ics("a", noon + DAY, "Demo", WEEKLY)) == [MOVED]
        assert await look(diary, ics("a", far, "Demo", WEEKLY)) == [MOVED]
        assert await look(diary, None) == [CANCELLED]

    async def test_the_horizon_that_reaches_it_says_nothing(
        self, diary: Diary, noon: datetime, clock: ManualClock
    ) -> None:
        text = ics("a", noon + AHEAD + 4 * WEEK, "Demo", WEEKLY)
        await look(diary, text)
        for round_ in range(24):
            clock.advance(WEEK + DAY)
            await Rolling(diary.desk).run()
            assert await diary.said() == []
            # The server rewrites the object for reasons of its own.
            assert await look(diary, text + "\r\n" * (round_ % 2)) == []
        [stored] = await diary.rows(CalendarObject)
        assert stored.expanded_until >= horizon(clock.now()) - WEEK

    async def test_a_rare_one_says_nothing_between_its_times(
        self, diary: Diary, noon: datetime, clock: ManualClock
    ) -> None:
        text = ics("a", noon, "Demo", "RRULE:FREQ=DAILY;INTERVAL=130")
        await look(diary, text)
        for round_ in range(28):
            clock.advance(10 * DAY)
            assert await look(diary, text + "\r\n" * (round_ % 2)) == [], round_
