"""How common free times are offered: what speaks against each, a button, and whose calendars are known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sekretar.calendars.booking.draft import Guests
from sekretar.calendars.booking.wording import when_words
from sekretar.calendars.finding.knowing import Diary
from sekretar.calendars.finding.slots import Slot
from sekretar.calendars.finding.standing import Source
from sekretar.calendars.wording import stack
from sekretar.kernel.dates import format_days, format_duration, format_span, format_time, near_day
from sekretar.kernel.i18n import Translator
from sekretar.kernel.text import Markdown, truncate
from sekretar.mattermost.messages import Attachment, Button, Colour, Message

#: Opens the form of a meeting at the time.
BOOK = "calendars.find.book"

_RESTS = {
    Source.STORED: "calendars.find.stored",
    Source.SERVER: "calendars.find.server",
    Source.NOBODY: "calendars.find.nobody_knows",
}

_NAME_LIMIT = 60
_MOST_NAMES = 30
#: Names that stand beside a time.
_MOST_BESIDE = 3


@dataclass(frozen=True)
class Found:
    """The times, best first, and what they rest on. `days` are the first and the last moment that was looked at."""

    slots: tuple[Slot, ...]
    #: Of whoever asks, and of the known guests.
    diaries: tuple[Diary, ...]
    guests: Guests
    minutes: int
    days: tuple[datetime, datetime]


def slots(found: Found, number: int, zone: ZoneInfo, t: Translator, now: datetime) -> Message:
    """The times that suit everybody. `number` names the draft that the form is filled in with."""
    duration = format_duration(timedelta(minutes=found.minutes), t.language)
    first, last = (moment.astimezone(zone).date() for moment in found.days)
    today = now.astimezone(zone).date()
    span = format_days(first, last, t.language, today)
    if first == last:
        span = ", ".join(part for part in (near_day(first, today, t.language), span) if part)
    same_day = len({each.start.astimezone(zone).date() for each in found.slots}) == 1
    head = t("calendars.find.found" if found.slots else "calendars.find.none", duration=duration, days=span)
    guests = found.guests
    text = stack(
        *(
            _slot(each, _when(each, found.minutes, zone, t, None if same_day else now), t)
            for each in found.slots
        ),
        *_rests_on(found.diaries, t),
        t("calendars.booking.unknown", names=", ".join(guests.unknown)) if guests.unknown else "",
        t("calendars.booking.hidden", names=", ".join(guests.hidden)) if guests.hidden else "",
    )
    buttons = tuple(
        Button(
            _label(each.start, zone, t, same_day=same_day),
            BOOK,
            {"found": number, "start": int(each.start.timestamp())},
        )
        for each in found.slots
    )
    footer = t.plain("calendars.today.zone", zone=zone.key) if found.slots else ""
    attachment = Attachment(color=Colour.BLUE, text=text, actions=buttons, footer=footer, fallback=head)
    return Message(head, (attachment,) if text or buttons else ())


def _when(slot: Slot, minutes: int, zone: ZoneInfo, t: Translator, now: datetime | None) -> str:
    """The time; with `now`, the day too."""
    end = slot.start + timedelta(minutes=minutes)
    if now is None:
        return format_span(slot.start, end, zone, t.language)
    return when_words(slot.start, end, zone, t, now)


def _slot(slot: Slot, when: str, t: Translator) -> Markdown:
    """The time, and whom it costs what."""
    costs = (("outside", slot.outside), ("tentative", slot.tentative), ("lunch", slot.lunch))
    beside = [t(f"calendars.find.{kind}", names=_names(who, _MOST_BESIDE)) for kind, who in costs if who]
    return Markdown(" · ").join([t("calendars.find.slot", when=when), *beside])


def _rests_on(diaries: Sequence[Diary], t: Translator) -> Iterator[Markdown]:
    """Whose calendars are known, and by whom."""
    for source in Source:
        who = [each.name for each in diaries if each.source is source]
        if who:
            yield t(_RESTS[source], names=_names(who, _MOST_NAMES))


def _names(names: Sequence[str], most: int) -> str:
    shown = [truncate(each, _NAME_LIMIT) for each in names[:most]]
    return ", ".join(shown if len(names) <= most else [*shown, f"+{len(names) - most}"])


def _label(start: datetime, zone: ZoneInfo, t: Translator, *, same_day: bool) -> str:
    time = format_time(start, zone, t.language)
    return time if same_day else f"{start.astimezone(zone):%d.%m} {time}"
