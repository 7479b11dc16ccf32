"""The end of a meeting is told once for each person and time, whatever happens around it, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from tests.integration.calendars.diary import Diary, ics, open_diary, utc

from sekretar.calendars.accounts import wishes as calendar_wishes
from sekretar.calendars.ending.book import Book
from sekretar.calendars.ending.telling import Ending
from sekretar.calendars.model import EndedMeeting
from sekretar.calendars.reminders.reminding import Reminding
from sekretar.kernel.meetings import Meeting, Meetings, Participant, Upcoming
from sekretar.kernel.text import Markdown

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
MINE = "ORGANIZER;CN=Anna:mailto:anna@example.com"
BORIS = "ATTENDEE;CN=Boris;PARTSTAT=ACCEPTED:mailto:Boris@example.com"
VERA = "ATTENDEE;CN=Vera;PARTSTAT=DECLINED:mailto:vera@example.com"
ROOM = "ATTENDEE;CN=Blue;CUTYPE=ROOM;PARTSTAT=ACCEPTED:mailto:blue@example.com"


@dataclass
class Listener:
    """Notes what is told, and fails when it is to."""

    diary: Diary
    told: list[Meeting] = field(default_factory=list)
    fails: bool = False

    def ending(self) -> Ending:
        """The job, as in a new process."""
        meetings = Meetings()
        meetings.on_ended(self.hear)
        return Ending(self.diary.desk, meetings)

    async def hear(self, session: AsyncSession, meeting: Meeting, now: datetime) -> None:
        self.told.append(meeting)
        if self.fails:
            raise RuntimeError("killed here")

    async def after(self, later: timedelta) -> list[Meeting]:
        """Let time pass; returns what is told."""
        self.diary.clock.advance(later)
        self.told = []
        await self.ending().tell_due()
        return self.told


@pytest.fixture
async def listener(diary: Diary) -> Listener:
    found = Listener(diary)
    await found.after(timedelta())
    return found


async def test_once_with_everybody_who_took_part(listener: Listener, diary: Diary, noon: datetime) -> None:
    boris = await open_diary(diary.desk.database, diary.clock, "boris", desk=diary.desk)
    await diary.look({"a.ics": ics("a", noon, "Plan", MINE, BORIS, VERA, ROOM)})
    assert await listener.after(4 * HOUR - MINUTE) == []
    (told,) = await listener.after(MINUTE)
    assert told.others == (Participant("Boris", "boris@example.com", boris.person.id),)
    assert (told.title, told.is_organizer, told.uid, told.end) == ("Plan", True, "a", noon + HOUR)
    assert await listener.after(timedelta()) == []
    assert await listener.after(MINUTE) == []


async def test_who_was_invited_is_no_organizer(listener: Listener, diary: Diary, noon: datetime) -> None:
    me = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:anna@example.com"
    await diary.look({"a.ics": ics("a", noon, "Plan", "ORGANIZER;CN=Boris:mailto:boris@example.com", me)})
    (told,) = await listener.after(4 * HOUR)
    assert (told.is_organizer, [each.name for each in told.others]) == (False, ["Boris"])


@pytest.mark.parametrize(
    "text",
    [
        lambda at: ics("a", at, "Plan", "STATUS:CANCELLED"),
        lambda at: ics("a", at, "Plan", "TRANSP:TRANSPARENT"),
        lambda at: ics("a", at, "Plan", "ATTENDEE;PARTSTAT=DECLINED:mailto:anna@example.com"),
        lambda at: ics("a", at, minutes=4),
        lambda at: ics("a", f"DTSTART;VALUE=DATE:{at:%Y%m%d}"),
    ],
)
async def test_what_is_no_meeting_does_not_end(
    listener: Listener, diary: Diary, noon: datetime, text: Callable[[datetime], str]
) -> None:
    await diary.look({"a.ics": text(noon)})
    assert await listener.after(4 * HOUR) == []
    assert await listener.after(20 * HOUR) == []


async def test_a_crash_before_the_commit_tells_it_again_and_after_it_no_more(
    listener: Listener, diary: Diary, noon: datetime
) -> None:
    await diary.look({"a.ics": ics("a", noon, "Plan", MINE, BORIS)})
    listener.fails = True
    with pytest.raises(RuntimeError):
        await listener.after(4 * HOUR)
    assert await diary.count(EndedMeeting) == 0
    listener.fails = False
    assert len(await listener.after(timedelta())) == 1
    assert await listener.after(timedelta()) == []


async def test_a_pause_of_hours_is_not_caught_up(listener: Listener, diary: Diary, noon: datetime) -> None:
    await diary.look({"a.ics": ics("a", noon, "Old"), "b.ics": ics("b", noon + 3 * HOUR, "Late")})
    assert [each.title for each in await listener.after(9 * HOUR)] == ["Late"]


async def test_prolonged_after_its_end_it_has_ended_once(
    listener: Listener, diary: Diary, noon: datetime
) -> None:
    await diary.look({"a.ics": ics("a", noon, "Plan", MINE, BORIS)})
    assert len(await listener.after(4 * HOUR)) == 1
    await diary.look({"a.ics": ics("a", noon, "Plan", MINE, BORIS, minutes=90)})
    assert await listener.after(HOUR) == []


async def test_each_time_of_a_series_ends(listener: Listener, diary: Diary, noon: datetime) -> None:
    await diary.look(
        {"a.ics": ics("a", f"DTSTART:{utc(noon)}", "Plan", "DURATION:PT1H", "RRULE:FREQ=DAILY", MINE)}
    )
    first, second = [*await listener.after(4 * HOUR), *await listener.after(24 * HOUR)]
    assert first.uid == second.uid
    assert first.recurrence_id != second.recurrence_id


async def test_two_copies_end_once_and_a_calendar_can_be_left_out(
    listener: Listener, diary: Diary, noon: datetime
) -> None:
    for calendar in ("work", "home"):
        await diary.look({"a.ics": ics("a", noon, "Plan", MINE, BORIS)}, calendar)
    await diary.look({"b.ics": ics("b", noon, "Private", MINE, BORIS)}, "home")
    async with diary.desk.database.transaction() as session:
        number, person = diary.calendars["home"], diary.person.id
        known = (await calendar_wishes.card(session, person, number)).wishes
        await calendar_wishes.change(session, person, number, replace(known, follows_up=False), noon)
    assert [each.title for each in await listener.after(4 * HOUR)] == ["Plan"]


async def test_many_end_at_once(
    listener: Listener, diary: Diary, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sekretar.calendars.ending import telling

    monkeypatch.setattr(telling, "BATCH", 2)
    await diary.look({f"{name}.ics": ics(name, noon) for name in "abcde"})
    assert sorted(each.uid for each in await listener.after(4 * HOUR)) == list("abcde")
    assert await listener.after(timedelta()) == []


async def test_the_book_knows_meetings_with_others_and_what_will_be_reminded(
    diary: Diary, noon: datetime
) -> None:
    await diary.look({"a.ics": ics("a", noon, "Plan", MINE, BORIS), "b.ics": ics("b", noon, "Alone")})
    book = Book()
    async with diary.desk.database.reading() as session:
        found = await book.between(session, diary.person, noon, noon + MINUTE)
        soon = await book.reminded(session, [diary.person.id], noon - 10 * MINUTE)
        nothing = await book.reminded(session, [diary.person.id], noon - 11 * MINUTE)
    assert [each.title for each in found] == ["Plan"]
    assert soon == {(diary.person.id, "a"), (diary.person.id, "b")}
    assert nothing == set()


async def test_what_others_have_to_say_stands_in_the_reminder(diary: Diary, noon: datetime) -> None:
    async def say(session: AsyncSession, upcoming: Sequence[Upcoming]) -> Mapping[tuple[int, str], Markdown]:
        return {each.key: Markdown("**Two are open**") for each in upcoming if each.uid == "a"}

    async def fail(session: AsyncSession, upcoming: Sequence[Upcoming]) -> Mapping[tuple[int, str], Markdown]:
        raise RuntimeError("nothing to say")

    await diary.look({"a.ics": ics("a", noon), "b.ics": ics("b", noon + HOUR)})
    await diary.said()
    meetings = Meetings()
    meetings.in_reminders(say)
    diary.clock.advance(3 * HOUR - 10 * MINUTE)
    await Reminding(diary.desk, meetings).give_due()
    (first,) = await diary.said()
    assert first.startswith("⏰ Через 10 минут: Demo\n")
    assert first.endswith("**Two are open**")

    meetings.in_reminders(fail)
    diary.clock.advance(HOUR)
    await Reminding(diary.desk, meetings).give_due()
    (second,) = await diary.said()
    assert second.startswith("⏰ Через 10 минут: Demo\n")
