"""kill -9 on the way of a letter in: it makes one incident, which is given to one person and shown once."""

from __future__ import annotations

import signal
from collections import Counter

import pytest
from sqlalchemy import select
from tests.crash import incidents_child
from tests.crash.victims import end_of
from tests.integration.dispatch.house import open_house

from sekretar.dispatch.assignment.model import AssignmentRow
from sekretar.dispatch.assignment.team import Role
from sekretar.dispatch.chat.model import card_key, incident_of_card
from sekretar.dispatch.incidents.model import IncidentRow
from sekretar.dispatch.mail.model import LetterRow, LetterState
from sekretar.kernel.database import Database
from sekretar.kernel.outbox import OutboxRow

#: Every step would be hundreds of processes; each of the transactions is hit more than once all the same.
_STRIDE = 13


async def test_killed_on_the_way_and_started_again(database: Database, database_url: str) -> None:
    async with open_house(database, incidents_child.DESK) as house:
        anna = await house.person_id("anna")
        async with database.transaction() as session:
            await house.dispatch.team.put(session, incidents_child.DESK.name, anna, Role.DISPATCHER)
    # The first letter makes everything that is made once.
    await incidents_child.live(database_url, 1, 0)
    last_step = 1
    for uid in range(2, 200):
        status = await end_of(incidents_child.main, database_url, uid, last_step)
        if status == 0:
            break
        assert status == -signal.SIGKILL
        await incidents_child.live(database_url, uid, 0)
        last_step += _STRIDE
    else:
        pytest.fail("the victim never came to its end")
    # Fewer would mean that the steps were not seen.
    assert last_step > 100
    await check(database, uid, anna)


async def check(database: Database, letters: int, anna: int) -> None:
    """Each letter has its own incident, in the order of the letters, and each was told as often as the others."""
    async with database.reading() as session:
        rows = (await session.scalars(select(LetterRow).order_by(LetterRow.id))).all()
        incidents = (await session.scalars(select(IncidentRow).order_by(IncidentRow.number))).all()
        given = Counter(await session.scalars(select(AssignmentRow.incident_id)))
        keys = (await session.scalars(select(OutboxRow.key))).all()
    assert len(rows) == letters
    assert {row.state for row in rows} == {LetterState.FILED}
    assert [row.incident_id for row in rows] == [incident.id for incident in incidents]
    assert [incident.number for incident in incidents] == list(range(1, letters + 1))
    assert {incident.responsible_id for incident in incidents} == {anna}
    assert given == Counter({incident.id: 1 for incident in incidents})
    posted = Counter(key for key in keys if incident_of_card(key) is not None)
    assert posted == Counter({card_key(incident.id): 1 for incident in incidents})
    assert sum(key.startswith("dispatch:assignment") for key in keys) == letters
