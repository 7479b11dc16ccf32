"""kill -9 on the way of letters in: each is in one incident, which is given to one person and shown once."""

from __future__ import annotations

import signal
from collections import Counter
from itertools import pairwise

import pytest
from sqlalchemy import select
from tests.crash import incidents_child
from tests.crash.victims import end_of
from tests.integration.dispatch.house import open_house

from sekretar.dispatch.assignment.model import AssignmentRow, NewsRow
from sekretar.dispatch.assignment.team import Role
from sekretar.dispatch.chat.model import card_key, incident_of_card
from sekretar.dispatch.incidents.model import EventRow, IncidentRow
from sekretar.dispatch.mail.model import LetterRow, LetterState
from sekretar.kernel.database import Database
from sekretar.kernel.outbox import OutboxRow

#: Letters that wait together: two of them are filed at once, the third answers one of these.
_AT_ONCE = 3
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
    for uid in range(1 + _AT_ONCE, 600, _AT_ONCE):
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
    """Each letter is in its incident, in the order of the letters, and of each is told as often as of the others."""
    async with database.reading() as session:
        rows = (await session.scalars(select(LetterRow).order_by(LetterRow.id))).all()
        incidents = (await session.scalars(select(IncidentRow).order_by(IncidentRow.number))).all()
        given = Counter(await session.scalars(select(AssignmentRow.incident_id)))
        news = Counter(await session.scalars(select(NewsRow.incident_id)))
        heard = Counter(
            await session.scalars(select(EventRow.letter_id).where(EventRow.letter_id.is_not(None)))
        )
        keys = (await session.scalars(select(OutboxRow.key))).all()
    assert len(rows) == letters
    assert {row.state for row in rows} == {LetterState.FILED}
    openings = [row for uid, row in enumerate(rows, 1) if not incidents_child.is_answer(uid)]
    assert [row.incident_id for row in openings] == [incident.id for incident in incidents]
    for before, row in pairwise(rows):
        assert row in openings or row.incident_id == before.incident_id
    assert heard == Counter({row.id: 1 for row in rows})
    assert [incident.number for incident in incidents] == list(range(1, len(incidents) + 1))
    assert {incident.responsible_id for incident in incidents} == {anna}
    once = Counter({incident.id: 1 for incident in incidents})
    assert given == once
    assert news == once
    posted = Counter(key for key in keys if incident_of_card(key) is not None)
    assert posted == Counter({card_key(incident.id): 1 for incident in incidents})
