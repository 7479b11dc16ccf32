"""Tickets between the first answer and the tracker: what somebody typed outlives dialogs, crashes and dead trackers.

Buttons and dialogs name a draft by number, so they carry nothing of it. Each draft has a name of its own that the
tracker is given with it: one that is tried again after its answer was lost makes no second ticket.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Text, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.kernel.database import Base, BigId, Json, UtcDateTime
from sekretar.kernel.errors import PersonError
from sekretar.kernel.owned import owned
from sekretar.tickets.forms.spec import Answers, Spec, restored, stored
from sekretar.tickets.remarks import Remark

#: How long what was typed is kept.
KEPT = timedelta(days=30)
#: Unfinished ones that are shown.
MOST_SHOWN = 3


class DraftState(StrEnum):
    """How far a draft got."""

    #: It is being filled in.
    OPEN = "open"
    #: The person has said yes; the tracker is being asked.
    CREATING = "creating"
    #: The tracker could not be asked, or did not say what it did; it goes on at the person's word.
    PAUSED = "paused"
    CREATED = "created"
    DISCARDED = "discarded"


class TicketDraft(Base):
    """A ticket that somebody is filling in."""

    __tablename__ = "ticket_drafts"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("people.id", ondelete="CASCADE"), index=True)
    #: The name of the tracker in the settings.
    tracker: Mapped[str] = mapped_column(Text)
    #: The name of the intention that the tracker is given; the number alone would come again in another database.
    unique: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, index=True)
    #: The `Spec` that the answers belong to.
    spec: Mapped[dict[str, Any]] = mapped_column(Json)
    answers: Mapped[dict[str, Any]] = mapped_column(Json)
    #: Whether a person has answered anything; what was only opened is not called unfinished.
    typed: Mapped[bool] = mapped_column(default=False)
    #: Ends the description: the address of the message it was made of, and what of that did not fit the form.
    appendix: Mapped[str] = mapped_column(Text)
    #: The message whose files go along; empty for none.
    post_id: Mapped[str] = mapped_column(Text)
    #: How often the person has said yes.
    attempts: Mapped[int] = mapped_column(default=0)
    #: Why it is paused, as `Remark`.
    remark: Mapped[list[Any] | None] = mapped_column(Json)
    ticket_key: Mapped[str] = mapped_column(Text, default="")
    link: Mapped[str] = mapped_column(Text, default="")
    #: When the tracker began to be asked.
    begun_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

    @property
    def asked(self) -> Spec:
        return restored(self.spec)

    @property
    def reason(self) -> Remark | None:
        return Remark(*self.remark) if self.remark else None


async def add(
    session: AsyncSession,
    person_id: int,
    spec: Spec,
    answers: Answers,
    now: datetime,
    *,
    appendix: str = "",
    post_id: str = "",
) -> int:
    """Keep a draft; returns its number. Old ones of everybody are forgotten on the occasion."""
    await session.execute(delete(TicketDraft).where(TicketDraft.created_at < now - KEPT))
    draft = TicketDraft(
        person_id=person_id,
        tracker=spec.tracker,
        unique=f"sekretar-{secrets.token_hex(8)}",
        state=DraftState.OPEN,
        spec=stored(spec),
        answers=dict(answers),
        appendix=appendix,
        post_id=post_id,
        created_at=now,
    )
    session.add(draft)
    await session.flush()
    return draft.id


async def of_person(
    session: AsyncSession, person_id: int, number: object, *, for_update: bool = False
) -> TicketDraft:
    """The draft of this number; a click may bring anything.

    Raises:
        PersonError: `tickets.new.gone`, this person has no such draft (any more).
    """
    draft = await owned(session, TicketDraft, person_id, number, for_update=for_update)
    if draft is None:
        raise PersonError("tickets.new.gone")
    return draft


def must_be_unfinished(draft: TicketDraft) -> None:
    """Raises PersonError: something became of the draft that keeps it from being changed."""
    if draft.state not in (DraftState.OPEN, DraftState.PAUSED):
        raise PersonError(f"tickets.new.is_{draft.state}")


async def unfinished(session: AsyncSession, person_id: int) -> list[TicketDraft]:
    """What somebody has typed and nothing has come of, the newest first."""
    query = select(TicketDraft).where(
        TicketDraft.person_id == person_id,
        TicketDraft.typed,
        TicketDraft.state.in_((DraftState.OPEN, DraftState.PAUSED)),
    )
    return list(await session.scalars(query.order_by(TicketDraft.id.desc()).limit(MOST_SHOWN)))


def keep_answers(draft: TicketDraft, answers: Mapping[str, str | bool], spec: Spec | None = None) -> None:
    """Note what was answered, over what had been; with a `spec`, to its questions from now on."""
    draft.answers = {**draft.answers, **answers}
    draft.typed = True
    if spec is not None:
        draft.spec = stored(spec)


def keep_reason(draft: TicketDraft, reason: Remark | None) -> None:
    """Note why it is paused; None when it is not."""
    draft.remark = [reason.key, dict(reason.params)] if reason else None
