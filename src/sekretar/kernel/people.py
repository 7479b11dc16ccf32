"""Who Sekretar talks to: a person is a user of one Mattermost server.

The pair (server, user id) never changes; the name does, and a name given up by one user may be taken by
another. So nothing is ever looked up by name here. Language and time zone come from the profile in
Mattermost; what a person chose in Sekretar wins over it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, Protocol, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import ForeignKey, UniqueConstraint, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.kernel.database import Base, BigId, Json, insert_into

T = TypeVar("T")

#: The languages that Sekretar speaks.
LANGUAGES: Final = ("en", "ru")


class PersonRow(Base):
    """What is known of a user; kept when the user is deactivated, because others refer to it."""

    __tablename__ = "people"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    server: Mapped[str]
    user_id: Mapped[str]
    username: Mapped[str]
    display_name: Mapped[str]
    email: Mapped[str]
    locale: Mapped[str]
    time_zone: Mapped[str | None]
    chosen_language: Mapped[str | None]
    chosen_zone: Mapped[str | None]
    active: Mapped[bool]
    first_seen_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("server", "user_id"),)


class PreferenceRow(Base):
    """One setting of one person."""

    __tablename__ = "preferences"

    person_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("people.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(Json)


@dataclass(frozen=True)
class Profile:
    """A user as Mattermost describes them."""

    user_id: str
    username: str
    first_name: str
    last_name: str
    #: As Mattermost writes it: `ru`, `en-AU`, or empty.
    locale: str
    #: The name of an IANA zone; None when the profile says nothing.
    time_zone: str | None
    #: False once the account is deactivated or deleted.
    active: bool
    email: str

    @property
    def display_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.username


@dataclass(frozen=True)
class Person:
    """A person with everything settled: language and zone can be used as they are."""

    id: int
    server: str
    user_id: str
    username: str
    display_name: str
    language: str
    zone: ZoneInfo
    active: bool


class People:
    """The people of one Mattermost server."""

    def __init__(self, server: str, default_language: str, default_zone: ZoneInfo) -> None:
        self._server = server
        self._default_language = default_language
        self._default_zone = default_zone

    async def remember(self, session: AsyncSession, profile: Profile, now: datetime) -> Person:
        """Store what Mattermost says of a user; a user known already keeps the id and what they chose here."""
        known = {
            "username": profile.username,
            "display_name": profile.display_name,
            "email": profile.email,
            "locale": profile.locale,
            "time_zone": profile.time_zone,
            "active": profile.active,
            "updated_at": now,
        }
        statement = (
            insert_into(session, PersonRow)
            .values(server=self._server, user_id=profile.user_id, first_seen_at=now, **known)
            .on_conflict_do_update(index_elements=[PersonRow.server, PersonRow.user_id], set_=known)
            .returning(PersonRow)
        )
        row = (await session.scalars(statement, execution_options={"populate_existing": True})).one()
        return self._person(row)

    async def by_id(self, session: AsyncSession, person_id: int) -> Person | None:
        """The person with our own id; None when there is none on this server."""
        return await self._one(session, PersonRow.id == person_id)

    async def by_ids(self, session: AsyncSession, person_ids: Collection[int]) -> dict[int, Person]:
        """Those of these people who are on this server, by our own id; a few hundred at most."""
        statement = select(PersonRow).where(PersonRow.server == self._server, PersonRow.id.in_(person_ids))
        return {row.id: self._person(row) for row in await session.scalars(statement)}

    async def by_user_id(self, session: AsyncSession, user_id: str) -> Person | None:
        """The person behind a Mattermost user id; None when never seen."""
        return await self._one(session, PersonRow.user_id == user_id)

    async def active(self, session: AsyncSession) -> list[Person]:
        """Everyone who is not deactivated, by id."""
        statement = select(PersonRow).where(PersonRow.server == self._server, PersonRow.active)
        return [self._person(row) for row in await session.scalars(statement.order_by(PersonRow.id))]

    async def deactivate(self, session: AsyncSession, user_id: str, now: datetime) -> None:
        """Mark a user whom Mattermost deactivated or deleted; everything about them stays."""
        await self._change(session, PersonRow.user_id == user_id, active=False, updated_at=now)

    async def set_language(self, session: AsyncSession, person_id: int, language: str | None) -> None:
        """Choose the language, or with None follow the profile again.

        Unknown languages are a `ValueError`.
        """
        if language is not None and language not in LANGUAGES:
            raise ValueError(f"Sekretar does not speak {language!r}")
        await self._change(session, PersonRow.id == person_id, chosen_language=language)

    async def set_zone(self, session: AsyncSession, person_id: int, zone: ZoneInfo | None) -> None:
        """Choose the time zone, or with None follow the profile again."""
        await self._change(session, PersonRow.id == person_id, chosen_zone=zone.key if zone else None)

    async def _one(self, session: AsyncSession, condition: Any) -> Person | None:
        statement = select(PersonRow).where(PersonRow.server == self._server, condition)
        row = (await session.scalars(statement)).one_or_none()
        return self._person(row) if row else None

    async def _change(self, session: AsyncSession, condition: Any, **values: object) -> None:
        await session.execute(
            update(PersonRow).where(PersonRow.server == self._server, condition).values(**values)
        )

    def _person(self, row: PersonRow) -> Person:
        return Person(
            id=row.id,
            server=row.server,
            user_id=row.user_id,
            username=row.username,
            display_name=row.display_name,
            language=row.chosen_language or language_of(row.locale, self._default_language),
            zone=zone_of(row.chosen_zone) or zone_of(row.time_zone) or self._default_zone,
            active=row.active,
        )


def language_of(locale: str, default: str) -> str:
    """The language for a locale such as `ru`, `en-AU` or `pt_BR`; the default where we do not speak it."""
    language = locale.replace("_", "-").split("-")[0].lower()
    return language if language in LANGUAGES else default


def zone_of(name: str | None) -> ZoneInfo | None:
    """The zone of that name; None when there is no such zone here."""
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # ValueError and OSError: names that are no names (`../x`, a directory, a NUL, too long a path).
        return None


class Codec(Protocol[T]):
    """How a preference's value becomes JSON and back; `decode` refuses with `ValueError`."""

    def encode(self, value: T) -> Any: ...

    def decode(self, stored: Any) -> T: ...


class Plain(Generic[T]):
    """The codec of values that are JSON already, of one Python type."""

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind

    def encode(self, value: T) -> Any:
        return value

    def decode(self, stored: Any) -> T:
        # `type(...) is`: True is an int for isinstance, and a switch is no number.
        if type(stored) is not self._kind:
            raise ValueError(f"not a {self._kind.__name__}: {stored!r}")
        return stored


class Preference(Generic[T]):
    """A setting that each person may have: its name, what holds until they choose, how it is stored."""

    def __init__(self, name: str, default: T, codec: Codec[T]) -> None:
        self.name = name
        self.default = default
        self._codec = codec

    async def read(self, session: AsyncSession, person_id: int) -> T:
        """What the person chose; the default when nothing was, or when what is stored means nothing today."""
        stored = (
            await session.execute(
                select(PreferenceRow.value).where(
                    PreferenceRow.person_id == person_id, PreferenceRow.name == self.name
                )
            )
        ).one_or_none()
        if stored is None:
            return self.default
        try:
            return self._codec.decode(stored.value)
        except ValueError:
            return self.default

    async def write(self, session: AsyncSession, person_id: int, value: T) -> None:
        """Store the choice. The person must exist."""
        encoded = self._codec.encode(value)
        await session.execute(
            insert_into(session, PreferenceRow)
            .values(person_id=person_id, name=self.name, value=encoded)
            .on_conflict_do_update(
                index_elements=[PreferenceRow.person_id, PreferenceRow.name], set_={"value": encoded}
            )
        )
