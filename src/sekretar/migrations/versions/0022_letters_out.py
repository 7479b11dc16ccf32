"""Letters out: what became of each, their templates, and the counters of automatic letters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

MOMENT = sa.DateTime(timezone=True)
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _letter() -> sa.Column[int]:
    return sa.Column(
        "letter_id",
        BIG_ID,
        sa.ForeignKey("dispatch_letters.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )


def upgrade() -> None:
    op.create_table(
        "dispatch_outgoing",
        _letter(),
        sa.Column(
            "incident_id",
            BIG_ID,
            sa.ForeignKey("dispatch_incidents.id", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        sa.Column("key", sa.Text(), nullable=False, unique=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("voice", sa.Text(), nullable=False),
        sa.Column("mailbox", sa.Text(), nullable=False),
        sa.Column("awaited_in", sa.Text(), nullable=False),
        sa.Column("fate", sa.Text(), nullable=False, index=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("gives_up_at", MOMENT, nullable=False),
        sa.Column("settled_at", MOMENT),
        sa.Column("copied_at", MOMENT),
    )
    op.create_table(
        "dispatch_recipients",
        _letter(),
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("is_copy", sa.Boolean(), nullable=False),
        sa.Column("fate", sa.Text(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
    )
    op.create_index(None, "dispatch_recipients", ["key", "changed_at"])
    op.create_table(
        "dispatch_templates",
        sa.Column("desk", sa.Text(), primary_key=True),
        sa.Column("purpose", sa.Text(), primary_key=True),
        sa.Column("language", sa.Text(), primary_key=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
    )
    op.create_table(
        "dispatch_counter_resets",
        sa.Column("desk", sa.Text(), primary_key=True),
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("reset_at", MOMENT, nullable=False),
    )
