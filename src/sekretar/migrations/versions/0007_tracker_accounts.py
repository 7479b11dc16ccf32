"""Who people are in the trackers, and where their tickets go by default."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

MOMENT = sa.DateTime(timezone=True)
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "tracker_accounts",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("person_id", BIG_ID, sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
        sa.Column("tracker", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key", sa.Text()),
        sa.Column("refused_at", MOMENT),
        sa.Column("linked_at", MOMENT, nullable=False),
        sa.UniqueConstraint("person_id", "tracker"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tracker_accounts_member", "tracker_accounts", ["tracker", "member_id"])
    op.create_table(
        "tracker_defaults",
        sa.Column("scope", sa.Text(), primary_key=True),
        sa.Column("owner", sa.Text(), primary_key=True),
        sa.Column("tracker", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("set_at", MOMENT, nullable=False),
    )
