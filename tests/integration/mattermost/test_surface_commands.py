"""Slash commands through the callback: tokens, help, near misses, time."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs
from tests.integration.mattermost.surface_desk import TOKEN, Office, button, labels, open_office, user_id

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerDown, PersonError
from sekretar.kernel.secrets import Vault, generate_key
from sekretar.kernel.text import Markdown
from sekretar.mattermost import command_tokens
from sekretar.mattermost.chat import Chat, CommandRequest, Reply, Subcommand
from sekretar.mattermost.messages import Attachment, Button, Message
from sekretar.mattermost.slash import RESPONSE_LIFETIME
from sekretar.mattermost.surface import Limits


class Feature:
    """A calendar that only says what it was asked."""

    def __init__(self) -> None:
        self.chat = Chat()
        self.seen: list[CommandRequest] = []
        self.error: Exception | None = None
        self.gate: asyncio.Event | None = None
        self.reply = Reply(Message(Markdown("two meetings")))
        for name, aliases, admin in (
            ("today", ("сегодня",), False),
            ("connect", ("подключить",), False),
            ("purge", (), True),
        ):
            self.chat.command(
                Subcommand(
                    trigger="calendar",
                    name=name,
                    aliases=aliases,
                    help_key="mattermost.own.about_help",
                    handler=self.handle,
                    admin=admin,
                )
            )

    async def handle(self, request: CommandRequest) -> Reply:
        self.seen.append(request)
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        return self.reply


@pytest.fixture
def feature() -> Feature:
    return Feature()


async def test_a_command_is_answered_to_the_asker_alone(office: Office, feature: Feature) -> None:
    answer = await office.slash("anna", "/calendar СЕГОДНЯ  «две недели»   --all")
    assert answer.status == 200
    assert answer.body["response_type"] == "ephemeral"
    assert answer.body["text"] == "two meetings"
    assert answer.body["skip_slack_parsing"] is True
    assert feature.seen[0].args.words == ("две недели", "--all")
    assert feature.seen[0].person.username == "anna"
    assert feature.seen[0].person.language == "ru"


@pytest.mark.parametrize("token", ["", "x" * 26, "т" * 26, TOKEN[:-1]])
async def test_a_command_without_our_token_is_refused(office: Office, feature: Feature, token: str) -> None:
    answer = await office.slash("anna", "/calendar today", token=token)
    assert (answer.status, dict(answer.body)) == (401, {"error": "unauthorized"})
    assert feature.seen == []
    assert office.surface.watch.count("unknown_token") == 1


async def test_a_stored_token_is_good_for_its_own_command_only(
    office: Office, database: Database, clock: ManualClock
) -> None:
    async with database.transaction() as session:
        await command_tokens.save(
            session,
            Vault([generate_key()]),
            team_id="team",
            command_id="command",
            trigger="calendar",
            token="s" * 26,
            now=clock.now(),
        )
    assert (await office.slash("anna", "/calendar today", token="s" * 26)).status == 200
    assert (await office.slash("anna", "/sekretar", token="s" * 26)).status == 401


@pytest.mark.parametrize(
    "change",
    [
        {"command": ""},
        {"user_id": "u" * 65},
        {"text": "x" * 20_000},
        {"channel_id": ""},
        {"trigger_id": "t" * 5000},
        {"text": "nul\0"},
        {"token": "\udcff"},
    ],
)
async def test_garbage_is_refused_without_a_word(office: Office, change: dict[str, str]) -> None:
    answer = await office.slash("anna", "/calendar today", **change)
    assert (answer.status, dict(answer.body)) == (400, {"error": "bad request"})


async def test_an_empty_form_is_garbage(office: Office) -> None:
    assert (await office.surface.callbacks.command({})).status == 400


async def test_help_in_both_languages_hides_what_is_for_administrators(office: Office) -> None:
    russian = (await office.slash("anna", "/calendar помощь")).body["text"]
    english = (await office.slash("chris", "/calendar")).body["text"]
    assert "`/calendar сегодня`" in russian
    assert "`/calendar today`" in english
    assert "purge" not in russian + english
    assert "`/sekretar help`" in english


async def test_commands_for_administrators_are_refused_to_others(office: Office, feature: Feature) -> None:
    answer = await office.slash("chris", "/calendar purge")
    assert answer.body["text"] == "This command is for administrators."
    assert feature.seen == []


@pytest.mark.parametrize("typed", ["todya", "ещвфн", "tod", "Todaу"])
async def test_a_near_miss_is_offered_back_with_the_help(
    office: Office, feature: Feature, typed: str
) -> None:
    text = (await office.slash("chris", f"/calendar {typed}")).body["text"]
    assert "Did you mean:\n* `/calendar today`" in text
    assert "What `/calendar` can do" in text
    assert feature.seen == []


async def test_what_resembles_nothing_is_quoted_harmlessly(office: Office) -> None:
    text = (await office.slash("chris", "/calendar @all")).body["text"]
    assert "`@all`" in text
    assert "Did you mean" not in text


async def test_a_command_without_its_feature_says_so(office: Office) -> None:
    text = (await office.slash("chris", "/task buy milk")).body["text"]
    assert text == "`/task` is not set up here yet, so I cannot do anything with it."


async def test_long_work_is_answered_later(database: Database, clock: ManualClock, feature: Feature) -> None:
    office = open_office(database, clock, feature.chat, Limits(command=0.05))
    feature.gate = asyncio.Event()
    answer = await office.slash("chris", "/calendar today")
    assert answer.body["text"].startswith("One moment")
    feature.gate.set()
    (row,) = await office.rows()
    assert row.kind == "mattermost.respond"
    assert row.payload["response_url"].endswith("/hooks/commands/abc")
    assert row.payload["body"]["text"] == "two meetings"
    assert row.payload["user_id"] == user_id("chris")
    assert row.expires_at == clock.now() + RESPONSE_LIFETIME


async def test_a_slow_look_at_the_person_is_no_excuse(
    database: Database, clock: ManualClock, feature: Feature
) -> None:
    office = open_office(database, clock, feature.chat, Limits(command=0.05))
    office.profiles.slow = asyncio.Event()
    assert (await office.slash("anna", "/calendar today")).body["text"].startswith("One moment")
    office.profiles.slow.set()
    assert [row.kind for row in await office.rows()] == ["mattermost.respond"]


async def test_a_persons_mistake_is_explained(office: Office, feature: Feature) -> None:
    feature.error = PersonError("mattermost.own.zone_unknown", name="@all")
    text = (await office.slash("chris", "/calendar today")).body["text"]
    assert text.startswith("I don't know the time zone")
    assert "@all" not in text


async def test_a_silent_peer_is_named(office: Office, feature: Feature) -> None:
    feature.error = PeerDown("caldav", "connection refused to 10.0.0.7")
    text = (await office.slash("chris", "/calendar today")).body["text"]
    assert text.startswith("The calendar server is not answering")
    assert "10.0.0.7" not in text


async def test_our_mistake_has_one_number_in_the_log_and_before_the_person(
    office: Office, feature: Feature
) -> None:
    feature.error = RuntimeError("secret detail")
    with capture_logs() as logs:
        text = (await office.slash("chris", "/calendar today")).body["text"]
    (entry,) = [entry for entry in logs if entry["event"] == "mattermost_act_broke"]
    assert entry["incident"] in text
    assert "secret detail" not in text


async def test_deactivated_and_unknown_users_are_refused(office: Office, feature: Feature) -> None:
    office.profiles.gone.add("boris")
    for name in ("boris", "nobody"):
        text = (await office.slash(name, "/calendar today")).body["text"]
        assert "учётная запись" in text or "account" in text
    assert feature.seen == []


async def test_an_answer_longer_than_a_post_comes_in_several(office: Office, feature: Feature) -> None:
    attachment = Attachment(actions=(Button("Go", "go"),))
    feature.reply = Reply(Message(Markdown("word " * 5000), (attachment,)))
    body = (await office.slash("chris", "/calendar today")).body
    assert len(body["text"]) <= 16_383
    assert "attachments" not in body
    (rest,) = body["extra_responses"]
    assert button(rest, "Go")["integration"]["context"]["ephemeral"] is True
    assert f"{body['text']} {rest['text']}".split() == ["word"] * 5000


async def test_an_answer_for_everybody_is_posted_by_the_bot(office: Office, feature: Feature) -> None:
    feature.reply = Reply(Message(Markdown("for all")), ephemeral=False)
    answer = await office.slash("chris", "/calendar today", root_id="root")
    assert answer.body == {}
    (row,) = await office.rows()
    assert (row.kind, row.payload["channel_id"], row.payload["root_id"]) == (
        "mattermost.post",
        "townsquare",
        "root",
    )


async def test_the_first_sekretar_is_a_welcome_and_the_second_a_menu(office: Office) -> None:
    first = (await office.slash("chris", "/sekretar")).body
    assert first["text"].startswith("Hello, Chris.")
    assert labels(first) == [["What can you do?"]]
    second = (await office.slash("chris", "/sekretar")).body
    assert labels(second) == [["Settings", "Help"]]
