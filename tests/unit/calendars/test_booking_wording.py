"""What people read when they make a meeting; it is Wednesday, 4 March 2026, noon in Moscow."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from syrupy.assertion import SnapshotAssertion
from tests.unit.calendars.test_views_wording import FOREIGN, all_day, meeting, seen

from sekretar.calendars.booking import wording as booking_wording
from sekretar.calendars.booking.draft import Checked, Collisions, Draft, Guest, Guests
from sekretar.calendars.booking.saving import Booked
from sekretar.calendars.editing import Repeat
from sekretar.calendars.finding import wording as finding_wording
from sekretar.calendars.finding.knowing import Diary
from sekretar.calendars.finding.slots import Slot
from sekretar.calendars.finding.standing import Busy, GuestTime, Source, Standing
from sekretar.calendars.finding.wording import Found
from sekretar.kernel.i18n import Catalogues, Translator
from sekretar.kernel.text import POST_LIMIT

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
BORIS, VERA, OUTSIDE = (
    Guest("boris@x.example", "Борис"),
    Guest("vera@x.example", "Вера"),
    Guest("o@x.example"),
)
PLAIN = Draft("Демо", NOW + timedelta(hours=27), 45, 1)
FULL = replace(
    PLAIN,
    guests=Guests((BORIS, VERA, OUTSIDE), ("@nobody", FOREIGN), ("@hidden",)),
    place="Переговорная 3",
    description="Повестка\n@all",
    reminder=10,
    repeat=Repeat.WEEKDAYS,
    telemost=True,
)


@pytest.fixture(params=["ru", "en"])
def t(request: pytest.FixtureRequest) -> Translator:
    return Catalogues.load().translator(request.param)


def test_a_plain_preview(t: Translator, snapshot: SnapshotAssertion) -> None:
    checked = Checked(PLAIN, "Работа", (), ())
    assert seen(booking_wording.preview(checked, 3, MOSCOW, t, NOW)) == snapshot


def test_a_preview_with_everything_that_speaks_against_it(t: Translator, snapshot: SnapshotAssertion) -> None:
    conflicts = (
        all_day(1, NOW.date(), 3, title="Отпуск"),
        *(meeting(number, 15, title=f"Встреча {number}") for number in range(2, 9)),
    )
    start = NOW - timedelta(hours=1)
    seen_of_vera = (
        Busy(start, start + timedelta(hours=1), title=FOREIGN),
        Busy(NOW - timedelta(hours=9), NOW + timedelta(hours=15), title="Отпуск", whole_days=True),
    )
    times = (
        GuestTime(Standing.FREE, Source.STORED, off_hours=ZoneInfo("Asia/Vladivostok")),
        GuestTime(Standing.BUSY, Source.STORED, seen=seen_of_vera),
        GuestTime(Standing.UNKNOWN),
        GuestTime(Standing.TENTATIVE, Source.SERVER),
    )
    guests = replace(FULL.guests, known=(*FULL.guests.known, Guest("d@x.example", "Дина")))
    checked = Checked(
        replace(FULL, start=start, guests=guests),
        FOREIGN,
        conflicts,
        times,
        Collisions(2, 60, meeting(9, 15, title=FOREIGN)),
    )
    assert seen(booking_wording.preview(checked, 3, MOSCOW, t, NOW)) == snapshot


@pytest.mark.parametrize(
    "made",
    [
        Booked(PLAIN, "Работа"),
        Booked(FULL, "Работа", "https://telemost.yandex.ru/j/1", "Telemost"),
        Booked(FULL, "Работа", altered=True, before=True),
    ],
    ids=["plain", "joined", "altered"],
)
def test_it_is_made(made: Booked, t: Translator, snapshot: SnapshotAssertion) -> None:
    assert seen(booking_wording.booked(made, MOSCOW, t, NOW)) == snapshot


def test_the_largest_preview_is_one_post(t: Translator) -> None:
    many = tuple(Guest(f"{number}@x.example", FOREIGN * 20) for number in range(50))
    draft = replace(FULL, title=FOREIGN * 9, description=FOREIGN * 60, place=FOREIGN * 9, guests=Guests(many))
    long = (Busy(NOW, NOW + timedelta(days=9), title=FOREIGN * 9),) * 3
    times = (GuestTime(Standing.BUSY, Source.SERVER, ZoneInfo("America/Argentina/Buenos_Aires"), long),) * 50
    checked = Checked(draft, FOREIGN * 9, (), times)
    assert len(seen(booking_wording.preview(checked, 3, MOSCOW, t, NOW))) < POST_LIMIT


@pytest.mark.parametrize("found", [True, False])
def test_common_times(found: bool, t: Translator, snapshot: SnapshotAssertion) -> None:
    slots = (
        Slot(NOW + timedelta(hours=1)),
        Slot(NOW + timedelta(days=1), (), (FOREIGN,), ("Вера", "Глеб", "Дина", "Ева", "Жанна")),
        Slot(NOW + timedelta(hours=9), ("Борис",)),
    )
    diaries = (
        Diary("вы", Source.STORED),
        Diary("Борис", Source.STORED),
        Diary(FOREIGN, Source.SERVER),
        Diary("Вера", Source.NOBODY),
    )
    days = (NOW, NOW + timedelta(days=6))
    guests = replace(FULL.guests, known=(BORIS, VERA))
    offered = Found(slots if found else (), diaries, guests, 45, days)
    assert seen(finding_wording.slots(offered, 3, MOSCOW, t, NOW)) == snapshot
