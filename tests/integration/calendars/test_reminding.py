"""Reminders: at their time, once, and never a wrong one."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from tests.integration.calendars.diary import Diary, first_lines, ics

from sekretar.calendars.model import Reminder
from sekretar.calendars.reminders.reminding import Reminding
from sekretar.kernel.database import Database

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DECLINED = "ATTENDEE;PARTSTAT=DECLINED:mailto:anna@example.com"
ACCEPTED = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:anna@example.com"


async def put(diary: Diary, text: str | None) -> None:
    """A change of which we do not care how it is told."""
    await diary.look({"a.ics": text})


async def test_ten_minutes_before_and_once(diary: Diary, noon: datetime) -> None:
    await put(diary, ics("a", noon))
    assert await diary.remind(3 * HOUR - 11 * MINUTE) == []
    assert first_lines(await diary.remind(MINUTE)) == ["⏰ Через 10 минут: Demo"]
    assert await diary.remind(MINUTE) == []


async def test_the_job_says_when_the_next_is_due(diary: Diary, noon: datetime) -> None:
    assert await Reminding(diary.desk).give_due() is None
    await put(diary, ics("a", noon))
    assert await Reminding(diary.desk).give_due() == noon - 10 * MINUTE
    await diary.remind(3 * HOUR)
    assert await Reminding(diary.desk).give_due() is None


async def test_an_edit_does_not_remind_again_and_a_move_does(diary: Diary, noon: datetime) -> None:
    await put(diary, ics("a", noon))
    assert len(await diary.remind(2 * HOUR + 50 * MINUTE)) == 1
    await put(diary, ics("a", noon, "Retro", "LOCATION:Room 3"))
    assert await diary.remind(MINUTE) == []
    await put(diary, ics("a", noon + HOUR, "Retro"))
    assert await diary.remind(MINUTE) == []
    assert first_lines(await diary.remind(58 * MINUTE)) == ["⏰ Через 10 минут: Retro"]


async def test_a_meeting_moved_close_is_reminded_of_at_once(diary: Diary, noon: datetime) -> None:
    await put(diary, ics("a", noon))
    await put(diary, ics("a", diary.clock.now() + 4 * MINUTE))
    assert first_lines(await diary.remind()) == ["⏰ Через 4 минуты: Demo"]


async def test_one_called_at_the_last_minute_too(diary: Diary) -> None:
    await put(diary, ics("a", diary.clock.now() + 5 * MINUTE))
    assert first_lines(await diary.remind()) == ["⏰ Через 5 минут: Demo"]


async def test_after_a_pause_of_ours_a_running_meeting_is_told_as_running(
    diary: Diary, noon: datetime
) -> None:
    await put(diary, ics("a", noon))
    assert first_lines(await diary.remind(3 * HOUR + 20 * MINUTE)) == ["⏰ Уже идёт: Demo"]


async def test_one_that_is_over_is_not_told(diary: Diary, noon: datetime) -> None:
    await put(diary, ics("a", noon))
    assert await diary.remind(4 * HOUR) == []
    assert [each.given_at for each in await diary.rows(Reminder)] == [diary.clock.now()]


@pytest.mark.parametrize("state", ["STATUS:CANCELLED", DECLINED])
async def test_where_the_person_does_not_go(diary: Diary, noon: datetime, state: str) -> None:
    await put(diary, ics("a", noon))
    await put(diary, ics("a", noon, "Demo", state))
    assert await diary.remind(2 * HOUR + 50 * MINUTE) == []


@pytest.mark.parametrize(("away", "back"), [("STATUS:CANCELLED", "STATUS:CONFIRMED"), (DECLINED, ACCEPTED)])
async def test_one_they_go_to_after_all(diary: Diary, noon: datetime, away: str, back: str) -> None:
    await put(diary, ics("a", noon, "Demo", away))
    assert await diary.remind(2 * HOUR + 50 * MINUTE) == []
    await put(diary, ics("a", noon, "Demo", back))
    assert first_lines(await diary.remind(5 * MINUTE)) == ["⏰ Через 5 минут: Demo"]


async def test_put_back_after_it_was_told_is_not_told_again(diary: Diary, noon: datetime) -> None:
    await put(diary, ics("a", noon))
    assert len(await diary.remind(2 * HOUR + 50 * MINUTE)) == 1
    await put(diary, ics("a", noon, "Demo", "STATUS:CANCELLED"))
    diary.clock.advance(MINUTE)
    await put(diary, ics("a", noon))
    assert await diary.remind(MINUTE) == []


async def test_all_day_events_have_no_ten_minutes_before(diary: Diary) -> None:
    await put(diary, ics("a", "DTSTART;VALUE=DATE:20260305"))
    assert await diary.count(Reminder) == 0


async def test_a_deactivated_person_is_not_reminded(diary: Diary, noon: datetime, database: Database) -> None:
    await put(diary, ics("a", noon))
    async with database.transaction() as session:
        await diary.desk.people.deactivate(session, diary.person.user_id, noon)
    assert await diary.remind(3 * HOUR) == []
    assert await Reminding(diary.desk).give_due() is None


async def test_one_that_cannot_be_put_into_words_does_not_keep_the_others(
    diary: Diary, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sekretar.calendars import wording

    real = wording.place_of

    def fragile(meeting: object) -> object:
        if getattr(meeting, "place", "") == "poison":
            raise ZeroDivisionError
        return real(meeting)  # type: ignore[arg-type]

    await diary.look({"a.ics": ics("a", noon, "A", "LOCATION:poison"), "b.ics": ics("b", noon, "B")})
    monkeypatch.setattr(wording, "place_of", fragile)
    assert first_lines(await diary.remind(2 * HOUR + 50 * MINUTE)) == ["⏰ Через 10 минут: B"]


async def test_many_at_the_same_moment(diary: Diary, noon: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sekretar.calendars.reminders.reminding.BATCH", 4)
    await diary.look({f"{n}.ics": ics(f"{n}", noon, f"M{n}") for n in range(9)})
    assert len(await diary.remind(2 * HOUR + 50 * MINUTE)) == 9
