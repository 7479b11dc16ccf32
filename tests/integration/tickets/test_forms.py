"""One ticket by the tracker's form: filled in, made once, told; nothing that was typed is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

import pytest
from tests.integration.mattermost.surface_desk import button, labels, open_office, user_id
from tests.integration.tickets.paper_forms import LARGEST, FormSite
from tests.integration.tickets.paper_office import Directory, House

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerDown, PeerForbidden, PeerNotFound
from sekretar.kernel.jobs import InProcessJobs
from sekretar.kernel.meetings import Meetings
from sekretar.mattermost.chat import Chat
from sekretar.mattermost.events import Reacted
from sekretar.mattermost.models import ChannelMember, FileInfo, Post, Reaction
from sekretar.tickets.feature import Tickets
from sekretar.trackers.errors import FieldProblem, InvalidFields
from sekretar.trackers.port import TrackerSite
from sekretar.trackers.requests import Draft

CHAT_URL = "https://chat.example"
POST_ID = "p" * 26
FILES = {"f1": b"small", "f2": b"x" * (LARGEST + 1), "f3": b""}


class Channel(Directory):
    """One post with files, in a channel of Boris and Chris."""

    async def channel_member(self, channel_id: str, wanted: str) -> ChannelMember:
        if wanted not in (user_id("chris"), user_id("boris")):
            raise PeerNotFound("mattermost")
        return ChannelMember(channel_id=channel_id, user_id=wanted)

    async def file_info(self, file_id: str) -> FileInfo:
        size = 10**9 if file_id == "f3" else len(FILES[file_id])
        return FileInfo(id=file_id, name=f"{file_id}.png", size=size, mime_type="image/png")

    async def file_content(self, file_id: str) -> bytes:
        return FILES[file_id]


def say(house: House, text: str, *files: str) -> str:
    """A message in the channel; returns its address."""
    post = Post(id=POST_ID, channel_id="townsquare", user_id=user_id("boris"), message=text, file_ids=files)
    house.office.server.posts[POST_ID] = post
    return f"{CHAT_URL}/team/pl/{POST_ID}"


def asked(house: House) -> dict[str, dict[str, Any]]:
    """The questions of the dialog before Chris's eyes."""
    return {each["name"]: each for each in house.office.server.dialogs[-1]["elements"]}


def form_site(house: House) -> FormSite:
    assert isinstance(house.site, FormSite)
    return house.site


@pytest.fixture
async def house(database: Database, clock: ManualClock) -> House:
    chat = Chat()
    office = open_office(database, clock, chat)
    site, server = FormSite(), Channel()
    object.__setattr__(office.desk, "server", server)
    office.server = server
    sites = {site.name: cast(TrackerSite, site)}
    meetings = Meetings()
    tickets = Tickets(
        office.desk, sites, InProcessJobs(clock), meetings, chat_url=CHAT_URL, ticket_emoji="memo"
    )
    house = House(office, tickets, site, meetings)
    await house.connect("chris", "chris")
    return house


def failing(error: Exception, times: int = 1) -> Callable[[Draft], None]:
    left = [error] * times

    def check(draft: Draft) -> None:
        if left:
            raise left.pop()

    return check


async def test_the_form_of_the_chosen_project_becomes_a_ticket(house: House) -> None:
    shown = await house.slash("new")
    assert "Which project?" in shown["text"]
    options = [each["text"] for each in button(shown, "Choose a project")["options"]]
    assert options == ["Strict (strict)", "Website (site)"], "closed projects take no tickets"
    await house.choose(shown, "Choose a project", "1")
    assert list(asked(house)) == ["type", "subject", "description", "assignee", "due", "priority", "more"]
    assert asked(house)["priority"]["default"] == "2"
    assert "errors" in await house.fill(subject="Order passes", due="31.02.2026")
    assert await house.fill(subject="Order passes", due="friday") == {}
    (ticket,) = house.site.tickets.values()
    assert (ticket.subject, str(ticket.due)) == ("Order passes", "2026-03-06")


async def test_who_gets_a_ticket_hears_of_it(house: House) -> None:
    await house.slash("new #site")
    answer = await house.fill(
        subject="Order | passes",
        description="All of them",
        assignee=user_id("boris"),
        due="09.03.2026",
        priority="3",
    )
    assert answer == {}
    (ticket,) = house.site.tickets.values()
    assert (ticket.subject, ticket.description, str(ticket.due)) == (
        "Order | passes",
        "All of them",
        "2026-03-09",
    )
    assert ticket.assignee is not None
    assert (ticket.assignee.login, ticket.author.login) == ("boris", "chris")
    assert "1 task is made" in (await house.payloads("chris"))[-1]["message"]
    (told,) = await house.payloads("boris")
    assert "[\\#1](https://tracker.example.com/issues/1)" in told["message"]


async def test_a_type_that_wants_more_asks_for_it_and_keeps_the_rest(house: House) -> None:
    await house.slash("new #site")
    assert await house.fill(subject="It burns", type="2") == {}
    told = (await house.payloads("chris"))[-1]
    assert "Bug also wants: Severity" in str(told)
    assert house.site.tickets == {}
    await house.press(told, "Fill in")
    assert asked(house)["subject"]["default"] == "It burns"
    assert [each["value"] for each in asked(house)["custom:11"]["options"]] == ["s1", "s2"]
    await house.fill(**{"custom:11": "s1"})
    assert form_site(house).drafts[-1].custom == {"11": ("s1",)}
    assert form_site(house).drafts[-1].type == "2"


async def test_the_rarely_used_fields_come_on_request(house: House) -> None:
    await house.slash("new #strict")
    assert "custom:9" in asked(house)
    await house.fill(subject="Move", more="true", **{"custom:9": "ACME"})
    assert house.site.tickets == {}
    await house.press((await house.payloads("chris"))[-1], "More fields")
    assert list(asked(house)) == ["status", "start", "estimate", "done", "custom:12"]
    errors = (await house.fill(estimate="soon", **{"custom:12": "alpha, Gamma"}))["errors"]
    assert "2h 30m" in errors["estimate"]
    assert "Gamma" in errors["custom:12"]
    answer = await house.fill(
        status="2", start="09.03.2026", estimate="1d 2h", done="50", **{"custom:12": "beta, Alpha"}
    )
    assert answer == {}
    made = form_site(house).drafts[-1]
    assert (made.status, str(made.start), made.estimate, made.done) == (
        "2",
        "2026-03-09",
        timedelta(hours=10),
        50,
    )
    assert made.custom == {"9": ("ACME",), "12": ("b", "a")}


async def test_asked_step_by_step_the_same_ticket_is_made(house: House) -> None:
    house.office.server.trigger_expired = True
    await house.slash("new #site")
    for said in ("Task", "Call the bank", "skip", "@anna", "9.3", "High", "no"):
        await house.office.say("chris", said)
    await house.office.rows()
    (ticket,) = house.site.tickets.values()
    assert ticket.subject == "Call the bank"
    assert ticket.assignee is not None
    assert ticket.assignee.login == "anna"


async def test_what_the_tracker_says_of_a_field_stands_there_and_nothing_is_lost(house: House) -> None:
    problems = [FieldProblem("subject", "Subject is a secret"), FieldProblem("status", "Status is gone")]
    house.site.before = failing(InvalidFields("redmine", problems))
    await house.slash("new #site")
    answer = await house.fill(subject="Secret", description="Long typed")
    assert answer == {"errors": {"subject": "Subject is a secret"}, "error": "Status: Status is gone"}
    shown = await house.slash("new")
    assert "Not finished: **Secret** (Website)" in str(shown)
    await house.press(shown, "Go on")
    assert asked(house)["description"]["default"] == "Long typed"
    assert await house.fill(subject="Open") == {}
    assert house.site.subjects == ["Open"]
    assert "Not finished" not in str(await house.slash("new"))


async def test_nobody_is_given_what_they_cannot_take(house: House) -> None:
    await house.slash("new #site")
    errors = (await house.fill(subject="For Chris", assignee=user_id("chris")))["errors"]
    assert "Chris does not take tasks in Website" in errors["assignee"]
    assert await house.fill(subject="For nobody") == {}


async def test_while_the_tracker_is_down_the_draft_waits_for_a_word(house: House) -> None:
    await house.slash("new #site")
    house.site.before = failing(PeerDown("redmine"))
    assert await house.fill(subject="Later", assignee=user_id("boris")) == {}
    told = (await house.payloads("chris"))[-1]
    assert "redmine does not answer right now" in str(told)
    await house.tickets.making.run()
    assert house.site.tickets == {}, "nothing is made without the person's word"
    await house.press(told, "Create")
    assert house.site.subjects == ["Later"]
    assert "made already" in str(await house.press(told, "Create"))
    assert len(await house.payloads("boris")) == 1


async def test_an_answer_that_was_lost_makes_no_second_ticket_and_no_second_word(
    house: House, clock: ManualClock
) -> None:
    await house.connect("boris", "boris")
    await house.tickets.polling.poll("redmine")
    await house.slash("new #site")
    house.site.after = failing(PeerDown("redmine"))
    await house.fill(subject="Once", assignee=user_id("boris"))
    house.site.happens("1", "chris", created=True)
    clock.advance(timedelta(minutes=2))
    await house.tickets.polling.poll("redmine")
    before = await house.payloads("boris")
    assert "Once" in before[-1]["message"]
    await house.press((await house.payloads("chris"))[-1], "Create")
    assert house.site.subjects == ["Once"]
    assert "1 task is made" in (await house.payloads("chris"))[-1]["message"]
    assert await house.payloads("boris") == before


async def test_two_dialogs_of_one_draft_make_one_ticket(house: House) -> None:
    await house.slash("new #site")
    first = house.office.server.dialogs[-1]
    answers = {each["name"]: each.get("default", "") for each in first["elements"]} | {"subject": "Twice"}
    assert dict((await house.office.submit("chris", first, answers)).body or {}) == {}
    again = dict((await house.office.submit("chris", first, answers)).body or {})
    assert "error" in again
    assert house.site.subjects == ["Twice"]


async def test_a_process_that_died_half_way_is_made_good(house: House, clock: ManualClock) -> None:
    class Death(BaseException):
        pass

    def die(draft: Draft) -> None:
        house.site.after = lambda draft: None
        raise Death

    await house.slash("new #site")
    house.site.after = die
    with pytest.raises(Death):
        await house.fill(subject="Survivor", assignee=user_id("boris"))
    await house.tickets.making.run()
    assert await house.payloads("boris") == [], "somebody may still be at it"
    clock.advance(timedelta(minutes=6))
    await house.tickets.making.run()
    await house.tickets.making.run()
    assert house.site.subjects == ["Survivor"]
    assert len(await house.payloads("boris")) == 1


async def test_a_line_is_shown_first_and_can_go_on_in_the_form(house: House) -> None:
    shown = await house.slash("new Order passes @boris by 09.03.2026 #strict !high")
    assert "Strict also wants: Customer" in shown["text"]
    assert labels(shown) == [["Edit", "Cancel"], ["All fields"]]
    await house.press(shown, "All fields")
    known = {name: each.get("default") for name, each in asked(house).items()}
    assert (known["subject"], known["due"], known["priority"]) == ("Order passes", "2026-03-09", "3")
    assert known["assignee"] == user_id("boris")
    shown = await house.slash("new Call the bank @boris #site")
    await house.press(shown, "Create 1")
    await house.work()
    assert house.site.subjects == ["Call the bank"]


async def test_a_message_brings_its_words_its_address_and_its_files(house: House) -> None:
    link = say(house, "**Door** is broken!\nThe left one.", "f1", "f2", "f3")
    shown = await house.slash(f"new {link}")
    await house.choose(shown, "Choose a project", "1")
    assert asked(house)["subject"]["default"] == "Door is broken"
    await house.fill()
    made = form_site(house).drafts[-1]
    assert made.description == f"**Door** is broken!\nThe left one.\n\n{CHAT_URL}/_redirect/pl/{POST_ID}"
    assert [each.name for each in made.files] == ["f1.png"]
    assert "did not come along: f3.png, f2.png" in (await house.payloads("chris"))[-1]["message"]


async def test_a_long_message_goes_along_whole(house: House) -> None:
    text = "word " * 3200
    link = say(house, text)
    shown = await house.slash(f"new {link} Read this")
    await house.choose(shown, "Choose a project", "1")
    await house.fill()
    made = form_site(house).drafts[-1]
    assert made.subject == "Read this"
    assert text.strip() in made.description


async def test_nothing_is_read_for_who_is_not_in_the_channel(house: House) -> None:
    link = say(house, "Secret plan", "f1")
    await house.connect("anna", "anna")
    shown = await house.slash(f"new {link}", "anna")
    answer = await house.choose(shown, "Выбрать проект", "1", "anna")
    assert "Secret" not in str(shown) + str(answer)
    assert house.office.server.dialogs[-1]["callback_id"] != "tickets.new"


async def test_in_a_thread_it_is_about_the_thread(house: House) -> None:
    say(house, "The lift is stuck")
    answer = await house.office.slash("chris", "/task new", root_id=POST_ID)
    await house.choose(dict(answer.body or {}), "Choose a project", "1")
    assert asked(house)["subject"]["default"] == "The lift is stuck"


async def test_the_emoji_offers_a_ticket_once(house: House, clock: ManualClock) -> None:
    say(house, "The lift is stuck")
    reaction = Reaction(user_id=user_id("chris"), post_id=POST_ID, emoji_name="memo", create_at=clock.now())
    for _ in range(2):
        await house.office.surface.home.on_reacted(Reacted(reaction, channel_id="townsquare", removed=False))
    (offer,) = [each for each in await house.payloads("chris") if "Make a task" in each["message"]]
    await house.choose(offer, "Choose a project", "1")
    await house.fill()
    assert house.site.subjects == ["The lift is stuck"]
    stranger = Reaction(user_id=user_id("boris"), post_id=POST_ID, emoji_name="memo", create_at=clock.now())
    await house.office.surface.home.on_reacted(Reacted(stranger, channel_id="townsquare", removed=False))
    assert await house.payloads("boris") == [], "who is in no tracker means something else by it"


async def test_what_was_discarded_is_gone(house: House) -> None:
    await house.slash("new #site")
    house.site.before = failing(PeerForbidden("redmine"))
    assert "does not allow you this" in (await house.fill(subject="Never"))["error"]
    shown = await house.slash("new")
    await house.press(shown, "Discard")
    assert "discarded" in str(await house.press(shown, "Go on"))
    assert "Not finished" not in str(await house.slash("new"))


async def test_an_unknown_project_is_told(house: House) -> None:
    assert "no open project “attic”" in (await house.slash("new #attic"))["text"]
