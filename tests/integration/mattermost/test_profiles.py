"""Remembering people, and noticing what becomes of them."""

from __future__ import annotations

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from tests.unit.mattermost.fakes import ANNA, FakeServer, error, user

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerDown, PeerNotFound
from sekretar.kernel.people import People, Person
from sekretar.mattermost.client import MattermostClient
from sekretar.mattermost.events import UserUpdated
from sekretar.mattermost.models import User
from sekretar.mattermost.profiles import Profiles

PATH = f"/api/v4/users/{ANNA}"


@pytest.fixture
def profiles(client: MattermostClient, database: Database, people: People, clock: ManualClock) -> Profiles:
    return Profiles(client, database, people, clock)


async def test_a_person_is_fetched_the_first_time_only(profiles: Profiles, fake: FakeServer) -> None:
    zone = {"useAutomaticTimezone": "false", "manualTimezone": "Asia/Omsk"}
    fake.on("GET", PATH, user(locale="ru", timezone=zone))
    first = await profiles.person(ANNA)
    assert (first.username, first.language, first.zone.key, first.active) == ("anna", "ru", "Asia/Omsk", True)
    assert await profiles.person(ANNA) == first
    assert len(fake.asked) == 1


async def test_a_changed_profile_is_fetched_anew_and_the_person_stays_the_same(
    profiles: Profiles, fake: FakeServer
) -> None:
    fake.on("GET", PATH, user(), user(username="anna.b", locale="ru"))
    first = await profiles.person(ANNA)
    # What the event itself says may be blanked out, so it is not what is remembered.
    await profiles.on_user_updated(UserUpdated(User.model_validate(user(username="?"))))
    renamed = await profiles.person(ANNA)
    assert (renamed.id, renamed.username, renamed.language) == (first.id, "anna.b", "ru")


async def test_strangers_who_change_their_profile_are_none_of_our_business(
    profiles: Profiles, fake: FakeServer
) -> None:
    await profiles.on_user_updated(UserUpdated(User.model_validate(user())))
    assert fake.asked == []


async def test_deactivated_and_deleted_users_are_noticed(profiles: Profiles, fake: FakeServer) -> None:
    fake.on("GET", PATH, user(), user(delete_at=1_772_614_800_000), user())
    assert (await profiles.refresh(ANNA)).active
    assert not (await profiles.refresh(ANNA)).active
    assert (await profiles.refresh(ANNA)).active
    fake.on("GET", PATH, error(404, "app.user.missing_account.const"))
    gone = await profiles.refresh(ANNA)
    assert (gone.active, gone.username) == (False, "anna")


async def test_an_unknown_user_and_a_silent_server_are_errors(profiles: Profiles, fake: FakeServer) -> None:
    fake.on("GET", PATH, error(404, "app.user.missing_account.const"))
    with pytest.raises(PeerNotFound):
        await profiles.person(ANNA)
    fake.on("GET", PATH, error(500, "x"))
    with pytest.raises(PeerDown):
        await profiles.person(ANNA)


async def test_people_of_the_same_name_are_different_people(profiles: Profiles, fake: FakeServer) -> None:
    for user_id in ("u1", "u2"):
        fake.on("GET", f"/api/v4/users/{user_id}", user(user_id, first_name="Anna"))
    first, second = await profiles.person("u1"), await profiles.person("u2")
    assert first.id != second.id
    assert first.display_name == second.display_name


async def test_those_who_come_back_are_told_of_once(profiles: Profiles, fake: FakeServer) -> None:
    returned: list[str] = []

    async def note(session: AsyncSession, person: Person) -> None:
        returned.append(person.username)

    profiles.on_return(note)
    fake.on("GET", PATH, user(), user(delete_at=1_772_614_800_000), user(), user())
    for _ in range(4):
        await profiles.refresh(ANNA)
    assert returned == ["anna"]
