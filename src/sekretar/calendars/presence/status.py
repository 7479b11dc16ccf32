"""Keeping people's status in step with their meetings, for those who want it.

The job is a control loop: for everybody concerned it works out what the status should be now, looks at what it is,
and mends the difference. It remembers what it set, so that doing it twice, late, or after a crash changes nothing
that a person would notice. The rules are in `presence`; the way to the status is `mattermost.acting`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Select, delete, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars.model import Calendar, Presence, StoredOccurrence
from sekretar.calendars.presence.rules import (
    BACK_TO_BACK,
    Busy,
    Decision,
    Forget,
    Held,
    Keep,
    Restore,
    Show,
    Shown,
    Yield,
    busy_until,
    decide,
    next_change,
)
from sekretar.calendars.settings import preferences
from sekretar.kernel.database import Json
from sekretar.kernel.errors import PeerError
from sekretar.kernel.people import Person, Preference, PreferenceRow
from sekretar.mattermost.acting import Acting, NotPermitted
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.models import CustomStatus

TASK = "calendars.status"

#: Whether the person wants their status to follow their meetings. Nobody's does unless they said so.
WANTED = preferences.STATUS_WANTED

EMOJI = "calendar"

#: Meetings further away than this do not matter for the next look, which comes within minutes.
AHEAD = timedelta(hours=1)

#: How many people are looked at in Mattermost at once: one slow answer must not keep the others waiting.
AT_ONCE = 10

#: After a failure or a refusal the person is looked at again after this long.
PATIENCE = timedelta(minutes=2)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class StatusKeeper:
    """The control loop."""

    desk: Desk
    acting: Acting

    async def run(self) -> datetime | None:
        """Bring everybody's status in step; returns when the next one changes."""
        now = self.desk.now()
        async with self.desk.database.reading() as session:
            meetings = await busy_times(session, now, wanting(WANTED))
            held = (await session.scalars(select(Presence.person_id))).all()
        concerned = {person_id for person_id, theirs in meetings.items() if busy_until(theirs, now)}
        places = asyncio.Semaphore(AT_ONCE)
        kept = [self._keep_person(person_id, places) for person_id in sorted(concerned.union(held))]
        moments = [*await asyncio.gather(*kept), *(next_change(theirs, now) for theirs in meetings.values())]
        return min((each for each in moments if each), default=None)

    async def _keep_person(self, person_id: int, places: asyncio.Semaphore) -> datetime | None:
        try:
            async with places:
                return await self.keep(person_id)
        except PeerError as error:
            _log.warning("status not kept", person=person_id, error=type(error).__name__)
        except Exception:
            _log.exception("status not kept", person=person_id)
        return self.desk.now() + PATIENCE

    async def keep(self, person_id: int) -> datetime | None:
        """Bring one person's status in step; returns when their next meeting begins or ends.

        Raises:
            PeerError: Mattermost did not do what it was asked; nothing is forgotten.
        """
        now = self.desk.now()
        async with self.desk.database.reading() as session:
            person = await self.desk.people.by_id(session, person_id)
            chosen = await preferences.read(session, person_id)
            theirs = await busy_times(session, now, select(literal(person_id))) if chosen.status else {}
            held = await session.get(Presence, person_id)
        if person is None or not person.active:
            return None
        meetings = theirs.get(person_id, [])
        until = busy_until(meetings, now)
        if until is None and held is None:
            return next_change(meetings, now)
        usual = self.desk.translator(person).plain("calendars.status.text")
        ours = Shown(chosen.status_emoji or EMOJI, chosen.status_text or usual)
        current = _shown(await self.acting.custom_status(person))
        await self._carry_out(person, decide(now, until, current, _held(held), ours))
        return next_change(meetings, now)

    async def _carry_out(self, person: Person, decision: Decision) -> None:
        """Remember before setting, forget after restoring: a crash between the two loses nobody's status."""
        match decision:
            case Keep():
                return
            case Show():
                if isinstance(await self.acting.how(person), NotPermitted):
                    await self._forget(person)
                    return
                await self._remember(person, decision)
                outcome = await self._set(person, replace(decision.status, expires_at=decision.until))
                if isinstance(outcome, NotPermitted):
                    await self._forget(person)
                else:
                    await self._change(person, applied=True)
            case Restore(earlier):
                # Should it be given back and not forgotten, it must not look as if the person had put it back.
                await self._change(person, applied=False)
                await self._set(person, earlier)
                await self._forget(person)
            case Yield():
                await self._change(person, yielded=True)
            case Forget():
                await self._forget(person)

    async def _set(self, person: Person, status: Shown | None) -> object:
        if status is None:
            return await self.acting.clear_custom_status(person)
        return await self.acting.set_custom_status(
            person, emoji=status.emoji, text=status.text, expires_at=status.expires_at
        )

    async def _remember(self, person: Person, show: Show) -> None:
        async with self.desk.database.transaction() as session:
            row = await session.get(Presence, person.id) or Presence(person_id=person.id)
            row.until, row.emoji, row.text = show.until, show.status.emoji, show.status.text
            row.earlier, row.yielded, row.applied = _as_json(show.earlier), False, False
            session.add(row)

    async def _change(self, person: Person, **values: bool) -> None:
        async with self.desk.database.transaction() as session:
            await session.execute(update(Presence).where(Presence.person_id == person.id).values(**values))

    async def _forget(self, person: Person) -> None:
        async with self.desk.database.transaction() as session:
            await session.execute(delete(Presence).where(Presence.person_id == person.id))


def wanting(switch: Preference[bool]) -> Select[int]:
    """Those who have switched it on."""
    wanted = literal(True, Json)
    return select(PreferenceRow.person_id).where(
        PreferenceRow.name == switch.name, PreferenceRow.value == wanted
    )


async def busy_times(session: AsyncSession, now: datetime, people: Select[int]) -> dict[int, list[Busy]]:
    """The meetings of these people that count, as far as they matter now."""
    query = (
        select(StoredOccurrence.person_id, StoredOccurrence.starts_at, StoredOccurrence.ends_at)
        .join(Calendar, Calendar.id == StoredOccurrence.calendar_id)
        .where(
            StoredOccurrence.person_id.in_(people),
            StoredOccurrence.ends_at > now - BACK_TO_BACK,
            StoredOccurrence.starts_at < now + AHEAD,
            StoredOccurrence.all_day.is_(False),
            StoredOccurrence.cancelled.is_(False),
            StoredOccurrence.transparent.is_(False),
            StoredOccurrence.answer != "DECLINED",
            Calendar.chosen.is_(True),
            Calendar.shows_presence.is_(True),
        )
    )
    found: dict[int, list[Busy]] = {}
    for person_id, start, end in await session.execute(query):
        found.setdefault(person_id, []).append(Busy(start, end))
    return found


def _shown(status: CustomStatus | None) -> Shown | None:
    return Shown(status.emoji, status.text, status.expires_at) if status else None


def _held(row: Presence | None) -> Held | None:
    if row is None:
        return None
    return Held(Shown(row.emoji, row.text), row.until, _from_json(row.earlier), row.yielded, row.applied)


def _as_json(status: Shown | None) -> dict[str, str | None] | None:
    if status is None:
        return None
    expires = status.expires_at.isoformat() if status.expires_at else None
    return {"emoji": status.emoji, "text": status.text, "expires_at": expires}


def _from_json(stored: dict[str, str | None] | None) -> Shown | None:
    if stored is None:
        return None
    expires = stored["expires_at"]
    return Shown(
        stored["emoji"] or "", stored["text"] or "", datetime.fromisoformat(expires) if expires else None
    )
