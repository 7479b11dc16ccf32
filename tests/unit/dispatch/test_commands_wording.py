"""How lists, notes and numbers of the desk look, in both languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from syrupy.assertion import SnapshotAssertion
from tests.unit.dispatch.test_card import ASSET, INCIDENT, UNKNOWN

from sekretar.dispatch.assets.values import AssetCard, Candidate, Found, Place, Source
from sekretar.dispatch.commands.handover import note
from sekretar.dispatch.commands.hours import shown as hours_shown
from sekretar.dispatch.commands.kinds import listed
from sekretar.dispatch.commands.listing import Row, listing
from sekretar.dispatch.commands.making import opened
from sekretar.dispatch.commands.stats import Figures, Hand, Month, shown
from sekretar.dispatch.incidents.values import IncidentType, Status
from sekretar.dispatch.settings import DeskSettings
from sekretar.dispatch.sla.clocks import SlaState
from sekretar.dispatch.sla.hours import DayKind, DayRule
from sekretar.dispatch.sla.reading import ClockView
from sekretar.dispatch.sla.settings import HoursSettings, SlaSettings
from sekretar.dispatch.spans import Opening
from sekretar.dispatch.telling import Reader
from sekretar.kernel.i18n import LANGUAGES, Catalogues
from sekretar.mattermost.messages import flatten

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
LATE = ClockView(SlaState.OVERDUE, NOW - HOUR, late=HOUR)
SECOND = replace(INCIDENT, id=2, code="NT-8", unread=False, status=Status.HANDED_OVER)


@pytest.fixture(params=LANGUAGES)
def reader(request: pytest.FixtureRequest) -> Reader:
    return Reader(Catalogues.load().translator(request.param), ZoneInfo("Europe/Moscow"), NOW)


def test_a_page_of_a_list(reader: Reader, snapshot: SnapshotAssertion) -> None:
    rows = [
        Row(INCIDENT, "", ASSET, LATE, "Анна | *Б*", "https://chat.example/_redirect/pl/p1"),
        Row(SECOND, "Авария ВОЛС", AssetCard(), UNKNOWN, "", ""),
    ]
    first = listing("queue", "", "", rows, 0, 2, lambda before: {"before": before}, reader)
    middle = listing("list", "просроченные @all", "", rows, 10, 30, lambda before: {"before": before}, reader)
    empty = listing("find", "мачта", "", [], 0, 0, lambda before: {}, reader)
    assert [flatten(each) for each in (first, middle, empty)] == snapshot
    mistyped = listing("list", "все просрочка", "просрочка", [], 0, 0, lambda before: {}, reader)
    assert flatten(mistyped) == snapshot
    labels = [each.label for part in middle.attachments for each in part.actions]
    assert labels == snapshot


def test_what_is_left_at_the_end_of_a_shift(reader: Reader, snapshot: SnapshotAssertion) -> None:
    left = [(INCIDENT, LATE), (SECOND, UNKNOWN)]
    assert flatten(note("Анна *Б*", left, "ключи у @channel", reader)) == snapshot
    assert flatten(note("Анна", [], "", reader)) == snapshot
    assert flatten(note("Анна", left * 16, "", reader)).splitlines()[-1] == snapshot


def test_a_desk_in_numbers(reader: Reader, snapshot: SnapshotAssertion) -> None:
    figures = Figures(
        "towers",
        [(Status.NEW, 3), (Status.HANDED_OVER, 2)],
        1,
        Month(12, 9, 6, 3, timedelta(minutes=7), timedelta(hours=5)),
        Month(0, 0, 0, 0, None, None),
        [Hand("Анна", True, 3, 1, 4), Hand("Борис", False, 2, 0, 5)],
    )
    assert shown(figures, reader.t).text == snapshot


def test_an_incident_that_was_just_opened(reader: Reader, snapshot: SnapshotAssertion) -> None:
    certain = Found(Candidate(Place(1, 2), "41960-P", "KI0075", "", None), source=Source.TEXT)
    two = tuple(Candidate(Place(each), f"4196{each}-P", "", "", None) for each in range(2))
    kind = IncidentType(4, "towers", "Авария ВОЛС", "", 1440, True, 1)
    assert opened(INCIDENT, kind, certain, reader.t) == snapshot
    assert opened(INCIDENT, None, Found(None, two, 2, Source.SUBJECT), reader.t) == snapshot


def test_types_and_hours(reader: Reader, snapshot: SnapshotAssertion) -> None:
    kinds = [
        IncidentType(1, "towers", "Авария *ВОЛС*", "", 1440, True, 1),
        IncidentType(2, "towers", "Старый", "", 90, False, 2),
        IncidentType(3, "towers", "Доступ", "", 90, True, 3),
    ]
    assert listed(kinds, reader.t) == snapshot
    desk = DeskSettings(name="towers", channel="work/desk", sla=SlaSettings(hours=HoursSettings()))
    days = {
        NOW.date(): DayRule(DayKind.OWN, (Opening.parse("9:00-15:00"),)),
        NOW.date() + 24 * HOUR: DayRule(DayKind.OFF),
    }
    assert hours_shown(desk, days, reader.t) == snapshot
    assert hours_shown(DeskSettings(name="towers", channel="work/desk"), {}, reader.t) == snapshot
