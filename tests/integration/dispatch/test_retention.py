"""What is deleted of letters, and when; what is kept for good."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from tests.integration.dispatch.house import House, open_house
from tests.integration.dispatch.mail_watch import close, put, send, watched_desk
from tests.integration.dispatch.post_office import letter_bytes

from sekretar.dispatch.incidents.values import Status
from sekretar.dispatch.letters.model import Fate, OutgoingRow
from sekretar.dispatch.mail.model import LetterRow, LetterState, RawLetterRow
from sekretar.dispatch.operations.retention import Purged
from sekretar.kernel.database import Database

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


async def kept(house: House) -> set[int]:
    """Letters that are here as they came."""
    async with house.database.reading() as session:
        query = select(RawLetterRow.letter_id).where(RawLetterRow.content.is_not(None))
        return set(await session.scalars(query))


async def row(house: House, letter: LetterRow) -> LetterRow:
    async with house.database.reading() as session:
        found = await session.get(LetterRow, letter.id)
    assert found is not None
    return found


def machine_letter(subject: str) -> bytes:
    """It makes no incident."""
    headers = {"Auto-Submitted": "auto-replied"}
    return letter_bytes(subject, message_id=f"<{subject}@machine.example>", headers=headers)


class TestRetention:
    @pytest.fixture
    async def house(self, database: Database) -> AsyncIterator[House]:
        retention = {"letters_days": 30, "unfiled_days": 10}
        async with open_house(database, watched_desk(retention=retention)) as house:
            yield house

    async def test_a_letter_is_kept_until_its_incident_has_been_over_for_long(self, house: House) -> None:
        letter = await put(house, letter_bytes(message_id="<1@a.example>", at=house.clock.now()), uid=1)
        house.clock.advance(90 * DAY)
        await house.dispatch.operations.retention.run()
        assert await kept(house) == {letter.id}
        await close(house, await house.now(1))
        house.clock.advance(30 * DAY)
        await house.dispatch.operations.retention.run()
        assert await kept(house) == {letter.id}
        house.clock.advance(MINUTE)
        purged = await house.dispatch.operations.retention.purge(house.desk)
        assert (purged.filed, purged.unfiled) == (1, 0)
        assert purged.size > 0
        assert await kept(house) == set()
        async with house.database.reading() as session:
            raw = await session.get(RawLetterRow, letter.id)
        assert raw is not None
        assert raw.purged_at == house.clock.now()
        # What it says in words belongs to the incident, which stays.
        assert (await row(house, letter)).text.strip() == "Nothing works."
        assert (await house.now(1)).summary == "No power"
        assert await house.dispatch.operations.retention.purge(house.desk) == Purged()

    async def test_an_incident_that_was_opened_again_keeps_its_letters(self, house: House) -> None:
        letter = await put(house, letter_bytes(message_id="<1@a.example>", at=house.clock.now()), uid=1)
        await close(house, await house.now(1))
        house.clock.advance(20 * DAY)
        await house.change(1, status=Status.IN_PROGRESS)
        house.clock.advance(20 * DAY)
        await house.dispatch.operations.retention.run()
        assert await kept(house) == {letter.id}

    async def test_a_letter_of_no_incident_loses_its_words_and_does_not_come_back(self, house: House) -> None:
        content = machine_letter("away")
        letter = await put(house, content, uid=1)
        assert letter.state == LetterState.SET_ASIDE
        house.clock.advance(10 * DAY)
        await house.dispatch.operations.retention.run()
        assert await kept(house) == {letter.id}
        house.clock.advance(MINUTE)
        purged = await house.dispatch.operations.retention.purge(house.desk)
        assert (purged.filed, purged.unfiled) == (0, 1)
        left = await row(house, letter)
        assert (left.subject, left.text, left.fresh, left.sender_address, left.facts) == ("", "", "", "", {})
        again = await put(house, content, uid=2)
        assert again.id == letter.id

    async def test_a_letter_that_is_still_on_its_way_out_is_kept(self, house: House) -> None:
        incident = await house.open()
        await send(house, incident)
        await house.change(incident.id, status=Status.APPLICANT_NOTIFIED)
        await house.change(incident.id, status=Status.ON_GENERATION)
        house.clock.advance(40 * DAY)
        await house.dispatch.operations.retention.run()
        assert len(await kept(house)) == 1
        async with house.database.transaction() as session:
            await session.execute(update(OutgoingRow).values(fate=Fate.SENT))
        await house.dispatch.operations.retention.run()
        assert await kept(house) == set()

    async def test_nothing_is_purged_where_everything_is_to_be_kept(self, database: Database) -> None:
        retention = {"letters_days": 0, "unfiled_days": 0}
        async with open_house(database, watched_desk(retention=retention)) as house:
            await put(house, machine_letter("away"), uid=1)
            await put(house, letter_bytes(message_id="<1@a.example>", at=house.clock.now()), uid=2)
            await close(house, await house.now(1))
            house.clock.advance(4000 * DAY)
            await house.dispatch.operations.retention.run()
            assert len(await kept(house)) == 2
