"""Who in the tracker is who at the desk: the account with the same mail address or the same login.

The desk knows nothing of the accounts that people have linked for their tickets; equality is enough here, because
nobody acts by it: it only says whose name stands where.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.incidents.model import IncidentRow
from sekretar.dispatch.mirror.model import MirrorPersonRow, MirrorRow
from sekretar.kernel.database import Database, insert_into
from sekretar.kernel.errors import PeerForbidden
from sekretar.kernel.people import PersonRow
from sekretar.trackers.port import Tracker
from sekretar.trackers.values import Member

#: So long somebody is remembered whom no project of a desk names any more.
_REMEMBERED = timedelta(days=1)


@dataclass(frozen=True)
class MirrorPeople:
    """Keeps who is who."""

    database: Database

    async def account_of(self, session: AsyncSession, tracker: str, person_id: int) -> str | None:
        """The account of a person; None when they have none that is known."""
        query = select(MirrorPersonRow.member_id).where(
            MirrorPersonRow.tracker == tracker, MirrorPersonRow.person_id == person_id
        )
        return (await session.scalars(query.order_by(MirrorPersonRow.member_id))).first()

    async def person_of(self, session: AsyncSession, tracker: str, member_id: str) -> int | None:
        """The person behind an account; None for a stranger."""
        row = await session.get(MirrorPersonRow, (tracker, member_id))
        return row.person_id if row else None

    async def learn(self, tracker: Tracker, project: str, now: datetime) -> None:
        """Ask the tracker who there is, and have the incidents of newly known people compared.

        Raises:
            PeerError: the tracker does not tell.
        """
        name = tracker.site.name
        members = await _members(tracker, project)
        async with self.database.transaction() as session:
            found = {each.id: await _person(session, each) for each in members}
            known = {member: person for member, person in found.items() if person is not None}
            of_tracker = MirrorPersonRow.tracker == name
            before = set(await session.scalars(select(MirrorPersonRow.person_id).where(of_tracker)))
            # Others may be known from the project of another desk; they are asked about there.
            strange = MirrorPersonRow.member_id.in_(found.keys() - known.keys())
            unheard = MirrorPersonRow.found_at < now - _REMEMBERED
            await session.execute(delete(MirrorPersonRow).where(of_tracker, or_(strange, unheard)))
            for member, person in known.items():
                values = {"person_id": person, "found_at": now}
                await session.execute(
                    insert_into(session, MirrorPersonRow)
                    .values(tracker=name, member_id=member, **values)
                    .on_conflict_do_update(
                        index_elements=[MirrorPersonRow.tracker, MirrorPersonRow.member_id], set_=values
                    )
                )
            await _mark_incidents_of(session, name, set(known.values()) - before, now)


async def _members(tracker: Tracker, project: str) -> Iterable[Member]:
    """Who can be an assignee, with login and mail as far as the tracker tells."""
    assignable = {each.id: each for each in await tracker.assignable(project) if not each.group}
    try:
        told = {each.id: each for each in await tracker.people("")}
    except PeerForbidden:
        told = {}
    return [told.get(number, each) for number, each in assignable.items()]


async def _person(session: AsyncSession, member: Member) -> int | None:
    same = []
    if member.mail:
        same.append(func.lower(PersonRow.email) == member.mail.casefold())
    if member.login:
        same.append(func.lower(PersonRow.username) == member.login.casefold())
    if not same:
        return None
    query = select(PersonRow).where(or_(*same), PersonRow.active)
    people = (await session.scalars(query.order_by(PersonRow.id))).all()
    by_mail = [each for each in people if member.mail and each.email.casefold() == member.mail.casefold()]
    chosen = by_mail or people
    return chosen[0].id if len(chosen) == 1 else None


async def _mark_incidents_of(session: AsyncSession, tracker: str, people: set[int], now: datetime) -> None:
    theirs = select(IncidentRow.id).where(
        IncidentRow.responsible_id.in_(people), IncidentRow.finished_at.is_(None)
    )
    await session.execute(
        update(MirrorRow)
        .where(MirrorRow.tracker == tracker, MirrorRow.incident_id.in_(theirs))
        .values(due_at=now)
        .execution_options(synchronize_session=False)
    )
