"""What goes wrong around a desk is said in its channel, once, and once again when it is over."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from tests.acceptance.acts import about, plain
from tests.acceptance.desks import CONTRACTOR_NAME, POLE, STATION, DeskAtWork, desk_at_work, letter
from tests.acceptance.waiting import until
from tests.peers_chat import ChatServer
from tests.peers_mail import DESK, Dovecot
from tests.peers_smtp import outside_world

_BEGAN, _OVER = "🚨", "✅"
_SINCE = re.compile(r"(?<=^Since ).*?\d:\d\d|(?<=^С ).*?\d:\d\d", re.MULTILINE)
_LENGTH = re.compile(r"\d+ (?:h|min|ч|мин)(?: \d+ (?:min|мин))?")


async def said(desk: DeskAtWork, sign: str) -> list[str]:
    """What stands in the channel with this sign in front, without what differs from run to run."""
    texts = [plain(post.text) for post in await desk.anna.posts(desk.channel)]
    found = [text for text in texts if text.startswith(sign)]
    return sorted(_LENGTH.sub("…", _SINCE.sub("…", text)) for text in found)


async def time_passes(desk: DeskAtWork, number: int, sign: str) -> None:
    """Minutes pass quickly until so many messages with this sign are there."""

    async def look() -> bool:
        desk.office.clock.ahead += timedelta(seconds=30)
        return len(await said(desk, sign)) >= number

    await until(look, seconds=60.0, what=f"{number} messages with {sign}")


async def everything_breaks(desk: DeskAtWork, folder: Path) -> None:
    """One list is empty, one has other stations only, letters are refused both ways, and one makes no sense."""
    desk.dovecot.deliver(letter(f"Гудит {STATION}", "Громко.", "ivan@operator.test"))
    post = await desk.anna.wait_for(about("NT-1", STATION, POLE, CONTRACTOR_NAME))
    (folder / "poles.json").write_text("[]")
    other = [{"Шифр опоры": POLE, "Имя БС/Оборудование": "KI9999", "Оператор": "Т2"}]
    (folder / "stations.json").write_text(json.dumps(other))
    desk.world.sender_answers[DESK] = "451 4.3.0 Out of order, try again later"
    await desk.anna.say(">> С какой стороны?", desk.channel, post.id)
    await until(lambda: desk.world.commands["MAIL"], what="the first try")
    desk.dovecot.append("INBOX", b"\r\n\r\n")
    await desk.anna.wait_for(about("NT-2"))
    desk.dovecot.stop()


async def everything_is_mended(desk: DeskAtWork, good: dict[str, str], folder: Path, kind: str) -> None:
    for name, content in good.items():
        (folder / name).write_text(content)
    desk.world.sender_answers.clear()
    desk.dovecot.start()
    me = f"@{desk.anna.username}"
    for words in (
        f"people add {me}",
        f"shifts set {me} daily 0-24",
        "take 2",
        f"type 2 {kind}",
        "status 2 close",
    ):
        await desk.anna.slash(f"/incident {words}", desk.channel)


@pytest.mark.parametrize(("language", "kind"), [("en", "fibre"), ("ru", "волс")], ids=["en", "ru"])
async def test_each_trouble_is_said_once_and_its_end_too(
    chat: ChatServer,
    tmp_path: Path,
    dovecot: Dovecot,
    log: Callable[[], str],
    language: str,
    kind: str,
    snapshot: SnapshotAssertion,
) -> None:
    more = f'language = "{language}"\n[desk.registry]\nevery_hours = 1\n'
    async with (
        outside_world(login=False) as world,
        desk_at_work(chat, tmp_path, dovecot, world, more=more) as desk,
    ):
        good = {f"{name}.json": (tmp_path / f"{name}.json").read_text() for name in ("poles", "stations")}
        await everything_breaks(desk, tmp_path)
        # Mailbox, letters out, an unreadable letter, two lists; and nobody is on shift.
        await time_passes(desk, 6, _BEGAN)
        assert await said(desk, _BEGAN) == snapshot
        await desk.office.restart()
        await everything_is_mended(desk, good, tmp_path, kind)
        await time_passes(desk, 5, _OVER)
        assert await said(desk, _OVER) == snapshot
        desk.dovecot.deliver(letter("Другая авария", "Нет связи.", "ivan@operator.test"))
        await desk.anna.wait_for(about("NT-3", desk.anna.username))
        assert [len(await said(desk, sign)) for sign in (_BEGAN, _OVER)] == [6, 5]
