"""What Sekretar asks of a tracker, whichever it is.

A `TrackerSite` is an installation that the administrator named; a `Tracker` is the same through the eyes of one
account, because every right in it is somebody's: what a reader may not see must not be read for them by somebody
else. Adapters are thin: they hold no state but caches of directories, retry no write, and decide nothing.

Every method that asks the tracker raises the kinds of `PeerError`: `PeerRefused` (key not accepted), `PeerForbidden`,
`PeerNotFound`, `PeerLimited`, `PeerDown`, and what `errors.py` adds. A write whose answer was lost raises
`FateUnknown`.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Protocol

from sekretar.trackers.requests import Change, Draft, NewFile, Query, TimeSpent, Uploaded
from sekretar.trackers.values import (
    Account,
    Can,
    Changes,
    Choice,
    Created,
    Details,
    Examination,
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


class TrackerKind(enum.StrEnum):
    """The products that there are adapters for."""

    REDMINE = "redmine"
    YANDEX = "yandex"


class Tracker(Protocol):
    """One tracker through the eyes of one account."""

    @property
    def site(self) -> TrackerSite:
        """The installation."""
        ...

    async def me(self) -> Account:
        """Who the tracker says we are.

        The proof of a key: raises `PeerRefused` for a wrong one even where the tracker would answer it as
        anonymous, and `UnknownPerson` when it cannot act for the person.
        """
        ...

    async def projects(self) -> tuple[Project, ...]:
        """The projects or queues that this account sees, by name; closed ones say so."""
        ...

    async def types(self, project: str) -> tuple[Choice, ...]:
        """The types (in Redmine: trackers) of tickets in a project; the first is the default."""
        ...

    async def form(self, project: str, type_id: str) -> TicketForm:
        """What may and must be filled in for a new ticket."""
        ...

    async def statuses(self) -> tuple[Status, ...]:
        """Every status there is, in the tracker's order."""
        ...

    async def priorities(self) -> tuple[Priority, ...]:
        """Every priority that can be chosen, the least urgent first."""
        ...

    async def assignable(self, project: str) -> tuple[Member, ...]:
        """Who can be the assignee of a ticket in this project, by name."""
        ...

    async def people(self, text: str) -> tuple[Member, ...]:
        """Accounts whose login, mail or name contains this. `PeerForbidden` where it takes an administrator."""
        ...

    async def activities(self, project: str) -> tuple[Choice, ...]:
        """The activities that time is logged for, the default first; empty without `Can.TIME_ACTIVITIES`."""
        ...

    async def show(self, ref: TicketRef) -> Ticket:
        """One ticket. Raises `PeerNotFound` or `PeerForbidden` when it is not there or not for these eyes."""
        ...

    async def show_many(self, refs: Sequence[TicketRef]) -> Mapping[TicketRef, Ticket]:
        """Those of the tickets that exist and that this account may see, by few requests."""
        ...

    async def details(self, ref: TicketRef) -> Details:
        """A ticket with its comments, files and relations."""
        ...

    async def find(self, query: Query, page: str | None = None) -> Page[Ticket]:
        """Tickets that meet the query: the first page, or the one that `Page.next` named."""
        ...

    async def create(self, draft: Draft, unique: str) -> Created:
        """Make a ticket, once.

        `unique` names the intention (any text, the same at each attempt): when an earlier attempt with it has made a
        ticket, that one is returned. Two attempts at the same time are for the caller to prevent. Raises
        `InvalidFields`, `ProjectClosed`; `FateUnknown` asks to call again later.
        """
        ...

    async def change(self, ref: TicketRef, change: Change, version: str | None = None) -> Written:
        """Change fields, and say which of them were not taken over.

        With the `version` of the ticket that the person saw, raises `ChangedMeanwhile` when it is another by now.
        Raises `InvalidFields`.
        """
        ...

    async def transitions(self, ref: TicketRef) -> tuple[Transition, ...]:
        """The steps that the workflow offers this account now; without a step to the present status."""
        ...

    async def transition(
        self,
        ref: TicketRef,
        transition: str,
        comment: str = "",
        values: Mapping[str, tuple[str, ...]] | None = None,
    ) -> Ticket:
        """Take a step: `transition` is the id of one that is offered now, `values` (by `Field` or
        `CustomField.key`) fill what it requires.

        Raises `IllegalTransition`, `InvalidFields`.
        """
        ...

    async def comment(self, ref: TicketRef, text: str, files: Sequence[Uploaded] = ()) -> None:
        """Write below a ticket. Raises `PeerForbidden` when this account may not."""
        ...

    async def upload(self, file: NewFile) -> Uploaded:
        """Bring a file to the tracker; it is seen once it is attached. Raises `FileTooLarge`."""
        ...

    async def attach(self, ref: TicketRef, files: Sequence[Uploaded]) -> None:
        """Attach uploaded files. Raises `InvalidFields` for one that is attached or expired already."""
        ...

    async def log_time(self, ref: TicketRef, time: TimeSpent) -> None:
        """Log work. Raises `InvalidFields`, `PeerForbidden`."""
        ...

    async def link(self, ref: TicketRef, other: TicketRef, kind: LinkKind = LinkKind.RELATES) -> None:
        """Tie two tickets together; nothing happens when they are tied like that already."""
        ...

    async def changes_since(self, cursor: str | None, project: str | None = None) -> Changes:
        """What happened since the cursor to the tickets that this account sees, each event once.

        None begins now: it returns a cursor and no events. With `project`, only there. Raises `PeerInvalid` for a
        cursor that is not one of this tracker's.
        """
        ...


class Addresses(Protocol):
    """The pages of a tracker for browsers, and the tickets that addresses and keys written by people mean."""

    @property
    def name(self) -> str:
        """The name of the tracker in the settings."""
        ...

    def ticket(self, key: str) -> str:
        """The page of a ticket."""
        ...

    def key_page(self) -> str:
        """The page where people find or make the key that `TrackerSite.owner` takes."""
        ...

    def filter(self, query: Query) -> str | None:
        """The tracker's own list of what a query finds; None when it cannot be written as a link."""
        ...

    def ref_of_key(self, text: str) -> TicketRef | None:
        """The ticket that a key written by a person means; None when it has not the form of this tracker's keys."""
        ...

    def ref_of_link(self, url: str) -> TicketRef | None:
        """The ticket whose page this is; None for every other address."""
        ...


class TrackerSite(Protocol):
    """An installation that the administrator named."""

    @property
    def name(self) -> str:
        """Its name in the settings, unique among the trackers."""
        ...

    @property
    def kind(self) -> TrackerKind: ...

    @property
    def capabilities(self) -> frozenset[Can]: ...

    @property
    def addresses(self) -> Addresses: ...

    def service(self) -> Tracker:
        """Through the eyes of the account in the settings."""
        ...

    def owner(self, key: str) -> Tracker:
        """Through the eyes of a person, by their own key or token."""
        ...

    def person(self, login: str) -> Tracker:
        """Through the eyes of a mapped person, by the right of the service account to act for others.

        Raises `PeerUnsupported` without `Can.ACT_FOR_PEOPLE`.
        """
        ...

    async def examine(self) -> Examination:
        """Look at what the administrator can have got wrong. Failures are findings and not raised."""
        ...
