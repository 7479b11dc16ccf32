"""kill -9 of the whole Sekretar around a delivery, and the starts that must not happen."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.acts import about, in_minutes, pressable, times_seen
from tests.acceptance.diaries import meeting
from tests.acceptance.office import Office
from tests.acceptance.waiting import until
from tests.crash.conftest import Scene
from tests.crash.sekretar_program import Program

from sekretar.kernel.secrets import generate_key
from sekretar.sandbox.ports import free_port

POSTS: Any = {"method": "POST", "path": "/api/v4/posts$"}


async def told_once(scene: Scene, title: str) -> None:
    """The news and the reminder of this meeting came, and nothing came twice."""
    await scene.anna.wait_for(about("⏰", title), timeout=40)
    await scene.anna.wait_for(about("Новая встреча", title), timeout=40)
    await scene.diary.put(meeting("Маяк", in_minutes(9)))
    await scene.anna.wait_for(about("⏰", "Маяк"), timeout=40)
    seen = [post for post in await scene.anna.posts(scene.home) if title in post.text]
    assert sorted(post.text.split()[0] for post in seen) == ["⏰", "🆕"]
    assert times_seen(scene.anna, title) == 2


async def test_killed_while_the_post_is_on_its_way(scene: Scene) -> None:
    """The server takes the post of the dead process only after the next one has looked for it."""
    scene.sandbox.faults.slow(6, **POSTS)
    await scene.diary.put(meeting("Важная", in_minutes(9)))
    await until(lambda: scene.sandbox.faults.met, what="a post on its way")
    await scene.die_and_rise()
    await told_once(scene, "Важная")


async def test_killed_before_the_post_arrived(scene: Scene) -> None:
    scene.sandbox.faults.reset_before(**POSTS)
    await scene.diary.put(meeting("Важная", in_minutes(9)))
    await until(lambda: scene.sandbox.faults.met, what="a post that was lost")
    await scene.die_and_rise()
    await told_once(scene, "Важная")


async def test_killed_after_the_post_and_before_it_is_known(scene: Scene) -> None:
    scene.sandbox.faults.slow_after(60, **POSTS, times=2)
    await scene.diary.put(meeting("Важная", in_minutes(9)))
    await scene.anna.wait_for(about("Важная"))
    await scene.die_and_rise()
    scene.sandbox.faults.clear()
    await told_once(scene, "Важная")


async def test_killed_again_and_again_at_any_moment(scene: Scene) -> None:
    chance = random.Random(20261121)
    titles = [f"Номер {number}" for number in ("один", "два", "три", "четыре")]
    for title in titles:
        scene.sandbox.faults.slow_after(chance.uniform(0, 0.3), **POSTS, times=2)
        await scene.diary.put(meeting(title, in_minutes(9)))
        await asyncio.sleep(chance.uniform(0.2, 1.6))
        await scene.die_and_rise()
    scene.sandbox.faults.clear()
    for title in titles:
        await told_once(scene, title)


async def test_a_word_to_a_dead_process_is_answered_by_the_next(scene: Scene) -> None:
    mark = scene.anna.mark()
    await scene.program.kill()
    await scene.anna.say("calendar today", scene.home)
    await scene.program.start()
    await scene.anna.wait_for(about("Сегодня", "встреч нет"), since=mark, timeout=40)
    await scene.die_and_rise()
    await scene.anna.say("привет", scene.home)
    await scene.anna.wait_for(pressable("Мой день"), since=mark, timeout=40)
    assert times_seen(scene.anna, "Сегодня", "встреч нет", since=mark) == 1


async def test_it_ends_in_order_when_it_is_asked_to(scene: Scene) -> None:
    assert await scene.program.terminate() == 0
    assert "Traceback" not in scene.program.said()


async def test_another_key_is_an_error_and_changes_nothing(scene: Scene, tmp_path: Path) -> None:
    await scene.program.kill()
    before = dump(scene.database)
    stranger = Program(scene.office, tmp_path, KEYS=generate_key())
    await stranger.launch()
    assert await stranger.ended() == 78
    assert "key" in stranger.said().lower()
    assert "Traceback" not in stranger.said()
    assert dump(scene.database) == before
    await scene.program.start()
    await scene.diary.put(meeting("После", in_minutes(200)))
    await scene.anna.wait_for(about("Новая встреча", "После"))


@pytest.mark.parametrize("key", ["", "nonsense", "кириллица"])
async def test_a_missing_or_broken_key_is_said(office: Office, tmp_path: Path, key: str) -> None:
    program = Program(office, tmp_path, KEYS=key)
    await program.launch()
    assert await program.ended() == 78
    assert "sekretar keys generate" in program.said() or "key" in program.said()
    assert "Traceback" not in program.said()


async def test_two_on_one_database_is_refused(scene: Scene, tmp_path: Path) -> None:
    second = Program(scene.office, tmp_path, LISTEN=f"127.0.0.1:{free_port()}")
    await second.launch()
    assert await second.ended() == 78
    assert "Another process works on this database" in second.said()
    assert "Traceback" not in second.said()
    await scene.diary.put(meeting("Ungestört", in_minutes(200)))
    await scene.anna.wait_for(about("Ungestört"))


async def test_a_taken_port_is_said(scene: Scene, tmp_path: Path) -> None:
    other = f"sqlite:///{tmp_path / 'other.sqlite3'}"
    second = Program(scene.office, tmp_path, DATABASE_URL=other)
    await second.launch()
    assert await second.ended() == 78
    assert f"Port {scene.office.port}" in second.said()


async def test_a_database_locked_by_another_program_delays_and_loses_nothing(scene: Scene) -> None:
    with locked(scene.database):
        await scene.diary.put(meeting("Важная", in_minutes(9)))
        answer = await scene.anna.slash("/calendar today", scene.home)
        assert "Сегодня" in answer.text, "what is stored can be read meanwhile"
    await told_once(scene, "Важная")
    assert "Traceback" not in scene.program.said()


async def test_a_database_locked_at_the_start_is_waited_for(scene: Scene) -> None:
    await scene.program.kill()
    with locked(scene.database):
        process = await scene.program.launch()
        await asyncio.wait([asyncio.ensure_future(process.wait())], timeout=8)
        early = process.returncode
    if early is not None:
        assert early == 75
        assert "database" in scene.program.said()
    assert "Traceback" not in scene.program.said()
    if early is not None:
        await scene.program.start()
    await scene.office.until_ready(seconds=60)
    await scene.diary.put(meeting("Важная", in_minutes(9)))
    await told_once(scene, "Важная")


@contextlib.contextmanager
def locked(database: Path) -> Iterator[None]:
    """Hold the database for writing, as a backup or a curious administrator does."""
    connection = sqlite3.connect(database, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")
    finally:
        connection.close()


def dump(database: Path) -> list[str]:
    """The whole content."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return list(connection.iterdump())
