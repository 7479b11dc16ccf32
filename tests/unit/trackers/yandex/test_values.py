"""What Tracker writes and what is written to it, as values."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sekretar.kernel.clock import ManualClock
from sekretar.sandbox.tracker.conditions import Conditions
from sekretar.sandbox.tracker.language import parse
from sekretar.sandbox.tracker.state import Limits, User, World
from sekretar.trackers.requests import ME, Openness, Order, Query
from sekretar.trackers.values import Kind, LinkKind, TicketRef
from sekretar.trackers.yandex import queries, reading, writing
from sekretar.trackers.yandex.addresses import Addresses

ADDRESSES = Addresses("work", "https://tracker.yandex.ru", "")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("PT1H20M", timedelta(hours=1, minutes=20)),
        ("P1D", timedelta(hours=8)),
        ("P1W2DT3H", timedelta(hours=59)),
        ("PT0M", timedelta()),
        (None, None),
    ],
)
def test_durations_are_working_time(text: str | None, meant: timedelta | None) -> None:
    assert reading.duration(text) == meant


@given(st.integers(0, 100_000))
def test_a_duration_comes_back_as_it_was_written(minutes: int) -> None:
    spent = timedelta(minutes=minutes)
    assert reading.duration(writing.duration(spent)) == spent


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (Query(), 'Resolution: empty() "Sort by": Updated DESC'),
        (
            Query(project="DESK", assignee=ME, order=Order.DUE),
            'Queue: "DESK" AND Resolution: empty() AND Assignee: me() "Sort by": Deadline ASC',
        ),
        (
            Query(author="77", not_assignee=ME, openness=Openness.ANY),
            '(Assignee: empty() OR Assignee: !me()) AND Author: "anna" "Sort by": Updated DESC',
        ),
        (
            Query(due_until=date(2026, 1, 5), openness=Openness.CLOSED),
            'Resolution: notEmpty() AND Deadline: <= "2026-01-05" "Sort by": Updated DESC',
        ),
    ],
)
def test_queries(query: Query, text: str) -> None:
    assert queries.written(query, names={"77": "anna"}) == text


@given(st.text(max_size=60))
@example("<")
def test_no_words_break_out_of_a_query(words: str) -> None:
    """Whatever is searched for stays a value: the query has the conditions it had."""
    clock = ManualClock(reading.moment("2026-01-01T00:00:00.000+0000"))
    conditions = Conditions(World(clock, Limits()), User(1, "anna", "Anna", ""))
    parsed = parse(queries.written(Query(text=words or "x", assignee=ME)), conditions)
    assert parsed.order == [("updatedAt", False)]


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://tracker.yandex.ru/DESK-12", "DESK-12"),
        ("https://tracker.yandex.ru/DESK-12/?from=mail#comment", "DESK-12"),
        ("http://TRACKER.yandex.ru:443/DESK-12", "DESK-12"),
        ("https://tracker.yandex.ru/queue/DESK", None),
        ("https://tracker.yandex.ru/desk-12", None),
        ("https://tracker.yandex.ru.evil.test/DESK-12", None),
        ("https://evil.test/tracker.yandex.ru/DESK-12", None),
        ("ftp://tracker.yandex.ru/DESK-12", None),
        ("https://[", None),
    ],
)
def test_links(url: str, key: str | None) -> None:
    assert ADDRESSES.ref_of_link(url) == (TicketRef("work", key) if key else None)


@pytest.mark.parametrize(
    ("text", "key"),
    [("DESK-12", "DESK-12"), (" desk-12 ", "DESK-12"), ("DESK-0", None), ("12", None), ("ДЕСК-1", None)],
)
def test_keys(text: str, key: str | None) -> None:
    assert ADDRESSES.ref_of_key(text) == (TicketRef("work", key) if key else None)


def test_where_tokens_come_from() -> None:
    assert ADDRESSES.key_page().startswith("https://yandex.ru/support/")
    own = Addresses("work", "https://tracker.yandex.ru", "abc").key_page()
    assert own == "https://oauth.yandex.ru/authorize?response_type=token&client_id=abc"


@pytest.mark.parametrize(
    ("schema", "options", "kind", "many"),
    [
        ({"type": "string"}, None, Kind.LINE, False),
        ({"type": "array", "items": "user"}, None, Kind.PERSON, True),
        ({"type": "string"}, ["North"], Kind.CHOICE, False),
        ({"type": "string"}, {"DESK": ["North"], "OTHER": ["South"]}, Kind.CHOICE, False),
        ({"type": "sprint"}, None, Kind.OTHER, False),
    ],
)
def test_custom_fields(schema: dict[str, str], options: object, kind: Kind, many: bool) -> None:
    item = {"id": "6054--a", "name": "A", "schema": {**schema, "required": True}}
    if options:
        item["optionsProvider"] = {"type": "FixedListOptionsProvider", "values": options}
    field = reading.custom_field(item, "DESK")
    assert (field.kind, field.multiple, field.required) == (kind, many, True)
    assert [choice.id for choice in field.choices] == (["North"] if options else [])


@pytest.mark.parametrize(
    ("direction", "kind"), [("outward", LinkKind.BLOCKED_BY), ("inward", LinkKind.BLOCKS)]
)
def test_a_link_is_read_from_the_ticket_that_shows_it(direction: str, kind: LinkKind) -> None:
    item = {"type": {"id": "depends"}, "direction": direction, "object": {"key": "DESK-2"}}
    [relation] = reading.Reader(ADDRESSES, (), {}).details(ISSUE, (), (), [item]).relations
    assert (relation.kind, relation.other) == (kind, TicketRef("work", "DESK-2"))


ISSUE = {
    "id": "6054ae3a2b6b2c7f00000001",
    "key": "DESK-1",
    "version": 3,
    "summary": "A",
    "queue": {"key": "DESK", "display": "Desk"},
    "type": {"key": "task", "display": "Task"},
    "status": {"key": "agreed", "display": "Agreed"},
    "createdAt": "2026-01-01T00:00:00.123+0000",
    "updatedAt": "2026-01-01T00:00:00.456+0000",
    "6054ae3a2b6b2c7f00000009--bs": "77-0123",
}


def test_a_ticket_with_a_resolution_is_closed_whatever_its_status_is_called() -> None:
    reader = reading.Reader(ADDRESSES, (), {"6054ae3a2b6b2c7f00000009--bs": "Base station"})
    ticket = reader.ticket(ISSUE)
    assert not ticket.status.closed
    assert [(value.name, value.values) for value in ticket.custom] == [("Base station", ("77-0123",))]
    assert reader.ticket({**ISSUE, "resolution": {"key": "fixed"}}).status.closed
