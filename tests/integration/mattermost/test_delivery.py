"""From the outbox into the chat: once, in order, and found again after a crash."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.integration.mattermost.fake_chat import POSTS, FakeChat
from tests.unit.mattermost.fakes import ANNA, BOT, CHANNEL, Answer, FakeServer, error

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerDown, PeerForbidden, PeerInvalid, PeerNotFound
from sekretar.kernel.outbox import Delivery, Handler, Noted, NotReady, Outbox, Receipt
from sekretar.kernel.people import Person
from sekretar.mattermost import outgoing, sent
from sekretar.mattermost.client import MattermostClient
from sekretar.mattermost.delivery import (
    DIRECT,
    EDIT,
    KEY_PROP,
    MARK_PROP,
    POST,
    REACTION,
    RESPOND,
    ChatDelivery,
)
from sekretar.mattermost.messages import Rendered
from sekretar.mattermost.sent import SentMessage

HOOK = "/hooks/commands/abc"


@pytest.fixture
def chat(fake: FakeServer, clock: ManualClock) -> FakeChat:
    return FakeChat(fake, clock)


class Deliveries:
    """Delivers and then writes down what was learned, as the outbox does."""

    def __init__(self, client: MattermostClient, database: Database, clock: ManualClock) -> None:
        self.chat = ChatDelivery(client, database, clock, BOT)
        self._database = database
        self.post, self.direct = self._noting(self.chat.post), self._noting(self.chat.direct)
        self.edit, self.respond = self._noting(self.chat.edit), self._noting(self.chat.respond)
        self.react = self._noting(self.chat.react)

    def _noting(self, handler: Handler) -> Callable[[Delivery], Awaitable[Receipt]]:
        async def deliver(delivery: Delivery) -> Receipt:
            brought = await handler(delivery)
            if not isinstance(brought, Noted):
                return brought or {}
            async with self._database.transaction() as session:
                await brought.notebook(session, [brought.entry])
            return brought.receipt

        return deliver


@pytest.fixture
def delivery(client: MattermostClient, database: Database, clock: ManualClock) -> Deliveries:
    return Deliveries(client, database, clock)


def row(kind: str, number: int = 1, first_attempted_at: datetime | None = None, **payload: Any) -> Delivery:
    defaults: dict[str, Any] = {"message": "hello", "props": {"attachments": []}}
    attempt = 1 if first_attempted_at is None else 2
    return Delivery(number, kind, f"key{number}", defaults | payload, attempt, first_attempted_at)


def again(first: Delivery, clock: ManualClock) -> Delivery:
    """The same row after an attempt of unknown fate."""
    return dataclasses.replace(first, attempt=2, first_attempted_at=clock.now())


async def sent_as(database: Database, key: str) -> SentMessage | None:
    async with database.reading() as session:
        return await sent.by_key(session, key)


async def test_a_post_is_written_and_known_by_its_key(
    chat: FakeChat, delivery: Deliveries, database: Database
) -> None:
    receipt = await delivery.post(row(POST, channel_id=CHANNEL, message_key="welcome:1"))
    assert receipt == {"post_id": "post1", "channel_id": CHANNEL}
    (written,) = chat.written()
    assert (written["message"], written["props"]["attachments"]) == ("hello", [])
    assert written["props"][KEY_PROP] == "key1"
    assert written["pending_post_id"].startswith(f"{BOT}:")
    message = await sent_as(database, "welcome:1")
    assert message is not None
    assert (message.post_id, message.channel_id, message.root_id) == ("post1", CHANNEL, "")


async def test_a_direct_message_finds_its_channel_once(chat: FakeChat, delivery: Deliveries) -> None:
    for number in (1, 2):
        await delivery.direct(row(DIRECT, number, user_id=ANNA))
    assert [one["channel_id"] for one in chat.written()] == [f"direct-{ANNA}"] * 2
    (asked,) = chat.asked("POST", "/api/v4/channels/direct")
    assert asked.json == [BOT, ANNA]


class TestReady:
    """Posts of which everything but the sending was done ahead."""

    async def test_it_is_the_post_that_the_handler_would_write(
        self, chat: FakeChat, delivery: Deliveries, clock: ManualClock
    ) -> None:
        await delivery.direct(row(DIRECT, 1, user_id=ANNA))
        same = row(DIRECT, 2, user_id=ANNA, message_key="m")
        ready = await delivery.chat.ready_direct(same)
        assert ready is not None
        noted = await ready()
        assert isinstance(noted, Noted)
        first, written = chat.written()
        assert written["message"] == first["message"]
        assert written["props"] == first["props"] | {
            KEY_PROP: "key2",
            MARK_PROP: written["pending_post_id"].removeprefix(f"{BOT}:"),
        }
        assert (await delivery.direct(again(same, clock)))["post_id"] == noted.receipt["post_id"]
        assert len(chat.written()) == 2

    @pytest.mark.parametrize(
        "special", [{"message": "x" * 40_000}, {"root_id": "r"}, {"reply_to": "k"}, {"file_ids": ["f"]}]
    )
    async def test_what_is_more_than_a_plain_post_needs_its_handler(
        self, chat: FakeChat, delivery: Deliveries, special: dict[str, Any]
    ) -> None:
        await delivery.direct(row(DIRECT, 1, user_id=ANNA))
        assert await delivery.chat.ready_direct(row(DIRECT, 2, user_id=ANNA)) is not None
        assert await delivery.chat.ready_direct(row(DIRECT, 3, user_id=ANNA, **special)) is None

    async def test_so_does_the_first_word_to_somebody(self, chat: FakeChat, delivery: Deliveries) -> None:
        assert await delivery.chat.ready_direct(row(DIRECT, 1, user_id=ANNA)) is None

    async def test_where_the_channel_is_gone_the_handler_looks_it_up_again(
        self, chat: FakeChat, delivery: Deliveries
    ) -> None:
        await delivery.direct(row(DIRECT, 1, user_id=ANNA))
        ready = await delivery.chat.ready_direct(row(DIRECT, 2, user_id=ANNA))
        chat.refuse("POST", POSTS, error(403, "api.context.permissions.app_error"))
        assert ready is not None
        with pytest.raises(NotReady):
            await ready()


async def test_the_channel_is_remembered_over_a_restart_and_looked_up_again_when_it_is_gone(
    chat: FakeChat, delivery: Deliveries, client: MattermostClient, database: Database, clock: ManualClock
) -> None:
    await delivery.direct(row(DIRECT, 1, user_id=ANNA))
    after_restart = Deliveries(client, database, clock)
    await after_restart.direct(row(DIRECT, 2, user_id=ANNA))
    assert len(chat.asked("POST", "/api/v4/channels/direct")) == 1
    chat.refuse("POST", "/api/v4/channels/direct", {"id": "new"})
    chat.refuse(
        "POST",
        POSTS,
        error(403, "api.context.permissions.app_error"),
        {"id": "p", "channel_id": "new", "user_id": BOT},
    )
    receipt = await after_restart.direct(row(DIRECT, 3, user_id=ANNA))
    assert receipt["channel_id"] == "new"


async def test_an_attempt_of_unknown_fate_is_looked_up_before_it_is_repeated(
    chat: FakeChat, delivery: Deliveries, database: Database, clock: ManualClock
) -> None:
    first = row(POST, channel_id=CHANNEL, message_key="k")
    chat.broken_answers = 1
    with pytest.raises(PeerDown):
        await delivery.post(first)
    repeated = again(first, clock)
    clock.advance(timedelta(minutes=30))
    assert (await delivery.post(repeated))["post_id"] == "post1"
    assert len(chat.written()) == 1
    assert (await sent_as(database, "k")) is not None


async def test_an_attempt_that_never_arrived_is_repeated(
    chat: FakeChat, delivery: Deliveries, clock: ManualClock
) -> None:
    await delivery.post(row(POST, 7, channel_id=CHANNEL))
    await delivery.post(row(POST, 8, first_attempted_at=clock.now(), channel_id=CHANNEL))
    assert [one["props"][KEY_PROP] for one in chat.written()] == ["key7", "key8"]


async def test_a_post_of_somebody_else_with_our_mark_is_not_ours(
    chat: FakeChat, delivery: Deliveries, clock: ManualClock
) -> None:
    first = row(POST, channel_id=CHANNEL)
    await delivery.post(first)
    chat.posts["post1"]["user_id"] = ANNA
    await delivery.post(again(first, clock))
    assert len(chat.written()) == 2


async def test_the_same_row_number_of_another_database_is_not_the_same_row(
    chat: FakeChat,
    delivery: Deliveries,
    client: MattermostClient,
    clock: ManualClock,
    make_database_url: Any,
) -> None:
    chat.remembers_pending = True
    await delivery.post(row(POST, channel_id=CHANNEL))
    other = Database.open(make_database_url())
    try:
        elsewhere = Deliveries(client, other, clock)
        await elsewhere.post(row(POST, first_attempted_at=clock.now(), channel_id=CHANNEL))
    finally:
        await other.close()
    assert len(chat.written()) == 2


async def test_the_number_of_a_forgotten_row_may_come_again(chat: FakeChat, delivery: Deliveries) -> None:
    await delivery.post(row(POST, channel_id=CHANNEL))
    await delivery.post(dataclasses.replace(row(POST, channel_id=CHANNEL), key="of another meaning"))
    first, second = (one["pending_post_id"] for one in chat.written())
    assert first != second


async def test_overlapping_attempts_are_one_post_by_the_servers_own_means(
    chat: FakeChat, delivery: Deliveries
) -> None:
    chat.remembers_pending = True
    first = row(POST, channel_id=CHANNEL)
    await delivery.post(first)
    await delivery.post(first)
    assert len(chat.written()) == 1


async def test_long_text_goes_on_in_the_thread_and_each_part_is_written_once(
    chat: FakeChat, delivery: Deliveries, clock: ManualClock, database: Database
) -> None:
    text = "\n".join(f"line {number} of a long report" for number in range(1500))
    first = row(POST, channel_id=CHANNEL, message=text, props={"attachments": [{"text": "a"}]})
    await delivery.post(first)
    parts = chat.written()
    assert len(parts) == 3
    assert "\n".join(part["message"] for part in parts) == text
    assert [part["root_id"] for part in parts] == ["", "post1", "post1"]
    assert [bool(part["props"].get("attachments")) for part in parts] == [True, False, False]
    del chat.posts["post2"]
    await delivery.post(again(first, clock))
    assert sorted(part["message"] for part in chat.written()) == sorted(part["message"] for part in parts)
    message = await sent_as(database, "key1")
    assert message is not None
    assert message.post_id == "post1"


async def test_an_answer_joins_the_thread_of_the_message(chat: FakeChat, delivery: Deliveries) -> None:
    await delivery.post(row(POST, 1, channel_id=CHANNEL, message_key="first"))
    await delivery.post(row(POST, 2, channel_id=CHANNEL, message_key="second", reply_to="first"))
    await delivery.post(row(POST, 3, channel_id=CHANNEL, reply_to="second"))
    await delivery.post(row(POST, 4, channel_id=CHANNEL, reply_to="never sent"))
    assert [one["root_id"] for one in chat.written()] == ["", "post1", "post1", ""]


async def test_an_answer_to_a_deleted_message_is_still_said(chat: FakeChat, delivery: Deliveries) -> None:
    await delivery.post(row(POST, 1, channel_id=CHANNEL, message_key="first"))
    chat.delete("post1")
    await delivery.post(row(POST, 2, channel_id=CHANNEL, reply_to="first"))
    assert chat.written()[-1]["root_id"] == ""


async def test_an_edit_changes_text_and_props(chat: FakeChat, delivery: Deliveries) -> None:
    await delivery.post(row(POST, 1, channel_id=CHANNEL, message_key="m"))
    receipt = await delivery.edit(row(EDIT, 2, message_key="m", message="done", props={"attachments": [1]}))
    assert receipt == {"post_id": "post1"}
    assert chat.posts["post1"]["message"] == "done"
    assert chat.posts["post1"]["props"]["attachments"] == [1]


async def test_an_edit_that_changes_nothing_is_not_made(
    chat: FakeChat, delivery: Deliveries, database: Database
) -> None:
    await delivery.post(row(POST, 1, channel_id=CHANNEL, message_key="m"))
    assert (await delivery.edit(row(EDIT, 2, message_key="m"))) == {"post_id": "post1", "unchanged": True}
    assert chat.asked("PUT", f"{POSTS}/post1/patch") == []
    async with database.transaction() as session:
        await sent.changed_elsewhere(session, "post1")
    await delivery.edit(row(EDIT, 3, message_key="m"))
    assert len(chat.asked("PUT", f"{POSTS}/post1/patch")) == 1


async def test_an_edit_of_what_is_not_there_is_no_failure(
    chat: FakeChat, delivery: Deliveries, database: Database
) -> None:
    assert await delivery.edit(row(EDIT, 1, message_key="never sent")) == {"gone": True}
    await delivery.post(row(POST, 2, channel_id=CHANNEL, message_key="m"))
    chat.delete("post1")
    assert await delivery.edit(row(EDIT, 3, message_key="m", message="done")) == {"gone": True}
    assert await sent_as(database, "m") is None


async def test_an_edit_that_is_forbidden_is_a_failure(chat: FakeChat, delivery: Deliveries) -> None:
    await delivery.post(row(POST, 1, channel_id=CHANNEL, message_key="m"))
    chat.refuse("PUT", f"{POSTS}/post1/patch", error(403, "api.context.permissions.app_error"))
    with pytest.raises(PeerForbidden):
        await delivery.edit(row(EDIT, 2, message_key="m", message="done"))


async def test_an_edit_too_long_for_a_post_goes_on_in_the_thread(
    chat: FakeChat, delivery: Deliveries, clock: ManualClock
) -> None:
    await delivery.post(row(POST, 1, channel_id=CHANNEL, message_key="m"))
    edit = row(EDIT, 2, message_key="m", message="word " * 4000)
    await delivery.edit(edit)
    assert [one["root_id"] for one in chat.written()] == ["", "post1"]


async def test_a_late_answer_goes_to_the_command(chat: FakeChat, delivery: Deliveries) -> None:
    chat.refuse("POST", HOOK, Answer(body=b"ok", content_type="text/plain"))
    body = {"response_type": "ephemeral", "text": "done"}
    assert await delivery.respond(row(RESPOND, response_url=f"http://x{HOOK}", body=body)) == {}
    assert chat.asked("POST", HOOK)[0].json == body


@pytest.mark.parametrize("status", [400, 404])
async def test_a_late_answer_that_comes_too_late_becomes_a_direct_message(
    chat: FakeChat, delivery: Deliveries, status: int
) -> None:
    chat.refuse("POST", HOOK, error(status, "app.command_webhook.get.missing"))
    body = {"text": "done", "attachments": [{"text": "a"}]}
    late = row(RESPOND, response_url=f"http://x{HOOK}", body=body, user_id=ANNA)
    await delivery.respond(late)
    (written,) = chat.written(f"direct-{ANNA}")
    assert (written["message"], written["props"]["attachments"]) == ("done", [{"text": "a"}])
    with pytest.raises((PeerInvalid, PeerNotFound)):
        await delivery.respond(row(RESPOND, response_url=f"http://x{HOOK}", body=body))


async def test_a_reaction_is_put_and_taken_away(chat: FakeChat, delivery: Deliveries) -> None:
    await delivery.post(row(POST, 1, channel_id=CHANNEL, message_key="m"))
    chat.refuse("DELETE", f"/api/v4/users/{BOT}/posts/post1/reactions/eyes", {"status": "OK"})
    await delivery.react(row(REACTION, 2, message_key="m", emoji="eyes"))
    await delivery.react(row(REACTION, 3, message_key="m", emoji="eyes", remove=True))
    assert chat.asked("POST", "/api/v4/reactions")[0].json == {
        "user_id": BOT,
        "post_id": "post1",
        "emoji_name": "eyes",
    }
    assert await delivery.react(row(REACTION, 4, message_key="never", emoji="eyes")) == {"gone": True}


async def test_the_whole_way_from_a_feature_to_the_chat(
    chat: FakeChat, delivery: Deliveries, database: Database, clock: ManualClock, anna: Person
) -> None:
    outbox = Outbox(database, clock)
    delivery.chat.register(outbox)
    rendered, changed = Rendered("hello", {"attachments": []}), Rendered("bye", {"attachments": []})
    now = clock.now()
    async with database.transaction() as session:
        assert await outgoing.direct(session, outgoing.Direct("w", anna, rendered), now)
        assert not await outgoing.direct(session, outgoing.Direct("w", anna, changed), now)
        assert await outgoing.edit(session, key="w:bye", message_key="w", rendered=changed, now=now)
        assert await outgoing.direct(session, outgoing.Direct("r", anna, rendered, reply_to="w"), now)
        assert await outgoing.post(session, outgoing.Post("c", CHANNEL, rendered), now)
        assert await outgoing.react(session, key="w:eyes", emoji="eyes", message_key="w", now=now)
    await outbox.deliver_due()
    first, reply = chat.written(f"direct-{ANNA}")
    assert (first["message"], reply["root_id"]) == ("bye", first["id"])
    assert len(chat.written(CHANNEL)) == 1
    assert chat.asked("POST", "/api/v4/reactions")[0].json["post_id"] == first["id"]
