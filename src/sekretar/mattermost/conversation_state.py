"""Forms that are being filled in step by step, one for each person, kept in the database.

Every change names the prompt it answers and happens only if that prompt is still the current one: of two quick
clicks, or two processes, exactly one goes through.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, ForeignKey, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.kernel.database import Base, BigId, Json, Secret
from sekretar.kernel.secrets import Vault
from sekretar.mattermost.chat import Record
from sekretar.mattermost.questions import Value

_SENDING = ":sending"


class ConversationRow(Base):
    """A form that somebody is filling in."""

    __tablename__ = "conversations"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("people.id", ondelete="CASCADE"), unique=True)
    form_id: Mapped[str]
    record: Mapped[dict[str, Any]] = mapped_column(Json)
    answers: Mapped[dict[str, Any]] = mapped_column(Json)
    secret_answers: Mapped[str | None] = mapped_column(Secret)
    step: Mapped[int]
    #: The channel the first typed answer came from; empty until then.
    channel_id: Mapped[str]
    #: The key of the current prompt; new with every step and never used again.
    prompt_key: Mapped[str]
    started_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    revision: Mapped[int]


@dataclass(frozen=True)
class Talk:
    """The same as a value. `last_post` is the post that was understood last: it is not an answer twice."""

    person_id: int
    form_id: str
    record: Record
    prompt_key: str
    started_at: datetime
    updated_at: datetime
    step: int = 0
    answers: Mapping[str, Value] = field(default_factory=dict)
    sealed: str | None = None
    channel_id: str = ""
    last_post: str = ""
    revision: int = 0

    @classmethod
    def begin(cls, person_id: int, form_id: str, record: Record, now: datetime) -> Talk:
        """A form at its first question."""
        key = f"conversation:{secrets.token_hex(8)}:0"
        return cls(person_id, form_id, dict(record), key, started_at=now, updated_at=now)

    @property
    def sending(self) -> bool:
        """All is answered and the form is being submitted; nothing is asked meanwhile."""
        return self.prompt_key.endswith(_SENDING)

    @property
    def root(self) -> str:
        """What the prompts of this conversation, and of no other, have in common."""
        return self.prompt_key.removesuffix(_SENDING).rpartition(":")[0]

    def at(self, step: int, *, sending: bool = False) -> Talk:
        """The same conversation at another step, under a new prompt."""
        key = f"{self.root}:{self.revision + 1}{_SENDING if sending else ''}"
        return replace(self, step=step, revision=self.revision + 1, prompt_key=key)

    def with_answer(self, name: str, value: Value) -> Talk:
        return replace(self, answers={**self.answers, name: value})

    def with_secret(self, name: str, value: str, vault: Vault) -> Talk:
        """Keep a secret answer, encrypted."""
        kept = self.secrets(vault) | {name: value}
        return replace(self, sealed=vault.encrypt(json.dumps(kept)))

    def secrets(self, vault: Vault) -> dict[str, str]:
        """The secret answers.

        Raises:
            SecretUnreadable: they were encrypted with a key that is gone.
        """
        found: dict[str, str] = json.loads(vault.decrypt(self.sealed)) if self.sealed else {}
        return found


async def current(session: AsyncSession, person_id: int) -> Talk | None:
    """What the person is filling in."""
    row = await session.scalar(select(ConversationRow).where(ConversationRow.person_id == person_id))
    return _talk(row) if row else None


async def begin(session: AsyncSession, talk: Talk) -> None:
    """Store a new conversation in place of whatever the person had."""
    await session.execute(delete(ConversationRow).where(ConversationRow.person_id == talk.person_id))
    session.add(ConversationRow(person_id=talk.person_id, started_at=talk.started_at, **_columns(talk)))
    await session.flush()


async def move(session: AsyncSession, prompt_key: str, talk: Talk, now: datetime) -> bool:
    """Store the next state if the prompt is still the current one."""
    values = _columns(replace(talk, updated_at=now))
    changed = await session.execute(
        update(ConversationRow)
        .where(ConversationRow.person_id == talk.person_id, ConversationRow.prompt_key == prompt_key)
        .values(**values)
    )
    return cast("CursorResult[Any]", changed).rowcount == 1


async def end(session: AsyncSession, person_id: int, prompt_key: str) -> bool:
    """Forget the conversation with all its answers if the prompt is still the current one."""
    gone = await session.execute(
        delete(ConversationRow).where(
            ConversationRow.person_id == person_id, ConversationRow.prompt_key == prompt_key
        )
    )
    return cast("CursorResult[Any]", gone).rowcount == 1


async def idle_since(session: AsyncSession, moment: datetime) -> list[Talk]:
    """The conversations in which nothing has happened since the moment."""
    rows = await session.scalars(
        select(ConversationRow).where(ConversationRow.updated_at <= moment).order_by(ConversationRow.id)
    )
    return [_talk(row) for row in rows]


def _columns(talk: Talk) -> dict[str, Any]:
    return {
        "form_id": talk.form_id,
        "record": dict(talk.record),
        "answers": {"values": dict(talk.answers), "last_post": talk.last_post},
        "secret_answers": talk.sealed,
        "step": talk.step,
        "channel_id": talk.channel_id,
        "prompt_key": talk.prompt_key,
        "updated_at": talk.updated_at,
        "revision": talk.revision,
    }


def _talk(row: ConversationRow) -> Talk:
    return Talk(
        person_id=row.person_id,
        form_id=row.form_id,
        record=row.record,
        prompt_key=row.prompt_key,
        started_at=row.started_at,
        updated_at=row.updated_at,
        step=row.step,
        answers=row.answers.get("values", {}),
        sealed=row.secret_answers,
        channel_id=row.channel_id,
        last_post=row.answers.get("last_post", ""),
        revision=row.revision,
    )
