"""The vault: passwords and tokens of people, encrypted before they reach the database.

There is one list of keys, newest first. The newest encrypts, all of them decrypt, so that keys can be changed
without a pause: put a new key in front, rotate, take the old key away. A wrong key is found at the start, by a
known word in the database, and is an error: making a new key silently would lose every secret at once.

Signing keys (`signing.py`) are derived from the same list, so there is only one thing to keep.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, cast

import structlog
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Column, CursorResult, Table, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.kernel.database import Base, Database, Secret, insert_into
from sekretar.kernel.errors import ConfigurationError, SekretarError

_log = structlog.get_logger(__name__)

#: How many rows one transaction of `rotate` reads: few enough that nobody waits for it.
BATCH = 200

_WORD = "sekretar"
_MAKE_ONE = "Make a key with `sekretar keys generate` and put it into SEKRETAR_KEYS."


class SecretUnreadable(SekretarError):
    """None of the keys decrypts this secret: it was encrypted with another key, or is damaged."""


class Vault:
    """Encrypts and decrypts with a list of keys.

    Args:
        keys: Keys as `generate_key` makes them, the newest first.

    Raises:
        ConfigurationError: there is no key, or one of them is none. Keys are never quoted.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        texts = [key.strip() for key in keys if key.strip()]
        if not texts:
            raise ConfigurationError("There is no encryption key.", _MAKE_ONE)
        self._raw = tuple(_key_bytes(text, number) for number, text in enumerate(texts, 1))
        fernets = [Fernet(base64.urlsafe_b64encode(raw)) for raw in self._raw]
        self._newest = fernets[0]
        self._all = MultiFernet(fernets)

    def __repr__(self) -> str:
        return f"<Vault with {len(self._raw)} keys>"

    def encrypt(self, secret: str) -> str:
        """The secret as text for a `Secret` column."""
        return self._all.encrypt(secret.encode()).decode()

    def decrypt(self, ciphertext: str) -> str:
        """The secret behind the text of a `Secret` column.

        Raises:
            SecretUnreadable: no key fits.
        """
        try:
            return self._all.decrypt(ciphertext.encode()).decode()
        except (InvalidToken, UnicodeError):
            raise SecretUnreadable("a stored secret cannot be decrypted with the given keys") from None

    def is_current(self, ciphertext: str) -> bool:
        """Whether the newest key has encrypted this."""
        try:
            self._newest.decrypt(ciphertext.encode())
        except (InvalidToken, UnicodeError):
            return False
        return True

    def derive(self, purpose: str) -> list[bytes]:
        """Keys of 32 bytes for another purpose, one for each key of the vault, the newest first.

        HKDF (RFC 5869) with the purpose as its context: keys of different purposes tell nothing of each other.
        """
        context = b"sekretar/" + purpose.encode()
        return [HKDF(algorithm=SHA256(), length=32, salt=None, info=context).derive(raw) for raw in self._raw]


def generate_key() -> str:
    """A new key, as text for the settings."""
    return Fernet.generate_key().decode()


def _key_bytes(text: str, number: int) -> bytes:
    try:
        raw = base64.b64decode(text, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 32:
        raise ConfigurationError(f"Encryption key number {number} is not a key.", _MAKE_ONE)
    return raw


class VaultCheck(Base):
    """One row with a known word: the proof that the keys belong to this database."""

    __tablename__ = "vault_check"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ciphertext: Mapped[str] = mapped_column(Secret)


async def verify(database: Database, vault: Vault) -> None:
    """Make sure that the keys belong to this database; the first start ties them together.

    Raises:
        ConfigurationError: they do not.
    """
    async with database.transaction() as session:
        first = insert_into(session, VaultCheck).values(id=1, ciphertext=vault.encrypt(_WORD))
        await session.execute(first.on_conflict_do_nothing())
    await check(database, vault)


async def check(database: Database, vault: Vault) -> None:
    """The same without tying: a database that no key was used with yet fits every key.

    Raises:
        ConfigurationError: the keys do not belong to this database.
    """
    async with database.reading() as session:
        stored = await session.scalar(select(VaultCheck.ciphertext).where(VaultCheck.id == 1))
    require_fit(vault, stored)


def require_fit(vault: Vault, stored: str | None) -> None:
    """Make sure that the keys belong to what is stored as the known word; None fits every key.

    Raises:
        ConfigurationError: they do not.
    """
    try:
        fits = stored is None or vault.decrypt(stored) == _WORD
    except SecretUnreadable:
        fits = False
    if not fits:
        raise ConfigurationError(
            "The encryption keys do not belong to this database.",
            "Put the key that this database was used with back into SEKRETAR_KEYS (behind a newer one, if any); "
            "if it is lost, the stored passwords are too: start with a new database.",
        )


async def rotate(database: Database, vault: Vault) -> int:
    """Encrypt every stored secret with the newest key. All models must have been imported.

    Works in small transactions beside the running product, and may be repeated at any time: what is encrypted
    with the newest key already is left alone. The row of `verify` comes last, so that the old key is asked for
    as long as anything depends on it.

    Returns:
        How many secrets were encrypted anew.

    Raises:
        ConfigurationError: some secrets cannot be read with the given keys; all the others are done.
    """
    done = unreadable = 0
    for table in Base.metadata.sorted_tables:
        columns = [column for column in table.columns if isinstance(column.type, Secret)]
        if columns and table is not VaultCheck.__table__:
            changed, failed = await _rotate_table(database, vault, table, columns)
            done, unreadable = done + changed, unreadable + failed
    if unreadable:
        raise ConfigurationError(
            f"{unreadable} stored secrets cannot be read with the given keys ({done} were encrypted anew).",
            "Add the key they were written with to the end of SEKRETAR_KEYS and rotate again.",
        )
    check = cast(Table, VaultCheck.__table__)
    changed, _ = await _rotate_table(database, vault, check, [check.c.ciphertext])
    return done + changed


async def _rotate_table(
    database: Database, vault: Vault, table: Table, columns: Sequence[Column[Any]]
) -> tuple[int, int]:
    """Walk the table along its primary key; returns how many secrets were changed and how many failed."""
    key = list(table.primary_key.columns)
    filled = or_(*(column.is_not(None) for column in columns))
    page = select(*key, *columns).where(filled).order_by(*key).limit(BATCH)
    after: tuple[Any, ...] | None = None
    changed = failed = 0
    while True:
        async with database.transaction() as session:
            position = page if after is None else page.where(tuple_(*key) > tuple_(*after))
            rows = (await session.execute(position)).all()
            for row in rows:
                identity, secrets = tuple(row[: len(key)]), row[len(key) :]
                for column, secret in zip(columns, secrets, strict=True):
                    done = await _rotate_one(session, vault, column, identity, secret)
                    changed, failed = changed + (done is True), failed + (done is False)
        if len(rows) < BATCH:
            return changed, failed
        after = identity


async def _rotate_one(
    session: AsyncSession, vault: Vault, column: Column[Any], identity: tuple[Any, ...], secret: str | None
) -> bool | None:
    """True when the secret was encrypted anew, False when no key reads it, None when there was nothing to do."""
    if secret is None or vault.is_current(secret):
        return None
    table = column.table
    try:
        renewed = vault.encrypt(vault.decrypt(secret))
    except SecretUnreadable:
        _log.warning("secret.unreadable", table=table.name, column=column.name, row=identity)
        return False
    same_row = [part == value for part, value in zip(table.primary_key.columns, identity, strict=True)]
    # Only what was read is replaced: a secret that was changed meanwhile is newer than ours.
    replace = update(table).where(*same_row, column == secret).values({column: renewed})
    return cast("CursorResult[Any]", await session.execute(replace)).rowcount == 1 or None
