"""What a refusal of Redmine means for the person who wanted something.

Redmine says *403* to a closed project and *Project cannot be blank* to somebody without the right to make tickets
there. Here a second look tells which it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from sekretar.kernel.errors import PeerError, PeerForbidden, PeerNotFound
from sekretar.trackers.errors import FieldProblem, InvalidFields, NotATracker, ProjectClosed
from sekretar.trackers.exchange import part, shaped
from sekretar.trackers.redmine import reading
from sekretar.trackers.redmine.faults import IMPOSSIBLE, name_faults, trial
from sekretar.trackers.redmine.forms import Forms
from sekretar.trackers.redmine.wire import Unprocessable, Wire
from sekretar.trackers.redmine.writing import Body
from sekretar.trackers.values import Choice, Field


class Refusals:
    """Asks as the account that was refused."""

    def __init__(self, wire: Wire, forms: Forms) -> None:
        self._wire, self._forms = wire, forms

    async def of_project(self, error: PeerError, project: str) -> PeerError:
        """A refusal to write in a project: is it closed?"""
        try:
            answer = await self._wire.get(f"/projects/{part(project)}.json")
        except (PeerForbidden, PeerNotFound) as hidden:
            return hidden
        with shaped(self._wire.peer):
            if not reading.project(answer["project"]).open:
                return ProjectClosed(self._wire.peer, f"the project {answer['project']['name']} is closed")
        return error

    async def of_ticket(self, error: Unprocessable, body: Body) -> PeerError:
        """A refusal to make this ticket. A tracker that was left open is Redmine's choice."""
        if await self._no_tickets_there(body):
            project = str(body["project_id"])
            denied = PeerForbidden(self._wire.peer, f"no right to make tickets in the project {project}")
            return await self.of_project(denied, project)
        return await self._of_values(error, body)

    async def of_change(self, error: Unprocessable, body: Body, ticket: Mapping[str, Any]) -> PeerError:
        """A refusal to change a ticket like this.

        Changes are tried as new tickets, which are never stored; who may make none is told the words alone.
        """
        project, tracker = str(ticket["project"]["id"]), str(ticket["tracker"]["id"])
        tried = {"project_id": project, "tracker_id": tracker, "subject": ticket.get("subject", ""), **body}
        if await self._no_tickets_there(tried):
            return InvalidFields(self._wire.peer, [FieldProblem(None, text) for text in error.texts])
        return await self._of_values(error, tried)

    async def of_time(self, error: Unprocessable, entry: Body, activities: Sequence[Choice]) -> PeerError:
        """A refusal of an entry of spent time; one without hours is never stored, so it is used to try."""
        empty = {**entry, "hours": ""}
        left = await self._try_time(empty)
        about: dict[str, str] = {text: Field.SPENT for text in error.texts if text not in left}
        if "activity_id" in entry:
            other = await self._try_time(
                {name: value for name, value in empty.items() if name != "activity_id"}
            )
        else:
            other = await self._try_time({**empty, "activity_id": activities[0].id}) if activities else left
        about |= dict.fromkeys(left - other, Field.ACTIVITY)
        return InvalidFields(self._wire.peer, [FieldProblem(about.get(text), text) for text in error.texts])

    def of_files(self, error: Unprocessable) -> InvalidFields:
        """A refusal of files, because nothing else was sent."""
        return InvalidFields(self._wire.peer, [FieldProblem(Field.FILES, text) for text in error.texts])

    async def _of_values(self, error: Unprocessable, body: Body) -> InvalidFields:
        custom = await self._forms.custom(body.get("tracker_id"))
        try:
            problems = await name_faults(error.texts, body, custom, partial(trial, self._wire))
        except NotATracker:
            problems = tuple(FieldProblem(None, text) for text in error.texts)
        return InvalidFields(self._wire.peer, problems)

    async def _no_tickets_there(self, body: Body) -> bool:
        """Whether Redmine answers as if no project had been named at all."""
        kept = {name: body[name] for name in ("project_id", "tracker_id") if name in body} | IMPOSSIBLE
        nowhere = await trial(
            self._wire, {name: value for name, value in kept.items() if name != "project_id"}
        )
        return await trial(self._wire, kept) == nowhere

    async def _try_time(self, entry: Body) -> frozenset[str]:
        try:
            await self._wire.send("POST", "/time_entries.json", {"time_entry": entry})
        except Unprocessable as error:
            return frozenset(error.texts)
        raise NotATracker(self._wire.peer, "spent time without hours was accepted")
