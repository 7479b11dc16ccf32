"""New tickets, changes and steps in the workflow.

Tracker has what Redmine lacks: a key that makes a ticket once (`unique`), and a lock (`version`). Both are used as
they are; a conflict is looked at again and told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from sekretar.kernel.errors import PeerConflict, PeerForbidden, PeerInvalid, PeerNotFound
from sekretar.trackers.errors import ChangedMeanwhile, IllegalTransition
from sekretar.trackers.exchange import part
from sekretar.trackers.requests import KEEP, Change, Draft
from sekretar.trackers.values import (
    Created,
    CustomField,
    Field,
    Ticket,
    TicketRef,
    Transition,
    Written,
)
from sekretar.trackers.yandex import writing
from sekretar.trackers.yandex.wire import Item, Unprocessable, Wire

if TYPE_CHECKING:
    from sekretar.trackers.yandex.tracker import YandexTracker


class Changing:
    """Writes as one account."""

    def __init__(self, tracker: YandexTracker, wire: Wire) -> None:
        self._tracker, self._wire = tracker, wire

    async def create(self, draft: Draft, unique: str) -> Created:
        known = await self._fields(draft.project) if draft.custom else ()
        body = {**writing.of_draft(draft, known), "unique": _intention(unique)}
        try:
            issue, new = await self._wire.send("POST", "/issues/", body), True
        except PeerConflict:
            issue, new = await self._made_before(body["unique"]), False
        except Unprocessable as error:
            raise await self._refusal(error, draft.project) from error
        ticket = await self._tracker.read(issue)
        return Created(Written(ticket, writing.not_taken(draft, ticket)), new)

    async def _made_before(self, intention: str) -> Item:
        """The ticket that an earlier attempt has made."""
        try:
            issue: Item = await self._wire.ask("/issues/_findByUnique", {"unique": intention})
        except (PeerNotFound, PeerForbidden) as error:
            raise PeerConflict(self._wire.peer, "the ticket exists, and is out of sight") from error
        return issue

    async def _refusal(self, error: Unprocessable, queue: str) -> PeerInvalid:
        """A refusal of a new ticket; raises what speaks against the queue as a whole."""
        if writing.NAMES[Field.PROJECT] in error.errors:
            await self._wire.get(f"/queues/{part(queue)}")
        return writing.problems(error)

    async def change(self, ref: TicketRef, change: Change, seen: str | None) -> Written:
        before = await self._tracker.show(ref)
        if seen is not None and before.version != seen:
            raise ChangedMeanwhile(self._wire.peer, before)
        known = await self._fields(before.project.id) if change.custom else ()
        body = writing.of_change(change, known)
        ticket = before
        if body:
            ticket = await self._patch(ref, body, seen)
        if change.project is not KEEP and change.project != ticket.project.id:
            ticket = await self._move(ticket, change.project)
        return Written(ticket, writing.not_changed(change, ticket))

    async def _patch(self, ref: TicketRef, body: writing.Body, seen: str | None) -> Ticket:
        version = {"version": seen} if seen is not None else None
        try:
            issue = await self._wire.send("PATCH", self._tracker.path(ref), body, version)
        except PeerConflict as error:
            raise ChangedMeanwhile(self._wire.peer, await self._tracker.show(ref)) from error
        except Unprocessable as error:
            raise writing.problems(error) from error
        return await self._tracker.read(issue)

    async def _move(self, ticket: Ticket, queue: str) -> Ticket:
        path = f"{self._tracker.path(ticket.ref)}/_move"
        try:
            issue = await self._wire.send("POST", path, {}, {"queue": queue})
        except Unprocessable as error:
            raise writing.problems(error) from error
        return await self._tracker.read(issue)

    async def transitions(self, ref: TicketRef) -> tuple[Transition, ...]:
        ticket = await self._tracker.show(ref)
        reader = await self._tracker.reader()
        items = await self._wire.list(f"{self._tracker.path(ref)}/transitions")
        return tuple(
            step for step in (reader.transition(item) for item in items) if step.to.id != ticket.status.id
        )

    async def transition(
        self, ref: TicketRef, step: str, comment: str, values: Mapping[str, tuple[str, ...]]
    ) -> Ticket:
        if step not in {each.id for each in await self.transitions(ref)}:
            raise IllegalTransition(self._wire.peer, f"{ref.key}: the step {step} is not offered")
        known = await self._fields((await self._tracker.show(ref)).project.id) if values else ()
        body = writing.of_values(values, known) | ({"comment": comment} if comment else {})
        try:
            await self._execute(ref, step, body)
        except Unprocessable as error:
            raise writing.problems(error) from error
        except (PeerNotFound, PeerConflict) as error:
            raise IllegalTransition(self._wire.peer, f"{ref.key}: {error.detail}") from error
        return await self._tracker.show(ref)

    async def _execute(self, ref: TicketRef, step: str, body: writing.Body) -> None:
        """Take a step; where only the resolution is missing, the ticket was simply done."""
        path = f"{self._tracker.path(ref)}/transitions/{part(step)}/_execute"
        try:
            await self._wire.send("POST", path, body)
        except Unprocessable as error:
            if set(error.errors) != {writing.RESOLUTION} or writing.RESOLUTION in body:
                raise
            done = await self._tracker.site.directory.resolution(self._wire)
            await self._wire.send("POST", path, {**body, writing.RESOLUTION: done})

    async def _fields(self, queue: str) -> tuple[CustomField, ...]:
        custom, _ = await self._tracker.site.directory.fields(self._wire, queue)
        return custom


def _intention(unique: str) -> str:
    """An intention as Tracker keeps it: of a length that no limit can be below, and recognisably ours."""
    return f"sekretar-{hashlib.sha256(unique.encode()).hexdigest()[:40]}"
