"""How an account comes and goes: checked against its server, stored encrypted, deleted without a trace.

Nothing is stored that the server has not accepted. What can go wrong is told at the field it belongs to, because
*wrong password*, *no such server* and *not a calendar server* are three different things to do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars.accounts import own_addresses
from sekretar.calendars.caldav import (
    CalDavClient,
    Credentials,
    Discovered,
    NotAnAddress,
    Provider,
    Reason,
    RemoteCalendar,
    discover,
    list_calendars,
    profile_of,
)
from sekretar.calendars.digest import schedule as digest
from sekretar.calendars.keys import account_prefix, digest_prefix, offers_prefix, refresh_prefix
from sekretar.calendars.model import AccountState, Calendar, CalendarAccount, CalendarObject, MorningDigest
from sekretar.calendars.presence import status
from sekretar.kernel import outbox
from sekretar.kernel.database import wake_after_commit
from sekretar.kernel.errors import (
    AddressNotAllowed,
    PeerDown,
    PeerError,
    PeerForbidden,
    PeerRefused,
    PersonError,
)
from sekretar.kernel.http import HttpSessions
from sekretar.kernel.people import PersonRow
from sekretar.kernel.secrets import Vault
from sekretar.mattermost import sent

#: The job that reads calendars.
SYNC = "calendars.sync"


@dataclass(frozen=True)
class Application:
    """What a person gave to connect an account."""

    provider: Provider
    address: str
    login: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Admitted:
    """The server let us in, and this is what it has."""

    discovered: Discovered
    calendars: tuple[RemoteCalendar, ...]


class Rejected(Exception):
    """The application failed; `problem` belongs to the form field `field` ("" for the form as a whole)."""

    def __init__(self, field_name: str, problem: PersonError) -> None:
        super().__init__(problem.key)
        self.field = field_name
        self.problem = problem


async def apply(http: HttpSessions, application: Application) -> Admitted:
    """Ask the server whether it accepts the login, and what calendars there are.

    Raises:
        Rejected: it does not, or cannot be asked.
    """
    if not await _is_protected(http, application):
        raise Rejected("address", PersonError("calendars.connect.unprotected"))
    session = http.typed
    credentials = Credentials(application.login, application.password)
    try:
        discovered = await discover(session, application.provider, application.address, credentials)
        client = CalDavClient(session, discovered.home_url, credentials, profile=discovered.profile)
        calendars = await list_calendars(client, discovered.home_url)
    except PeerError as error:
        raise _rejected(error, application.provider) from error
    if not calendars:
        raise Rejected("", PersonError("calendars.connect.no_calendars"))
    return Admitted(discovered, tuple(calendars))


async def _is_protected(http: HttpSessions, application: Application) -> bool:
    """Whether the password travels encrypted, or within a network that the administrator answers for."""
    if not application.provider.asks_url:
        return True
    try:
        plain = urlsplit(application.address).scheme.lower() == "http"
    except ValueError:
        return True
    return not plain or await http.is_listed(application.address)


#: What to say about a failure, the first row that fits; troubles of the address belong to its field.
_PROBLEMS: tuple[tuple[Callable[[PeerError], bool], str, str], ...] = (
    (lambda error: isinstance(error, PeerRefused), "password", "wrong_password"),
    (lambda error: isinstance(error, PeerForbidden), "password", "forbidden"),
    (lambda error: isinstance(error, AddressNotAllowed), "address", "inside"),
    (lambda error: getattr(error, "reason", None) is Reason.NAME, "address", "unreachable_name"),
    (
        lambda error: getattr(error, "reason", None) is Reason.CERTIFICATE,
        "address",
        "unreachable_certificate",
    ),
    (lambda error: isinstance(error, PeerDown), "address", "unreachable"),
    (lambda error: isinstance(error, NotAnAddress), "address", "bad_address"),
    (lambda error: True, "address", "not_caldav"),
)


def _rejected(error: PeerError, provider: Provider) -> Rejected:
    at, problem = next((at, problem) for fits, at, problem in _PROBLEMS if fits(error))
    shown_at = "" if at == "address" and not provider.asks_url else at
    return Rejected(shown_at, PersonError(f"calendars.connect.{problem}"))


async def admit(
    session: AsyncSession,
    vault: Vault,
    person_id: int,
    application: Application,
    admitted: Admitted,
    now: datetime,
) -> tuple[CalendarAccount, bool]:
    """Store the account, or give one that is known already its new password.

    Returns:
        The account, and whether it is new.
    """
    found = admitted.discovered
    addresses = await _addresses(session, person_id, found)
    account = await session.scalar(
        select(CalendarAccount).where(
            CalendarAccount.person_id == person_id,
            CalendarAccount.home_url == found.home_url,
            func.lower(CalendarAccount.login) == application.login.lower(),
        )
    )
    new = account is None
    if account is None:
        account = CalendarAccount(
            person_id=person_id,
            provider=application.provider.id,
            address=application.address,
            profile=found.profile.name,
            login=application.login,
            home_url=found.home_url,
            addresses=addresses,
            created_at=now,
            synced_at=None,
            listed_at=now,
        )
        session.add(account)
    else:
        await own_addresses.hear(session, account.id, addresses, now)
    account.password = vault.encrypt(application.password)
    account.state, account.trouble = AccountState.ACTIVE, ""
    account.failures = account.refusals = 0
    account.next_sync_at = now
    account.calm_answer = ""
    await session.flush()
    if new:
        session.add_all(stored_calendar(account, each) for each in admitted.calendars)
    wake_after_commit(session, SYNC)
    wake_after_commit(session, digest.TASK)
    return account, new


async def _addresses(session: AsyncSession, person_id: int, found: Discovered) -> list[str]:
    """What the server calls the person, and their address in Mattermost: many servers know only a login."""
    email = await session.scalar(select(PersonRow.email).where(PersonRow.id == person_id))
    return list(dict.fromkeys([*found.addresses, *([email.lower()] if email else [])]))


def stored_calendar(account: CalendarAccount, remote: RemoteCalendar) -> Calendar:
    """A calendar that was found on the server, shown until the person decides otherwise."""
    return Calendar(
        account_id=account.id,
        href=remote.href,
        name=remote.name,
        colour=remote.colour or "",
        chosen=True,
        writable=remote.writable is not False,
        # Events that make nobody busy are no meetings to be in either.
        shows_presence=not remote.transparent,
        takes_time=not remote.transparent,
        trust=int(profile_of(account.profile).trust),
    )


def differing(stored: Calendar, remote: RemoteCalendar) -> dict[str, object]:
    """What the server says otherwise of a calendar than is stored. What it does not say stays as it is."""
    said = {"name": remote.name, "colour": remote.colour or "", "writable": remote.writable}
    return {
        name: value for name, value in said.items() if value is not None and value != getattr(stored, name)
    }


async def accounts_of(session: AsyncSession, person_id: int) -> Sequence[CalendarAccount]:
    """A person's accounts, oldest first."""
    query = select(CalendarAccount).where(CalendarAccount.person_id == person_id)
    return (await session.scalars(query.order_by(CalendarAccount.id))).all()


async def account_of(session: AsyncSession, person_id: int, account_id: object) -> CalendarAccount | None:
    """One account, if it is this person's; the id may be anything that a click brought along."""
    if not isinstance(account_id, int):
        return None
    query = select(CalendarAccount).where(
        CalendarAccount.id == account_id, CalendarAccount.person_id == person_id
    )
    return (await session.scalars(query)).one_or_none()


async def known_account(session: AsyncSession, person_id: int, account_id: object) -> CalendarAccount:
    """The same, for whoever cannot go on without it.

    Raises:
        PersonError: `calendars.disconnect.gone`.
    """
    account = await account_of(session, person_id, account_id)
    if account is None:
        raise PersonError("calendars.disconnect.gone")
    return account


async def calendars_of(session: AsyncSession, account_id: int) -> Sequence[Calendar]:
    """The calendars of an account, as the server ordered them."""
    query = select(Calendar).where(Calendar.account_id == account_id)
    return (await session.scalars(query.order_by(Calendar.id))).all()


async def choose(
    session: AsyncSession, account: CalendarAccount, chosen: frozenset[int], now: datetime
) -> int:
    """Show exactly these calendars of the account.

    One that is no longer wanted is emptied; one that is wanted again is read anew, and announces nothing.

    Returns:
        How many are shown.
    """
    # A look under way stores nothing more from here on, or is waited for.
    query = select(Calendar).where(Calendar.account_id == account.id).order_by(Calendar.id)
    calendars = (await session.scalars(query.with_for_update())).all()
    for calendar in calendars:
        wanted = calendar.id in chosen
        if calendar.chosen and not wanted:
            await _empty(session, calendar)
        calendar.chosen = wanted
    account.next_sync_at = now
    account.calm_answer = ""
    wake_after_commit(session, SYNC)
    wake_after_commit(session, status.TASK)
    return sum(calendar.chosen for calendar in calendars)


async def _empty(session: AsyncSession, calendar: Calendar) -> None:
    await session.execute(delete(CalendarObject).where(CalendarObject.calendar_id == calendar.id))
    calendar.ctag = calendar.sync_token = None
    calendar.verified_at = calendar.loaded_at = None


async def disconnect(session: AsyncSession, account: CalendarAccount) -> None:
    """Delete everything of the account: the password, the meetings, and what was still to be said of them."""
    # First, because both wait for everyone who is just about to say something of the account.
    await session.get(MorningDigest, account.person_id, with_for_update=True)
    await session.execute(delete(CalendarAccount).where(CalendarAccount.id == account.id))
    personal = (prefix(account.person_id) for prefix in (digest_prefix, offers_prefix, refresh_prefix))
    for prefix in (account_prefix(account.id), *personal):
        await outbox.forget(session, prefix)
        await sent.forget(session, prefix)
    wake_after_commit(session, status.TASK)


async def wake_accounts(session: AsyncSession, person_id: int, now: datetime) -> None:
    """Look at a person's accounts now: somebody who was away is back."""
    theirs = update(CalendarAccount).where(CalendarAccount.person_id == person_id)
    await session.execute(theirs.values(next_sync_at=now))
    wake_after_commit(session, SYNC)
    wake_after_commit(session, status.TASK)


async def has_accounts(session: AsyncSession, person_id: int) -> bool:
    query = select(func.count()).where(CalendarAccount.person_id == person_id)
    return bool(await session.scalar(query))
