"""What a person is just changing through Sekretar, so that it is no news to them.

A look at the calendar may see the change before the click that made it is done. So the meeting is marked before the
server is asked. A mark that a crash leaves behind ends by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.people import Preference

#: Longer than any server may take to answer.
LASTS = timedelta(minutes=3)


class _Marks:
    """UIDs with the moment until which they are marked."""

    def encode(self, value: Mapping[str, datetime]) -> dict[str, str]:
        return {uid: until.isoformat() for uid, until in value.items()}

    def decode(self, stored: Any) -> Mapping[str, datetime]:
        if not isinstance(stored, dict):
            raise ValueError("not marks")  # noqa: TRY004 - what a codec refuses with
        return {str(uid): datetime.fromisoformat(str(until)) for uid, until in stored.items()}


_MARKS: Preference[Mapping[str, datetime]] = Preference("calendars.own_edits", {}, _Marks())


async def begin(session: AsyncSession, person_id: int, uids: Collection[str], now: datetime) -> None:
    """Mark meetings."""
    known = {each: until for each, until in (await _MARKS.read(session, person_id)).items() if until > now}
    await _MARKS.write(session, person_id, {**known, **dict.fromkeys(uids, now + LASTS)})


async def end(session: AsyncSession, person_id: int, uids: Collection[str]) -> None:
    """The change is stored, or was not made."""
    known = await _MARKS.read(session, person_id)
    await _MARKS.write(session, person_id, {each: until for each, until in known.items() if each not in uids})


async def under_way(session: AsyncSession, person_id: int, uid: str, now: datetime) -> bool:
    """Whether the person is just changing this meeting."""
    until = (await _MARKS.read(session, person_id)).get(uid)
    return until is not None and until > now
