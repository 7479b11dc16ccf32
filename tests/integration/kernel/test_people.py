"""People on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.exc import IntegrityError

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.people import People, Person, Plain, Preference, Profile, language_of, zone_of

MOSCOW, OMSK = ZoneInfo("Europe/Moscow"), ZoneInfo("Asia/Omsk")
ANNA = Profile("u1", "anna", "Анна", "Ким", "ru", "Asia/Omsk", active=True, email="anna@example.org")
PEOPLE = People("m", "en", MOSCOW)


async def remember(
    database: Database, clock: ManualClock, profile: Profile, people: People = PEOPLE
) -> Person:
    async with database.transaction() as session:
        return await people.remember(session, profile, clock.now())


async def test_a_person_is_known_again_by_either_id(database: Database, clock: ManualClock) -> None:
    anna = await remember(database, clock, ANNA)
    assert anna == Person(anna.id, "m", "u1", "anna", "Анна Ким", "ru", OMSK, True)
    async with database.reading() as session:
        assert await PEOPLE.by_id(session, anna.id) == anna
        assert await PEOPLE.by_user_id(session, "u1") == anna
        assert await PEOPLE.by_user_id(session, "nobody") is None
        assert await PEOPLE.by_id(session, anna.id + 1) is None


async def test_a_renamed_user_stays_the_same_person(database: Database, clock: ManualClock) -> None:
    anna = await remember(database, clock, ANNA)
    clock.advance(timedelta(days=1))
    renamed = await remember(database, clock, replace(ANNA, username="anna.lee", last_name="Ли"))
    assert renamed == replace(anna, username="anna.lee", display_name="Анна Ли")


async def test_users_with_the_same_name_are_different_people(database: Database, clock: ManualClock) -> None:
    first = await remember(database, clock, ANNA)
    second = await remember(database, clock, replace(ANNA, user_id="u2"))
    elsewhere = await remember(database, clock, ANNA, People("other", "en", MOSCOW))
    assert len({first.id, second.id, elsewhere.id}) == 3
    async with database.reading() as session:
        assert await PEOPLE.by_user_id(session, "u1") == first
        assert await PEOPLE.by_id(session, elsewhere.id) is None


async def test_deactivated_people_are_marked_and_can_return(database: Database, clock: ManualClock) -> None:
    anna = await remember(database, clock, ANNA)
    boris = await remember(database, clock, replace(ANNA, user_id="u2", username="boris"))
    async with database.transaction() as session:
        await PEOPLE.deactivate(session, "u1", clock.now())
        await PEOPLE.deactivate(session, "never seen", clock.now())
    async with database.reading() as session:
        assert await PEOPLE.by_id(session, anna.id) == replace(anna, active=False)
        assert await PEOPLE.active(session) == [boris]
    assert await remember(database, clock, ANNA) == anna
    assert not (await remember(database, clock, replace(ANNA, active=False))).active


async def test_what_a_person_chose_wins_over_the_profile(database: Database, clock: ManualClock) -> None:
    anna = await remember(database, clock, ANNA)
    async with database.transaction() as session:
        await PEOPLE.set_language(session, anna.id, "en")
        await PEOPLE.set_zone(session, anna.id, MOSCOW)
    chosen = await remember(database, clock, replace(ANNA, locale="ru", time_zone="Asia/Tokyo"))
    assert (chosen.language, chosen.zone) == ("en", MOSCOW)
    async with database.transaction() as session:
        await PEOPLE.set_language(session, anna.id, None)
        await PEOPLE.set_zone(session, anna.id, None)
        followed = await PEOPLE.by_id(session, anna.id)
    assert followed is not None
    assert (followed.language, followed.zone) == ("ru", ZoneInfo("Asia/Tokyo"))


async def test_a_language_nobody_translated_is_refused(database: Database, clock: ManualClock) -> None:
    anna = await remember(database, clock, ANNA)
    async with database.transaction() as session:
        with pytest.raises(ValueError, match="'de'"):
            await PEOPLE.set_language(session, anna.id, "de")


async def test_without_a_name_the_username_is_shown(database: Database, clock: ManualClock) -> None:
    profile = replace(ANNA, first_name="", last_name="", locale="", time_zone=None)
    anna = await remember(database, clock, profile)
    assert (anna.display_name, anna.language, anna.zone) == ("anna", "en", MOSCOW)


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("ru", "ru"),
        ("ru-RU", "ru"),
        ("RU_ru", "ru"),
        ("en-AU", "en"),
        ("de", "ru"),
        ("", "ru"),
        ("rue", "ru"),
    ],
)
def test_locales(locale: str, language: str) -> None:
    assert language_of(locale, "ru") == language


@pytest.mark.parametrize("name", [None, "", "Mars/Base", "../../etc/passwd", "Europe", "a\0b", "x" * 5000])
def test_what_is_no_zone_is_none(name: str | None) -> None:
    assert zone_of(name) is None


async def test_preferences_have_a_default_and_are_personal(database: Database, clock: ManualClock) -> None:
    minutes = Preference("reminder.minutes", 15, Plain(int))
    anna = await remember(database, clock, ANNA)
    boris = await remember(database, clock, replace(ANNA, user_id="u2"))
    async with database.transaction() as session:
        assert await minutes.read(session, anna.id) == 15
        await minutes.write(session, anna.id, 5)
        await minutes.write(session, anna.id, 0)
    async with database.reading() as session:
        assert await minutes.read(session, anna.id) == 0
        assert await minutes.read(session, boris.id) == 15


async def test_a_stored_preference_that_means_nothing_today_is_the_default(
    database: Database, clock: ManualClock
) -> None:
    anna = await remember(database, clock, ANNA)
    async with database.transaction() as session:
        await Preference("x", "", Plain(str)).write(session, anna.id, "soon")
        assert await Preference("x", 15, Plain(int)).read(session, anna.id) == 15


async def test_a_preference_of_nobody_is_refused(database: Database) -> None:
    async def write() -> None:
        async with database.transaction() as session:
            await Preference("x", 15, Plain(int)).write(session, 404, 5)

    with pytest.raises(IntegrityError):
        await write()
