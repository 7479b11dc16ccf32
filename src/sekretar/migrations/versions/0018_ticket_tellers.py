"""Who tells somebody of a new ticket, so that two never do."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column("ticket_told", sa.Column("teller", sa.Text(), nullable=False, server_default=""))
