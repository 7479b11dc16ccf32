"""One ticket on its way from the form to the tracker."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0013"
down_revision = "0012"

MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "ticket_drafts",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column(
            "person_id", BIG_ID, sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True
        ),
        sa.Column("tracker", sa.Text(), nullable=False),
        sa.Column("unique", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, index=True),
        sa.Column("spec", JSON, nullable=False),
        sa.Column("answers", JSON, nullable=False),
        sa.Column("typed", sa.Boolean(), nullable=False),
        sa.Column("appendix", sa.Text(), nullable=False),
        sa.Column("post_id", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("remark", JSON),
        sa.Column("ticket_key", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("begun_at", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False, index=True),
        sqlite_autoincrement=True,
    )
