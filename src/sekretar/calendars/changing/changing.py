"""Moving, changing and cancelling one's own meetings: what was filled in, as an edit of the object on the server."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sekretar.calendars import editing
from sekretar.calendars.answers.attending import Part
from sekretar.calendars.booking.draft import Guests, moment_of, parse_length
from sekretar.calendars.changing.carrying import Carrying, Target, find, settled
from sekretar.calendars.changing.wording import guests_of, looked_like, minutes_of
from sekretar.calendars.editing import (
    Days,
    Edit,
    Edited,
    EditError,
    Invitee,
    NothingToCarry,
    Reach,
    Scope,
    Span,
    Timed,
)
from sekretar.calendars.views.agenda import Meeting
from sekretar.kernel.dates import parse_time
from sekretar.kernel.errors import PersonError
from sekretar.kernel.forms import Value
from sekretar.kernel.people import Person
from sekretar.mattermost.chat import Stale


@dataclass(frozen=True)
class Changing:
    """Changes meetings."""

    carrying: Carrying

    async def target(self, person: Person, named: object) -> Target:
        """The meeting of the person that a button names.

        Raises:
            Stale: it is gone, cancelled, or somebody else's.
        """
        async with self.carrying.desk.database.reading() as session:
            target = await find(session, person, named)
        if target.part is not Part.OWNER:
            raise Stale("calendars.own.not_yours")
        if target.details.meeting.cancelled:
            raise Stale("calendars.rsvp.cancelled")
        return target

    async def change(self, target: Target, edit: Edit, reach: Reach) -> None:
        """Write an edit and store it.

        Raises:
            PersonError: it was not made, and why.
        """
        now, zone, further = self.carrying.desk.now(), target.person.zone, f"sekretar-{secrets.token_hex(16)}"
        scope = _scope(target, reach)
        await self._carry_out(
            target,
            lambda data: editing.edited(data, edit, scope, now=now, zone=zone, further_uid=further),
            further,
        )

    async def cancel(self, target: Target, reach: Reach) -> None:
        """Call the meeting off: one that is off altogether is deleted, and the server tells the attendees.

        Raises:
            PersonError: it was not done, and why.
        """
        if reach is Reach.ALL:
            async with self.carrying.own(target):
                outcome = await self.carrying.writer(target).delete(
                    target.calendar.href, target.href, witness=self.carrying.witness(target, looked_like)
                )
                await self.carrying.keep(target, outcome)
            settled(outcome)
            return
        now, zone, scope = self.carrying.desk.now(), target.person.zone, _scope(target, reach)
        await self._carry_out(target, lambda data: editing.cancelled(data, scope, now=now, zone=zone))

    async def _carry_out(self, target: Target, edit: Callable[[str], Edited], *further: str) -> None:
        witness = self.carrying.witness(target, looked_like)
        async with self.carrying.own(target, *further):
            try:
                outcome = await self.carrying.writer(target).change(
                    target.calendar.href, target.href, edit, witness
                )
            except NothingToCarry:
                raise PersonError("calendars.own.nothing_to_carry") from None
            except EditError:
                raise PersonError("calendars.carrying.uneditable") from None
            await self.carrying.keep(target, outcome)
        settled(outcome)


def _scope(target: Target, reach: Reach) -> Scope:
    return Scope(reach if target.recurrence_id else Reach.ALL, target.recurrence_id)


def span_in(values: Mapping[str, Value], meeting: Meeting, zone: ZoneInfo) -> Span | None:
    """The time that was filled in; None when it is the present one.

    Raises:
        PersonError: the day is out of reach.
    """
    day = date.fromisoformat(str(values["day"]))
    if meeting.all_day:
        span: Span = Days(day, day + timedelta(days=int(str(values["days"])) - 1))
        first = meeting.start.astimezone(zone).date()
        last = meeting.end.astimezone(zone).date() - timedelta(days=1)
        return None if span == Days(first, max(first, last)) else span
    start = moment_of(day, parse_time(str(values["time"])), zone)
    minutes = parse_length(str(values["length"])) if "length" in values else minutes_of(meeting)
    # The form shows minutes: what has not been touched keeps its seconds.
    if start == _to_minute(meeting.start):
        start = meeting.start
        if minutes == minutes_of(meeting):
            return None
    return Timed(start.astimezone(zone), (start + timedelta(minutes=minutes)).astimezone(zone))


def edit_in(values: Mapping[str, Value], target: Target, guests: Guests) -> Edit:
    """The changes that were filled in; what was not asked, or is as it was, stays."""
    meeting, invited = target.details.meeting, guests_of(target.details, target.account.addresses)
    listed = {each.address.casefold() for each in guests.known}
    known = {each.address.casefold() for each in invited}
    asked = "guests" in values
    return Edit(
        title=_changed(values, "title", meeting.title),
        place=_changed(values, "place", meeting.place),
        description=_changed(values, "description", meeting.description),
        invite=tuple(
            Invitee(each.address, each.name) for each in guests.known if each.address.casefold() not in known
        ),
        uninvite=_gone(tuple(each.address for each in invited), listed) if asked else (),
        organizer=Invitee(target.own_address, target.person.display_name),
    )


def is_empty(edit: Edit) -> bool:
    """Whether nothing would be different."""
    texts = (edit.title, edit.place, edit.description)
    return not (edit.invite or edit.uninvite or edit.span) and all(each is None for each in texts)


def _gone(invited: tuple[str, ...], listed: Collection[str]) -> tuple[str, ...]:
    return tuple(each for each in invited if each.casefold() not in listed)


def _changed(values: Mapping[str, Value], name: str, before: str) -> str | None:
    text = str(values[name]) if name in values else before
    return None if text.strip() == before.strip() else text


def _to_minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
