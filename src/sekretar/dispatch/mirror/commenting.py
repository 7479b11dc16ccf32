"""What stands below a ticket: the letters of its incident, what was refused, and where an incident ended in another.

Things are told in the order of the history. Before each is told it is stored which one it is, so that a comment
whose answer was lost is looked for instead of being written again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.values import SYSTEM, Event, EventKind, Status
from sekretar.dispatch.letters.gathering import letters_of
from sekretar.dispatch.letters.values import Filed
from sekretar.dispatch.mirror import store
from sekretar.dispatch.mirror.files import bring
from sekretar.dispatch.mirror.model import MirrorRow
from sekretar.dispatch.mirror.pushing import Around
from sekretar.dispatch.mirror.values import REFUSED
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerForbidden, PeerInvalid, PeerNotFound
from sekretar.trackers.requests import Uploaded
from sekretar.trackers.values import LinkKind

_LETTERS = (EventKind.LETTER_IN, EventKind.LETTER_OUT)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Commenting:
    """Writes comments."""

    database: Database
    incidents: Incidents

    async def tell(self, around: Around, row: MirrorRow) -> None:
        """Write below the ticket what has happened since, in order, each thing once. Raises `PeerError`."""
        async with self.database.reading() as session:
            history = await self.incidents.history(session, row.incident_id, after=row.told)
            letters = {each.id: each for each in await letters_of(session, row.incident_id)}
        for event in history:
            await self._event(around, row, event, letters)
            await self._keep(row, told=event.id, telling=0)

    async def _event(
        self, around: Around, row: MirrorRow, event: Event, letters: Mapping[int, Filed]
    ) -> None:
        filed = letters.get(event.letter_id or 0)
        if event.kind in _LETTERS and filed is not None:
            if _is_notice_of(row, filed):
                return
            await self._letter(around, row, event, filed)
        elif event.kind is EventKind.ABSORBED:
            await self._absorbed(around, row, event, letters)
        elif event.kind is EventKind.MERGED:
            await self._merged(around, row, event)
        elif is_trouble(event):
            await self._comment(around, row, event, around.page.trouble(event.why))

    async def _letter(self, around: Around, row: MirrorRow, event: Event, filed: Filed) -> None:
        if await self._is_there(around, row, event, f"№ {filed.id} |"):
            return
        brought = await bring(self.database, around.tracker, filed, around.mirror.largest_mb)
        await self._write(around, row, event, around.page.letter(filed, brought.left_out), brought.files)

    async def _comment(self, around: Around, row: MirrorRow, event: Event, text: str) -> None:
        if not await self._is_there(around, row, event, text):
            await self._write(around, row, event, text)

    async def _write(
        self, around: Around, row: MirrorRow, event: Event, text: str, files: list[Uploaded] | None = None
    ) -> None:
        await self._keep(row, telling=event.id)
        try:
            await around.tracker.comment(around.ref(row.key or ""), text, files or ())
        except PeerInvalid as error:
            # It would be refused again, and what comes after it would never be told.
            await self._refused(around, row, error)

    async def _refused(self, around: Around, row: MirrorRow, error: PeerInvalid) -> None:
        _log.warning("a comment was refused", desk=row.desk, ticket=row.key, error=str(error))
        text = around.t.plain("dispatch.mirror.comment_refused", ticket=row.key or "")
        async with self.database.transaction() as session:
            await self.incidents.note(
                session, row.incident_id, EventKind.MIRROR, SYSTEM, new=text, why=error.detail
            )

    async def _is_there(self, around: Around, row: MirrorRow, event: Event, words: str) -> bool:
        """Whether a comment of ours whose answer may have been lost has arrived."""
        if row.telling != event.id:
            return False
        details = await around.tracker.details(around.ref(row.key or ""))
        return any(words in each.text for each in details.comments if each.author.id == around.scheme.me)

    # --- incidents that ended in another

    async def _absorbed(
        self, around: Around, row: MirrorRow, event: Event, letters: Mapping[int, Filed]
    ) -> None:
        """The letters of an incident that ended in this one."""
        async with self.database.reading() as session:
            other = await self.incidents.by_code(session, event.new)
            numbers = await self._letters_of(session, other.id) if other else []
            key = await _ticket_of(session, other.id) if other else ""
        for number in numbers:
            if number in letters:
                await self._letter(around, row, event, letters[number])
        if key:
            await self._tie(around, key, row.key or "")

    async def _letters_of(self, session: AsyncSession, incident_id: int) -> list[int]:
        """The numbers of the letters that came to an incident, and to those that had ended in it, in order."""
        found: list[int] = []
        for event in await self.incidents.history(session, incident_id):
            if event.kind in _LETTERS and event.letter_id is not None:
                found.append(event.letter_id)
            elif event.kind is EventKind.ABSORBED:
                other = await self.incidents.by_code(session, event.new)
                found += await self._letters_of(session, other.id) if other else []
        return found

    async def _merged(self, around: Around, row: MirrorRow, event: Event) -> None:
        """This incident ended in another: say where its work goes on."""
        async with self.database.reading() as session:
            survivor_id = await self.incidents.survivor(session, row.incident_id)
            survivor = await self.incidents.get(session, survivor_id)
            key = await _ticket_of(session, survivor_id)
        if key:
            await self._tie(around, row.key or "", key)
        await self._comment(around, row, event, around.page.merged(survivor.code, key))

    async def _tie(self, around: Around, one: str, other: str) -> None:
        """The one ticket duplicates the other; a tracker in which this cannot be said is no trouble."""
        try:
            await around.tracker.link(around.ref(one), around.ref(other), LinkKind.DUPLICATES)
        except (PeerForbidden, PeerInvalid, PeerNotFound) as error:
            _log.warning("two tickets are not linked", desk=around.desk.name, ticket=one, error=str(error))

    async def _keep(self, row: MirrorRow, **values: object) -> None:
        async with self.database.transaction() as session:
            await store.keep(session, row.incident_id, **values)
        for name, value in values.items():
            setattr(row, name, value)


def _is_notice_of(row: MirrorRow, filed: Filed) -> bool:
    """Whether the tracker has written the letter about this ticket: a comment on it would make the next letter."""
    mark = filed.letter.tracker
    return mark is not None and mark.issue_key == row.key


async def _ticket_of(session: AsyncSession, incident_id: int) -> str:
    row = await session.get(MirrorRow, incident_id)
    return (row.key if row else None) or ""


def is_trouble(event: Event) -> bool:
    """Whether the people in the tracker have to hear of it: something that was asked for was not done."""
    if event.kind is EventKind.MIRROR:
        return event.old == REFUSED
    return event.kind is EventKind.STATUS and event.new == Status.ERROR and bool(event.why)
