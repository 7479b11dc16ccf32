"""A register in three files, as TowerStore gives it, and the desk that reads them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sekretar.dispatch.assets import Assets
from sekretar.dispatch.assets.model import ContractorRow, PoleRow, StationRow
from sekretar.dispatch.assets.registry.importing import Importing, Manner
from sekretar.dispatch.assets.registry.keeping import RegistryKeeping
from sekretar.dispatch.assets.registry.report import Report
from sekretar.dispatch.assets.spelling import code_key
from sekretar.dispatch.settings import FeedSettings, RegistrySettings
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.http import HttpSessions, HttpSettings

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DESK = "towers"

Rows = list[dict[str, Any]]


def pole(code: str, **others: Any) -> dict[str, Any]:
    return {"SiteId": "", "Шифр": code, "Имя БС": "", "Адрес": f"у опоры {code}"} | others


def contract(
    name: str, code: str, emails: str = "", phones: str = "", excluded: str = "нет"
) -> dict[str, Any]:
    return {
        "Подрядчик": name,
        "Исключен из договора": excluded,
        "Шифр опоры": code,
        "Контактные данные подрядчика Email": emails,
        "Контактные данные подрядчика Телефон": phones,
    }


def station(code: str, name: str, operator: str = "Т2", group: str = "tele2") -> dict[str, Any]:
    return {
        "Шифр опоры": code,
        "Имя БС/Оборудование": name,
        "Оператор": operator,
        "Группа операторов": group,
    }


def pole_row(code: str, desk: str = DESK, **others: Any) -> PoleRow:
    """A pole as it stands in the register once it was read."""
    empty = (
        "site",
        "name",
        "status",
        "region",
        "region_ru",
        "address",
        "company",
        "anchor_operator",
        "digest",
    )
    known = {**dict.fromkeys(empty, ""), "excluded": False, **others}
    return PoleRow(desk=desk, code=code, key=code_key(code), **known)


def station_row(name: str, pole_id: int, desk: str = DESK) -> StationRow:
    """A station on a pole, the same."""
    return StationRow(desk=desk, name=name, key=code_key(name), pole_id=pole_id, digest="")


def contractor_row(name: str, *emails: str, desk: str = DESK) -> ContractorRow:
    """A contractor without telephone, the same."""
    return ContractorRow(
        desk=desk,
        name=name,
        key=name.casefold(),
        excluded=False,
        emails=list(emails),
        phones=[],
        digest="",
    )


@dataclass(frozen=True)
class Incident:
    """What the assets ask of an incident."""

    pole_id: int | None = None
    station_id: int | None = None
    contractor_id: int | None = None
    id: int = 7
    desk: str = DESK


@dataclass
class Register:
    """Three lists that can be written anew, and what reads them."""

    folder: Path
    database: Database
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))
    limits: dict[str, int] = field(default_factory=lambda: {"largest_loss_percent": 50})

    def __post_init__(self) -> None:
        self.settings = RegistrySettings(
            **{
                feed: FeedSettings(file=self.folder / f"{feed}.json", **self.limits)
                for feed in ("poles", "contractors", "stations")
            },
            every_hours=24,
            default_emails=("desk@example.com",),
        )
        self.http = HttpSessions(HttpSettings())
        self.assets = Assets({DESK: self.settings.default_emails})
        desks = {DESK: self.settings}
        self.importing = Importing(self.database, lambda: self.http.peers, self.clock, desks)
        self.keeping = RegistryKeeping(self.database, self.clock, desks, self.importing, self.assets)

    def write(
        self, poles: Rows | None = None, contractors: Rows | None = None, stations: Rows | None = None
    ) -> None:
        """Write these lists; the others stay as they are."""
        for name, rows in (("poles", poles), ("contractors", contractors), ("stations", stations)):
            if rows is not None:
                (self.folder / f"{name}.json").write_bytes(
                    json.dumps(rows, ensure_ascii=False).encode("utf-8-sig")
                )

    async def read(self, **manner: bool) -> list[Report]:
        return await self.importing.run(DESK, Manner(**manner))

    async def found(self, subject: str, fresh: str = "") -> tuple[str, Sequence[str]]:
        """What a letter is found to mean: the code, and the candidates."""
        async with self.database.reading() as session:
            found = await self.assets.lookup(session, DESK, subject, fresh)
        return found.certain.code if found.certain else "", [each.code for each in found.candidates]
