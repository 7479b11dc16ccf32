"""The first character of each word by which an incident is found is a word of its own."""

from __future__ import annotations

from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.execute(
        "INSERT INTO dispatch_incident_words (word, incident_id)"
        " SELECT DISTINCT substr(word, 1, 1), incident_id FROM dispatch_incident_words"
        # SQLite cannot tell ON CONFLICT from a join behind a SELECT without a WHERE.
        " WHERE true ON CONFLICT DO NOTHING"
    )
