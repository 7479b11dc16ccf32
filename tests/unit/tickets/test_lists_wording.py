"""How lists and a single ticket look in both languages; it is Wednesday, 4 March 2026."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from syrupy.assertion import SnapshotAssertion

from sekretar.kernel.errors import PersonError
from sekretar.kernel.i18n import Catalogues, Translator
from sekretar.kernel.text import POST_LIMIT
from sekretar.mattermost.messages import Message, flatten
from sekretar.tickets.acting import card
from sekretar.tickets.acting.acts import Done
from sekretar.tickets.lists.collecting import Part, Place, Wanted
from sekretar.tickets.lists.kinds import PER_PAGE, Kind
from sekretar.tickets.lists.wording import listing
from sekretar.tickets.remarks import Remark
from sekretar.trackers.values import (
    Attachment,
    Choice,
    Comment,
    CustomValue,
    Details,
    LinkKind,
    Member,
    Page,
    Priority,
    Relation,
    Status,
    Ticket,
    TicketRef,
    Transition,
)

TODAY = date(2026, 3, 4)
NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")
FOREIGN = "| **bold** [x](http://evil) @all `code` #tag\n# heading"
ANNA, BORIS = Member("70", "Anna Petrova"), Member("71", "Boris @all")
NEW, CLOSED = Status("1", "New", closed=False), Status("5", "Closed", closed=True)


def ticket(number: int, **values: object) -> Ticket:
    given: dict[str, object] = {
        "ref": TicketRef("main", str(number)), "link": f"https://redmine.example/issues/{number}",
        "project": Choice("1", "Website"), "type": Choice("1", "Bug"), "subject": f"Mast {number}",
        "description": "", "status": NEW, "priority": None, "author": ANNA, "assignee": None, "start": None,
        "due": None, "estimate": None, "done": None, "parent": None, "private": False, "custom": (),
        "created": NOW, "updated": NOW, "closed": None, "version": "1",
    }  # fmt: skip
    return Ticket(**(given | values))  # type: ignore[arg-type]


TICKETS = (
    ticket(1, subject=FOREIGN, due=date(2026, 3, 2), assignee=BORIS),
    ticket(2, due=TODAY, assignee=ANNA),
    ticket(3, due=date(2026, 3, 2), status=CLOSED),
    ticket(4, ref=TicketRef("main", "DESK-12"), due=date(2027, 1, 5)),
)
FULL = ticket(
    10,
    subject=FOREIGN,
    description=FOREIGN + "\n" + "long " * 200,
    priority=Priority("3", "High", 2),
    assignee=BORIS,
    start=date(2026, 3, 1),
    due=date(2026, 3, 2),
    estimate=timedelta(hours=1, minutes=30),
    done=40,
    parent=TicketRef("main", "9"),
    private=True,
    custom=(CustomValue("1", "District", ("North", "South")), CustomValue("2", "Empty", ())),
)
STEPS = (
    Transition("2", "Start", Status("2", "In progress", closed=False)),
    Transition("5", "Closed", CLOSED),
)


@pytest.fixture(params=["ru", "en"])
def t(request: pytest.FixtureRequest) -> Translator:
    return Catalogues.load().translator(request.param)


def shown(message: Message) -> str:
    buttons = [[each.label for each in one.actions] for one in message.attachments]
    return f"{flatten(message)}\n{buttons}"


def part(*tickets: Ticket, before: int = 0, cursor: str | None = None, total: int = 0) -> Part:
    page = Page(tickets, total or len(tickets), "15" if total else None)
    return Part(Place("main", cursor, before), page, "https://redmine.example/issues?set_filter=1")


@pytest.mark.parametrize("kind", list(Kind))
def test_a_list(kind: Kind, t: Translator, snapshot: SnapshotAssertion) -> None:
    assert shown(listing(Wanted(kind, "*mast*"), [part(*TICKETS)], t, TODAY)) == snapshot


@pytest.mark.parametrize("kind", list(Kind))
def test_an_empty_list(kind: Kind, t: Translator, snapshot: SnapshotAssertion) -> None:
    assert shown(listing(Wanted(kind, "*mast*"), [part()], t, TODAY)) == snapshot


def test_a_page_in_the_middle_beside_a_tracker_that_is_down(
    t: Translator, snapshot: SnapshotAssertion
) -> None:
    middle = part(*TICKETS, before=15, cursor="15", total=40)
    down = Part(Place("other"), None, trouble=PersonError("tickets.trouble.down", tracker="other"))
    assert shown(listing(Wanted(Kind.MINE), [middle, down], t, TODAY)) == snapshot


def test_the_longest_list_fits_into_a_post(t: Translator) -> None:
    long = [ticket(number, subject="|" * 300, project=Choice("1", "*" * 300)) for number in range(PER_PAGE)]
    assert len(flatten(listing(Wanted(Kind.MINE), [part(*long)], t, TODAY))) < POST_LIMIT


def test_a_card_with_everything(t: Translator, snapshot: SnapshotAssertion) -> None:
    details = Details(
        FULL,
        tuple(Comment(str(n), BORIS, f"{n} {FOREIGN}", NOW - timedelta(days=5 - n)) for n in range(5)),
        (Attachment("1", "plan | *.pdf", 10, "https://redmine.example/attachments/1"),) * 10,
        (
            Relation(LinkKind.BLOCKED_BY, TicketRef("main", "11")),
            Relation(None, TicketRef("main", "DESK-12")),
        ),
    )
    pages = {
        TicketRef("main", key): f"https://redmine.example/issues/{key}" for key in ("9", "11", "DESK-12")
    }
    found = card.Shown(details, STEPS, "70", pages)
    done = Done(Remark("tickets.acting.assigned", {"name": BORIS.name}))
    assert shown(card.card(found, t, MOSCOW, TODAY, card.note(done, FULL, t))) == snapshot


def test_a_bare_card_of_mine_that_goes_nowhere(t: Translator, snapshot: SnapshotAssertion) -> None:
    mine = ticket(1, assignee=ANNA)
    found = card.Shown(Details(mine, (), (), ()), (), ANNA.id, {})
    assert shown(card.card(found, t, MOSCOW, TODAY)) == snapshot


def test_fields_that_are_not_taken_over_are_named(t: Translator, snapshot: SnapshotAssertion) -> None:
    done = Done(
        Remark("tickets.acting.not_taken", {"tracker": "main"}), False, frozenset({"due", "custom:1"})
    )
    assert card.note(done, FULL, t) == snapshot
