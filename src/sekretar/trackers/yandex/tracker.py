"""One Yandex Tracker through the eyes of one account: the port, call by call.

The larger calls have modules of their own: `changing.py`, `following.py`, `lists.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sekretar.kernel.errors import PeerConflict, PeerInvalid
from sekretar.trackers.errors import FileTooLarge
from sekretar.trackers.exchange import part, shaped
from sekretar.trackers.links import key_there
from sekretar.trackers.requests import Change, Draft, NewFile, TimeSpent, Uploaded
from sekretar.trackers.requests import Query as TicketQuery
from sekretar.trackers.values import (
    Account,
    Changes,
    Choice,
    Created,
    Details,
    Field,
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
from sekretar.trackers.yandex import queries, reading, writing
from sekretar.trackers.yandex.changing import Changing
from sekretar.trackers.yandex.following import Following
from sekretar.trackers.yandex.lists import Lists
from sekretar.trackers.yandex.reading import Reader
from sekretar.trackers.yandex.wire import Item, Unprocessable, Wire

if TYPE_CHECKING:
    from sekretar.trackers.yandex.site import YandexSite

_FIELDS = frozenset({*writing.NAMES, Field.FILES})
_REQUIRED = frozenset({Field.PROJECT, Field.SUBJECT})

#: Read from the first ticket.
_LINKS = {
    LinkKind.RELATES: "relates",
    LinkKind.BLOCKS: "is dependent by",
    LinkKind.BLOCKED_BY: "depends on",
    LinkKind.DUPLICATES: "duplicates",
    LinkKind.DUPLICATED_BY: "is duplicated by",
}


class YandexTracker:
    """Tracker as the owner of a token sees it."""

    def __init__(self, site: YandexSite, wire: Wire) -> None:
        self._site, self._wire = site, wire

    @property
    def site(self) -> YandexSite:
        return self._site

    async def me(self) -> Account:
        user = await self._wire.get("/myself")
        with shaped(self._wire.peer):
            return reading.account(user)

    async def projects(self) -> tuple[Project, ...]:
        items = await self._wire.list("/queues/")
        with shaped(self._wire.peer):
            found = [reading.project(item) for item in items]
        return tuple(sorted(found, key=lambda project: project.name.casefold()))

    async def types(self, project: str) -> tuple[Choice, ...]:
        queue = await self._queue(project)
        with shaped(self._wire.peer):
            found = [reading.choice(item) for item in queue["issueTypes"]]
            default = str((queue.get("defaultType") or {}).get("key", ""))
        return tuple(sorted(found, key=lambda each: each.id != default))

    async def form(self, project: str, type_id: str) -> TicketForm:
        queue = await self._queue(project)
        custom, required = await self._site.directory.fields(self._wire, project)
        with shaped(self._wire.peer):
            types = [reading.choice(item) for item in queue["issueTypes"]]
            found = reading.project(queue)
        return TicketForm(
            found,
            next((each for each in types if each.id == type_id), Choice(type_id, "")),
            _FIELDS,
            _REQUIRED | {writing.FIELDS[name] for name in required} & _FIELDS,
            custom,
            status=None,
        )

    async def statuses(self) -> tuple[Status, ...]:
        return await self._site.directory.statuses(self._wire)

    async def priorities(self) -> tuple[Priority, ...]:
        return await self._site.directory.priorities(self._wire)

    async def assignable(self, project: str) -> tuple[Member, ...]:
        """Everybody with full access: what a queue allows to whom, only its owner may read."""
        await self._wire.get(f"/queues/{part(project)}")
        users = await self._site.directory.users(self._wire)
        with shaped(self._wire.peer):
            found = [reading.user_of(user) for user in users if reading.has_full_access(user)]
        return tuple(sorted(found, key=lambda member: member.name.casefold()))

    async def people(self, text: str) -> tuple[Member, ...]:
        users = await self._site.directory.users(self._wire)
        with shaped(self._wire.peer):
            found = [reading.user_of(user) for user in users if not user.get("dismissed")]
        wanted = text.casefold()
        return tuple(
            member
            for member in found
            if any(wanted in (each or "").casefold() for each in (member.login, member.mail, member.name))
        )

    async def activities(self, project: str) -> tuple[Choice, ...]:
        return ()

    async def show(self, ref: TicketRef) -> Ticket:
        return await self.read(await self._wire.get(self.path(ref)))

    async def show_many(self, refs: Sequence[TicketRef]) -> Mapping[TicketRef, Ticket]:
        for ref in refs:
            self.path(ref)
        return await Lists(self._wire, await self.reader()).by_keys(refs) if refs else {}

    async def details(self, ref: TicketRef) -> Details:
        path = self.path(ref)
        issue = await self._wire.get(path)
        comments, files, links = [
            await self._wire.list(f"{path}/{name}") for name in ("comments", "attachments", "links")
        ]
        return (await self.reader()).details(issue, comments, files, links)

    async def find(self, query: TicketQuery, page: str | None = None) -> Page[Ticket]:
        names = await self._site.directory.logins(self._wire, queries.people_in(query))
        return await Lists(self._wire, await self.reader()).find(query, page, names)

    async def create(self, draft: Draft, unique: str) -> Created:
        return await Changing(self, self._wire).create(draft, unique)

    async def change(self, ref: TicketRef, change: Change, version: str | None = None) -> Written:
        return await Changing(self, self._wire).change(ref, change, version)

    async def transitions(self, ref: TicketRef) -> tuple[Transition, ...]:
        return await Changing(self, self._wire).transitions(ref)

    async def transition(
        self,
        ref: TicketRef,
        transition: str,
        comment: str = "",
        values: Mapping[str, tuple[str, ...]] | None = None,
    ) -> Ticket:
        return await Changing(self, self._wire).transition(ref, transition, comment, values or {})

    async def comment(self, ref: TicketRef, text: str, files: Sequence[Uploaded] = ()) -> None:
        await self._send("POST", f"{self.path(ref)}/comments", {"text": text, **writing.of_files(files)})

    async def upload(self, file: NewFile) -> Uploaded:
        try:
            stored = await self._wire.send_file("/attachments/", file)
        except Unprocessable as error:
            raise writing.problems(error) from error
        except PeerInvalid as error:
            raise FileTooLarge(self._wire.peer, file.name) from error
        with shaped(self._wire.peer):
            return Uploaded(str(stored["id"]), file.name, file.media_type)

    async def attach(self, ref: TicketRef, files: Sequence[Uploaded]) -> None:
        await self._send("PATCH", self.path(ref), writing.of_files(files))

    async def log_time(self, ref: TicketRef, time: TimeSpent) -> None:
        await self._send("POST", f"{self.path(ref)}/worklog", writing.of_time(time))

    async def link(self, ref: TicketRef, other: TicketRef, kind: LinkKind = LinkKind.RELATES) -> None:
        self.path(other)
        body = {"relationship": _LINKS[kind], "issue": other.key}
        try:
            await self._send("POST", f"{self.path(ref)}/links", body)
        except (PeerInvalid, PeerConflict):
            there = (await self.details(ref)).relations
            if not any(each.other == other and each.kind is kind for each in there):
                raise

    async def changes_since(self, cursor: str | None, project: str | None = None) -> Changes:
        following = Following(self._wire, await self.reader(), self._site.clock)
        return await following.changes_since(cursor, project)

    # What the modules beside this one need.

    async def read(self, issue: Item) -> Ticket:
        """An issue that Tracker has answered with."""
        return (await self.reader()).ticket(issue)

    async def reader(self) -> Reader:
        """Reads tickets; knows which statuses close."""
        directory = self._site.directory
        statuses = await directory.statuses(self._wire)
        return Reader(self._site.addresses, statuses, directory.field_names)

    def path(self, ref: TicketRef) -> str:
        """The path of a ticket. Raises `PeerNotFound` for one of another tracker or a key that is none."""
        return f"/issues/{part(key_there(ref, self._site.addresses))}"

    async def _queue(self, project: str) -> Item:
        found: Item = await self._wire.get(f"/queues/{part(project)}", {"expand": "types"})
        return found

    async def _send(self, method: str, path: str, body: writing.Body) -> None:
        try:
            await self._wire.send(method, path, body)
        except Unprocessable as error:
            raise writing.problems(error) from error
