"""Answering invitations through the whole surface, on a real calendar server and both databases."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from tests.integration.calendars.booking_house import House, read
from tests.integration.calendars.diary import ics
from tests.integration.mattermost.surface_desk import button, labels

from sekretar.calendars.answers.answering import Answering
from sekretar.calendars.answers.chat import AnsweringChat
from sekretar.calendars.caldav.hrefs import path_of
from sekretar.calendars.changing.carrying import Carrying
from sekretar.calendars.changing.writing import Conflict, EventWriter, Gone, Reverted
from sekretar.calendars.model import Calendar, CalendarAccount, Reminder, StoredOccurrence
from sekretar.calendars.presence import status
from sekretar.calendars.views.viewing import Viewing
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerDown, PeerForbidden, PeerLimited
from sekretar.mattermost.models import Post

BOSS = "ORGANIZER;CN=Борис:mailto:boris@example.com"
ME = "ATTENDEE;CN=Анна;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:anna@example.com"
OTHER = "ATTENDEE;CN=Вера;PARTSTAT=ACCEPTED:mailto:vera@example.com"


@pytest.fixture
def house(house: House, database: Database) -> House:
    AnsweringChat(Answering(Carrying(house.desk, house.http))).register(house.desk.chat)
    Viewing(database).register(house.desk.chat)
    return house


async def invite(house: House, start: datetime, *more: str, uid: str = "a", title: str = "Смета") -> None:
    """Boris invites Anna: it is on the server, and a look has found it."""
    text = ics(uid, start, title, BOSS, ME, OTHER, *more)
    await house.server.put_event("anna", house.calendar, f"{uid}.ics", text)
    await house.anna.look({f"{path_of(house.calendar)}{uid}.ics": text})


async def stored(house: House) -> list[StoredOccurrence]:
    rows: list[StoredOccurrence] = await house.anna.rows(StoredOccurrence)
    return sorted(rows, key=lambda each: each.starts_at)


def mine(data: str) -> list[str]:
    """Anna's answers in an object, in the order of its components."""
    unfolded = data.replace("\r\n ", "").splitlines()
    return [line for line in unfolded if line.startswith("ATTENDEE") and "anna@" in line]


async def test_an_invitation_is_answered_where_it_arrives(house: House, noon: datetime) -> None:
    await invite(house, noon)
    news = await house.office.last()
    assert labels(news)[-1] == ["Приду", "Возможно", "Не приду"]
    before = await house.office.said()
    told = await house.press(news, "Приду")
    assert "✅ Вы придёте." in read(told)
    assert labels(told["update"])[-1] == ["Изменить ответ"]
    (data,) = await house.booked()
    assert ["PARTSTAT=ACCEPTED" in line for line in mine(data)] == [True]
    assert [each.answer for each in await stored(house)] == ["ACCEPTED"]
    assert "не ответили" not in read(await house.slash("today"))
    assert await house.office.said() == before, "one's own answer is no news"


async def test_an_answer_can_be_changed_and_given_twice(house: House, noon: datetime) -> None:
    await invite(house, noon)
    news = await house.office.last()
    first, second = await asyncio.gather(house.press(news, "Приду"), house.press(news, "Приду"))
    assert [read(each).count("Вы придёте.") for each in (first, second)] == [1, 1]
    again = await house.press(first["update"], "Изменить ответ")
    assert labels(again["update"])[-1] == ["Приду", "Возможно", "Не приду"]
    assert "❌ Вы не придёте." in read(await house.press(again["update"], "Не приду"))
    (data,) = await house.booked()
    assert ["PARTSTAT=DECLINED" in line for line in mine(data)] == [True]
    assert "~~Смета~~" in read(await house.slash("today"))


async def test_somebody_elses_invitation_cannot_be_answered(house: House, noon: datetime) -> None:
    await invite(house, noon)
    told = await house.press(await house.office.last(), "Приду", "boris")
    assert "update" not in told
    assert [each.answer for each in await stored(house)] == ["NEEDS-ACTION"]


@pytest.mark.parametrize(
    ("label", "on_server", "answers"),
    [
        ("Вся серия", ["ACCEPTED"], ["ACCEPTED"] * 3),
        ("Только в этот раз", ["NEEDS-ACTION", "ACCEPTED"], ["ACCEPTED", "NEEDS-ACTION", "NEEDS-ACTION"]),
    ],
)
async def test_of_a_series_once_or_all(
    house: House, noon: datetime, label: str, on_server: list[str], answers: list[str]
) -> None:
    await invite(house, noon, "RRULE:FREQ=DAILY;COUNT=3")
    asked = await house.press(await house.office.last(), "Приду")
    assert "только в этот раз или вся серия?" in read(asked)
    assert [each.answer for each in await stored(house)] == ["NEEDS-ACTION"] * 3
    told = read(await house.press(asked["update"], label))
    assert ("всей серии" in told) == (label == "Вся серия")
    (data,) = await house.booked()
    assert [next(word for word in on_server if word in line) for line in mine(data)] == on_server
    assert [each.answer for each in await stored(house)] == answers


async def test_somebody_else_was_quicker_and_both_changes_stay(house: House, noon: datetime) -> None:
    await invite(house, noon)
    news = await house.office.last()
    changed = ics("a", noon, "Смета 2", BOSS, ME, OTHER)
    await house.server.put_event("anna", house.calendar, "a.ics", changed)
    await house.press(news, "Приду")
    assert (await house.office.last())["message"] == "✏️ Изменена: Смета 2", "that was not Anna's doing"
    (data,) = await house.booked()
    assert "SUMMARY:Смета 2" in data
    assert ["PARTSTAT=ACCEPTED" in line for line in mine(data)] == [True]
    assert "Смета 2" in read(await house.slash("today"))


async def test_an_answer_is_given_to_the_time_that_was_asked_about(house: House, noon: datetime) -> None:
    await invite(house, noon)
    news = await house.office.last()
    later = ics("a", noon + timedelta(hours=3), "Смета", BOSS, ME, OTHER)
    await house.server.put_event("anna", house.calendar, "a.ics", later)
    told = await house.press(news, "Приду")
    assert "тем временем изменили" in read(told)
    (data,) = await house.booked()
    assert ["NEEDS-ACTION" in line for line in mine(data)] == [True]
    moved = await house.office.last()
    assert moved["message"].startswith("🔁")
    assert "✅ Вы придёте." in read(await house.press(moved, "Приду"))


async def test_both_copies_of_a_meeting_are_answered(
    house: House, noon: datetime, database: Database
) -> None:
    second = await house.server.make_calendar("anna", f"b{abs(hash(house.calendar)) % 10**8}", "Личный")
    text = ics("a", noon, "Смета", BOSS, ME, OTHER)
    await house.server.put_event("anna", second, "a.ics", text)
    async with database.transaction() as session:
        home = Calendar(
            account_id=house.anna.account_id, href=second, name="Личный", chosen=True, trust=3,
            loaded_at=house.anna.clock.now(),
        )  # fmt: skip
        session.add(home)
        await session.flush()
        house.anna.calendars["home"] = home.id
    await invite(house, noon)
    news = await house.office.last()
    await house.anna.look({f"{path_of(second)}a.ics": text}, "home")
    assert "❌ Вы не придёте." in read(await house.press(news, "Не приду"))
    assert [each.answer for each in await stored(house)] == ["DECLINED"] * 2
    assert "Приглашений без ответа нет." in read(await house.slash("unanswered"))

    async with database.transaction() as session:
        await session.execute(update(Calendar).where(Calendar.id == home.id).values(href=f"{second}nowhere/"))
    again = await house.press(news, "Приду")
    assert "✅ Вы придёте." in read(again)
    assert "записать не удалось: Личный" in again["ephemeral_text"]


async def test_an_account_that_has_to_be_mended_is_not_asked(
    house: House, noon: datetime, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await invite(house, noon)
    news = await house.office.last()
    async with database.transaction() as session:
        await session.execute(update(CalendarAccount).values(state="attention"))
    monkeypatch.setattr(EventWriter, "answer", None)
    assert "/calendar accounts" in read(await house.press(news, "Приду"))


async def test_what_cannot_be_written_to_is_not_asked_about(
    house: House, noon: datetime, database: Database
) -> None:
    async with database.transaction() as session:
        await session.execute(update(Calendar).values(writable=False))
    await invite(house, noon)
    assert "Приду" not in str(labels(await house.office.last()))
    await house.anna.remind(timedelta(hours=2, minutes=50))
    assert "Приду" not in str(labels(await house.office.last()))
    assert "Приглашений без ответа нет." in read(await house.slash("unanswered"))


async def test_the_buttons_go_with_the_meeting(house: House, noon: datetime) -> None:
    await invite(house, noon)
    await invite(house, noon, uid="b", title="Бюджет")
    news = (await house.office.rows())[0].payload
    shown = await house.slash("приглашения")
    house.office.server.posts["post"] = Post(
        id="post", channel_id="dm", message=news["message"], props=news["props"]
    )
    await house.anna.look(
        {f"{path_of(house.calendar)}a.ics": ics("a", noon, "Смета", BOSS, ME, "STATUS:CANCELLED")}
    )
    told = await house.press(news, "Приду")
    assert "отменена" in told["ephemeral_text"]
    assert not any(labels(told["update"]))
    await house.office.click("anna", button(shown, "Приду"))
    left = await house.office.last()
    assert "Ответа ждёт 1 приглашение" in read(left)
    assert "Бюджет" in read(left)


async def test_a_declined_meeting_is_not_reminded_of_and_makes_nobody_busy(
    house: House, noon: datetime
) -> None:
    await invite(house, noon)
    woken: list[str] = []
    house.desk.database.on_commit(woken.append)
    told = await house.press(await house.office.last(), "Не приду")
    assert status.TASK in woken, "the status is looked at in the same moment"
    before = len(await house.office.rows())
    await house.anna.remind(timedelta(hours=2, minutes=50))
    assert len(await house.office.rows()) == before
    again = await house.press(told["update"], "Изменить ответ")
    await house.press(again["update"], "Приду")
    assert await house.anna.remind() != []


async def test_reminders_of_the_unanswered_ask(house: House, noon: datetime) -> None:
    await invite(house, noon)
    house.anna.clock.advance(timedelta(hours=2, minutes=50))
    await house.anna.remind()
    reminder = await house.office.last()
    assert "Приду" in labels(reminder)[-1]
    told = await house.press(reminder, "Приду")
    assert "Вы придёте." in read(told)
    assert any("Напомнить в начале" in row for row in labels(told["update"]))
    assert await house.anna.count(Reminder)


async def test_details_show_the_answer_and_change_it(house: House, noon: datetime) -> None:
    await invite(house, noon)
    shown = await house.slash("today")
    select = button(shown, "Открыть встречу…")
    await house.office.click("anna", select, selected=select["options"][0]["value"])
    told = await house.press(await house.office.last(), "Возможно")
    assert "возможно, вы придёте" in read(told)
    assert "Организатор" in read(told)


class TestAnsweredElsewhere:
    """Whoever answers in another program, or below another post, is not asked any more."""

    async def test_the_news_and_the_reminder_say_so(self, house: House, noon: datetime) -> None:
        await invite(house, noon)
        await house.anna.remind(timedelta(hours=2, minutes=50))
        name = f"{path_of(house.calendar)}a.ics"
        accepted = ics("a", noon, "Смета", BOSS, ME.replace("NEEDS-ACTION", "ACCEPTED"), OTHER)
        await house.anna.look({name: accepted})
        edits = [row.payload for row in await house.office.rows() if row.kind == "mattermost.edit"]
        news, reminder = edits
        assert "Вы придёте." in read(news)
        assert labels(news) == [[], ["Изменить ответ"]]
        assert "Вы придёте." in read(reminder)
        assert labels(reminder) == [
            ["Напомнить в начале", "Напомнить через 5 минут"][::-1],
            ["Изменить ответ"],
        ]

    async def test_below_another_post(self, house: House, noon: datetime) -> None:
        await invite(house, noon)
        await house.press(await house.slash("unanswered"), "Не приду")
        (said,) = (await house.office.edits()).values()
        assert "Смета" in said

    @pytest.mark.parametrize("text", ["STATUS:CANCELLED", None])
    async def test_what_is_off_asks_nothing(self, house: House, noon: datetime, text: str | None) -> None:
        await invite(house, noon)
        name = f"{path_of(house.calendar)}a.ics"
        await house.anna.look({name: text and ics("a", noon, "Смета", BOSS, ME, text)})
        (edit,) = [row.payload for row in await house.office.rows() if row.kind == "mattermost.edit"]
        assert not any(labels(edit))

    async def test_as_long_as_one_time_of_a_series_waits_it_is_asked_about(
        self, house: House, noon: datetime
    ) -> None:
        await invite(house, noon, "RRULE:FREQ=DAILY;COUNT=2")
        news = await house.office.last()
        once = await house.press(news, "Приду")
        await house.press(once["update"], "Только в этот раз")
        assert await house.office.edits() == {}
        await house.press((await house.press(news, "Приду"))["update"], "Вся серия")
        assert len(await house.office.edits()) == 1


class TestList:
    async def test_what_waits_is_listed_and_answered_there(self, house: House, noon: datetime) -> None:
        day = timedelta(days=1)
        await invite(house, noon + day, "RRULE:FREQ=DAILY;COUNT=3", uid="s", title="Серия")
        await invite(house, noon + 2 * day, uid="b", title="Бюджет")
        await invite(house, noon - 3 * day, uid="p", title="Прошлая")
        await invite(house, noon - 20 * day, uid="o", title="Давняя")
        await invite(house, noon + 70 * day, uid="f", title="Далёкая")
        mine_too = ics("m", noon, "Своя", BOSS.replace("boris", "anna"), ME)
        await house.anna.look({"/m.ics": mine_too})
        shown = await house.slash("приглашения")
        text = read(shown)
        assert "Ответа ждут 3 приглашения." in text
        assert "3 встречи серии" in text
        assert [text.find(each) > 0 for each in ("Давняя", "Далёкая", "Своя")] == [False] * 3
        assert text.find("Серия") < text.find("Бюджет") < text.find("Прошлая")
        (first, budget, past) = labels(shown)
        assert first == budget == past == ["Приду", "Возможно", "Не приду"]
        series = shown["attachments"][0]["actions"][0]
        await house.office.click("anna", series)
        asked = await house.office.last()
        told = await house.press(asked, "Вся серия")
        assert "Ответа ждут 2 приглашения." in read(told)
        assert "Вы придёте. Это относится ко всей серии." in read(told)

    async def test_long_lists_are_paged(self, house: House, noon: datetime) -> None:
        for number in range(13):
            text = ics(f"n{number}", noon + timedelta(hours=number), f"Встреча{number:02}", BOSS, ME)
            await house.anna.look({f"/n{number}.ics": text})
        first = await house.slash("invitations")
        assert "Встреча11" in read(first)
        assert "Встреча12" not in read(first)
        await house.press(first, "Следующие")
        assert "Встреча12" in read(await house.office.last())

    async def test_nothing_waits(self, house: House) -> None:
        assert "Приглашений без ответа нет." in read(await house.slash("unanswered"))


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (
            Reverted(
                "/a.ics", "e", ics("a", "DTSTART:20260304T120000Z", "Смета", BOSS, ME), frozenset({"x"})
            ),
            "не сохранил",
        ),
        (Gone("/a.ics"), "уже нет"),
        (Conflict("/a.ics"), "одновременно меняет"),
        (PeerDown("caldav"), "не ответил"),
        (PeerLimited("caldav"), "просит подождать"),
        (PeerForbidden("caldav"), "не разрешает"),
    ],
    ids=lambda each: each if isinstance(each, str) else type(each).__name__,
)
async def test_what_was_not_done_is_said(
    house: House,
    noon: datetime,
    monkeypatch: pytest.MonkeyPatch,
    outcome: Any,
    told: str,
) -> None:
    await invite(house, noon)
    news = await house.office.last()

    async def answer(*_: object, **__: object) -> object:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(EventWriter, "answer", answer)
    said = await house.press(news, "Приду")
    assert told in read(said)
    assert "update" not in said
    assert [each.answer for each in await stored(house)] == ["NEEDS-ACTION"]


async def test_a_declined_invitation_that_the_server_puts_away_is_declined(
    house: House, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    await invite(house, noon)

    async def answer(*_: object, **__: object) -> Gone:
        return Gone("/a.ics", accepted=True)

    monkeypatch.setattr(EventWriter, "answer", answer)
    before = await house.office.said()
    told = await house.press(await house.office.last(), "Не приду")
    assert "❌ Вы не придёте." in read(told)
    assert labels(told["update"])[-1] == []
    assert await stored(house) == []
    assert await house.office.said() == before
    (edit,) = [row.payload for row in await house.office.rows() if row.kind == "mattermost.edit"]
    assert "❌ Вы не придёте." in read(edit), "the same as the click has made of it"


async def test_a_button_of_a_meeting_that_is_gone(house: House, noon: datetime, database: Database) -> None:
    await invite(house, noon)
    news = await house.office.last()
    async with database.transaction() as session:
        await session.execute(update(StoredOccurrence).values(uid="another"))
    assert "уже нет" in read(await house.press(news, "Приду"))


class TestAnswersOfOthers:
    async def test_whoever_called_the_meeting_hears_of_them_in_its_thread(
        self, house: House, noon: datetime
    ) -> None:
        def own(vera: str, boris: str, title: str = "Моя") -> str:
            return ics(
                "m", noon, title, "ORGANIZER:mailto:anna@example.com",
                f"ATTENDEE;CN=Вера;PARTSTAT={vera}:mailto:vera@example.com",
                f"ATTENDEE;CN=Борис;PARTSTAT={boris}:mailto:boris@example.com",
            )  # fmt: skip

        await house.anna.look({"m.ics": own("NEEDS-ACTION", "NEEDS-ACTION")})
        house.anna.clock.advance(timedelta(minutes=1))
        (said,) = await house.anna.look({"m.ics": own("ACCEPTED", "NEEDS-ACTION")})
        assert said == "💬 Ответы: Моя\n✅ **Вера** — придёт\n⏳ ещё не ответили: Борис"
        house.anna.clock.advance(timedelta(minutes=1))
        (said,) = await house.anna.look({"m.ics": own("DECLINED", "TENTATIVE")})
        assert said == "💬 Ответы: Моя\n❌ **Вера** — не придёт\n❔ **Борис** — возможно, придёт"
        assert (await house.office.rows())[-1].payload["reply_to"]
        house.anna.clock.advance(timedelta(minutes=1))
        assert await house.anna.look({"m.ics": own("DECLINED", "TENTATIVE")}) == []
        house.anna.clock.advance(timedelta(minutes=1))
        both = await house.anna.look({"m.ics": own("ACCEPTED", "TENTATIVE", "Новая")})
        assert [each.partition("\n")[0] for each in both] == ["✏️ Изменена: Новая", "💬 Ответы: Новая"]

    async def test_guests_do_not_hear_of_each_other(self, house: House, noon: datetime) -> None:
        await house.anna.look({"g.ics": ics("g", noon, "Чужая", BOSS, ME, OTHER)})
        declined = OTHER.replace("ACCEPTED", "DECLINED")
        assert await house.anna.look({"g.ics": ics("g", noon, "Чужая", BOSS, ME, declined)}) == []
