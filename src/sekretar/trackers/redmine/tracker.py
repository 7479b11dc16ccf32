"""One Redmine through the eyes of one account: the port, call by call.

The larger calls have modules of their own: `creating.py`, `changing.py`, `following.py` and `lists.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sekretar.kernel.errors import PeerInvalid
from sekretar.trackers.errors import FileTooLarge
from sekretar.trackers.exchange import shaped
from sekretar.trackers.links import key_there
from sekretar.trackers.redmine import following, lists, reading, writing
from sekretar.trackers.redmine.changing import Changing
from sekretar.trackers.redmine.creating import Creating
from sekretar.trackers.redmine.forms import Forms
from sekretar.trackers.redmine.reading import Reader
from sekretar.trackers.redmine.refusals import Refusals
from sekretar.trackers.redmine.wire import Credentials, Query, Unprocessable, Wire
from sekretar.trackers.requests import Change, Draft, NewFile, TimeSpent, Uploaded
from sekretar.trackers.requests import Query as TicketQuery
from sekretar.trackers.values import (
    Account,
    Changes,
    Choice,
    Created,
    Details,
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

if TYPE_CHECKING:
    from sekretar.trackers.redmine.site import RedmineSite

#: How many tickets one list call takes.
_MOST = 100

_LINKS = {
    LinkKind.RELATES: "relates",
    LinkKind.BLOCKS: "blocks",
    LinkKind.BLOCKED_BY: "blocked",
    LinkKind.DUPLICATES: "duplicates",
    LinkKind.DUPLICATED_BY: "duplicated",
}


class RedmineTracker:
    """Redmine as the owner of these credentials sees it."""

    def __init__(self, site: RedmineSite, credentials: Credentials) -> None:
        self._site = site
        self._credentials = credentials
        self._bare = site.wire(credentials)

    @property
    def site(self) -> RedmineSite:
        return self._site

    async def me(self) -> Account:
        return await self._site.identify(self._credentials, anew=True)

    async def projects(self) -> tuple[Project, ...]:
        query = {"include": "enabled_modules", "status": "1|5"}
        wire = await self.wire()
        items = await lists.everything(wire, "/projects.json", "projects", query)
        with shaped(wire.peer):
            found = [reading.project(item) for item in items if reading.has_tickets(item)]
        return tuple(sorted(found, key=lambda project: project.name.casefold()))

    async def types(self, project: str) -> tuple[Choice, ...]:
        return await Forms(await self.wire(), self._site.directory).types(project)

    async def form(self, project: str, type_id: str) -> TicketForm:
        return await Forms(await self.wire(), self._site.directory).form(project, type_id)

    async def statuses(self) -> tuple[Status, ...]:
        return await self._site.directory.statuses(await self.wire())

    async def priorities(self) -> tuple[Priority, ...]:
        return await self._site.directory.priorities(await self.wire())

    async def assignable(self, project: str) -> tuple[Member, ...]:
        return await Forms(await self.wire(), self._site.directory).assignable(project)

    async def people(self, text: str) -> tuple[Member, ...]:
        wire = await self.wire()
        items = await lists.everything(wire, "/users.json", "users", {"name": text})
        with shaped(wire.peer):
            return tuple(reading.user_of(item) for item in items)

    async def activities(self, project: str) -> tuple[Choice, ...]:
        return await Forms(await self.wire(), self._site.directory).activities(project)

    async def show(self, ref: TicketRef) -> Ticket:
        issue = await self.issue(ref, "journals")
        return (await self.reader()).ticket(issue)

    async def show_many(self, refs: Sequence[TicketRef]) -> Mapping[TicketRef, Ticket]:
        keys = list(dict.fromkeys(self.key_of(ref) for ref in refs))
        wire, reader = await self.wire(), await self.reader()
        found: dict[TicketRef, Ticket] = {}
        for start in range(0, len(keys), _MOST):
            query = {"issue_id": ",".join(keys[start : start + _MOST]), "status_id": "*"}
            _, items = await lists.some(wire, query, 0, _MOST)
            found |= {ticket.ref: ticket for ticket in map(reader.ticket, items)}
        return {ref: found[ref] for ref in refs if ref in found}

    async def details(self, ref: TicketRef) -> Details:
        issue = await self.issue(ref, "journals,attachments,relations")
        return (await self.reader()).details(issue)

    async def find(self, query: TicketQuery, page: str | None = None) -> Page[Ticket]:
        return await lists.find(await self.wire(), await self.reader(), query, page)

    async def create(self, draft: Draft, unique: str) -> Created:
        me = await self._site.identify(self._credentials)
        return await Creating(await self.wire(), await self.reader(), await self.refusals()).create(
            draft, unique, me
        )

    async def change(self, ref: TicketRef, change: Change, version: str | None = None) -> Written:
        return await Changing(self, await self.wire(), await self.reader()).change(ref, change, version)

    async def transitions(self, ref: TicketRef) -> tuple[Transition, ...]:
        return await Changing(self, await self.wire(), await self.reader()).transitions(ref)

    async def transition(
        self,
        ref: TicketRef,
        transition: str,
        comment: str = "",
        values: Mapping[str, tuple[str, ...]] | None = None,
    ) -> Ticket:
        changing = Changing(self, await self.wire(), await self.reader())
        return await changing.transition(ref, transition, comment, values or {})

    async def comment(self, ref: TicketRef, text: str, files: Sequence[Uploaded] = ()) -> None:
        await Changing(self, await self.wire(), await self.reader()).comment(ref, text, files)

    async def upload(self, file: NewFile) -> Uploaded:
        wire = await self.wire()
        try:
            answer = await wire.send_bytes("/uploads.json", {"filename": file.name}, file.content)
        except Unprocessable as error:
            await self._explain_refused_file(wire, file, error)
            raise FileTooLarge(wire.peer, file.name) from error
        except PeerInvalid as error:
            raise FileTooLarge(wire.peer, file.name) from error
        with shaped(wire.peer):
            return Uploaded(answer["upload"]["token"], file.name, file.media_type)

    async def attach(self, ref: TicketRef, files: Sequence[Uploaded]) -> None:
        await Changing(self, await self.wire(), await self.reader()).attach(ref, files)

    async def log_time(self, ref: TicketRef, time: TimeSpent) -> None:
        entry = writing.of_time(self.key_of(ref), time)
        wire = await self.wire()
        try:
            await wire.send("POST", "/time_entries.json", {"time_entry": entry})
        except Unprocessable as error:
            activities = await self.activities(str((await self.issue(ref))["project"]["id"]))
            raise await (await self.refusals()).of_time(error, entry, activities) from error

    async def link(self, ref: TicketRef, other: TicketRef, kind: LinkKind = LinkKind.RELATES) -> None:
        relation = {"issue_to_id": self.key_of(other), "relation_type": _LINKS[kind]}
        wire = await self.wire()
        try:
            await wire.send("POST", f"/issues/{self.key_of(ref)}/relations.json", {"relation": relation})
        except Unprocessable:
            there = (await self.details(ref)).relations
            if not any(each.other == other and each.kind is kind for each in there):
                raise

    async def changes_since(self, cursor: str | None, project: str | None = None) -> Changes:
        # A key that was withdrawn a moment ago would read on as anonymous, and the cursor would pass what is private.
        await self._site.identify(self._credentials, anew=True)
        feed = following.Following(await self.wire(), await self.reader(), self._site.clock)
        return await feed.changes_since(cursor, project)

    # What the modules beside this one need.

    async def wire(self) -> Wire:
        """The way to Redmine, once it is certain who we are on it."""
        await self._site.identify(self._credentials)
        return self._bare

    async def reader(self) -> Reader:
        """Reads tickets; knows which statuses close."""
        return Reader(self._site.addresses, await self._site.directory.closed(await self.wire()))

    async def refusals(self) -> Refusals:
        """Finds out what Redmine's refusals mean."""
        wire = await self.wire()
        return Refusals(wire, Forms(wire, self._site.directory))

    async def issue(self, ref: TicketRef, include: str = "") -> Mapping[str, Any]:
        """The JSON of a ticket. Raises `PeerNotFound`, `PeerForbidden`."""
        wire = await self.wire()
        query: Query = {"include": include} if include else {}
        answer = await wire.get(f"/issues/{self.key_of(ref)}.json", query)
        with shaped(wire.peer):
            return reading.whole(answer["issue"])

    def key_of(self, ref: TicketRef) -> str:
        """The number of a ticket. Raises `PeerNotFound` for one of another tracker or a key that is no number."""
        return key_there(ref, self._site.addresses)

    async def _explain_refused_file(self, wire: Wire, file: NewFile, error: Unprocessable) -> None:
        """Raise when it is the name of the file that is refused: an empty one of that name is, too."""
        if not file.content:
            raise (await self.refusals()).of_files(error)
        try:
            await wire.send_bytes("/uploads.json", {"filename": file.name}, b"")
        except Unprocessable as refused:
            raise (await self.refusals()).of_files(refused) from error
