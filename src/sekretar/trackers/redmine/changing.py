"""Changes, comments and steps in the workflow.

Redmine's own lock (`lock_version`) cannot be read through its API, so the version that the person saw is compared
right before the write; what is left open is the moment between the two requests. What Redmine silently did not take
over is found by reading the ticket back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sekretar.kernel.errors import PeerForbidden
from sekretar.trackers.errors import ChangedMeanwhile, IllegalTransition
from sekretar.trackers.exchange import shaped
from sekretar.trackers.redmine import reading, writing
from sekretar.trackers.redmine.marker import marker_in, with_marker
from sekretar.trackers.redmine.reading import Reader, same_version, version
from sekretar.trackers.redmine.wire import Unprocessable, Wire
from sekretar.trackers.redmine.writing import Body
from sekretar.trackers.requests import Change, Uploaded
from sekretar.trackers.values import Status, Ticket, TicketRef, Transition, Written

if TYPE_CHECKING:
    from sekretar.trackers.redmine.tracker import RedmineTracker

Issue = Mapping[str, Any]


class Changing:
    """Changes tickets as one account."""

    def __init__(self, tracker: RedmineTracker, wire: Wire, reader: Reader) -> None:
        self._tracker, self._wire, self._reader = tracker, wire, reader

    async def change(self, ref: TicketRef, change: Change, seen: str | None) -> Written:
        before = await self._tracker.issue(ref, "journals")
        if seen is not None and not same_version(seen, version(before)):
            raise ChangedMeanwhile(self._wire.peer, self._reader.ticket(before))
        body = writing.of_change(change)
        if not body:
            return Written(self._reader.ticket(before))
        await self._put(ref, _keeping_mark(body, before), before)
        ticket = self._reader.ticket(await self._tracker.issue(ref, "journals"))
        return Written(ticket, writing.ignored(body, ticket))

    async def transitions(self, ref: TicketRef) -> tuple[Transition, ...]:
        return await self._steps(await self._tracker.issue(ref, "allowed_statuses"))

    async def transition(
        self, ref: TicketRef, step: str, comment: str, values: Mapping[str, tuple[str, ...]]
    ) -> Ticket:
        before = await self._tracker.issue(ref, "allowed_statuses")
        if step not in {each.id for each in await self._steps(before)}:
            raise IllegalTransition(self._wire.peer, f"{ref.key}: no step to the status {step} from here")
        body = writing.of_values(values) | {"status_id": step} | ({"notes": comment} if comment else {})
        await self._put(ref, body, before)
        ticket = self._reader.ticket(await self._tracker.issue(ref, "journals"))
        if ticket.status.id != step:
            raise IllegalTransition(self._wire.peer, f"{ref.key}: the status {step} was not taken over")
        return ticket

    async def comment(self, ref: TicketRef, text: str, files: Sequence[Uploaded]) -> None:
        before = await self._tracker.issue(ref, "journals")
        await self._put(ref, {"notes": text, **writing.of_files(files)}, before)
        after = await self._tracker.issue(ref, "journals")
        known = {journal["id"] for journal in before.get("journals", ())}
        notes = [reading.lines(each.get("notes")) for each in after["journals"] if each["id"] not in known]
        if not any(note.split() == text.split() for note in notes):
            raise PeerForbidden(self._wire.peer, f"{ref.key}: the comment was not taken over")

    async def attach(self, ref: TicketRef, files: Sequence[Uploaded]) -> None:
        await self._put(ref, writing.of_files(files), await self._tracker.issue(ref))

    async def _steps(self, issue: Issue) -> tuple[Transition, ...]:
        """What Redmine offers. Before 5.0 it does not tell: every status is offered, and the step itself tells."""
        allowed = issue.get("allowed_statuses")
        if allowed is None:
            offered: tuple[Status, ...] = await self._tracker.statuses()
        else:
            with shaped(self._wire.peer):
                offered = tuple(reading.status(item) for item in allowed)
        present = str(issue["status"]["id"])
        return tuple(Transition(each.id, each.name, each) for each in offered if each.id != present)

    async def _put(self, ref: TicketRef, body: Body, before: Issue) -> None:
        try:
            await self._wire.send("PUT", f"/issues/{self._tracker.key_of(ref)}.json", {"issue": body})
        except Unprocessable as error:
            if not error.texts:
                raise ChangedMeanwhile(self._wire.peer, await self._tracker.show(ref)) from error
            refusals = await self._tracker.refusals()
            if not writing.keys_of(body):
                raise refusals.of_files(error) from error
            raise await refusals.of_change(error, body, before) from error
        except PeerForbidden as error:
            refusals = await self._tracker.refusals()
            raise await refusals.of_project(error, str(before["project"]["id"])) from error


def _keeping_mark(body: Body, before: Issue) -> Body:
    """A new description keeps the mark of the intention that the ticket was made for."""
    if "description" not in body:
        return body
    mark = marker_in(reading.lines(before.get("description")))
    return {**body, "description": with_marker(str(body["description"]), mark)}
