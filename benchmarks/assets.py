"""Finding the pole and the station of a letter in a large register, beside the bare SQL of the same question.

The floor knows nothing of spellings, ambiguity and beginnings: it cuts the letter at blanks and asks the table for
the words with digits in them. Both sides are measured in processor time, without opening the transaction.
"""

from __future__ import annotations

import asyncio
import random
import re
import sqlite3
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.scale import Scale
from benchmarks.table import Row, percentile
from sekretar.dispatch.assets import Assets
from sekretar.dispatch.assets.index import AssetIndex
from sekretar.dispatch.assets.spelling import code_key
from sekretar.kernel.database import Database

DESK = "bench"

BARE = (
    "SELECT p.id, s.id FROM dispatch_poles p LEFT JOIN dispatch_stations s ON s.pole_id = p.id AND s.gone_at IS NULL"
    " WHERE p.desk = ? AND p.gone_at IS NULL AND p.key IN ({marks})"
)

#: The subject of a letter that names no place.
NO_PLACE = "Вопрос"

SAID = (
    "Добрый день, коллеги. Просим принять в работу: отсутствует внешнее электроснабжение с 03.11.2025 14:05, "
    "на объекте работает генератор, топлива на 4 часа. Ключи у охраны, тел. 8 (912) 345-67-89, доступ по заявке "
    "№ 2025-118 от 12.10.2025. Адрес: Московская область, деревня Ивановка, участок 41, кадастровый номер "
    "50:21:0010101:123. Ранее обращались в 2023 и 2024 годах. IP 10.20.30.40. Ожидаем ответа до 18:00. "
)


def rows(scale: Scale) -> Iterator[Row]:
    """A letter that names its place in the subject, one that names it in the text, one that names none."""
    chance = random.Random(5)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.sqlite3"
        poles = [
            f"{10_000 + n % 90_000}-P-{10 + n // 90_000}-{n % 9 + 1}-{n % 7 + 1}" for n in range(scale.poles)
        ]
        asyncio.run(_migrate(path))
        _fill(path, poles, scale.stations)
        asked = [chance.randrange(scale.poles) for _ in range(scale.questions)]
        letters = [_letter(number, poles, scale) for number in asked]
        ours = asyncio.run(_ask(path, letters))
        floor = _bare(path, letters)
        memory = _index_memory(poles, scale.stations)
    what = f"asset lookup in a letter, {scale.poles} poles, {scale.stations} stations, p99"
    p99 = percentile(floor, 0.99)
    yield Row(what, percentile(ours.processor, 0.99), "ms", p99, "the bare SQL for its words", most=2)
    yield Row("  median", percentile(ours.processor, 0.5), "ms", percentile(floor, 0.5))
    yield Row("  median by the clock", percentile(ours.clock, 0.5), "ms")
    yield Row("  reading the register once", ours.building * 1000, "ms")
    yield Row("  memory of its index", memory, "MB")


def _letter(number: int, poles: list[str], scale: Scale) -> tuple[str, str]:
    """By turns: place in the subject, in the text, with a Russian keyboard, nowhere."""
    station = _name(number % scale.stations)
    code = poles[number]
    return [
        (f"Т2 Отсутствует ВЭС {station}/{code}", SAID * 3),
        ("Авария по питанию", f"Опора {code.replace('-', '–')}. " + SAID * 3),
        ("Нет связи", SAID * 3 + f"БС-{station.lower().replace('k', 'к')}"),
        (NO_PLACE, SAID * 3),
    ][number % 4]


def _name(number: int) -> str:
    return f"K{chr(65 + number // 10_000)}{number % 10_000:04}"


async def _migrate(path: Path) -> None:
    database = Database.open(f"sqlite:///{path}")
    await database.migrate()
    await database.close()


def _fill(path: Path, poles: list[str], stations: int) -> None:
    connection = sqlite3.connect(path)
    texts = "site, name, status, region, region_ru, address, company, anchor_operator, digest"
    connection.executemany(
        f"INSERT INTO dispatch_poles (id, desk, code, key, {texts}, excluded)"
        f" VALUES (?, '{DESK}', ?, ?, '', '', '', '', '', 'ул. Мира, 5', '', '', '', 0)",
        ((number, code, code_key(code)) for number, code in enumerate(poles, 1)),
    )
    connection.executemany(
        f"INSERT INTO dispatch_stations (desk, name, key, pole_id, digest) VALUES ('{DESK}', ?, ?, ?, '')",
        ((_name(n), code_key(_name(n)), n % len(poles) + 1) for n in range(stations)),
    )
    connection.execute(
        f"INSERT INTO dispatch_registries (desk, version, next_at) VALUES ('{DESK}', 1, '2030-01-01 00:00:00')"
    )
    connection.commit()
    connection.close()


@dataclass
class _Taken:
    """Milliseconds for each letter, of the processor and by the clock, and seconds until the register was read."""

    processor: list[float]
    clock: list[float]
    building: float


async def _ask(path: Path, letters: list[tuple[str, str]]) -> _Taken:
    database, assets = Database.open(f"sqlite:///{path}"), Assets()
    async with database.reading() as session:
        started = time.perf_counter()
        await assets.warm_up(session, DESK)
        taken = _Taken([], [], time.perf_counter() - started)
        for number, (subject, text) in enumerate(letters):
            begun, started = time.process_time(), time.perf_counter()
            found = await assets.lookup(session, DESK, subject, text)
            taken.clock.append((time.perf_counter() - started) * 1000)
            taken.processor.append((time.process_time() - begun) * 1000)
            if (found.pole_id is None) == (subject != NO_PLACE):
                raise RuntimeError(f"letter {number} was not understood")
    await database.close()
    return taken


def _index_memory(poles: list[str], stations: int) -> float:
    """Megabytes that the index keeps, counted object by object."""
    tracemalloc.start()
    index = AssetIndex(
        ((code_key(code), number) for number, code in enumerate(poles, 1)),
        ((_name(number), number, number % len(poles) + 1) for number in range(stations)),
    )
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    if not index.poles(code_key(poles[0])):
        raise RuntimeError("the index is empty")
    return kept / 1024 / 1024


def _bare(path: Path, letters: list[tuple[str, str]]) -> list[float]:
    connection = sqlite3.connect(path)
    taken = []
    for subject, text in letters:
        started = time.process_time()
        words = [word for word in f"{subject} {text}".split() if len(re.findall(r"\d", word)) >= 4]
        marks = ", ".join("?" for _ in words)
        connection.execute(BARE.format(marks=marks), (DESK, *words)).fetchall()
        taken.append((time.process_time() - started) * 1000)
    connection.close()
    return taken
