"""From the text of a calendar object to the occurrences that are stored of it.

Reading costs processor time and is done before the transaction that stores its result.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from sekretar.calendars.caldav import RemoteObject
from sekretar.calendars.changes import Seen
from sekretar.calendars.events import ParsedObject
from sekretar.calendars.happenings import is_cancelled, my_answer
from sekretar.calendars.ics import UnreadableObject, parse_object
from sekretar.calendars.model import StoredOccurrence
from sekretar.calendars.occurrences import Occurrence, occurrences

#: How far back and ahead a series is expanded.
PAST = timedelta(days=35)
AHEAD = timedelta(days=120)
#: A single meeting is stored however far ahead it is.
FOREVER = timedelta(days=3650)
#: Some programs write the last moment of the calendar for *never ends*; no zone can show that moment.
LATEST = datetime(9999, 1, 1, tzinfo=UTC)

#: Alarms are kept so far ahead of the start, and so many of an event.
EARLIEST_ALARM = timedelta(days=28)
MOST_ALARMS = 10

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Reader:
    """What is needed to read a person's objects: their zone, their addresses, their own conference hosts."""

    zone: ZoneInfo
    addresses: Collection[str]
    hosts: Collection[str]


@dataclass(frozen=True)
class Reading:
    """One object as it will be stored."""

    href: str
    etag: str
    data: str
    uid: str
    #: How far a series was expanded; None for a single meeting.
    until: datetime | None
    rows: tuple[dict[str, Any], ...]
    #: False where nobody can understand the text: what was known of the object before stays.
    readable: bool = True


def unreadable(href: str, etag: str, data: str = "") -> Reading:
    """An object of which only its existence is known."""
    return Reading(href, etag, data, "", None, (), readable=False)


def read(remote: RemoteObject, reader: Reader, now: datetime) -> Reading:
    """Read one object. One that nobody can understand is kept with its text and has no occurrences.

    Whatever it does to the reader: one strange text must not keep a person from all their other meetings.
    """
    etag = remote.etag or ""
    try:
        parsed = parse_object(
            remote.data, reader.zone, own_addresses=reader.addresses, own_hosts=reader.hosts
        )
        until = horizon(now) if parsed.recurring else None
        found = expanded(parsed, reader.zone, now, until)
    except UnreadableObject as error:
        _log.warning("calendar object not understood", reason=str(error))
        return unreadable(remote.href, etag, remote.data)
    except Exception:
        _log.exception("calendar object broke the reader")
        return unreadable(remote.href, etag, remote.data)
    # A meeting without a UID is known by its file.
    uid = parsed.uid or remote.href
    rows = {(each.uid, each.recurrence_id): _row(each, each.uid or uid, reader.addresses) for each in found}
    return Reading(remote.href, etag, remote.data, uid, until, tuple(rows.values()))


def horizon(now: datetime) -> datetime:
    """How far series are expanded now: a whole day, so that a day's readings agree."""
    return (now + AHEAD).replace(hour=0, minute=0, second=0, microsecond=0)


def expanded(parsed: ParsedObject, zone: ZoneInfo, now: datetime, until: datetime | None) -> list[Occurrence]:
    """The occurrences worth storing."""
    return occurrences(parsed, (now - PAST, until or now + FOREVER), zone)


def _row(occurrence: Occurrence, uid: str, addresses: Collection[str]) -> dict[str, Any]:
    join, organizer = occurrence.join_link, occurrence.organizer
    return {
        "uid": uid,
        "recurrence_id": occurrence.recurrence_id,
        "starts_at": occurrence.start,
        "ends_at": min(occurrence.end, LATEST),
        "all_day": occurrence.all_day,
        "title": occurrence.title,
        "place": occurrence.location,
        "description": occurrence.description,
        "organizer": {"address": organizer.address, "name": organizer.name} if organizer else None,
        "attendees": [
            {
                "address": each.address,
                "name": each.name,
                "answer": each.partstat.value,
                "role": each.role.value,
            }
            for each in occurrence.attendees
        ],
        "answer": (my_answer(occurrence, addresses) or ""),
        "cancelled": is_cancelled(occurrence),
        "transparent": occurrence.transparent,
        "join_url": join.url if join else "",
        "join_service": join.service if join else "",
        "alarms": _alarms(occurrence),
        "fingerprint": occurrence.fingerprint,
    }


def _alarms(occurrence: Occurrence) -> list[int]:
    """Minutes before the start, the longest first; an alarm after it is no reminder."""
    before = (round(-alarm / timedelta(minutes=1)) for alarm in occurrence.alarms if alarm >= -EARLIEST_ALARM)
    return sorted({each for each in before if each >= 0}, reverse=True)[:MOST_ALARMS]


def seen(rows: Iterable[dict[str, Any] | StoredOccurrence]) -> list[Seen]:
    """Stored or freshly read occurrences as they are compared."""
    return [_seen(row) for row in rows]


def _seen(row: dict[str, Any] | StoredOccurrence) -> Seen:
    value = row.__getitem__ if isinstance(row, dict) else row.__getattribute__
    return Seen(
        recurrence_id=value("recurrence_id"),
        start=value("starts_at"),
        end=value("ends_at"),
        all_day=value("all_day"),
        title=value("title"),
        place=value("place"),
        description=value("description"),
        join_url=value("join_url"),
        cancelled=value("cancelled"),
        fingerprint=value("fingerprint"),
    )


def pack(data: str) -> bytes:
    """The text as it is stored."""
    return zlib.compress(data.encode("utf-8", "surrogatepass"))


def unpack(stored: bytes) -> str:
    """The stored text."""
    return zlib.decompress(stored).decode("utf-8", "surrogatepass")
