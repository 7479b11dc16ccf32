"""Asking a tracker as a person who waits for the answer: whatever goes wrong is said in their language.

A key that is not accepted any more is noted at once, so that the next command tells the way to a new one instead of
asking in vain.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import datetime

import structlog

from sekretar.kernel.errors import PeerError, PeerRefused
from sekretar.tickets.accounts.identities import Identities
from sekretar.tickets.troubles import explained
from sekretar.trackers.port import Tracker

_log = structlog.get_logger(__name__)


@contextlib.asynccontextmanager
async def asking(
    identities: Identities, person_id: int, tracker: str, now: datetime
) -> AsyncIterator[Tracker]:
    """The tracker as this person sees it.

    Raises:
        PersonError: nobody knows who they are there, or the tracker does not do what is asked inside; what the block
            itself makes of a `PeerError` never gets here.
    """
    eyes = await identities.eyes(person_id, tracker)
    try:
        yield eyes
    except PeerError as error:
        if isinstance(error, PeerRefused):
            await identities.refused(person_id, tracker, now)
        _log.info("tracker_did_not_do_it", tracker=tracker, reason=str(error))
        raise explained(error, tracker) from error
