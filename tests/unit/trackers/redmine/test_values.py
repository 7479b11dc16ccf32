"""Tickets of Redmine into values and back: marks, bodies, versions, and answers of other Redmines."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sekretar.kernel.errors import PeerDown
from sekretar.trackers.redmine import writing
from sekretar.trackers.redmine.addresses import Addresses
from sekretar.trackers.redmine.marker import marker, marker_in, with_marker, without_marker
from sekretar.trackers.redmine.reading import Reader, same_version
from sekretar.trackers.requests import Change, Draft, Uploaded
from sekretar.trackers.values import Field, LinkKind, TicketRef

READER = Reader(Addresses("main", "https://r.test", "https://r.test"), closed=frozenset({"5"}))


def issue(**more: Any) -> dict[str, Any]:
    """A ticket as Redmine tells it."""
    return {
        "id": 10,
        "project": {"id": 1, "name": "Desk"},
        "tracker": {"id": 2, "name": "Feature"},
        "status": {"id": 1, "name": "New", "is_closed": False},
        "priority": {"id": 3, "name": "High"},
        "author": {"id": 4, "name": "Anna"},
        "subject": "Mast 77",
        "description": "one\r\ntwo",
        "created_on": "2026-03-01T09:00:00Z",
        "updated_on": "2026-03-02T09:00:00Z",
        **more,
    }


class TestMarker:
    @given(st.text(), st.text())
    @example("\n0", "")
    def test_a_description_is_told_without_it(self, description: str, unique: str) -> None:
        stored = with_marker(description, marker(unique))
        assert marker_in(stored) == marker(unique)
        assert without_marker(stored) == description.rstrip()

    def test_intentions_differ(self) -> None:
        assert marker("line 1") != marker("line 2")

    @pytest.mark.parametrize(
        "text", ["", "sekretar:abc", "see sekretar:" + "0" * 20, "sekretar:" + "0" * 20 + "\nP.S."]
    )
    def test_what_only_looks_like_one(self, text: str) -> None:
        assert marker_in(text) == ""
        assert without_marker(text) == text


class TestReading:
    def test_everything_optional_is_absent(self) -> None:
        ticket = READER.ticket(issue())
        assert (ticket.assignee, ticket.start, ticket.due, ticket.estimate, ticket.parent) == (None,) * 5
        assert ticket.description == "one\ntwo"
        assert ticket.created == datetime(2026, 3, 1, 9, tzinfo=UTC)

    def test_a_redmine_before_5_does_not_say_what_is_closed(self) -> None:
        assert READER.ticket(issue(status={"id": 5, "name": "Done"})).status.closed
        assert not READER.ticket(issue(status={"id": 1, "name": "New"})).status.closed

    def test_an_author_who_was_deleted(self) -> None:
        ticket = issue()
        del ticket["author"]
        assert READER.ticket(ticket).author.name == ""

    def test_hours_are_exact_to_the_minute(self) -> None:
        assert READER.ticket(issue(estimated_hours=1.33)).estimate == timedelta(hours=1, minutes=20)

    def test_relations_are_read_from_this_ticket(self) -> None:
        relations = [
            {"id": 1, "issue_id": 10, "issue_to_id": 11, "relation_type": "blocks"},
            {"id": 2, "issue_id": 12, "issue_to_id": 10, "relation_type": "duplicates"},
            {"id": 3, "issue_id": 10, "issue_to_id": 13, "relation_type": "precedes"},
        ]
        found = READER.details(issue(relations=relations)).relations
        assert [(each.kind, each.other.key) for each in found] == [
            (LinkKind.BLOCKS, "11"),
            (LinkKind.DUPLICATED_BY, "12"),
            (None, "13"),
        ]

    @pytest.mark.parametrize(
        "broken", [{"project": None}, {"created_on": "soon"}, {"status": []}, {"id": None}]
    )
    def test_an_odd_answer_is_no_conclusion(self, broken: dict[str, Any]) -> None:
        ticket = issue(**broken)
        if "id" in broken:
            del ticket["id"]
        with pytest.raises(PeerDown):
            READER.ticket(ticket)

    def test_the_less_exact_version_decides(self) -> None:
        listed = READER.ticket(issue()).version
        shown = READER.ticket(issue(journals=[{"id": 7}, {"id": 3}])).version
        later = READER.ticket(issue(journals=[{"id": 8}])).version
        assert same_version(listed, shown)
        assert not same_version(shown, later)
        assert not same_version(listed, READER.ticket(issue(updated_on="2026-03-02T09:00:01Z")).version)


class TestWriting:
    def test_what_was_left_open_stays_out(self) -> None:
        assert writing.of_draft(Draft("1", "x")) == {"project_id": "1", "subject": "x"}

    def test_emptied_fields(self) -> None:
        change = Change(assignee=None, due=None, parent=None, custom={"3": ()})
        assert writing.of_change(change) == {
            "assigned_to_id": "",
            "due_date": "",
            "parent_issue_id": "",
            "custom_fields": [{"id": 3, "value": ""}],
        }

    def test_files(self) -> None:
        assert writing.of_files([]) == {}
        assert writing.of_files([Uploaded("t", "акт.txt", "text/plain")]) == {
            "uploads": [{"token": "t", "filename": "акт.txt", "content_type": "text/plain"}]
        }

    @given(st.integers(0, 10_000))
    def test_hours(self, minutes: int) -> None:
        hours, _, rest = writing.hours(timedelta(minutes=minutes)).partition(":")
        assert int(hours) * 60 + int(rest) == minutes

    def test_what_was_taken_over_is_not_reported(self) -> None:
        draft = Draft(
            "1",
            "Mast  77",
            type="2",
            description="one\ntwo\n",
            priority="3",
            assignee="4",
            start=date(2026, 3, 1),
            estimate=timedelta(minutes=80),
            done=0,
            parent=TicketRef("main", "9"),
            custom={"1": ("a", "b"), "2": ("",)},
        )
        ticket = READER.ticket(
            issue(
                assigned_to={"id": 4, "name": "Anna"},
                start_date="2026-03-01",
                estimated_hours=1.33,
                done_ratio=0,
                parent={"id": 9},
                custom_fields=[
                    {"id": 1, "name": "A", "value": ["b", "a"]},
                    {"id": 2, "name": "B", "value": None},
                ],
            )
        )
        assert writing.ignored(writing.of_draft(draft), ticket) == frozenset()

    def test_what_was_not_taken_over_is_named(self) -> None:
        draft = Draft(
            "1", "Other", type="3", assignee="4", due=date(2026, 3, 1), private=True, custom={"1": ("x",)}
        )
        assert writing.ignored(writing.of_draft(draft), READER.ticket(issue())) == {
            Field.SUBJECT,
            Field.TYPE,
            Field.ASSIGNEE,
            Field.DUE,
            Field.PRIVATE,
            "custom:1",
        }

    def test_a_field_can_be_left_out(self) -> None:
        body = writing.of_draft(Draft("1", "x", assignee="4", custom={"1": ("x",), "2": ("y",)}))
        assert "assigned_to_id" not in writing.without(body, Field.ASSIGNEE)
        assert writing.without(body, "custom:1")["custom_fields"] == [{"id": 2, "value": "y"}]
        assert set(writing.keys_of(body)) == {
            Field.PROJECT,
            Field.SUBJECT,
            Field.ASSIGNEE,
            "custom:1",
            "custom:2",
        }
