"""How far the trackers were read, what people were told of, and which channels listen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0014"
down_revision = "0013"

MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def person(*, primary_key: bool) -> sa.Column[int]:
    return sa.Column(
        "person_id",
        BIG_ID,
        sa.ForeignKey("people.id", ondelete="CASCADE"),
        nullable=False,
        primary_key=primary_key,
        autoincrement=False,
    )


def upgrade() -> None:
    op.create_table(
        "ticket_cursors",
        sa.Column("tracker", sa.Text(), primary_key=True),
        sa.Column("eyes", sa.Text(), primary_key=True),
        sa.Column("person_id", BIG_ID, sa.ForeignKey("people.id", ondelete="CASCADE")),
        sa.Column("cursor", sa.Text()),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("read_at", MOMENT),
        sa.Column("next_at", MOMENT, nullable=False),
    )
    op.create_table(
        "ticket_told",
        sa.Column("tracker", sa.Text(), primary_key=True),
        sa.Column("ticket_key", sa.Text(), primary_key=True),
        person(primary_key=True),
        sa.Column("at", MOMENT, nullable=False, index=True),
    )
    op.create_table(
        "ticket_mornings",
        person(primary_key=True),
        sa.Column("next_at", MOMENT, nullable=False, index=True),
        sa.Column("last_day", sa.Date()),
    )
    op.create_table(
        "ticket_dues",
        person(primary_key=True),
        sa.Column("tracker", sa.Text(), primary_key=True),
        sa.Column("ticket_key", sa.Text(), primary_key=True),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
    )
    op.create_table(
        "ticket_subscriptions",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("tracker", sa.Text(), nullable=False, index=True),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("project_key", sa.Text(), nullable=False),
        sa.Column("project_name", sa.Text(), nullable=False),
        person(primary_key=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("kinds", JSON, nullable=False),
        sa.Column("paused", sa.Text(), nullable=False),
        sa.Column("looked_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.UniqueConstraint("channel_id", "tracker", "project"),
        sqlite_autoincrement=True,
    )
