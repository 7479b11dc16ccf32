"""The mirror of incidents in a tracker: tickets, how far the tracker was read, who is who there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0028"
down_revision = "0027"

MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "dispatch_mirrors",
        sa.Column(
            "incident_id",
            BIG_ID,
            sa.ForeignKey("dispatch_incidents.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("desk", sa.Text(), nullable=False, index=True),
        sa.Column("tracker", sa.Text(), nullable=False),
        sa.Column("key", sa.Text()),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("seen", JSON, nullable=False),
        sa.Column("wrote", JSON, nullable=False),
        sa.Column("tried", JSON, nullable=False),
        sa.Column("told", BIG_ID, nullable=False),
        sa.Column("telling", BIG_ID, nullable=False),
        sa.Column("touched_by", sa.Text(), nullable=False),
        sa.Column("warned", sa.Boolean(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("busy_until", MOMENT),
        sa.Column("due_at", MOMENT, index=True),
        sa.UniqueConstraint("tracker", "key"),
    )
    op.create_table(
        "dispatch_mirror_cursors",
        sa.Column("desk", sa.Text(), primary_key=True),
        sa.Column("tracker", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text()),
        sa.Column("next_at", MOMENT, nullable=False),
        sa.Column("read_at", MOMENT),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("rest_until", MOMENT),
    )
    op.create_table(
        "dispatch_mirror_people",
        sa.Column("tracker", sa.Text(), primary_key=True),
        sa.Column("member_id", sa.Text(), primary_key=True),
        sa.Column(
            "person_id", BIG_ID, sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True
        ),
        sa.Column("found_at", MOMENT, nullable=False),
    )
