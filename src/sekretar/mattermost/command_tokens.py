"""The tokens by which slash commands prove to come from our Mattermost.

Mattermost gives every command of every team a token of its own and sends it with each call; nothing else
vouches for a call. A call is looked up by the hash of its token, so that finding it takes no time that
depends on how much of a guess was right; the token itself is kept, encrypted, for the administrator's
tools.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.kernel.database import Base, BigId, Secret
from sekretar.kernel.secrets import Vault


class CommandTokenRow(Base):
    """The token of one command in one team."""

    __tablename__ = "command_tokens"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    team_id: Mapped[str]
    command_id: Mapped[str]
    trigger: Mapped[str]
    token: Mapped[str] = mapped_column(Secret)
    token_hash: Mapped[str] = mapped_column(index=True)
    created_at: Mapped[datetime]


@dataclass(frozen=True)
class CommandToken:
    """What is known of a command that Mattermost may call; the token itself stays here."""

    team_id: str
    #: Empty when an administrator gave us the token by hand.
    command_id: str
    trigger: str
    created_at: datetime


async def save(
    session: AsyncSession,
    vault: Vault,
    *,
    team_id: str,
    command_id: str,
    trigger: str,
    token: str,
    now: datetime,
) -> None:
    """Remember the token of a command. Saving it again, or the command's new token, replaces what was
    there.
    """
    await session.execute(
        delete(CommandTokenRow).where(
            CommandTokenRow.token_hash == _hash(token)
            if not command_id
            else (CommandTokenRow.command_id == command_id) | (CommandTokenRow.token_hash == _hash(token))
        )
    )
    session.add(
        CommandTokenRow(
            team_id=team_id,
            command_id=command_id,
            trigger=trigger,
            token=vault.encrypt(token),
            token_hash=_hash(token),
            created_at=now,
        )
    )
    await session.flush()


async def known(session: AsyncSession, token: object, trigger: str) -> bool:
    """Whether this token belongs to a command with this trigger, in any team."""
    if not isinstance(token, str) or not token:
        return False
    hashed = _hash(token)
    stored = await session.scalars(
        select(CommandTokenRow.token_hash)
        .where(CommandTokenRow.token_hash == hashed, CommandTokenRow.trigger == trigger)
        .limit(1)
    )
    return hmac.compare_digest(stored.first() or "", hashed)


async def listed(session: AsyncSession) -> list[CommandToken]:
    """All commands that Mattermost may call, by team and trigger."""
    rows = await session.scalars(
        select(CommandTokenRow).order_by(CommandTokenRow.team_id, CommandTokenRow.trigger, CommandTokenRow.id)
    )
    return [CommandToken(row.team_id, row.command_id, row.trigger, row.created_at) for row in rows]


async def forget(session: AsyncSession, command_id: str) -> None:
    """Remove the token of a command that no longer exists."""
    await session.execute(delete(CommandTokenRow).where(CommandTokenRow.command_id == command_id))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
