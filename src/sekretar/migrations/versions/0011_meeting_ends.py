"""Which ends of meetings were told to other features, and whether a calendar takes part in that."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

MOMENT = sa.DateTime(timezone=True)
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column(
        "calendars", sa.Column("follows_up", sa.Boolean(), nullable=False, server_default=sa.true())
    )
    op.create_index("ix_occurrences_ends_at_id", "occurrences", ["ends_at", "id"])
    person = sa.ForeignKey("people.id", ondelete="CASCADE")
    op.create_table(
        "ended_meetings",
        sa.Column("person_id", BIG_ID, person, primary_key=True, autoincrement=False),
        sa.Column("uid", sa.Text(), primary_key=True),
        sa.Column("recurrence_id", sa.Text(), primary_key=True),
        sa.Column("told_at", MOMENT, nullable=False, index=True),
    )
    op.create_table(
        "meeting_ends_told",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("occurrence_id", BIG_ID, nullable=False),
    )
