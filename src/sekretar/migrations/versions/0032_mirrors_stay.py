"""Tickets stay in the project that they were made in, and what they showed belongs to the fields it was read from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0032"
down_revision = "0031"

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("dispatch_mirrors", sa.Column("project", sa.Text(), nullable=False, server_default=""))
    op.add_column("dispatch_mirrors", sa.Column("fields", JSON, nullable=False, server_default="{}"))
    op.create_table(
        "dispatch_mirror_former",
        sa.Column("desk", sa.Text(), primary_key=True),
        sa.Column("project", sa.Text(), primary_key=True),
        sa.Column("cursor", sa.Text()),
    )
    # Until now they were all where the desk reads.
    op.execute(
        "UPDATE dispatch_mirrors SET project = (SELECT project FROM dispatch_mirror_cursors"
        " WHERE dispatch_mirror_cursors.desk = dispatch_mirrors.desk"
        " AND dispatch_mirror_cursors.tracker = dispatch_mirrors.tracker)"
        " WHERE key IS NOT NULL AND EXISTS (SELECT 1 FROM dispatch_mirror_cursors"
        " WHERE dispatch_mirror_cursors.desk = dispatch_mirrors.desk"
        " AND dispatch_mirror_cursors.tracker = dispatch_mirrors.tracker)"
    )
