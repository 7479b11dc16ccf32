"""A ticket that was deleted or is locked may be followed by another one; why a tracker cannot be worked with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.add_column("dispatch_mirrors", sa.Column("replaces", sa.Text(), nullable=False, server_default=""))
    op.add_column(
        "dispatch_mirror_cursors", sa.Column("hindrance", sa.Text(), nullable=False, server_default="")
    )
