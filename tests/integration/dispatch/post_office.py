"""Letters put before a desk as its mailbox would, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.header import Header
from email.utils import format_datetime

from cryptography.fernet import Fernet
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from tests.integration.dispatch.registers import contractor_row, pole_row, station_row

from sekretar.dispatch.assets.assets import Assets
from sekretar.dispatch.assets.model import RegistryRow
from sekretar.dispatch.incidents import types
from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.values import SYSTEM, Event, Incident, IncidentChange, Link, Status
from sekretar.dispatch.intake.deliveries import Deliveries
from sekretar.dispatch.intake.evidence import Evidence
from sekretar.dispatch.intake.filing import Filing
from sekretar.dispatch.intake.intake import Intake, Tools
from sekretar.dispatch.letters.bouncing import Bounces
from sekretar.dispatch.mail import noting
from sekretar.dispatch.mail.ids import LetterIds
from sekretar.dispatch.mail.model import Direction, LetterRow
from sekretar.dispatch.settings import DeskSettings, MailboxSettings
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.i18n import Catalogues

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
DESK = DeskSettings(
    name="towers",
    prefix="NT",
    channel="work/towers",
    language="en",
    mailboxes=(MailboxSettings(address="desk@towers.example", password="x", imap_host="localhost"),),
)
ANNA = "Анна <anna@customer.example>"
DESK_SENDER = "Desk <desk@towers.example>"


def letter_bytes(
    subject: str = "No power",
    text: str = "Nothing works.",
    *,
    sender: str = ANNA,
    to: str = "desk@towers.example",
    message_id: str = "",
    at: datetime = NOW,
    headers: dict[str, str] | None = None,
) -> bytes:
    """A letter as a mail program writes it."""
    name, _, address = sender.rpartition(" ")
    lines = {
        "From": f"{Header(name, 'utf-8').encode()} {address}" if name else address,
        "To": to,
        "Subject": Header(subject, "utf-8", maxlinelen=1000).encode(),
        "Date": format_datetime(at),
        **({"Message-ID": message_id} if message_id else {}),
        "Content-Type": "text/plain; charset=utf-8",
        **(headers or {}),
    }
    head = "".join(f"{key}: {value}\r\n" for key, value in lines.items())
    return head.encode() + b"\r\n" + text.replace("\n", "\r\n").encode()


async def no_tickets(session: AsyncSession, desk: str, key: str) -> None:
    """There is no mirror here."""


@dataclass
class PostOffice:
    """A desk with its intake; letters arrive one after the other."""

    database: Database
    desk: DeskSettings = DESK
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))
    answered: list[tuple[int, int]] = field(default_factory=list)
    _uid: int = 0

    def __post_init__(self) -> None:
        self.ids = LetterIds([Fernet.generate_key()])
        self.incidents = Incidents(self.clock, {self.desk.name: self.desk})
        self.assets = Assets()
        self.use(self.desk)

    def use(self, desk: DeskSettings) -> None:
        """Go on with other settings."""
        self.desk = desk
        catalogues = Catalogues.load()
        bounces = Bounces(self.incidents, catalogues)
        tools = Tools(
            self.incidents,
            Evidence(self.ids, no_tickets),
            Deliveries(self.incidents, self.ids, catalogues, self.clock, bounces.note),
            Filing(self.incidents, self.assets, catalogues, self._too_late),
        )
        self.intake = Intake(self.database, self.clock, {desk.name: desk}, tools)

    async def _too_late(self, session: AsyncSession, incident_id: int, letter_id: int) -> None:
        self.answered.append((incident_id, letter_id))

    # --- letters --------------------------------------------------------------------------------------

    async def put(
        self,
        content: bytes,
        *,
        mailbox: str = "desk@towers.example",
        folder: str = "INBOX",
        whole: bool = True,
    ) -> None:
        """A letter lies in a folder and was read from there."""
        self._uid += 1
        head, _, body = content.partition(b"\r\n\r\n")
        fetched = noting.Fetched(
            self._uid, head + b"\r\n\r\n", body if whole else None, len(content), self.clock.now()
        )
        direction = Direction.OUT if folder == "Sent" else Direction.IN
        cursor = noting.Cursor(mailbox, folder, "mail.example", 1, self._uid, 0, NOW)
        async with self.database.transaction() as session:
            await noting.note(session, self.desk.name, direction, cursor, [fetched], self.clock.now())

    async def receive(
        self, subject: str = "No power", text: str = "Nothing works.", **more: object
    ) -> LetterRow:
        """A letter comes and is dealt with."""
        places = {key: more.pop(key) for key in ("mailbox", "folder", "whole") if key in more}
        more.setdefault("message_id", f"<{self._uid + 1}@customer.example>")
        more.setdefault("at", self.clock.now())
        await self.put(letter_bytes(subject, text, **more), **places)  # type: ignore[arg-type]
        await self.intake.run()
        return (await self.letters())[-1]

    async def answer(self, incident: Incident, subject: str | None = None, **more: object) -> LetterRow:
        """Somebody answers a letter that the desk has sent about the incident."""
        reference = self.ids.incident(incident.id, "towers.example")
        more.setdefault("headers", {"References": reference})
        return await self.receive(subject or f"Re: {incident.summary}", **more)  # type: ignore[arg-type]

    async def letters(self) -> list[LetterRow]:
        async with self.database.reading() as session:
            query = select(LetterRow).where(LetterRow.desk == self.desk.name).order_by(LetterRow.id)
            return list(await session.scalars(query))

    # --- incidents ------------------------------------------------------------------------------------

    async def incident(self, letter: LetterRow) -> Incident:
        assert letter.incident_id is not None, (letter.state, letter.why)
        async with self.database.reading() as session:
            return await self.incidents.get(session, letter.incident_id)

    async def history(self, incident: Incident) -> list[Event]:
        async with self.database.reading() as session:
            return await self.incidents.history(session, incident.id)

    async def kinds(self, incident: Incident) -> list[str]:
        return [each.kind.value for each in await self.history(incident)]

    async def links(self, incident: Incident) -> list[Link]:
        async with self.database.reading() as session:
            return await self.incidents.links(session, incident.id)

    async def change(self, incident: Incident, **fields: object) -> Incident:
        async with self.database.transaction() as session:
            change = IncidentChange(**fields)  # type: ignore[arg-type]
            return await self.incidents.change(session, incident.id, change, SYSTEM)

    async def close(self, incident: Incident) -> Incident:
        async with self.database.transaction() as session:
            await types.seed(session, self.desk)
            type_id = (await types.of_desk(session, self.desk.name))[0].id
        await self.change(incident, type_id=type_id, status=Status.IN_PROGRESS)
        return await self.change(incident, status=Status.CLOSED, unread=False)

    async def later(self, **by: float) -> None:
        self.clock.advance(timedelta(**by))

    async def register(self, pole: str, *stations: str, email: str = "fix@repair.example") -> None:
        """A pole, its base stations and its contractor enter the register."""
        desk = self.desk.name
        async with self.database.transaction() as session:
            contractor = contractor_row(f"Repair {pole}", email, desk=desk)
            session.add(contractor)
            await session.flush()
            row = pole_row(pole, desk, contractor_id=contractor.id)
            session.add(row)
            await session.flush()
            session.add_all(station_row(name, row.id, desk) for name in stations)
            registry = await session.get(RegistryRow, desk)
            if registry is None:
                session.add(RegistryRow(desk=desk, version=1, next_at=NOW))
            else:
                registry.version += 1
