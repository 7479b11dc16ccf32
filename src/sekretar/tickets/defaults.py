"""Where tickets go that name no project: as the channel says, else the person, the team, the only tracker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Text, delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.kernel.database import Base, UtcDateTime, insert_into
from sekretar.trackers.port import TrackerSite


class Scope(StrEnum):
    """For whom a default holds; the narrower one wins, in this order."""

    CHANNEL = "channel"
    PERSON = "person"
    TEAM = "team"


class TrackerDefault(Base):
    """Where tickets go that name no project."""

    __tablename__ = "tracker_defaults"

    scope: Mapped[str] = mapped_column(Text, primary_key=True)
    #: Mattermost's id of the channel or team; our id of the person.
    owner: Mapped[str] = mapped_column(Text, primary_key=True)
    tracker: Mapped[str] = mapped_column(Text)
    #: The key of a project or queue; empty for none.
    project: Mapped[str] = mapped_column(Text)
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True)
class Where:
    """Where something is said: our id of the person, Mattermost's ids of channel and team (empty for none)."""

    person_id: int
    channel_id: str = ""
    team_id: str = ""

    def owner(self, scope: Scope) -> str:
        """Whose default of this scope it would be; empty for nobody's."""
        owners = {
            Scope.CHANNEL: self.channel_id,
            Scope.PERSON: str(self.person_id),
            Scope.TEAM: self.team_id,
        }
        return owners[scope]


@dataclass(frozen=True)
class Default:
    """A tracker, and the key of a project there (empty for none). `scope` is None when nobody has said it."""

    tracker: str
    project: str = ""
    scope: Scope | None = None


async def default_for(
    session: AsyncSession, where: Where, sites: Mapping[str, TrackerSite]
) -> Default | None:
    """What holds here; None when there are several trackers and nobody has said which."""
    known = await defaults_of(session, where, sites)
    if known:
        return known[0]
    return Default(next(iter(sites))) if len(sites) == 1 else None


async def defaults_of(
    session: AsyncSession, where: Where, sites: Mapping[str, TrackerSite]
) -> tuple[Default, ...]:
    """What was said for this channel, person and team, what wins first."""
    owners = [(scope.value, owner) for scope in Scope if (owner := where.owner(scope))]
    key = tuple_(TrackerDefault.scope, TrackerDefault.owner)
    stored = (await session.scalars(select(TrackerDefault).where(key.in_(owners)))).all()
    known = {row.scope: row for row in stored if row.tracker in sites}
    rows = [row for scope in Scope if (row := known.get(scope)) is not None]
    return tuple(Default(row.tracker, row.project, Scope(row.scope)) for row in rows)


async def set_default(
    session: AsyncSession, scope: Scope, owner: str, default: Default, now: datetime
) -> None:
    """From now on tickets go there."""
    values = {"tracker": default.tracker, "project": default.project, "set_at": now}
    statement = insert_into(session, TrackerDefault).values(scope=scope.value, owner=owner, **values)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[TrackerDefault.scope, TrackerDefault.owner], set_=values
        )
    )


async def clear_default(session: AsyncSession, scope: Scope, owner: str) -> None:
    """Nothing holds for this scope any more."""
    await session.execute(
        delete(TrackerDefault).where(TrackerDefault.scope == scope.value, TrackerDefault.owner == owner)
    )
