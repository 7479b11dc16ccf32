"""A process that has an applicant told, and is killed in the middle: the victim of `test_letters`."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.crash.outbox_child import NOW, Fate
from tests.integration.dispatch.letter_office import LetterOffice
from tests.peers_smtp import OutsideWorld

from sekretar.dispatch.incidents.values import Status
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database


async def live(url: str, port: int, incident_id: int, last_step: int) -> None:
    """Tell the applicant, whatever was done of it before, or die at that step."""
    fate = Fate(last_step)
    database = Database.open(url)
    fate.follow(database)
    office = LetterOffice(database, ManualClock(NOW), OutsideWorld(port))
    async with database.reading() as session:
        incident = await office.incidents.get(session, incident_id)
    if incident.status is Status.IN_PROGRESS:
        await office.move(incident, Status.NOTIFYING_APPLICANT)
    await office.outbox.take_over()
    await office.outbox.deliver_due()
    await office.delivering.close()
    await database.close()


def main(*arguments: Any) -> None:
    asyncio.run(live(*arguments))
