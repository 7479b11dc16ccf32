"""What people complained of in other calendar bots, each complaint shown not to apply here."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs
from tests.integration.calendars.diary import Diary, exception, first_lines, ics, open_diary, utc

from sekretar.calendars.digest.digesting import Digesting
from sekretar.calendars.model import CalendarAccount
from sekretar.calendars.sync.rolling import Rolling
from sekretar.calendars.views.agenda import agenda
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: Nine in the morning in Moscow, the day after the one on which the clock of the tests stands.
MORNING = datetime(2026, 3, 5, 6, 0, tzinfo=UTC)


async def test_of_eight_meetings_the_morning_tells_all_eight(diary: Diary) -> None:
    """Without a link, without an end, over midnight, from a series and from an exception to one: all are meetings."""
    early = MORNING - 2 * HOUR
    other_day = exception("e", MORNING + 5 * HOUR - DAY, MORNING + 5 * HOUR, "Пятая")
    files = {
        "1": ics("1", early, "Первая", "X-TELEMOST-CONFERENCE:https://telemost.yandex.ru/j/1"),
        "2": ics("2", MORNING + 2 * HOUR, "Вторая"),
        "3": ics("3", f"DTSTART:{utc(MORNING + 3 * HOUR)}", "Третья"),
        "4": ics("4", MORNING + 4 * HOUR - 30 * DAY, "Четвёртая", "RRULE:FREQ=DAILY"),
        "5": ics("e", MORNING + 5 * HOUR - 9 * DAY, "Серия", "RRULE:FREQ=DAILY;COUNT=9", exceptions=[other_day]),
        "6": ics("6", "DTSTART;TZID=Europe/Moscow:20260305T180000\r\nDURATION:PT1H", "Шестая"),
        "7": ics("7", MORNING + 14 * HOUR, "Седьмая", minutes=180),
        "8": ics("8", "DTSTART;VALUE=DATE:20260305", "Восьмая"),
    }  # fmt: skip
    await diary.look(files, silent=True)
    await Digesting(diary.desk).give_due()
    diary.clock.advance(MORNING - diary.clock.now())
    async with diary.desk.database.transaction() as session:
        await session.execute(update(CalendarAccount).values(synced_at=MORNING))
    await Digesting(diary.desk).give_due()
    [told] = await diary.said()
    titles = ["Первая", "Вторая", "Третья", "Четвёртая", "Пятая", "Шестая", "Седьмая", "Восьмая"]
    assert [each for each in titles if each not in told] == []


async def test_midnight_brings_no_new_meetings(diary: Diary) -> None:
    """A window that moves on is no invitation."""
    files = {f"{day}": ics(f"{day}", MORNING + day * DAY) for day in range(40)}
    await diary.look({**files, "daily": ics("daily", MORNING, "Daily", "RRULE:FREQ=DAILY")}, silent=True)
    for _ in range(4):
        diary.clock.advance(7 * DAY + 13 * HOUR)
        await Rolling(diary.desk).run()
        # The server hands out everything anew, with other marks.
        assert await diary.look({name: f"{text} " for name, text in files.items()}) == []


@pytest.mark.parametrize("by", [3 * DAY, 30 * DAY, 300 * DAY])
async def test_moved_far_away_is_moved_and_not_cancelled(diary: Diary, noon: datetime, by: timedelta) -> None:
    await diary.look({"a.ics": ics("a", noon)})
    assert first_lines(await diary.look({"a.ics": ics("a", noon + by)})) == ["🔁 Перенесена: Demo"]
    diary.clock.advance(timedelta(minutes=1))
    assert first_lines(await diary.look({"a.ics": ics("a", noon)})) == ["🔁 Перенесена: Demo"]


async def test_an_old_invitation_that_arrives_today_is_news_today(diary: Diary, noon: datetime) -> None:
    old = ("CREATED:20250101T000000Z", "DTSTAMP:20250101T000000Z", "LAST-MODIFIED:20250101T000000Z")
    assert first_lines(await diary.look({"a.ics": ics("a", noon, "Demo", *old)})) == [
        "🆕 Новая встреча: Demo"
    ]


async def test_the_last_meeting_to_be_cancelled_is_told_like_the_first(diary: Diary, noon: datetime) -> None:
    await diary.look({"a.ics": ics("a", noon, "A"), "b.ics": ics("b", noon, "B")})
    diary.clock.advance(timedelta(minutes=1))
    assert first_lines(await diary.look({"a.ics": None})) == ["❌ Отменена: A"]
    diary.clock.advance(timedelta(minutes=1))
    assert first_lines(await diary.look({"b.ics": None})) == ["❌ Отменена: B"]


@pytest.mark.parametrize("name", ["main", "основной"])
async def test_a_calendar_called_main_hides_no_other(
    database: Database, clock: ManualClock, noon: datetime, name: str
) -> None:
    diary = await open_diary(database, clock, calendars=[name, "team"])
    await diary.look({"a.ics": ics("a", noon, "A")}, name)
    await diary.look({"b.ics": ics("b", noon + HOUR, "B")}, "team")
    async with database.reading() as session:
        found = await agenda(session, diary.person.id, diary.person.zone, date(2026, 3, 4))
    assert [each.title for each in found.meetings] == ["A", "B"]


async def test_no_log_tells_what_people_meet_about(diary: Diary, noon: datetime) -> None:
    secret = ics("a", noon, "Увольнение", "LOCATION:Кабинет 7", "ATTENDEE:mailto:boris@example.com")
    with capture_logs() as written:
        await diary.look({"a.ics": secret, "b.ics": secret.replace("DTSTART", "DTSTRAT")})
        await diary.remind(3 * HOUR)
        await diary.look({"a.ics": None})
    assert written, "what cannot be read is logged"
    assert not any(word in repr(written) for word in ("Увольнение", "Кабинет", "boris@"))
