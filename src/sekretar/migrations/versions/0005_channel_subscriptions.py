"""Channels that show somebody's calendar: what they want to hear of it, and the reminders that are due there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"

MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "channel_subscriptions",
        sa.Column("id", BIG_ID, primary_key=True),
        _belongs_to("calendar_id", "calendars.id"),
        _belongs_to("person_id", "people.id"),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("digest_at", sa.Text(), nullable=False),
        sa.Column("every_day", sa.Boolean(), nullable=False),
        sa.Column("digest_always", sa.Boolean(), nullable=False),
        sa.Column("reminders", JSON, nullable=False),
        sa.Column("changes", sa.Boolean(), nullable=False),
        sa.Column("titles", sa.Boolean(), nullable=False),
        sa.Column("next_digest_at", MOMENT, nullable=True, index=True),
        sa.Column("digest_day", sa.Date(), nullable=True),
        sa.Column("paused", sa.Text(), nullable=False),
        sa.Column("looked_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.UniqueConstraint("channel_id", "calendar_id"),
        sa.Index(None, "calendar_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "channel_reminders",
        sa.Column("id", BIG_ID, primary_key=True),
        _belongs_to("subscription_id", "channel_subscriptions.id"),
        _belongs_to("occurrence_id", "occurrences.id"),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("given_at", MOMENT, nullable=True),
        sa.UniqueConstraint("subscription_id", "occurrence_id", "minutes"),
        sa.Index(None, "occurrence_id"),
        sa.Index(None, "given_at", "due_at"),
    )


def _belongs_to(name: str, target: str) -> sa.Column[int]:
    return sa.Column(name, BIG_ID, sa.ForeignKey(target, ondelete="CASCADE"), nullable=False)
