"""A desk that writes letters, on a database, with the outside world at the other end of the wire."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from tests.integration.dispatch.registers import contractor_row, pole_row
from tests.peers_smtp import OutsideWorld

from sekretar.dispatch.assets.assets import Assets
from sekretar.dispatch.assets.model import PoleRow
from sekretar.dispatch.incidents import types
from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.values import (
    SYSTEM,
    Actor,
    ActorKind,
    Applicant,
    Event,
    EventKind,
    Incident,
    IncidentChange,
    NewIncident,
    Origin,
    Status,
)
from sekretar.dispatch.letters.automatic import Automatic
from sekretar.dispatch.letters.delivering import Delivering, KeepCopy
from sekretar.dispatch.letters.following import Following
from sekretar.dispatch.letters.gathering import Gatherer
from sekretar.dispatch.letters.model import OutgoingRow, RecipientRow
from sekretar.dispatch.letters.sending import LettersOut
from sekretar.dispatch.letters.values import Draft, Purpose
from sekretar.dispatch.mail import noting, store
from sekretar.dispatch.mail.ids import LetterIds
from sekretar.dispatch.mail.model import Direction
from sekretar.dispatch.mail.parsing import parse
from sekretar.dispatch.mail.smtp import Postman
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.i18n import Catalogues
from sekretar.kernel.outbox import Outbox

BOX = "desk@example.test"
ANNA, BORIS, VERA = "anna@operator.test", "boris@operator.test", "vera@contractor.test"
PERSON = Actor(ActorKind.PERSON, "Олег")

FIRST = (
    "From: =?utf-8?b?0JDQvdC90LA=?= <anna@operator.test>\r\n"
    "To: desk@example.test, boris@operator.test\r\n"
    "Subject: =?utf-8?b?0J3QtdGCINC/0LjRgtCw0L3QuNGP?=\r\n"
    "Date: Wed, 04 Mar 2026 11:50:00 +0300\r\n"
    "Message-ID: <first@operator.test>\r\n"
    "MIME-Version: 1.0\r\n"
    'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nНет питания.\r\n"
    "--b\r\nContent-Type: application/pdf\r\n"
    'Content-Disposition: attachment; filename="plan.pdf"\r\n\r\n%PDF\r\n--b--\r\n'
).encode()


def _desk(world: OutsideWorld, **mailbox: Any) -> DeskSettings:
    box = world.mailbox(sender="Диспетчерская", **mailbox)
    return DeskSettings(name="towers", prefix="NT", channel="work/towers", mailboxes=(box,))


class LetterOffice:
    """One desk. Each act is a transaction of its own."""

    def __init__(
        self,
        database: Database,
        clock: ManualClock,
        world: OutsideWorld,
        *,
        keep_copy: KeepCopy | None = None,
        **mailbox: Any,
    ) -> None:
        self.database, self.clock, self.world = database, clock, world
        self.desk = _desk(world, **mailbox)
        desks = {self.desk.name: self.desk}
        catalogues = Catalogues.load()
        self.ids = LetterIds([b"k" * 32])
        self.incidents = Incidents(clock, desks)
        gatherer = Gatherer(desks, Assets(), self._deadline)
        self.letters = LettersOut(clock, desks, self.incidents, self.ids, catalogues, gatherer)
        self.automatic = Automatic(clock, desks, self.incidents, self.letters, catalogues)
        following = Following(self.incidents, self.letters, self.automatic, catalogues)
        self.incidents.on_changed(following.on_changed)
        box = self.desk.mailboxes[0]
        self.delivering = Delivering(
            database, clock, following, catalogues, {BOX: (box, Postman(box))}, keep_copy
        )
        self.outbox = Outbox(database, clock, random=lambda: 0.0)
        self.delivering.register(self.outbox)

    async def _deadline(self, session: AsyncSession, incident: Incident) -> Any:
        return incident.opened_at + timedelta(days=1)

    async def open(self, raw: bytes = FIRST, **changes: Any) -> Incident:
        """An incident that Anna's letter has made, and that somebody works on."""
        async with self.database.transaction() as session:
            await types.seed(session, self.desk)
            pole = await self._register(session)
            letter_id = await self.arrive(session, raw)
            row = await store.letter_row(session, letter_id)
            assert row is not None
            values: dict[str, Any] = {
                "desk": self.desk.name,
                "opened_at": row.received_at,
                "summary": row.subject,
                "origin": Origin.LETTER,
                "applicant": Applicant("Анна", ANNA),
                "pole_id": pole.id,
                "contractor_id": pole.contractor_id,
            }
            made = await self.incidents.open(session, NewIncident(**values | changes), SYSTEM)
            await store.mark_filed(session, letter_id, made.id, "new")
            return await self.incidents.change(
                session, made.id, IncidentChange(status=Status.IN_PROGRESS), PERSON
            )

    async def put(self, raw: bytes, uid: int) -> None:
        """A letter is read from the mailbox, and nobody has looked at it."""
        async with self.database.transaction() as session:
            await self._note(session, raw, uid)

    async def _note(self, session: AsyncSession, raw: bytes, uid: int) -> None:
        header, _, body = raw.partition(b"\r\n\r\n")
        cursor = noting.Cursor(BOX, "INBOX", "mail.example.test", 7, uid, 0, self.clock.now())
        fetched = noting.Fetched(uid, header + b"\r\n\r\n", body, len(raw), self.clock.now())
        await noting.note(session, self.desk.name, Direction.IN, cursor, [fetched], self.clock.now())

    async def arrive(self, session: AsyncSession, raw: bytes, uid: int = 1) -> int:
        """A letter is read from the mailbox and understood; returns its number."""
        await self._note(session, raw, uid)
        [letter_id] = await store.waiting(session, self.desk.name)
        await store.mark_parsed(session, self.desk.name, {letter_id: parse(raw)})
        return letter_id

    async def _register(self, session: AsyncSession) -> PoleRow:
        known = (await session.scalars(select(PoleRow))).first()
        if known is not None:
            return known
        contractor = contractor_row("ООО «Ремонт»", VERA, desk=self.desk.name)
        session.add(contractor)
        await session.flush()
        pole = pole_row(
            "41960-P-43", self.desk.name, latitude=54.6, longitude=39.7, region="Ryazan",
            region_ru="Рязанская область", address="Южная, 1", contractor_id=contractor.id,
        )  # fmt: skip
        session.add(pole)
        await session.flush()
        return pole

    # What people do

    async def move(self, incident: Incident, status: Status, actor: Actor = PERSON) -> Incident:
        async with self.database.transaction() as session:
            return await self.incidents.change(session, incident.id, IncidentChange(status=status), actor)

    async def draft(self, purpose: Purpose, incident: Incident, **options: Any) -> Draft:
        async with self.database.reading() as session:
            return await self.letters.draft(session, purpose, incident.id, **options)

    async def send(self, draft: Draft, key: str = "press") -> int:
        async with self.database.transaction() as session:
            return await self.letters.send(session, draft, key, PERSON)

    async def deliver(self, after: timedelta = timedelta()) -> None:
        """Bring out what is due now, or after a while."""
        self.clock.advance(after)
        await self.outbox.deliver_due()

    # What can be seen

    async def status(self, incident: Incident) -> Status:
        async with self.database.reading() as session:
            return (await self.incidents.get(session, incident.id)).status

    async def events(self, incident: Incident, *kinds: EventKind) -> list[Event]:
        async with self.database.reading() as session:
            history = await self.incidents.history(session, incident.id)
        return [event for event in history if event.kind in kinds]

    async def outgoing(self) -> list[OutgoingRow]:
        async with self.database.reading() as session:
            return list(await session.scalars(select(OutgoingRow).order_by(OutgoingRow.letter_id)))

    async def fates(self, letter_id: int) -> dict[str, str]:
        async with self.database.reading() as session:
            rows = await session.scalars(select(RecipientRow).where(RecipientRow.letter_id == letter_id))
            return {row.key: row.fate for row in rows}
