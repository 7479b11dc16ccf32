"""Lists of the lately changed incidents are found in an index alone, too."""

from __future__ import annotations

from alembic import op

revision = "0033"
down_revision = "0032"

FILTERED = ("type_id", "responsible_id", "contractor_id", "unread")


def upgrade() -> None:
    op.drop_index("ix_dispatch_incidents_desk_updated_at_id", "dispatch_incidents")
    by_change = ["desk", "updated_at", "id", *FILTERED, "status", "opened_at"]
    op.create_index("ix_dispatch_incidents_by_change", "dispatch_incidents", by_change)
