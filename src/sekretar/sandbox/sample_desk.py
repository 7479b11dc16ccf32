"""The dispatch desk of the demo: what an administrator would write for it, its register, its letters."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Final

from sekretar.sandbox.post_office import PostOffice

CHANNEL: Final = "dispatch"
ADDRESS: Final = "desk@towers.example"
PASSWORD: Final = "desk"  # noqa: S105 - protects nothing
CONTRACTOR: Final = "masts@contractor.example"
POLE: Final = "41960-P-43-1-1"
#: What whoever looks after the channel types to have somebody there at any hour.
STAFFING: Final = (
    "/incident people add @boris @vera",
    "/incident shifts set @vera daily 0-24",
    "/incident shifts set @boris daily 0-24",
)
ANSWERS: Final = {
    CONTRACTOR: "Принято, бригада выехала. Будем на месте через час.\n\n-- \nООО «Мачта-сервис»"
}

_POLES: Final = (
    (1, POLE, "KI0075", 58.6036, 49.668, "Kirov", "Кировская область", "Киров, ул. Ленина, 85"),
    (
        2,
        "47175-P-62-1-1",
        "RZ0516",
        54.6292,
        39.7364,
        "Ryazan",
        "Рязанская область",
        "Рязань, ул. Есенина, 29",
    ),
    (3, "47175-P-62-1-2", "RZ0517", 54.61, 39.71, "Ryazan", "Рязанская область", "Рязань, Касимовское ш., 8"),
)


def configured(folder: Path, team: str, post: PostOffice) -> Path:
    """The file of `SEKRETAR_DESKS_FILE`, with the lists of the register beside it."""
    feeds = "".join(
        f'\n[desk.registry.{name}]\nfile = "{_list(folder, name, rows)}"\n' for name, rows in _lists().items()
    )
    file = folder / "desks.toml"
    file.write_text(
        f"""[[desk]]
name = "towers"
prefix = "NT"
channel = "{team}/{CHANNEL}"

[[desk.mailboxes]]
address = "{ADDRESS}"
password = "{PASSWORD}"
sender = "Диспетчерская"
imap_host = "127.0.0.1"
imap_port = {post.imap_port}
imap_security = "plain"
smtp_host = "127.0.0.1"
smtp_port = {post.smtp_port}
smtp_security = "plain"
smtp_login = false
{feeds}""",
        encoding="utf-8",
    )
    return file


def letters(now: datetime) -> tuple[bytes, ...]:
    """What people wrote this morning."""
    return (
        letter(
            "Т2 Отсутствует ВЭС KI0075/41960-P-43-1-1",
            "Добрый день.\n\nС утра нет внешнего электроснабжения, работаем от батарей.\nПросьба проверить.\n\n"
            "-- \nИван Петров, ЦУС",
            "Иван Петров <noc@operator.example>",
            now - timedelta(minutes=5),
        ),
        letter(
            "Доступ на объект",
            "Прошу организовать доступ на опору 47175-P-62-1 в четверг.\n",
            "Мария Белова <access@operator.example>",
            now - timedelta(minutes=2),
        ),
    )


def letter(subject: str, text: str, sender: str, at: datetime) -> bytes:
    """A letter to the desk. Its Message-ID is made of what it says, so that the demo's next start brings no copy."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, ADDRESS, subject
    message["Date"] = format_datetime(at)
    meaning = hashlib.sha256(f"{subject}{at.date()}".encode()).hexdigest()[:16]
    message["Message-ID"] = f"<{meaning}@operator.example>"
    message.set_content(text)
    return message.as_bytes()


def _lists() -> dict[str, list[dict[str, Any]]]:
    poles = [
        {
            "SiteId": site,
            "Шифр": code,
            "Имя БС": station,
            "Статус опоры": "Действует",
            "Широта": latitude,
            "Долгота": longitude,
            "Высота опоры": 70,
            "Регион": region,
            "Адрес": address,
            "Инфраструктурная компания": "Башни",
            "Якорный оператор": "Т2",
            "RegionRu": russian,
        }
        for site, code, station, latitude, longitude, region, russian, address in _POLES
    ]
    contractors = [
        {
            "Подрядчик": "ООО «Мачта-сервис»",
            "Исключен из договора": "нет",
            "Шифр опоры": code,
            "Контактные данные подрядчика Email": CONTRACTOR,
            "Контактные данные подрядчика Телефон": "+7 900 111-22-33",
        }
        for _, code, *_ in _POLES
    ]
    stations = [
        {
            "Шифр опоры": code,
            "Имя БС/Оборудование": station,
            "Оператор": operator,
            "Группа операторов": operator,
        }
        for _, code, station, *_ in _POLES
        for operator in ("Т2", "МТС")
    ]
    return {"poles": poles, "contractors": contractors, "stations": stations}


def _list(folder: Path, name: str, rows: list[dict[str, Any]]) -> Path:
    file = folder / f"{name}.json"
    file.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    return file
