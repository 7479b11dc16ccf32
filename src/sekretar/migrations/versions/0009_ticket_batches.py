"""Several tickets on their way from the preview to the tracker."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"

MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "ticket_batches",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column(
            "person_id", BIG_ID, sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True
        ),
        sa.Column("tracker", sa.Text(), nullable=False),
        sa.Column("unique", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, index=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("root_id", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("remark", JSON),
        sa.Column("created_at", MOMENT, nullable=False, index=True),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "ticket_batch_rows",
        sa.Column(
            "batch_id", BIG_ID, sa.ForeignKey("ticket_batches.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("row", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ticket_key", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("remark", JSON),
        sa.Column("told_in", sa.Integer(), nullable=False),
    )
