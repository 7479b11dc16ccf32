"""Who people are in the trackers: stored, replaced, refused and forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import cast
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PersonError
from sekretar.kernel.people import People, Profile
from sekretar.kernel.secrets import Vault, generate_key
from sekretar.tickets.accounts.identities import Identities, Unlinked
from sekretar.tickets.accounts.model import Origin, TrackerAccount
from sekretar.trackers.port import TrackerSite
from sekretar.trackers.values import Account, Member

BORIS = Account(Member("7", "Boris Belov", "boris"), administrator=False)
OTHER = Account(Member("8", "Boris Other", "other"), administrator=False)


@dataclass(frozen=True)
class Site:
    """Says through whose eyes it was opened."""

    name: str

    def owner(self, key: str) -> str:
        return f"owner of {key}"

    def person(self, login: str) -> str:
        return f"as {login}"


@dataclass(frozen=True)
class House:
    """The identities, and somebody to have one."""

    database: Database
    identities: Identities
    person_id: int
    clock: ManualClock

    async def link(self, account: Account, key: str) -> None:
        async with self.database.transaction() as session:
            await self.identities.link(session, self.person_id, "desk", account, key, self.clock.now())

    async def map(self, account: Account) -> bool:
        async with self.database.transaction() as session:
            return await self.identities.map(session, self.person_id, "desk", account, self.clock.now())

    async def eyes(self) -> object:
        return await self.identities.eyes(self.person_id, "desk")


@pytest.fixture
async def house(database: Database, clock: ManualClock) -> House:
    people = People("https://chat.example.com", "en", ZoneInfo("Europe/Moscow"))
    profile = Profile("u1", "boris", "Boris", "", "en", None, True, "boris@example.com")
    async with database.transaction() as session:
        person = await people.remember(session, profile, clock.now())
    sites = {"desk": cast(TrackerSite, Site("desk"))}
    return House(database, Identities(database, Vault([generate_key()]), sites), person.id, clock)


async def test_somebody_unknown_is_asked_to_connect(house: House) -> None:
    with pytest.raises(Unlinked) as caught:
        await house.eyes()
    assert caught.value.key == "tickets.link.needed"
    with pytest.raises(PersonError, match=r"tickets\.tracker\.gone"):
        await house.identities.eyes(house.person_id, "elsewhere")


async def test_a_key_is_kept_encrypted_and_used(house: House) -> None:
    await house.link(BORIS, "s3cret-key")
    assert await house.eyes() == "owner of s3cret-key"
    async with house.database.reading() as session:
        stored = (await session.scalars(select(TrackerAccount.key))).one()
    assert stored is not None
    assert "s3cret" not in stored
    (known,) = await house.identities.of(house.person_id)
    assert (known.origin, known.login, known.member_id, known.refused) == (Origin.OWN, "boris", "7", False)


async def test_an_administrators_word_gives_way_to_a_key(house: House) -> None:
    assert await house.map(OTHER)
    assert await house.eyes() == "as other"
    await house.link(BORIS, "key")
    assert await house.eyes() == "owner of key"
    assert not await house.map(OTHER)
    assert await house.eyes() == "owner of key"


async def test_a_refused_key_is_news_once_and_mended_by_a_new_one(house: House) -> None:
    await house.link(BORIS, "old")
    now = house.clock.now() + timedelta(hours=1)
    assert await house.identities.refused(house.person_id, "desk", now)
    assert not await house.identities.refused(house.person_id, "desk", now)
    with pytest.raises(Unlinked) as caught:
        await house.eyes()
    assert caught.value.key == "tickets.link.refused"
    await house.link(BORIS, "new")
    assert await house.eyes() == "owner of new"


async def test_people_are_found_by_the_trackers_own_ids(house: House) -> None:
    await house.link(BORIS, "key")
    async with house.database.reading() as session:
        assert await house.identities.members(session, "desk", ["7", "8"]) == {"7": [house.person_id]}
        assert await house.identities.members(session, "elsewhere", ["7"]) == {}


async def test_who_leaves_is_forgotten_with_the_key(house: House) -> None:
    await house.link(BORIS, "key")
    async with house.database.transaction() as session:
        assert await house.identities.unlink(session, house.person_id, "desk")
        assert not await house.identities.unlink(session, house.person_id, "desk")
    async with house.database.reading() as session:
        assert (await session.scalars(select(TrackerAccount))).all() == []
