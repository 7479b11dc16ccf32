"""Writing down what was sent, many messages with one commit.

Thousands of reminders fall due at the same second. Each delivery must have written down its post before it
counts as done, but each in a transaction of its own would make the database the slowest part. So whatever
arrives while one transaction is being written goes into the next.
"""

from __future__ import annotations

import asyncio

from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Database
from sekretar.mattermost.sent import SentMessage, remember


class Ledger:
    """Writes `sent_messages`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._entries: list[tuple[SentMessage, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def write(self, message: SentMessage) -> None:
        """Return once the message is written down. Raises what the database raises."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._entries.append((message, written))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())
        await written

    async def _write_all(self) -> None:
        while self._entries:
            entries, self._entries = self._entries, []
            try:
                async with self._database.transaction() as session:
                    for message, _ in entries:
                        await remember(session, message, self._clock.now())
            except Exception as error:
                # Every delivery that waits for this transaction has to know that it failed.
                for _, written in entries:
                    if not written.done():
                        written.set_exception(error)
            else:
                for _, written in entries:
                    if not written.done():
                        written.set_result(None)
