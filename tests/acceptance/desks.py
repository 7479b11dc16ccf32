"""A dispatch desk in an office: its mailbox on a real Dovecot, the world outside, its lists, its channel."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from tests.acceptance.acts import now, open_channel
from tests.acceptance.office import Office
from tests.acceptance.waiting import until
from tests.peers_chat import ChatServer
from tests.peers_mail import DESK, PASSWORD, Dovecot
from tests.peers_smtp import OutsideWorld, Taken

from sekretar.dispatch.assets.model import FeedRow
from sekretar.kernel.database import Database
from sekretar.sandbox.human import Human

POLE, STATION = "41960-P-43-1-1", "KI0075"
CONTRACTOR, CONTRACTOR_NAME = "mast@contractor.test", "ООО «Мачта»"

_POLES = [
    {
        "SiteId": 1,
        "Шифр": POLE,
        "Имя БС": STATION,
        "Статус опоры": "Действует",
        "Широта": 58.6,
        "Долгота": 49.66,
        "Высота опоры": 70,
        "Регион": "Kirov",
        "Адрес": "Киров, ул. Ленина, 1",
        "Инфраструктурная компания": "НБ",
        "Якорный оператор": "Т2",
        "RegionRu": "Кировская обл.",
    }
]
_CONTRACTORS = [
    {
        "Подрядчик": CONTRACTOR_NAME,
        "Исключен из договора": "нет",
        "Шифр опоры": POLE,
        "Контактные данные подрядчика Email": CONTRACTOR,
        "Контактные данные подрядчика Телефон": "+79001112233",
    }
]
_STATIONS = [
    {"Шифр опоры": POLE, "Имя БС/Оборудование": STATION, "Оператор": "Т2", "Группа операторов": "tele2"}
]


@dataclass
class DeskAtWork:
    """The desk and the world around it."""

    office: Office
    dovecot: Dovecot
    world: OutsideWorld
    anna: Human
    boris: Human
    channel: str
    _returned: int = 0

    async def sent(self, number: int) -> Taken:
        """The letter of this number, counted from 1; its copy comes into the mailbox, as the desk wants it."""
        await until(lambda: len(self.world.taken) >= number, what=f"letter {number}")
        for taken in self.world.taken[self._returned :]:
            if DESK in taken.recipients:
                self.dovecot.deliver(taken.content)
        self._returned = len(self.world.taken)
        return self.world.taken[number - 1]


def letter(subject: str, text: str, sender: str, **headers: str) -> bytes:
    """A letter to the desk; keywords are headers, with underscores for hyphens."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, DESK, subject
    message["Date"] = format_datetime(now())
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()


@contextlib.asynccontextmanager
async def desk_at_work(
    chat: ChatServer,
    folder: Path,
    dovecot: Dovecot,
    world: OutsideWorld,
    database_url: str = "",
    more: str = "",
    **settings: Any,
) -> AsyncIterator[DeskAtWork]:
    """An office whose desk is open, with Anna and Boris in its channel.

    `more` are lines of the desk's settings, `settings` belong to Sekretar as a whole.
    """
    file = folder / "desks.toml"
    database_url = database_url or f"sqlite:///{folder / 'sekretar.sqlite3'}"
    office = Office(chat, database_url, {"desks_file": file, **settings})
    await office.found()
    try:
        anna, boris = await office.hire("anna"), await office.hire("boris")
        channel = await open_channel(office, anna, boris)
        name = (await office.server.admin.get(f"/channels/{channel}"))["name"]
        file.write_text(
            _settings(f"{office.team_name}/{name}", folder, dovecot, world, more), encoding="utf-8"
        )
        await office.start()
        await _lists_read(database_url)
        yield DeskAtWork(office, dovecot, world, anna, boris, channel)
    finally:
        await office.everybody_leaves()
        await office.stop()


async def _lists_read(database_url: str) -> None:
    """Wait for the register: a letter that came before it would find no place."""
    database = Database.open(database_url)

    async def look() -> bool:
        async with database.reading() as session:
            return (await session.scalar(select(func.count(FeedRow.imported_at)))) == 3

    try:
        await until(look, what="the lists of the register")
    finally:
        await database.close()


def _settings(channel: str, folder: Path, dovecot: Dovecot, world: OutsideWorld, more: str) -> str:
    lists: dict[str, list[dict[str, Any]]] = {
        "poles": _POLES,
        "contractors": _CONTRACTORS,
        "stations": _STATIONS,
    }
    feeds = ""
    for name, rows in lists.items():
        (folder / f"{name}.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
        feeds += f'\n[desk.registry.{name}]\nfile = "{folder / f"{name}.json"}"\n'
    return f"""
[[desk]]
name = "towers"
prefix = "NT"
channel = "{channel}"
{more}

{mailbox(DESK, dovecot, world)}
{feeds}
"""


def mailbox(address: str, dovecot: Dovecot, world: OutsideWorld) -> str:
    """A mailbox in the settings of a desk."""
    return f"""
[[desk.mailboxes]]
address = "{address}"
password = "{PASSWORD}"
imap_host = "127.0.0.1"
imap_port = {dovecot.imap_port}
imap_security = "plain"
smtp_host = "127.0.0.1"
smtp_port = {world.port}
smtp_security = "plain"
smtp_login = false
"""
