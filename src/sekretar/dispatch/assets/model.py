"""The register of a desk in the database: poles, base stations, their operators, and contractors.

The register is somebody else's: it is read anew every day, and what it no longer has is only marked as gone. So an
incident of last year still shows where it was, and an asset that comes back is the one that it was.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Float, ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.kernel.database import Base, BigId, Json, NullableJson, UtcDateTime

#: Incidents name these by number.
_NEVER_REUSED = {"sqlite_autoincrement": True}


class _Asset:
    """What every entry of the register has."""

    id: Mapped[int] = mapped_column(BigId, primary_key=True, sort_order=-3)
    desk: Mapped[str] = mapped_column(Text, sort_order=-2)
    #: What it is known by, however it is spelled: `spelling.code_key` of a code, `spelling.name_key` of a name.
    key: Mapped[str] = mapped_column(Text, sort_order=-1)
    #: Of what the register said of it: equal means unchanged.
    digest: Mapped[str] = mapped_column(Text)
    gone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ContractorRow(_Asset, Base):
    """Who repairs poles for the owner."""

    __tablename__ = "dispatch_contractors"
    __table_args__ = (UniqueConstraint("desk", "key"), _NEVER_REUSED)

    name: Mapped[str] = mapped_column(Text)
    #: Whether no pole is under contract with it any more.
    excluded: Mapped[bool]
    emails: Mapped[list[str]] = mapped_column(Json)
    phones: Mapped[list[str]] = mapped_column(Json)


class PoleRow(_Asset, Base):
    """A pole that carries base stations."""

    __tablename__ = "dispatch_poles"
    __table_args__ = (UniqueConstraint("desk", "key"), _NEVER_REUSED)

    #: As the register writes it, such as `41960-P-43-1-1`.
    code: Mapped[str] = mapped_column(Text)
    #: The register's own number of the site; empty where it has none.
    site: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    #: In degrees.
    latitude: Mapped[float | None] = mapped_column(Float)
    longitude: Mapped[float | None] = mapped_column(Float)
    #: In metres.
    height: Mapped[float | None] = mapped_column(Float)
    region: Mapped[str] = mapped_column(Text)
    region_ru: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    #: Whose pole it is.
    company: Mapped[str] = mapped_column(Text)
    anchor_operator: Mapped[str] = mapped_column(Text)
    contractor_id: Mapped[int | None] = mapped_column(
        BigId, ForeignKey("dispatch_contractors.id", ondelete="SET NULL"), index=True
    )
    #: Whether the contract with that contractor no longer covers this pole.
    excluded: Mapped[bool]


class OperatorRow(Base):
    """A mobile operator."""

    __tablename__ = "dispatch_operators"
    __table_args__ = (UniqueConstraint("desk", "key"), _NEVER_REUSED)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    desk: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    group: Mapped[str] = mapped_column("group_name", Text)


class StationRow(_Asset, Base):
    """A base station on one pole; one of the same name on another pole is a row of its own."""

    __tablename__ = "dispatch_stations"
    __table_args__ = (UniqueConstraint("desk", "pole_id", "key"), _NEVER_REUSED)

    name: Mapped[str] = mapped_column(Text)
    pole_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("dispatch_poles.id", ondelete="CASCADE"), index=True
    )


class StationOperatorRow(Base):
    """An operator uses a base station."""

    __tablename__ = "dispatch_station_operators"

    station_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("dispatch_stations.id", ondelete="CASCADE"), primary_key=True
    )
    operator_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("dispatch_operators.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class RegistryRow(Base):
    """The register of a desk as a whole."""

    __tablename__ = "dispatch_registries"

    desk: Mapped[str] = mapped_column(Text, primary_key=True)
    #: Counts up with every change of poles, stations or contractors: whoever has read them knows when to read again.
    version: Mapped[int] = mapped_column(BigId)
    next_at: Mapped[datetime] = mapped_column(UtcDateTime)


class FeedRow(Base):
    """How one list of the register fares."""

    __tablename__ = "dispatch_feeds"

    desk: Mapped[str] = mapped_column(Text, primary_key=True)
    #: A `values.Feed`.
    feed: Mapped[str] = mapped_column(Text, primary_key=True)
    tried_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: When it was last taken over; None before the first time.
    imported_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: Failures since then.
    failures: Mapped[int]
    #: Why it is in trouble, a key of the catalogue; empty while it is not.
    trouble: Mapped[str] = mapped_column(Text)
    trouble_params: Mapped[dict[str, Any]] = mapped_column(Json)
    trouble_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: What came of the last time that it was taken over, as `report.stored` writes it.
    report: Mapped[dict[str, Any] | None] = mapped_column(NullableJson)
