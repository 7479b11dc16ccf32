"""Lists of tickets: each tracker through the person's own eyes, and one that fails hides nothing of the others."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from tests.integration.mattermost.surface_desk import labels
from tests.integration.tickets.paper import CLOSED_STATUS, PaperSite
from tests.integration.tickets.paper_office import House, open_house

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerDown


@pytest.fixture
async def house(database: Database, clock: ManualClock) -> House:
    return await open_house(database, clock)


def tables(shown: dict[str, Any]) -> str:
    attachments = shown.get("attachments") or shown.get("props", {}).get("attachments", [])
    return "\n".join(each.get("text", "") for each in attachments)


async def test_my_tickets_are_mine_and_open_and_what_is_due_comes_first(house: House) -> None:
    house.site.put("Some day", by="anna", to="chris")
    house.site.put("Late | pipe", by="boris", to="chris", due=date(2026, 3, 2))
    house.site.put("Not mine", by="chris", to="boris")
    house.site.elsewhere(house.site.put("Done", to="chris").ref.key, status=CLOSED_STATUS)
    shown = await house.slash("мои")
    text = tables(shown)
    link = "[\\#2](https://tracker.example.com/issues/2)"
    assert f"| {link} | Late \\| pipe | Website | New | ⚠️ 2 March, overdue | Boris |" in text
    assert text.index("Late") < text.index("Some day")
    assert "Not mine" not in text
    assert "Done" not in text
    assert "[in the tracker](https://tracker.example.com/issues)" in text


async def test_what_i_gave_to_others_is_not_what_i_do_myself(house: House) -> None:
    house.site.put("Given", to="boris")
    house.site.put("Waiting")
    house.site.put("Own", to="chris")
    text = tables(await house.slash("by-me"))
    assert "Given" in text
    assert "Waiting" in text
    assert "Own" not in text


async def test_overdue_is_what_was_due_before_today(house: House) -> None:
    today = house.office.clock.now().date()
    house.site.put("Before", to="chris", due=today - timedelta(days=1))
    house.site.put("Today's", to="chris", due=today)
    text = tables(await house.slash("overdue"))
    assert "Before | Website | New | ⚠️ yesterday, overdue" in text
    assert "Today's" not in text


async def test_a_search_goes_on_page_by_page_in_its_place(house: House) -> None:
    for number in range(20):
        house.site.put(f"Mast {number:02}")
    shown = await house.slash("find mast")
    assert "1–15 of 20" in tables(shown)
    assert labels(shown) == [["Open a task", "More"]]
    assert "direct messages" in (await house.press(shown, "More"))["ephemeral_text"]
    second = (await house.payloads("chris"))[-1]
    assert "16–20 of 20" in tables(second)
    assert "Mast 19" in tables(second)
    back = (await house.press(second, "From the start"))["update"]
    assert "Mast 00" in tables(back)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("mine", "cup of tea"),
        ("by-me", "Nobody owes you"),
        ("overdue", "Nothing is overdue"),
        ("find *zebra*", "Nothing was found for “\\*zebra\\*”"),
        ("find", "What shall I look for"),
    ],
)
async def test_an_empty_list_is_kind(house: House, words: str, said: str) -> None:
    shown = await house.slash(words)
    assert said in shown["text"]
    assert not shown.get("attachments")


async def test_without_an_account_the_way_to_one_is_told(house: House) -> None:
    assert "/task connect redmine" in (await house.slash("mine", "boris"))["text"]


async def test_a_tracker_that_is_down_is_named_and_hides_nothing(
    database: Database, clock: ManualClock
) -> None:
    other = PaperSite("other")
    house = await open_house(database, clock, other)
    await house.connect("chris", "boris", "other")
    house.site.put("Here", to="chris")
    other.put("There", to="boris")
    shown = await house.slash("mine")
    assert "Here" in tables(shown)
    assert "There" in tables(shown), "each tracker through the account there"

    other.down = PeerDown("other")
    shown = await house.slash("mine")
    assert "Here" in tables(shown)
    assert "**other** is missing here: other does not answer" in tables(shown)
    other.down = None
    await house.press(shown, "Try again")
    assert "There" in tables((await house.payloads("chris"))[-1])


async def test_a_refused_key_is_noted_and_the_way_to_a_new_one_told(house: House) -> None:
    house.site.refused.add("chris")
    assert "/task connect redmine" in tables(await house.slash("mine"))
    house.site.refused.clear()
    assert "does not accept your key any more" in tables(await house.slash("mine"))
