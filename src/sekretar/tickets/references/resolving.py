"""Which of the words that look like references are tickets, each asked through somebody's eyes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from sekretar.kernel.errors import PeerDown, PeerError, PeerRefused
from sekretar.tickets.accounts.identities import Identities, Unlinked
from sekretar.trackers.port import Tracker
from sekretar.trackers.values import Ticket, TicketRef

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Found:
    """The tickets that are there, in the order they were named. `waiting`: a tracker did not answer, ask again."""

    tickets: Mapping[TicketRef, Ticket]
    waiting: bool


@dataclass(frozen=True)
class Resolving:
    """Asks the trackers."""

    identities: Identities

    async def by_author(self, person_id: int, refs: Sequence[TicketRef], now: datetime) -> Found:
        """What whoever wrote the references sees; the service account where nobody knows who they are there."""
        found: dict[TicketRef, Ticket] = {}
        waiting = False
        for tracker, theirs in by_tracker(refs).items():
            try:
                found |= await self._asked(person_id, tracker, theirs, now)
            except PeerDown as error:
                _log.info("a tracker does not tell what is referred to", tracker=tracker, reason=str(error))
                waiting = True
        return Found({ref: found[ref] for ref in refs if ref in found}, waiting)

    async def seen_by(
        self, person_id: int, tracker: str, refs: Sequence[TicketRef], now: datetime
    ) -> Mapping[TicketRef, Ticket]:
        """Those of one tracker's tickets that this person may see.

        Raises:
            Unlinked: nobody knows who they are there, or their key is not accepted any more.
            PeerDown: the tracker did not answer.
        """
        eyes = await self.identities.eyes(person_id, tracker)
        try:
            return await _shown(eyes, refs)
        except PeerRefused as error:
            await self.identities.refused(person_id, tracker, now)
            raise Unlinked("tickets.link.refused", tracker=tracker) from error

    async def _asked(
        self, person_id: int, tracker: str, refs: Sequence[TicketRef], now: datetime
    ) -> Mapping[TicketRef, Ticket]:
        try:
            return await self.seen_by(person_id, tracker, refs, now)
        except Unlinked:
            return await self._by_service(tracker, refs)

    async def _by_service(self, tracker: str, refs: Sequence[TicketRef]) -> Mapping[TicketRef, Ticket]:
        try:
            return await _shown(self.identities.site(tracker).service(), refs)
        except PeerDown:
            raise
        except PeerError as error:
            # An installation without a service account, or with one that is refused: the doctor tells.
            _log.info("references are not looked up for the unlinked", tracker=tracker, reason=str(error))
            return {}


def by_tracker(refs: Iterable[TicketRef]) -> dict[str, list[TicketRef]]:
    """The references of each tracker, in order."""
    found: dict[str, list[TicketRef]] = {}
    for ref in refs:
        found.setdefault(ref.tracker, []).append(ref)
    return found


async def _shown(eyes: Tracker, refs: Sequence[TicketRef]) -> Mapping[TicketRef, Ticket]:
    """What these eyes see; nothing where the account may see nothing at all."""
    try:
        return await eyes.show_many(refs)
    except (PeerDown, PeerRefused):
        raise
    except PeerError as error:
        _log.info("an account is not shown what is referred to", tracker=refs[0].tracker, reason=str(error))
        return {}
