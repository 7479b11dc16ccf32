"""The vault and the database: the check at the start, and rotation over every secret of the product."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, insert, select, update

from sekretar.kernel import secrets
from sekretar.kernel.database import Base, Database, Secret
from sekretar.kernel.errors import ConfigurationError
from sekretar.kernel.secrets import Vault, VaultCheck, generate_key, rotate, verify

OLD, NEW, FOREIGN = generate_key(), generate_key(), generate_key()

#: Stands for the tables of the features; two columns make its key, as in some of them. It is no table of the
#: product, so it stays out of the product's metadata, which other tests of the same run walk through.
safes = Table(
    "test_safes",
    MetaData(),
    Column("owner", Integer, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("password", Secret, nullable=True),
    Column("token", Secret, nullable=True),
)


@pytest.fixture(autouse=True)
def _other_tables_have_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Features whose models other tests imported have tables that this database may lack."""
    tables = [VaultCheck.__table__, safes]
    monkeypatch.setattr(type(Base.metadata), "sorted_tables", property(lambda self: tables))


async def fill(database: Database, vault: Vault, count: int) -> None:
    async with database.transaction() as session:
        await (await session.connection()).run_sync(safes.create)
        rows = [
            {"owner": n // 3, "name": f"n{n:03}", "password": vault.encrypt(f"p{n}"), "token": None}
            for n in range(count)
        ]
        await session.execute(insert(safes), rows)


async def passwords(database: Database, vault: Vault) -> list[str]:
    async with database.reading() as session:
        stored = (await session.execute(select(safes.c.password).order_by(safes.c.name))).scalars()
        return [vault.decrypt(text) for text in stored]


async def test_the_first_start_ties_keys_and_database(database: Database) -> None:
    await verify(database, Vault([OLD]))
    await verify(database, Vault([OLD]))
    await verify(database, Vault([NEW, OLD]))
    with pytest.raises(ConfigurationError) as caught:
        await verify(database, Vault([FOREIGN]))
    assert "SEKRETAR_KEYS" in caught.value.remedy


async def test_rotation_in_batches(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "BATCH", 4)
    await verify(database, Vault([OLD]))
    await fill(database, Vault([OLD]), 11)
    assert await rotate(database, Vault([NEW, OLD])) == 12
    assert await passwords(database, Vault([NEW])) == [f"p{n}" for n in range(11)]
    await verify(database, Vault([NEW]))
    assert await rotate(database, Vault([NEW, OLD])) == 0


async def test_rotation_goes_on_where_it_stopped(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "BATCH", 4)
    await verify(database, Vault([OLD]))
    await fill(database, Vault([OLD]), 11)
    vault, calls = Vault([NEW, OLD]), 0
    encrypt = vault.encrypt

    def dies_at_the_seventh(secret: str) -> str:
        nonlocal calls
        calls += 1
        if calls == 7:
            raise KeyboardInterrupt
        return encrypt(secret)

    monkeypatch.setattr(vault, "encrypt", dies_at_the_seventh)
    with pytest.raises(KeyboardInterrupt):
        await rotate(database, vault)
    await verify(database, Vault([OLD]))  # the old key is still asked for
    assert await rotate(database, Vault([NEW, OLD])) == 8  # the first batch of four is done
    assert await passwords(database, Vault([NEW])) == [f"p{n}" for n in range(11)]


async def test_what_no_key_reads_is_told_and_left(database: Database) -> None:
    await verify(database, Vault([OLD]))
    await fill(database, Vault([OLD]), 3)
    lost = Vault([FOREIGN]).encrypt("x")
    async with database.transaction() as session:
        await session.execute(update(safes).where(safes.c.name == "n001").values(password=lost))
    with pytest.raises(ConfigurationError, match="1 stored secrets cannot be read"):
        await rotate(database, Vault([NEW, OLD]))
    assert await passwords(database, Vault([NEW, FOREIGN])) == ["p0", "x", "p2"]
    with pytest.raises(ConfigurationError):  # the old key may not be taken away yet
        await verify(database, Vault([NEW]))
    assert await rotate(database, Vault([NEW, OLD, FOREIGN])) == 2
    await verify(database, Vault([NEW]))
