"""Closing an incident while others that hang together with it are open: they are named, and closed too or not."""

from __future__ import annotations

from typing import Any

from tests.integration.dispatch.house import House, open_house
from tests.integration.mattermost.surface_desk import button

from sekretar.dispatch.chat.model import card_key
from sekretar.dispatch.incidents import types
from sekretar.dispatch.incidents.values import SYSTEM, Incident, LinkKind, Status
from sekretar.kernel.database import Database


async def linked(house: House) -> list[Incident]:
    """One in work, a new duplicate of it, a related one that waits for words to the contractor, and a closed one."""
    found = [await house.open(f"номер {number}") for number in range(4)]
    one, duplicate, waiting, closed = found
    async with house.database.reading() as session:
        type_id = (await types.of_desk(session, house.desk.name))[0].id
    for each in (one, waiting, closed):
        await house.change(each.id, type_id=type_id, status=Status.IN_PROGRESS)
    await house.change(waiting.id, status=Status.APPLICANT_NOTIFIED)
    await house.change(closed.id, status=Status.CLOSED)
    async with house.database.transaction() as session:
        await house.incidents.link(session, duplicate.id, LinkKind.DUPLICATE, one.id, SYSTEM)
        for other in (waiting, closed):
            await house.incidents.link(session, one.id, LinkKind.RELATED, other.id, SYSTEM)
    return found


async def asked(house: House) -> dict[str, Any]:
    """What Anna is asked after she has pressed *Close* below the first incident."""
    await house.dispatch.cards.show_due()
    card = next(each for each in reversed(await house.posts()) if each.get("message_key") == card_key(1))
    answer = await house.office.click("anna", button(card, "Закрыть"))
    assert "личные сообщения" in str(answer.body)
    return [row.payload for row in await house.office.rows() if row.kind == "mattermost.direct"][-1]


async def statuses(house: House, incidents: list[Incident]) -> list[Status]:
    return [(await house.now(each.id)).status for each in incidents]


async def test_linked_incidents_are_named_and_closed_too(database: Database) -> None:
    async with open_house(database) as house:
        found = await linked(house)
        one, duplicate = found[:2]
        question = await asked(house)
        assert (await house.now(one.id)).status is Status.IN_PROGRESS
        lines = question["message"].splitlines()
        assert [code for code in ("NT-2", "NT-3", "NT-4") if code in question["message"]] == ["NT-2", "NT-3"]
        assert "останется открытым" in next(line for line in lines if "NT-3" in line)
        await house.office.click("anna", button(question, "Закрыть и их (1)"))
        wanted = [Status.CLOSED, Status.CLOSED, Status.APPLICANT_NOTIFIED, Status.CLOSED]
        assert await statuses(house, found) == wanted
        async with database.reading() as session:
            history = await house.incidents.history(session, duplicate.id)
        assert [event.why for event in history if event.new == "closed"] == [f"вместе с {one.code}"]
        assert (await house.now(duplicate.id)).type_id == (await house.now(one.id)).type_id
        # Pressed once more, or by somebody who has read it later.
        again = await house.office.click("anna", button(question, "Закрыть и их (1)"))
        assert again.body.get("ephemeral_text")
        assert await statuses(house, found) == wanted


async def test_only_this_one_is_closed_by_a_button_and_by_a_command(database: Database) -> None:
    async with open_house(database) as house:
        one, *others = await linked(house)
        before = await statuses(house, others)
        answer = dict((await house.office.slash("anna", f"/incident статус {one.code} закрыть")).body)
        assert "NT-2" in answer["text"]
        assert (await house.now(one.id)).status is Status.IN_PROGRESS
        await house.office.click("anna", button(answer, f"Закрыть только {one.code}"))
        assert (await house.now(one.id)).status is Status.CLOSED
        assert await statuses(house, others) == before


async def test_nothing_is_asked_where_nothing_else_is_open_or_it_cannot_be_closed(
    database: Database,
) -> None:
    async with open_house(database) as house:
        one, duplicate, *_ = await linked(house)
        async with database.transaction() as session:
            await house.incidents.merge(session, duplicate.id, one.id, SYSTEM)
            await house.incidents.unlink(session, one.id, LinkKind.RELATED, 3, SYSTEM)
        answer = await house.office.slash("anna", f"/incident статус {one.code} закрыть")
        assert "Закрыт" in str(answer.body["text"])
        assert (await house.now(one.id)).status is Status.CLOSED
