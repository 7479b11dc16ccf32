"""One-time claims on both databases."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from sekretar.kernel.database import Database
from sekretar.kernel.signing import REMEMBERED_FOR, Claim, UsedClaim, consume

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)


def claim(nonce: str, expires_at: datetime = NOW + timedelta(hours=1)) -> Claim:
    return Claim("calendars.connect", 1, {}, expires_at, nonce)


async def use(database: Database, used: Claim, now: datetime = NOW) -> bool:
    async with database.transaction() as session:
        return await consume(session, used, now)


async def test_once_only(database: Database) -> None:
    assert await use(database, claim("a"))
    assert not await use(database, claim("a"))
    assert await use(database, claim("b"))


async def test_of_many_at_once_one_wins(database: Database) -> None:
    won = await asyncio.gather(*(use(database, claim("a")) for _ in range(8)))
    assert sorted(won) == [False] * 7 + [True]


async def test_an_act_that_failed_may_be_tried_again(database: Database) -> None:
    class Failed(Exception):
        pass

    try:
        async with database.transaction() as session:
            assert await consume(session, claim("a"), NOW)
            raise Failed
    except Failed:
        pass
    assert await use(database, claim("a"))


async def test_the_long_expired_are_forgotten(database: Database) -> None:
    await use(database, claim("a"))
    expired = NOW + timedelta(hours=1) + REMEMBERED_FOR
    await use(database, claim("b", expired), expired)
    async with database.reading() as session:
        assert (await session.execute(select(func.count()).select_from(UsedClaim))).scalar_one() == 2
    await use(database, claim("c", expired), expired + timedelta(seconds=1))
    async with database.reading() as session:
        assert sorted((await session.execute(select(UsedClaim.nonce))).scalars()) == ["b", "c"]
