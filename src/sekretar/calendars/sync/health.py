"""How an account fares with its server: what a look leaves behind besides meetings.

Only a password refused again and again means that the person has to act, and then they are told once. Everything
else passes by itself; the pauses grow, and nothing is ever deleted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars.accounts.standing_chat import offer
from sekretar.calendars.keys import mended_key, ready_key, trouble_key
from sekretar.calendars.model import AccountState, Calendar, CalendarAccount, Trouble
from sekretar.calendars.settings import preferences
from sekretar.calendars.settings import wording as settings_wording
from sekretar.calendars.settings.preferences import Preferences
from sekretar.calendars.sync import refreshing
from sekretar.calendars.sync.glancing import Calm
from sekretar.calendars.views import wording as views_wording
from sekretar.calendars.views.agenda import agenda
from sekretar.calendars.views.periods import day_of
from sekretar.kernel.errors import (
    PeerDown,
    PeerError,
    PeerForbidden,
    PeerLimited,
    PeerNotFound,
    PeerRefused,
)
from sekretar.kernel.i18n import Translator
from sekretar.kernel.text import Markdown
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.messages import Attachment, Button, Colour, Message

#: So many refusals in a row are no accident of the server.
REFUSALS = 3

#: The longest pause after failures, and the pause while the person has to act.
LONGEST_PAUSE = timedelta(minutes=30)
PAUSE_IN_ATTENTION = timedelta(hours=1)
#: Accounts of deactivated people are looked at this rarely, in case they come back.
PAUSE_WHILE_AWAY = timedelta(hours=24)

_log = structlog.get_logger(__name__)


def trouble_of(error: PeerError) -> Trouble:
    """The trouble in terms of what a person can do about it."""
    kinds: tuple[tuple[type[PeerError], Trouble], ...] = (
        (PeerRefused, Trouble.PASSWORD),
        (PeerForbidden, Trouble.FORBIDDEN),
        (PeerNotFound, Trouble.GONE),
        (PeerLimited, Trouble.LIMITED),
        (PeerDown, Trouble.DOWN),
    )
    return next((trouble for kind, trouble in kinds if isinstance(error, kind)), Trouble.BROKEN)


def pause_after(failures: int, every: timedelta, error: PeerError, chance: float) -> timedelta:
    """How long to leave the server alone after so many failures in a row; never shorter than it asks for.

    `chance`, from 0 to 1, spreads the accounts that failed together.
    """
    asked = error.retry_after if isinstance(error, PeerLimited) else None
    growing = min(every * (1 << min(failures, 10)), LONGEST_PAUSE)
    return max(asked or timedelta(), growing) * (1 + 0.2 * chance)


@dataclass(frozen=True)
class Claim:
    """An account taken for one look. `until`: its next look as long as nobody has asked for a sooner one."""

    account_id: int
    until: datetime


async def failed(
    desk: Desk, claim: Claim, error: PeerError, every: timedelta, chance: float
) -> datetime | None:
    """Note a failed look; the person is told when it is theirs to mend.

    Returns:
        When the account is due again; None when it is no longer connected.
    """
    now, trouble = desk.now(), trouble_of(error)
    _log.warning("calendar not read", account=claim.account_id, trouble=trouble.value, error=str(error))
    async with desk.database.transaction() as session:
        account = await session.get(CalendarAccount, claim.account_id, with_for_update=True)
        if account is None:
            return None
        if account.next_sync_at != claim.until:
            # Meanwhile the person has given a new password: the failure tells nothing about that one.
            return account.next_sync_at
        await refreshing.note_done(session, account.id, now)
        account.failures += 1
        account.trouble = trouble
        account.refusals = account.refusals + 1 if trouble is Trouble.PASSWORD else 0
        account.next_sync_at = now + pause_after(account.failures, every, error, chance)
        if account.refusals >= REFUSALS:
            account.next_sync_at = now + PAUSE_IN_ATTENTION
            if account.state == AccountState.ACTIVE:
                account.state = AccountState.ATTENTION
                await _say(desk, session, account, trouble_key(account.id, now), _needs_attention)
        return account.next_sync_at


async def succeeded(
    desk: Desk,
    claim: Claim,
    next_sync_at: datetime,
    *,
    calm: Calm | None = None,
    partly: PeerError | None = None,
    to_be_continued: bool = False,
) -> datetime | None:
    """Note a look that found everything, or all but a part; the first one is told, and the first after trouble.

    Args:
        calm: what the next look may be spared by; None when something is not settled.
        partly: what kept a part of the account from being read.
        to_be_continued: more is to be read at once.

    Returns:
        When the account is due again; None when it is no longer connected.
    """
    now = desk.now()
    async with desk.database.transaction() as session:
        account = await session.get(CalendarAccount, claim.account_id, with_for_update=True)
        if account is None:
            return None
        if account.state == AccountState.ATTENTION:
            await _say(desk, session, account, mended_key(account.id, now), _mended)
        account.state, account.trouble = AccountState.ACTIVE, trouble_of(partly) if partly else ""
        account.failures = account.refusals = 0
        if account.next_sync_at == claim.until:
            account.next_sync_at = next_sync_at
            account.calm_answer = calm.answer if calm else ""
            account.calm_until = calm.until if calm else None
            if not to_be_continued:
                await refreshing.note_done(session, account.id, now)
        if account.synced_at is not None:
            account.synced_at = now
        elif partly is not None or await _is_loaded(session, account.id):
            account.synced_at = now
            await session.flush()
            await _tell_ready(desk, session, account, now)
        return account.next_sync_at


async def _is_loaded(session: AsyncSession, account_id: int) -> bool:
    """Whether every calendar was read once; a large one takes several looks."""
    unread = select(func.count()).where(
        Calendar.account_id == account_id, Calendar.chosen.is_(True), Calendar.loaded_at.is_(None)
    )
    return not await session.scalar(unread)


async def postpone(desk: Desk, account_id: int) -> None:
    """Leave the account of somebody who is away alone for long."""
    until = desk.now() + PAUSE_WHILE_AWAY
    async with desk.database.transaction() as session:
        later = update(CalendarAccount).where(CalendarAccount.id == account_id)
        await session.execute(later.values(next_sync_at=until))


def _needs_attention(account: CalendarAccount, t: Translator) -> Message:
    mend = Button(
        t.plain("calendars.accounts.mend"), "calendars.mend", {"account": account.id}, style="primary"
    )
    text = t("calendars.trouble.told", login=account.login)
    return Message("", (Attachment(color=Colour.RED, text=text, actions=(mend,)),))


def _mended(account: CalendarAccount, t: Translator) -> Message:
    return Message(t("calendars.connect.mended", login=account.login))


async def _tell_ready(desk: Desk, session: AsyncSession, account: CalendarAccount, now: datetime) -> None:
    """Show the day at once: it is what the person connected the calendar for."""
    person = await desk.people.by_id(session, account.person_id)
    if person is None:
        return
    day = await agenda(session, person.id, person.zone, now.astimezone(person.zone).date())
    wanted = await preferences.read(session, person.id)

    def compose(account: CalendarAccount, t: Translator) -> Message:
        shown = views_wording.view(day, day_of(day.first), t, now)
        ready = _ready(account.login, wanted, t)
        return Message(Markdown(f"{ready}\n\n{shown.text}"), shown.attachments)

    key = ready_key(account.id)
    await _say(desk, session, account, key, compose)
    if not wanted.status:
        # A message of its own: its answer and the buttons of the day replace the post they stand in.
        await _say(desk, session, account, f"{key}:status", lambda _, t: offer(t))


def _ready(login: str, wanted: Preferences, t: Translator) -> Markdown:
    """What the person will hear from now on."""
    reminders = settings_wording.reminders_line(wanted, t)
    news = t("calendars.connect.ready_news") if wanted.news else settings_wording.news_line(wanted, t)
    return t("calendars.connect.ready", login=login, reminders=reminders, news=news)


async def _say(
    desk: Desk,
    session: AsyncSession,
    account: CalendarAccount,
    key: str,
    compose: Callable[[CalendarAccount, Translator], Message],
) -> None:
    person = await desk.people.by_id(session, account.person_id)
    if person is None or not person.active:
        return
    await desk.tell(session, key, person, compose(account, desk.translator(person)))
