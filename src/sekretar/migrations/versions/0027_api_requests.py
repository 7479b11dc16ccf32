"""Requests of other programs that have a key, and the incidents that they made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "dispatch_api_requests",
        sa.Column(
            "token_id",
            BIG_ID,
            sa.ForeignKey("dispatch_tokens.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("incident_id", BIG_ID),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, index=True),
    )
