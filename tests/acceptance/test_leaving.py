"""An account ends, or its server does for a while: what is forgotten, what is kept, what is said."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import MetaData, create_engine, make_url
from tests.acceptance.acts import (
    about,
    account,
    connect,
    daytime_zone,
    in_minutes,
    now,
    pressable,
    times_seen,
    today,
    today_at,
)
from tests.acceptance.conftest import MakeOffice
from tests.acceptance.diaries import CalendarServer, calendar_server, meeting
from tests.acceptance.office import Office
from tests.acceptance.test_status import consenting, until_status
from tests.acceptance.waiting import until


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'sekretar.sqlite3'}"
        return
    server = request.getfixturevalue("postgresql")
    name = server.create()
    yield server.url_of(name)
    server.drop(name)


def bytes_of(folder: Path) -> bytes:
    """The embedded database as it lies on the disk, with what belongs to it; nothing of another one."""
    return b"".join(file.read_bytes() for file in folder.glob("sekretar.sqlite3*"))


def contents(database_url: str) -> str:
    """Every value of every table, as text."""
    return "\n".join(rows_of(database_url).values())


#: Tables that hold something only for people with calendars.
THEIRS = frozenset(
    {
        "calendar_accounts", "calendars", "calendar_objects", "occurrences", "reminders", "calendar_refreshes",
        "presences", "quiet_times", "digests", "booking_drafts", "channel_subscriptions",
    }
)  # fmt: skip


def rows_of(database_url: str) -> dict[str, str]:
    """The tables that hold anything, each with its rows as text."""
    url = make_url(database_url)
    if url.get_backend_name() == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    engine = create_engine(url)
    try:
        tables = MetaData()
        tables.reflect(engine)
        with engine.connect() as connection:
            found = {
                table.name: "\n".join(repr(tuple(row)) for row in connection.execute(table.select()))
                for table in tables.sorted_tables
            }
        return {name: rows for name, rows in found.items() if rows}
    finally:
        engine.dispose()


async def test_disconnecting_leaves_no_trace(
    own_office: MakeOffice, calendars: CalendarServer, database_url: str, tmp_path: Path
) -> None:
    office = await own_office(database_url)
    anna = await office.hire()
    diary = await calendars.open(("work", "Тайный календарь"))
    await connect(office, anna, diary)
    event = meeting(
        "Тайная встреча", in_minutes(9), place="Тайное место", description="Тайна", uid="geheimnis@tests"
    )
    await diary.put(event)
    await anna.wait_for(about("⏰", "Тайная встреча"))
    await diary.put(meeting("Тайный прогон", in_minutes(300)))
    await anna.wait_for(about("Новая встреча", "Тайный прогон"))
    assert diary.login in contents(database_url)
    before = await diary.files()
    asked = await anna.slash("/calendar disconnect", await office.home(anna))
    mark = anna.mark()
    await anna.click(asked.posts[0], "Отключить и удалить")
    await anna.wait_for(about(diary.login, "удалено"), since=mark)
    traces = (diary.login, diary.password, diary.url, "Тайн", "geheimnis", "\\u0422\\u0430\\u0439\\u043d")
    left = contents(database_url)
    assert [trace for trace in traces if trace in left] == []
    assert await diary.files() == before, "nothing changes on the calendar server"
    await office.stop()
    raw = bytes_of(tmp_path)
    assert [trace for trace in traces if trace.encode() in raw] == []


async def test_the_last_account_takes_everything_with_it(
    own_office: MakeOffice, calendars: CalendarServer, database_url: str
) -> None:
    office = await own_office(database_url)
    anna = await office.hire()
    home = await office.home(anna)
    await anna.set_custom_status("bento", "Обед")
    diary = await consenting(office, anna, calendars)
    second = await calendars.open(events=[meeting("Вторая", in_minutes(100))])
    await connect(office, anna, second)
    await anna.slash("/calendar remind 30", home)
    await anna.slash("/calendar new Демо завтра 15:00", home)
    await diary.put(meeting("Созвон", in_minutes(-5), 60))
    await until_status(anna, "calendar")
    await anna.slash("/calendar refresh", home)
    kept = {"presences", "consents", "calendar_refreshes", "booking_drafts", "digests", "preferences"}
    assert kept <= rows_of(database_url).keys()

    asked = await anna.slash("/calendar disconnect all", home)
    assert "согласие" in asked.text
    mark = anna.mark()
    await anna.click(asked.posts[0], "Отключить и удалить")
    await anna.wait_for(about(diary.login, second.login, "удалено"), since=mark)
    await until_status(anna, "bento")

    async def nothing_left() -> bool:
        left = rows_of(database_url)
        return not (left.keys() & (THEIRS | {"consents"})) and "calendars." not in left.get("preferences", "")

    await until(nothing_left, what="every row about the calendars to go")
    keys = rows_of(database_url).get("outbox", "")
    assert not [part for part in ("calendar:", "digest:", "refresh:", "status.consented") if part in keys]
    traces = (diary.login, diary.password, second.login, "Созвон", "Вторая")
    await office.stop()
    left = contents(database_url)
    assert [trace for trace in traces if trace in left] == []


async def test_keeping_an_account_keeps_everything(office: Office, calendars: CalendarServer) -> None:
    boris = await office.hire("boris", locale="en")
    diary = await calendars.open(events=[meeting("Review", in_minutes(-5), 60)])
    await connect(office, boris, diary)
    asked = await boris.slash("/calendar disconnect")
    assert "Nothing changes on the calendar server" in asked.text
    mark = boris.mark()
    await boris.click(asked.posts[0], "Keep")
    await boris.wait_for(about("stays connected"), since=mark)
    assert "Review" in await today(office, boris)


async def test_of_two_accounts_one_may_go(office: Office, calendars: CalendarServer) -> None:
    anna = await office.hire()
    first = await calendars.open(events=[meeting("Из первого", in_minutes(-5), 60)])
    second = await calendars.open(events=[meeting("Из второго", in_minutes(-4), 60)])
    for diary in (first, second):
        await connect(office, anna, diary)
    asked = await anna.slash("/calendar disconnect", await office.home(anna))
    mark = anna.mark()
    await anna.click(asked.posts[0], first.login)
    sure = await anna.wait_for(pressable("Отключить и удалить"), since=mark)
    await anna.click(sure, "Отключить и удалить")
    await anna.wait_for(about(first.login, "удалено"), since=mark)
    shown = await today(office, anna)
    assert "Из первого" not in shown
    assert "Из второго" in shown


async def test_reminders_of_a_disconnected_calendar_are_not_given(
    own_office: MakeOffice, calendars: CalendarServer
) -> None:
    office = await own_office()
    anna = await office.hire()
    gone, kept = await calendars.open(), await calendars.open()
    for diary in (gone, kept):
        await connect(office, anna, diary)
    await gone.put(meeting("Забытая", in_minutes(11), 60))
    await kept.put(meeting("Нужная", in_minutes(11), 60))
    for title in ("Забытая", "Нужная"):
        await anna.wait_for(about("Новая встреча", title))
    asked = await anna.slash("/calendar disconnect", await office.home(anna))
    mark = anna.mark()
    await anna.click(asked.posts[0], gone.login)
    sure = await anna.wait_for(pressable("Отключить и удалить"), since=mark)
    await anna.click(sure, "Отключить и удалить")
    await anna.wait_for(about(gone.login, "удалено"), since=mark)
    office.clock.ahead += timedelta(minutes=2)
    await anna.wait_for(about("⏰", "Нужная"))
    assert times_seen(anna, "⏰", "Забытая") == 0


async def test_a_password_changed_elsewhere_is_told_once_and_mended(
    office: Office, calendars: CalendarServer
) -> None:
    anna = await office.hire(zone=daytime_zone())
    diary = await calendars.open(events=[meeting("Планёрка", in_minutes(-5), 60)])
    await connect(office, anna, diary)
    calendars.set_password(diary, "a new app password")
    told = await anna.wait_for(about("больше не принимает пароль", diary.login), timeout=40)
    assert "Ничего не потеряно" in told.text
    assert "Планёрка" in await today(office, anna)
    assert "больше не принимает пароль" in (await anna.slash("/calendar accounts")).text
    await anna.click(told, "Ввести пароль заново")
    dialog = await anna.dialog()
    assert dialog.field("login").default == diary.login
    assert dialog.field("password").default == ""
    errors = await anna.submit_dialog(dialog, {"password": "still the wrong one"})
    assert list(errors) == ["password"]
    await diary.put(meeting("За это время", in_minutes(200)))
    mark = anna.mark()
    assert await anna.submit_dialog(dialog, {"password": diary.password}) == {}
    await anna.wait_for(about(diary.login, "новый пароль"), since=mark)
    await anna.wait_for(about("Новая встреча", "За это время"), since=mark)
    assert times_seen(anna, "больше не принимает пароль") == 1


@pytest_asyncio.fixture(loop_scope="session")
async def own_calendars(tmp_path: Path) -> AsyncIterator[CalendarServer]:
    """A calendar server that may be switched off."""
    async with calendar_server(tmp_path / "radicale") as server:
        yield server


async def test_a_calendar_server_that_is_down_costs_nothing_but_time(
    own_office: MakeOffice, own_calendars: CalendarServer, log: Callable[[], str]
) -> None:
    office = await own_office()
    zone = daytime_zone()
    anna = await office.hire(zone=zone)
    diary = await own_calendars.open(events=[meeting("Планёрка", today_at(15, zone), 60)])
    await connect(office, anna, diary)
    await own_calendars.stop()
    down_since = now()
    office.clock.ahead += timedelta(minutes=20)

    async def admitted() -> str:
        shown = await today(office, anna)
        return shown if "последнее обновление" in shown else ""

    shown = await until(admitted, what="a word about the age of what is shown")
    assert "Планёрка" in shown
    assert "Сервер не отвечает" in shown
    hours = {f"{down_since + timedelta(minutes=each):%M}" for each in (-1, 0)}
    assert any(f":{minute}" in shown.partition("последнее обновление")[2] for minute in hours)
    assert "Сервер не отвечает" in (await anna.slash("/calendar accounts")).text
    await own_calendars.start()
    await diary.put(meeting("Новая", today_at(16, zone), 60))
    office.clock.ahead += timedelta(minutes=31)
    await anna.wait_for(about("Новая встреча: Новая"))

    async def recovered() -> bool:
        return "последнее обновление" not in await today(office, anna)

    await until(recovered, what="a list without a word about its age")
    assert times_seen(anna, "Отменена") == 0
    assert times_seen(anna, "пароль", diary.login) == 0


async def test_connecting_again_after_leaving_starts_afresh(
    office: Office, calendars: CalendarServer
) -> None:
    anna = await office.hire()
    diary = await calendars.open(events=[meeting("Планёрка", in_minutes(-5), 60)])
    for _ in range(2):
        await connect(office, anna, diary)
        asked = await anna.slash("/calendar disconnect", await office.home(anna))
        mark = anna.mark()
        await anna.click(asked.posts[0], "Отключить и удалить")
        await anna.wait_for(about("удалено"), since=mark)
    assert account(diary)["login"] not in (await anna.slash("/calendar accounts")).text
