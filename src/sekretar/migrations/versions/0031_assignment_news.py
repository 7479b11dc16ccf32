"""What people are told of incidents that changed hands may wait, to be told together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "dispatch_assignment_news",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("incident_id", BIG_ID, _belongs_to("dispatch_incidents"), nullable=False, index=True),
        sa.Column("person_id", BIG_ID, _belongs_to("people"), nullable=False, index=True),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("other_id", BIG_ID, sa.ForeignKey("people.id", ondelete="SET NULL"), index=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("told_at", MOMENT),
        sqlite_autoincrement=True,
    )
    op.create_index(None, "dispatch_assignment_news", ["desk", "told_at"])


def _belongs_to(table: str) -> sa.ForeignKey:
    return sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
