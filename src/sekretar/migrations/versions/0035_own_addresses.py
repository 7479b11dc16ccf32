"""Addresses that people name as their own, and which meetings have to be read again because of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0035"
down_revision = "0034"

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column(
        "calendar_accounts", sa.Column("named_addresses", JSON, nullable=False, server_default="[]")
    )
    account = sa.ForeignKey("calendar_accounts.id", ondelete="CASCADE")
    op.create_table(
        "calendar_changed_addresses",
        sa.Column("account_id", BIG_ID, account, primary_key=True, autoincrement=False),
        sa.Column("addresses", JSON, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
    )
