"""A tracker on paper: it keeps what the port says a tracker keeps, and fails when it is told to.

It stands for the port and for no product: the adapters are proven against theirs. Here the question is what Sekretar
does with what a tracker says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sekretar.kernel.errors import PeerForbidden, PeerNotFound, PeerRefused
from sekretar.tickets.trackers.port import TrackerKind
from sekretar.tickets.trackers.requests import Draft, Query
from sekretar.tickets.trackers.values import (
    Account,
    Can,
    Choice,
    Created,
    CustomField,
    Field,
    Kind,
    Member,
    Priority,
    Project,
    Status,
    Ticket,
    TicketForm,
    TicketRef,
    Written,
)

SITE = Project("1", "site", "Website")
CLOSED = Project("2", "attic", "Attic", open=False)
STRICT = Project("3", "strict", "Strict")
PRIORITIES = (Priority("1", "Low", 0), Priority("2", "Normal", 1, default=True), Priority("3", "High", 2))
TASK = Choice("1", "Task")
NEW = Status("1", "New", closed=False)
MEMBERS = {
    name: Member(str(number), name.title(), name)
    for number, name in enumerate(("anna", "boris", "chris"), 70)
}

#: Called before a ticket is made and after it was; what it raises is what the tracker says.
Trouble = Callable[[Draft], None]


def no_trouble(draft: Draft) -> None:
    """All goes well."""


@dataclass
class PaperSite:
    """The tracker. Keys are the names of their owners."""

    name: str = "redmine"
    kind: TrackerKind = TrackerKind.REDMINE
    tickets: dict[str, Ticket] = field(default_factory=dict)
    uniques: dict[str, str] = field(default_factory=dict)
    before: Trouble = no_trouble
    after: Trouble = no_trouble
    refused: set[str] = field(default_factory=set)

    @property
    def capabilities(self) -> frozenset[Can]:
        return frozenset({Can.ACT_FOR_PEOPLE})

    def service(self) -> PaperEyes:
        return PaperEyes(self, "admin")

    def owner(self, key: str) -> PaperEyes:
        return PaperEyes(self, key)

    def person(self, login: str) -> PaperEyes:
        return PaperEyes(self, login)

    def ticket_link(self, key: str) -> str:
        return f"https://tracker.example.com/issues/{key}"

    def key_page(self) -> str:
        return "https://tracker.example.com/my/account"

    def filter_link(self, query: Query) -> str | None:
        return "https://tracker.example.com/issues"

    @property
    def subjects(self) -> list[str]:
        return [ticket.subject for ticket in self.tickets.values()]


@dataclass(frozen=True)
class PaperEyes:
    """The tracker through somebody's eyes."""

    site: PaperSite
    login: str

    def _check(self) -> None:
        if self.login in self.site.refused or self.login not in MEMBERS:
            raise PeerRefused(self.site.name)

    async def me(self) -> Account:
        self._check()
        return Account(MEMBERS[self.login], administrator=False)

    async def projects(self) -> tuple[Project, ...]:
        self._check()
        return (CLOSED, STRICT, SITE)

    async def types(self, project: str) -> tuple[Choice, ...]:
        return (TASK,)

    async def form(self, project: str, type_id: str) -> TicketForm:
        found = next(each for each in await self.projects() if each.id == project)
        wanted = (CustomField("9", "Customer", Kind.LINE, required=True),) if found is STRICT else ()
        return TicketForm(found, TASK, frozenset(Field), frozenset({Field.SUBJECT}), wanted, NEW)

    async def priorities(self) -> tuple[Priority, ...]:
        return PRIORITIES

    async def assignable(self, project: str) -> tuple[Member, ...]:
        if project == STRICT.id:
            raise PeerForbidden(self.site.name)
        return (MEMBERS["anna"], MEMBERS["boris"])

    async def create(self, draft: Draft, unique: str) -> Created:
        self._check()
        if (known := self.site.uniques.get(unique)) is not None:
            return Created(Written(self.site.tickets[known]), new=False)
        self.site.before(draft)
        key = str(len(self.site.tickets) + 1)
        ticket = self._ticket(key, draft)
        self.site.tickets[key], self.site.uniques[unique] = ticket, key
        self.site.after(draft)
        return Created(Written(ticket), new=True)

    async def show(self, ref: TicketRef) -> Ticket:
        self._check()
        if ref.key not in self.site.tickets:
            raise PeerNotFound(self.site.name)
        return self.site.tickets[ref.key]

    def _ticket(self, key: str, draft: Draft) -> Ticket:
        by_id: Mapping[str, Member] = {member.id: member for member in MEMBERS.values()}
        at = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
        return Ticket(
            ref=TicketRef(self.site.name, key),
            link=self.site.ticket_link(key),
            project=Choice(draft.project, "Website"),
            type=TASK,
            subject=draft.subject,
            description=draft.description,
            status=NEW,
            priority=None,
            author=MEMBERS[self.login],
            assignee=by_id[draft.assignee] if draft.assignee else None,
            start=None,
            due=draft.due,
            estimate=None,
            done=None,
            parent=None,
            private=False,
            custom=(),
            created=at,
            updated=at,
            closed=None,
            version="1",
        )
