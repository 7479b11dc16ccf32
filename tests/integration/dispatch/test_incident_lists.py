"""Lists against the slow and obvious: any filter in any order, however many incidents count as few."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from sqlalchemy import insert, select
from tests.integration.dispatch.registers import pole_row

from sekretar.dispatch.assets.model import PoleRow
from sekretar.dispatch.incidents import finding, word_blocks, words
from sekretar.dispatch.incidents.finding import OPEN, IncidentFilter, Order, find
from sekretar.dispatch.incidents.model import IncidentRow, TypeRow
from sekretar.dispatch.incidents.values import UNSET, Status
from sekretar.dispatch.sla.clocks import ClockKind
from sekretar.dispatch.sla.model import ClockRow
from sekretar.kernel.database import Database
from sekretar.kernel.people import PersonRow

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
INCIDENTS, QUESTIONS = 40, 100
SAID = ("авария", "аварийная", "мост", "мостовая", "поле", "связь")


@dataclass(frozen=True)
class Known:
    """An incident as the reference knows it."""

    row: dict[str, object]
    words: frozenset[str]
    deadline: datetime | None
    runs: bool

    def fulfils(self, wanted: IncidentFilter) -> bool:
        row = self.row
        whose = {wanted.responsible_id, None} if wanted.or_nobody else {wanted.responsible_id}
        return all(
            (
                not wanted.desks or row["desk"] in wanted.desks,
                not wanted.statuses or row["status"] in wanted.statuses,
                wanted.responsible_id is UNSET or row["responsible_id"] in whose,
                wanted.type_id is UNSET or row["type_id"] == wanted.type_id,
                wanted.contractor_id is UNSET or row["contractor_id"] == wanted.contractor_id,
                wanted.since is None or self.opened_at >= wanted.since,
                wanted.before is None or self.opened_at < wanted.before,
                all(any(each.startswith(part) for each in self.words) for part in wanted.text.split()),
                str(row["number"]) == wanted.code
                or (not wanted.code.isdigit() and self.code.startswith(wanted.code)),
                not wanted.pole or row["pole_id"] == 1,
                wanted.unread is None or row["unread"] is wanted.unread,
                wanted.due_by is None
                or (self.runs and self.deadline is not None and self.deadline <= wanted.due_by),
            )
        )

    def is_called(self, code: str) -> bool:
        return str(self.row["number"]) == code if code.isdigit() else self.code.startswith(code)

    @property
    def opened_at(self) -> datetime:
        assert isinstance(self.row["opened_at"], datetime)
        return self.row["opened_at"]

    @property
    def code(self) -> str:
        return str(self.row["code"])

    def place(self, order: Order) -> tuple[object, ...]:
        if order is Order.URGENT:
            return self.deadline is None, self.deadline or NOW, self.opened_at, self.row["id"]
        return self.row["updated_at"] if order is Order.CHANGED else self.opened_at, self.row["id"]


@pytest.fixture
async def known(database: Database) -> list[Known]:
    chance = random.Random(7)
    found = [_known(number, chance) for number in range(1, INCIDENTS + 1)]
    async with database.transaction() as session:
        session.add(pole_row("41960-P"))
        named = dict.fromkeys(("username", "display_name", "email"), "u")
        seen = {"locale": "ru", "active": True, "first_seen_at": NOW, "updated_at": NOW}
        await session.execute(insert(PersonRow), [{"id": 1, "server": "m", "user_id": "u", **named, **seen}])
        kind = {"id": 1, "desk": "towers", "name": "1", "description": "", "minutes": 60}
        await session.execute(insert(TypeRow), [{**kind, "active": True, "position": 1}])
        await session.flush()
        assert await session.scalar(select(PoleRow.id)) == 1
        await session.execute(insert(IncidentRow), [each.row for each in found])
        await words.index_all(session, [(cast(int, each.row["id"]), " ".join(each.words)) for each in found])
        await session.execute(insert(ClockRow), [_clock(each) for each in found])
    return found


@pytest.mark.parametrize(("few", "many"), [(0, 0), (0, 30), (5, 12), (1000, 1000)])
@pytest.mark.parametrize("block", [None, 16])
async def test_any_filter_in_any_order_means_what_it_says(
    database: Database,
    known: list[Known],
    few: int,
    many: int,
    block: int | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(finding, "FEW", few)
    monkeypatch.setattr(finding, "MANY", many)
    if block is not None:
        monkeypatch.setattr(word_blocks, "BLOCK", block)
        monkeypatch.setattr(word_blocks, "FREQUENT", 2)
        await word_blocks.put_together(database)
    chance, sizes = random.Random(few), set()
    for _ in range(QUESTIONS):
        wanted, order, limit = _question(chance), chance.choice(list(Order)), chance.randrange(1, 8)
        falling = order in (Order.NEWEST, Order.CHANGED)
        expected = sorted(
            (each for each in known if each.fulfils(wanted)),
            key=lambda each: each.place(order),
            reverse=falling,
        )
        sizes.add(len(expected))
        for offset in {0, len(expected) // 2, max(len(expected) - 1, 0), len(expected)}:
            async with database.reading() as session:
                page = await find(session, wanted, order, limit=limit, offset=offset)
            codes = [each.code for each in expected[offset : offset + limit]]
            assert ([each.code for each in page.incidents], page.total) == (codes, len(expected)), (
                wanted,
                order,
            )
    assert len(sizes) > 10


def _question(chance: random.Random) -> IncidentFilter:
    def perhaps(*values: object) -> object:
        return chance.choice(values) if chance.randrange(4) == 0 else None

    given = {
        "desks": perhaps(frozenset({"towers"}), frozenset({"towers", "cables"})),
        "statuses": perhaps(OPEN, frozenset({Status.CLOSED}), frozenset({Status.NEW}), frozenset(Status)),
        "type_id": perhaps(1),
        "contractor_id": perhaps(1, 2),
        "since": perhaps(NOW + timedelta(hours=8)),
        "before": perhaps(NOW + timedelta(hours=30)),
        "code": perhaps("NT-", "NT-1", "CB", "7"),
        "pole": perhaps("41960"),
        "unread": perhaps(True, False),
        "due_by": perhaps(NOW + timedelta(hours=20), NOW + timedelta(days=9)),
    }
    wanted = {name: value for name, value in given.items() if value is not None}
    if chance.randrange(4) == 0:
        wanted |= {"responsible_id": chance.choice([1, None]), "or_nobody": chance.random() < 0.5}
    text = " ".join(
        chance.sample(
            ["а", "авар", "авария", "м", "мост", "по", "связь", "нет"], chance.choice([0, 0, 1, 1, 2, 3])
        )
    )
    return IncidentFilter(**wanted, text=text)  # type: ignore[arg-type]


def _known(number: int, chance: random.Random) -> Known:
    desk, prefix = ("cables", "CB") if number % 10 == 0 else ("towers", "NT")
    # Several are opened at the same moment.
    opened_at = NOW + timedelta(hours=number // 2)
    status = Status.CLOSED if chance.random() < 0.7 else chance.choice(sorted(OPEN))
    texts = dict.fromkeys(("applicant_name", "applicant_address", "summary", "description"), "")
    row: dict[str, object] = {
        **texts,
        "id": number * 3,
        "desk": desk,
        "number": number,
        "code": f"{prefix}-{number}",
        "opened_at": opened_at,
        "created_at": opened_at,
        "updated_at": opened_at + timedelta(minutes=chance.randrange(0, 3000, 600)),
        "status": status,
        "finished_at": None,
        "type_id": chance.choice([1, None]),
        "responsible_id": chance.choice([1, None]),
        "contractor_id": chance.choice([1, 2, None]),
        "pole_id": chance.choice([1, 2, None]),
        "origin": "letter",
        "language": "ru",
        "unread": chance.random() < 0.3,
        "version": 1,
    }
    said = chance.sample(SAID, chance.randrange(1, 4))
    deadline = opened_at + timedelta(hours=chance.choice([1, 5])) if chance.random() < 0.8 else None
    return Known(row, frozenset(said), deadline, status is not Status.CLOSED)


def _clock(known: Known) -> dict[str, object]:
    return {
        "incident_id": known.row["id"],
        "desk": known.row["desk"],
        "kind": ClockKind.DISPATCHER,
        "allowance": 60,
        "segments": [],
        "started_at": known.opened_at,
        "stopped_at": None if known.runs else NOW,
        "deadline": known.deadline,
        "soon_at": None,
        "remaining": None,
        "breached_at": None,
        "due_at": None,
        "rules": "",
    }
