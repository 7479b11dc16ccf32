"""Letters of the dispatch desk: raw, understood, where they were found, and how far folders were read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0017"
down_revision = "0016"

MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "dispatch_letters",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("duplicate_of", BIG_ID, _of_letter(), index=True),
        sa.Column("digest", sa.Text()),
        sa.Column("fingerprint", sa.Text()),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sender_name", sa.Text(), nullable=False),
        sa.Column("sender_address", sa.Text(), nullable=False, index=True),
        sa.Column("date", MOMENT),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("fresh", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("facts", JSON, nullable=False),
        sa.Column("incident_id", BIG_ID, index=True),
        sa.Column("threaded_by", sa.Text(), nullable=False),
        sa.Column("undelivered", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.UniqueConstraint("desk", "digest"),
        sa.UniqueConstraint("desk", "fingerprint"),
        sqlite_autoincrement=True,
    )
    op.create_index(None, "dispatch_letters", ["desk", "state", "id"])
    op.create_index(None, "dispatch_letters", ["desk", "message_id"])
    op.create_table(
        "dispatch_raw_letters",
        sa.Column("letter_id", BIG_ID, _of_letter(), primary_key=True, autoincrement=False),
        sa.Column("content", sa.LargeBinary()),
        sa.Column("purged_at", MOMENT, index=True),
    )
    op.create_table(
        "dispatch_letter_ids",
        sa.Column("letter_id", BIG_ID, _of_letter(), primary_key=True, autoincrement=False),
        sa.Column("message_id", sa.Text(), primary_key=True),
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("is_own", sa.Boolean(), nullable=False),
    )
    op.create_index(None, "dispatch_letter_ids", ["desk", "message_id"])
    op.create_table(
        "dispatch_arrivals",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("mailbox", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False),
        sa.Column("uid", sa.BigInteger(), nullable=False),
        sa.Column("letter_id", BIG_ID, _of_letter(), nullable=False, index=True),
        sa.Column("noticed_at", MOMENT, nullable=False),
        sa.UniqueConstraint("mailbox", "folder", "uidvalidity", "uid"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "dispatch_folders",
        sa.Column("mailbox", sa.Text(), primary_key=True),
        sa.Column("folder", sa.Text(), primary_key=True),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False),
        sa.Column("last_uid", sa.BigInteger(), nullable=False),
        sa.Column("known_until", sa.BigInteger(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("read_at", MOMENT, nullable=False),
    )


def _of_letter() -> sa.ForeignKey:
    return sa.ForeignKey("dispatch_letters.id", ondelete="CASCADE")
