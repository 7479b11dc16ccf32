"""Calendars: accounts, calendars, objects, occurrences, reminders, borrowed statuses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"

MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _accounts()
    _calendars()
    _occurrences()
    _due()


def _belongs_to(name: str, target: str, *, index: bool = False) -> sa.Column[int]:
    return sa.Column(name, BIG_ID, sa.ForeignKey(target, ondelete="CASCADE"), nullable=False, index=index)


def _accounts() -> None:
    op.create_table(
        "calendar_accounts",
        sa.Column("id", BIG_ID, primary_key=True),
        _belongs_to("person_id", "people.id"),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("home_url", sa.Text(), nullable=False),
        sa.Column("addresses", JSON, nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.Column("synced_at", MOMENT, nullable=True),
        sa.Column("calm_answer", sa.Text(), nullable=False),
        sa.Column("calm_until", MOMENT, nullable=True),
        sa.Column("next_sync_at", MOMENT, nullable=False, index=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.UniqueConstraint("person_id", "home_url", "login"),
        sqlite_autoincrement=True,
    )


def _calendars() -> None:
    op.create_table(
        "calendars",
        sa.Column("id", BIG_ID, primary_key=True),
        _belongs_to("account_id", "calendar_accounts.id"),
        sa.Column("href", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("colour", sa.Text(), nullable=False),
        sa.Column("chosen", sa.Boolean(), nullable=False),
        sa.Column("ctag", sa.Text(), nullable=True),
        sa.Column("sync_token", sa.Text(), nullable=True),
        sa.Column("trust", sa.Integer(), nullable=False),
        sa.Column("verified_at", MOMENT, nullable=True),
        sa.Column("loaded_at", MOMENT, nullable=True),
        sa.UniqueConstraint("account_id", "href"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "calendar_objects",
        sa.Column("id", BIG_ID, primary_key=True),
        _belongs_to("calendar_id", "calendars.id"),
        sa.Column("href", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("expanded_until", MOMENT, nullable=True, index=True),
        sa.UniqueConstraint("calendar_id", "href"),
        sqlite_autoincrement=True,
    )


def _occurrences() -> None:
    op.create_table(
        "occurrences",
        sa.Column("id", BIG_ID, primary_key=True),
        _belongs_to("object_id", "calendar_objects.id", index=True),
        _belongs_to("calendar_id", "calendars.id", index=True),
        _belongs_to("person_id", "people.id"),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("recurrence_id", sa.Text(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("all_day", sa.Boolean(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("organizer", JSON, nullable=True),
        sa.Column("attendees", JSON, nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.Column("transparent", sa.Boolean(), nullable=False),
        sa.Column("join_url", sa.Text(), nullable=False),
        sa.Column("join_service", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.UniqueConstraint("object_id", "uid", "recurrence_id"),
        sa.Index(None, "person_id", "starts_at", "ends_at"),
    )


def _due() -> None:
    op.create_table(
        "reminders",
        sa.Column("id", BIG_ID, primary_key=True),
        _belongs_to("occurrence_id", "occurrences.id"),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("given_at", MOMENT, nullable=True),
        sa.UniqueConstraint("occurrence_id", "minutes"),
        sa.Index(None, "given_at", "due_at"),
    )
    op.create_table(
        "presences",
        sa.Column("person_id", BIG_ID, sa.ForeignKey("people.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("emoji", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("earlier", JSON, nullable=True),
        sa.Column("yielded", sa.Boolean(), nullable=False),
        sa.Column("applied", sa.Boolean(), nullable=False),
    )
