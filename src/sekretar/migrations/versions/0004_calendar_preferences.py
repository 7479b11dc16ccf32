"""What people choose about calendars: digests, alarms of events, reminders put off, times without disturbance."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"

MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("occurrences", sa.Column("alarms", JSON, nullable=False, server_default="[]"))
    op.add_column("reminders", sa.Column("snoozed", sa.Boolean(), nullable=False, server_default=sa.false()))
    # An account whose zone is not known is read anew from what is stored, and so finds the alarms.
    op.execute("UPDATE calendar_accounts SET zone = ''")
    op.create_table(
        "digests",
        _person(),
        sa.Column("next_at", MOMENT, nullable=True, index=True),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("introduced", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "quiet_times",
        _person(),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("earlier", sa.Text(), nullable=False),
        sa.Column("yielded", sa.Boolean(), nullable=False),
    )


def _person() -> sa.Column[int]:
    return sa.Column("person_id", BIG_ID, sa.ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
