"""What people want of each of their calendars, which of them can be written to, and looks that were asked for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

MOMENT = sa.DateTime(timezone=True)
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

#: With what holds for the calendars that are there already.
SWITCHES = {
    "writable": sa.true(),
    "reminds": sa.true(),
    "in_digest": sa.true(),
    "tells": sa.true(),
    "shows_presence": sa.true(),
    "takes_time": sa.true(),
    "preferred": sa.false(),
}


def upgrade() -> None:
    for name, holds in SWITCHES.items():
        op.add_column("calendars", sa.Column(name, sa.Boolean(), nullable=False, server_default=holds))
    op.add_column("calendar_accounts", sa.Column("listed_at", MOMENT))
    account = sa.ForeignKey("calendar_accounts.id", ondelete="CASCADE")
    op.create_table(
        "calendar_refreshes",
        sa.Column("account_id", BIG_ID, account, primary_key=True, autoincrement=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("done_at", MOMENT),
        sa.Column("told_at", MOMENT),
    )
