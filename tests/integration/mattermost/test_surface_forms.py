"""Forms as dialogs and as questions one by one, through the callbacks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from tests.integration.mattermost.surface_desk import Office, button, labels, open_office, user_id

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerDown, PersonError
from sekretar.kernel.forms import Choice, Field, FieldKind, Form
from sekretar.kernel.text import Markdown
from sekretar.mattermost.chat import (
    Chat,
    Click,
    ClickReply,
    CommandRequest,
    FormHandler,
    FormOutcome,
    FormRequest,
    FormSubmit,
    OpenForm,
    Reply,
    Subcommand,
)
from sekretar.mattermost.conversation_state import ConversationRow
from sekretar.mattermost.messages import Message
from sekretar.mattermost.surface import Limits


class Feature:
    """Connects an account: a provider, a login, a password, a note."""

    def __init__(self) -> None:
        self.chat = Chat()
        self.submitted: list[FormSubmit] = []
        self.outcome = FormOutcome(Message(Markdown("connected")))
        self.error: Exception | None = None
        self.gate: asyncio.Event | None = None
        self.chat.command(Subcommand("calendar", "connect", "mattermost.own.about_help", self.open))
        self.chat.action("test.open", self.click)
        self.chat.form("test.connect", FormHandler(self.build, self.submit))

    async def open(self, request: CommandRequest) -> Reply:
        return Reply(form=OpenForm("test.connect", {"provider": "yandex"}))

    async def click(self, click: Click) -> ClickReply:
        return ClickReply(form=OpenForm("test.connect"))

    async def build(self, request: FormRequest) -> Form:
        kinds = (Choice("yandex", "Yandex"), Choice("other", "Other"))
        return Form(
            "test.connect",
            "Connect a calendar",
            "Where is it?",
            (
                Field("provider", FieldKind.CHOICE, "Provider", choices=kinds),
                Field("login", FieldKind.EMAIL, "Login", default="anna@example.com"),
                Field("password", FieldKind.SECRET, "App password"),
                Field("note", FieldKind.TEXT, "Note", optional=True),
            ),
            "Connect",
        )

    async def submit(self, submit: FormSubmit) -> FormOutcome:
        self.submitted.append(submit)
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        return self.outcome


ANSWERS = {"provider": "yandex", "login": "anna@example.com", "password": "s3cret", "note": ""}


@pytest.fixture
def feature() -> Feature:
    return Feature()


async def dialog(office: Office) -> dict[str, Any]:
    answer = await office.slash("chris", "/calendar connect")
    assert answer.body == {}
    return office.server.dialogs[-1]


# Dialogs


async def test_a_command_opens_a_dialog_and_its_answers_reach_the_feature(
    office: Office, feature: Feature
) -> None:
    opened = await dialog(office)
    answer = await office.submit("chris", opened, ANSWERS)
    assert (answer.status, answer.body) == (200, {})
    (submit,) = feature.submitted
    assert dict(submit.values) == ANSWERS
    assert dict(submit.record) == {"provider": "yandex"}
    assert await office.said() == ["connected"]


async def test_errors_stand_at_their_fields(office: Office, feature: Feature) -> None:
    opened = await dialog(office)
    answer = await office.submit("chris", opened, {**ANSWERS, "login": "nobody", "password": ""})
    assert answer.body["errors"] == {
        "login": "Please type an email address, like anna@example.com.",
        "password": "Please fill this in.",
    }
    assert feature.submitted == []


async def test_the_features_own_errors_keep_the_dialog_open_for_another_try(
    office: Office, feature: Feature
) -> None:
    opened = await dialog(office)
    feature.outcome = FormOutcome(errors={"password": PersonError("mattermost.form.gone")})
    assert (await office.submit("chris", opened, ANSWERS)).body["errors"].keys() == {"password"}
    feature.outcome = FormOutcome(errors={"": PersonError("mattermost.form.gone")})
    assert (await office.submit("chris", opened, ANSWERS)).body == {"error": "This form no longer exists."}
    feature.error = PeerDown("caldav")
    assert "not answering" in (await office.submit("chris", opened, ANSWERS)).body["error"]
    feature.error, feature.outcome = None, FormOutcome(Message(Markdown("connected")))
    assert (await office.submit("chris", opened, ANSWERS)).body == {}


async def test_a_dialog_sent_twice_is_done_once(office: Office, feature: Feature) -> None:
    opened = await dialog(office)
    answers = await asyncio.gather(*(office.submit("chris", opened, ANSWERS) for _ in range(2)))
    bodies = sorted((dict(answer.body) for answer in answers), key=len)
    assert bodies == [{}, {"error": "I already have these answers. You can close this dialog."}]
    assert len(feature.submitted) == 1
    assert await office.said() == ["connected"]


async def test_a_dialog_is_good_for_its_person_form_and_time_only(
    office: Office, feature: Feature, clock: ManualClock
) -> None:
    opened = await dialog(office)
    foreign = await office.submit("anna", opened, ANSWERS)
    assert foreign.body == {"error": "Эту форму открыли не для вас."}
    other = {**opened, "callback_id": "conversation.secret"}
    assert (await office.submit("chris", other, ANSWERS)).status == 401
    forged = {**opened, "state": opened["state"][:-4] + "AAAA"}
    assert (await office.submit("chris", forged, ANSWERS)).status == 401
    clock.advance(timedelta(days=2))
    assert "open for too long" in (await office.submit("chris", opened, ANSWERS)).body["error"]
    assert feature.submitted == []


async def test_cancelling_changes_nothing(office: Office, feature: Feature) -> None:
    opened = await dialog(office)
    assert (await office.submit("chris", opened, {}, cancelled=True)).body == {}
    assert feature.submitted == []


@pytest.mark.parametrize(
    "answers", [[], "text", {"login": {"a": 1}}, {"login": "x" * 4000}, {"provider": ["yandex"]}]
)
async def test_answers_of_no_known_shape_are_refused(
    office: Office, feature: Feature, answers: object
) -> None:
    opened = await dialog(office)
    assert (await office.submit("chris", opened, answers)).status == 400
    assert feature.submitted == []


async def test_a_body_of_another_type_is_refused(office: Office) -> None:
    opened = await dialog(office)
    assert (await office.submit("chris", opened, ANSWERS, type="dialog_lookup")).status == 400
    for body in (None, [], {}, {"type": "dialog_submission"}):
        assert (await office.surface.callbacks.dialog(body)).status == 400


async def test_no_secret_travels_in_the_state(office: Office) -> None:
    opened = await dialog(office)
    password = next(each for each in opened["elements"] if each["name"] == "password")
    assert (password["subtype"], password["default"]) == ("password", "")


async def test_what_fails_after_the_dialog_closed_is_said_with_a_way_back(
    database: Database, clock: ManualClock, feature: Feature
) -> None:
    office = open_office(database, clock, feature.chat, Limits(dialog=0.05))
    opened = await dialog(office)
    feature.gate, feature.error = asyncio.Event(), PersonError("mattermost.form.gone")
    assert (await office.submit("chris", opened, ANSWERS)).body == {}
    feature.gate.set()
    said = await office.said()
    assert said[0].startswith("I have your answers")
    assert said[1] == "It did not work:\nThis form no longer exists."
    await office.click("chris", await office.button("Fill in again"))
    assert len(office.server.dialogs) == 2


# Step by step


async def steps(office: Office) -> None:
    await office.slash("chris", "/sekretar forms steps")
    answer = await office.slash("chris", "/calendar connect")
    assert answer.body["text"] == "I'll ask you in direct messages."


async def conversation(office: Office) -> ConversationRow | None:
    async with office.desk.database.reading() as session:
        return (await session.scalars(select(ConversationRow))).one_or_none()


async def enter_password(office: Office, password: str) -> Mapping[str, Any]:
    await office.click("chris", await office.button("Enter it"))
    return (await office.submit("chris", office.server.dialogs[-1], {"password": password})).body


async def test_a_form_is_asked_to_its_end(office: Office, feature: Feature) -> None:
    await steps(office)
    first = await office.last()
    assert "Connect a calendar" in first["message"]
    assert "(1 of 4)" in first["message"]
    assert labels(first) == [["Yandex", "Other"], ["Cancel"]]
    answer = await office.click("chris", await office.button("Yandex"))
    assert answer.body["update"]["message"] == "Provider: **Yandex**"
    assert labels(await office.last()) == [["Keep: anna@example.com"], ["Back", "Cancel"]]
    login_prompt = (await office.last())["message_key"]
    await office.say("chris", " Boris@Example.com ")
    assert (await office.edits())[login_prompt] == "Login: **Boris@Example.com**"
    assert await enter_password(office, "s3cret") == {}
    assert labels(await office.last()) == [["Back", "Skip", "Cancel"]]
    await office.click("chris", await office.button("Skip"))
    assert (await office.said())[-1] == "connected"
    (submit,) = feature.submitted
    assert dict(submit.values) == {**ANSWERS, "login": "Boris@Example.com"}
    assert dict(submit.record) == {"provider": "yandex"}
    assert await conversation(office) is None


async def test_a_wrong_answer_is_asked_again_and_loses_nothing(office: Office) -> None:
    await steps(office)
    await office.say("chris", "yandex")
    await office.say("chris", "not an address")
    again = await office.last()
    assert again["message"].startswith(":warning: Please type an email address")
    assert "(2 of 4)" in again["message"]
    row = await conversation(office)
    assert row is not None
    assert row.answers["values"] == {"provider": "yandex"}


async def test_a_password_typed_into_the_chat_is_not_taken(office: Office) -> None:
    await steps(office)
    await office.say("chris", "yandex")
    await office.say("chris", "anna@example.com")
    await office.say("chris", "hunter2")
    assert "delete your message" in (await office.said())[-1]
    row = await conversation(office)
    assert row is not None
    assert row.secret_answers is None
    assert all("hunter2" not in str(each.payload) for each in await office.rows())
    await enter_password(office, "s3cret")
    row = await conversation(office)
    assert row is not None
    assert row.secret_answers is not None
    assert "s3cret" not in row.secret_answers + str(row.answers)


async def test_two_quick_clicks_are_one_answer(office: Office) -> None:
    await steps(office)
    one, other = await office.button("Yandex"), await office.button("Other")
    answers = await asyncio.gather(office.click("chris", one), office.click("chris", other))
    assert sorted("update" in answer.body for answer in answers) == [False, True]
    assert len([text for text in await office.said() if "(2 of 4)" in text]) == 1
    late = await office.click("chris", one)
    assert late.body["ephemeral_text"] == "This question has been answered already."


async def test_back_keeps_what_was_answered(office: Office) -> None:
    await steps(office)
    await office.click("chris", await office.button("Yandex"))
    await office.say("chris", "back")
    again = await office.last()
    assert "(1 of 4)" in again["message"]
    assert button(again, "Yandex")["style"] == "primary"


@pytest.mark.parametrize("way", ["click", "word"])
async def test_cancel_forgets_everything(office: Office, feature: Feature, way: str) -> None:
    await steps(office)
    await office.click("chris", await office.button("Yandex"))
    if way == "click":
        answer = await office.click("chris", await office.button("Cancel"))
        assert "cancelled" in answer.body["update"]["message"]
    else:
        await office.say("chris", "Отмена")
    assert await conversation(office) is None
    assert feature.submitted == []


async def test_only_the_persons_own_direct_messages_are_answers(office: Office) -> None:
    await steps(office)
    await office.say("chris", "other", channel="townsquare", kind="O")
    await office.say("chris", "other", channel="group", kind="G")
    await office.say("anna", "other")
    row = await conversation(office)
    assert row is not None
    assert row.step == 0


async def test_a_message_heard_twice_is_one_answer(office: Office) -> None:
    await steps(office)
    await office.say("chris", "yandex", id="same")
    await office.say("chris", "yandex", id="same")
    row = await conversation(office)
    assert row is not None
    assert row.step == 1


async def test_a_restart_is_not_noticed(office: Office, database: Database, clock: ManualClock) -> None:
    await steps(office)
    await office.click("chris", await office.button("Yandex"))
    fresh = open_office(database, clock, Feature().chat, vault=office.desk.vault)
    await fresh.say("chris", "anna@example.com", id="after-restart")
    assert "(3 of 4)" in (await fresh.said())[-1]


async def test_silence_for_a_day_ends_the_questions(office: Office, clock: ManualClock) -> None:
    await steps(office)
    prompt = (await office.last())["message_key"]
    clock.advance(timedelta(hours=23))
    await office.surface.conversations.tidy()
    assert await conversation(office) is not None
    clock.advance(timedelta(hours=1))
    await office.surface.conversations.tidy()
    assert await conversation(office) is None
    assert "stopped asking" in (await office.edits())[prompt]


async def test_a_new_form_takes_the_place_of_the_old(office: Office) -> None:
    await steps(office)
    prompt = (await office.last())["message_key"]
    await office.slash("chris", "/calendar connect")
    assert (await office.edits())[prompt] == "Set aside for another form."
    assert (await office.said())[-1].startswith("You were filling in another form")


async def test_a_dialog_that_does_not_open_becomes_questions(office: Office) -> None:
    office.server.trigger_expired = True
    answer = await office.slash("chris", "/calendar connect")
    assert answer.body["text"].startswith("The dialog would not open")
    assert "(1 of 4)" in (await office.last())["message"]


async def test_a_refused_form_returns_to_the_answer_at_fault(office: Office, feature: Feature) -> None:
    await steps(office)
    await office.say("chris", "yandex")
    await office.say("chris", "anna@example.com")
    feature.outcome = FormOutcome(errors={"password": PersonError("mattermost.form.gone")})
    await enter_password(office, "wrong")
    await office.say("chris", "skip")
    assert ":warning:" in (await office.said())[-1]
    assert "(3 of 4)" in (await office.said())[-1]
    feature.outcome = FormOutcome(Message(Markdown("connected")))
    await enter_password(office, "right")
    await office.say("chris", "skip")
    assert (await office.said())[-1] == "connected"
    assert feature.submitted[-1].values["password"] == "right"


async def test_a_form_that_breaks_can_be_sent_again(office: Office, feature: Feature) -> None:
    await steps(office)
    await office.say("chris", "yandex")
    await office.say("chris", "anna@example.com")
    await enter_password(office, "right")
    feature.error = PeerDown("caldav")
    await office.say("chris", "skip")
    assert (await office.said())[-1].startswith("The calendar server is not answering")
    assert labels(await office.last()) == [["Connect"], ["Back", "Cancel"]]
    feature.error = None
    await office.click("chris", await office.button("Connect"))
    assert (await office.said())[-1] == "connected"


async def interrupted(office: Office, feature: Feature, clock: ManualClock) -> Office:
    """A submission has begun and does not come back; another process finds it."""
    await steps(office)
    await office.say("chris", "yandex")
    await office.say("chris", "anna@example.com")
    await enter_password(office, "right")
    feature.gate = asyncio.Event()
    await office.say("chris", "skip")
    fresh = open_office(office.desk.database, clock, Feature().chat, vault=office.desk.vault)
    clock.advance(timedelta(minutes=6))
    await fresh.surface.conversations.tidy()
    return fresh


async def test_a_submission_whose_process_died_can_be_sent_again(
    office: Office, feature: Feature, clock: ManualClock
) -> None:
    fresh = await interrupted(office, feature, clock)
    assert (await fresh.said())[-1].startswith("I was interrupted")
    await fresh.click("chris", await fresh.button("Connect"))
    assert (await fresh.said())[-1] == "connected"
    assert await conversation(fresh) is None


async def test_a_submission_that_only_seemed_dead_closes_its_questions(
    office: Office, feature: Feature, clock: ManualClock
) -> None:
    fresh = await interrupted(office, feature, clock)
    review = (await fresh.last())["message_key"]
    assert feature.gate is not None
    feature.gate.set()
    assert (await office.said())[-1] == "connected"
    assert (await office.edits())[review] == "This has worked out after all."
    assert await conversation(office) is None


async def test_a_person_is_understood_by_name_and_by_choice(database: Database, clock: ManualClock) -> None:
    chat = Chat()
    chosen: list[object] = []

    async def build(_request: FormRequest) -> Form:
        return Form("test.who", "Who", "", (Field("who", FieldKind.PERSON, "Whom shall I ask?"),))

    async def submit(submit: FormSubmit) -> FormOutcome:
        chosen.append(submit.values["who"])
        return FormOutcome()

    chat.form("test.who", FormHandler(build, submit))
    office = open_office(database, clock, chat)
    chris = await office.profiles.person(user_id("chris"))
    for answer in ("typed", "chosen"):
        await office.surface.opening.open(OpenForm("test.who"), chris, trigger_id="", channel_id="")
        if answer == "typed":
            await office.say("chris", "@stranger")
            assert "can't find" in (await office.said())[-1]
            await office.say("chris", "@Boris")
        else:
            await office.click("chris", await office.button("Choose…"), selected=user_id("boris"))
        await office.surface.deadline.drain()
    assert chosen == [user_id("boris")] * 2
