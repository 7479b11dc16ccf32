"""A dispatcher who types: a call by telephone, from the line to the closed incident, and what a shift leaves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests import peers
from tests.acceptance.acts import about
from tests.acceptance.desks import POLE, STATION, DeskAtWork, desk_at_work
from tests.peers_chat import ChatServer
from tests.peers_mail import Dovecot, installed, running_dovecot
from tests.peers_smtp import outside_world


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    if not installed():
        peers.missing("Dovecot", "install the packages dovecot-imapd and dovecot-lmtpd")
    with running_dovecot() as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def desk(
    chat: ChatServer, tmp_path: Path, dovecot: Dovecot, log: Callable[[], str]
) -> AsyncIterator[DeskAtWork]:
    async with (
        outside_world(login=False) as world,
        desk_at_work(chat, tmp_path, dovecot, world) as work,
    ):
        yield work


async def test_an_incident_is_worked_on_by_words(desk: DeskAtWork) -> None:
    anna, boris, channel = desk.anna, desk.boris, desk.channel

    async def typed(command: str, root: str = "") -> str:
        return (await anna.slash(f"/incident {command}", channel, root_id=root)).text

    # Anna has made the channel, so she says who works here.
    assert boris.username in await typed(f"люди добавить @{anna.username} @{boris.username}")
    made = await typed(f"новый Звонили: нет питания на {STATION} тип:волс от:ivan@operator.test")
    assert POLE in made
    card = await anna.wait_for(about("NT-1", POLE, "Авария ВОЛС", "осталось"))
    assert "теперь ваш" in await typed("взять 1")
    await boris.wait_for(lambda post: post.root_id == card.id)
    assert "В работе" in await typed("очередь")
    assert "NT-1" in await typed(f"найти {POLE}")
    assert "отправляется: ivan@operator.test" in await typed("ответить Бригада выехала.", card.id)
    letter = await desk.sent(1)
    assert letter.message.get_content().startswith("Бригада выехала.")
    assert boris.username in await typed(f"назначить @{boris.username}", card.id)
    told = (await boris.slash("/incident сдать ключи у охраны", channel)).text
    assert "узнали" in told
    note = await anna.wait_for(about("сдаёт смену", "ключи у охраны", "NT-1"))
    assert note.channel_id == channel
    assert "Закрыт" in await typed("статус закрыть", card.id)
    closed = await anna.wait_for(lambda post: post.id == card.id and "вовремя" in post.text)
    assert closed.id == card.id
    assert "открыто 0" in await typed("статистика")
    stranger = await desk.office.hire("chris")
    answer = await stranger.slash("/incident list", await desk.office.home(stranger))
    assert "NT-1" not in answer.text
