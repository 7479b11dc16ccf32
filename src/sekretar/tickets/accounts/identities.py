"""Who is who: through whose eyes a tracker is read, and who in the chat an assignee is.

Everything that people do in a tracker they do as themselves, by their own key or by the administrator's mapping;
nothing is ever shown to a person that was read by somebody else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.database import Database, insert_into, wake_after_commit
from sekretar.kernel.errors import PeerRefused, PersonError
from sekretar.kernel.people import PersonRow
from sekretar.kernel.secrets import Vault
from sekretar.tickets.accounts.model import Origin, TrackerAccount
from sekretar.tickets.watching.model import MORNINGS
from sekretar.trackers.port import Tracker, TrackerSite
from sekretar.trackers.values import Account, Member


class Unlinked(PersonError):
    """The tracker does not know yet who this person is, or does not accept their key any more."""


@dataclass(frozen=True)
class Identity:
    """Who a person is in a tracker, as it is stored."""

    person_id: int
    tracker: str
    origin: Origin
    login: str
    member_id: str
    name: str
    refused: bool


class Identities:
    """The accounts of all people in all trackers."""

    def __init__(self, database: Database, vault: Vault, sites: Mapping[str, TrackerSite]) -> None:
        self._database = database
        self._vault = vault
        self.sites = sites

    def site(self, tracker: str) -> TrackerSite:
        """The tracker with this name in the settings.

        Raises:
            PersonError: there is none any more.
        """
        site = self.sites.get(tracker)
        if site is None:
            raise PersonError("tickets.tracker.gone", tracker=tracker)
        return site

    async def eyes(self, person_id: int, tracker: str) -> Tracker:
        """The tracker as this person sees it.

        Raises:
            Unlinked: nobody has said who they are there, or their key is not accepted any more.
            PersonError: there is no such tracker.
        """
        site = self.site(tracker)
        async with self._database.reading() as session:
            account = await _account(session, person_id, tracker)
        if account is None:
            raise Unlinked("tickets.link.needed", tracker=tracker)
        if account.refused_at is not None:
            raise Unlinked("tickets.link.refused", tracker=tracker)
        return site.owner(self._vault.decrypt(account.key)) if account.key else site.person(account.login)

    async def of(self, person_id: int) -> list[Identity]:
        """Who a person is, in every tracker that is configured."""
        query = (
            select(TrackerAccount).where(TrackerAccount.person_id == person_id).order_by(TrackerAccount.id)
        )
        async with self._database.reading() as session:
            return [_identity(row) for row in await session.scalars(query) if row.tracker in self.sites]

    async def in_tracker(self, tracker: str) -> list[Identity]:
        """Everybody who is known in a tracker."""
        query = select(TrackerAccount).where(TrackerAccount.tracker == tracker).order_by(TrackerAccount.id)
        async with self._database.reading() as session:
            return [_identity(row) for row in await session.scalars(query)]

    async def member(self, person_id: int, tracker: str) -> Member | None:
        """Who a person is in this tracker; None when nobody has said so."""
        known = await self.of(person_id)
        return next(
            (Member(each.member_id, each.name, each.login) for each in known if each.tracker == tracker), None
        )

    async def members(
        self, session: AsyncSession, tracker: str, members: Collection[str]
    ) -> dict[str, list[int]]:
        """The people behind the tracker's own ids; one account of a tracker can belong to several people."""
        query = select(TrackerAccount).where(
            TrackerAccount.tracker == tracker, TrackerAccount.member_id.in_(members)
        )
        found: dict[str, list[int]] = {}
        for row in await session.scalars(query.order_by(TrackerAccount.id)):
            found.setdefault(row.member_id, []).append(row.person_id)
        return found

    async def among(self, session: AsyncSession, tracker: str, user_ids: Collection[str]) -> dict[str, int]:
        """Those of Mattermost's users who are somebody in the tracker, with the people they are."""
        query = (
            select(PersonRow.user_id, PersonRow.id)
            .join(TrackerAccount, TrackerAccount.person_id == PersonRow.id)
            .where(
                TrackerAccount.tracker == tracker,
                TrackerAccount.refused_at.is_(None),
                PersonRow.user_id.in_(user_ids),
            )
        )
        return {row.user_id: row.id for row in await session.execute(query)}

    async def link(
        self, session: AsyncSession, person_id: int, tracker: str, account: Account, key: str, now: datetime
    ) -> None:
        """Remember that a person is this account, by their own key; it replaces a mapping and an older key."""
        await self._store(session, person_id, tracker, account, Origin.OWN, self._vault.encrypt(key), now)

    async def map(
        self, session: AsyncSession, person_id: int, tracker: str, account: Account, now: datetime
    ) -> bool:
        """Remember an administrator's word on who a person is; a key of their own wins over it.

        Returns:
            Whether it was taken over.
        """
        known = await _account(session, person_id, tracker)
        if known is not None and known.key is not None:
            return False
        await self._store(session, person_id, tracker, account, Origin.MAPPED, None, now)
        return True

    async def _store(
        self,
        session: AsyncSession,
        person_id: int,
        tracker: str,
        account: Account,
        origin: Origin,
        key: str | None,
        now: datetime,
    ) -> None:
        known = {
            "origin": origin.value,
            "login": account.member.login or "",
            "member_id": account.member.id,
            "name": account.member.name,
            "key": key,
            "refused_at": None,
            "linked_at": now,
        }
        statement = insert_into(session, TrackerAccount).values(person_id=person_id, tracker=tracker, **known)
        await session.execute(
            statement.on_conflict_do_update(
                index_elements=[TrackerAccount.person_id, TrackerAccount.tracker], set_=known
            )
        )
        wake_after_commit(session, MORNINGS)

    async def unlink(self, session: AsyncSession, person_id: int, tracker: str) -> bool:
        """Forget who a person is, with their key. Returns whether anything was known."""
        theirs = (TrackerAccount.person_id == person_id, TrackerAccount.tracker == tracker)
        gone = await session.execute(delete(TrackerAccount).where(*theirs).returning(TrackerAccount.id))
        return gone.first() is not None

    async def refused(self, person_id: int, tracker: str, now: datetime) -> bool:
        """The tracker does not accept the person's key any more. Returns whether this is news."""
        async with self._database.transaction() as session:
            account = await _account(session, person_id, tracker)
            if account is None or account.refused_at is not None:
                return False
            account.refused_at = now
            return True


async def _account(session: AsyncSession, person_id: int, tracker: str) -> TrackerAccount | None:
    query = select(TrackerAccount).where(
        TrackerAccount.person_id == person_id, TrackerAccount.tracker == tracker
    )
    return (await session.scalars(query)).one_or_none()


def _identity(row: TrackerAccount) -> Identity:
    return Identity(
        person_id=row.person_id,
        tracker=row.tracker,
        origin=Origin(row.origin),
        login=row.login,
        member_id=row.member_id,
        name=row.name,
        refused=row.refused_at is not None,
    )


async def prove(site: TrackerSite, key: str) -> Account:
    """Whose key this is, asked of the tracker itself.

    Raises:
        PersonError: it is nobody's.
        PeerError: the tracker cannot be asked.
    """
    try:
        return await site.owner(key).me()
    except PeerRefused as error:
        raise PersonError("tickets.link.wrong_key", tracker=site.name) from error
