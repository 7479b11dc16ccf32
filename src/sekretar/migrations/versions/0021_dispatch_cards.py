"""The posts of incidents, and which letter an event is about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

MOMENT = sa.DateTime(timezone=True)
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("dispatch_history", sa.Column("letter_id", BIG_ID))
    op.create_table(
        "dispatch_cards",
        sa.Column(
            "incident_id",
            BIG_ID,
            sa.ForeignKey("dispatch_incidents.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("told", BIG_ID, nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("due_at", MOMENT, index=True),
    )
