"""Listening as a whole: the stream, what it lost, and who is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.mattermost.fake_stream import FakeStream
from tests.unit.mattermost.fakes import BOT, CHANNEL, FakeServer, JumpingClock, error, post, until

from sekretar.kernel.database import Database
from sekretar.mattermost.client import MattermostClient
from sekretar.mattermost.events import Lost, Posted, PostEdited, StatusChanged
from sekretar.mattermost.listener import LONGEST_LOOK_BACK, Listener
from sekretar.mattermost.marks import heard_until, installation, mark_heard
from sekretar.mattermost.models import Post, milliseconds
from sekretar.mattermost.stream_socket import Pace

PACE = Pace(timedelta(milliseconds=15), timedelta(milliseconds=300), timedelta(milliseconds=40))
CHANNELS, POSTS = "/api/v4/users/me/channels", f"/api/v4/channels/{CHANNEL}/posts"


class StepClock(JumpingClock):
    """Waiting takes a moment of real time, so that endless tasks leave room for others."""

    async def sleep_until(self, moment: Any) -> None:
        if moment > self.now():
            await asyncio.sleep(0.005)
        else:
            await asyncio.sleep(0)


class House:
    """A listener at work."""

    def __init__(
        self, fake: FakeServer, client: MattermostClient, database: Database, clock: JumpingClock
    ) -> None:
        self.fake = fake
        self.client = client
        self.database = database
        self.clock = clock
        self.server = FakeStream(fake)
        self.heard: list[str] = []
        self.tasks: list[asyncio.Task[None]] = []
        fake.on("GET", CHANNELS, [])

    def start(self, **options: Any) -> Listener:
        listener = Listener(self.client, self.database, self.clock, BOT, pace=PACE, **options)
        listener.on(Posted, self.hear)
        self.tasks.append(asyncio.create_task(listener.run()))
        return listener

    async def hear(self, event: Posted | PostEdited) -> None:
        self.heard.append(event.post.message)

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def said_meanwhile(self, *posts: dict[str, Any]) -> None:
        """What REST will tell was written in the channel."""
        now = milliseconds(self.clock.now())
        self.fake.on("GET", CHANNELS, [{"id": CHANNEL, "type": "D", "last_post_at": now, "delete_at": 0}])
        self.fake.on("GET", POSTS, {"posts": {one["id"]: {"create_at": now, **one} for one in posts}})

    def now_post(self, post_id: str, message: str, **fields: Any) -> dict[str, Any]:
        now = milliseconds(self.clock.now())
        return post(post_id, message=message, create_at=now, update_at=now, **fields)

    async def mark(self) -> Any:
        async with self.database.reading() as session:
            return await heard_until(session)


@pytest.fixture
async def house(
    fake: FakeServer, client: MattermostClient, database: Database, clock: JumpingClock
) -> AsyncIterator[House]:
    house = House(fake, client, database, clock)
    yield house
    await house.stop()


@pytest.fixture
def clock() -> StepClock:
    return StepClock()


async def test_people_are_heard_and_nobody_else(house: House) -> None:
    house.start()
    await until(lambda: house.server.lines)
    await house.server.posted(house.now_post("p1", "mine", user_id=BOT))
    await house.server.posted(house.now_post("p2", "joined", type="system_join_channel"))
    await house.server.posted(house.now_post("p3", "hook", props={"from_webhook": "true"}))
    await house.server.posted(house.now_post("p4", "hello"))
    await until(lambda: house.heard == ["hello"])


async def test_only_events_with_a_handler_are_handed_over(house: House) -> None:
    seen: list[str] = []

    async def note(event: StatusChanged) -> None:
        seen.append(event.status)

    listener = house.start()
    listener.on(StatusChanged, note)
    await until(lambda: house.server.lines)
    await house.server.event("typing", {"user_id": "u"})
    await house.server.event("status_change", {"user_id": "u", "status": "away"})
    await until(lambda: seen == ["away"])


async def test_what_the_stream_lost_is_fetched_and_nothing_is_heard_twice(house: House) -> None:
    house.start()
    await until(lambda: house.server.lines)
    heard, missed = house.now_post("p1", "heard"), house.now_post("p2", "missed")
    await house.server.posted(heard)
    await until(lambda: house.heard == ["heard"])
    house.said_meanwhile(heard, missed)
    house.server.remembers = False
    house.server.line.drop()
    await until(lambda: house.heard == ["heard", "missed"])
    await house.server.posted(missed)
    await house.server.posted(house.now_post("p3", "later"))
    await until(lambda: house.heard == ["heard", "missed", "later"])


async def test_fetching_is_tried_until_it_succeeds(house: House) -> None:
    house.start()
    await until(lambda: house.server.lines)
    house.said_meanwhile(house.now_post("p2", "missed"))
    good = house.fake.answer("GET", POSTS)
    house.fake.on("GET", POSTS, error(500, "x"), error(502, "x"), good)
    house.server.remembers = False
    house.server.line.drop()
    await until(lambda: house.heard == ["missed"])


async def test_what_was_said_while_we_were_stopped_is_heard_after_the_restart(house: House) -> None:
    house.start()
    await until(lambda: house.server.lines)
    async with asyncio.timeout(5):
        while await house.mark() is None:
            pass
    await house.stop()
    house.clock.advance(timedelta(hours=1))
    house.said_meanwhile(house.now_post("p2", "anybody there?"))
    house.start()
    await until(lambda: house.heard == ["anybody there?"])


async def test_after_a_long_stop_old_messages_are_left_alone(house: House) -> None:
    async with house.database.transaction() as session:
        await mark_heard(session, house.clock.now() - timedelta(days=30))
    lost: list[Lost] = []

    async def note(event: Lost) -> None:
        lost.append(event)

    house.start().on(Lost, note)
    await until(lambda: lost)
    assert house.clock.now() - lost[0].since < LONGEST_LOOK_BACK + timedelta(minutes=1)


async def test_the_mark_stays_where_it_is_while_somebody_is_still_served(house: House) -> None:
    gate = asyncio.Event()

    async def slow(event: Posted) -> None:
        await gate.wait()

    house.start().on(Posted, slow)
    await until(lambda: house.server.lines)
    async with asyncio.timeout(5):
        while await house.mark() is None:
            pass
    await house.server.posted(house.now_post("p1", "a long question"))
    await until(lambda: house.heard)
    before = await house.mark()
    house.clock.advance(timedelta(minutes=5))
    await house.server.event("typing", {})
    await until(lambda: len(house.server.line.actions) > 3)
    assert await house.mark() == before
    gate.set()
    async with asyncio.timeout(5):
        while await house.mark() == before:
            pass


async def test_what_does_not_fit_is_fetched_later(house: House) -> None:
    gate = asyncio.Event()

    async def slow(event: Posted) -> None:
        await gate.wait()

    listener = house.start(capacity=2)
    listener.on(Posted, slow)
    await until(lambda: house.server.lines)
    posts = [house.now_post(f"p{number}", f"m{number}") for number in range(6)]
    house.said_meanwhile(*posts)
    for one in posts:
        await house.server.posted(one)
    await until(lambda: listener.overflowed == 4)
    gate.set()
    await until(lambda: len(house.heard) == 6)
    assert house.heard == [f"m{number}" for number in range(6)]


async def test_a_slow_handler_does_not_hold_up_the_stream(house: House) -> None:
    async def never(event: Posted) -> None:
        await asyncio.Event().wait()

    listener = house.start()
    listener.on(Posted, never)
    await until(lambda: house.server.lines)
    await house.server.posted(house.now_post("p1", "one"))
    await until(lambda: house.heard == ["one"])
    await house.server.posted(house.now_post("p2", "two", channel_id="another"))
    await until(lambda: house.heard == ["one", "two"])
    await until(lambda: house.server.line.actions.count("ping") > 5)
    assert len(house.server.lines) == 1


async def test_an_installation_has_one_name(database: Database) -> None:
    async with database.transaction() as session:
        first = await installation(session)
    async with database.transaction() as session:
        assert await installation(session) == first
    assert len(first) == 12


async def test_edits_of_our_own_posts_are_nothing_to_hear(house: House) -> None:
    listener = house.start()
    listener.on(PostEdited, house.hear)
    await until(lambda: listener.stream is not None)
    ours, theirs = house.now_post("a", "ours", user_id=BOT), house.now_post("b", "theirs")
    listener.hear(PostEdited(Post.model_validate(ours)))
    listener.hear(PostEdited(Post.model_validate(theirs)))
    await until(lambda: house.heard)
    assert house.heard == ["theirs"]
