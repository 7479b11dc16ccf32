"""An incident with its letters, as tests of letters out speak of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sekretar.dispatch.letters.composing import House
from sekretar.dispatch.letters.values import Contractor, Filed, Matter, Place
from sekretar.dispatch.mail.letter import Address, Attachment, ParsedLetter

NOON = datetime(2026, 3, 4, 9, tzinfo=UTC)

DESK = Address("Диспетчерская", "desk@towers.test")
ANNA = Address("Анна Орлова", "anna@operator.test")
BORIS = Address("", "boris@operator.test")
VERA = Address("Вера", "vera@contractor.test")

HOUSE = House(
    mailbox=DESK,
    own=frozenset({"desk@towers.test", "old-desk@towers.test"}),
    zone=ZoneInfo("Europe/Moscow"),
    signature="",
    largest=1_000_000,
)


def letter(**changes: Any) -> ParsedLetter:
    """Anna writes to the desk, with Boris in the copy."""
    values: dict[str, Any] = {
        "message_id": "<first@operator.test>",
        "in_reply_to": (),
        "references": (),
        "subject": "Т2 Отсутствует ВЭС KI0075/41960-P-43-1-1",
        "sender": ANNA,
        "reply_to": (),
        "to": (DESK,),
        "cc": (BORIS, Address("", "Old-Desk@towers.test")),
        "bcc": (),
        "delivered_to": (),
        "envelope_sender": ANNA.address,
        "date": NOON,
        "text": "Здравствуйте, нет питания.\n\n> старое",
        "fresh": "Здравствуйте, нет питания.",
        "html": "",
        "attachments": (),
    }
    return ParsedLetter(**values | changes)


def attachment(name: str, size: int = 1_000, **changes: Any) -> Attachment:
    """A picture."""
    values: dict[str, Any] = {
        "name": name,
        "safe_name": name,
        "media_type": "image/jpeg",
        "size": size,
        "content_id": "",
        "inline": False,
        "part": "2",
    }
    return Attachment(**values | changes)


def filed(number: int, parsed: ParsedLetter, *, ours: bool = False) -> Filed:
    """The letter as one of the incident, an hour after the one before it."""
    return Filed(number, ours, NOON + timedelta(hours=number - 1), parsed)


FIRST = filed(1, letter())


def matter(**changes: Any) -> Matter:
    """An incident of which everything is known."""
    values: dict[str, Any] = {
        "incident_id": 7,
        "code": "NT-7",
        "summary": "Т2 Отсутствует ВЭС KI0075/41960-P-43-1-1",
        "registered_at": NOON,
        "applicant": ANNA,
        "letters": (FIRST,),
        "place": Place(
            pole="41960-P-43-1-1",
            region="Рязанская область",
            address="г. Рязань, ул. Южная, 1",
            coordinates="54.60000, 39.70000",
            map_link="https://yandex.ru/maps/?pt=39.700000,54.600000&z=16&l=map",
            station="KI0075",
            operators=("Т2", "МТС"),
        ),
        "contractor": Contractor("ООО «Ремонт»", ("vera@contractor.test", "duty@contractor.test")),
        "type": "Авария по питанию РФ",
        "type_description": "Нет внешнего питания",
        "deadline": NOON + timedelta(days=1),
    }
    return Matter(**values | changes)
