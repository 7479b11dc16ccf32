"""One ticket in the chat: shown with what can be done, done once, and shown as it is afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.integration.mattermost.surface_desk import labels, user_id
from tests.integration.tickets.paper import DOING, MEMBERS, STRICT, PaperSite
from tests.integration.tickets.paper_office import House, open_house

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerDown
from sekretar.mattermost import sent
from sekretar.mattermost.sent import SentMessage
from sekretar.trackers.errors import FateUnknown
from sekretar.trackers.values import Choice

#: Where the card stands that was sent to the direct messages; a click there comes with it.
POST = "post"


@pytest.fixture
async def house(database: Database, clock: ManualClock) -> House:
    house = await open_house(database, clock)
    house.site.put("Mast 77 leans", by="boris")
    return house


async def opened(house: House, words: str = "show 1") -> dict[str, Any]:
    """The card as a message that can be edited, as it is in the direct messages."""
    shown = await house.slash(words)
    assert "Mast 77 leans" in str(shown)
    for attachment in shown["attachments"]:
        for action in attachment["actions"]:
            action["integration"]["context"].pop("ephemeral")
    async with house.office.desk.database.transaction() as session:
        message = SentMessage("card", "dm", POST, "", "")
        await sent.remember(session, message, house.office.clock.now())
    return shown


def told(answer: dict[str, Any]) -> str:
    return str(answer["update"]["message"])


async def edited(house: House) -> str:
    return (await house.office.edits())["card"]


async def test_a_card_shows_the_ticket_and_what_can_be_done(house: House) -> None:
    shown = await house.slash("show #t1")
    card = shown["attachments"][0]
    assert card["title"] == "#1 Mast 77 leans"
    assert card["title_link"] == "https://tracker.example.com/issues/1"
    fields = {each["title"]: each["value"] for each in card["fields"]}
    assert fields == {
        "Status": "New", "Assignee": "nobody yet", "Project": "Website", "Type": "Task", "Author": "Boris",
    }  # fmt: skip
    assert labels(shown) == [["Take", "Comment", "Log time", "Due date"], ["Assign to", "Change status"]]
    steps = shown["attachments"][1]["actions"][1]["options"]
    assert [each["text"] for each in steps] == ["In progress", "Closed"]


@pytest.mark.parametrize("words", ["show 1", "show #1", "покажи https://tracker.example.com/issues/1"])
async def test_a_ticket_is_named_as_people_name_it(house: House, words: str) -> None:
    assert "Mast 77 leans" in str(await house.slash(words))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("show", "Which task?"),
        ("show soon", "is no task"),
        ("show 99", "has no such thing"),
    ],
)
async def test_what_is_no_ticket(house: House, words: str, said: str) -> None:
    assert said in (await house.slash(words))["text"]


async def test_the_tracker_is_the_one_whose_keys_look_like_this(
    database: Database, clock: ManualClock
) -> None:
    queues = PaperSite("queues", keys=r"[A-Z]+-[1-9][0-9]*")
    other = PaperSite("other")
    house = await open_house(database, clock, queues, other)
    await house.connect("chris", "boris", "queues")
    await house.connect("chris", "boris", "other")
    queues.tickets["DESK-12"] = queues.put("From the queue", by="boris")
    other.put("From the other")
    assert "From the queue" in str(await house.slash("show desk-12"))
    asked = await house.slash("show 1")
    assert labels(asked) == [["redmine", "other"]]
    await house.press(asked, "other")
    assert "From the other" in str((await house.payloads("chris"))[-1])


async def test_taking_twice_is_taking_once(house: House) -> None:
    shown = await opened(house)
    assert told(await house.press(shown, "Take")) == "✅ Now it is with Chris."
    version = house.site.tickets["1"].version
    again = await house.press(shown, "Take")
    assert told(again) == "✅ It is with Chris already."
    assert labels(again["update"])[0] == ["Comment", "Log time", "Due date"]
    assert house.site.tickets["1"].version == version


async def test_what_somebody_else_took_meanwhile_stays_theirs(house: House) -> None:
    shown = await opened(house)
    house.site.elsewhere("1", assignee=MEMBERS["anna"])
    answer = await house.press(shown, "Take")
    assert "Somebody has changed this meanwhile" in told(answer)
    assert "'value': 'Anna'" in str(answer["update"])
    assert house.site.tickets["1"].assignee == MEMBERS["anna"]


async def test_a_change_of_something_else_is_no_obstacle(house: House) -> None:
    shown = await opened(house)
    house.site.elsewhere("1", subject="Mast 77 leans more")
    assert "with Chris" in told(await house.press(shown, "Take"))
    assert house.site.tickets["1"].subject == "Mast 77 leans more"


async def test_a_field_that_is_not_taken_over_is_named(house: House) -> None:
    house.site.ignoring = frozenset({"assignee"})
    answer = await house.press(await opened(house), "Take")
    assert told(answer).startswith("⚠️ redmine did not take over: Assignee.")


async def test_people_of_the_chat_are_found_in_the_tracker(house: House) -> None:
    shown = await opened(house)
    answer = await house.choose(shown, "Assign to", user_id("boris"))
    assert told(answer) == "✅ Now it is with Boris."
    answer = await house.choose(shown, "Assign to", "x" * 26)
    assert answer["ephemeral_text"] == "There is nobody like this in Mattermost."


async def test_a_step_is_taken_and_one_that_is_over_is_said(house: House) -> None:
    shown = await opened(house)
    assert told(await house.choose(shown, "Change status", DOING.id)) == "✅ Status: In progress."
    again = await house.choose(shown, "Change status", DOING.id)
    assert "not open from the present status" in told(again)
    assert house.site.tickets["1"].status == DOING


async def test_what_a_step_wants_is_asked_for(house: House) -> None:
    house.site.closing_needs = "due"
    shown = await opened(house)
    assert await house.choose(shown, "Change status", "5") == {}
    asked = house.office.server.dialogs[-1]["elements"]
    assert [each["name"] for each in asked] == ["due", "comment"]
    assert await house.fill(due="tomorrow", comment="Straight again") == {}
    assert await edited(house) == "✅ Status: Closed."
    assert house.site.tickets["1"].status.closed
    assert house.site.comments["1"][0].text == "Straight again"


async def test_a_step_may_want_what_the_house_has_invented(house: House) -> None:
    house.site.closing_needs = "custom:9"
    house.site.elsewhere("1", project=Choice(STRICT.id, STRICT.name))
    await house.choose(await opened(house), "Change status", "5")
    asked = house.office.server.dialogs[-1]["elements"]
    assert [each["display_name"] for each in asked] == ["Customer", "Comment"]
    assert "custom:9" in (await house.fill())["errors"]
    assert await house.fill(**{"custom:9": "Town hall"}) == {}
    assert house.site.tickets["1"].status.closed


async def test_what_a_step_wants_and_cannot_be_asked_for_is_named(house: House) -> None:
    house.site.closing_needs = "parent"
    answer = await house.choose(await opened(house), "Change status", "5")
    assert "This step also wants: Part of." in answer["ephemeral_text"]
    assert "https://tracker.example.com/issues/1" in answer["ephemeral_text"]


async def test_a_comment_stands_below_the_ticket_and_the_card_is_renewed(house: House) -> None:
    await house.press(await opened(house), "Comment")
    assert await house.fill(text="I was *there*") == {}
    assert [each.text for each in house.site.comments["1"]] == ["I was *there*"]
    assert await edited(house) == "✅ The comment is written."
    rows = [row for row in await house.office.rows() if row.kind == "mattermost.edit"]
    assert "I was \\\\*there\\\\*" in str(rows[-1].payload["props"])


async def test_a_comment_whose_answer_was_lost_is_looked_for(house: House) -> None:
    house.site.lost = FateUnknown("redmine")
    await house.press(await opened(house), "Comment")
    await house.fill(text="Here")
    assert await edited(house) == "✅ The comment is written."


async def test_time_is_logged_once_however_often_it_is_sent(house: House) -> None:
    await house.press(await opened(house), "Log time")
    assert "spent" in (await house.fill(spent="a while"))["errors"]
    assert await house.fill(spent="полтора часа", comment="Ladder") == {}
    assert "error" in await house.fill(spent="полтора часа")
    ((key, time),) = house.site.times
    today = house.office.clock.now().date()
    assert (key, time.spent, time.on, time.comment, time.activity) == (
        "1", timedelta(minutes=90), today, "Ladder", "9",
    )  # fmt: skip
    assert await edited(house) == "✅ The time is logged."


async def test_time_whose_answer_was_lost_is_not_logged_again(house: House) -> None:
    house.site.lost = FateUnknown("redmine")
    await house.press(await opened(house), "Log time")
    assert await house.fill(spent="1") == {}
    assert "Look there before you log it again" in await edited(house)
    assert "error" in await house.fill(spent="1")
    assert len(house.site.times) == 1


async def test_a_last_day_in_words_and_none(house: House) -> None:
    shown = await opened(house)
    await house.press(shown, "Due date")
    await house.fill(due="послезавтра")
    due = house.site.tickets["1"].due
    assert due == house.office.clock.now().date() + timedelta(days=2)
    await house.press(shown, "Due date")
    await house.fill(due="завтра")
    assert "Somebody has changed this meanwhile" in await edited(house)
    assert house.site.tickets["1"].due == due
    await house.press(await opened(house), "Due date")
    await house.fill(due="")
    assert house.site.tickets["1"].due is None


async def test_a_tracker_that_is_down_leaves_the_form_open_with_what_was_typed(house: House) -> None:
    await house.press(await opened(house), "Comment")
    house.site.down = PeerDown("redmine")
    assert "does not answer" in (await house.fill(text="Here"))["error"]
    house.site.down = None
    assert await house.fill(text="Here") == {}
    assert len(house.site.comments["1"]) == 1


async def test_what_is_done_stays_done_when_the_ticket_cannot_be_read_then(house: House) -> None:
    await house.press(await opened(house), "Log time")

    def goes_down() -> None:
        house.site.down = PeerDown("redmine")

    house.site.then = goes_down
    assert await house.fill(spent="1") == {}
    assert (await edited(house)).startswith("The time is logged.")
    assert len(house.site.times) == 1


async def test_a_refused_key_is_noted(house: House) -> None:
    shown = await opened(house)
    house.site.refused.add("chris")
    assert "/task connect redmine" in (await house.press(shown, "Take"))["ephemeral_text"]
    house.site.refused.clear()
    assert "/task connect redmine" in (await house.slash("show 1"))["text"]
    await house.connect("chris", "chris")
    assert "Mast 77 leans" in str(await house.slash("show 1"))


async def test_nobody_acts_with_somebody_else_s_card(house: House) -> None:
    shown = await opened(house)
    await house.connect("boris", "boris")
    assert "update" not in await house.press(shown, "Take", "boris")
    assert house.site.tickets["1"].assignee is None


async def test_the_list_opens_a_card(house: House) -> None:
    shown = await house.slash("find mast")
    await house.choose(shown, "Open a task", "1")
    assert "#1 Mast 77 leans" in str((await house.payloads("chris"))[-1])
