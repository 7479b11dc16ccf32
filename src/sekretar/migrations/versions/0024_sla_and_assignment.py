"""SLA clocks, calendars, and the people of the desks with their shifts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0024"
down_revision = "0023"

MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _clocks()
    _people()
    _assignments()


def _clocks() -> None:
    op.create_table(
        "dispatch_sla_clocks",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("incident_id", BIG_ID, _belongs_to("dispatch_incidents"), nullable=False),
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("allowance", sa.Integer()),
        sa.Column("segments", JSON, nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("stopped_at", MOMENT),
        sa.Column("deadline", MOMENT),
        sa.Column("soon_at", MOMENT),
        sa.Column("remaining", sa.Integer()),
        sa.Column("breached_at", MOMENT),
        sa.Column("due_at", MOMENT, index=True),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.UniqueConstraint("incident_id", "kind"),
        sqlite_autoincrement=True,
    )
    op.create_index(None, "dispatch_sla_clocks", ["desk", "stopped_at"])
    op.create_table(
        "dispatch_sla_marks",
        sa.Column(
            "clock_id", BIG_ID, _belongs_to("dispatch_sla_clocks"), primary_key=True, autoincrement=False
        ),
        sa.Column("step", sa.Text(), primary_key=True),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("fired_at", MOMENT, nullable=False),
        sa.Column("settled_at", MOMENT),
    )
    op.create_table(
        "dispatch_calendar_days",
        sa.Column("desk", sa.Text(), primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("openings", JSON, nullable=False),
    )


def _people() -> None:
    op.create_table(
        "dispatch_members",
        sa.Column("desk", sa.Text(), primary_key=True),
        sa.Column(
            "person_id", BIG_ID, _belongs_to("people"), primary_key=True, autoincrement=False, index=True
        ),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("most", sa.Integer()),
        sa.Column("zone", sa.Text()),
        sa.Column("last_at", MOMENT),
    )
    op.create_table(
        "dispatch_shifts",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("person_id", BIG_ID, _belongs_to("people"), nullable=False, index=True),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("every", sa.Integer(), nullable=False),
        sa.Column("last", sa.Date()),
        sa.Column("opening", sa.Text(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index(None, "dispatch_shifts", ["desk", "person_id"])
    op.create_table(
        "dispatch_shift_exceptions",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("person_id", BIG_ID, _belongs_to("people"), nullable=False, index=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("begins_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("other_id", BIG_ID, sa.ForeignKey("people.id", ondelete="SET NULL"), index=True),
        sa.Column("note", sa.Text(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index(None, "dispatch_shift_exceptions", ["desk", "ends_at"])


def _assignments() -> None:
    op.create_table(
        "dispatch_queue",
        sa.Column(
            "incident_id", BIG_ID, _belongs_to("dispatch_incidents"), primary_key=True, autoincrement=False
        ),
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
    )
    op.create_index(None, "dispatch_queue", ["desk", "opened_at", "incident_id"])
    op.create_table(
        "dispatch_assignments",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("incident_id", BIG_ID, _belongs_to("dispatch_incidents"), nullable=False, index=True),
        sa.Column("person_id", BIG_ID, sa.ForeignKey("people.id", ondelete="SET NULL"), index=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("candidates", JSON, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "dispatch_pools",
        sa.Column("desk", sa.Text(), primary_key=True),
        sa.Column("alarm", sa.Text(), nullable=False),
        sa.Column("looked_until", MOMENT, nullable=False),
    )


def _belongs_to(table: str) -> sa.ForeignKey:
    return sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
