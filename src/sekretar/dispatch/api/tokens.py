"""Tokens by which programs use the API.

A token is shown once, when it is made. Only its SHA-256 is stored: a token is 256 random bits, so nobody guesses one
from its hash, and whoever reads the database cannot use the API.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import Text, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.kernel.database import Base, BigId, Json, UtcDateTime

#: What tokens begin with, so that scanners for leaked secrets know one.
PREFIX: Final = "sekretar_"
#: How exactly it is known when a token was used last.
USE_NOTED_EVERY: Final = timedelta(hours=1)

_LONGEST = 200


class Scope(StrEnum):
    """What a token is good for."""

    READ = "read"
    #: Reading too.
    WRITE = "write"


class TokenRow(Base):
    """A token that was made, whether it still works or not."""

    __tablename__ = "dispatch_tokens"
    # The history of incidents and stored requests name tokens.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - the name and the form are SQLAlchemy's

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(Text, unique=True)
    scope: Mapped[str] = mapped_column(Text)
    #: Names of desks; empty for all.
    desks: Mapped[list[str]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


@dataclass(frozen=True)
class TokenDraft:
    """A token as the administrator wants it. `desks` empty: all; `expires_at` None: never."""

    name: str
    scope: Scope = Scope.READ
    desks: frozenset[str] = frozenset()
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Token:
    """A token without its text."""

    id: int
    name: str
    scope: Scope
    desks: frozenset[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    #: Within the last `USE_NOTED_EVERY` of this moment it was used last; None for never.
    used_at: datetime | None

    def works(self, now: datetime) -> bool:
        """Whether it is still honoured."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def may_write(self) -> bool:
        """Whether incidents may be made and changed with it."""
        return self.scope is Scope.WRITE

    def opens(self, desk: str) -> bool:
        """Whether it is good for this desk."""
        return not self.desks or desk in self.desks


async def create(session: AsyncSession, draft: TokenDraft, now: datetime) -> tuple[Token, str]:
    """Make a token; returned with its text, which nobody can read again."""
    text = PREFIX + secrets.token_urlsafe(32)
    row = TokenRow(
        name=draft.name,
        digest=_digest(text),
        scope=draft.scope,
        desks=sorted(draft.desks),
        created_at=now,
        expires_at=draft.expires_at,
    )
    session.add(row)
    await session.flush()
    return _token(row), text


async def listing(session: AsyncSession) -> list[Token]:
    """All tokens that were ever made, the oldest first."""
    return [_token(row) for row in await session.scalars(select(TokenRow).order_by(TokenRow.id))]


async def revoke(session: AsyncSession, token_id: int, now: datetime) -> bool:
    """Let a token work no more; False when there is no such token. Once revoked, it keeps its moment."""
    ended = update(TokenRow).where(TokenRow.id == token_id)
    ended = ended.values(revoked_at=func.coalesce(TokenRow.revoked_at, now)).returning(TokenRow.id)
    return await session.scalar(ended) is not None


async def find(session: AsyncSession, text: str, now: datetime) -> Token | None:
    """The token with this text, if it is honoured."""
    if not text.startswith(PREFIX) or len(text) > _LONGEST:
        return None
    row = await session.scalar(select(TokenRow).where(TokenRow.digest == _digest(text)))
    token = _token(row) if row else None
    return token if token and token.works(now) else None


async def note_use(session: AsyncSession, token_id: int, now: datetime) -> None:
    """Remember that it was used."""
    await session.execute(update(TokenRow).where(TokenRow.id == token_id).values(used_at=now))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _token(row: TokenRow) -> Token:
    return Token(
        id=row.id,
        name=row.name,
        scope=Scope(row.scope),
        desks=frozenset(row.desks),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        used_at=row.used_at,
    )
