"""The people of a desk and their shifts, as they are kept in the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.assignment.model import MemberRow, ShiftExceptionRow, ShiftRow
from sekretar.dispatch.assignment.shifts import ExceptionKind, Schedule, Shift, ShiftException
from sekretar.dispatch.settings import DeskSettings
from sekretar.dispatch.spans import Opening, Span
from sekretar.kernel.database import insert_into, wake_after_commit
from sekretar.kernel.errors import PersonError
from sekretar.kernel.people import People, Person, zone_of

#: The job that gives incidents to people.
TASK = "dispatch assignment"

#: Exceptions that ended longer ago concern no shift that anybody asks for.
_PAST = timedelta(days=8)


class Role(StrEnum):
    """What somebody is at a desk."""

    DISPATCHER = "dispatcher"
    #: Is told when deadlines are missed; gets incidents only by hand.
    HEAD = "head"


@dataclass(frozen=True)
class Member:
    """Somebody of a desk.

    Attributes:
        most: More open incidents are not given to them; None for the limit of the desk.
        last_at: When they were given an incident last.
    """

    person: Person
    role: Role
    schedule: Schedule
    most: int | None = None
    last_at: datetime | None = None


@dataclass(frozen=True)
class Team:
    """The people of all desks; the roster that notices of deadlines go by."""

    people: People
    desks: Mapping[str, DeskSettings]

    # --- who there is

    async def members(self, session: AsyncSession, desk: str, now: datetime) -> list[Member]:
        """Everybody who is active, by id, with the shifts around this time."""
        rows = {row.person_id: row for row in await session.scalars(_members(desk))}
        people = await self.people.by_ids(session, rows.keys())
        shifts = await _shifts(session, desk)
        exceptions = await _exceptions(session, desk, now)
        return [
            Member(
                person,
                Role(rows[number].role),
                Schedule(
                    zone_of(rows[number].zone) or person.zone,
                    tuple(shifts.get(number, ())),
                    tuple(exceptions.get(number, ())),
                ),
                rows[number].most,
                rows[number].last_at,
            )
            for number, person in sorted(people.items())
            if person.active
        ]

    def works(self, desk: str, member: Member, now: datetime) -> bool:
        """Whether somebody is on shift; at a desk without shifts, whether they are not on leave."""
        if self.desks[desk].assignment.shifts:
            return member.schedule.works_at(now)
        return not member.schedule.away_at(now)

    async def heads(self, session: AsyncSession, desk: str) -> Sequence[int]:
        """Who heads a desk."""
        query = _members(desk).where(MemberRow.role == Role.HEAD)
        return [row.person_id for row in await session.scalars(query)]

    async def on_shift(self, session: AsyncSession, desk: str, now: datetime) -> Sequence[int]:
        """The dispatchers who work at this moment."""
        return [
            each.person.id
            for each in await self.members(session, desk, now)
            if each.role is Role.DISPATCHER and self.works(desk, each, now)
        ]

    # --- who belongs to it

    async def put(
        self,
        session: AsyncSession,
        desk: str,
        person_id: int,
        role: Role,
        *,
        most: int | None = None,
        zone: ZoneInfo | None = None,
    ) -> None:
        """Make somebody a member, or change what they are."""
        values: dict[str, Any] = {"role": role.value, "most": most, "zone": zone.key if zone else None}
        await session.execute(
            insert_into(session, MemberRow)
            .values(desk=desk, person_id=person_id, **values)
            .on_conflict_do_update(index_elements=[MemberRow.desk, MemberRow.person_id], set_=values)
        )
        wake_after_commit(session, TASK)

    async def remove(self, session: AsyncSession, desk: str, person_id: int) -> None:
        """Take somebody out, with their shifts; what they are responsible for stays theirs."""
        for table in (ShiftRow, ShiftExceptionRow, MemberRow):
            await session.execute(delete(table).where(table.desk == desk, table.person_id == person_id))
        wake_after_commit(session, TASK)

    # --- their shifts

    async def shifts_of(self, session: AsyncSession, desk: str, person_id: int) -> dict[int, Shift]:
        """Somebody's repeating hours by their number."""
        query = select(ShiftRow).where(ShiftRow.desk == desk, ShiftRow.person_id == person_id)
        return {row.id: _shift(row) for row in await session.scalars(query.order_by(ShiftRow.id))}

    async def add_shift(self, session: AsyncSession, desk: str, person_id: int, shift: Shift) -> int:
        """Give somebody hours that repeat; returns their number.

        Raises:
            PersonError: they are no member of the desk.
        """
        await self._check_member(session, desk, person_id)
        row = ShiftRow(
            desk=desk,
            person_id=person_id,
            first=shift.first,
            every=shift.every,
            last=shift.last,
            opening=str(shift.opening),
        )
        session.add(row)
        await session.flush()
        wake_after_commit(session, TASK)
        return row.id

    async def end_shift(self, session: AsyncSession, shift_id: int, last: date | None = None) -> None:
        """Let hours end with a day, or take them away as if they had never been."""
        row = await session.get(ShiftRow, shift_id)
        if row is None:
            return
        if last is None or last < row.first:
            await session.delete(row)
        else:
            row.last = last
        wake_after_commit(session, TASK)

    async def except_(
        self,
        session: AsyncSession,
        desk: str,
        person_id: int,
        kind: ExceptionKind,
        span: Span,
        *,
        other_id: int | None = None,
        note: str = "",
    ) -> int:
        """Write down a leave or one more shift; returns its number.

        Raises:
            PersonError: they are no member of the desk, or the end is not after the beginning.
        """
        await self._check_member(session, desk, person_id)
        if span.end <= span.begin:
            raise PersonError("dispatch.assignment.bad_span")
        row = ShiftExceptionRow(
            desk=desk,
            person_id=person_id,
            kind=kind.value,
            begins_at=span.begin,
            ends_at=span.end,
            other_id=other_id,
            note=note,
        )
        session.add(row)
        await session.flush()
        wake_after_commit(session, TASK)
        return row.id

    async def swap(
        self, session: AsyncSession, desk: str, giver_id: int, taker_id: int, span: Span, now: datetime
    ) -> None:
        """Let somebody take over what another works in this time; no more than that.

        Raises:
            PersonError: one is no member, or the giver does not work then.
        """
        for person_id in (giver_id, taker_id):
            await self._check_member(session, desk, person_id)
        members = {each.person.id: each for each in await self.members(session, desk, now)}
        giver = members.get(giver_id)
        given = giver.schedule.spans(span.begin, span.end) if giver else []
        if not given:
            raise PersonError("dispatch.assignment.not_on_shift", name=await self._name(session, giver_id))
        for each in given:
            await self.except_(session, desk, giver_id, ExceptionKind.GIVEN, each, other_id=taker_id)
            await self.except_(session, desk, taker_id, ExceptionKind.TAKEN, each, other_id=giver_id)

    async def drop_exception(self, session: AsyncSession, exception_id: int) -> None:
        """Take an exception back; of a swap, its other half too."""
        row = await session.get(ShiftExceptionRow, exception_id)
        if row is None:
            return
        if row.other_id is not None:
            await session.execute(
                delete(ShiftExceptionRow).where(
                    ShiftExceptionRow.desk == row.desk,
                    ShiftExceptionRow.person_id == row.other_id,
                    ShiftExceptionRow.other_id == row.person_id,
                    ShiftExceptionRow.begins_at == row.begins_at,
                    ShiftExceptionRow.ends_at == row.ends_at,
                )
            )
        await session.delete(row)
        wake_after_commit(session, TASK)

    async def _check_member(self, session: AsyncSession, desk: str, person_id: int) -> None:
        if await session.get(MemberRow, (desk, person_id)) is None:
            raise PersonError("dispatch.assignment.no_member", name=await self._name(session, person_id))

    async def _name(self, session: AsyncSession, person_id: int) -> str:
        person = await self.people.by_id(session, person_id)
        return person.display_name if person else ""


def _members(desk: str) -> Any:
    return select(MemberRow).where(MemberRow.desk == desk).execution_options(populate_existing=True)


async def _shifts(session: AsyncSession, desk: str) -> dict[int, list[Shift]]:
    found: dict[int, list[Shift]] = {}
    for row in await session.scalars(select(ShiftRow).where(ShiftRow.desk == desk).order_by(ShiftRow.id)):
        found.setdefault(row.person_id, []).append(_shift(row))
    return found


def _shift(row: ShiftRow) -> Shift:
    return Shift(row.first, row.every, Opening.parse(row.opening), row.last)


async def _exceptions(session: AsyncSession, desk: str, now: datetime) -> dict[int, list[ShiftException]]:
    query = select(ShiftExceptionRow).where(
        ShiftExceptionRow.desk == desk, ShiftExceptionRow.ends_at > now - _PAST
    )
    found: dict[int, list[ShiftException]] = {}
    for row in await session.scalars(query.order_by(ShiftExceptionRow.id)):
        exception = ShiftException(ExceptionKind(row.kind), Span(row.begins_at, row.ends_at))
        found.setdefault(row.person_id, []).append(exception)
    return found
