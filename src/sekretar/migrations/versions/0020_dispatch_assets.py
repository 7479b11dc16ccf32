"""The register of the dispatch desk: poles, base stations, operators, contractors, and how its lists fare."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0020"
down_revision = "0019"

MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def numbers(*names: str) -> list[sa.Column[float]]:
    return [sa.Column(name, sa.Float()) for name in names]


def upgrade() -> None:
    op.create_table(
        "dispatch_contractors",
        sa.Column("id", BIG_ID, primary_key=True),
        *texts("desk", "name", "key"),
        sa.Column("excluded", sa.Boolean(), nullable=False),
        sa.Column("emails", JSON, nullable=False),
        sa.Column("phones", JSON, nullable=False),
        *texts("digest"),
        sa.Column("gone_at", MOMENT),
        sa.UniqueConstraint("desk", "key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "dispatch_poles",
        sa.Column("id", BIG_ID, primary_key=True),
        *texts("desk", "code", "key", "site", "name", "status"),
        *numbers("latitude", "longitude", "height"),
        *texts("region", "region_ru", "address", "company", "anchor_operator"),
        sa.Column(
            "contractor_id",
            BIG_ID,
            sa.ForeignKey("dispatch_contractors.id", ondelete="SET NULL"),
            index=True,
        ),
        sa.Column("excluded", sa.Boolean(), nullable=False),
        *texts("digest"),
        sa.Column("gone_at", MOMENT),
        sa.UniqueConstraint("desk", "key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "dispatch_operators",
        sa.Column("id", BIG_ID, primary_key=True),
        *texts("desk", "name", "key", "group_name"),
        sa.UniqueConstraint("desk", "key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "dispatch_stations",
        sa.Column("id", BIG_ID, primary_key=True),
        *texts("desk", "name", "key"),
        sa.Column(
            "pole_id",
            BIG_ID,
            sa.ForeignKey("dispatch_poles.id", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        *texts("digest"),
        sa.Column("gone_at", MOMENT),
        sa.UniqueConstraint("desk", "pole_id", "key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "dispatch_station_operators",
        sa.Column(
            "station_id",
            BIG_ID,
            sa.ForeignKey("dispatch_stations.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column(
            "operator_id",
            BIG_ID,
            sa.ForeignKey("dispatch_operators.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
            index=True,
        ),
    )
    op.create_table(
        "dispatch_registries",
        sa.Column("desk", sa.Text(), primary_key=True),
        sa.Column("version", BIG_ID, nullable=False),
        sa.Column("next_at", MOMENT, nullable=False),
    )
    op.create_table(
        "dispatch_feeds",
        sa.Column("desk", sa.Text(), primary_key=True),
        sa.Column("feed", sa.Text(), primary_key=True),
        sa.Column("tried_at", MOMENT, nullable=False),
        sa.Column("imported_at", MOMENT),
        sa.Column("failures", sa.Integer(), nullable=False),
        *texts("trouble"),
        sa.Column("trouble_params", JSON, nullable=False),
        sa.Column("trouble_since", MOMENT),
        sa.Column("report", JSON),
    )
