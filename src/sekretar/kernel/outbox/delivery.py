"""Delivering what is due, many rows at once, with few commits.

The pump works in turns. One turn is one transaction: it records the outcomes gathered since the last one, and
claims as many rows as there is room for. Between turns the wires talk to their peers and take the next row
from a buffer as soon as a place is free, so that no peer waits for the database. While much is waiting there,
outcomes gather and are recorded when the rush is over, or has lasted for a while: whoever waits for a message
comes before the books. A process that dies meanwhile leaves more rows of unknown fate, nothing else.

A row is claimed, and the claim committed, before its handler starts. Whatever happens to the process after
that, the next one finds the row in `sending` and knows that the peer may have it already.
"""

from __future__ import annotations

import asyncio
import random as randomness
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Database, wake_after_commit
from sekretar.kernel.health import Metrics
from sekretar.kernel.outbox import store
from sekretar.kernel.outbox.ahead import Ahead, Readier
from sekretar.kernel.outbox.effects import TASK, State
from sekretar.kernel.outbox.letters import Letters
from sekretar.kernel.outbox.policy import Claimed, Outcome
from sekretar.kernel.outbox.wire import Handler, Terms, Wire
from sekretar.kernel.waiting import to_the_end

_log = structlog.get_logger(__name__)

#: While more deliveries are on their way, a turn waits this long for company, in seconds; longer where no place on
#: the wire waits for it.
_GATHERING, _GATHERING_IN_A_RUSH = 0.01, 0.1
#: A smaller step back of the clock than this is ordinary adjusting.
_CLOCK_STEP = timedelta(minutes=1)
#: How long outcomes may wait in a rush, in seconds: what follows in their lanes waits as long.
_LONGEST_RUSH = 5.0
#: How long before its moment a row may be claimed. Whoever decides something ahead decides it a little later.
_SHORTLY_BEFORE = timedelta(seconds=5)
#: Outcomes that one turn records, so that no writer waits long for its turn.
_MOST_RECORDED = 1_000


@dataclass(frozen=True)
class _Claim:
    """What one turn claimed for a wire, and how much it could have taken."""

    wire: Wire
    room: int
    rows: list[Claimed]


class Outbox(Letters):
    """The one that delivers. `deliver_due` is the job named "outbox", `prune` one that may run every hour.

    Args:
        concurrency: how many deliveries to one peer are on the wire at once.
        patience: how long one delivery may take, in seconds; then it counts as the peer being down.
        last_wait: how long stopping waits for deliveries on the wire, in seconds.
        random: gives numbers in [0, 1) that spread the pauses.
        metrics: where deliveries are timed.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        concurrency: int = 100,
        patience: float = 60.0,
        last_wait: float = 10.0,
        random: Callable[[], float] = randomness.random,
        metrics: Metrics | None = None,
    ) -> None:
        super().__init__(database, clock)
        self._terms = Terms(concurrency, timedelta(seconds=patience), random)
        self._last_wait = last_wait
        self._metrics = metrics
        self._owner = uuid.uuid4().hex
        self._wires: dict[str, Wire] = {}
        self._ahead = Ahead(database, clock)
        self._outcomes: list[Outcome] = []
        #: Since when outcomes wait.
        self._unrecorded_since = 0.0
        #: Wires that took as many rows as they had room for: there may be more for them.
        self._filled: list[Wire] = []
        self._news = asyncio.Event()
        self._one_pump = asyncio.Lock()
        self._last_turn: datetime | None = None
        #: Tasks that look after what cannot be delivered.
        self._mourners: list[str] = []
        database.on_commit(self._hear)

    def handle(
        self,
        kind: str,
        handler: Handler,
        *,
        peer: str = "",
        patience: float | None = None,
        readier: Readier | None = None,
    ) -> None:
        """Have effects of this kind done by the handler.

        Args:
            readier: does ahead what can be done of those that were prepared.
            patience: how long one delivery to this peer may take, in seconds, where it is not as long as usual.
            peer: kinds that name the same peer share its wire: they pause together when it asks for fewer
                requests. A kind without a peer has a wire of its own.
        """
        if any(kind in wire.handlers for wire in self._wires.values()):
            raise ValueError(f"two handlers for {kind!r}")
        terms = replace(self._terms, patience=timedelta(seconds=patience)) if patience else self._terms
        wire = self._wires.setdefault(
            peer or kind, Wire(self._clock, terms, self._report, self._look_up, self._observe)
        )
        wire.handlers[kind] = handler
        if readier:
            self._ahead.readiers[kind] = readier

    def wake_at_death(self, task: str) -> None:
        """Have this job called whenever a row has become undeliverable."""
        self._mourners.append(task)

    def _observe(self, kind: str, took: timedelta) -> None:
        if self._metrics is not None:
            self._metrics.outbox_delivery_seconds.labels(kind).observe(max(0.0, took.total_seconds()))

    async def take_over(self) -> None:
        """Continue at once what an earlier process left in the middle, instead of after its lease.

        Only for a process that has the database to itself (see `leases.SoleProcess`).
        """
        async with self._database.transaction() as session:
            await store.end_foreign_leases(session, self._clock.now(), self._owner)

    async def deliver_due(self) -> datetime | None:
        """Deliver until nothing is due and nothing is on its way; returns when something will be due again.

        When cancelled, deliveries on the wire get a last moment to finish, and the rest is given back.
        """
        async with self._one_pump:
            try:
                while True:
                    self._news.clear()
                    next_due = await self._turn()
                    await self._claim_ahead()
                    if not self._busy and await self._ahead.look():
                        continue
                    if not self._outcomes and not self._busy and not self._holding:
                        return next_due
                    await self._wait(next_due)
            except asyncio.CancelledError:
                for wire in self._wires.values():
                    wire.halt()
                try:
                    await to_the_end(self._wind_up())
                except Exception:
                    # The rows stay claimed; the next process takes them up with their fate unknown.
                    _log.exception("outbox_left_in_the_middle")
                raise

    @property
    def _has_leisure(self) -> bool:
        """Whether outcomes may be recorded now."""
        if time.monotonic() - self._unrecorded_since > _LONGEST_RUSH:
            return True
        return not any(wire.rushed for wire in self._wires.values())

    @property
    def _busy(self) -> bool:
        return any(wire.busy for wire in self._wires.values())

    @property
    def _holding(self) -> bool:
        return any(wire.holding for wire in self._wires.values())

    async def _turn(self) -> datetime | None:
        """Record what was done, claim what there is room for; returns when to look again at the latest."""
        now = self._clock.now()
        went_back = self._last_turn is not None and now < self._last_turn - _CLOCK_STEP
        if went_back:
            # Their moments are far away again, farther than their leases may reach.
            for wire in self._wires.values():
                wire.give_back()
        recorded = self._outcomes[:_MOST_RECORDED] if self._has_leisure else []
        async with self._database.transaction() as session:
            if self._last_turn is None or went_back:
                await store.follow_the_clock_back(session, now)
            await store.record(session, recorded, self._owner)
            await store.expire(session, now)
            dead = await store.take_back_lapsed(session, now, self._owner)
            if dead or any(outcome.state is State.DEAD for outcome in recorded):
                for task in self._mourners:
                    wake_after_commit(session, task)
            claimed = [await self._claim(session, wire, now) for wire in self._wires.values()]
            # Of the wires that could have taken more the next due time is worth knowing.
            idle = [kind for each in claimed if len(each.rows) < each.room for kind in each.wire.handlers]
            next_due = await store.next_due(session, self._owner, idle)
        self._last_turn = now
        self._filled = [each.wire for each in claimed if each.rows and len(each.rows) == each.room]
        del self._outcomes[: len(recorded)]
        if recorded and self._outcomes:
            self._news.set()
        for each in claimed:
            each.wire.take(each.rows)
        for key in dead:
            _log.error("outbox_dead", key=key, error="too many processes ended in the middle of its delivery")
        pauses = [wire.paused_until for wire in self._wires.values()]
        return min((moment for moment in (next_due, *pauses) if moment is not None), default=None)

    async def _claim_ahead(self) -> None:
        """Hold what is ready shortly before its moment, so that at the moment itself nothing but sending is left."""
        now = self._clock.now()
        until = now + _SHORTLY_BEFORE
        after: int | None = 0 if self._ahead.soon(now, until) else None
        while after is not None:
            async with self._database.transaction() as session:
                rows, after = await store.claim_ahead(session, now, until, self._owner, after, self._ahead)
            for wire in self._wires.values():
                wire.take([row for row in rows if row.kind in wire.handlers])

    async def _claim(self, session: AsyncSession, wire: Wire, now: datetime) -> _Claim:
        room = wire.room(now)
        rows = await store.claim(session, now, self._owner, wire.handlers, room, self._ahead)
        return _Claim(wire, room, rows)

    async def _wait(self, until: datetime | None) -> None:
        """Until something was delivered, something was put, or something falls due."""
        waiting: list[asyncio.Task[Any]] = [asyncio.create_task(self._news.wait())]
        if until is not None:
            waiting.append(asyncio.create_task(self._clock.sleep_until(until)))
        try:
            # What a rush has kept from being recorded is recorded even if nothing else happens; and what is held for
            # its moment is held no longer when the clock was set back.
            longest = _LONGEST_RUSH if self._outcomes or self._holding else None
            await asyncio.wait(waiting, timeout=longest, return_when=asyncio.FIRST_COMPLETED)
            if any(wire.provided for wire in self._wires.values()):
                await asyncio.sleep(_GATHERING_IN_A_RUSH)
            elif self._busy:
                await asyncio.sleep(_GATHERING)
        finally:
            for task in waiting:
                task.cancel()

    def _report(self, outcome: Outcome) -> None:
        if not self._outcomes:
            self._unrecorded_since = time.monotonic()
        self._outcomes.append(outcome)

    def _look_up(self) -> None:
        # Not when nothing is left: the claim takes its time, and the peer would wait for it.
        runs_low = any(not wire.provided for wire in self._filled)
        if runs_low or (self._outcomes and self._has_leisure):
            self._news.set()

    def _hear(self, task_name: str) -> None:
        if task_name == TASK:
            self._news.set()

    async def _wind_up(self) -> None:
        """Let the wires finish, store what came of it, give the rest back."""
        await asyncio.gather(*(wire.stop(self._last_wait) for wire in self._wires.values()))
        async with self._database.transaction() as session:
            await store.record(session, self._outcomes, self._owner)
            await store.release_all(session, self._clock.now(), self._owner)
        self._outcomes.clear()
