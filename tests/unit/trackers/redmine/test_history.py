"""The cursor: every event once, whatever the second hides."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.unit.trackers.redmine.test_values import READER, issue

from sekretar.kernel.errors import PeerInvalid
from sekretar.trackers.cursor import OVERLAP, Cursor
from sekretar.trackers.redmine.history import events_of
from sekretar.trackers.values import Field

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def begun(at: datetime = START) -> Cursor:
    return Cursor(at, at, at)


def written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def journal(number: int, at: datetime, **more: Any) -> dict[str, Any]:
    return {"id": number, "user": {"id": 5, "name": "Boris"}, "notes": "", "created_on": written(at), **more}


def test_nothing_from_before_the_beginning_is_told() -> None:
    ticket = issue(journals=[journal(1, START, notes="old"), journal(2, START + SECOND, notes="new")])
    assert [event.comment for event in events_of(ticket, READER, begun())] == ["new"]


def test_what_was_told_is_not_told_again_and_what_came_in_the_same_second_is() -> None:
    at = START + SECOND
    first = issue(updated_on=written(at), journals=[journal(1, at, notes="one")])
    told = list(events_of(first, READER, begun()))
    cursor = begun().after(at, START, {"10": written(at)}, told)
    assert cursor.must_read("10", written(at)), "another change may hide in the same second"
    second = issue(
        updated_on=written(at), journals=[journal(1, at, notes="one"), journal(2, at, notes="two")]
    )
    assert [event.comment for event in events_of(second, READER, cursor)] == ["two"]


def test_a_ticket_that_stays_as_it_is_is_not_read_for_ever() -> None:
    cursor, updated = begun(), written(START)
    for seconds in (0, 1, 2):
        assert cursor.must_read("10", updated)
        cursor = cursor.after(START, START + seconds * SECOND, {"10": updated}, ())
    assert not cursor.must_read("10", updated)
    assert cursor.must_read("10", written(START + SECOND))


def test_while_behind_older_events_of_tickets_to_come_are_told() -> None:
    early, late = START + SECOND, START + timedelta(hours=2)
    cursor = begun().after(START + timedelta(hours=1), START, {}, (), behind=True)
    assert cursor.since == cursor.until
    ticket = issue(
        updated_on=written(late), journals=[journal(1, early, notes="early"), journal(2, late, notes="late")]
    )
    assert [event.comment for event in events_of(ticket, READER, cursor)] == ["early", "late"]


def test_the_overlap_begins_once_everything_was_read() -> None:
    later = START + timedelta(hours=1)
    cursor = begun().after(later, START, {}, ())
    assert not cursor.behind
    assert cursor.since == later - OVERLAP


def test_a_cursor_stays_small() -> None:
    cursor = begun()
    for number in range(1, 1000):
        at = START + number * timedelta(minutes=5)
        ticket = issue(id=number, updated_on=written(at), journals=[journal(number, at, notes="x")])
        cursor = cursor.after(at, at, {str(number): written(at)}, events_of(ticket, READER, cursor))
    assert len(cursor.write()) < 500


def test_it_survives_being_stored() -> None:
    at = START + SECOND
    ticket = issue(updated_on=written(at), journals=[journal(1, at, notes="one")])
    cursor = begun().after(at, START, {"10": written(at)}, events_of(ticket, READER, begun()), behind=True)
    assert Cursor.read(cursor.write(), "main") == cursor


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", "1", '{"begun":"x"}', "\x00"])
def test_what_is_no_cursor(text: str) -> None:
    with pytest.raises(PeerInvalid):
        Cursor.read(text, "main")


def test_changes_are_named_and_private_notes_are_not_told() -> None:
    at = START + SECOND
    details = [
        {"property": "attr", "name": "assigned_to_id", "old_value": None, "new_value": "5"},
        {"property": "cf", "name": "3", "old_value": "a", "new_value": "b"},
        {"property": "attachment", "name": "12", "old_value": None, "new_value": "акт.txt"},
        {"property": "attr", "name": "category_id", "old_value": "1", "new_value": None},
        {"property": "relation", "name": "relates", "old_value": None, "new_value": "7"},
    ]
    journals = [
        journal(1, at, notes="whispered", private_notes=True),
        journal(2, at, notes="whispered", private_notes=True, details=details),
    ]
    [event] = events_of(issue(journals=journals), READER, begun())
    assert event.comment == ""
    assert [change.field for change in event.changes] == [
        Field.ASSIGNEE,
        "custom:3",
        Field.FILES,
        "category_id",
        "relates",
    ]
