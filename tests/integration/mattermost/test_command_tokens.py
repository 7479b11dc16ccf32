"""The tokens of slash commands: known, unknown, replaced."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.secrets import Vault
from sekretar.mattermost import command_tokens
from sekretar.mattermost.command_tokens import CommandTokenRow


async def save(database: Database, vault: Vault, clock: ManualClock, **fields: str) -> None:
    values = {"team_id": "t1", "command_id": "c1", "trigger": "calendar", "token": "secret"} | fields
    async with database.transaction() as session:
        await command_tokens.save(session, vault, now=clock.now(), **values)


async def known(database: Database, token: object, trigger: str) -> bool:
    async with database.reading() as session:
        return await command_tokens.known(session, token, trigger)


async def test_a_token_is_good_for_its_trigger(database: Database, vault: Vault, clock: ManualClock) -> None:
    await save(database, vault, clock)
    assert await known(database, "secret", "calendar")
    assert not await known(database, "secret", "task")
    assert not await known(database, "secret2", "calendar")


@pytest.mark.parametrize("token", [None, "", 5, ["secret"], "секрет", "\ud800"])
async def test_what_is_no_token_is_not_known(database: Database, token: object) -> None:
    assert not await known(database, token, "calendar")


async def test_each_team_has_its_own_and_both_are_listed(
    database: Database, vault: Vault, clock: ManualClock
) -> None:
    await save(database, vault, clock)
    await save(database, vault, clock, team_id="t2", command_id="c2", token="other")
    assert await known(database, "secret", "calendar")
    assert await known(database, "other", "calendar")
    async with database.reading() as session:
        listed = await command_tokens.listed(session)
    assert [(one.team_id, one.command_id, one.trigger) for one in listed] == [
        ("t1", "c1", "calendar"),
        ("t2", "c2", "calendar"),
    ]


async def test_a_new_token_of_a_command_replaces_the_old_one(
    database: Database, vault: Vault, clock: ManualClock
) -> None:
    await save(database, vault, clock)
    await save(database, vault, clock, token="renewed")
    assert not await known(database, "secret", "calendar")
    assert await known(database, "renewed", "calendar")


async def test_tokens_given_by_hand_stand_side_by_side(
    database: Database, vault: Vault, clock: ManualClock
) -> None:
    await save(database, vault, clock, command_id="", token="one")
    await save(database, vault, clock, command_id="", token="two")
    await save(database, vault, clock, command_id="", token="two")
    assert await known(database, "one", "calendar")
    async with database.reading() as session:
        assert len(await command_tokens.listed(session)) == 2


async def test_a_command_that_is_gone_is_forgotten(
    database: Database, vault: Vault, clock: ManualClock
) -> None:
    await save(database, vault, clock)
    async with database.transaction() as session:
        await command_tokens.forget(session, "c1")
    assert not await known(database, "secret", "calendar")


async def test_the_token_itself_is_not_readable_in_the_database(
    database: Database, vault: Vault, clock: ManualClock
) -> None:
    await save(database, vault, clock)
    async with database.reading() as session:
        row = (await session.scalars(select(CommandTokenRow))).one()
    assert "secret" not in row.token
    assert vault.decrypt(row.token) == "secret"
