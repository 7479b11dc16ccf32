"""A dispatcher who types: a call by telephone, from the line to the closed incident, and what a shift leaves."""

from __future__ import annotations

from tests.acceptance.acts import about
from tests.acceptance.desks import POLE, STATION, DeskAtWork


async def test_an_incident_is_worked_on_by_words(desk: DeskAtWork) -> None:
    anna, boris, channel = desk.anna, desk.boris, desk.channel

    # Old servers do not say in which thread a command was typed.
    here = "" if desk.office.server.sandbox else "NT-1 "

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
    assert "отправляется: ivan@operator.test" in await typed(f"ответить {here}Бригада выехала.", card.id)
    letter = await desk.sent(1)
    assert letter.message.get_content().startswith("Бригада выехала.")
    assert boris.username in await typed(f"назначить {here}@{boris.username}", card.id)
    told = (await boris.slash("/incident сдать ключи у охраны", channel)).text
    assert "узнали" in told
    note = await anna.wait_for(about("сдаёт смену", "ключи у охраны", "NT-1"))
    assert note.channel_id == channel
    assert "Закрыт" in await typed(f"статус {here}закрыть", card.id)
    closed = await anna.wait_for(lambda post: post.id == card.id and "вовремя" in post.text)
    assert closed.id == card.id
    assert "открыто 0" in await typed("статистика")
    stranger = await desk.office.hire("chris")
    answer = await stranger.slash("/incident list", await desk.office.home(stranger))
    assert "NT-1" not in answer.text
