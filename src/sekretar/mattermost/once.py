"""Acts that happen once, however often they are asked for.

The claim is used up before the act and given back when the act did not happen. The other order would let a
second request in while the first is still at work.
"""

from __future__ import annotations

from sqlalchemy import delete

from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Database
from sekretar.kernel.signing import Claim, UsedClaim, consume


class Once:
    """Takes and gives back claims, each in a transaction of its own."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def take(self, claim: Claim) -> bool:
        """Use the claim up; False when it was used before."""
        async with self._database.transaction() as session:
            return await consume(session, claim, self._clock.now())

    async def give_back(self, claim: Claim) -> None:
        """The act did not happen: the claim is good again."""
        async with self._database.transaction() as session:
            await session.execute(delete(UsedClaim).where(UsedClaim.nonce == claim.nonce))
