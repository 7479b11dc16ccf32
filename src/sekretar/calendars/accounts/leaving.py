"""Leaving: what is forgotten with an account, and what with the last one.

An account takes everything with it that was read from its server. With the last one go the person's wishes, their
drafts, and the consent by which their status was changed: nothing here has a use for it any more. A status that was
borrowed is given back before that; while Mattermost does not answer, both wait for it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars.accounts import connecting
from sekretar.calendars.booking.drafts import BookingDraft
from sekretar.calendars.channels import news as channels_news
from sekretar.calendars.model import (
    Calendar,
    CalendarAccount,
    EndedMeeting,
    MorningDigest,
    Presence,
    QuietTime,
    StoredOccurrence,
)
from sekretar.calendars.presence.quiet import QuietKeeper
from sekretar.calendars.presence.status import StatusKeeper, wanting
from sekretar.calendars.settings.preferences import QUIET_WANTED, STATUS_WANTED
from sekretar.kernel import outbox
from sekretar.kernel.errors import PeerError
from sekretar.kernel.meetings import Meetings
from sekretar.kernel.people import Person, PreferenceRow
from sekretar.mattermost.consent import ConsentRow, Consents
from sekretar.mattermost.desk import Desk

#: The job that gives back what could not be given back at once.
TASK = "calendars.leaving"

#: What the names of all preferences of this feature begin with.
_OURS = "calendars."

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Leaving:
    """Disconnects accounts, and everything with them."""

    desk: Desk
    keeper: StatusKeeper
    quiet: QuietKeeper
    consents: Consents
    meetings: Meetings

    async def leave(self, person: Person, accounts: Sequence[int]) -> list[str]:
        """Delete these accounts of the person; returns their logins, none for those that are gone already."""
        gone = []
        async with self.desk.database.transaction() as session:
            for account_id in accounts:
                account = await connecting.account_of(session, person.id, account_id)
                if account is None:
                    continue
                gone.append(account.login)
                await channels_news.say_goodbye(session, account.id, person, self.desk.now())
                uids = await _known_only_here(session, account)
                await connecting.disconnect(session, account)
                await self._forget_meetings(session, person.id, uids)
            if gone and not await connecting.has_accounts(session, person.id):
                await _forget(session, person.id)
                await self._forget_meetings(session, person.id, None)
        if gone:
            await self._give_back(person.id)
            await self.tidy()
        return gone

    async def _forget_meetings(
        self, session: AsyncSession, person_id: int, uids: Collection[str] | None
    ) -> None:
        """Forget what is known of meetings beside the calendars; None for all of the person's."""
        for ended in await session.scalars(select(EndedMeeting).where(EndedMeeting.person_id == person_id)):
            if uids is None or ended.uid in uids:
                await session.delete(ended)
        await self.meetings.forget(session, person_id, uids)

    async def tidy(self) -> None:
        """Take leave of consents that nothing here will use again."""
        unused = select(ConsentRow.person_id).where(
            ConsentRow.person_id.not_in(wanting(STATUS_WANTED)),
            ConsentRow.person_id.not_in(wanting(QUIET_WANTED)),
            ConsentRow.person_id.not_in(select(CalendarAccount.person_id)),
            ConsentRow.person_id.not_in(select(Presence.person_id)),
            ConsentRow.person_id.not_in(select(QuietTime.person_id)),
        )
        async with self.desk.database.reading() as session:
            people = (await session.scalars(unused)).all()
        for person_id in people:
            await self.consents.withdraw(person_id)

    async def _give_back(self, person_id: int) -> None:
        async with self.desk.database.reading() as session:
            presence = await session.get(Presence, person_id)
            quiet = await session.get(QuietTime, person_id)
        try:
            if presence is not None:
                await self.keeper.keep(person_id)
            if quiet is not None:
                await self.quiet.keep(person_id)
        except PeerError as error:
            _log.warning("status not given back yet", person=person_id, error=type(error).__name__)


async def _known_only_here(session: AsyncSession, account: CalendarAccount) -> set[str]:
    """The meetings of an account that stand in no other one of its person."""
    query = (
        select(StoredOccurrence.uid, Calendar.account_id)
        .join(Calendar, Calendar.id == StoredOccurrence.calendar_id)
        .where(StoredOccurrence.person_id == account.person_id)
        .distinct()
    )
    rows = (await session.execute(query)).all()
    elsewhere = {uid for uid, account_id in rows if account_id != account.id}
    return {uid for uid, account_id in rows if account_id == account.id} - elsewhere


async def _forget(session: AsyncSession, person_id: int) -> None:
    """Forget what a person without calendars has left behind. What they borrowed is remembered until it is back."""
    for model in (BookingDraft, MorningDigest):
        await session.execute(delete(model).where(model.person_id == person_id))
    theirs = PreferenceRow.person_id == person_id, PreferenceRow.name.startswith(_OURS, autoescape=True)
    await session.execute(delete(PreferenceRow).where(*theirs))
    await outbox.forget(session, f"status.consented:{person_id}:")
