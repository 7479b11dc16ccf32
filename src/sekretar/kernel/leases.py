"""One owner for a duty that only one process may have, such as the WebSocket or one mailbox.

The owner holds a lease in the database and renews it while it lives. When it dies, the lease ends and another
process takes the duty over. `SoleProcess` is the stricter thing beside it: the embedded engine, which expects
to be the only process on its database.
"""

from __future__ import annotations

import asyncio
import os
import socket
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, or_
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Base, Database, insert_into
from sekretar.kernel.errors import PeerDown
from sekretar.kernel.sole_process import SoleProcess
from sekretar.kernel.waiting import to_the_end

__all__ = ["LeaseRow", "Leases", "SoleProcess"]

#: A lease is renewed so many times within its term, so that one failed renewal loses nothing.
_RENEWALS = 3


class LeaseRow(Base):
    """Who owns a duty, and until when."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]
    expires_at: Mapped[datetime]


class Leases:
    """The leases of one process. The clocks of all machines must agree to a fraction of the term.

    Args:
        term: how long a lease holds without being renewed, and so how long a duty may be without an owner
            after its owner has died.
    """

    def __init__(self, database: Database, clock: Clock, *, term: timedelta = timedelta(seconds=30)) -> None:
        self._database = database
        self._clock = clock
        self._term = term
        #: Names this process, for people too.
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"

    async def acquire(self, name: str) -> bool:
        """Take a lease that is free or has ended, or renew our own; False when somebody else holds it."""
        now = self._clock.now()
        values = {"owner": self.owner, "expires_at": now + self._term}
        # A lease that ends later than any lease can comes from a clock that was wrong.
        ended = or_(LeaseRow.expires_at <= now, LeaseRow.expires_at > now + 2 * self._term)
        async with self._database.transaction() as session:
            taken = await session.scalar(
                insert_into(session, LeaseRow)
                .values(name=name, **values)
                .on_conflict_do_update(
                    index_elements=[LeaseRow.name],
                    set_=values,
                    where=or_(LeaseRow.owner == self.owner, ended),
                )
                .returning(LeaseRow.name)
            )
        return taken is not None

    async def release(self, name: str) -> None:
        """Give our lease up, so that another process need not wait for its end."""
        async with self._database.transaction() as session:
            await session.execute(delete(LeaseRow).where(LeaseRow.name == name, LeaseRow.owner == self.owner))

    def held(self, name: str, run: Callable[[], Awaitable[None]]) -> Callable[[], Coroutine[Any, Any, None]]:
        """The duty, run only while this process holds the lease of that name.

        It waits for the lease, runs the duty beside renewing it, and stops the duty (and waits again) when
        the lease cannot be renewed in time.
        """

        async def hold() -> None:
            while True:
                await self._wait_for(name)
                duty = asyncio.ensure_future(run())
                renewing = asyncio.create_task(self._renew(name))
                try:
                    await asyncio.wait({duty, renewing}, return_when=asyncio.FIRST_COMPLETED)
                    if duty.done():
                        return duty.result()
                finally:
                    await to_the_end(_stop(duty, renewing))
                    await to_the_end(self._let_go(name))

        return hold

    async def _wait_for(self, name: str) -> None:
        while not await self.acquire(name):
            await self._clock.sleep_until(self._clock.now() + self._term / _RENEWALS)

    async def _renew(self, name: str) -> None:
        """Renew again and again; returns when the lease is lost or about to end."""
        ends_at = self._clock.now() + self._term
        pause = self._term / _RENEWALS
        while self._clock.now() + pause < ends_at:
            await self._clock.sleep_until(self._clock.now() + pause)
            asked_at = self._clock.now()
            try:
                # An answer that comes after the lease has ended would be no answer.
                async with asyncio.timeout(pause.total_seconds()):
                    if not await self.acquire(name):
                        return
            except (PeerDown, TimeoutError):
                continue
            ends_at = asked_at + self._term

    async def _let_go(self, name: str) -> None:
        try:
            await self.release(name)
        except PeerDown:
            # It ends by itself.
            return


async def _stop(*tasks: asyncio.Future[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
