"""Direct messages with the bot: welcome, menu, commands without a slash, own settings."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs
from tests.integration.mattermost.surface_desk import Office, button, labels, open_office, user_id

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.people import Person, PersonRow
from sekretar.kernel.text import Markdown
from sekretar.mattermost.chat import (
    Chat,
    Click,
    ClickReply,
    CommandRequest,
    EditedPost,
    IncomingPost,
    MenuEntry,
    Reply,
    Subcommand,
)
from sekretar.mattermost.events import DirectAdded
from sekretar.mattermost.messages import Message


class Feature:
    """A calendar of which only chris has anything to disconnect."""

    def __init__(self) -> None:
        self.chat = Chat()
        self.asked: list[str] = []
        self.heard: list[IncomingPost] = []
        self.error: Exception | None = None
        self.chat.command(
            Subcommand("calendar", "today", "mattermost.own.about_help", self.today, aliases=("сегодня",))
        )
        self.chat.action("test.connect", self.click)
        self.chat.action("test.leave", self.click)
        self.chat.menu(MenuEntry("mattermost.home.what_can_i_do", "test.connect", 10, primary=True))
        self.chat.menu(MenuEntry("mattermost.conversation.cancel", "test.leave", 20, self.is_chris))
        self.chat.on_post(self.listen)

    async def today(self, request: CommandRequest) -> Reply:
        self.asked.append(request.args.rest)
        if self.error is not None:
            raise self.error
        return Reply(Message(Markdown("two meetings")))

    async def click(self, click: Click) -> ClickReply:
        return ClickReply(ephemeral=Markdown("done"))

    async def is_chris(self, person: Person) -> bool:
        return person.username == "chris"

    async def listen(self, post: IncomingPost) -> bool:
        self.heard.append(post)
        return True


@pytest.fixture
def feature() -> Feature:
    return Feature()


async def test_the_first_message_is_answered_by_one_welcome_with_one_button(office: Office) -> None:
    await office.say("anna", "привет")
    welcome = await office.last()
    assert welcome["message"].startswith("Здравствуйте, Anna.")
    assert labels(welcome) == [["Что вы умеете?"]]
    await office.surface.home.on_direct_added(DirectAdded("dm-anna", user_id("anna")))
    assert len(await office.said()) == 1


async def test_later_messages_show_what_this_person_can_do(office: Office) -> None:
    for name in ("anna", "chris"):
        await office.say(name, "hello")
        await office.say(name, "hello again")
    payloads = [row.payload for row in await office.rows()]
    assert labels(payloads[1]) == [["Что вы умеете?", "Настройки", "Справка"]]
    assert labels(payloads[3]) == [["What can you do?", "Cancel", "Settings", "Help"]]


async def test_opening_the_channel_is_a_first_contact(office: Office) -> None:
    await office.surface.home.on_direct_added(DirectAdded("dm-chris", user_id("chris")))
    assert (await office.said())[0].startswith("Hello, Chris.")


@pytest.mark.parametrize(
    "text", ["calendar today", "/calendar today", " Calendar  TODAY ", "today", "сегодня", "СЕГОДНЯ"]
)
async def test_a_command_needs_no_slash_here(office: Office, feature: Feature, text: str) -> None:
    await office.say("chris", text)
    assert await office.said() == ["two meetings"]
    assert feature.asked == [""]


@pytest.mark.parametrize("text", ["today I am ill", "calendar of the year", "todya"])
async def test_ordinary_speech_is_no_command(office: Office, feature: Feature, text: str) -> None:
    await office.say("chris", text)
    assert feature.asked == []
    assert (await office.said())[0].startswith("Hello")


async def test_help_is_found_by_its_name(office: Office) -> None:
    await office.say("anna", "помощь")
    assert "`/sekretar настройки`" in (await office.said())[0]


async def test_a_message_heard_twice_is_answered_once(office: Office) -> None:
    await office.say("chris", "today", id="same")
    await office.say("chris", "today", id="same")
    assert await office.said() == ["two meetings"]


async def test_what_breaks_is_said_and_logged(office: Office, feature: Feature) -> None:
    feature.error = RuntimeError("detail")
    with capture_logs() as logs:
        await office.say("chris", "today")
    incident = next(entry["incident"] for entry in logs if entry["event"] == "mattermost_act_broke")
    assert incident in (await office.said())[0]


async def test_strangers_and_the_departed_are_not_answered(office: Office) -> None:
    office.profiles.gone.add("boris")
    await office.say("boris", "hello")
    await office.say("nobody", "hello")
    assert await office.rows() == []


async def test_what_is_said_elsewhere_goes_to_the_features_alone(office: Office, feature: Feature) -> None:
    await office.say("chris", "today", channel="townsquare", kind="O")
    assert [(post.text, post.direct) for post in feature.heard] == [("today", False)]
    assert await office.rows() == []


async def test_a_long_menu_is_turned_page_by_page(database: Database, clock: ManualClock) -> None:
    feature = Feature()
    for number in range(4):
        feature.chat.menu(
            MenuEntry("mattermost.own.style_dialog", "test.connect", 30 + number, record={"n": number})
        )
    office = open_office(database, clock, feature.chat)
    await office.say("chris", "hello")
    await office.say("chris", "hello")
    first = await office.last()
    assert [len(row) for row in labels(first)] == [5]
    second = (await office.click("chris", button(first, "More…"))).body["update"]
    assert labels(second) == [["In a window", "In a window", "Settings", "Help", "More…"]]
    again = (await office.click("chris", button(second, "More…"))).body["update"]
    assert labels(again) == labels(first)


async def test_language_can_be_chosen_and_given_back(office: Office) -> None:
    text = (await office.slash("anna", "/sekretar язык en")).body["text"]
    assert text == "From now on I speak English with you."
    assert (await office.slash("anna", "/sekretar about")).body["text"] == "Sekretar 0.1.0"
    text = (await office.slash("anna", "/sekretar language auto")).body["text"]
    assert "профиля Mattermost: Русский" in text
    assert "Which language" in (await office.slash("chris", "/sekretar language fr")).body["text"]


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("Asia/Yekaterinburg", "Asia/Yekaterinburg"),
        ("asia/yekaterinburg", "Asia/Yekaterinburg"),
        ("Екатеринбург", "Asia/Yekaterinburg"),
        ("Нью-Йорк", "America/New_York"),
        ("new york", "America/New_York"),
        ("UTC", "UTC"),
    ],
)
async def test_a_zone_is_found_by_name_and_by_city(
    office: Office, database: Database, typed: str, zone: str
) -> None:
    await office.slash("chris", f"/sekretar zone {typed}")
    async with database.reading() as session:
        assert (await session.scalars(select(PersonRow.chosen_zone))).one() == zone
    text = (await office.slash("chris", "/sekretar zone auto")).body["text"]
    assert "Europe/Moscow" in text


async def test_a_misspelt_zone_is_offered_back(office: Office) -> None:
    text = (await office.slash("chris", "/sekretar zone Mosow")).body["text"]
    assert "* `/sekretar zone Europe/Moscow`" in text
    text = (await office.slash("chris", "/sekretar zone Mordor-on-Sea")).body["text"]
    assert "Name a city" in text


async def test_settings_say_what_is_set_and_change_in_place(office: Office) -> None:
    await office.say("chris", "settings")
    panel = await office.last()
    assert "**Time zone:** Europe/Moscow" in panel["message"]
    assert button(panel, "English")["style"] == "primary"
    update = (await office.click("chris", button(panel, "Step by step"))).body["update"]
    assert button(update, "Step by step")["style"] == "primary"
    update = (await office.click("chris", button(panel, "Русский"))).body["update"]
    assert "**Язык:** Русский" in update["message"]
    assert button(update, "По шагам")["style"] == "primary"


async def test_the_help_button_answers_in_words(office: Office) -> None:
    await office.say("chris", "hello")
    await office.say("chris", "hello")
    body = (await office.click("chris", await office.button("Help"))).body
    assert "`/sekretar language ru|en|auto`" in body["ephemeral_text"]


async def test_a_word_of_several_commands_is_asked_back(office: Office, feature: Feature) -> None:
    feature.chat.command(
        Subcommand("calendar", "settings", "mattermost.own.about_help", feature.today, aliases=("настройки",))
    )
    for word in ("settings", "Настройки"):
        await office.say("anna", word)
        question = str(await office.last())
        assert f"/calendar {word}" in question
        assert f"/sekretar {word}" in question
    assert feature.asked == []
    await office.say("anna", "calendar settings")
    assert feature.asked == [""]


async def test_only_those_whom_a_text_in_a_channel_concerns_are_asked(
    database: Database, clock: ManualClock
) -> None:
    heard: list[str] = []

    async def listen(post: IncomingPost) -> bool:
        heard.append(post.text)
        return False

    chat = Chat()
    chat.on_post(listen, lambda text: "ticket" in text)
    office = open_office(database, clock, chat)
    await office.say("chris", "good morning", channel="townsquare", kind="O")
    async with database.reading() as session:
        assert (await session.scalars(select(PersonRow))).all() == [], "nobody is looked up for it"
    await office.say("chris", "a ticket", channel="townsquare", kind="O")
    assert heard == ["a ticket"]


async def test_edits_are_told_to_who_wants_them_and_not_those_of_robots(
    office: Office, feature: Feature, clock: ManualClock
) -> None:
    edits: list[EditedPost] = []

    async def listen(post: EditedPost) -> None:
        edits.append(post)

    feature.chat.on_edit(listen)
    await office.change("chris", "p", "better", clock.now(), channel="townsquare")
    await office.change("chris", "q", "hook", clock.now(), channel="townsquare", from_webhook="true")
    assert [(edit.id, edit.text, edit.person.username, edit.said_at) for edit in edits] == [
        ("p", "better", "chris", clock.now())
    ]
