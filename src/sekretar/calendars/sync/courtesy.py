"""How calendar servers are treated: none gets more than it can bear, and none takes what belongs to the others.

The limits of vendors are not published, so they are learnt. A server that refuses for a while is asked more
slowly, with random gaps, until it has answered for long; one that refuses several people in a row is left alone as
long as it asks. A server that does not answer keeps only a few places to be tried with, and no server ever takes
more than half of the places that are free, so that there is always one for a server that works.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sekretar.kernel.errors import PeerDown, PeerError, PeerLimited

#: How many accounts of one host are taken at once, and how few of one that does not answer.
MOST_PER_HOST = 400
PROBES = 2

#: Between two questions to a server that has refused one, and the longest gap, in seconds; it shrinks with each
#: answer, and a shorter one than the last is none.
_FIRST_GAP, _LONGEST_GAP, _SHORTEST_GAP = 0.1, 10.0, 0.01
_RECOVERY = 0.95

#: A server is left alone no longer than this at a time, whatever it asks for, and so long when it does not say.
LONGEST_REST = timedelta(minutes=30)
USUAL_REST = timedelta(minutes=2)


@dataclass
class _Host:
    #: Looks in a row to which there was no answer.
    silent: int = 0
    gap: float = 0.0
    #: When the next question may be asked, by the clock of the loop.
    turn: float = 0.0
    #: Who was refused since the last answer.
    refused: set[int] = field(default_factory=set)
    rests_until: datetime | None = None


@dataclass
class Courtesy:
    """What was learnt of each server since the start. A host is the beginning that its addresses share."""

    chance: Callable[[], float] = random.random
    _hosts: dict[str, _Host] = field(default_factory=dict)

    def room(self, host: str, places: Mapping[str, int], most: int, now: datetime) -> int:
        """How many accounts of a host may be looked at at once.

        Args:
            host: whose accounts they are.
            places: how many are looked at now, by host.
            most: how many can be looked at at once on all of them.
            now: a host that rests has no room.
        """
        known = self._hosts.get(host)
        share = MOST_PER_HOST
        if known is not None:
            if known.rests_until is not None and now < known.rests_until:
                return 0
            share = max(PROBES, MOST_PER_HOST >> known.silent)
        others = sum(places.values()) - places.get(host, 0)
        return min(share, max((most - others) // 2, 1))

    def strained(self) -> set[str]:
        """The hosts that may have less room than usual."""
        return {host for host, known in self._hosts.items() if known.silent or known.rests_until is not None}

    def next_end_of_rest(self, now: datetime) -> datetime | None:
        """When the first of the resting hosts may be asked again."""
        rests = (known.rests_until for known in self._hosts.values() if known.rests_until is not None)
        return min((until for until in rests if until > now), default=None)

    async def turn(self, host: str) -> None:
        """Wait until the host may be asked; as a rule that is at once."""
        known = self._hosts.get(host)
        if known is None or not known.gap:
            return
        now = asyncio.get_running_loop().time()
        turn = max(known.turn, now)
        known.turn = turn + known.gap * (0.5 + self.chance())
        await asyncio.sleep(turn - now)

    def answered(self, host: str) -> None:
        """The host has answered, so it works."""
        known = self._hosts.get(host)
        if known is None:
            return
        known.silent, known.rests_until = 0, None
        known.refused.clear()
        known.gap *= _RECOVERY
        if known.gap < _SHORTEST_GAP:
            del self._hosts[host]

    def failed(self, host: str, account_id: int, error: PeerError, now: datetime) -> None:
        """The host has not answered, or has refused to for a while; other errors are answers."""
        if isinstance(error, PeerLimited):
            self._refused(self._hosts.setdefault(host, _Host()), account_id, error, now)
        elif isinstance(error, PeerDown):
            self._hosts.setdefault(host, _Host()).silent += 1
        else:
            self.answered(host)

    def _refused(self, known: _Host, account_id: int, error: PeerLimited, now: datetime) -> None:
        known.gap = min(max(known.gap * 2, _FIRST_GAP), _LONGEST_GAP)
        known.refused.add(account_id)
        # One person alone may have used up what is theirs; the account waits then, and nobody else.
        if len(known.refused) > 1:
            rest = min(error.retry_after or USUAL_REST, LONGEST_REST) * (1 + 0.1 * self.chance())
            known.rests_until = max(known.rests_until or now, now + rest)
