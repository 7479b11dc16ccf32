"""What people type to the desk with `/incident …`, and what they read in the answers."""

from __future__ import annotations

from typing import Any

from tests.integration.dispatch.house import CHANNEL, NOW, House
from tests.integration.dispatch.registers import pole_row, station_row

from sekretar.dispatch.assets.model import RegistryRow
from sekretar.dispatch.chat.model import card_key
from sekretar.dispatch.incidents import types
from sekretar.dispatch.incidents.values import Incident
from sekretar.mattermost import sent
from sekretar.mattermost.sent import SentMessage


async def typed(house: House, name: str, command: str, **more: str) -> dict[str, Any]:
    """The answer to a command."""
    return dict((await house.office.slash(name, f"/incident {command}", **more)).body)


async def said(house: House, name: str, command: str, **more: str) -> str:
    return str((await typed(house, name, command, **more))["text"])


async def dialog(house: House, name: str, command: str, **more: str) -> dict[str, Any]:
    """The window that a command opens."""
    house.office.server.dialogs.clear()
    assert await typed(house, name, command, **more) == {}
    await house.office.surface.deadline.drain()
    [shown] = house.office.server.dialogs
    return shown


async def thread_of(house: House, incident: Incident) -> dict[str, str]:
    """Where somebody types who writes in the thread of an incident."""
    async with house.database.transaction() as session:
        arrived = SentMessage(card_key(incident.id), CHANNEL, f"card{incident.id}", "", "")
        await sent.remember(session, arrived, house.clock.now())
    return {"root_id": f"card{incident.id}", "channel_id": CHANNEL}


async def type_id(house: House, word: str) -> int:
    async with house.database.reading() as session:
        known = await types.of_desk(session, house.desk.name)
    return next(each.id for each in known if word in each.name)


async def add_pole(house: House, code: str, *stations: str) -> None:
    async with house.database.transaction() as session:
        row = pole_row(code, house.desk.name)
        session.add(row)
        await session.flush()
        session.add_all(station_row(name, row.id, house.desk.name) for name in stations)
        if await session.get(RegistryRow, house.desk.name) is None:
            session.add(RegistryRow(desk=house.desk.name, version=1, next_at=NOW))


def rows(answer: dict[str, Any]) -> list[list[str]]:
    """The cells of the table in an answer."""
    [shown] = answer["attachments"]
    return rows_of(shown["text"])


def rows_of(text: str) -> list[list[str]]:
    """The cells of the table in a text."""
    lines = [line for line in text.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
