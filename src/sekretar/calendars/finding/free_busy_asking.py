"""Asking the calendar servers of whoever looks for a time about people whom Sekretar does not know.

A server that knows scheduling is asked once for all of them; any other about the calendars that neighbours share. A
server that is slow, refuses, or says nothing of somebody leaves them unknown. Nothing of it is stored.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars.accounts.own_addresses import own_in
from sekretar.calendars.caldav import CalDavClient, Credentials, RemoteCalendar, list_calendars, profile_of
from sekretar.calendars.caldav.scheduling import neighbour_home, outbox_of
from sekretar.calendars.finding.free_busy import NoFreeBusy, periods, question
from sekretar.calendars.finding.standing import Busy
from sekretar.calendars.model import AccountState, CalendarAccount
from sekretar.calendars.sync.happenings import normal_address
from sekretar.kernel.errors import PeerError
from sekretar.kernel.http import HttpSessions
from sekretar.kernel.people import PersonRow
from sekretar.mattermost.desk import Desk

#: Somebody waits for the answer.
PATIENCE = timedelta(seconds=10)
#: Calendars of one neighbour that are looked at.
_MOST_CALENDARS = 10

Answers = dict[str, tuple[Busy, ...]]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class FreeBusy:
    """Asks on behalf of one person at a time, with their accounts."""

    desk: Desk
    http: HttpSessions
    patience: timedelta = PATIENCE

    async def of(self, asker_id: int, addresses: Sequence[str], begin: datetime, end: datetime) -> Answers:
        """When these people are busy, by their address in lower case; who is not in it is unknown."""
        if not addresses:
            return {}
        async with self.desk.database.reading() as session:
            accounts = await _accounts(session, asker_id)
            mail = await session.scalar(select(PersonRow.email).where(PersonRow.id == asker_id)) or ""
        wanted = tuple(dict.fromkeys(each.lower() for each in addresses))
        said = await asyncio.gather(
            *(self._patiently(_Question(self, each, mail, wanted, begin, end)) for each in accounts)
        )
        return _together(said)

    async def _patiently(self, question: _Question) -> Answers:
        try:
            async with asyncio.timeout(self.patience.total_seconds()):
                return await question.answers()
        except (PeerError, TimeoutError) as error:
            _log.info("free_busy_unanswered", account=question.account.id, kind=type(error).__name__)
            return {}


@dataclass(frozen=True)
class _Question:
    """One question to one server."""

    asking: FreeBusy
    account: CalendarAccount
    #: The address of whoever asks in Mattermost.
    mail: str
    addresses: tuple[str, ...]
    begin: datetime
    end: datetime

    async def answers(self) -> Answers:
        client = self._client()
        found = await self._scheduled(client)
        for address in self.addresses:
            if address not in found and (busy := await self._shared(client, address)) is not None:
                found[address] = busy
        return found

    def _client(self) -> CalDavClient:
        account = self.account
        credentials = Credentials(account.login, self.asking.desk.vault.decrypt(account.password))
        return CalDavClient(
            self.asking.http.typed, account.home_url, credentials, profile=profile_of(account.profile)
        )

    @property
    def _own(self) -> list[str]:
        """What the server calls whoever asks; of an address that they have only named it knows nothing."""
        told = own_in(self.account).told
        return [each for each in (*told, self.account.login, self.mail) if "@" in each]

    async def _scheduled(self, client: CalDavClient) -> Answers:
        """What the outbox says; nothing where there is none."""
        try:
            outbox = await outbox_of(client, self.account.home_url)
            if outbox is None or not self._own:
                return {}
            uid = f"sekretar-{secrets.token_hex(16)}"
            asked = question(self._own[0], self.addresses, self.begin, self.end, uid, self.asking.desk.now())
            said = await client.ask_outbox(outbox, asked)
        except (PeerError, ValueError) as error:
            _log.info("free_busy_no_outbox", account=self.account.id, kind=type(error).__name__)
            return {}
        found: Answers = {}
        for recipient, status, data in said:
            address = normal_address(recipient)
            if address in self.addresses and status.startswith("2") and (busy := _periods(data)) is not None:
                found[address] = busy
        return found

    async def _shared(self, client: CalDavClient, address: str) -> tuple[Busy, ...] | None:
        """What the calendars say that the neighbour shares; None when there are none."""
        home = neighbour_home(self.account.home_url, self._own, address)
        if home is None:
            return None
        try:
            shared = [each for each in await list_calendars(client, home) if _answers_questions(each)]
            texts = [
                await client.free_busy(each.href, self.begin, self.end) for each in shared[:_MOST_CALENDARS]
            ]
        except PeerError as error:
            _log.info("free_busy_not_shared", account=self.account.id, kind=type(error).__name__)
            return None
        found = [_periods(each) for each in texts]
        if not found or any(each is None for each in found):
            return None
        return tuple(busy for each in found if each is not None for busy in each)


async def _accounts(session: AsyncSession, person_id: int) -> list[CalendarAccount]:
    """The accounts whose servers may answer such questions."""
    query = select(CalendarAccount).where(
        CalendarAccount.person_id == person_id, CalendarAccount.state == AccountState.ACTIVE
    )
    found = await session.scalars(query.order_by(CalendarAccount.id))
    return [each for each in found if profile_of(each.profile).free_busy]


def _answers_questions(calendar: RemoteCalendar) -> bool:
    """Whether the calendar makes its owner busy, and the server says when."""
    return not calendar.transparent and (not calendar.reports or "free-busy-query" in calendar.reports)


def _periods(text: str) -> tuple[Busy, ...] | None:
    try:
        return periods(text)
    except NoFreeBusy:
        return None


def _together(said: Collection[Answers]) -> Answers:
    """What several servers say of one person counts together."""
    found: Answers = {}
    for answers in said:
        for address, busy in answers.items():
            found[address] = (*found.get(address, ()), *busy)
    return found
