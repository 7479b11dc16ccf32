"""What a person wants of one calendar holds wherever its meetings would be heard of, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import literal, select
from tests.integration.calendars.diary import Diary, first_lines, ics

from sekretar.calendars.accounts import wishes as calendar_wishes
from sekretar.calendars.accounts.wishes import CalendarCard, Wishes
from sekretar.calendars.booking.saving import places
from sekretar.calendars.digest.digesting import Digesting
from sekretar.calendars.finding import availability
from sekretar.calendars.model import Calendar, CalendarObject, MorningDigest, Reminder
from sekretar.calendars.presence import status
from sekretar.kernel.errors import PersonError

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


async def wish(diary: Diary, calendar: str, **wished: bool) -> CalendarCard:
    async with diary.desk.database.transaction() as session:
        number, person = diary.calendars[calendar], diary.person.id
        known = (await calendar_wishes.card(session, person, number)).wishes
        return await calendar_wishes.change(
            session, person, number, replace(known, **wished), diary.clock.now()
        )


async def preferred(diary: Diary) -> list[str]:
    async with diary.desk.database.reading() as session:
        found = await places(session, diary.person.id)
    return [each.calendar.name for each in found]


class TestReminders:
    async def test_one_calendar_reminds_and_the_other_does_not(self, diary: Diary, noon: datetime) -> None:
        await diary.look({"a.ics": ics("a", noon)}, silent=True)
        await diary.look({"b.ics": ics("b", noon, "Zahnarzt")}, "home", silent=True)
        await wish(diary, "home", reminds=False)
        await diary.look({"c.ics": ics("c", noon, "Sport")}, "home", silent=True)
        assert first_lines(await diary.remind(3 * HOUR - 10 * MINUTE)) == ["⏰ Через 10 минут: Demo"]

    async def test_other_wishes_about_reminders_leave_it_silent(self, diary: Diary, noon: datetime) -> None:
        from sekretar.calendars.settings import changing as settings
        from sekretar.calendars.settings.preferences import Preferences

        await diary.look({"a.ics": ics("a", noon)}, silent=True)
        await wish(diary, "work", reminds=False)
        async with diary.desk.database.transaction() as session:
            await settings.change(session, diary.person, Preferences(reminders=(30,)), diary.clock.now())
        assert await diary.count(Reminder) == 0
        await wish(diary, "work", reminds=True)
        assert first_lines(await diary.remind(3 * HOUR - 30 * MINUTE)) == ["⏰ Через 30 минут: Demo"]

    async def test_a_copy_in_a_silent_calendar_hides_nothing(self, diary: Diary, noon: datetime) -> None:
        await wish(diary, "work", reminds=False)
        await diary.look({"a.ics": ics("a", noon)}, silent=True)
        await diary.look({"a.ics": ics("a", noon)}, "home", silent=True)
        assert len(await diary.remind(3 * HOUR - 10 * MINUTE)) == 1

    async def test_a_meeting_that_goes_there_becomes_silent(self, diary: Diary, noon: datetime) -> None:
        await diary.look({"a.ics": ics("a", noon)})
        await wish(diary, "home", reminds=False)
        await diary.look({"n.ics": ics("a", noon)}, "home", leaving=[("work", "a.ics")])
        assert await diary.count(Reminder) == 0
        await diary.look({"m.ics": ics("a", noon)}, leaving=[("home", "n.ics")])
        assert await diary.count(Reminder) == 1


class TestNews:
    async def test_a_silent_calendar_tells_nothing(self, diary: Diary, noon: datetime) -> None:
        await wish(diary, "home", tells=False)
        texts = (ics("a", noon), ics("a", noon + HOUR), None)
        said = [await diary.look({"a.ics": text}, "home") for text in texts]
        assert said == [[], [], []]

    async def test_its_copy_hides_no_news_of_the_other(self, diary: Diary, noon: datetime) -> None:
        await wish(diary, "home", tells=False)
        for calendar in ("home", "work"):
            await diary.look({"a.ics": ics("a", noon)}, calendar, silent=True)
        diary.clock.advance(MINUTE)
        assert await diary.look({"a.ics": ics("a", noon + HOUR)}, "home") == []
        said = await diary.look({"a.ics": ics("a", noon + HOUR)})
        assert first_lines(said) == ["🔁 Перенесена: Demo"]

    async def test_what_it_still_holds_has_not_gone(self, diary: Diary, noon: datetime) -> None:
        await wish(diary, "home", tells=False)
        for calendar in ("home", "work"):
            await diary.look({"a.ics": ics("a", noon)}, calendar, silent=True)
        assert await diary.look({"a.ics": None}) == []


async def test_the_digest_leaves_it_out(diary: Diary, noon: datetime) -> None:
    await wish(diary, "home", in_digest=False)
    await diary.look({"a.ics": ics("a", noon + timedelta(days=1))}, silent=True)
    for calendar in ("home", "work"):
        await diary.look({"b.ics": ics("b", noon + timedelta(days=1), "Beides")}, calendar, silent=True)
    await diary.look({"h.ics": ics("h", noon + timedelta(days=1), "Zahnarzt")}, "home", silent=True)
    await Digesting(diary.desk).give_due()
    [row] = await diary.rows(MorningDigest)
    diary.clock.advance(row.next_at - diary.clock.now())
    await Digesting(diary.desk).give_due()
    [said] = await diary.said()
    assert "Demo" in said
    assert "Beides" in said
    assert "Zahnarzt" not in said


async def test_no_status_and_no_time_is_taken(diary: Diary, noon: datetime) -> None:
    await diary.look({"a.ics": ics("a", noon)}, "home", silent=True)

    async def seen() -> tuple[bool, bool, int]:
        at, person = noon + MINUTE, diary.person
        async with diary.desk.database.reading() as session:
            meetings = await status.busy_times(session, at, select(literal(person.id)))
            taken = await availability.busy(session, person, at, noon + HOUR, titles=False)
            crossing = await availability.conflicts(session, person.id, person.zone, at, noon + HOUR)
        return bool(meetings), bool(taken), len(crossing)

    assert await seen() == (True, True, 1)
    await wish(diary, "home", shows_presence=False)
    assert await seen() == (False, True, 1)
    await wish(diary, "home", takes_time=False)
    assert await seen() == (False, False, 0)


async def test_new_meetings_go_to_the_one_that_is_preferred(diary: Diary) -> None:
    assert await preferred(diary) == ["work", "home"]
    await wish(diary, "home", preferred=True)
    assert await preferred(diary) == ["home", "work"]
    await wish(diary, "work", preferred=True)
    assert await preferred(diary) == ["work", "home"]
    assert [each.preferred for each in sorted(await diary.rows(Calendar), key=lambda row: row.id)] == [
        True,
        False,
    ]


async def test_one_is_always_left(diary: Diary, noon: datetime) -> None:
    await diary.look({"a.ics": ics("a", noon)}, "home", silent=True)
    await wish(diary, "home", chosen=False)
    assert await diary.count(CalendarObject) == 0
    with pytest.raises(PersonError, match=r"calendars\.choose\.none"):
        await wish(diary, "work", chosen=False)
    assert (await wish(diary, "home", chosen=True)).wishes == Wishes()


async def test_nobody_changes_the_calendar_of_another(diary: Diary) -> None:
    other = (await diary.desk.profiles.person("boris".ljust(26, "0"))).id
    async with diary.desk.database.transaction() as session:
        with pytest.raises(PersonError, match=r"calendars\.calendar\.gone"):
            await calendar_wishes.change(session, other, diary.calendars["work"], Wishes(), diary.clock.now())
