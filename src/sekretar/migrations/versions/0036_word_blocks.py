"""Frequent words of past incidents by the block."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BYTEWISE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "dispatch_word_blocks",
        sa.Column("word", BYTEWISE, primary_key=True),
        sa.Column("first", BIG_ID, primary_key=True, autoincrement=False, index=True),
        sa.Column("marks", sa.LargeBinary, nullable=False),
    )
