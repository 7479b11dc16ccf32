"""kill -9 exactly between two steps of syncing, reminding, showing a status, answering and booking.

After the next start nothing is lost, nothing is said or done twice, and the person has their own status back.
"""

from __future__ import annotations

import contextlib
import signal
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from tests.acceptance.acts import about, ask_to_connect, in_minutes, now, pressable, times_seen
from tests.acceptance.acts import account as answers_of
from tests.acceptance.diaries import Diary, calendar_server, meeting
from tests.acceptance.office import Office
from tests.acceptance.test_status import ask_for_consent, until_status
from tests.acceptance.waiting import until
from tests.crash.conftest import Scene
from tests.crash.sekretar_program import Program

MANY = 600


async def dies(scene: Scene) -> None:
    assert await scene.program.ended() == -signal.SIGKILL


async def reborn(scene: Scene, *fate: str) -> None:
    """Another life; the earlier one ends when it has said what it had to say."""
    await until(lambda: nothing_left(scene.database), what="the last word")
    await scene.program.kill()
    await scene.program.start(*fate)


async def test_in_the_middle_of_a_big_first_look(office: Office, program: Program, tmp_path: Path) -> None:
    async with calendar_server(tmp_path / "radicale") as calendars:
        diary = await calendars.open()
        soon = meeting("Скоро", in_minutes(60))
        await fill(diary, soon.ics(now()))
        await program.start()
        anna = await office.hire()
        assert await anna.submit_dialog(await ask_to_connect(office, anna), answers_of(diary)) == {}
        stored = tmp_path / "sekretar.sqlite3"
        await until(lambda: objects(stored), what="the first objects")
        await program.kill()
        assert 0 < objects(stored) < MANY, "it was killed in the middle"
        await program.start()
        await anna.wait_for(about("готов"), timeout=60)
        await until(lambda: objects(stored) == MANY + 1, what="the rest of the calendar")
        await diary.put(meeting("Новая", in_minutes(9)))
        await anna.wait_for(about("⏰", "Новая"), timeout=40)
        assert times_seen(anna, "🆕") == 1, "what was there before is no news"
        assert times_seen(anna, "готов") == 1


@pytest.mark.parametrize(
    "moment",
    [
        ("before", "sekretar.calendars.sync.looking:Looking._finish"),
        ("after", "sekretar.calendars.reminders.reminding:Reminding._message"),
    ],
    ids=["between the changes and the token", "while reminding"],
)
async def test_between_a_change_on_the_server_and_the_word_of_it(
    scene: Scene, moment: tuple[str, str]
) -> None:
    await reborn(scene, *moment)
    await scene.diary.put(meeting("Важная", in_minutes(9)))
    await dies(scene)
    await scene.program.start()
    for sign in ("🆕", "⏰"):
        await scene.anna.wait_for(about(sign, "Важная"), timeout=40)
    await scene.diary.put(meeting("Маяк", in_minutes(9)))
    await scene.anna.wait_for(about("⏰", "Маяк"), timeout=40)
    assert times_seen(scene.anna, "Важная") == 2


async def test_around_the_status(scene: Scene) -> None:
    """One meeting, five lives: the earlier status is remembered through all of them."""
    anna, keeper = scene.anna, "sekretar.calendars.presence.status:StatusKeeper"
    await anna.set_custom_status("bento", "Обед")
    mark = anna.mark()
    await anna.consent(await ask_for_consent(scene.office, anna))
    await anna.wait_for(about("На встрече"), since=mark)
    event = meeting("Созвон", in_minutes(-5), 60)
    await reborn(scene, "before", f"{keeper}._set")
    await scene.diary.put(event)
    await dies(scene)
    await scene.program.start("after", f"{keeper}._set")
    await dies(scene)
    await until_status(anna, "calendar")
    await scene.program.start("before", f"{keeper}._set")
    await scene.diary.delete(event.uid)
    await dies(scene)
    await scene.program.start("after", f"{keeper}._set")
    await dies(scene)
    assert (await until_status(anna, "bento")).text == "Обед"
    await scene.program.start()
    second = meeting("Второй", in_minutes(-5), 60)
    await scene.diary.put(second)
    await until_status(anna, "calendar")
    await scene.diary.delete(second.uid)
    after = await until_status(anna, "bento")
    assert (after.text, after.until) == ("Обед", None)


async def test_an_answer_that_is_on_the_server_and_not_yet_here(scene: Scene) -> None:
    anna, login = scene.anna, scene.diary.login
    invited = (
        "ORGANIZER;CN=Boris:mailto:boris@example.com",
        f"ATTENDEE;CN=Anna;PARTSTAT=NEEDS-ACTION:mailto:{login}@example.com",
    )
    with contextlib.closing(sqlite3.connect(scene.database)) as database, database:
        database.execute("UPDATE calendar_accounts SET addresses = ?", (f'["{login}@example.com"]',))
    await reborn(scene, "before", "sekretar.calendars.changing.carrying:Carrying.keep")
    event = meeting("Смета", in_minutes(300), more=invited)
    await scene.diary.put(event)
    asked = await anna.wait_for(pressable("Приду"), timeout=40)
    with contextlib.suppress(Exception):
        await anna.click(asked, "Приду")
    await dies(scene)
    assert "PARTSTAT=ACCEPTED" in await scene.diary.text(event.uid)
    await reborn(scene)
    await scene.diary.put(meeting("Маяк", in_minutes(9)))
    await anna.wait_for(about("⏰", "Маяк"), timeout=40)
    assert times_seen(anna, "Смета") == 1, "one's own answer is no news"
    (told,) = [post for post in await anna.posts(scene.home) if "Смета" in post.text]
    assert "Вы придёте" in told.text, "what was asked shows the answer"
    assert told.control("Приду") is None


async def test_a_meeting_that_is_on_the_server_and_not_yet_here(scene: Scene) -> None:
    anna = scene.anna
    await reborn(scene, "before", "sekretar.calendars.booking.saving:Saving._finish")
    before = (await scene.diary.files()).count(".ics<")
    shown = (await anna.slash("/calendar new Показ завтра 15:00 45m", scene.home)).posts[-1]
    with contextlib.suppress(Exception):
        await anna.click(shown, "Создать")
    await dies(scene)
    assert (await scene.diary.files()).count(".ics<") == before + 1
    await reborn(scene)
    mark = anna.mark()
    await anna.click(shown, "Создать")
    await anna.wait_for(about("создана", "Показ"), since=mark)
    await scene.diary.put(meeting("Маяк", in_minutes(9)))
    await anna.wait_for(about("⏰", "Маяк"), timeout=40)
    assert (await scene.diary.files()).count(".ics<") == before + 2
    assert times_seen(anna, "🆕", "Показ") == 0, "what one makes is no news to oneself"


async def fill(diary: Diary, soon: str) -> None:
    """A whole calendar in one request: that meeting, and many more of days to come."""
    stamp, begin = now(), now() + timedelta(days=2)
    texts = [soon, *(meeting(f"Номер {n}", begin + timedelta(hours=n)).ics(stamp) for n in range(MANY))]
    events = [text[text.index("BEGIN:VEVENT") : text.index("END:VCALENDAR")] for text in texts]
    await diary.replace(
        "\r\n".join(
            ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//tests//EN", "".join(events) + "END:VCALENDAR", ""]
        )
    )


def objects(database: Path) -> int:
    """How many calendar objects are stored."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM calendar_objects").fetchone()
    return int(count)


def nothing_left(database: Path) -> bool:
    """Whether everything that was to be said has been said."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        query = "SELECT count(*) FROM outbox WHERE state IN ('waiting', 'sending')"
        (count,) = connection.execute(query).fetchone()
    return not count
