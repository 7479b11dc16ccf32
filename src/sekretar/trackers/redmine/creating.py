"""A ticket is made once, whatever becomes of the answer.

Look for the mark of the intention, make the ticket, read it as Redmine stored it. When the answer is lost, the
next call begins with the look again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sekretar.kernel.errors import PeerForbidden, PeerNotFound
from sekretar.trackers.exchange import shaped
from sekretar.trackers.redmine import lists, reading, writing
from sekretar.trackers.redmine.marker import marker, marker_in, with_marker
from sekretar.trackers.redmine.reading import Reader
from sekretar.trackers.redmine.refusals import Refusals
from sekretar.trackers.redmine.wire import Unprocessable, Wire
from sekretar.trackers.requests import Draft
from sekretar.trackers.values import Account, Created, Written


class Creating:
    """Makes tickets as one account."""

    def __init__(self, wire: Wire, reader: Reader, refusals: Refusals) -> None:
        self._wire, self._reader, self._refusals = wire, reader, refusals

    async def create(self, draft: Draft, unique: str, me: Account) -> Created:
        body, mark = writing.of_draft(draft), marker(unique)
        issue, new = await self._made_before(mark, me), False
        if issue is None:
            issue, new = await self._make(body, draft, mark), True
        ticket = self._reader.ticket(issue)
        return Created(Written(ticket, writing.ignored(body, ticket)), new)

    async def _made_before(self, mark: str, me: Account) -> Mapping[str, Any] | None:
        """The ticket with this mark. Redmine may ignore the filter, so the mark is compared here too."""
        query = {
            "author_id": me.member.id,
            "status_id": "*",
            "description": f"~{mark}",
            "sort": "created_on:desc,id:desc",
        }
        _, items = await lists.some(self._wire, query, 0, lists.PAGE)
        found = [item for item in items if marker_in(reading.lines(item.get("description"))) == mark]
        return found[-1] if found else None

    async def _make(self, body: writing.Body, draft: Draft, mark: str) -> Mapping[str, Any]:
        sent = {
            **body,
            **writing.of_files(draft.files),
            "description": with_marker(draft.description, mark),
        }
        try:
            answer = await self._send(sent)
        except Unprocessable as error:
            raise await self._refusals.of_ticket(error, body | writing.of_files(draft.files)) from error
        except (PeerForbidden, PeerNotFound) as error:
            raise await self._refusals.of_project(error, draft.project) from error
        with shaped(self._wire.peer):
            issue: Mapping[str, Any] = answer["issue"]
            return issue

    async def _send(self, sent: writing.Body) -> Any:
        try:
            return await self._wire.send("POST", "/issues.json", {"issue": sent})
        except Unprocessable:
            if "due_date" not in sent or "start_date" in sent:
                raise
            # Redmine may begin every ticket today; one that was due before has no beginning then.
            return await self._wire.send("POST", "/issues.json", {"issue": {**sent, "start_date": ""}})
