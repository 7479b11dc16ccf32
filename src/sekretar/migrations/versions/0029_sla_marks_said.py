"""What was said of deadlines lately, and what waits to be said, is found in an index."""

from __future__ import annotations

from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.create_index(op.f("ix_dispatch_sla_marks_settled_at"), "dispatch_sla_marks", ["settled_at"])
