"""Making a meeting of a message: by an emoji, by its address, in its thread; on a real calendar server."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.integration.calendars.booking_house import Directory, House, read
from tests.integration.mattermost.surface_desk import labels, user_id

from sekretar.calendars.booking.drafts import BookingDraft
from sekretar.kernel.clock import ManualClock
from sekretar.mattermost.events import Reacted
from sekretar.mattermost.models import Post, Reaction, milliseconds

ROOT, REPLY = "r" * 26, "s" * 26
ADDRESS = f"https://chat.example/team/pl/{REPLY}"


def directory(house: House) -> Directory:
    found = house.desk.server
    assert isinstance(found, Directory)
    return found


@pytest.fixture
def house(house: House, clock: ManualClock) -> House:
    town = directory(house)
    town.members["town"] = {"anna", "boris", "chris"}
    written = (
        (ROOT, "", "boris", "Смета на весну"),
        (REPLY, ROOT, "chris", "Обсудим завтра в 15:00 на полчаса, @boris @vera @nobody?"),
    )
    for post_id, root, name, text in written:
        town.posts[post_id] = Post(
            id=post_id,
            channel_id="town",
            user_id=user_id(name),
            root_id=root,
            message=text,
            create_at=clock.now(),
        )
    return house


async def react(house: House, name: str = "anna", emoji: str = "calendar") -> None:
    at = milliseconds(house.anna.clock.now())
    reaction = Reaction.model_validate(
        {"user_id": user_id(name), "post_id": REPLY, "emoji_name": emoji, "create_at": at}
    )
    await house.office.surface.home.on_reacted(Reacted(reaction, "town", removed=False))


def defaults(house: House) -> dict[str, Any]:
    return {each["name"]: each.get("default") for each in house.office.server.dialogs[-1]["elements"]}


async def test_an_emoji_offers_the_meeting_of_a_message(house: House) -> None:
    await react(house)
    offer = await house.office.last()
    text = read(offer)
    assert "Встреча по [этому сообщению](https://chat.example/_redirect/pl/" in text
    assert "Обсудим" in offer["props"]["attachments"][0]["title"]
    assert "завтра, четверг, 5 марта, 15:00–15:30" in text
    assert "С кем: Boris, Chris" in text
    assert "@vera" in text, "her address is hidden, which must be said"
    assert "@nobody" not in text, "a name that nobody has is no mention"
    assert labels(offer) == [["Заполнить остальное", "Отмена"]]

    await house.press(offer, "Заполнить остальное")
    filled = defaults(house)
    assert (filled["title"], filled["day"], filled["time"]) == ("Обсудим", "05.03.2026", "15:00")
    assert filled["description"].endswith(f"https://chat.example/_redirect/pl/{REPLY}")
    assert await house.fill(title="Смета") == {}
    await house.press(await house.office.last(), "Создать")
    (data,) = await house.booked()
    for words in ("SUMMARY:Смета", "mailto:boris@example.com", "mailto:chris@example.com"):
        assert words in data.replace("\r\n ", "")


async def test_a_reaction_that_is_heard_of_twice_offers_once(house: House) -> None:
    await react(house)
    await react(house)
    assert len(await house.office.said()) == 1
    assert await house.anna.count(BookingDraft) == 1
    house.anna.clock.advance(timedelta(minutes=1))
    await react(house)
    assert len(await house.office.said()) == 2, "taken away and put there again, it is meant again"


async def test_only_what_a_person_may_read_is_offered(house: House) -> None:
    directory(house).members["town"].remove("anna")
    for address in (ADDRESS, f"https://chat.example/team/pl/{'q' * 26}"):
        assert "прочитать не могу" in read(await house.slash(f"new {address}"))
    await react(house)
    assert "прочитать не могу" in read(await house.office.last())
    assert await house.anna.count(BookingDraft) == 0


async def test_whoever_means_something_else_is_left_alone(house: House) -> None:
    await react(house, name="chris")
    await react(house, emoji="tada")
    assert await house.office.said() == []


async def test_the_address_of_a_message_fills_in_the_form(house: House) -> None:
    await house.slash(f"new {ADDRESS} послезавтра 16:00 1 ч")
    filled = defaults(house)
    assert (filled["title"], filled["day"], filled["time"]) == ("Обсудим", "06.03.2026", "16:00")
    assert filled["length"] == "1 ч"
    assert set(filled["guests"].split()) == {"@boris", "@chris", "@vera"}


async def test_in_a_thread_the_form_is_about_the_thread(house: House) -> None:
    await house.office.slash("anna", "/calendar new", root_id=ROOT)
    assert defaults(house)["title"] == "Смета на весну"
    assert defaults(house)["guests"].split() == ["@boris", "@chris"]
    directory(house).members.clear()
    await house.office.slash("anna", "/calendar new", root_id=ROOT)
    assert not defaults(house)["title"], "a thread that cannot be read is no reason to keep the form back"
