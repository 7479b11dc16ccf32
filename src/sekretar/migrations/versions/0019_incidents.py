"""The incidents of the dispatch desk: numbers, types, history, links."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

MOMENT = sa.DateTime(timezone=True)
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "dispatch_numbers",
        sa.Column("desk", sa.Text(), primary_key=True),
        sa.Column("last", BIG_ID, nullable=False),
    )
    op.create_table(
        "dispatch_types",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.UniqueConstraint("desk", "name"),
        sqlite_autoincrement=True,
    )
    _incidents()
    op.create_table(
        "dispatch_history",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("incident_id", BIG_ID, _of("dispatch_incidents", "CASCADE"), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("actor_id", BIG_ID, _of("people", "SET NULL"), index=True),
        sa.Column("old", sa.Text(), nullable=False),
        sa.Column("new", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Index(None, "incident_id", "id"),
        sqlite_autoincrement=True,
    )
    one, other = _of("dispatch_incidents", "CASCADE"), _of("dispatch_incidents", "CASCADE")
    op.create_table(
        "dispatch_incident_links",
        sa.Column("incident_id", BIG_ID, one, primary_key=True, autoincrement=False),
        sa.Column("other_id", BIG_ID, other, primary_key=True, autoincrement=False, index=True),
        sa.Column("kind", sa.Text(), primary_key=True),
    )


def _incidents() -> None:
    op.create_table(
        "dispatch_incidents",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("number", BIG_ID, nullable=False),
        sa.Column("code", sa.Text(), nullable=False, unique=True),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.Column("type_id", BIG_ID, _of("dispatch_types"), index=True),
        sa.Column("responsible_id", BIG_ID, _of("people", "SET NULL")),
        sa.Column("pole_id", BIG_ID, index=True),
        sa.Column("station_id", BIG_ID, index=True),
        sa.Column("contractor_id", BIG_ID, index=True),
        sa.Column("applicant_name", sa.Text(), nullable=False),
        sa.Column("applicant_address", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("unread", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("merged_into_id", BIG_ID, _of("dispatch_incidents"), index=True),
        sa.UniqueConstraint("desk", "number"),
        sa.Index(None, "desk", "opened_at", "id"),
        sa.Index(None, "desk", "status", "opened_at", "id"),
        sa.Index(None, "responsible_id", "status"),
        sqlite_autoincrement=True,
    )


def _of(table: str, ondelete: str | None = None) -> sa.ForeignKey:
    return sa.ForeignKey(f"{table}.id", ondelete=ondelete)
