"""The control loop of statuses on a real database, with Mattermost reduced to what one person shows."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from tests.integration.calendars.diary import Diary, ics, open_diary
from tests.integration.calendars.test_connecting import disconnect

from sekretar.calendars.model import Presence
from sekretar.calendars.presence.status import AT_ONCE, WANTED, StatusKeeper
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerDown
from sekretar.kernel.people import Person
from sekretar.mattermost.acting import Means, NotPermitted, Reason
from sekretar.mattermost.models import CustomStatus

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
LUNCH = CustomStatus(emoji="bento", text="Обед")


@dataclass
class Mattermost:
    """What people show, and who may change it."""

    clock: ManualClock
    shown: dict[int, CustomStatus] = field(default_factory=dict)
    allowed: bool = True
    #: Fails at the next change, before or after it takes effect.
    dies: str = ""
    asked: int = 0
    waiting: int = 0
    most: int = 0
    slow: set[int] = field(default_factory=set)

    async def how(self, _person: Person) -> Means | NotPermitted:
        return Means.CONSENT if self.allowed else NotPermitted(Reason.NO_CONSENT, can_consent=True)

    async def custom_status(self, person: Person) -> CustomStatus | None:
        self.asked += 1
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        try:
            if person.id in self.slow:
                await asyncio.Event().wait()
            await asyncio.sleep(0)
        finally:
            self.waiting -= 1
        status = self.shown.get(person.id)
        over = status and status.expires_at and status.expires_at <= self.clock.now()
        return None if over else status

    async def set_custom_status(
        self, person: Person, *, emoji: str, text: str, expires_at: datetime | None = None
    ) -> Means | NotPermitted:
        return await self._change(person, CustomStatus(emoji=emoji, text=text, expires_at=expires_at))

    async def clear_custom_status(self, person: Person) -> Means | NotPermitted:
        return await self._change(person, None)

    async def _change(self, person: Person, status: CustomStatus | None) -> Means | NotPermitted:
        if not self.allowed:
            return await self.how(person)
        dies, self.dies = self.dies, ""
        if dies == "before":
            raise PeerDown("mattermost")
        self.shown.pop(person.id, None)
        if status:
            self.shown[person.id] = status
        if dies == "after":
            raise PeerDown("mattermost")
        return Means.CONSENT


@pytest.fixture
def chat(clock: ManualClock) -> Mattermost:
    return Mattermost(clock)


@pytest.fixture
async def keeper(diary: Diary, chat: Mattermost) -> StatusKeeper:
    await want(diary, wanted=True)
    return StatusKeeper(diary.desk, chat)  # type: ignore[arg-type]


async def want(diary: Diary, *, wanted: bool) -> None:
    async with diary.desk.database.transaction() as session:
        await WANTED.write(session, diary.person.id, wanted)


def text(chat: Mattermost, diary: Diary) -> str | None:
    status = chat.shown.get(diary.person.id)
    return status.text if status else None


async def test_a_meeting_shows_and_the_earlier_status_comes_back(
    diary: Diary, chat: Mattermost, keeper: StatusKeeper
) -> None:
    chat.shown[diary.person.id] = LUNCH
    start = diary.clock.now() + 30 * MINUTE
    await diary.look({"a.ics": ics("a", start)})
    assert await keeper.run() == start
    assert text(chat, diary) == "Обед"
    diary.clock.advance(30 * MINUTE)
    assert await keeper.run() == start + HOUR
    assert chat.shown[diary.person.id].expires_at == start + HOUR
    diary.clock.advance(HOUR)
    await keeper.run()
    assert text(chat, diary) == "Обед"
    assert await diary.count(Presence) == 0


async def test_those_who_do_not_want_it_cost_nothing(
    diary: Diary, chat: Mattermost, keeper: StatusKeeper
) -> None:
    await diary.look({"a.ics": ics("a", diary.clock.now())})
    await want(diary, wanted=False)
    await keeper.run()
    assert chat.asked == 0


async def test_nor_do_those_who_are_in_no_meeting(
    diary: Diary, chat: Mattermost, keeper: StatusKeeper
) -> None:
    await diary.look({"a.ics": ics("a", diary.clock.now() + HOUR / 2)})
    await keeper.run()
    assert chat.asked == 0


@pytest.mark.parametrize(
    "more",
    [
        ("TRANSP:TRANSPARENT",),
        ("STATUS:CANCELLED",),
        ("ORGANIZER:mailto:o@example.com", "ATTENDEE;PARTSTAT=DECLINED:mailto:anna@example.com"),
        None,
    ],
    ids=["transparent", "cancelled", "declined", "all day"],
)
async def test_what_takes_no_time_is_no_meeting_and_hides_none(
    diary: Diary, chat: Mattermost, keeper: StatusKeeper, more: tuple[str, ...] | None
) -> None:
    start = diary.clock.now()
    day = f"DTSTART;VALUE=DATE:{start:%Y%m%d}"
    await diary.look({"a.ics": ics("a", day) if more is None else ics("a", start, "Demo", *more)})
    await keeper.run()
    assert chat.asked == 0
    await diary.look({"b.ics": ics("b", start, "Real")})
    await keeper.run()
    assert text(chat, diary) == "На встрече"


async def test_meetings_a_minute_apart_are_one_time(
    diary: Diary, chat: Mattermost, keeper: StatusKeeper
) -> None:
    chat.shown[diary.person.id] = LUNCH
    start = diary.clock.now()
    await diary.look({"a.ics": ics("a", start), "b.ics": ics("b", start + HOUR + MINUTE)})
    await keeper.run()
    diary.clock.advance(HOUR + MINUTE / 2)
    await keeper.run()
    assert text(chat, diary) == "На встрече"
    diary.clock.advance(HOUR + MINUTE)
    await keeper.run()
    assert text(chat, diary) == "Обед"


@pytest.mark.parametrize("how", ["preference", "disconnect", "cancel", "decline"])
async def test_it_comes_back_in_the_middle_of_a_meeting(
    diary: Diary, chat: Mattermost, keeper: StatusKeeper, how: str
) -> None:
    chat.shown[diary.person.id] = LUNCH
    start = diary.clock.now()
    await diary.look({"a.ics": ics("a", start)})
    await keeper.run()
    assert text(chat, diary) == "На встрече"
    woken: list[str] = []
    diary.desk.database.on_commit(woken.append)
    match how:
        case "preference":
            await want(diary, wanted=False)
            woken.append("calendars.status")
        case "disconnect":
            await disconnect(diary)
        case "cancel":
            await diary.look({"a.ics": ics("a", start, "Demo", "STATUS:CANCELLED")})
        case _:
            declined = "ATTENDEE;PARTSTAT=DECLINED:mailto:anna@example.com"
            await diary.look({"a.ics": ics("a", start, "Demo", declined)})
    assert "calendars.status" in woken
    await keeper.run()
    assert text(chat, diary) == "Обед"


@pytest.mark.parametrize("dies", ["before", "after"])
async def test_an_unknown_fate_is_mended(
    diary: Diary, chat: Mattermost, keeper: StatusKeeper, dies: str
) -> None:
    chat.shown[diary.person.id] = LUNCH
    start = diary.clock.now()
    await diary.look({"a.ics": ics("a", start)})
    chat.dies = dies
    assert await keeper.run() is not None
    await keeper.run()
    assert text(chat, diary) == "На встрече"
    diary.clock.advance(HOUR)
    await keeper.run()
    assert text(chat, diary) == "Обед"


async def test_a_longer_meeting_is_shown_to_its_end_though_the_first_try_failed(
    diary: Diary, chat: Mattermost, keeper: StatusKeeper
) -> None:
    start = diary.clock.now()
    await diary.look({"a.ics": ics("a", start)})
    await keeper.run()
    await diary.look({"a.ics": ics("a", start, minutes=120)})
    chat.dies = "before"
    await keeper.run()
    await keeper.run()
    assert chat.shown[diary.person.id].expires_at == start + 2 * HOUR


async def test_what_the_person_sets_by_hand_stays(
    diary: Diary, chat: Mattermost, keeper: StatusKeeper
) -> None:
    await diary.look({"a.ics": ics("a", diary.clock.now())})
    await keeper.run()
    chat.shown[diary.person.id] = LUNCH
    for _ in range(3):
        diary.clock.advance(HOUR / 2)
        await keeper.run()
        assert text(chat, diary) == "Обед"


async def test_without_permission_nothing_is_remembered(
    diary: Diary, chat: Mattermost, keeper: StatusKeeper
) -> None:
    chat.allowed = False
    await diary.look({"a.ics": ics("a", diary.clock.now())})
    await keeper.run()
    assert await diary.count(Presence) == 0
    chat.allowed = True
    await keeper.run()
    assert text(chat, diary) == "На встрече"


async def test_permission_lost_in_a_meeting_ends_with_it(
    diary: Diary, chat: Mattermost, keeper: StatusKeeper
) -> None:
    await diary.look({"a.ics": ics("a", diary.clock.now())})
    await keeper.run()
    chat.allowed = False
    diary.clock.advance(HOUR)
    await keeper.run()
    assert await diary.count(Presence) == 0


async def test_one_slow_answer_keeps_nobody_waiting(
    diary: Diary, chat: Mattermost, keeper: StatusKeeper, database: Database
) -> None:
    boris = await open_diary(database, diary.clock, "boris", desk=diary.desk)
    await want(boris, wanted=True)
    for each in (diary, boris):
        await each.look({"a.ics": ics("a", diary.clock.now())})
    chat.slow.add(min(diary.person.id, boris.person.id))
    other = max((diary, boris), key=lambda each: each.person.id)
    running = asyncio.create_task(keeper.run())
    async with asyncio.timeout(20):
        while text(chat, other) is None:  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.002)
    running.cancel()
    assert chat.most <= AT_ONCE
