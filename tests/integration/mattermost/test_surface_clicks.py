"""Clicks through the callback: whose they are, how often they count, what they change."""

from __future__ import annotations

import asyncio
import copy
from datetime import timedelta
from typing import Any

import pytest
from tests.integration.mattermost.surface_desk import Office, button, open_office, user_id

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerForbidden
from sekretar.kernel.forms import Choice
from sekretar.kernel.text import Markdown
from sekretar.mattermost import outgoing, sent
from sekretar.mattermost.chat import Chat, Click, ClickReply
from sekretar.mattermost.ledger import DirectChannelRow
from sekretar.mattermost.messages import Attachment, Button, Message, Select
from sekretar.mattermost.models import Post
from sekretar.mattermost.surface import Limits


class Feature:
    """Buttons that remember who pressed them."""

    def __init__(self) -> None:
        self.chat = Chat()
        self.clicks: list[Click] = []
        self.reply = ClickReply(ephemeral=Markdown("done"))
        self.error: Exception | None = None
        self.gate: asyncio.Event | None = None
        self.pressed = asyncio.Event()
        self.chat.action("test.act", self.handle)
        self.chat.action("test.once", self.handle, once=True)

    async def handle(self, click: Click) -> ClickReply:
        self.clicks.append(click)
        self.pressed.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        return self.reply


@pytest.fixture
def feature() -> Feature:
    return Feature()


async def shown(office: Office, *actions: Button | Select, ephemeral: bool = False) -> dict[str, Any]:
    """A message of these actions as anna gets it."""
    anna = await office.profiles.person(user_id("anna"))
    message = Message(Markdown("text"), (Attachment(actions=actions),))
    return office.desk.render(message, anna, ephemeral=ephemeral).as_payload()


async def test_a_click_reaches_its_handler_with_its_record(office: Office, feature: Feature) -> None:
    payload = await shown(office, Button("Go", "test.act", {"event": 7}))
    answer = await office.click("anna", button(payload, "Go"))
    assert (answer.status, answer.body["ephemeral_text"]) == (200, "done")
    (click,) = feature.clicks
    assert (dict(click.record), click.person.username, click.post_id) == ({"event": 7}, "anna", "post")


async def test_a_chosen_option_reaches_its_handler(office: Office, feature: Feature) -> None:
    payload = await shown(office, Select("Pick", "test.act", choices=(Choice("15", "15 min"),)))
    await office.click("anna", button(payload, "Pick"), selected="15")
    assert feature.clicks[0].selected == "15"


async def test_somebody_elses_button_does_nothing_and_says_whose_it_is(
    office: Office, feature: Feature
) -> None:
    payload = await shown(office, Button("Go", "test.act"))
    answer = await office.click("chris", button(payload, "Go"))
    assert answer.status == 200
    assert answer.body["ephemeral_text"] == "This button is for @\u2060anna."
    assert feature.clicks == []


async def test_a_button_for_anyone_knows_who_pressed_it(office: Office, feature: Feature) -> None:
    payload = await shown(office, Button("Go", "test.act", anyone=True))
    await office.click("chris", button(payload, "Go"))
    assert feature.clicks[0].person.username == "chris"


async def test_an_expired_button_tells_how_to_get_a_fresh_one(
    office: Office, feature: Feature, clock: ManualClock
) -> None:
    payload = await shown(office, Button("Go", "test.act", lifetime=timedelta(hours=1)))
    clock.advance(timedelta(hours=1, seconds=1))
    answer = await office.click("anna", button(payload, "Go"))
    assert "слишком старая" in answer.body["ephemeral_text"]
    assert feature.clicks == []


async def test_a_forged_claim_is_refused_and_counted(office: Office, feature: Feature) -> None:
    payload = await shown(office, Button("Go", "test.act", {"event": 7}), Button("No", "test.once"))
    genuine = button(payload, "Go")
    claim = genuine["integration"]["context"]["claim"]
    forgeries = [
        {"action": "test.once", "claim": claim},
        {"action": "test.act", "claim": claim[:-2] + ("AA" if claim[-2:] != "AA" else "BB")},
        {"action": "test.act", "claim": "AAAA"},
        {"action": "test.act", "claim": ""},
    ]
    for context in forgeries:
        forged = copy.deepcopy(genuine)
        forged["integration"]["context"] = context
        answer = await office.click("anna", forged)
        assert (answer.status, dict(answer.body)) == (401, {"error": "unauthorized"})
    assert feature.clicks == []
    assert office.surface.watch.count("forged_action") == len(forgeries)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "text",
        7,
        {},
        {"user_id": "u", "context": None},
        {"user_id": "u", "context": {}},
        {"user_id": 7, "context": {"action": "test.act", "claim": "c"}},
        {"user_id": "u", "context": {"action": ["test.act"], "claim": "c"}},
        {"user_id": "u", "context": {"action": "test.act", "claim": "c" * 5000}},
        {"user_id": "u", "context": {"action": "test.act", "claim": "c", "selected_option": {}}},
        {"user_id": "u" * 99, "context": {"action": "test.act", "claim": "c"}},
    ],
)
async def test_garbage_is_refused_without_a_word(office: Office, body: object) -> None:
    answer = await office.surface.callbacks.action(body)
    assert (answer.status, dict(answer.body)) == (400, {"error": "bad request"})


async def test_deactivated_and_unknown_users_are_refused(office: Office, feature: Feature) -> None:
    payload = await shown(office, Button("Go", "test.act", anyone=True))
    office.profiles.gone.add("boris")
    for name in ("boris", "nobody"):
        answer = await office.click(name, button(payload, "Go"))
        assert answer.status == 200
        assert answer.body["ephemeral_text"]
    assert feature.clicks == []


async def test_what_is_done_once_is_not_done_twice(office: Office, feature: Feature) -> None:
    go = button(await shown(office, Button("Go", "test.once")), "Go")
    feature.gate = asyncio.Event()
    first = asyncio.create_task(office.click("anna", go))
    await feature.pressed.wait()
    second = await office.click("anna", go)
    feature.gate.set()
    assert (await first).body["ephemeral_text"] == "done"
    assert "уже сделано" in second.body["ephemeral_text"]
    assert len(feature.clicks) == 1


async def test_what_failed_may_be_tried_again(office: Office, feature: Feature) -> None:
    go = button(await shown(office, Button("Go", "test.once")), "Go")
    feature.error = PeerForbidden("mattermost")
    assert "не разрешает" in (await office.click("anna", go)).body["ephemeral_text"]
    feature.error = None
    assert (await office.click("anna", go)).body["ephemeral_text"] == "done"


async def test_an_update_replaces_the_post_and_keeps_its_key(
    office: Office, feature: Feature, clock: ManualClock
) -> None:
    async with office.desk.database.transaction() as session:
        await sent.remember(session, sent.SentMessage("meaning", "dm", "post", "", "hash"), clock.now())
    feature.reply = ClickReply(update=Message(Markdown("chosen")))
    go = button(await shown(office, Button("Go", "test.act")), "Go")
    update = (await office.click("anna", go)).body["update"]
    assert update == {"message": "chosen", "props": {"attachments": [], "sekretar_key": "meaning"}}
    async with office.desk.database.reading() as session:
        message = await sent.by_post(session, "post")
    assert message is not None
    assert message.content_hash == ""


async def test_buttons_can_be_cleared_while_the_words_stay(office: Office, feature: Feature) -> None:
    payload = await shown(office, Button("Go", "test.act"))
    attachments = [
        {"title": "Standup", "actions": [{"id": "a"}]},
        {"actions": [{"id": "b"}], "color": "#fff"},
    ]
    office.server.posts["post"] = Post(
        id="post", channel_id="dm", message="words", props={"attachments": attachments, "kept": 1}
    )
    feature.reply = ClickReply(clear_buttons=True)
    answer = await office.click("anna", button(payload, "Go"))
    assert answer.body["update"] == {
        "message": "words",
        "props": {"attachments": [{"title": "Standup"}], "kept": 1},
    }


async def test_an_ephemeral_post_is_never_updated(office: Office, feature: Feature) -> None:
    """Servers fail the whole click when it is answered by an update of an ephemeral post."""
    go = button(await shown(office, Button("Go", "test.act"), ephemeral=True), "Go")
    feature.reply = ClickReply(update=Message(Markdown("chosen")))
    body = (await office.click("anna", go)).body
    assert body["ephemeral_text"] == "chosen"
    assert "update" not in body
    more = Attachment(actions=(Button("More", "test.act"),))
    feature.reply = ClickReply(update=Message(Markdown("chosen"), (more,)))
    body = (await office.click("anna", go)).body
    assert "личные сообщения" in body["ephemeral_text"]
    assert "update" not in body
    assert (await office.last())["message"] == "chosen"


async def test_late_work_edits_the_post(database: Database, clock: ManualClock, feature: Feature) -> None:
    office = open_office(database, clock, feature.chat, Limits(click=0.05))
    anna = await office.profiles.person(user_id("anna"))
    payload = await shown(office, Button("Go", "test.act"))
    async with database.transaction() as session:
        rendered = office.desk.render(Message(Markdown("text")), anna)
        await outgoing.direct(session, outgoing.Direct("meaning", anna, rendered), clock.now())
        await sent.remember(session, sent.SentMessage("meaning", "dm", "post", "", "hash"), clock.now())
    feature.gate = asyncio.Event()
    feature.reply = ClickReply(update=Message(Markdown("chosen")), ephemeral=Markdown("a word"))
    answer = await office.click("anna", button(payload, "Go"))
    assert "Минуту" in answer.body["ephemeral_text"]
    feature.gate.set()
    rows = [row for row in await office.rows() if row.key != "meaning"]
    assert [(row.kind, row.payload["message"]) for row in rows] == [
        ("mattermost.edit", "chosen"),
        ("mattermost.direct", "a word"),
    ]


async def test_an_action_without_its_feature_says_so(office: Office) -> None:
    answer = await office.click("anna", button(await shown(office, Button("Go", "gone.act")), "Go"))
    assert "больше ничего не делает" in answer.body["ephemeral_text"]


async def test_nobody_is_sent_to_where_they_are(office: Office, feature: Feature) -> None:
    """A message with buttons goes to the direct messages; a click made there needs no word about it."""
    more = Attachment(actions=(Button("More", "test.act"),))
    feature.reply = ClickReply(ephemeral=Message(Markdown("there"), (more,)))
    go = button(await shown(office, Button("Go", "test.act")), "Go")
    assert "личные сообщения" in (await office.click("anna", go)).body["ephemeral_text"]
    assert (await office.click("anna", go, team_id="")).body == {}
    assert (await office.said())[-1] == "there"
    elsewhere = button(await shown(office, Button("Go", "test.act"), ephemeral=True), "Go")
    assert "личные сообщения" in (await office.click("anna", elsewhere, team_id="")).body["ephemeral_text"]
    async with office.desk.database.transaction() as session:
        session.add(DirectChannelRow(bot_id="bot", user_id=user_id("anna"), channel_id="dm"))
    assert (await office.click("anna", elsewhere, channel_id="dm")).body == {}
    assert "личные сообщения" in (await office.click("anna", elsewhere)).body["ephemeral_text"]
