"""What a request for a list asks for, as a filter. Pure: parameters in, filter out."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from sekretar.dispatch.api.schema import Ordering
from sekretar.dispatch.incidents.finding import OPEN, IncidentFilter, Order
from sekretar.dispatch.incidents.values import Status
from sekretar.dispatch.incidents.workflow import FINISHED
from sekretar.kernel.text import clean

#: The most incidents of one answer that has no `limit`.
MOST = 5_000
#: The most of one page.
LARGEST_PAGE = 1_000

State = Literal["open", "finished"] | Status

#: An offset whose plus sign was read as a blank, as happens in addresses.
_LOST_PLUS = re.compile(r" (\d\d:\d\d)$")


def _as_written(value: object) -> object:
    """A day is ten characters; everything else is a moment, also one at midnight."""
    if not isinstance(value, str) or not value:
        return value
    return (
        date.fromisoformat(value)
        if len(value) == 10
        else datetime.fromisoformat(_LOST_PLUS.sub(r"+\1", value))
    )


DayOrMoment = Annotated[date | datetime, BeforeValidator(_as_written)]

#: What programs of the predecessor send for a filter that was not filled in.
Left = Literal[""]

_ORDERS: dict[Ordering, Order] = {
    "-incident_datetime": Order.NEWEST,
    "incident_datetime": Order.OLDEST,
    "-updated_at": Order.CHANGED,
}
_INSTANT = timedelta(microseconds=1)


class ListQuery(BaseModel):
    """The parameters of a list; each narrows it."""

    model_config = ConfigDict(frozen=True)

    incident_date_after: DayOrMoment | Left | None = Field(
        default=None, description="Told of on this day or at this moment, or later."
    )
    incident_date_before: DayOrMoment | Left | None = Field(
        default=None, description="Told of on this day or at this moment, or before."
    )
    last_month: bool | Left = Field(
        default=False, description="Only from the first day of the previous month until now."
    )
    state: list[State] = Field(
        default=[], max_length=20, description="`open`, `finished` or the key of a status; any of several."
    )
    desk: list[Annotated[str, Field(max_length=32)]] = Field(
        default=[], max_length=20, description="Names of desks; any of several."
    )
    search: str = Field(
        default="",
        max_length=200,
        description="Words, or their beginnings, of summary, description, applicant or letters. Needs a token.",
    )
    code: str = Field(
        default="", max_length=40, description="How the code begins, in any spelling; digits are a number."
    )
    pole: str = Field(default="", max_length=64, description="How the code of the pole begins.")
    ordering: Ordering = Field(default="-incident_datetime", description="With `-` the latest first.")
    limit: int | None = Field(
        default=None, ge=1, le=LARGEST_PAGE, description="How many at most; then the answer is a page."
    )
    offset: int = Field(default=0, ge=0, le=2**31, description="How many are left out at the beginning.")

    @property
    def order(self) -> Order:
        """In which order the incidents are listed."""
        return _ORDERS[self.ordering]

    @property
    def most(self) -> int:
        """How many incidents the answer has at most."""
        return self.limit or MOST


def incident_filter(query: ListQuery, desks: frozenset[str], zone: ZoneInfo, now: datetime) -> IncidentFilter:
    """The filter of a request.

    Args:
        query: The parameters.
        desks: Which desks are listed; at least one.
        zone: In which days begin, and moments without an offset are meant.
        now: The moment of the request.
    """
    if not desks:
        raise ValueError("a filter without desks would mean all of them")
    since = _since(query.incident_date_after, zone)
    before = _before(query.incident_date_before, zone)
    if query.last_month:
        first = _first_of_last_month(now.astimezone(zone).date())
        since = max(_start(first, zone), since or _start(first, zone))
        before = min(now + _INSTANT, before or now + _INSTANT)
    return IncidentFilter(
        desks=desks,
        statuses=_statuses(query.state),
        since=since,
        before=before,
        text=clean(query.search),
        code=clean(query.code),
        pole=clean(query.pole),
    )


def _statuses(states: list[State]) -> frozenset[Status]:
    found: set[Status] = set()
    for state in states:
        found |= {"open": OPEN, "finished": FINISHED}.get(state, frozenset()) or {Status(state)}
    return frozenset(found)


def _first_of_last_month(today: date) -> date:
    return (today.replace(day=1) - timedelta(days=1)).replace(day=1)


def _since(value: date | datetime | Left | None, zone: ZoneInfo) -> datetime | None:
    if value is None or value == "":
        return None
    return _moment(value, zone) if isinstance(value, datetime) else _start(value, zone)


def _before(value: date | datetime | Left | None, zone: ZoneInfo) -> datetime | None:
    """The moment behind the last one that is meant: of a day its end, of a moment the moment itself."""
    if value is None or value == "" or value == date.max:
        return None
    if isinstance(value, datetime):
        return _moment(value, zone) + _INSTANT
    return _start(value + timedelta(days=1), zone)


def _start(day: date, zone: ZoneInfo) -> datetime:
    return _moment(datetime.combine(day, time()), zone)


def _moment(value: datetime, zone: ZoneInfo) -> datetime:
    """The moment in UTC; what lies before or behind all time is its end."""
    aware = value if value.tzinfo else value.replace(tzinfo=zone)
    try:
        return aware.astimezone(UTC)
    except OverflowError:
        return _FIRST if value.year < 5_000 else _LAST


_FIRST = datetime(1, 1, 2, tzinfo=UTC)
_LAST = datetime(9999, 12, 30, tzinfo=UTC)
