"""When the morning digest is due: once on each chosen day, at the hour on the person's own clock.

Only the hour and the days are kept, never a moment: what nine o'clock is, is worked out anew for every day, so that
it stays nine o'clock when the clocks change and when the person travels. A day is settled once its digest was
given, and a settled day never comes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sekretar.calendars.ics.zones import to_utc

#: The job that gives digests.
TASK = "calendars.digests"

#: A digest that comes late is given until the first of these hours, else until midnight.
_UNTIL = (time(12), time(18))
#: But at least this long.
_GRACE = timedelta(hours=1)

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Schedule:
    """The hour, and the days of the week (Monday is 0)."""

    at: time
    days: frozenset[int]


def moment(schedule: Schedule, day: date, zone: ZoneInfo) -> datetime:
    """When the digest of a day is due.

    An hour that the clock skips counts with the offset before; one that is skipped at the end of the day must not
    become the next day.
    """
    return min(to_utc(datetime.combine(day, schedule.at), zone), _end(day, zone) - _MINUTE)


def latest(schedule: Schedule, day: date, zone: ZoneInfo) -> datetime:
    """Until when a late digest of that day is still of use."""
    enough = moment(schedule, day, zone) + _GRACE
    hours = (to_utc(datetime.combine(day, hour), zone) for hour in _UNTIL)
    return next((hour for hour in hours if hour >= enough), _end(day, zone))


def due_day(schedule: Schedule, zone: ZoneInfo, now: datetime, settled: date | None) -> date | None:
    """The day whose digest is to be given now, which is today or none."""
    today = now.astimezone(zone).date()
    if today.weekday() not in schedule.days or (settled is not None and today <= settled):
        return None
    return today if moment(schedule, today, zone) <= now < latest(schedule, today, zone) else None


def next_due(schedule: Schedule, zone: ZoneInfo, now: datetime, settled: date | None) -> datetime | None:
    """The next moment after now at which a digest is due; None when no day is chosen."""
    today = now.astimezone(zone).date()
    first = today if settled is None or settled < today else settled + _DAY
    # A week, and one day more because that of today may be over.
    for day in (first + _DAY * ahead for ahead in range(8)):
        if day.weekday() in schedule.days and (at := moment(schedule, day, zone)) > now:
            return at
    return None


def _end(day: date, zone: ZoneInfo) -> datetime:
    return to_utc(datetime.combine(day + _DAY, time.min), zone)
