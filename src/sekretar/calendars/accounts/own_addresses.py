"""Which addresses a person has: those that their server tells, and further ones that they name themself.

No server tells of an alias of Mail.ru, or of a company's address whose letters are forwarded, and yet invitations
come to them. What a person names finds them among the attendees of what their own account holds, and nowhere else:
nobody is found, asked or told by an address that somebody merely claims (docs/design/calendars.md).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars.booking.people_search import is_address, named
from sekretar.calendars.model import Calendar, CalendarAccount, ChangedAddresses
from sekretar.calendars.sync.happenings import normal_address
from sekretar.kernel.database import insert_into, wake_after_commit
from sekretar.kernel.errors import PersonError
from sekretar.kernel.people import Person, PersonRow
from sekretar.kernel.text import truncate

#: The job that reads the meetings again in which a changed address stands.
TASK = "calendars.own_addresses"

#: Nobody has more; each is looked for among the attendees of every meeting.
MOST = 10
#: What fits into the path of a letter (RFC 5321 §4.5.3.1.3).
LONGEST = 254
_QUOTED = 60

#: Why an address is refused that is somebody else's.
TAKEN = "calendars.addresses.taken"


def parse(text: str) -> tuple[str, ...]:
    """The addresses that somebody has written, each once, as the calendar rules compare them.

    Raises:
        PersonError: `calendars.addresses.bad`, with those that are none; `calendars.addresses.many`.
    """
    found = tuple(dict.fromkeys(normal_address(each) for each in named(text)))
    bad = [each for each in found if not is_address(each) or len(each) > LONGEST]
    if bad:
        raise PersonError("calendars.addresses.bad", given=truncate(", ".join(bad), _QUOTED))
    if len(found) > MOST:
        raise PersonError("calendars.addresses.many", count=MOST)
    return found


@dataclass(frozen=True)
class Own:
    """The addresses of a person in one account."""

    #: Known without the person's word; the first one is what they are called on the server.
    told: tuple[str, ...] = ()
    #: Known by their word alone.
    named: tuple[str, ...] = ()


def own_in(account: CalendarAccount) -> Own:
    """What is stored, as a value."""
    named = tuple(account.named_addresses)
    return Own(tuple(each for each in account.addresses if each not in named), named)


def together(from_server: Iterable[str], from_person: Iterable[str]) -> Own:
    """Each address once; what the server tells needs nobody's word."""
    told = tuple(dict.fromkeys(from_server))
    known = {normal_address(each) for each in told}
    return Own(told, tuple(each for each in dict.fromkeys(from_person) if each not in known))


async def name(
    session: AsyncSession, person: Person, account_id: int, wanted: Sequence[str], now: datetime
) -> Own:
    """These are the person's further addresses in an account from now on, and no others.

    Args:
        session: of a transaction.
        person: whose account it is.
        account_id: the account.
        wanted: as `parse` gives them; those that the server tells anyway are left out.
        now: aware.

    Raises:
        PersonError: `TAKEN`, somebody else here has this address.
    """
    account = await _held(session, account_id)
    own = together(own_in(account).told, wanted)
    if theirs := await _of_others(session, person, own.named):
        raise PersonError(TAKEN, given=theirs[0])
    await _set(session, account, own, now)
    return own


async def hear(session: AsyncSession, account_id: int, from_server: Sequence[str], now: datetime) -> None:
    """The server has told anew what the person is called; what they have named themself stays."""
    account = await _held(session, account_id)
    await _set(session, account, together(from_server, account.named_addresses), now)


async def notice(session: AsyncSession, account_id: int, used: Collection[str], now: datetime) -> None:
    """Meetings were stored as read with these addresses; if they have changed meanwhile, they are read again.

    The transaction holds the calendar, so that a change either is seen here or waits and sees what is stored here.
    """
    query = select(CalendarAccount.addresses).where(CalendarAccount.id == account_id)
    current = await session.scalar(query)
    if current is not None:
        await _note(session, account_id, set(current) ^ set(used), now)


async def _held(session: AsyncSession, account_id: int) -> CalendarAccount:
    # What a look under way has read by the old addresses is stored before, or notices that they have changed.
    calendars = select(Calendar.id).where(Calendar.account_id == account_id).order_by(Calendar.id)
    await session.execute(calendars.with_for_update())
    return await session.get_one(CalendarAccount, account_id, with_for_update=True, populate_existing=True)


async def _of_others(session: AsyncSession, person: Person, wanted: Sequence[str]) -> list[str]:
    """Which of these are the addresses of other people in Mattermost; who has left may have a successor."""
    query = select(func.lower(PersonRow.email)).where(
        PersonRow.server == person.server,
        PersonRow.active,
        PersonRow.id != person.id,
        func.lower(PersonRow.email).in_(wanted),
    )
    return sorted(await session.scalars(query))


async def _set(session: AsyncSession, account: CalendarAccount, own: Own, now: datetime) -> None:
    before = set(account.addresses)
    account.addresses, account.named_addresses = [*own.told, *own.named], list(own.named)
    await _note(session, account.id, before ^ set(account.addresses), now)


async def _note(session: AsyncSession, account_id: int, changed: Collection[str], now: datetime) -> None:
    if not changed:
        return
    # Puts it there or waits for whoever is just about to take it away, in either case it is ours then.
    row = insert_into(session, ChangedAddresses).values(account_id=account_id, addresses=[], changed_at=now)
    held = row.on_conflict_do_update(
        index_elements=[ChangedAddresses.account_id], set_={"changed_at": now}
    ).returning(ChangedAddresses)
    noted = (await session.scalars(held, execution_options={"populate_existing": True})).one()
    noted.addresses = sorted({*noted.addresses, *changed})
    wake_after_commit(session, TASK)
