"""The person's own words in the status, and times at which it stays as it is; on both databases."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.integration.calendars.diary import Diary, ics

from sekretar.calendars.model import QuietTime
from sekretar.calendars.presence.quiet import QuietKeeper
from sekretar.calendars.presence.status import StatusKeeper
from sekretar.calendars.settings import changing as settings
from sekretar.calendars.settings.preferences import Preferences
from sekretar.kernel.people import Person
from sekretar.mattermost.acting import Means, NotPermitted, Reason
from sekretar.mattermost.models import Status

MINUTE = timedelta(minutes=1)


async def choose(diary: Diary, wanted: Preferences) -> None:
    async with diary.desk.database.transaction() as session:
        await settings.change(session, diary.person, wanted, diary.clock.now())


@dataclass
class Chatting:
    """The part of acting that is needed: one person's status, and whether it may be changed."""

    state: str = "online"
    allowed: bool = True
    custom: list[tuple[str, str]] = field(default_factory=list)
    ends: list[datetime | None] = field(default_factory=list)

    async def status(self, person: Person) -> Status:
        return Status(user_id=person.user_id, status=self.state)

    async def set_status(
        self, person: Person, status: str, *, dnd_until: datetime | None = None
    ) -> Means | NotPermitted:
        if not self.allowed:
            return NotPermitted(Reason.NO_CONSENT, can_consent=True)
        self.state = status
        self.ends.append(dnd_until)
        return Means.CONSENT

    async def how(self, person: Person) -> Means | NotPermitted:
        return Means.CONSENT

    async def custom_status(self, person: Person) -> None:
        return None

    async def set_custom_status(
        self, person: Person, *, emoji: str, text: str, expires_at: datetime | None = None
    ) -> Means:
        self.custom.append((emoji, text))
        return Means.CONSENT


async def test_the_words_and_the_emoji_of_the_status_are_the_persons_own(
    diary: Diary, noon: datetime
) -> None:
    await choose(diary, Preferences(status=True, status_text="Совещаюсь", status_emoji="headphones"))
    await diary.look({"a.ics": ics("a", noon)}, silent=True)
    diary.clock.advance(noon - diary.clock.now())
    acting = Chatting()
    await StatusKeeper(diary.desk, acting).run()  # type: ignore[arg-type]
    assert acting.custom == [("headphones", "Совещаюсь")]


async def test_quiet_in_meetings_and_as_before_afterwards(diary: Diary, noon: datetime) -> None:
    await choose(diary, Preferences(do_not_disturb=True))
    await diary.look({"a.ics": ics("a", noon)}, silent=True)
    acting = Chatting("away")
    keeper = QuietKeeper(diary.desk, acting)  # type: ignore[arg-type]
    diary.clock.advance(150 * MINUTE)
    assert await keeper.run() == noon
    assert acting.state == "away"
    diary.clock.advance(noon - diary.clock.now())
    assert await keeper.run() == noon + timedelta(hours=1)
    assert (acting.state, acting.ends) == ("dnd", [noon + timedelta(hours=1)])
    await keeper.run()
    diary.clock.advance(timedelta(hours=1))
    await keeper.run()
    assert acting.state == "away"
    assert await diary.count(QuietTime) == 0


async def test_whoever_switches_it_off_or_wakes_up_is_left_alone(diary: Diary, noon: datetime) -> None:
    await choose(diary, Preferences(do_not_disturb=True))
    await diary.look({"a.ics": ics("a", noon)}, silent=True)
    diary.clock.advance(noon - diary.clock.now())
    acting = Chatting()
    keeper = QuietKeeper(diary.desk, acting)  # type: ignore[arg-type]
    await keeper.run()
    acting.state = "online"
    await keeper.run()
    await keeper.run()
    assert acting.state == "online"
    acting.state = "dnd"
    await choose(diary, Preferences(do_not_disturb=False))
    await keeper.run()
    assert acting.state == "dnd", "now it is the person's own"
    assert await diary.count(QuietTime) == 0


async def test_where_sekretar_may_not_act_nothing_is_remembered(diary: Diary, noon: datetime) -> None:
    await choose(diary, Preferences(do_not_disturb=True))
    await diary.look({"a.ics": ics("a", noon)}, silent=True)
    diary.clock.advance(noon - diary.clock.now())
    await QuietKeeper(diary.desk, Chatting(allowed=False)).run()  # type: ignore[arg-type]
    assert await diary.count(QuietTime) == 0
