"""Letters written in the chat: looked at, changed, sent once; and said in the thread behind `>>`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from tests.integration.dispatch.house import CHANNEL, MAILBOX, MAILED, DeskServer, House, open_house
from tests.integration.mattermost.surface_desk import button, user_id

from sekretar.dispatch.chat.model import card_key
from sekretar.dispatch.chat.writing import parts
from sekretar.dispatch.incidents.values import SYSTEM, Applicant, Status
from sekretar.dispatch.letters.model import OutgoingRow, RecipientRow
from sekretar.dispatch.mail import noting, store
from sekretar.dispatch.mail.model import Direction, LetterRow
from sekretar.dispatch.mail.parsing import attachment_content, parse
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerNotFound
from sekretar.mattermost import sent
from sekretar.mattermost.delivery import KEY_PROP
from sekretar.mattermost.events import Posted, PostEdited
from sekretar.mattermost.models import FileInfo, Post
from sekretar.mattermost.sent import SentMessage


async def letters(house: House) -> list[LetterRow]:
    async with house.database.reading() as session:
        return list(await session.scalars(select(LetterRow).order_by(LetterRow.id)))


async def pressed(house: House, label: str, name: str = "anna") -> dict[str, Any]:
    """The dialog that a button of the card opens."""
    house.office.server.dialogs.clear()
    await house.office.click(name, button(await house.card(), label))
    await house.office.surface.deadline.drain()
    [dialog] = house.office.server.dialogs
    return dialog


def filled(dialog: dict[str, Any], **more: str) -> dict[str, Any]:
    return {each["name"]: each.get("default", "") for each in dialog["elements"]} | more


async def test_a_letter_is_read_and_changed_before_it_leaves_and_moves_the_incident(
    database: Database,
) -> None:
    async with open_house(database, MAILED) as house:
        incident = await house.open()
        await house.change(incident.id, status=Status.IN_PROGRESS)
        dialog = await pressed(house, "Уведомить заявителя…")
        assert dialog["title"].startswith(incident.code)
        answers = filled(dialog)
        assert answers["to"] == "Иван Петров <ivan@operator.example>"
        assert "принята в работу" in answers["text"]
        await house.office.submit(
            "anna", dialog, {**answers, "text": "Уже едем.", "cc": "boss@operator.example"}
        )
        assert (await house.now(incident.id)).status is Status.NOTIFYING_APPLICANT
        [letter] = await letters(house)
        assert letter.text.strip() == "Уже едем."
        async with house.database.reading() as session:
            to = set(await session.scalars(select(RecipientRow.key)))
        assert to == {"ivan@operator.example", "boss@operator.example", MAILBOX.address}
        # The same dialog once more: a double click, or an answer that was lost.
        await house.office.submit("anna", dialog, {**answers, "text": "Уже едем."})
        assert len(await letters(house)) == 1


async def test_what_is_wrong_is_said_at_its_field(database: Database) -> None:
    async with open_house(database, MAILED) as house:
        incident = await house.open()
        dialog = await pressed(house, "Ответить…")
        for typed, named in (
            ({"to": "Иван", "cc": "Пётр"}, {"to": "Иван", "cc": "Пётр"}),
            ({"cc": "boss@operator.example, Пётр"}, {"cc": "Пётр"}),
            ({"to": MAILBOX.address}, {"to": "некому"}),
        ):
            answer = await house.office.submit("anna", dialog, filled(dialog, text="Привет", **typed))
            assert answer.body.keys() == {"errors"}
            assert answer.body["errors"].keys() == named.keys()
            assert all(word in answer.body["errors"][name] for name, word in named.items())
        assert await letters(house) == []
        assert (await house.now(incident.id)).status is Status.NEW


async def came(house: House, number: int, sender: str, cc: str = "") -> None:
    """A letter of the first incident."""
    copies = f"Cc: {cc}\r\n" if cc else ""
    head = f"From: {sender}\r\nTo: {MAILBOX.address}\r\n{copies}"
    head += f"Subject: x\r\nMessage-ID: <{number}@out.example>\r\n\r\n"
    now = house.clock.now()
    cursor = noting.Cursor(MAILBOX.address, "INBOX", MAILBOX.imap_host, 7, number, 0, now)
    fetched = noting.Fetched(number, head.encode(), b"text", len(head) + 4, now)
    async with house.database.transaction() as session:
        await noting.note(session, MAILED.name, Direction.IN, cursor, [fetched], now)
        [letter_id] = await store.waiting(session, MAILED.name)
        await store.mark_parsed(session, MAILED.name, {letter_id: parse(head.encode() + b"text")})
        await store.mark_filed(session, letter_id, 1, "test")


async def test_a_reply_answers_the_letter_it_was_written_to_also_when_another_one_comes(
    database: Database,
) -> None:
    async with open_house(database, MAILED) as house:
        await house.open()
        await came(house, 1, "ivan@operator.example")
        dialog = await pressed(house, "Ответить…")
        await came(house, 2, "stranger@elsewhere.example")
        await house.office.submit("anna", dialog, filled(dialog, text="Едем."))
        reply = (await letters(house))[-1]
        assert reply.text.strip() == "Едем."
        parsed = store.understood(reply)
        assert parsed is not None
        assert parsed.in_reply_to == ("<1@out.example>",)
        assert parsed.to[0].address == "ivan@operator.example"


async def test_only_who_works_at_the_desk_writes(database: Database) -> None:
    async with open_house(database, MAILED) as house:
        await house.open()
        house.office.server.dialogs.clear()
        await house.office.click("chris", button(await house.card(), "Ответить…"))
        await house.office.surface.deadline.drain()
        assert house.office.server.dialogs == []


async def said(
    house: House,
    incident_id: int,
    text: str,
    post: str = "p1",
    root: str = "cardpost",
    files: Sequence[str] = (),
) -> None:
    async with house.database.transaction() as session:
        arrived = SentMessage(card_key(incident_id), CHANNEL, "cardpost", "", "")
        await sent.remember(session, arrived, house.clock.now())
    message = Post(
        id=post,
        channel_id=CHANNEL,
        user_id=user_id("anna"),
        message=text,
        root_id=root,
        create_at=house.clock.now(),
        file_ids=list(files),
    )
    await house.office.surface.home.on_posted(Posted(message, channel_type="P"))


async def edited(house: House, text: str, post: str = "p1") -> None:
    """Somebody has another text stand where a message stood."""
    house.clock.advance(timedelta(minutes=1))
    message = Post(
        id=post,
        channel_id=CHANNEL,
        user_id=user_id("anna"),
        message=text,
        root_id="cardpost",
        edit_at=house.clock.now(),
    )
    await house.office.surface.home.on_edited(PostEdited(message))


async def answers(house: House) -> list[str]:
    """What was said in the thread."""
    return [each["message"] for each in await house.posts() if each.get("root_id") == "cardpost"]


async def test_an_answer_in_the_thread_leaves_as_a_letter_once(database: Database) -> None:
    async with open_house(database, MAILED) as house:
        incident = await house.open(unread=True)
        await house.card()
        await said(house, incident.id, ">> Бригада выехала.\nЖдите.")
        await said(house, incident.id, ">> Бригада выехала.\nЖдите.")
        await said(house, incident.id, "просто слова", post="p2")
        await said(house, incident.id, ">> не сюда", post="p3", root="otherpost")
        [letter] = await letters(house)
        assert "Бригада выехала.\nЖдите." in letter.text
        async with house.database.reading() as session:
            [row] = list(await session.scalars(select(OutgoingRow)))
        assert row.key == "said:p1"
        assert not (await house.now(incident.id)).unread
        reactions = [each for each in await house.office.rows() if each.kind == "mattermost.reaction"]
        assert [each.payload["post_id"] for each in reactions] == ["p1"]


async def test_an_answer_that_is_changed_has_left_and_one_that_could_not_leave_may_now(
    database: Database,
) -> None:
    async with open_house(database, MAILED) as house:
        incident = await house.open()
        await house.card()
        await said(house, incident.id, ">> Бригада выехала.")
        await edited(house, "Бригада  выехала.")
        assert await answers(house) == []
        await edited(house, ">> Бригада выехала в 12:00.")
        await edited(house, ">> Бригада выехала в 13:00.")
        assert [each for each in await answers(house) if "Письмо уже ушло" not in each] == []
        assert len(await answers(house)) == 2
        assert len(await letters(house)) == 1

        await said(house, incident.id, ">>", post="p2")
        await edited(house, ">> ", post="p2")
        assert len([each for each in await answers(house) if "Письмо не отправлено" in each]) == 2
        await edited(house, ">> Приехали.", post="p2")
        await edited(house, ">> Приехали.", post="p2")
        await said(house, incident.id, "Ждём запчасти", post="p3")
        await edited(house, "Ждём запчасти.", post="p3")
        await edited(house, ">> Ждём запчасти.", post="p3")
        assert ["Приехали." in each.text for each in await letters(house)] == [False, True, False]
        assert "Ждём запчасти." in (await letters(house))[2].text


async def test_files_of_an_answer_leave_with_it_or_it_stays(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = {"act": 3, "film": 500_000_000}

    async def file_info(_: DeskServer, file_id: str) -> FileInfo:
        if file_id not in sizes:
            raise PeerNotFound("mattermost")
        return FileInfo(id=file_id, name=f"{file_id}.pdf", size=sizes[file_id], mime_type="application/pdf")

    async def file_content(_: DeskServer, file_id: str) -> bytes:
        return b"act"

    monkeypatch.setattr(DeskServer, "file_info", file_info, raising=False)
    monkeypatch.setattr(DeskServer, "file_content", file_content, raising=False)
    async with open_house(database, MAILED) as house:
        incident = await house.open()
        await house.card()
        await said(house, incident.id, ">> Акт во вложении.", files=["act"])
        [letter] = await letters(house)
        async with database.reading() as session:
            raw = await store.raw_bytes(session, letter.id)
        assert raw is not None
        [attached] = parse(raw).attachments
        assert (attached.name, attachment_content(raw, attached.part)) == ("act.pdf", b"act")

        await said(house, incident.id, ">> И кино.", post="p2", files=["act", "film"])
        await said(house, incident.id, ">> И то, чего нет.", post="p3", files=["gone"])
        assert len(await letters(house)) == 1
        refused = await answers(house)
        assert "«film.pdf» слишком большой" in refused[0]
        assert "больше не прочитать" in refused[1]


async def test_an_answer_under_a_merged_incident_is_one_of_that_in_which_it_lives_on(
    database: Database,
) -> None:
    async with open_house(database, MAILED) as house:
        one, other = await house.open(), await house.open()
        await house.card()
        async with database.transaction() as session:
            await house.incidents.merge(session, one.id, other.id, SYSTEM)
        await said(house, one.id, ">> Бригада выехала.")
        [letter] = await letters(house)
        assert (letter.incident_id, letter.subject[:4]) == (other.id, other.code)


async def test_an_answer_counts_before_it_is_written_down_where_the_post_stands(database: Database) -> None:
    async with open_house(database, MAILED) as house:
        incident = await house.open()
        house.office.server.posts["early"] = Post(
            id="early", channel_id=CHANNEL, user_id="bot", props={KEY_PROP: card_key(incident.id)}
        )
        await house.office.say("anna", ">> Сразу", channel=CHANNEL, kind="P", root="early")
        [letter] = await letters(house)
        assert "Сразу" in letter.text
        # Whoever invents such a post elsewhere gets no further than their rights.
        await house.office.say("chris", ">> Не моё", channel="elsewhere", kind="P", root="early")
        assert len(await letters(house)) == 1


async def test_whom_an_answer_in_the_thread_does_not_reach_is_said_there(database: Database) -> None:
    async with open_house(database, MAILED) as house:
        incident = await house.open()
        everybody = ", ".join(f"p{number}@operator.example" for number in range(500))
        await came(house, 1, "ivan@operator.example", everybody)
        await said(house, incident.id, ">> Едем.")
        replies = [each["message"] for each in await house.posts() if each.get("root_id") == "cardpost"]
        assert [each for each in replies if "Письмо не получат 1 чел." in each]
        answer = await house.office.slash("anna", f"/incident ответить {incident.code} Приехали.")
        assert "Письмо не получат 1 чел." in answer.body["text"]


async def test_an_answer_that_cannot_leave_is_said_in_the_thread(database: Database) -> None:
    async with open_house(database, MAILED) as house:
        incident = await house.open(applicant=Applicant())
        await house.card()
        await said(house, incident.id, ">> Кому бы")
        assert await letters(house) == []
        refused = [each for each in await house.posts() if each.get("root_id") == "cardpost"]
        assert len(refused) == 1
        assert "Письмо не отправлено" in refused[0]["message"]


def test_a_long_letter_is_parted_between_paragraphs_and_nothing_is_lost() -> None:
    long = "\n\n".join(f"Абзац {number} " + "слово " * 40 for number in range(30))
    words, rest = parts(long)
    assert len(words) <= 3000
    assert f"{words}\n\n{rest}" == long
    assert parts("коротко") == ("коротко", "")
