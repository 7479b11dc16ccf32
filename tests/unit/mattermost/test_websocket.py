"""The event stream: what it does when everything that can happen to a socket happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.mattermost.fake_stream import FakeStream
from tests.unit.mattermost.fakes import (
    ANNA,
    CHANNEL,
    TOKEN,
    FakeServer,
    JumpingClock,
    error,
    post,
    serving,
    until,
    user,
)

from sekretar.mattermost.client import MattermostClient
from sekretar.mattermost.events import (
    DirectAdded,
    Event,
    Lost,
    MemberAdded,
    Other,
    PostDeleted,
    Posted,
    PostEdited,
    Reacted,
    StatusChanged,
    UserUpdated,
)
from sekretar.mattermost.stream_socket import Pace
from sekretar.mattermost.versions import ServerVersion
from sekretar.mattermost.websocket import MARGIN, Connection, EventStream, StreamState, delay_before

PACE = Pace(timedelta(milliseconds=15), timedelta(milliseconds=300), timedelta(milliseconds=40))
NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)


class Listening:
    """A stream that runs against a fake server, with what it reported."""

    def __init__(self, fake: FakeServer, client: MattermostClient, clock: JumpingClock) -> None:
        self.fake = fake
        self.client = client
        self.clock = clock
        self.server = FakeStream(fake)
        self.events: list[Event] = []
        self.states: list[StreamState] = []

    def start(self, **options: Any) -> EventStream:
        self.stream = EventStream(
            self.client,
            self.clock,
            options.pop("on_event", self.events.append),
            report=self.states.append,
            pace=PACE,
            chance=lambda: 0.0,
            **options,
        )
        self.task = asyncio.create_task(self.stream.run())
        return self.stream

    async def connected(self, times: int = 1) -> None:
        await until(lambda: len(self.server.lines) >= times and self.state is Connection.CONNECTED)

    @property
    def state(self) -> Connection:
        return self.stream.state.connection

    def messages(self) -> list[str]:
        return [event.post.message for event in self.events if isinstance(event, Posted)]


@asynccontextmanager
async def listening() -> AsyncIterator[Listening]:
    clock = JumpingClock()
    async with serving(clock) as (fake, client):
        fake.on("GET", "/api/v4/users/me", user())
        heard = Listening(fake, client, clock)
        try:
            yield heard
        finally:
            heard.task.cancel()
            await asyncio.gather(heard.task, return_exceptions=True)


async def test_events_arrive_as_values_and_in_order() -> None:
    async with listening() as heard:
        heard.start()
        await heard.connected()
        for number in range(3):
            await heard.server.posted(post(f"p{number}", message=f"m{number}"), sender_name="@anna")
        await until(lambda: len(heard.events) == 3)
        assert heard.messages() == ["m0", "m1", "m2"]
        first = heard.events[0]
        assert isinstance(first, Posted)
        assert (first.is_direct, first.sender_name, first.lane) == (True, "anna", CHANNEL)
        assert heard.client.server_version == ServerVersion(7, 8)
        assert heard.server.line.header == f"Bearer {TOKEN}"
        assert heard.server.line.query == {}


async def test_every_kind_of_event_has_its_type() -> None:
    reaction = '{"user_id": "u", "post_id": "p", "emoji_name": "eyes", "create_at": 1}'
    text = '{"id": "p", "channel_id": "c"}'
    async with listening() as heard:
        heard.start()
        await heard.connected()
        say = heard.server.event
        await say("post_edited", {"post": text})
        await say("post_deleted", {"post": text})
        await say("reaction_added", {"reaction": reaction}, channel_id="c")
        await say("reaction_removed", {"reaction": reaction}, channel_id="c")
        await say("direct_added", {"creator_id": ANNA, "teammate_id": "bot"}, channel_id="c")
        await say("user_added", {"user_id": ANNA, "team_id": "t"}, channel_id="c")
        await say("user_updated", {"user": user(locale="ru")})
        await say("status_change", {"user_id": ANNA, "status": "dnd"})
        await say("typing", {"user_id": ANNA}, channel_id="c")
        await until(lambda: len(heard.events) == 9)
        assert [type(event) for event in heard.events] == [
            PostEdited,
            PostDeleted,
            Reacted,
            Reacted,
            DirectAdded,
            MemberAdded,
            UserUpdated,
            StatusChanged,
            Other,
        ]
        removed = heard.events[3]
        assert isinstance(removed, Reacted)
        assert removed.removed
        assert {event.lane for event in heard.events[2:6]} == {"c"}


@pytest.mark.parametrize("text", ["", "null", "{}", "[]", "no json", '{"id": 1}'])
async def test_an_event_that_cannot_be_read_harms_nothing(text: str) -> None:
    async with listening() as heard:
        heard.start()
        await heard.connected()
        await heard.server.event("posted", {"post": text})
        await heard.server.event("posted", {})
        await heard.server.posted(post(message="after"))
        await until(lambda: len(heard.events) == 3)
        assert [type(event) for event in heard.events] == [Other, Other, Posted]
        assert len(heard.server.lines) == 1


@pytest.mark.parametrize(
    "noise", ["no json", "[]", "5", '{"event": "x"}', '{"seq_reply": 99}', '{"event": 5}']
)
async def test_what_is_no_event_is_passed_over(noise: str) -> None:
    async with listening() as heard:
        heard.start()
        await heard.connected()
        await heard.server.line.say(noise)
        await heard.server.posted(post(message="after"))
        await until(heard.messages)
        assert len(heard.server.lines) == 1


async def test_a_broken_stream_is_resumed_where_it_broke() -> None:
    async with listening() as heard:
        heard.start()
        await heard.connected()
        await heard.server.posted(post("p1", message="before"))
        await until(heard.messages)
        heard.server.line.drop()
        await heard.connected(2)
        assert heard.server.line.query["connection_id"] == heard.server.connection_id
        assert heard.server.line.query["sequence_number"] == "2"
        await heard.server.posted(post("p2", message="after"))
        await until(lambda: len(heard.messages()) == 2)
        assert heard.events == [event for event in heard.events if isinstance(event, Posted)]
        assert heard.clock.naps[:2] == [timedelta(), timedelta()]


async def test_a_server_that_has_forgotten_us_means_a_loss() -> None:
    async with listening() as heard:
        heard.start()
        await heard.connected()
        await heard.server.posted(post("p1", message="before"))
        await until(heard.messages)
        heard.server.remembers = False
        heard.server.line.drop()
        await heard.connected(2)
        await until(lambda: len(heard.events) == 2)
        lost = heard.events[1]
        assert isinstance(lost, Lost)
        assert lost.since <= NOW
        assert lost.since >= NOW - MARGIN - timedelta(minutes=1)
        await heard.server.posted(post("p2", message="after"))
        await until(lambda: heard.messages() == ["before", "after"])


async def test_a_second_greeting_on_one_socket_is_no_second_loss() -> None:
    async with listening() as heard:
        heard.start(heard_until=NOW)
        await heard.connected()
        await heard.server.event(
            "hello", {"connection_id": heard.server.connection_id, "server_version": "7"}
        )
        await heard.server.posted(post(message="after"))
        await until(heard.messages)
        assert [type(event) for event in heard.events] == [Lost, Posted]


async def test_what_an_earlier_process_did_not_hear_is_a_loss() -> None:
    async with listening() as heard:
        heard.start(heard_until=NOW - timedelta(hours=3))
        await until(lambda: heard.events)
        assert heard.events == [Lost(NOW - timedelta(hours=3) - MARGIN)]


async def test_a_gap_closes_the_socket_and_asks_for_what_is_missing() -> None:
    async with listening() as heard:
        heard.start()
        await heard.connected()
        await heard.server.posted(post("p1", message="one"))
        await until(heard.messages)
        first = heard.server.line
        heard.server.seq += 1
        await heard.server.posted(post("p3", message="three"))
        await heard.connected(2)
        await until(lambda: first.close_code is not None)
        assert first.close_code == 4001
        assert heard.server.line.query["sequence_number"] == "2"
        assert heard.server.line.query["disconnect_err_code"] == "4001"
        assert heard.messages() == ["one"]


async def test_a_gap_that_stays_begins_anew_and_is_a_loss() -> None:
    async with listening() as heard:
        heard.start()
        await heard.connected()
        await heard.server.posted(post("p1", message="one"))
        await until(heard.messages)
        for connections in (2, 3):
            heard.server.seq += 5
            await heard.server.posted(post("p9", message="nine"))
            await heard.connected(connections)
        assert heard.server.line.query == {}
        await until(lambda: any(isinstance(event, Lost) for event in heard.events))


async def test_a_stripped_header_is_made_up_for_by_the_challenge() -> None:
    async with listening() as heard:
        heard.server.header_arrives = False
        heard.start()
        await heard.connected()
        assert "authentication_challenge" in heard.server.line.actions
        await heard.server.posted(post(message="heard"))
        await until(heard.messages)
        heard.server.line.drop()
        await heard.connected(2)
        assert heard.server.line.query == {}, "a connection made by challenge cannot be resumed"


async def test_a_bad_token_is_told_apart_from_a_server_that_hangs_up() -> None:
    async with listening() as heard:
        heard.server.token_is_good = False
        heard.fake.on("GET", "/api/v4/users/me", error(401, "api.context.session_expired.app_error"))
        heard.start()
        await until(lambda: heard.state is Connection.REFUSED)
        heard.fake.on("GET", "/api/v4/users/me", user())
        await until(lambda: heard.state is Connection.DOWN)
        heard.server.token_is_good = True
        await until(lambda: heard.state is Connection.CONNECTED)
        assert [state.connection for state in heard.states] == [
            Connection.REFUSED,
            Connection.DOWN,
            Connection.CONNECTED,
        ]


async def test_a_token_that_is_revoked_meanwhile_is_noticed() -> None:
    async with listening() as heard:
        heard.start()
        await heard.connected()
        heard.server.token_is_good = False
        await until(lambda: heard.state is Connection.REFUSED)
        assert TOKEN not in heard.stream.state.detail


async def test_a_server_that_falls_silent_is_left() -> None:
    async with listening() as heard:
        heard.start()
        await heard.connected()
        heard.server.pings_are_answered = False
        await until(lambda: heard.state is Connection.DOWN)
        heard.server.pings_are_answered = True
        await heard.connected(2)


@pytest.mark.parametrize(
    ("status", "state"), [(401, Connection.REFUSED), (200, Connection.DOWN), (400, Connection.DOWN)]
)
async def test_a_handshake_that_fails_says_why(status: int, state: Connection) -> None:
    async with listening() as heard:
        heard.server.handshake_status = status
        heard.start()
        await until(lambda: heard.state is state)
        assert ("Upgrade" in heard.stream.state.detail) is (state is Connection.DOWN)
        heard.server.handshake_status = None
        await heard.connected()


async def test_a_stream_that_breaks_at_once_again_is_not_hurried() -> None:
    async with listening() as heard:
        heard.server.pings_are_answered = False
        heard.start()
        for connection in (1, 2, 3):
            await heard.connected(connection)
            heard.server.line.drop()
            await until(lambda lines=connection: len(heard.server.lines) > lines)
        assert heard.clock.naps[:4] == [timedelta(seconds=number) for number in (0, 0, 3, 3)]


async def test_a_mistake_in_the_handing_over_does_not_end_the_listening() -> None:
    async with listening() as heard:
        fails = [True]

        def on_event(event: Event) -> None:
            if fails.pop() if fails else False:
                raise RuntimeError("a mistake")
            heard.events.append(event)

        heard.start(on_event=on_event)
        await heard.connected()
        await heard.server.posted(post(message="one"))
        await heard.connected(2)
        await heard.server.posted(post("p2", message="two"))
        await until(lambda: heard.messages() == ["two"])


async def test_listening_ends_by_being_cancelled_only() -> None:
    async with listening() as heard:
        heard.start()
        await heard.connected()
        heard.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await heard.task


def test_the_first_attempts_come_quickly_and_the_later_ones_rarely() -> None:
    seconds = [delay_before(attempt, 0).total_seconds() for attempt in range(40)]
    assert seconds[:9] == [0, 3, 3, 3, 3, 3, 3, 3, 12]
    assert seconds[-1] == 300


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_no_delay_is_longer_than_five_minutes_and_the_spread(attempt: int, chance: float) -> None:
    delay = delay_before(attempt, chance)
    assert timedelta() <= delay <= timedelta(seconds=302)
    assert delay >= delay_before(attempt, 0)


def test_delays_never_shrink() -> None:
    assert all(
        earlier <= later for earlier, later in pairwise(delay_before(attempt, 0) for attempt in range(100))
    )
