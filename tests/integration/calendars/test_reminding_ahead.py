"""Reminders that are put into words a little ahead: nothing of that shows, whatever changes until their moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update
from tests.integration.calendars.diary import Diary, first_lines, ics

from sekretar.calendars.model import Calendar, Reminder, StoredOccurrence
from sekretar.calendars.reminders import reminding, snoozing
from sekretar.calendars.reminders.due import stamps_due
from sekretar.calendars.reminders.reminding import HEAD, LEAD, Reminding
from sekretar.calendars.views.agenda import meeting_of
from sekretar.kernel.meetings import Meetings, Upcoming
from sekretar.kernel.outbox import OutboxRow, State
from sekretar.kernel.text import Markdown
from sekretar.mattermost import outgoing
from sekretar.mattermost.messages import Rendered

MINUTE, HOUR, SECOND = timedelta(minutes=1), timedelta(hours=1), timedelta(seconds=1)
#: Ten minutes before the meeting.
DUE = 2 * HOUR + 50 * MINUTE


@pytest.fixture(autouse=True)
def _always_worthwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reminding, "WORTHWHILE", 1)


async def deliver(diary: Diary) -> None:
    """Whatever was said has reached the person."""
    async with diary.desk.database.transaction() as session:
        waiting = update(OutboxRow).where(OutboxRow.state == State.WAITING)
        await session.execute(waiting.values(state=State.DELIVERED))


async def prepared(diary: Diary) -> Reminding:
    """What has put everything into words, shortly before it is due."""
    await deliver(diary)
    job = Reminding(diary.desk)
    diary.clock.advance(DUE - LEAD + SECOND)
    await job.prepare_ahead()
    assert set(job.prepared) == {each.id for each in await diary.rows(Reminder)}
    return job


async def given(diary: Diary, job: Reminding) -> list[str]:
    """The first lines of what is said when the moment has come."""
    diary.clock.advance(LEAD - SECOND)
    await job.give_due()
    return first_lines(await diary.said())


async def states(diary: Diary) -> list[str]:
    return [row.state for row in await diary.rows(OutboxRow)]


async def test_it_is_said_at_its_moment_and_not_before(diary: Diary, noon: datetime) -> None:
    await diary.look({"a.ics": ics("a", noon)})
    job = await prepared(diary)
    assert await diary.said() == []
    assert await job.give_due() == noon - 10 * MINUTE
    assert await diary.said() == []
    (row,) = [each for each in await diary.rows(OutboxRow) if each.state == State.PREPARED]
    words = row.payload
    assert await given(diary, job) == ["⏰ Через 10 минут: Demo"]
    # It is the very row, not another one like it.
    (said,) = [each for each in await diary.rows(OutboxRow) if each.id == row.id]
    assert (said.payload, said.state) == (words, State.WAITING)
    assert job.prepared == {}
    assert await given(diary, job) == []


async def test_it_is_decided_shortly_before_and_goes_out_at_its_moment(diary: Diary, noon: datetime) -> None:
    await diary.look({"a.ics": ics("a", noon)})
    job, due_at = await prepared(diary), noon - 10 * MINUTE
    assert await job.work_ahead() == due_at - HEAD
    assert State.WAITING not in await states(diary)
    diary.clock.advance(LEAD - SECOND - HEAD)
    assert await job.work_ahead() is None
    (decided,) = [each for each in await diary.rows(OutboxRow) if each.state == State.WAITING]
    assert (decided.due_at, job.prepared) == (due_at, {})
    diary.clock.advance(HEAD)
    assert await job.give_due() is None
    assert [each.id for each in await diary.rows(OutboxRow) if each.state == State.WAITING] == [decided.id]


async def test_what_changed_by_then_is_not_decided(diary: Diary, noon: datetime) -> None:
    await diary.look({"a.ics": ics("a", noon)})
    job = await prepared(diary)
    await edited(diary, noon)
    await deliver(diary)
    diary.clock.advance(LEAD - SECOND - HEAD)
    await job.work_ahead()
    assert State.WAITING not in await states(diary)
    diary.clock.advance(HEAD)
    await job.give_due()
    assert first_lines(await diary.said()) == ["⏰ Через 10 минут: Retro"]


@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_what_is_being_given_is_not_waited_for(diary: Diary, noon: datetime) -> None:
    await diary.look({"a.ics": ics("a", noon)})
    job = await prepared(diary)
    diary.clock.advance(LEAD - SECOND - HEAD)
    async with diary.desk.database.transaction() as giving:
        assert await stamps_due(giving, noon, 10)
        async with asyncio.timeout(5):
            await job.decide_ahead()
    assert State.WAITING not in await states(diary)


async def edited(diary: Diary, noon: datetime) -> None:
    await diary.look({"a.ics": ics("a", noon, "Retro")})


async def moved(diary: Diary, noon: datetime) -> None:
    await diary.look({"a.ics": ics("a", noon + HOUR)})


async def moved_away_and_back(diary: Diary, noon: datetime) -> None:
    await moved(diary, noon)
    await diary.look({"a.ics": ics("a", noon)})


async def cancelled(diary: Diary, noon: datetime) -> None:
    await diary.look({"a.ics": ics("a", noon, "Demo", "STATUS:CANCELLED")})


async def deleted(diary: Diary, noon: datetime) -> None:
    await diary.look({"a.ics": None})


async def declined(diary: Diary, noon: datetime) -> None:
    async with diary.desk.database.transaction() as session:
        await session.execute(update(StoredOccurrence).values(answer="DECLINED"))


async def deactivated(diary: Diary, noon: datetime) -> None:
    async with diary.desk.database.transaction() as session:
        await diary.desk.people.deactivate(session, diary.person.user_id, diary.clock.now())


async def speaks_english(diary: Diary, noon: datetime) -> None:
    async with diary.desk.database.transaction() as session:
        await diary.desk.people.set_language(session, diary.person.id, "en")


async def wants_none(diary: Diary, noon: datetime) -> None:
    async with diary.desk.database.transaction() as session:
        await session.execute(update(Calendar).values(reminds=False))
        calendar = next(iter(diary.calendars.values()))
        await reminding.replan_calendar(session, diary.person.id, calendar, diary.clock.now())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (edited, ["⏰ Через 10 минут: Retro"]),
        (moved, []),
        (moved_away_and_back, ["⏰ Через 10 минут: Demo"]),
        (cancelled, []),
        (deleted, []),
        (declined, []),
        (deactivated, []),
        (speaks_english, ["⏰ In 10 minutes: Demo"]),
        (wants_none, []),
    ],
)
async def test_whatever_changes_meanwhile_counts(
    diary: Diary, noon: datetime, change: Callable[[Diary, datetime], Awaitable[None]], said: list[str]
) -> None:
    await diary.look({"a.ics": ics("a", noon)})
    job = await prepared(diary)
    await change(diary, noon)
    await diary.said()
    await deliver(diary)
    assert await given(diary, job) == said
    # What was prepared in vain is forgotten.
    diary.clock.advance(MINUTE)
    await job.prepare_ahead()
    assert State.PREPARED not in await states(diary)


async def put_off(diary: Diary, due_at: datetime) -> datetime:
    """As the buttons under an earlier reminder do."""
    async with diary.desk.database.transaction() as session:
        (stored,) = await diary.rows(StoredOccurrence)
        meeting = meeting_of(stored, "", 1, diary.person.zone)
        return await snoozing.put_off(session, meeting, due_at, diary.clock.now())


async def test_put_off_to_the_very_minute_it_is_said_once(diary: Diary, noon: datetime) -> None:
    """What is prepared is what was wanted, and a press more makes no second one."""
    await diary.look({"a.ics": ics("a", noon)})
    job = await prepared(diary)
    assert await put_off(diary, noon - 10 * MINUTE) == noon - 10 * MINUTE
    assert await given(diary, job) == ["⏰ Через 10 минут: Demo"]
    assert await given(diary, job) == []
    assert State.PREPARED not in await states(diary)


async def test_put_off_meanwhile_it_is_said_at_both_moments(diary: Diary, noon: datetime) -> None:
    await diary.look({"a.ics": ics("a", noon)})
    job = await prepared(diary)
    await put_off(diary, noon - 5 * MINUTE)
    assert await given(diary, job) == ["⏰ Через 10 минут: Demo"]
    await deliver(diary)
    diary.clock.advance(5 * MINUTE - LEAD + SECOND)
    await job.prepare_ahead()
    assert len(job.prepared) == 1
    assert await given(diary, job) == ["⏰ Через 5 минут: Demo"]
    assert await given(diary, job) == []


async def test_put_off_when_it_was_said_it_is_said_again(diary: Diary, noon: datetime) -> None:
    await diary.look({"a.ics": ics("a", noon)})
    job = await prepared(diary)
    assert await given(diary, job) == ["⏰ Через 10 минут: Demo"]
    await deliver(diary)
    # Its minute is taken: this is another row, with another key.
    await put_off(diary, noon - 10 * MINUTE)
    assert await given(diary, job) == ["⏰ Через 9 минут: Demo"]


async def test_whoever_dies_after_preparing_has_said_nothing(diary: Diary, noon: datetime) -> None:
    await diary.look({"a.ics": ics("a", noon)})
    await prepared(diary)
    assert await given(diary, Reminding(diary.desk)) == ["⏰ Через 10 минут: Demo"]
    assert State.PREPARED not in await states(diary)


async def test_when_it_comes_late_it_is_worded_anew(diary: Diary, noon: datetime) -> None:
    await diary.look({"a.ics": ics("a", noon)})
    job = await prepared(diary)
    diary.clock.advance(4 * MINUTE)
    assert await given(diary, job) == ["⏰ Через 6 минут: Demo"]
    assert State.PREPARED not in await states(diary)


async def test_it_does_not_overtake_what_was_said_to_the_person_meanwhile(
    diary: Diary, noon: datetime
) -> None:
    await diary.look({"a.ics": ics("a", noon)})
    await diary.said()
    job = await prepared(diary)
    async with diary.desk.database.transaction() as session:
        await outgoing.direct(
            session,
            outgoing.Direct("k", diary.person, Rendered("first", {"attachments": []})),
            diary.clock.now(),
        )
    await given(diary, job)
    waiting = [row for row in await diary.rows(OutboxRow) if row.state == State.WAITING]
    texts = [row.payload["message"] for row in sorted(waiting, key=lambda row: row.id)]
    assert texts[-2:] == ["first", "⏰ Через 10 минут: Demo"]


async def test_what_others_say_beside_it_is_asked_for_again(diary: Diary, noon: datetime) -> None:
    await diary.look({"a.ics": ics("a", noon)})
    async with diary.desk.database.transaction() as session:
        await session.execute(update(Calendar).values(follows_up=True))
    meetings, words = Meetings(), ["three are open"]

    async def beside(_session: object, upcoming: list[Upcoming]) -> dict[tuple[int, str], Markdown]:
        return {each.key: Markdown(words[0]) for each in upcoming}

    meetings.in_reminders(beside)  # type: ignore[arg-type]
    job = Reminding(diary.desk, meetings)
    diary.clock.advance(DUE - LEAD + SECOND)
    await job.prepare_ahead()
    words[0] = "one is open"
    diary.clock.advance(LEAD)
    await job.give_due()
    (said,) = await diary.said()
    assert "one is open" in said
    assert State.PREPARED not in await states(diary)
