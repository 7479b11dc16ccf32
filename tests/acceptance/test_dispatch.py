"""The day of a dispatcher, from the letter to the closed incident, by mail and by the hands of people in the chat."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from tests.acceptance.acts import about
from tests.acceptance.desks import CONTRACTOR, POLE, STATION, DeskAtWork, desk_at_work, letter, mailbox
from tests.peers_chat import ChatServer
from tests.peers_mail import DESK, Dovecot
from tests.peers_smtp import outside_world

from sekretar.sandbox.seen import SeenPost

APPLICANT = "Иван Петров <ivan@operator.test>"


async def card(desk: DeskAtWork, *words: str) -> SeenPost:
    """The post of the incident, once it says all this."""

    def fits(post: SeenPost) -> bool:
        return post.channel_id == desk.channel and not post.root_id and about(*words)(post)

    return await desk.anna.wait_for(fits)


async def write(desk: DeskAtWork, post: SeenPost, label: str, **answers: str) -> None:
    """Press a button that writes a letter, and send it."""
    await desk.anna.click(post, label)
    dialog = await desk.anna.dialog()
    assert await desk.anna.submit_dialog(dialog, answers) == {}


async def test_the_whole_day_of_an_incident(desk: DeskAtWork) -> None:
    first = letter(
        f"Т2 Отсутствует ВЭС {STATION}/{POLE}",
        "Просьба проверить питание.\n\nС уважением, Иван",
        APPLICANT,
        Message_ID="<first@operator.test>",
        Cc="boss@operator.test",
    )
    desk.dovecot.deliver(first)
    new = await card(desk, "NT-1", "Новый", POLE, STATION, "ООО «Мачта»", "ул. Ленина", "Иван Петров")

    await desk.anna.click(new, "Взять")
    taken = await card(desk, "В работе", "anna")
    await desk.anna.click(taken, "Тип…", "Авария ВОЛС")
    typed = await card(desk, "Авария ВОЛС", "осталось")

    await write(desk, typed, "Уведомить заявителя…")
    accepted = await desk.sent(1)
    assert set(accepted.recipients) == {"ivan@operator.test", "boss@operator.test", DESK}
    assert "NT-1" in accepted.message["Subject"]
    assert accepted.message["In-Reply-To"] == "<first@operator.test>"
    notified = await card(desk, "Уведомили заявителя")

    await write(desk, notified, "Подрядчику…")
    handed = await desk.sent(2)
    assert set(handed.recipients) == {CONTRACTOR, DESK}
    body = handed.message.get_body()
    assert body is not None
    for said in (POLE, "Киров, ул. Ленина, 1", "58.60000, 49.66000", "Просьба проверить питание"):
        assert said in body.get_content()
    with_contractor = await card(desk, "Передано подрядчику", "Срок подрядчика")

    # The contractor answers; so does a program that nobody may answer.
    answer = letter(
        f"Re: {handed.message['Subject']}",
        "Выехали.\n\n> Шифр опоры",
        f"Бригада <{CONTRACTOR}>",
        In_Reply_To=str(handed.message["Message-ID"]),
    )
    away = letter(
        "Автоответ",
        "Я в отпуске.",
        f"Бригада <{CONTRACTOR}>",
        In_Reply_To=str(handed.message["Message-ID"]),
        Auto_Submitted="auto-replied",
    )
    desk.dovecot.deliver(answer, away)
    came = await desk.boris.wait_for(about("Выехали."))
    assert came.root_id == with_contractor.id
    assert "Шифр опоры" not in came.text

    await write(
        desk,
        await card(desk, "✉️", "Передано подрядчику"),
        "Уведомить о закрытии…",
        text="Питание восстановлено.",
    )
    closing = await desk.sent(3)
    assert set(closing.recipients) == {"ivan@operator.test", "boss@operator.test", DESK}
    assert "Питание восстановлено." in closing.message.get_content()
    closed_soon = await card(desk, "Уведомили о закрытии")
    await desk.anna.click(closed_soon, "Закрыть")
    closed = await card(desk, "Закрыт", "вовремя")
    assert closed.id == new.id

    # Its own copies, a second copy of the first letter and the program's answer have made nothing of their own.
    desk.dovecot.deliver(first)
    desk.dovecot.deliver(
        letter("Другая авария", "Нет связи.", APPLICANT, Message_ID="<second@operator.test>")
    )
    await card(desk, "NT-2", "Другая авария")
    roots = {
        post.id for post in await desk.anna.posts(desk.channel) if "NT-" in post.text and not post.root_id
    }
    assert len(roots) == 2
    assert len(desk.world.taken) == 3


async def test_an_answer_in_the_thread_goes_out_and_its_answer_comes_back(desk: DeskAtWork) -> None:
    desk.dovecot.deliver(letter("Гудит мачта", "Очень громко.", APPLICANT, Message_ID="<hum@operator.test>"))
    post = await card(desk, "NT-1", "Гудит мачта")
    said = await desk.boris.say(">> С какой стороны?", desk.channel, post.id)
    sent = await desk.sent(1)
    assert "ivan@operator.test" in sent.recipients
    assert sent.message.get_content().startswith("С какой стороны?")
    await desk.boris.edit(said, ">> С какой стороны и давно ли?")
    await desk.anna.wait_for(about("Письмо уже ушло"))
    back = letter("Re: Гудит мачта", "С севера.", APPLICANT, References=str(sent.message["References"]))
    desk.dovecot.deliver(back)
    came = await desk.anna.wait_for(about("С севера."))
    assert came.root_id == said.root_id == post.id


async def test_a_letter_that_means_no_good_and_two_who_press_at_once(
    chat: ChatServer, tmp_path: Path, dovecot: Dovecot, log: Callable[[], str]
) -> None:
    """Ten thousand lines that would ring everybody, to five hundred people and to both mailboxes of the desk."""
    second = "second@example.test"
    many = [
        f'"Константин Константинопольский-Задунайский" <person{number:03}@operator.test>'
        for number in range(500)
    ]
    bad = letter(
        "@all @here [bank](http://evil.test) ~town-square ```",
        "\n".join(f"@channel строка {number} | ![x](http://evil.test/x.png)" for number in range(10_000)),
        APPLICANT,
        Cc=", ".join(many),
        Message_ID="<bad@operator.test>",
    )
    async with (
        outside_world(login=False) as world,
        desk_at_work(chat, tmp_path, dovecot, world, more=mailbox(second, dovecot, world)) as desk,
    ):
        for address in (DESK, second):
            dovecot.deliver(b"Delivered-To: %s\r\n" % address.encode() + bad, to=address)
        dovecot.deliver(letter("", "", APPLICANT))
        await card(desk, "NT-2", "Без темы")
        new = await card(desk, "NT-1", "@all", "строка 1")
        posts = await desk.anna.posts(desk.channel)
        rings = ("@all", "@here", "@channel", "~town-square")
        assert not [post.text for post in posts if any(word in post.text for word in rings)]

        await asyncio.gather(desk.anna.click(new, "Взять"), desk.boris.click(new, "Взять"))
        taken = await card(desk, "NT-1", "В работе")
        told = [post for who in (desk.anna, desk.boris) for post in who.seen(0) if post.ephemeral]
        assert len([post for post in told if "изменил кто-то другой" in post.text]) == 1

        dialogs = []
        for who in (desk.anna, desk.boris):
            await who.click(taken, "Уведомить заявителя…")
            dialogs.append((who, await who.dialog()))
        fields = {field.name: field for field in dialogs[0][1].fields}
        copies = fields["cc"].default.split(", ")
        # As many as there is room for, each of them whole; the others are counted, and get it too.
        assert copies == [f"person{number:03}@operator.test" for number in range(len(copies))]
        assert len(copies) > 100
        assert f"ещё {500 - len(copies)}" in str(fields["others"])
        answers = await asyncio.gather(*(who.submit_dialog(dialog, {}) for who, dialog in dialogs))
        assert sorted(map(bool, answers)) == [False, True]
        await card(desk, "NT-1", "Уведомили заявителя")
        [taken_out] = world.taken
        assert len(taken_out.recipients) == 501
        assert len({post.id for post in posts if "NT-" in post.text and not post.root_id}) == 2
