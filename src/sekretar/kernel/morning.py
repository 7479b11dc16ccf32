"""Where features meet in the morning: one knows when a person's morning is, others have something to say then.

Neither side knows the other; who puts the product together makes one `Morning` and hands it to both.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import time

from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True)
class Hour:
    """The hour on the person's own clock, and the days of the week (Monday is 0)."""

    at: time = time(9)
    days: frozenset[int] = frozenset(range(5))


#: The hour that a person has chosen; None when they have chosen to have none.
Hours = Callable[[AsyncSession, int], Awaitable[Hour | None]]


class Morning:
    """What is known of people's mornings."""

    def __init__(self) -> None:
        self._hours: Hours | None = None

    def keep(self, hours: Hours) -> None:
        """Have people's hours told by whoever keeps them."""
        self._hours = hours

    async def hour(self, session: AsyncSession, person_id: int) -> Hour:
        """When a person's morning is: as they have chosen, else at nine on working days."""
        chosen = await self._hours(session, person_id) if self._hours else None
        return chosen or Hour()
