"""Assignments that were given in meetings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0015"
down_revision = "0014"

MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("ticket_batches", sa.Column("minutes_id", BIG_ID))
    op.create_table(
        "ticket_meetings",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("person_id", BIG_ID, _belongs_to("people"), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False, index=True),
        sa.Column("recurrence_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("others", JSON, nullable=False),
        sa.Column("offered_at", MOMENT, index=True),
        sa.Column("created_at", MOMENT, nullable=False, index=True),
        sa.UniqueConstraint("person_id", "uid", "recurrence_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "ticket_minutes",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("meeting_id", BIG_ID, _belongs_to("ticket_meetings"), nullable=False, index=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("told_at", MOMENT),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "ticket_assignments",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("minutes_id", BIG_ID, _belongs_to("ticket_minutes"), nullable=False),
        sa.Column("tracker", sa.Text(), nullable=False),
        sa.Column("ticket_key", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("due", sa.Date()),
        sa.Column("closed", sa.Boolean(), nullable=False, index=True),
        sa.Column("current", JSON),
        sa.Column("checked_at", MOMENT, nullable=False),
        sa.UniqueConstraint("minutes_id", "tracker", "ticket_key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "ticket_assignment_people",
        sa.Column(
            "assignment_id", BIG_ID, _belongs_to("ticket_assignments"), primary_key=True, autoincrement=False
        ),
        sa.Column(
            "person_id", BIG_ID, _belongs_to("people"), primary_key=True, autoincrement=False, index=True
        ),
    )


def _belongs_to(table: str) -> sa.ForeignKey:
    return sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
