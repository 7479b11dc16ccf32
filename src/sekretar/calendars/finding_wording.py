"""How common free times are offered: a button each, and who could not be taken into account."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sekretar.calendars.booking import Guest, Guests
from sekretar.calendars.booking_wording import when_words
from sekretar.calendars.wording import stack
from sekretar.kernel.dates import format_days, format_duration, format_time
from sekretar.kernel.i18n import Translator
from sekretar.kernel.text import truncate
from sekretar.mattermost.messages import Attachment, Button, Colour, Message

#: Opens the preview of a meeting at the chosen time.
TAKE = "calendars.find.take"

_NAME_LIMIT = 60
_MOST_NAMES = 30


def slots(
    starts: Sequence[datetime],
    minutes: int,
    days: tuple[datetime, datetime],
    guests: Guests,
    blind: Sequence[Guest],
    number: int,
    zone: ZoneInfo,
    t: Translator,
    now: datetime,
) -> Message:
    """The times that suit everybody. `blind` are the guests whose calendars are not known."""
    length = timedelta(minutes=minutes)
    duration = format_duration(length, t.language)
    first, last = (moment.astimezone(zone).date() for moment in days)
    span = format_days(first, last, t.language, now.astimezone(zone).date())
    head = t("calendars.find.found" if starts else "calendars.find.none", duration=duration, days=span)
    names = ", ".join(truncate(each.name or each.address, _NAME_LIMIT) for each in blind[:_MOST_NAMES])
    text = stack(
        *(when_words(each, each + length, zone, t, now) for each in starts),
        t("calendars.find.blind", names=names) if names else "",
        t("calendars.booking.unknown", names=", ".join(guests.unknown)) if guests.unknown else "",
        t("calendars.booking.hidden", names=", ".join(guests.hidden)) if guests.hidden else "",
    )
    buttons = tuple(
        Button(_label(each, zone, t), TAKE, {"draft": number, "start": int(each.timestamp())})
        for each in starts
    )
    footer = t.plain("calendars.today.zone", zone=zone.key) if starts else ""
    attachment = Attachment(color=Colour.BLUE, text=text, actions=buttons, footer=footer, fallback=head)
    return Message(head, (attachment,) if text or buttons else ())


def _label(start: datetime, zone: ZoneInfo, t: Translator) -> str:
    return f"{start.astimezone(zone):%d.%m} {format_time(start, zone, t.language)}"
