"""Numbers of outbox rows are never used again, also after rows were forgotten.

PostgreSQL does that anyway. SQLite gives the highest number that was deleted to the next row, and whoever still
delivers the deleted one would settle another message by it.
"""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        with op.batch_alter_table("outbox", recreate="always", table_kwargs={"sqlite_autoincrement": True}):
            pass
