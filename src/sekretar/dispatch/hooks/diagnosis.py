"""Whether the programs that want to be told of events take them.

A receiver that is down loses nothing for a week, and nobody sees that it is behind. So the doctor does.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.hooks.sending import KIND, lanes_of
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Database
from sekretar.kernel.dates import format_duration
from sekretar.kernel.outbox import State
from sekretar.kernel.outbox.effects import OutboxRow
from sekretar.mattermost.doctor import Finding, fine, warning


def name_of(desk: str) -> str:
    """What the check is called."""
    return f"hooks:{desk}"


async def diagnose(desk: DeskSettings, clock: Clock, database: Database) -> Finding:
    """Whether every receiver of a desk is up to date."""
    check = name_of(desk.name)
    async with database.reading() as session:
        found = [await _trouble(session, desk.name, hook.name, clock) for hook in desk.hooks]
    wrong = [each for each in found if each]
    if wrong:
        return warning(
            check,
            "; ".join(wrong),
            "See to the receiver, or to its url in the file of the desks. Events are told again for a week.",
        )
    return fine(check, f"{', '.join(hook.name for hook in desk.hooks)}: all events are taken")


async def _trouble(session: AsyncSession, desk: str, hook: str, clock: Clock) -> str:
    query = select(OutboxRow).where(
        OutboxRow.kind == KIND,
        OutboxRow.state == State.WAITING,
        OutboxRow.lane.startswith(lanes_of(desk, hook), autoescape=True),
    )
    rows = list(await session.scalars(query.order_by(OutboxRow.id)))
    refused = [each for each in rows if each.failures]
    if not refused:
        return ""
    behind = format_duration(clock.now() - rows[0].created_at, "en")
    events = "1 event" if len(rows) == 1 else f"{len(rows)} events"
    return f"{hook} is {events} behind, for {behind}: {refused[-1].last_error}"
