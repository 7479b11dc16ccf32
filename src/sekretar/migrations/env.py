"""What Alembic runs around the steps: on the connection and in the transaction that `Database.migrate`
opened.
"""

from __future__ import annotations

from alembic import context
from sqlalchemy import MetaData

from sekretar.kernel.columns import NAMING

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=MetaData(naming_convention=NAMING),
    render_as_batch=True,
)

with context.begin_transaction():
    context.run_migrations()
