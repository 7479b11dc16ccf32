"""A desk whose mailbox stands as the test says, what is said of it, and the letters of its day."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from tests.integration.dispatch.house import House

from sekretar.dispatch.incidents import types
from sekretar.dispatch.incidents.values import Incident, Status
from sekretar.dispatch.mail import noting
from sekretar.dispatch.mail.model import Direction, LetterRow
from sekretar.dispatch.mail.trouble import MailboxTrouble, Standing, TroubleKind
from sekretar.dispatch.settings import DeskSettings

MAILBOX = "desk@towers.example"


def watched_desk(**more: Any) -> DeskSettings:
    """A desk with one mailbox, which speaks English."""
    return DeskSettings.model_validate(
        {
            "name": "towers",
            "prefix": "NT",
            "channel": "work/desk",
            "language": "en",
            "zone": "UTC",
            "mailboxes": [
                {"address": MAILBOX, "password": "x", "imap_host": "localhost", "smtp_host": "localhost"}
            ],
            **more,
        }
    )


@dataclass
class Watch:
    """A house whose mailbox is as the test says."""

    house: House
    standing: Standing = field(default_factory=lambda: Standing("towers", MAILBOX))

    def in_trouble(self, kind: TroubleKind, detail: str = "no", times: int = 2) -> None:
        now = self.house.clock.now()
        trouble = MailboxTrouble(kind, detail, now, times, now + timedelta(minutes=1))
        self.standing = replace(self.standing, trouble=trouble)

    def read(self) -> None:
        self.standing = replace(self.standing, trouble=None, read_at=self.house.clock.now())

    async def after(self, by: timedelta = timedelta()) -> list[str]:
        """What is said when the job runs so much later."""
        self.house.clock.advance(by)
        before = len(await self.said())
        await self.house.dispatch.operations.alarms.run()
        return (await self.said())[before:]

    async def said(self) -> list[str]:
        return [each["message"] for each in await self.house.posts()]


async def put(house: House, content: bytes, uid: int) -> LetterRow:
    """A letter arrives and is dealt with."""
    head, _, body = content.partition(b"\r\n\r\n")
    fetched = noting.Fetched(uid, head + b"\r\n\r\n", body, len(content), house.clock.now())
    cursor = noting.Cursor(MAILBOX, "INBOX", "mail.example", 1, uid, 0, house.clock.now())
    async with house.database.transaction() as session:
        await noting.note(session, "towers", Direction.IN, cursor, [fetched], house.clock.now())
    await house.dispatch.intake.run()
    async with house.database.reading() as session:
        return (await session.scalars(select(LetterRow).order_by(LetterRow.id))).all()[-1]


async def send(house: House, incident: Incident) -> None:
    """A letter of the desk, on its way."""
    if incident.status is Status.NEW:
        await house.change(incident.id, status=Status.IN_PROGRESS)
    await house.change(incident.id, status=Status.NOTIFYING_APPLICANT)


async def close(house: House, incident: Incident) -> None:
    async with house.database.reading() as session:
        type_id = (await types.of_desk(session, "towers"))[0].id
    await house.change(incident.id, status=Status.IN_PROGRESS)
    await house.change(incident.id, type_id=type_id, status=Status.CLOSED)
