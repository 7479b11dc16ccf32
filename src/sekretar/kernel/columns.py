"""Column types that mean the same on SQLite and on PostgreSQL.

SQLite stores no time zone and PostgreSQL answers in the zone of the session, so a moment read back could be
naive, local or UTC. The types here settle that at the border of the database: what goes in and comes out is
always an aware `datetime` in UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, MetaData, Text
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator, TypeEngine

#: How constraints and indexes are called when nobody names them, in models and in migrations alike.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class JsonType(TypeDecorator[Any]):
    """JSON, binary on PostgreSQL, whose many drivers are loaded only by who has it."""

    impl = JSON
    cache_ok = True
    hashable = False

    def __init__(self, *, none_as_null: bool) -> None:
        super().__init__(none_as_null=none_as_null)
        self.none_as_null = none_as_null
        # As of the type behind: None is a value of its own unless it is NULL.
        self.should_evaluate_none = not none_as_null

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name != "postgresql":
            return super().load_dialect_impl(dialect)
        from sqlalchemy.dialects.postgresql import JSONB

        return dialect.type_descriptor(JSONB(none_as_null=self.none_as_null))


#: A JSON value; binary on PostgreSQL.
Json = JsonType(none_as_null=False)

#: The same where there may be no value at all: None is NULL, not the JSON null.
NullableJson = JsonType(none_as_null=True)

#: A 64-bit key that counts up by itself; SQLite does so only for its own INTEGER, which has 64 bits anyway.
BigId = BigInteger().with_variant(Integer(), "sqlite")


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware in, aware UTC out. A naive datetime is a `ValueError`, never a guess."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a moment without a time zone cannot be stored: {value!r}")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Secret(TypeDecorator[str]):
    """Text that a `Vault` has encrypted. The type marks the column: rotating the keys walks all of them."""

    impl = Text()
    cache_ok = True


class Base(DeclarativeBase):
    """The one metadata of the product.

    `str` is unlimited text, `datetime` is `UtcDateTime`, `dict` is `Json`.
    """

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - the name and the form are SQLAlchemy's
        str: Text(),
        datetime: UtcDateTime(),
        dict[str, Any]: Json,
    }
