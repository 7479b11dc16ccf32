"""The post of an incident: posted once, kept up to date in place, with its story in the thread."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from tests.integration.dispatch.house import CHANNEL, House, open_house
from tests.integration.mattermost.surface_desk import button

from sekretar.dispatch.chat import cards
from sekretar.dispatch.chat.card import CardView, card
from sekretar.dispatch.chat.model import card_key
from sekretar.dispatch.incidents.values import Status
from sekretar.kernel.database import Database
from sekretar.kernel.i18n import Translator
from sekretar.mattermost.messages import Message


def title(payload: dict[str, Any]) -> str:
    return str(payload["props"]["attachments"][0]["title"])


def replies(posts: list[dict[str, Any]]) -> list[str]:
    return [each["message"] for each in posts if each.get("reply_to")]


async def test_an_incident_is_one_post_that_is_kept_up_to_date(database: Database) -> None:
    async with open_house(database) as house:
        incident = await house.open()
        first = await house.card()
        assert first["channel_id"] == CHANNEL
        assert first["message_key"] == card_key(incident.id)
        assert title(first).startswith(f"{incident.code} · ")
        await house.card()
        assert len(await house.posts()) == 1
        await house.change(incident.id, status=Status.IN_PROGRESS)
        await house.change(incident.id, unread=True)
        second = await house.card()
        assert second["message_key"] == card_key(incident.id)
        assert title(second).startswith("✉️")
        edited, told = (await house.posts())[1:]
        assert edited == second
        assert told["reply_to"] == card_key(incident.id)
        assert replies(await house.posts()) == ["Секретарь: Новый → **В работе**"]


async def test_who_takes_an_incident_is_responsible_and_it_is_in_work(database: Database) -> None:
    async with open_house(database) as house:
        incident = await house.open()
        take = button(await house.card(), "Взять")
        await house.office.click("anna", take)
        taken = await house.now(incident.id)
        assert taken.responsible_id == await house.person_id("anna")
        assert taken.status is Status.IN_PROGRESS
        # Boris sees the button a moment too long.
        answer = await house.office.click("boris", take)
        assert "изменил кто-то другой" in str(answer.body)
        assert (await house.now(incident.id)).responsible_id == await house.person_id("anna")


async def test_only_who_is_in_the_channel_works_there(database: Database) -> None:
    async with open_house(database) as house:
        incident = await house.open()
        answer = await house.office.click("chris", button(await house.card(), "Взять"))
        assert "towers" in str(answer.body)
        assert (await house.now(incident.id)).status is Status.NEW


async def test_the_type_is_chosen_from_the_desks_own(database: Database) -> None:
    async with open_house(database) as house:
        incident = await house.open()
        select = button(await house.card(), "Тип…")
        chosen = next(each for each in select["options"] if each["text"] == "Авария ВОЛС")
        await house.office.click("anna", select, selected=chosen["value"])
        assert title(await house.card()) == f"{incident.code} · Авария ВОЛС"
        for forged in ("0", "999", "x"):
            await house.office.click("anna", select, selected=forged)
        assert title(await house.card()) == f"{incident.code} · Авария ВОЛС"


async def test_what_was_read_is_marked_so_by_a_button(database: Database) -> None:
    async with open_house(database) as house:
        incident = await house.open(unread=True)
        await house.office.click("boris", button(await house.card(), "Прочитано"))
        assert not (await house.now(incident.id)).unread
        assert not title(await house.card()).startswith("✉️")


async def test_many_cards_are_shown_at_once_and_one_that_fails_stops_no_other(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(view: CardView, t: Translator, now: datetime) -> Message:
        if view.incident.summary == "Вторая":
            raise RuntimeError("a mistake")
        return card(view, t, now)

    async with open_house(database) as house:
        for summary in ("Первая", "Вторая", "Третья"):
            incident = await house.open(summary)
            await house.change(incident.id, status=Status.IN_PROGRESS)
        with monkeypatch.context() as patch:
            patch.setattr(cards, "card", fail)
            with pytest.raises(RuntimeError):
                await house.dispatch.cards.show_due()
        first, second, third = map(card_key, (1, 2, 3))
        assert await _said(house) == [first, f"re {first}", third, f"re {third}"]
        await house.dispatch.cards.show_due()
        assert await _said(house) == [first, f"re {first}", third, f"re {third}", second, f"re {second}"]


async def _said(house: House) -> list[str]:
    """What was posted, by its names."""
    posts = await house.posts()
    return [f"re {each['reply_to']}" if each.get("reply_to") else each["message_key"] for each in posts]
