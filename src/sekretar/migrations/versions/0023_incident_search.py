"""Incidents by what is known of them: indexes of their lists, and the words in them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BYTEWISE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

FILTERED = ("type_id", "responsible_id", "contractor_id", "unread")


def upgrade() -> None:
    op.drop_index("ix_dispatch_incidents_desk_opened_at_id", "dispatch_incidents")
    op.drop_index("ix_dispatch_incidents_desk_status_opened_at_id", "dispatch_incidents")
    by_time = ["desk", "opened_at", "id", *FILTERED, "status"]
    by_status = ["desk", "status", "opened_at", "id", *FILTERED]
    op.create_index("ix_dispatch_incidents_by_time", "dispatch_incidents", by_time)
    op.create_index("ix_dispatch_incidents_by_status", "dispatch_incidents", by_status)
    op.create_index(None, "dispatch_incidents", ["desk", "updated_at", "id"])
    if op.get_context().dialect.name == "postgresql":
        op.alter_column("dispatch_incidents", "code", type_=BYTEWISE)
    op.create_table(
        "dispatch_incident_words",
        sa.Column("word", BYTEWISE, primary_key=True),
        sa.Column(
            "incident_id",
            BIG_ID,
            sa.ForeignKey("dispatch_incidents.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
            index=True,
        ),
        sqlite_with_rowid=False,
    )
