"""From names that people type (`@boris`, `vera@example.com`) to people who can be invited.

Nobody is dropped silently: a name that nobody has, and a person whose address Mattermost keeps to itself, are both
told to whoever invites.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars.booking.draft import Guest, Guests
from sekretar.calendars.model import CalendarAccount, portions
from sekretar.calendars.sync.happenings import normal_address
from sekretar.kernel.errors import PeerInvalid, PeerNotFound, PersonError
from sekretar.kernel.people import Person, PersonRow
from sekretar.kernel.text import truncate
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.models import User

#: Each is looked up while somebody waits; larger meetings are made by a mailing list.
MOST_GUESTS = 50

_NAME_LIMIT = 60
_ADDRESS = re.compile(
    r"[^\s@<>(),;:\"\\]{1,64}@[^\s@<>(),;:\"\\/]+\.[^\s@<>(),;:\"\\/.]{2,}",
)
#: Mattermost allows these in a name (`IsValidUsername`, server/public/model/user.go).
_USERNAME = re.compile(r"[a-z0-9._-]{1,64}")


def is_address(word: str) -> bool:
    """Whether letters can be sent to it."""
    return _ADDRESS.fullmatch(word) is not None


def named(text: str) -> tuple[str, ...]:
    """The names in a text, each once, in order: addresses, and names with `@` or without."""
    words = (each.removeprefix("mailto:").strip("<>()\"'«»") for each in re.split(r"[\s,;]+", text))
    kept = (each.rstrip(".:!?") for each in words)
    return tuple(dict.fromkeys(each for each in kept if each.strip("@")))


async def find(desk: Desk, names: Iterable[str], asker: Person) -> Guests:
    """Who is meant. The asker is no guest of their own meeting.

    Raises:
        PersonError: `calendars.booking.many_guests`.
        PeerError: Mattermost did not answer.
    """
    wanted = tuple(names)
    if len(wanted) > MOST_GUESTS:
        raise PersonError("calendars.booking.many_guests", count=MOST_GUESTS)
    known: dict[str, Guest] = {}
    unknown: list[str] = []
    hidden: list[str] = []
    own = await _own_addresses(desk, asker) if any(is_address(each) for each in wanted) else frozenset()
    for name in wanted:
        if normal_address(name) in own:
            continue
        guest = await _find(desk, name)
        if guest is None:
            unknown.append(truncate(name, _NAME_LIMIT))
        elif guest.person_id == asker.id:
            continue
        elif not guest.address:
            hidden.append(f"@{guest.username}")
        else:
            known.setdefault(guest.address.lower(), guest)
    return Guests(tuple(known.values()), tuple(unknown), tuple(hidden))


async def _own_addresses(desk: Desk, asker: Person) -> frozenset[str]:
    query = select(CalendarAccount.addresses).where(CalendarAccount.person_id == asker.id)
    async with desk.database.reading() as session:
        return frozenset(normal_address(each) for some in await session.scalars(query) for each in some)


async def _find(desk: Desk, name: str) -> Guest | None:
    if is_address(name):
        async with desk.database.reading() as session:
            return await _by_address(session, name)
    username = name.removeprefix("@").lower()
    if not _USERNAME.fullmatch(username):
        return None
    for spelling in dict.fromkeys((username, username.rstrip(".-_"))):
        try:
            user = await desk.server.user_by_name(spelling)
        except (PeerNotFound, PeerInvalid):
            continue
        if user.active and not user.is_bot:
            async with desk.database.reading() as session:
                return await _known(desk, session, user)
    return None


async def _known(desk: Desk, session: AsyncSession, user: User) -> Guest:
    person = await desk.people.by_user_id(session, user.id)
    return Guest(
        user.email.strip(), user.profile().display_name, user.username, person.id if person is not None else 0
    )


async def _by_address(session: AsyncSession, address: str) -> Guest:
    """An address that one of the people here has is that person; any other is somebody outside."""
    query = select(PersonRow).where(func.lower(PersonRow.email) == address.lower(), PersonRow.active)
    row = (await session.scalars(query.order_by(PersonRow.id).limit(1))).one_or_none()
    return Guest(address, row.display_name, row.username, row.id) if row else Guest(address)


async def people_by_address(session: AsyncSession, addresses: Collection[str]) -> dict[str, int]:
    """Who has these addresses (in lower case), in Mattermost or as the login of a calendar; others are left out."""
    found: dict[str, int] = {}
    for some in portions(sorted(addresses)):
        logins = select(func.lower(CalendarAccount.login), CalendarAccount.person_id).where(
            func.lower(CalendarAccount.login).in_(some)
        )
        mails = select(func.lower(PersonRow.email), PersonRow.id).where(
            func.lower(PersonRow.email).in_(some), PersonRow.active
        )
        for query in (logins, mails):
            rows = await session.execute(query)
            found.update((address, person_id) for address, person_id in rows)
    return found
