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
from sekretar.calendars.ics.events import ParsedObject
from sekretar.calendars.ics.occurrences import Occurrence, first_start, moved_out, occurrences
from sekretar.calendars.ics.reading import UnreadableObject, parse_object
from sekretar.calendars.model import StoredOccurrence
from sekretar.calendars.sync.changes import Seen
from sekretar.calendars.sync.happenings import is_cancelled, my_answer

#: How far back and ahead a series is expanded; one that only begins, or goes on, later than that is expanded
#: as far from its next time on.
PAST = timedelta(days=35)
AHEAD = timedelta(days=120)
#: A single meeting is stored however far ahead it is.
FOREVER = timedelta(days=3650)
#: Two texts of a series are compared no further than this: it is within the most occurrences of a daily one.
FARTHEST = timedelta(days=1825)
#: Some programs write the last moment of the calendar for *never ends*; no zone can show that moment.
LATEST = datetime(9999, 1, 1, tzinfo=UTC)

#: Alarms are kept so far ahead of the start, and so many of an event.
EARLIEST_ALARM = timedelta(days=28)
MOST_ALARMS = 10
_MINUTES_OF_A_DAY = 24 * 60

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
    #: Who read it, so that an earlier text can be read alike.
    reader: Reader | None = None


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
        found, until = expanded(parsed, reader.zone, now)
    except UnreadableObject as error:
        _log.warning("calendar object not understood", reason=str(error))
        return unreadable(remote.href, etag, remote.data)
    except Exception:
        _log.exception("calendar object broke the reader")
        return unreadable(remote.href, etag, remote.data)
    # A meeting without a UID is known by its file.
    uid = parsed.uid or remote.href
    rows = {(each.uid, each.recurrence_id): _row(each, each.uid or uid, reader.addresses) for each in found}
    return Reading(remote.href, etag, remote.data, uid, until, tuple(rows.values()), reader=reader)


def horizon(now: datetime) -> datetime:
    """How far series are expanded now: a whole day, so that a day's readings agree."""
    return (now + AHEAD).replace(hour=0, minute=0, second=0, microsecond=0)


def expanded(parsed: ParsedObject, zone: ZoneInfo, now: datetime) -> tuple[list[Occurrence], datetime | None]:
    """The occurrences worth storing, and how far a series was expanded for them."""
    if not parsed.recurring:
        return occurrences(parsed, (now - PAST, now + FOREVER), zone), None
    until = horizon(now)
    found = _series(parsed, zone, now, until)
    if not any(each.end > now for each in found):
        later = first_start(parsed, (until, now + FOREVER), zone)
        if later is not None:
            until = horizon(later)
            found = _series(parsed, zone, now, until)
    return found, until


def _series(parsed: ParsedObject, zone: ZoneInfo, now: datetime, until: datetime) -> list[Occurrence]:
    window = now - PAST, until
    return occurrences(parsed, window, zone) + moved_out(parsed, window, zone)


def shown(data: str, reader: Reader, now: datetime, until: datetime) -> list[Seen]:
    """What a text shows, as far as that, of which another text is known to show something.

    Raises:
        UnreadableObject: nobody can understand it.
    """
    parsed = parse_object(data, reader.zone, own_addresses=reader.addresses, own_hosts=reader.hosts)
    found = _series(parsed, reader.zone, now, until)
    return seen(_row(each, each.uid, reader.addresses) for each in found)


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
                "kind": each.kind,
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
    """Minutes before the start, the longest first. An alarm after it is no reminder, unless whole days begin with it:
    nobody wants to be reminded of them at midnight.
    """
    latest = -_MINUTES_OF_A_DAY if occurrence.all_day else -1
    before = (round(-alarm / timedelta(minutes=1)) for alarm in occurrence.alarms if alarm >= -EARLIEST_ALARM)
    return sorted({each for each in before if each > latest}, reverse=True)[:MOST_ALARMS]


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
