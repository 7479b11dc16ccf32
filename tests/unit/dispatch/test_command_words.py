"""What the words behind `/incident …` mean, in either language."""

from __future__ import annotations

import contextlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekretar.dispatch.commands.filters import (
    ME,
    NOBODY,
    Mark,
    Wanted,
    days_in,
    past_day,
    read,
    split,
    status_called,
    step_called,
)
from sekretar.dispatch.commands.hands import status_names
from sekretar.dispatch.commands.linking import link_kind
from sekretar.dispatch.commands.types import type_called
from sekretar.dispatch.incidents.finding import OPEN
from sekretar.dispatch.incidents.values import IncidentType, LinkKind, Status
from sekretar.kernel.errors import PersonError
from sekretar.kernel.i18n import Catalogues
from sekretar.mattermost.parsing import words

#: A Wednesday.
TODAY = date(2026, 3, 4)
NAMES = status_names(Catalogues.load())


def wanted(text: str) -> Wanted:
    return read(words(text), NAMES, TODAY)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", Wanted()),
        ("overdue", Wanted(marks=frozenset({Mark.OVERDUE}))),
        ("Просроченные непрочитанные", Wanted(marks=frozenset({Mark.OVERDUE, Mark.UNREAD}))),
        ("открытые", Wanted(statuses=OPEN)),
        ("открытых", Wanted(statuses=OPEN)),
        ("просроченых", Wanted(marks=frozenset({Mark.OVERDUE}))),
        ("ничейные", Wanted(who=NOBODY)),
        ("за вчера", Wanted(since=date(2026, 3, 3), until=date(2026, 3, 3))),
        ("last week", Wanted(since=date(2026, 2, 23), until=date(2026, 3, 1))),
        ("прошлая неделя", Wanted(since=date(2026, 2, 23), until=date(2026, 3, 1))),
        ("все", Wanted(statuses=frozenset(Status))),
        ("в работе", Wanted(statuses=frozenset({Status.IN_PROGRESS}))),
        ("in-progress ошибка", Wanted(statuses=frozenset({Status.IN_PROGRESS, Status.ERROR}))),
        ("status:передано", Wanted(statuses=frozenset({Status.HANDED_OVER}))),
        ("@Boris.B", Wanted(who="boris.b")),
        ("мои", Wanted(who=ME)),
        ("ничьи", Wanted(who=NOBODY)),
        ("type:волс", Wanted(type="волс")),
        ("тип: волс", Wanted(type="волс")),
        ("тип:«Авария по питанию» Киров", Wanted(type="Авария по питанию", text="Киров")),
        ("опора:41960 desk:towers", Wanted(pole="41960", desk="towers")),
        ("вчера", Wanted(since=date(2026, 3, 3), until=date(2026, 3, 3))),
        ("last month", Wanted(since=date(2026, 2, 1), until=date(2026, 2, 28))),
        ("7d", Wanted(since=date(2026, 2, 25), until=TODAY)),
        ("12.03", Wanted(since=date(2025, 3, 12), until=date(2025, 3, 12))),
        ("01.02-15.02", Wanted(since=date(2026, 2, 1), until=date(2026, 2, 15))),
        ("2026-02-01..2026-02-15", Wanted(since=date(2026, 2, 1), until=date(2026, 2, 15))),
        ("since:1.2 until:yesterday", Wanted(since=date(2026, 2, 1), until=date(2026, 3, 3))),
        ("нет питания на KI0075", Wanted(text="нет питания на KI0075")),
        ("http://site.example/type:x", Wanted(text="http://site.example/type:x")),
        ("41960-P-43-1-1", Wanted(text="41960-P-43-1-1")),
    ],
)
def test_filters(text: str, meant: Wanted) -> None:
    assert wanted(text) == meant


@pytest.mark.parametrize("text", ["31.02", "status:уведом", "status:летает", "since:вторниц"])
def test_what_cannot_be_read_is_said(text: str) -> None:
    with pytest.raises(PersonError):
        wanted(text)


@given(st.text(max_size=60))
def test_whatever_is_typed_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(PersonError):
        wanted(text)


@given(st.dates(date(2020, 1, 1), date(2030, 12, 31)))
def test_a_day_without_a_year_is_never_to_come(today: date) -> None:
    for written in ("1.1", "28.02", "31.12"):
        day = past_day(written, today)
        assert day <= today < day.replace(year=day.year + 1)


def test_a_span_begins_with_its_earlier_day() -> None:
    assert days_in("15.02-01.02", TODAY) == (date(2026, 2, 1), date(2026, 2, 15))
    # One that is under way ends when it says, not a year ago.
    assert days_in("01.03-15.03", TODAY) == (date(2026, 3, 1), date(2026, 3, 15))
    assert days_in("15.12-10.01", TODAY) == (date(2025, 12, 15), date(2026, 1, 10))
    assert days_in("01.03.2026-15.03.2026", TODAY) == (date(2026, 3, 1), date(2026, 3, 15))


def test_options_that_a_command_does_not_know_are_words() -> None:
    parts = split(words("нет света с: утра тип:волс"), frozenset({"type"}))
    assert (parts.options, parts.words) == ({"type": "волс"}, ("нет", "света", "с:", "утра"))


@pytest.mark.parametrize(
    ("text", "status"),
    [("closed", Status.CLOSED), ("Закрыт", Status.CLOSED), ("на-генер", Status.ON_GENERATION)],
)
def test_statuses_are_known_by_the_beginning_of_their_names(text: str, status: Status) -> None:
    assert status_called(text, NAMES) is status


STEPS = NAMES | {"закрыть": Status.CLOSED, "уведомить заявителя": Status.NOTIFYING_APPLICANT}


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("закрыть", (Status.CLOSED, "")),
        ("Закрыт: починили  сами", None),
        ("закрыт починили сами", (Status.CLOSED, "починили сами")),
        ("в работе опять нет питания", (Status.IN_PROGRESS, "опять нет питания")),
        ("на генерации НБ", (Status.ON_GENERATION, "НБ")),
        ("передано", (Status.HANDED_OVER, "")),
        # Four names begin so; one of them is possible.
        ("уведом", (Status.NOTIFYING_APPLICANT, "")),
        ("летает", None),
    ],
)
def test_the_next_step_may_say_why(text: str, step: tuple[Status, str] | None) -> None:
    possible = (Status.NOTIFYING_APPLICANT, Status.CLOSED)
    if step is None:
        with pytest.raises(PersonError):
            step_called(words(text), STEPS, possible)
    else:
        assert step_called(words(text), STEPS, possible) == step


def kind(number: int, name: str, *, active: bool = True) -> IncidentType:
    return IncidentType(number, "towers", name, "", 60, active, number)


TYPES = [
    kind(11, "Авария по питанию РФ"),
    kind(12, "Авария по питанию для МСК"),
    kind(13, "Старый тип", active=False),
    kind(14, "Авария ВОЛС"),
    kind(15, "Угроза гибели / гибель объекта"),
]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("волс", 14),
        ("питан мск", 12),
        ("3", 14),
        ("старый тип", 13),
        ("авария вОЛС", 14),
        ("гибель", 15),
        ("питание рф", 11),
    ],
)
def test_a_type_is_known_by_its_place_or_a_word(text: str, number: int) -> None:
    assert type_called(text, TYPES).id == number


@pytest.mark.parametrize("text", ["авария", "питание", "7", "старый", "пожар", "0", ""])
def test_a_type_is_never_guessed(text: str) -> None:
    with pytest.raises(PersonError):
        type_called(text, TYPES)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", None),
        ("с", None),
        ("ждёт", LinkKind.DEPENDS),
        ("blocks", LinkKind.BLOCKS),
        ("и дубль", LinkKind.DUPLICATE),
    ],
)
def test_kinds_of_links(text: str, meant: LinkKind | None) -> None:
    assert link_kind(words(text)) is meant


def test_a_kind_of_link_that_there_is_not() -> None:
    with pytest.raises(PersonError):
        link_kind(("любит",))
