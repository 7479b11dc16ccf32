"""Several tickets at once: shown, decided, made one by one; a failure half-way loses and doubles nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.integration.mattermost.surface_desk import button, labels
from tests.integration.tickets.paper_office import House, open_house

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerDown, PeerForbidden
from sekretar.trackers.errors import FieldProblem, InvalidFields
from sekretar.trackers.requests import Draft

TEXT = "1. Order passes @boris by Friday #site !high\n2. Call the bank @anna #site\n3. Write it down #site"


@pytest.fixture
async def house(database: Database, clock: ManualClock) -> House:
    return await open_house(database, clock)


def failing_at(subject: str, error: Exception) -> Callable[[Draft], None]:
    def check(draft: Draft) -> None:
        if draft.subject == subject:
            raise error

    return check


async def test_without_an_account_the_way_to_one_is_told(house: House) -> None:
    shown = await house.slash(f"list {TEXT}", "anna")
    assert "/task connect redmine" in shown["text"]


async def test_a_wrong_key_is_told_at_its_field_and_not_kept(house: House) -> None:
    answer = await house.connect("anna", "nonsense")
    assert "key" in answer["errors"]
    assert "/task connect" in (await house.slash(f"list {TEXT}", "anna"))["text"]


async def test_what_is_shown_is_what_is_made(house: House) -> None:
    shown = await house.slash(f"list {TEXT}")
    assert "| 1 | Order passes | Boris | 6 March | Website | High |" in shown["text"]
    assert labels(shown) == [["Create all 3", "Edit", "Cancel"]]
    assert house.site.tickets == {}

    pressed = await house.press(shown, "Create all 3")
    assert pressed["ephemeral_text"] == "Making 3 tasks …"
    await house.work()
    assert house.site.subjects == ["Order passes", "Call the bank", "Write it down"]
    first = house.site.tickets["1"]
    assert first.assignee is not None
    assert (first.assignee.login, str(first.due), first.author.login) == ("boris", "2026-03-06", "chris")

    assert "3 tasks are made" in (await house.payloads("chris"))[-1]["message"]
    told = (await house.payloads("boris"))[-1]["message"]
    assert "Chris" in told
    assert "[\\#1](https://tracker.example.com/issues/1) Order passes" in told
    assert "Call the bank" not in told
    (summary,) = await house.posted()
    assert "@chris" in summary
    assert "Order passes · Boris · by 6 March 2026" in summary


async def test_two_clicks_make_one_of_each(house: House) -> None:
    shown = await house.slash(f"list {TEXT}")
    await house.press(shown, "Create all 3")
    again = await house.press(shown, "Create all 3")
    assert "being made right now" in again["ephemeral_text"]
    await house.work()
    await house.work()
    assert "made already" in (await house.press(shown, "Create all 3"))["ephemeral_text"]
    assert len(house.site.tickets) == 3
    assert len(await house.posted()) == 1


async def test_lines_that_cannot_be_made_are_named_and_the_others_can_be(house: House) -> None:
    shown = await house.slash(
        "list 1. Good #site\n2. Who @nobody #site\n3. Old #attic\n4. Hard #strict\n5. @boris"
    )
    assert labels(shown) == [["Create 1 of 5", "Edit", "Cancel"]]
    for said in ("Line 2: there is nobody called", "Line 3: the project Attic is closed",
                 "Line 4: Strict also wants: Customer", "Line 5: there is no text"):  # fmt: skip
        assert said in shown["text"]
    await house.press(shown, "Create 1 of 5")
    await house.work()
    assert house.site.subjects == ["Good"]


async def test_the_tracker_goes_down_half_way_and_the_rest_waits_for_a_word(house: House) -> None:
    house.site.before = failing_at("Call the bank", PeerDown("redmine"))
    shown = await house.slash(f"list {TEXT}")
    await house.press(shown, "Create all 3")
    await house.work()
    told = (await house.payloads("chris"))[-1]
    assert "1 task is made" in told["message"]
    assert "2 tasks are still waiting: redmine does not answer" in str(told["props"])
    assert await house.posted() == []
    assert len(await house.payloads("boris")) == 1

    house.site.before = failing_at("", PeerDown("redmine"))
    await house.work()
    assert house.site.subjects == ["Order passes"], "nothing goes on without the person's word"
    await house.press(told, "Go on")
    await house.work()
    assert house.site.subjects == ["Order passes", "Call the bank", "Write it down"]
    assert len(await house.payloads("boris")) == 1, "what was told is not told again"
    assert len(await house.posted()) == 1


@pytest.mark.parametrize("words", [f"list {TEXT}", "new Order passes @boris by Friday #site !high"])
async def test_a_tracker_that_is_down_at_first_keeps_the_text_until_the_person_asks_again(
    house: House, words: str
) -> None:
    house.site.down = PeerDown("redmine")
    kept = await house.slash(words)
    assert "redmine does not answer" in str(kept)
    assert "before you say so" in str(kept)
    await house.press(kept, "Try again")
    still = (await house.payloads("chris"))[-1]
    assert "before you say so" in str(still)
    house.site.down = None
    await house.work()
    assert house.site.tickets == {}
    shown = await house.press(still, "Try again")
    await house.press(shown["update"], labels(shown["update"])[0][0])
    await house.work()
    assert house.site.subjects[0] == "Order passes"
    assert "newer preview" in (await house.press(kept, "Try again"))["ephemeral_text"]


async def test_a_list_in_the_form_is_kept_too(house: House) -> None:
    await house.slash("list")
    house.site.down = PeerDown("redmine")
    assert await house.fill(tasks=TEXT) == {}
    kept = (await house.payloads("chris"))[-1]
    house.site.down = None
    await house.press(kept, "Edit")
    tasks = next(each for each in house.office.server.dialogs[-1]["elements"] if each["name"] == "tasks")
    assert tasks["default"] == TEXT


async def test_a_right_that_is_missing_for_some_lines_keeps_the_others_not_back(house: House) -> None:
    house.site.before = failing_at("Call the bank", PeerForbidden("redmine"))
    shown = await house.slash(f"list {TEXT}")
    await house.press(shown, "Create all 3")
    await house.work()
    assert house.site.subjects == ["Order passes", "Write it down"]
    assert "line 2, Call the bank" in (await house.payloads("chris"))[-1]["message"]


async def test_a_message_as_long_as_messages_can_be(house: House) -> None:
    text = "\n".join(f"{row}. | {'слово ' * 25}@boris 09.05.2020 #site" for row in range(1, 89))
    assert 15_500 < len(text) < 16_383
    shown = await house.slash(f"list {text}")
    assert all(len(each["text"]) < 16_383 for each in (shown, *shown["extra_responses"]))
    assert labels(shown["extra_responses"][-1])[0][0].startswith("Create all ")
    single = await house.slash(f"list {'слово ' * 2600}#site")
    assert "Create 1" in str(labels(single))
    await house.press(single, "Create 1")
    await house.work()
    (ticket,) = house.site.tickets.values()
    assert (len(ticket.subject) <= 255, len(ticket.description) > 15_000) == (True, True)


async def test_an_answer_that_was_lost_doubles_nothing(house: House) -> None:
    house.site.after = failing_at("Call the bank", PeerDown("redmine"))
    shown = await house.slash(f"list {TEXT}")
    await house.press(shown, "Create all 3")
    await house.work()
    await house.press((await house.payloads("chris"))[-1], "Go on")
    await house.work()
    assert house.site.subjects == ["Order passes", "Call the bank", "Write it down"]


async def test_a_row_that_the_tracker_refuses_can_be_mended_alone(house: House) -> None:
    problem = InvalidFields("redmine", [FieldProblem("subject", "Subject is a secret")])
    house.site.before = failing_at("Call the bank", problem)
    shown = await house.slash(f"list {TEXT}")
    await house.press(shown, "Create all 3")
    await house.work()
    told = (await house.payloads("chris"))[-1]
    assert "line 2, Call the bank: redmine does not take it: Subject is a secret" in told["message"]

    await house.press(told, "Mend and try again")
    tasks = next(each for each in house.office.server.dialogs[-1]["elements"] if each["name"] == "tasks")
    assert tasks["default"] == "2. Call the bank @anna #site"
    await house.fill(tasks="Call the good bank @anna #site")
    await house.press((await house.payloads("chris"))[-1], "Create 1")
    await house.work()
    assert house.site.subjects == ["Order passes", "Write it down", "Call the good bank"]


async def test_a_key_that_is_not_accepted_any_more_stops_the_batch(house: House) -> None:
    shown = await house.slash(f"list {TEXT}")
    house.site.refused.add("chris")
    await house.press(shown, "Create all 3")
    await house.work()
    told = (await house.payloads("chris"))[-1]
    assert "does not accept your key any more" in str(told["props"])
    house.site.refused.clear()
    await house.press(told, "Go on")
    await house.work()
    assert house.site.tickets == {}, "the key has to be given anew"
    await house.connect("chris", "chris")
    await house.press((await house.payloads("chris"))[-2], "Go on")
    await house.work()
    assert len(house.site.tickets) == 3


async def test_the_form_keeps_what_was_typed(house: House) -> None:
    await house.slash("list")
    answer = await house.fill(tasks="Good\nWho @nobody", project="site")
    assert answer == {}
    shown = (await house.payloads("chris"))[-1]
    await house.press(shown, "Edit")
    elements = {each["name"]: each.get("default") for each in house.office.server.dialogs[-1]["elements"]}
    assert elements == {"project": "site", "tasks": "Good\nWho @nobody"}
    await house.fill(tasks="Good\nWho @boris")
    assert "newer preview" in (await house.press(shown, "Create 1 of 2"))["ephemeral_text"]
    await house.press((await house.payloads("chris"))[-1], "Create all 2")
    await house.work()
    assert house.site.subjects == ["Good", "Who"]


async def test_nothing_is_made_of_what_was_cancelled(house: House) -> None:
    shown = await house.slash(f"list {TEXT}")
    assert (await house.press(shown, "Cancel"))["ephemeral_text"] == "No task was made."
    assert "was cancelled" in (await house.press(shown, "Create all 3"))["ephemeral_text"]
    await house.work()
    assert house.site.tickets == {}


async def test_a_list_belongs_to_who_wrote_it(house: House) -> None:
    shown = await house.slash(f"list {TEXT}")
    answer = await house.office.click("boris", button(shown, "Create all 3"))
    assert "Making" not in str(answer.body)
    await house.work()
    assert house.site.tickets == {}


@pytest.mark.parametrize("text", ["", "Итоги:\n1."])
async def test_a_text_without_tasks(house: House, text: str) -> None:
    await house.slash("list")
    answer = await house.fill(tasks=text or " \n ")
    assert "tasks" in answer["errors"]


async def test_too_many_at_once(house: House) -> None:
    shown = await house.slash("list " + "\n".join(f"{number}. task #site" for number in range(1, 102)))
    assert "More than 100 tasks" in shown["text"]
