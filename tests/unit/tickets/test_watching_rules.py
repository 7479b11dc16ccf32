"""Who hears of what happened to a ticket."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from sekretar.tickets.watching.rules import Kind, first_assignee, news_of
from sekretar.trackers.values import (
    Choice,
    Event,
    Field,
    FieldChange,
    Member,
    Status,
    Ticket,
    TicketRef,
)

AT = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
ANNA, BORIS, CHRIS = (Member(name, name.title(), name) for name in ("anna", "boris", "chris"))
CLOSED = frozenset({"5"})


def ticket(author: Member = ANNA, assignee: Member | None = BORIS) -> Ticket:
    return Ticket(
        ref=TicketRef("main", "1"),
        link="https://tracker.example/1",
        project=Choice("1", "Site"),
        type=Choice("1", "Task"),
        subject="Mast",
        description="",
        status=Status("1", "New", closed=False),
        priority=None,
        author=author,
        assignee=assignee,
        start=None,
        due=None,
        estimate=None,
        done=None,
        parent=None,
        private=False,
        custom=(),
        created=AT,
        updated=AT,
        closed=None,
        version="1",
    )


def event(by: Member, *changes: FieldChange, comment: str = "", created: bool = False, of: Ticket) -> Event:
    return Event(f"e{by.id}{comment}{changes}", of, AT, by, created, comment, changes)


def told(events: Sequence[Event]) -> dict[str, list[tuple[Kind, bool]]]:
    return {
        member: [(item.kind, item.relieved) for item in items]
        for member, items in news_of(events, CLOSED).items()
    }


def test_a_comment_goes_to_author_and_assignee_but_not_to_its_writer() -> None:
    assert told([event(CHRIS, comment="?", of=ticket())]) == {
        "anna": [(Kind.COMMENTED, False)],
        "boris": [(Kind.COMMENTED, False)],
    }
    assert told([event(ANNA, comment="?", of=ticket())]) == {"boris": [(Kind.COMMENTED, False)]}


def test_given_and_taken_away() -> None:
    change = FieldChange(Field.ASSIGNEE, "boris", "chris")
    moved = event(ANNA, change, of=ticket(assignee=CHRIS))
    assert told([moved]) == {"chris": [(Kind.ASSIGNED, False)], "boris": [(Kind.ASSIGNED, True)]}


def test_taking_it_oneself_is_news_only_for_who_had_it() -> None:
    change = FieldChange(Field.ASSIGNEE, "boris", "chris")
    assert told([event(CHRIS, change, of=ticket(assignee=CHRIS))]) == {"boris": [(Kind.ASSIGNED, True)]}


def test_kinds_of_changes() -> None:
    changes = (
        FieldChange(Field.STATUS, "1", "2"),
        FieldChange(Field.STATUS, "2", "5"),
        FieldChange(Field.STATUS, "5", "1"),
        FieldChange(Field.PRIORITY, "1", "2"),
        FieldChange(Field.DUE, None, "2026-03-05"),
        FieldChange(Field.SUBJECT, "a", "b"),
        FieldChange(Field.DESCRIPTION, "a", "b"),
        FieldChange("custom:9", "a", "b"),
    )
    kinds = [kind for kind, _ in told([event(BORIS, *changes, of=ticket())])["anna"]]
    assert kinds == [Kind.STATUS, Kind.CLOSED, Kind.STATUS, *[Kind.EDITED] * 3]


def test_a_new_ticket_is_news_for_whoever_had_it_first() -> None:
    made = event(ANNA, created=True, of=ticket(assignee=CHRIS))
    assert told([made]) == {"chris": [(Kind.ASSIGNED, False)]}
    moved = event(ANNA, FieldChange(Field.ASSIGNEE, "boris", "chris"), of=ticket(assignee=CHRIS))
    assert told([made, moved]) == {
        "boris": [(Kind.ASSIGNED, False), (Kind.ASSIGNED, True)],
        "chris": [(Kind.ASSIGNED, False)],
    }
    assert first_assignee([event(ANNA, created=True, of=ticket(assignee=None))]) is None
    assert told([event(BORIS, created=True, of=ticket())]) == {}


members = st.sampled_from([ANNA, BORIS, CHRIS])
values = st.none() | st.sampled_from(["anna", "boris", "chris", "1", "5"])
changes = st.builds(FieldChange, st.sampled_from([each.value for each in Field]), values, values)
events = st.lists(
    st.builds(
        lambda by, them, comment, created, of: event(by, *them, comment=comment, created=created, of=of),
        members,
        st.lists(changes, max_size=3),
        st.sampled_from(["", "text"]),
        st.booleans(),
        st.builds(ticket, members, st.none() | members),
    ),
    min_size=1,
    max_size=4,
)


@given(events)
def test_nobody_hears_of_their_own_doing_and_nobody_else_than_it_concerns(happened: list[Event]) -> None:
    concerned = {each.ticket.author.id for each in happened}
    concerned |= {each.ticket.assignee.id for each in happened if each.ticket.assignee}
    concerned |= {
        value
        for each in happened
        for change in each.changes
        if change.field == Field.ASSIGNEE
        for value in (change.old, change.new)
        if value
    }
    for member, items in news_of(happened, CLOSED).items():
        assert items
        assert member in concerned
        assert all(item.by.id != member for item in items)
