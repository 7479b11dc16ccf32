"""Posts that speak of tickets, and what channels want done about them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0011"

MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "ticket_reference_channels",
        sa.Column("channel_id", sa.Text(), primary_key=True),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("set_at", MOMENT, nullable=False),
    )
    op.create_table(
        "ticket_reference_posts",
        sa.Column("post_id", sa.Text(), primary_key=True),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("person_id", BIG_ID, sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
        sa.Column("said_at", MOMENT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("answered", JSON),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", MOMENT, index=True),
        sa.Column("noted_at", MOMENT, nullable=False, index=True),
        sa.Index(None, "channel_id", "said_at"),
        sa.Index(None, "person_id", "said_at"),
    )
