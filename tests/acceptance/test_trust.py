"""Nobody does in another's name what is not theirs: clicks, dialogs and callbacks of strangers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.acceptance.acts import (
    about,
    account,
    ask_to_connect,
    connect,
    in_minutes,
    plain,
    times_seen,
    today,
)
from tests.acceptance.conftest import MakeOffice
from tests.acceptance.diaries import CalendarServer, meeting
from tests.acceptance.office import Office

from sekretar.sandbox.human import Human, Refused


async def test_a_button_shown_to_one_person_is_not_pressed_by_another(
    office: Office, calendars: CalendarServer
) -> None:
    """What an ephemeral button carries is at the client, who may hand it on."""
    anna, mallory = await office.hire("anna"), await office.hire("mallory", locale="en")
    diary = await calendars.open(events=[meeting("Планёрка", in_minutes(-5), 60)])
    await connect(office, anna, diary)
    square = await anna.channel("town-square")
    asked = (await anna.slash("/calendar disconnect", square)).posts[0]
    mark = mallory.mark()
    await mallory.click(asked, "Отключить и удалить")
    await mallory.wait_for(about(f"This button is for @{anna.username}"), since=mark)
    assert "Планёрка" in await today(office, anna)


async def test_a_button_in_direct_messages_is_out_of_reach_for_others(office: Office) -> None:
    anna, mallory = await office.hire("anna"), await office.hire("mallory")
    await office.home(anna)
    welcome = await anna.wait_for(lambda post: bool(post.buttons))
    with pytest.raises(Refused):
        await mallory.click(welcome, "Подключить календарь")


async def test_a_click_counts_once(office: Office, calendars: CalendarServer) -> None:
    anna = await office.hire()
    diary = await calendars.open()
    await connect(office, anna, diary)
    asked = (await anna.slash("/calendar disconnect", await office.home(anna))).posts[0]
    mark = anna.mark()
    await asyncio.gather(*(anna.click(asked, "Отключить и удалить") for _ in range(3)))
    await anna.wait_for(about(diary.login, "удалено"), since=mark)
    await anna.click(asked, "Отключить и удалить")
    await anna.wait_for(about("уже"), since=mark)
    await connect(office, anna, diary)
    mark = anna.mark()
    await anna.click(asked, "Отключить и удалить")
    await anna.wait_for(lambda post: post.ephemeral, since=mark)
    listed = (await anna.slash("/calendar accounts")).text
    assert diary.login in listed, "an old button must not reach the account that was connected anew"


async def test_a_dialog_is_submitted_once(office: Office, calendars: CalendarServer) -> None:
    anna = await office.hire()
    diary = await calendars.open()
    dialog = await ask_to_connect(office, anna)
    answers = await asyncio.gather(*(anna.submit_dialog(dialog, account(diary)) for _ in range(2)))
    assert sorted(len(errors) for errors in answers) == [0, 1]
    errors = await anna.submit_dialog(dialog, account(diary))
    assert "уже у меня" in errors[""] or "у меня уже есть" in errors[""]
    await anna.wait_for(about(diary.login, "готов"))
    assert times_seen(anna, "Подключено") == 1


async def test_a_dialog_is_submitted_only_by_whom_it_was_opened_for(
    office: Office, calendars: CalendarServer
) -> None:
    anna, mallory = await office.hire("anna"), await office.hire("mallory", locale="en")
    diary = await calendars.open()
    dialog = await ask_to_connect(office, anna)
    await office.home(mallory)
    errors = await mallory.submit_dialog(dialog, account(diary))
    assert errors == {"": "This form was opened for somebody else."}
    for person in (anna, mallory):
        assert diary.login not in (await person.slash("/calendar accounts")).text


async def test_a_dialog_with_a_changed_state_is_refused(office: Office, calendars: CalendarServer) -> None:
    anna = await office.hire()
    diary = await calendars.open()
    dialog = await ask_to_connect(office, anna)
    changed = ("A" if dialog.state[40] != "A" else "B").join((dialog.state[:40], dialog.state[41:]))
    for forged in (
        replace(dialog, state=changed),
        replace(dialog, state=""),
        replace(dialog, callback_id="calendars.choose"),
    ):
        with pytest.raises(Refused):
            await anna.submit_dialog(forged, account(diary))
    assert "не подключён" in await today(office, anna)


async def test_a_dialog_that_stood_open_for_days_says_so(
    own_office: MakeOffice, calendars: CalendarServer
) -> None:
    office = await own_office()
    anna = await office.hire()
    diary = await calendars.open()
    dialog = await ask_to_connect(office, anna)
    office.clock.ahead += timedelta(hours=25)
    errors = await anna.submit_dialog(dialog, account(diary))
    assert "открыто слишком давно" in errors[""]
    assert "не подключён" in await today(office, anna)


async def test_a_button_that_is_a_year_old_says_so(own_office: MakeOffice) -> None:
    office = await own_office()
    anna = await office.hire()
    await office.home(anna)
    welcome = await anna.wait_for(lambda post: bool(post.buttons))
    office.clock.ahead += timedelta(days=400)
    mark = anna.mark()
    await anna.click(welcome, "Подключить календарь")
    await anna.wait_for(about("слишком старая"), since=mark)


NOBODY = "x" * 26
GARBAGE: list[tuple[str, dict[str, Any], int]] = [
    ("/mattermost/command", {"data": b""}, 400),
    ("/mattermost/command", {"data": b"\xff\xfe\x00"}, 400),
    ("/mattermost/command", {"data": b"&=&=&;%%%zz"}, 400),
    ("/mattermost/command", {"data": "command=/calendar&text=today&user_id=u&channel_id=c"}, 401),
    ("/mattermost/command", {"data": "token=x&command=/calendar&text=today&user_id=u&channel_id=c"}, 401),
    ("/mattermost/command", {"data": "token=x&" + "a=b&" * 1000 + "command=/c"}, 400),
    ("/mattermost/command", {"data": "command=" + "x" * 5000 + "&user_id=u&channel_id=c"}, 400),
    ("/mattermost/command", {"data": b"x" * (1024 * 1024 + 1)}, 413),
    ("/mattermost/action", {"data": b""}, 400),
    ("/mattermost/action", {"data": b"{"}, 400),
    ("/mattermost/action", {"data": b"\x00\xff"}, 400),
    ("/mattermost/action", {"data": b"[" * 100_000}, 400),
    ("/mattermost/action", {"data": b'{"context": ' + b"9" * 10_000 + b"}"}, 400),
    ("/mattermost/action", {"json": []}, 400),
    ("/mattermost/action", {"json": {"user_id": NOBODY}}, 400),
    ("/mattermost/action", {"json": {"user_id": 7, "context": {"action": "home.menu", "claim": "x"}}}, 400),
    ("/mattermost/action", {"json": {"user_id": NOBODY, "context": {"action": "home.menu"}}}, 400),
    (
        "/mattermost/action",
        {"json": {"user_id": NOBODY, "context": {"action": "home.menu", "claim": "x"}}},
        401,
    ),
    (
        "/mattermost/action",
        {"json": {"user_id": "\0", "context": {"action": "home.menu", "claim": "x"}}},
        400,
    ),
    (
        "/mattermost/action",
        {"json": {"user_id": NOBODY, "context": {"action": "a" * 5000, "claim": "x"}}},
        400,
    ),
    ("/mattermost/action", {"data": b'{"a": "' + b"x" * (1024 * 1024) + b'"}'}, 413),
    ("/mattermost/dialog", {"data": b"null"}, 400),
    ("/mattermost/dialog", {"json": {"type": "dialog_submission", "callback_id": "calendars.connect"}}, 400),
    (
        "/mattermost/dialog",
        {"json": {"type": "dialog_submission", "callback_id": "x", "state": "x", "user_id": NOBODY}},
        401,
    ),
    (
        "/mattermost/dialog",
        {"json": {"type": "dialog_lookup", "callback_id": "x", "state": "x", "user_id": NOBODY}},
        400,
    ),
    ("/mattermost/dialog", {"data": b"x" * (2 * 1024 * 1024)}, 413),
    ("/mattermost/nothing", {"json": {}}, 404),
]


@pytest.mark.parametrize(("path", "body", "status"), GARBAGE)
async def test_garbage_is_refused_without_a_word(
    office: Office, path: str, body: dict[str, Any], status: int, log: Callable[[], str]
) -> None:
    answered, text = await office.post(path, **body)
    assert answered == status
    assert len(text) < 100
    assert (await office.readiness())[0] == 200


async def test_a_claim_for_one_act_serves_no_other(office: Office, calendars: CalendarServer) -> None:
    """The state of a dialog is public; it must open nothing but its dialog."""
    anna = await office.hire()
    dialog = await ask_to_connect(office, anna)
    for action in ("calendars.disconnect.yes", "home.menu", "calendars.connect"):
        context = {"action": action, "claim": dialog.state}
        assert (await office.post("/mattermost/action", json={"user_id": anna.user_id, "context": context}))[
            0
        ] == 401


async def test_the_people_page_of_consent_takes_no_forged_answer(office: Office) -> None:
    for query in (
        "",
        "?state=x&code=y",
        "?error=access_denied",
        "?state=" + "x" * 5000,
        "?code=%00&state=%ff",
    ):
        async with office.server.session.get(f"{office.url}/consent/mattermost{query}") as page:
            assert page.status == 400, query
            assert "<script" not in await page.text()


async def test_text_from_the_address_is_not_put_into_the_page(office: Office) -> None:
    hostile = "?state=<script>alert(1)</script>&error=<b>&error_description=<img src=x>"
    async with office.server.session.get(f"{office.url}/consent/mattermost{hostile}") as page:
        text = await page.text()
        assert "alert(1)" not in text
        assert "<img" not in text
        assert page.headers["X-Content-Type-Options"] == "nosniff"


async def test_two_people_of_one_name_are_told_apart_by_their_username(
    office: Office, calendars: CalendarServer
) -> None:
    names = {"first_name": "Anna", "last_name": "Smith", "locale": "en"}
    first: Human = await office.hire("anna", **names)
    second: Human = await office.hire("anna", **names)
    await connect(office, first, await calendars.open())
    square = await first.channel("town-square")
    asked = (await first.slash("/calendar disconnect", square)).posts[0]
    mark = second.mark()
    await second.click(asked, "Disconnect and delete")
    told = await second.wait_for(about("This button is for"), since=mark)
    assert f"@{first.username}" in plain(told.text)
