"""What the administrators of the desks were told of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "dispatch_troubles",
        sa.Column("desk", sa.Text(), primary_key=True),
        sa.Column("subject", sa.Text(), primary_key=True),
        sa.Column("sort", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("told_at", MOMENT),
        sa.Column("said", sa.Integer(), nullable=False),
        sa.Column("clear_since", MOMENT),
        sa.Column("over_at", MOMENT),
        sa.Column("returns", sa.Integer(), nullable=False),
    )
