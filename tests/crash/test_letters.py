"""kill -9 on the way of a letter out: it is sent, under one Message-ID, and its incident moves on."""

from __future__ import annotations

import signal

import pytest
from tests.crash import letters_child
from tests.crash.victims import end_of
from tests.integration.dispatch.letter_office import FIRST, LetterOffice
from tests.peers_smtp import outside_world

from sekretar.dispatch.incidents.values import EventKind, Status
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database

#: Every step would be hundreds of processes; so each transaction is still hit more than once.
_STRIDE = 11


async def test_killed_on_the_way_and_started_again(
    database: Database, database_url: str, clock: ManualClock
) -> None:
    async with outside_world() as world:
        office = LetterOffice(database, clock, world)
        for last_step in range(1, 2_000, _STRIDE):
            world.taken.clear()
            incident = await office.open(FIRST.replace(b"<first@", b"<first%d@" % last_step))
            status = await end_of(letters_child.main, database_url, world.port, incident.id, last_step)
            if status == 0:
                break
            assert status == -signal.SIGKILL
            await letters_child.live(database_url, world.port, incident.id, 0)
            assert await office.status(incident) is Status.APPLICANT_NOTIFIED
            assert len(await office.events(incident, EventKind.LETTER_OUT)) == 1
            # The server may have taken it from the victim too; the recipients see one letter.
            assert 1 <= len(world.taken) <= 2
            assert len({taken.message["Message-ID"] for taken in world.taken}) == 1
        else:
            pytest.fail("the victim never came to its end")
    # Fewer would mean that the steps were not seen.
    assert last_step > 60
