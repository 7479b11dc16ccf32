"""What a person wants of one of their calendars, and everything that follows when they change it.

What they want of all calendars is in `preferences`: a calendar can only take less part than that, never more.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars.accounts import connecting
from sekretar.calendars.model import Calendar, CalendarAccount
from sekretar.calendars.presence import status
from sekretar.calendars.reminders.reminding import replan_calendar
from sekretar.kernel.database import wake_after_commit
from sekretar.kernel.errors import PersonError


@dataclass(frozen=True)
class Wishes:
    """The switches of a calendar, by the names of their columns."""

    chosen: bool = True
    reminds: bool = True
    in_digest: bool = True
    tells: bool = True
    shows_presence: bool = True
    takes_time: bool = True
    follows_up: bool = True
    preferred: bool = False


@dataclass(frozen=True)
class CalendarCard:
    """A calendar as its person sees it."""

    calendar_id: int
    account_id: int
    name: str
    login: str
    writable: bool
    wishes: Wishes


def card_of(calendar: Calendar, login: str) -> CalendarCard:
    """What is stored, as a value."""
    wishes = Wishes(**{each.name: getattr(calendar, each.name) for each in fields(Wishes)})
    return CalendarCard(calendar.id, calendar.account_id, calendar.name, login, calendar.writable, wishes)


async def cards(session: AsyncSession, person_id: int) -> list[CalendarCard]:
    """All calendars of a person: accounts oldest first, calendars as the server ordered them."""
    query = (
        select(Calendar, CalendarAccount.login)
        .join(CalendarAccount, CalendarAccount.id == Calendar.account_id)
        .where(CalendarAccount.person_id == person_id)
        .order_by(CalendarAccount.id, Calendar.id)
    )
    return [card_of(calendar, login) for calendar, login in (await session.execute(query)).all()]


async def card(session: AsyncSession, person_id: int, calendar_id: object) -> CalendarCard:
    """One calendar, if it is this person's; the number may be anything that a click brought along.

    Raises:
        PersonError: `calendars.calendar.gone`, it is not there any more.
    """
    found = (each for each in await cards(session, person_id) if each.calendar_id == calendar_id)
    known = next(found, None)
    if known is None:
        raise PersonError("calendars.calendar.gone")
    return known


async def change(
    session: AsyncSession, person_id: int, calendar_id: int, wished: Wishes, now: datetime
) -> CalendarCard:
    """Store what is wanted of a calendar and carry it out at once; returns what holds.

    Raises:
        PersonError: `calendars.calendar.gone`; `calendars.choose.none`, it is the last one of its account.
    """
    before = await card(session, person_id, calendar_id)
    if before.wishes.chosen != wished.chosen:
        await _choose(session, before, now, chosen=wished.chosen)
    if wished.preferred and not before.wishes.preferred:
        await _prefer_no_other(session, person_id)
    calendar = await session.get_one(Calendar, calendar_id, with_for_update=True, populate_existing=True)
    for each in fields(Wishes):
        setattr(calendar, each.name, getattr(wished, each.name))
    await session.flush()
    if before.wishes.reminds != wished.reminds:
        await replan_calendar(session, person_id, calendar_id, now)
    wake_after_commit(session, status.TASK)
    return card_of(calendar, before.login)


async def _choose(session: AsyncSession, known: CalendarCard, now: datetime, *, chosen: bool) -> None:
    account = await session.get_one(CalendarAccount, known.account_id)
    shown = {each.id for each in await connecting.calendars_of(session, account.id) if each.chosen}
    wanted = shown | {known.calendar_id} if chosen else shown - {known.calendar_id}
    if not wanted:
        raise PersonError("calendars.choose.none")
    await connecting.choose(session, account, frozenset(wanted), now)
    await session.flush()


async def _prefer_no_other(session: AsyncSession, person_id: int) -> None:
    theirs = select(CalendarAccount.id).where(CalendarAccount.person_id == person_id)
    others = update(Calendar).where(Calendar.account_id.in_(theirs), Calendar.preferred.is_(True))
    await session.execute(others.values(preferred=False))
