"""A tracker on paper: it keeps what the port says a tracker keeps, and fails when it is told to.

It stands for the port and for no product: the adapters are proven against theirs. Here the question is what Sekretar
does with what a tracker says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from sekretar.kernel.errors import PeerError, PeerForbidden, PeerNotFound, PeerRefused, PeerUnsupported
from sekretar.trackers.errors import (
    ChangedMeanwhile,
    FieldProblem,
    IllegalTransition,
    InvalidFields,
)
from sekretar.trackers.port import TrackerKind
from sekretar.trackers.requests import (
    KEEP,
    ME,
    Change,
    Draft,
    Openness,
    Order,
    Query,
    TimeSpent,
    Uploaded,
)
from sekretar.trackers.values import (
    Account,
    Can,
    Changes,
    Choice,
    Comment,
    Created,
    CustomField,
    Details,
    Event,
    Field,
    FieldChange,
    Kind,
    LinkKind,
    Member,
    Page,
    Priority,
    Project,
    Status,
    Ticket,
    TicketForm,
    TicketRef,
    Transition,
    Written,
)

SITE = Project("1", "site", "Website")
CLOSED = Project("2", "attic", "Attic", open=False)
STRICT = Project("3", "strict", "Strict")
PRIORITIES = (Priority("1", "Low", 0), Priority("2", "Normal", 1, default=True), Priority("3", "High", 2))
TASK = Choice("1", "Task")
NEW = Status("1", "New", closed=False)
DOING = Status("2", "In progress", closed=False)
CLOSED_STATUS = Status("5", "Closed", closed=True)
ACTIVITIES = (Choice("9", "Development"), Choice("8", "Design"))
MEMBERS = {
    name: Member(str(number), name.title(), name)
    for number, name in enumerate(("anna", "boris", "chris"), 70)
}

#: Called before a ticket is made and after it was; what it raises is what the tracker says.
Trouble = Callable[[Draft], None]


def no_trouble(draft: Draft) -> None:
    """All goes well."""


def no_more() -> None:
    """Nothing else happens."""


@dataclass(frozen=True)
class PaperAddresses:
    """Where the tracker of paper would be."""

    name: str
    keys: str

    def ticket(self, key: str) -> str:
        return f"https://tracker.example.com/issues/{key}"

    def key_page(self) -> str:
        return "https://tracker.example.com/my/account"

    def filter(self, query: Query) -> str | None:
        return "https://tracker.example.com/issues"

    def ref_of_key(self, text: str) -> TicketRef | None:
        return TicketRef(self.name, text) if re.fullmatch(self.keys, text) else None

    def ref_of_link(self, url: str) -> TicketRef | None:
        key = url.removeprefix(self.ticket(""))
        return self.ref_of_key(key) if key != url else None


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
    #: The form of its keys.
    keys: str = r"[1-9][0-9]*"
    #: What every question is answered with, when it is something.
    down: PeerError | None = None
    #: Called after time was logged.
    then: Callable[[], None] = no_more
    #: Raised by the next write, after it was done.
    lost: PeerError | None = None
    #: Fields of changes that are not taken over.
    ignoring: frozenset[str] = frozenset()
    #: A field without which nothing can be closed.
    closing_needs: str | None = None
    comments: dict[str, list[Comment]] = field(default_factory=dict)
    times: list[tuple[str, TimeSpent]] = field(default_factory=list)
    #: What somebody may not see: their login, and the key of a ticket.
    hidden: set[tuple[str, str]] = field(default_factory=set)
    #: What has happened, in order; a cursor counts them.
    events: list[Event] = field(default_factory=list)
    #: Projects that somebody may not see: their login, and the id of the project.
    unseen: set[tuple[str, str]] = field(default_factory=set)
    #: False: everybody brings their own key.
    serving: bool = True
    #: How often many were asked for.
    looks: int = 0
    links: set[tuple[str, str]] = field(default_factory=set)
    #: Raised when two tickets are to be tied together.
    untieable: PeerError | None = None

    @property
    def capabilities(self) -> frozenset[Can]:
        return frozenset({Can.ACT_FOR_PEOPLE, Can.TIME_ACTIVITIES})

    @property
    def addresses(self) -> PaperAddresses:
        return PaperAddresses(self.name, self.keys)

    def service(self) -> PaperEyes:
        if not self.serving:
            raise PeerUnsupported(self.name)
        return PaperEyes(self, "admin")

    def owner(self, key: str) -> PaperEyes:
        return PaperEyes(self, key)

    def person(self, login: str) -> PaperEyes:
        return PaperEyes(self, login)

    def put(self, subject: str, by: str = "chris", to: str = "", due: date | None = None) -> Ticket:
        """A ticket that is there already."""
        key = str(len(self.tickets) + 1)
        draft = Draft(SITE.id, subject, assignee=MEMBERS[to].id if to else None, due=due)
        self.tickets[key] = PaperEyes(self, by).imagined(key, draft)
        return self.tickets[key]

    def elsewhere(self, key: str, **values: object) -> None:
        """Somebody changes a ticket in the tracker itself."""
        former = self.tickets[key]
        version = str(int(former.version) + 1)
        self.tickets[key] = replace(former, **{**values, "version": version})  # type: ignore[arg-type]

    def happens(
        self, key: str, by: str, *changes: FieldChange, comment: str = "", created: bool = False, **now: Any
    ) -> None:
        """Somebody did something to a ticket, in the tracker itself; `now` is how it looks since."""
        ticket = self.tickets[key] = replace(self.tickets[key], **now)
        number = f"e{len(self.events) + 1}"
        self.events.append(Event(number, ticket, ticket.updated, MEMBERS[by], created, comment, changes))

    @property
    def subjects(self) -> list[str]:
        return [ticket.subject for ticket in self.tickets.values()]


@dataclass(frozen=True)
class PaperEyes:
    """The tracker through somebody's eyes."""

    site: PaperSite
    login: str

    def _check(self) -> None:
        if self.site.down is not None:
            raise self.site.down
        if self.login in self.site.refused or self.login not in (*MEMBERS, "admin"):
            raise PeerRefused(self.site.name)

    async def me(self) -> Account:
        self._check()
        return Account(MEMBERS[self.login], administrator=False)

    async def projects(self) -> tuple[Project, ...]:
        self._check()
        projects = (CLOSED, STRICT, SITE)
        return tuple(each for each in projects if (self.login, each.id) not in self.site.unseen)

    async def types(self, project: str) -> tuple[Choice, ...]:
        return (TASK,)

    async def form(self, project: str, type_id: str) -> TicketForm:
        found = next(each for each in await self.projects() if each.id == project)
        wanted = (CustomField("9", "Customer", Kind.LINE, required=True),) if found is STRICT else ()
        return TicketForm(found, TASK, frozenset(Field), frozenset({Field.SUBJECT}), wanted, NEW)

    async def priorities(self) -> tuple[Priority, ...]:
        return PRIORITIES

    async def statuses(self) -> tuple[Status, ...]:
        return (NEW, DOING, CLOSED_STATUS)

    async def changes_since(self, cursor: str | None, project: str | None = None) -> Changes:
        self._check()
        since = len(self.site.events) if cursor is None else int(cursor)
        # The tracker tells of each ticket as it is now.
        told = tuple(
            replace(event, ticket=self.site.tickets[event.ticket.ref.key])
            for event in self.site.events[since:]
            if (self.login, event.ticket.ref.key) not in self.site.hidden
        )
        return Changes(told, str(len(self.site.events)), more=False)

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
        ticket = self.imagined(key, draft)
        self.site.tickets[key], self.site.uniques[unique] = ticket, key
        self.site.after(draft)
        return Created(Written(ticket), new=True)

    async def show(self, ref: TicketRef) -> Ticket:
        self._check()
        if ref.key not in self.site.tickets or (self.login, ref.key) in self.site.hidden:
            raise PeerNotFound(self.site.name)
        return self.site.tickets[ref.key]

    async def show_many(self, refs: Sequence[TicketRef]) -> Mapping[TicketRef, Ticket]:
        self._check()
        self.site.looks += 1
        seen = [ref for ref in refs if (self.login, ref.key) not in self.site.hidden]
        return {ref: self.site.tickets[ref.key] for ref in seen if ref.key in self.site.tickets}

    async def link(self, ref: TicketRef, other: TicketRef, kind: LinkKind = LinkKind.RELATES) -> None:
        self._check()
        if self.site.untieable is not None:
            raise self.site.untieable
        self.site.links.add((ref.key, other.key))

    async def find(self, query: Query, page: str | None = None) -> Page[Ticket]:
        self._check()
        me = MEMBERS[self.login].id
        found = [each for each in self.site.tickets.values() if _meets(each, query, me)]
        if query.order is Order.DUE:
            found.sort(key=lambda each: each.due or date.max)
        start = int(page or 0)
        end = start + query.limit
        return Page(tuple(found[start:end]), len(found), str(end) if end < len(found) else None)

    async def details(self, ref: TicketRef) -> Details:
        ticket = await self.show(ref)
        return Details(ticket, tuple(self.site.comments.get(ref.key, ())), (), ())

    async def transitions(self, ref: TicketRef) -> tuple[Transition, ...]:
        present = (await self.show(ref)).status
        ways = {NEW: (DOING, CLOSED_STATUS), DOING: (CLOSED_STATUS,), CLOSED_STATUS: (NEW,)}
        return tuple(Transition(each.id, each.name, each) for each in ways[present])

    async def transition(
        self,
        ref: TicketRef,
        transition: str,
        comment: str = "",
        values: Mapping[str, tuple[str, ...]] | None = None,
    ) -> Ticket:
        step = next((each for each in await self.transitions(ref) if each.id == transition), None)
        if step is None:
            raise IllegalTransition(self.site.name)
        needed = self.site.closing_needs if step.to.closed else None
        if needed is not None and not (values or {}).get(needed):
            raise InvalidFields(self.site.name, [FieldProblem(needed, f"{needed} cannot be blank")])
        self.site.elsewhere(ref.key, status=step.to)
        if comment:
            await self.comment(ref, comment)
        return await self.show(ref)

    async def change(self, ref: TicketRef, change: Change, version: str | None = None) -> Written:
        ticket = await self.show(ref)
        if version is not None and version != ticket.version:
            raise ChangedMeanwhile(self.site.name, ticket)
        by_id: Mapping[str, Member] = {member.id: member for member in MEMBERS.values()}
        values: dict[str, object] = {}
        if change.assignee is not KEEP:
            values["assignee"] = by_id[change.assignee] if change.assignee else None
        if change.due is not KEEP:
            values["due"] = change.due
        taken = {name: value for name, value in values.items() if name not in self.site.ignoring}
        self.site.elsewhere(ref.key, **taken)
        return Written(self.site.tickets[ref.key], frozenset(values) - frozenset(taken))

    async def comment(self, ref: TicketRef, text: str, files: Sequence[Uploaded] = ()) -> None:
        await self.show(ref)
        written = self.site.comments.setdefault(ref.key, [])
        at = datetime(2026, 3, 4, 9, len(written), tzinfo=UTC)
        written.append(Comment(str(len(written)), MEMBERS[self.login], text, at))
        self._lose()

    async def activities(self, project: str) -> tuple[Choice, ...]:
        self._check()
        return ACTIVITIES

    async def log_time(self, ref: TicketRef, time: TimeSpent) -> None:
        await self.show(ref)
        self.site.times.append((ref.key, time))
        self.site.then()
        self._lose()

    def _lose(self) -> None:
        lost, self.site.lost = self.site.lost, None
        if lost is not None:
            raise lost

    def imagined(self, key: str, draft: Draft) -> Ticket:
        """The ticket that comes of a draft."""
        by_id: Mapping[str, Member] = {member.id: member for member in MEMBERS.values()}
        at = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
        return Ticket(
            ref=TicketRef(self.site.name, key),
            link=self.site.addresses.ticket(key),
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


def _meets(ticket: Ticket, query: Query, me: str) -> bool:
    def is_person(who: Member | None, wanted: object) -> bool:
        return who is not None and who.id == (me if wanted is ME else wanted)

    return all(
        (
            query.text.casefold() in ticket.subject.casefold(),
            query.openness is Openness.ANY or ticket.status.closed == (query.openness is Openness.CLOSED),
            query.assignee is None or is_person(ticket.assignee, query.assignee),
            query.not_assignee is None or not is_person(ticket.assignee, query.not_assignee),
            query.author is None or is_person(ticket.author, query.author),
            query.due_until is None or (ticket.due is not None and ticket.due <= query.due_until),
        )
    )
