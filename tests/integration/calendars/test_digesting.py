"""Digests on both databases: once a day, caught up, never for those who want none."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update
from tests.integration.calendars.diary import Diary, first_lines, ics, open_diary

from sekretar.calendars.accounts import connecting
from sekretar.calendars.digest import digesting
from sekretar.calendars.digest.digesting import Digesting, replan
from sekretar.calendars.model import CalendarAccount, MorningDigest
from sekretar.calendars.settings import changing as settings
from sekretar.calendars.settings import preferences
from sekretar.calendars.settings.preferences import EVERY_DAY, Preferences
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.outbox import OutboxRow

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOSCOW = ZoneInfo("Europe/Moscow")
#: The clock of the tests stands at noon of Wednesday, 4 March, in Moscow.
THURSDAY = date(2026, 3, 5)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), MOSCOW).astimezone(UTC)


async def give(diary: Diary, now: datetime | None = None) -> list[str]:
    """Let the job run at that moment; returns the first lines of what is said."""
    if now is not None:
        diary.clock.advance(now - diary.clock.now())
    await Digesting(diary.desk).give_due()
    return first_lines(await diary.said())


async def choose(diary: Diary, wanted: Preferences) -> datetime | None:
    async with diary.desk.database.transaction() as session:
        return (await settings.change(session, diary.person, wanted, diary.clock.now())).digest_at


async def row_of(diary: Diary) -> MorningDigest | None:
    rows = await diary.rows(MorningDigest)
    return rows[0] if rows else None


async def synced(diary: Diary) -> None:
    """The calendars were read just now."""
    async with diary.desk.database.transaction() as session:
        await session.execute(update(CalendarAccount).values(synced_at=diary.clock.now()))


@pytest.fixture
async def meeting(diary: Diary) -> Diary:
    """A diary with a daily meeting at eleven, and a row for the digest that was made at noon."""
    await diary.look({"a.ics": ics("a", at(THURSDAY, 11), "Планёрка", "RRULE:FREQ=DAILY")}, silent=True)
    await give(diary)
    return diary


async def test_the_day_is_told_at_nine_with_the_way_to_end_it_and_only_once(meeting: Diary) -> None:
    assert await Digesting(meeting.desk).give_due() == at(THURSDAY, 9)
    assert await give(meeting, at(THURSDAY, 8, 59)) == []
    assert await give(meeting, at(THURSDAY, 9)) == ["☀️ **Сегодня, четверг, 5 марта** — 1 встреча"]
    rows = await meeting.rows(OutboxRow)
    assert "/calendar digest" in rows[-1].payload["message"]
    assert rows[-1].key == f"digest:{meeting.person.id}:2026-03-05"
    assert rows[-1].expires_at == at(THURSDAY, 12)
    assert await give(meeting) == []
    assert await Digesting(meeting.desk).give_due() == at(THURSDAY + DAY, 9)


async def test_the_second_one_does_not_explain_itself_again(meeting: Diary) -> None:
    await give(meeting, at(THURSDAY, 9))
    await give(meeting, at(THURSDAY + DAY, 9))
    last = (await meeting.rows(OutboxRow))[-1]
    assert last.key.endswith("2026-03-06")
    assert "/calendar digest" not in last.payload["message"]


async def test_weekends_are_free(meeting: Diary) -> None:
    await give(meeting, at(THURSDAY + DAY, 9))
    assert await give(meeting, at(date(2026, 3, 7), 10)) == []
    assert await Digesting(meeting.desk).give_due() == at(date(2026, 3, 9), 9)


async def test_after_downtime_it_is_caught_up_the_same_morning_and_not_later(meeting: Diary) -> None:
    assert len(await give(meeting, at(THURSDAY, 11, 30))) == 1
    assert await give(meeting, at(THURSDAY + DAY, 14)) == []
    assert await Digesting(meeting.desk).give_due() == at(date(2026, 3, 9), 9)


async def test_days_of_downtime_are_one_digest(meeting: Diary) -> None:
    assert await give(meeting, at(date(2026, 3, 11), 9, 5)) == ["☀️ **Сегодня, среда, 11 марта** — 1 встреча"]


async def test_a_free_day_is_told_to_those_who_asked_for_it(diary: Diary) -> None:
    await give(diary)
    await synced(diary)
    diary.clock.advance(at(THURSDAY, 8, 30) - diary.clock.now())
    await synced(diary)
    assert await give(diary, at(THURSDAY, 9)) == []
    await choose(diary, Preferences(digest_only_if_meetings=False))
    diary.clock.advance(at(THURSDAY + DAY, 8, 30) - diary.clock.now())
    await synced(diary)
    assert await give(diary, at(THURSDAY + DAY, 9)) == ["☀️ **Сегодня, пятница, 6 марта** — встреч нет."]


async def test_a_free_day_that_may_not_be_one_is_told_with_the_doubt(diary: Diary) -> None:
    await give(diary)
    async with diary.desk.database.transaction() as session:
        await session.execute(update(CalendarAccount).values(trouble="down"))
    await give(diary, at(THURSDAY, 9))
    (said,) = await diary.rows(OutboxRow)
    assert "anna@example.com" in said.payload["message"]


async def test_a_day_of_declined_meetings_is_free(diary: Diary) -> None:
    me = "ATTENDEE;PARTSTAT=DECLINED:mailto:anna@example.com"
    declined = ics("a", at(THURSDAY, 11), "Отказ", "ORGANIZER:mailto:boss@example.com", me)
    await diary.look({"a.ics": declined}, silent=True)
    await give(diary)
    diary.clock.advance(at(THURSDAY, 8, 59) - diary.clock.now())
    await synced(diary)
    assert await give(diary, at(THURSDAY, 9)) == []


async def test_who_wants_none_gets_none_and_may_want_it_again(meeting: Diary) -> None:
    assert await choose(meeting, Preferences(digest_at=None)) is None
    assert await give(meeting, at(THURSDAY, 10)) == []
    assert await Digesting(meeting.desk).give_due() is None
    # Nine is over today: it begins tomorrow.
    assert await choose(meeting, Preferences()) == at(THURSDAY + DAY, 9)
    assert await give(meeting, at(THURSDAY, 11)) == []


async def test_another_hour_on_the_same_day_is_no_second_digest(meeting: Diary) -> None:
    await give(meeting, at(THURSDAY, 9))
    assert await choose(meeting, Preferences(digest_at=time(15), digest_days=EVERY_DAY)) == at(
        THURSDAY + DAY, 15
    )
    assert await give(meeting, at(THURSDAY, 15)) == []


async def test_an_earlier_hour_can_still_be_today(meeting: Diary) -> None:
    meeting.clock.advance(at(THURSDAY, 6) - meeting.clock.now())
    assert await choose(meeting, Preferences(digest_at=time(7))) == at(THURSDAY, 7)
    assert len(await give(meeting, at(THURSDAY, 7))) == 1


async def test_an_hour_that_is_ahead_is_still_today_for_whoever_has_just_connected(diary: Diary) -> None:
    await give(diary)
    today = diary.clock.now().date()
    assert await choose(diary, Preferences(digest_at=time(15))) == at(today, 15)
    assert await choose(diary, Preferences(digest_at=time(11))) == at(THURSDAY, 11)


async def test_it_follows_a_person_to_another_zone(meeting: Diary) -> None:
    new_york, vladivostok = ZoneInfo("America/New_York"), ZoneInfo("Asia/Vladivostok")
    for zone, wanted in ((new_york, 14), (vladivostok, 23)):
        async with meeting.desk.database.transaction() as session:
            await meeting.desk.people.set_zone(session, meeting.person.id, zone)
            person = await meeting.desk.people.by_id(session, meeting.person.id)
            assert person is not None
            now = meeting.clock.now()
            await replan(session, person, await preferences.read(session, person.id), now, travelled=True)
            due = await digesting.next_of(session, person)
        assert due is not None
        assert due.hour == wanted
        assert due.astimezone(zone).hour == 9


async def test_nine_that_a_journey_has_made_over_is_caught_up(meeting: Diary) -> None:
    meeting.clock.advance(at(THURSDAY, 8, 30) - meeting.clock.now())
    async with meeting.desk.database.transaction() as session:
        await meeting.desk.people.set_zone(session, meeting.person.id, ZoneInfo("Europe/Samara"))
        person = await meeting.desk.people.by_id(session, meeting.person.id)
        assert person is not None
        await replan(session, person, Preferences(), meeting.clock.now(), travelled=True)
    assert len(await give(meeting)) == 1
    assert await give(meeting, at(THURSDAY, 9)) == []


async def test_a_deactivated_person_is_passed_over(meeting: Diary) -> None:
    async with meeting.desk.database.transaction() as session:
        await meeting.desk.people.deactivate(session, meeting.person.user_id, meeting.clock.now())
    assert await give(meeting, at(THURSDAY, 9)) == []
    row = await row_of(meeting)
    assert row is not None
    assert row.next_at == at(THURSDAY + DAY, 9)


async def test_who_disconnects_is_forgotten_with_what_was_still_to_be_said(meeting: Diary) -> None:
    await give(meeting, at(THURSDAY, 9))
    async with meeting.desk.database.transaction() as session:
        account = await session.get_one(CalendarAccount, meeting.account_id)
        await connecting.disconnect(session, account)
        assert not (
            await session.scalars(select(OutboxRow.key).where(OutboxRow.key.startswith("digest:")))
        ).all()
    assert await give(meeting, at(THURSDAY + DAY, 9)) == []
    assert await row_of(meeting) is None


async def test_a_message_that_cannot_be_made_keeps_nobody_elses(
    database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = await open_diary(database, clock)
    boris = await open_diary(database, clock, "boris", desk=anna.desk)
    for person, uid in ((anna, "a"), (boris, "b")):
        await person.look({f"{uid}.ics": ics(uid, at(THURSDAY, 11), uid)}, silent=True)
    await give(anna)
    made = digesting.digest

    def break_once(found: object, *more: object, **others: object) -> object:
        monkeypatch.setattr(digesting, "digest", made)
        raise ValueError("a strange day")

    monkeypatch.setattr(digesting, "digest", break_once)
    assert len(await give(anna, at(THURSDAY, 9))) == 1
    assert await give(anna) == []


async def test_two_workers_say_it_once(meeting: Diary) -> None:
    meeting.clock.advance(at(THURSDAY, 9) - meeting.clock.now())
    await Digesting(meeting.desk).give_due()
    # The other one still sees the row as it was.
    async with meeting.desk.database.transaction() as session:
        await session.execute(
            update(MorningDigest).values(next_at=at(THURSDAY, 9), last_day=date(2026, 3, 4))
        )
    await Digesting(meeting.desk).give_due()
    assert len(await meeting.rows(OutboxRow)) == 1


async def test_everybodys_is_given_however_many_they_are(
    database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digesting, "BATCH", 1)
    anna = await open_diary(database, clock)
    others = [await open_diary(database, clock, name, desk=anna.desk) for name in ("boris", "chris")]
    for number, person in enumerate([anna, *others]):
        await person.look({"x.ics": ics(f"{number}", at(THURSDAY, 11), "Demo")}, silent=True)
    await give(anna)
    assert len(await give(anna, at(THURSDAY, 9))) == 3
