"""The cheap look: most calendars have not changed since a minute ago, and their server's answer has not either.

Whoever has looked at an account and found everything in order leaves behind what the server answered, hashed. As
long as the same request brings the same answer, byte for byte, and nothing about the account or its person has
changed here, there is nothing to read, to compare or to store but the moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars.caldav import CalDavClient, Credentials, Home, profile_of
from sekretar.calendars.model import AccountState, CalendarAccount
from sekretar.kernel.http import HttpSessions
from sekretar.kernel.people import PersonRow
from sekretar.kernel.secrets import Vault


@dataclass(frozen=True, slots=True)
class Calm:
    """What the server answered when everything had been read, and until when that may be believed."""

    answer: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Subject:
    """An account that is due, as far as a glance needs it. `calm`: None when only a full look will do."""

    account_id: int
    home_url: str
    login: str
    password: str = field(repr=False)
    profile: str
    calm: Calm | None

    def stands_for(self, account: CalendarAccount) -> bool:
        """Whether the server would be asked the same in the same name for the account as it is now."""
        known = self.home_url, self.login, self.password, self.profile
        return known == (account.home_url, account.login, account.password, account.profile)


@dataclass(frozen=True, slots=True)
class Unchanged:
    """An account with nothing to store but the moment. `claimed_until` guards against what happened meanwhile."""

    account_id: int
    claimed_until: datetime
    next_sync_at: datetime


@dataclass(frozen=True, slots=True)
class Glance:
    """What a glance has shown. `home`: the answer, which a full look need not ask for again; None when not asked."""

    home: Home | None
    #: A full look can be spared.
    unchanged: bool


@dataclass(frozen=True)
class Glancing:
    """Compares answers."""

    vault: Vault
    http: HttpSessions

    async def glance(self, subject: Subject, now: datetime) -> Glance:
        """Ask the server, if its answer can spare a full look.

        Raises:
            PeerError: the server did not answer.
        """
        if subject.calm is None or now >= subject.calm.until:
            return Glance(None, unchanged=False)
        credentials = Credentials(subject.login, self.vault.decrypt(subject.password))
        client = CalDavClient(
            self.http.typed, subject.home_url, credentials, profile=profile_of(subject.profile)
        )
        home = await client.home(subject.home_url)
        return Glance(home, unchanged=home.digest == subject.calm.answer)


def subjects() -> Select[*tuple[Any, ...]]:
    """The query for subjects; `subject` reads its rows."""
    account = CalendarAccount
    return select(
        account.id,
        account.home_url,
        account.login,
        account.password,
        account.profile,
        account.state,
        account.trouble,
        account.failures,
        account.zone,
        account.calm_answer,
        account.calm_until,
        PersonRow.active,
        PersonRow.chosen_zone,
        PersonRow.time_zone,
    ).join(PersonRow, PersonRow.id == account.person_id)


def subject(row: Row[Any]) -> Subject:
    """One row of `subjects`."""
    healthy = row.active and row.state == AccountState.ACTIVE and not row.trouble and not row.failures
    # A person who has moved to another zone since needs their floating times read anew.
    settled = row.calm_answer and row.calm_until and _zone(row) == row.zone
    calm = Calm(row.calm_answer, row.calm_until) if healthy and settled else None
    return Subject(row.id, row.home_url, row.login, row.password, row.profile, calm)


def _zone(row: Row[Any]) -> str:
    """The zone of the person, as far as it is theirs; one without any has that of the installation."""
    return str(row.chosen_zone or row.time_zone or row.zone)


async def note_unchanged(session: AsyncSession, accounts: Sequence[Unchanged], now: datetime) -> None:
    """Store when these accounts were seen and are due again, all with one statement."""
    account = CalendarAccount
    statement = (
        update(account)
        .where(account.id == bindparam("account"), account.next_sync_at == bindparam("claimed"))
        .values(synced_at=bindparam("seen"), next_sync_at=bindparam("due"))
    )
    values = [
        {"account": each.account_id, "claimed": each.claimed_until, "seen": now, "due": each.next_sync_at}
        for each in accounts
    ]
    # By the connection: a session would want to follow every row into its own memory.
    await (await session.connection()).execute(statement, values)
