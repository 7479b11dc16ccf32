"""A desk with a tracker beside it: the desk of `house.py`, and a real tracker's site among its surroundings."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.integration.dispatch.house import House, open_house
from tests.integration.dispatch.registers import contract, pole, station
from tests.integration.tickets.houses import House as TrackerHouse
from tests.integration.tickets.houses import YandexHouse, redmine_house, yandex_house
from tests.peers_redmine import Redmine

from sekretar.dispatch.incidents.values import Event, Incident
from sekretar.dispatch.mail import noting
from sekretar.dispatch.mail.model import Direction
from sekretar.dispatch.mirror.model import MirrorRow
from sekretar.dispatch.settings import (
    DeskSettings,
    FeedSettings,
    MailboxSettings,
    MirrorSettings,
    RegistrySettings,
)
from sekretar.kernel.database import Database
from sekretar.trackers.port import Tracker
from sekretar.trackers.requests import Change, Openness, Query
from sekretar.trackers.values import Details, Ticket, TicketRef

_desks = itertools.count(1)

BOX = "desk@example.test"

FIRST = (
    b"From: Anna <anna@operator.test>\r\nTo: desk@example.test\r\nSubject: No power at 50-0001\r\n"
    b"Date: Wed, 04 Mar 2026 11:50:00 +0300\r\nMessage-ID: <first@operator.test>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nIt is dark.\r\n"
    b"--b\r\nContent-Type: application/pdf\r\n"
    b'Content-Disposition: attachment; filename="plan.pdf"\r\n\r\n%PDF\r\n--b--\r\n'
)

SECOND = (
    b"From: Anna <anna@operator.test>\r\nTo: desk@example.test\r\nSubject: Re: No power at 50-0001\r\n"
    b"Date: Wed, 04 Mar 2026 12:50:00 +0300\r\nMessage-ID: <second@operator.test>\r\n"
    b"In-Reply-To: <first@operator.test>\r\nReferences: <first@operator.test>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nStill | dark. @all\r\n\r\n> It is dark.\r\n"
    b"--b\r\nContent-Type: image/png\r\n"
    b'Content-Disposition: attachment; filename="mast.png"\r\n\r\nPNG\r\n--b--\r\n'
)

#: The fields that the queue of the desk has.
FIELDS = ("pole", "station", "contractor", "operators", "type", "deadline", "sla", "new_mail", "incident")

YANDEX: dict[str, Any] = {
    "project": "DESK",
    "type": "bug",
    "fields": {name: name for name in FIELDS},
    "statuses": {
        "new": "open",
        "in_progress": "inProgress",
        "notifying_applicant": "needInfo",
        "closed": "closed",
    },
}
#: Redmine's house has one text field for all tickets.
REDMINE: dict[str, Any] = {
    "project": "desk",
    "type": "Bug",
    "fields": {"pole": "Contract", "deadline": "due"},
    "statuses": {"new": "New", "in_progress": "In Progress", "error": "Feedback", "closed": "Closed"},
}


@dataclass
class MirrorHouse:
    """The desk, the tracker, and what happens between them."""

    house: House
    tracker: TrackerHouse
    _letters: list[bytes] = field(default_factory=list)

    @property
    def service(self) -> Tracker:
        return self.tracker.site.service()

    @property
    def anna(self) -> Tracker:
        """Anna in the tracker itself."""
        return self.tracker.site.owner(self.tracker.keys["anna"])

    @property
    def all(self) -> Query:
        """Every ticket of the desk's project."""
        return Query(project=self.tracker.projects["desk"], openness=Openness.ANY)

    async def work(self, looks: int = 5) -> None:
        """Let time pass and the job do what is due."""
        for _ in range(looks):
            self.house.clock.advance(timedelta(minutes=1))
            await self.house.dispatch.mirror.run()

    async def row(self, incident_id: int) -> MirrorRow:
        async with self.house.database.reading() as session:
            return await session.get_one(MirrorRow, incident_id)

    async def ref(self, incident_id: int) -> TicketRef:
        row = await self.row(incident_id)
        assert row.key is not None, row.problem
        return TicketRef("main", row.key)

    async def ticket(self, incident_id: int) -> Ticket:
        return await self.service.show(await self.ref(incident_id))

    async def details(self, incident_id: int) -> Details:
        return await self.service.details(await self.ref(incident_id))

    async def shown(self, incident_id: int, name: str) -> str:
        """What a field of the ticket shows."""
        ticket = await self.ticket(incident_id)
        return next((", ".join(each.values) for each in ticket.custom if each.name == name), "")

    async def history(self, incident_id: int) -> list[Event]:
        async with self.house.database.reading() as session:
            return await self.house.incidents.history(session, incident_id)

    def writes(self) -> list[str]:
        """Everything that was written into the tracker so far."""
        reads = ("_search", "_count", "_findByUnique")
        return [
            f"{method} {path}"
            for method, path in self.tracker.way.asked
            if method != "GET" and not path.endswith(reads)
        ]

    async def type_there(self, incident_id: int, **values: str) -> None:
        """Anna types into fields of the ticket, by their names; an empty text clears a field."""
        ticket = await self.ticket(incident_id)
        form = await self.service.form(ticket.project.id, ticket.type.id)
        ids = {each.name: each.id for each in form.custom}
        custom = {ids[name]: (value,) if value else () for name, value in values.items()}
        await self.anna.change(ticket.ref, Change(custom=custom))

    async def move_there(self, incident_id: int, name: str) -> None:
        """Anna moves the ticket to a status, by its id or name."""
        ref = await self.ref(incident_id)
        steps = await self.anna.transitions(ref)
        step = next(each.id for each in steps if name in (each.to.id, each.to.name))
        await self.anna.transition(ref, step)

    async def letter(self, raw: bytes) -> None:
        """A letter comes in and finds its incident."""
        self._letters.append(raw)
        number, now = len(self._letters), self.house.clock.now()
        header, _, body = raw.partition(b"\r\n\r\n")
        cursor = noting.Cursor(BOX, "INBOX", "mail.example.test", 7, number, 0, now)
        fetched = noting.Fetched(number, header + b"\r\n\r\n", body, len(raw), now)
        async with self.house.database.transaction() as session:
            await noting.note(session, self.house.desk.name, Direction.IN, cursor, [fetched], now)
        await self.house.dispatch.intake.run()

    async def incident(self, number: int = 1) -> Incident:
        """The incident with this number."""
        async with self.house.database.reading() as session:
            found = await self.house.incidents.by_code(session, f"{self.house.desk.prefix}-{number}")
        assert found is not None
        return found

    async def read_register(self, folder: Path) -> None:
        """Write the lists of the register and read them."""
        rows = {
            "poles": [
                pole("77-0123", Регион="Moscow", RegionRu="Москва"),
                pole("50-0001", Регион="Tver", RegionRu="Тверь"),
                pole("50-0002", Регион="Tver", RegionRu="Тверь"),
            ],
            "contractors": [contract("Вышка", "50-0001", "vera@contractor.test")],
            "stations": [station("50-0001", "KI0075"), station("50-0002", "KI0099")],
        }
        for name, each in rows.items():
            (folder / f"{name}.json").write_text(json.dumps(each, ensure_ascii=False), encoding="utf-8")
        await self.house.dispatch.registry.run()

    async def pole_id(self, code: str) -> int:
        async with self.house.database.reading() as session:
            typed = await self.house.dispatch.assets.find(session, self.house.desk.name, code)
        return typed.chosen().place.pole_id


def _desk(folder: Path, mirror: dict[str, Any]) -> DeskSettings:
    feeds = {
        name: FeedSettings(file=folder / f"{name}.json") for name in ("poles", "contractors", "stations")
    }
    box = MailboxSettings.model_validate(
        {"address": BOX, "password": "x", "imap_host": "localhost", "smtp_host": "localhost"}
    )
    return DeskSettings(
        name="towers",
        # Redmine lives for the whole run, and knows the tickets of earlier desks by the codes of their incidents.
        prefix=f"NT{next(_desks)}",
        channel="work/desk",
        mailboxes=(box,),
        registry=RegistrySettings(**feeds),
        mirror=MirrorSettings(tracker="main", **mirror),
    )


@contextlib.asynccontextmanager
async def yandex_mirror(database: Database, folder: Path, **settings: Any) -> AsyncIterator[MirrorHouse]:
    """With the Tracker sandbox; its clock is the desk's."""
    sites: dict[str, Any] = {}
    desk = _desk(folder, {**YANDEX, **settings})
    async with open_house(database, desk, sites=sites) as house, yandex_house(house.clock) as tracker:
        add_fields(tracker)
        sites["main"] = tracker.site
        found = MirrorHouse(house, tracker)
        await found.read_register(folder)
        await house.dispatch.mirror.run()
        yield found


@contextlib.asynccontextmanager
async def redmine_mirror(
    database: Database, folder: Path, redmine: Redmine, **settings: Any
) -> AsyncIterator[MirrorHouse]:
    """With the real Redmine, whose clock is nobody's."""
    sites: dict[str, Any] = {}
    desk = _desk(folder, {**REDMINE, **settings})
    async with open_house(database, desk, sites=sites) as house, redmine_house(redmine) as tracker:
        sites["main"] = tracker.site
        found = MirrorHouse(house, tracker)
        await found.read_register(folder)
        await house.dispatch.mirror.run()
        yield found


def add_fields(tracker: YandexHouse) -> None:
    """The fields that the mirror shows, in the queue of the desk."""
    for name in FIELDS:
        tracker.sandbox.add_field(tracker.sandbox.world.queues["DESK"], name, name)
