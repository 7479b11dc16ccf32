"""What people write when they act on tickets: hours, which ticket, which default."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

import pytest

from sekretar.kernel.errors import PersonError
from sekretar.tickets.acting.hours import parse_hours
from sekretar.tickets.defaulting.wish import Wish, read_wish
from sekretar.tickets.defaults import Scope
from sekretar.tickets.lists.which import which
from sekretar.trackers.port import TrackerSite
from sekretar.trackers.values import TicketRef


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("1:30", 90), ("1.5", 90), ("1,5", 90), ("2", 120), ("90m", 90), ("90 мин", 90), ("полтора часа", 90),
        ("1ч 15м", 75), ("1h", 60), ("0:05", 5), ("24", 1440), (" 0,25 ", 15), ("час", 60),
    ],
)  # fmt: skip
def test_hours_as_people_write_them(text: str, minutes: int) -> None:
    assert parse_hours(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["", "0", "0:00", "-1", "1:75", "soon", "1.5.2", "1 2"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(PersonError, match=r"tickets\.span\.unreadable"):
        parse_hours(text)


@pytest.mark.parametrize("text", ["24:01", "25", "999"])
def test_more_than_a_day_is_a_slip(text: str) -> None:
    with pytest.raises(PersonError, match=r"tickets\.acting\.long_hours"):
        parse_hours(text)


@dataclass(frozen=True)
class _Site:
    name: str
    keys: str
    root: str

    @property
    def addresses(self) -> _Site:
        return self

    def ref_of_key(self, text: str) -> TicketRef | None:
        return TicketRef(self.name, text) if re.fullmatch(self.keys, text) else None

    def ref_of_link(self, url: str) -> TicketRef | None:
        return self.ref_of_key(url.removeprefix(self.root)) if url.startswith(self.root) else None


SITES = cast(
    Mapping[str, TrackerSite],
    {
        "one": _Site("one", r"[1-9][0-9]*", "https://one.example/issues/"),
        "two": _Site("two", r"[1-9][0-9]*", "https://two.example/issues/"),
        "queues": _Site("queues", r"[A-Z]+-[1-9][0-9]*", "https://queues.example/"),
    },
)
ONE, TWO = TicketRef("one", "10"), TicketRef("two", "10")
DESK = TicketRef("queues", "DESK-12")


@pytest.mark.parametrize(
    ("text", "default", "found"),
    [
        ("10", "one", (ONE,)),
        ("10", "two", (TWO,)),
        ("#10", "two", (TWO,)),
        ("#t10", "two", (TWO,)),
        ("T10", "two", (TWO,)),
        ("10", None, (ONE, TWO)),
        ("10", "queues", (ONE, TWO)),
        ("DESK-12", "one", (DESK,)),
        (" desk-12 ", None, (DESK,)),
        ("https://two.example/issues/10", "one", (TWO,)),
        ("<https://queues.example/DESK-12>", "one", (DESK,)),
    ],
)
def test_which_ticket_is_meant(text: str, default: str | None, found: tuple[TicketRef, ...]) -> None:
    assert which(text, SITES, default) == found


@pytest.mark.parametrize("text", ["soon", "#", "-10", "10.5", "https://elsewhere.example/issues/10"])
def test_no_ticket_is_meant(text: str) -> None:
    with pytest.raises(PersonError, match=r"tickets\.show\.unreadable"):
        which(text, SITES, None)


@pytest.mark.parametrize(
    ("words", "trackers", "wish"),
    [
        ("", "one two", None),
        ("one", "one two", Wish(Scope.PERSON, "one")),
        ("One site", "one two", Wish(Scope.PERSON, "one", "site")),
        ("канал two Big site", "one two", Wish(Scope.CHANNEL, "two", "Big site")),
        ("team off", "one two", Wish(Scope.TEAM)),
        ("убрать", "one two", Wish(Scope.PERSON)),
        ("site", "one", Wish(Scope.PERSON, "one", "site")),
        ("me one site", "one", Wish(Scope.PERSON, "one", "site")),
    ],
)
def test_which_default_is_wished(words: str, trackers: str, wish: Wish | None) -> None:
    assert read_wish(words.split(), trackers.split()) == wish


@pytest.mark.parametrize("words", ["site", "channel", "team three site"])
def test_no_default_can_be_read(words: str) -> None:
    with pytest.raises(PersonError):
        read_wish(words.split(), ["one", "two"])
