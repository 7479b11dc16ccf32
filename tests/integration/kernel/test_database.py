"""The two verbs of the database, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime

from sekretar.kernel.database import Database
from sekretar.kernel.outbox import Effect, put

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)


async def test_put_says_whether_the_key_is_new(database: Database) -> None:
    async with database.transaction() as session:
        assert await put(session, Effect("post", "welcome:1"), NOW)
    async with database.transaction() as session:
        assert not await put(session, Effect("post", "welcome:1"), NOW)
