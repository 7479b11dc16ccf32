"""What a message in the chat says of a meeting: its title, its time, whom it names.

It is running text that nobody wrote for us, so nothing of it is certain: it fills in a form, and whoever fills in the
rest sees all of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time
from zoneinfo import ZoneInfo

from sekretar.calendars.booking.draft import DEFAULT_MINUTES, DESCRIPTION_LIMIT, TITLE_LIMIT, Draft
from sekretar.calendars.booking.form import next_hour
from sekretar.calendars.booking.line import Line, draft_of_line, glean
from sekretar.calendars.booking.people_search import named
from sekretar.kernel.errors import PersonError
from sekretar.kernel.text import truncate
from sekretar.mattermost.quoting import spoken_lines

#: When a meeting is on a day of which no time is said: it is asked anyway.
_MORNING = time(10)

#: What stands further down in a long message is no appointment any more.
_MOST_WORDS = 300

#: They name everybody or nobody.
_NOBODY = frozenset({"@all", "@channel", "@here"})

_END = ".,:;!?…"


@dataclass(frozen=True)
class Said:
    """What was understood. `names` are mentions and addresses, as they were written."""

    title: str
    line: Line
    names: tuple[str, ...] = ()


def said_in(text: str, local: datetime) -> Said:
    """What a message says.

    Args:
        text: as it was written, in Markdown.
        local: when it was written, where the reader is: «tomorrow» counts from then.
    """
    lines = spoken_lines(text)
    if not lines:
        return Said("", Line(""))
    everything = [word for words in lines for word in words][:_MOST_WORDS]
    head, whole = glean(lines[0][:_MOST_WORDS], local), glean(everything, local)
    names = [name for name in named(" ".join(word for word in everything if "@" in word)) if "@" in name]
    # Anywhere in the message the time may be said; the title is in its first line.
    line = head if head.at or head.start else whole
    return Said(
        truncate(head.title.strip(f" {_END}-–—"), TITLE_LIMIT) or truncate(" ".join(lines[0]), TITLE_LIMIT),
        replace(line, title="", names=()),
        tuple(name for name in names if name.lower() not in _NOBODY),
    )


def beginning(line: Line, local: datetime, zone: ZoneInfo, now: datetime) -> datetime | None:
    """When a meeting of this line begins; None when it does not say, or when that is over.

    Args:
        line: what was said.
        local: when it was said, where the reader is.
        zone: the reader's.
        now: the present.
    """
    if line.at is None and line.start is None:
        if line.day is None:
            return None
        line = replace(line, at=_MORNING)
    try:
        start = draft_of_line(line, 0, zone, local).start
    except PersonError:
        return None
    return start if start > now else None


def draft_of(
    said: Said, text: str, link: str, start: datetime | None, zone: ZoneInfo, now: datetime
) -> Draft:
    """The meeting as far as the message tells it: the rest is asked. The calendar is not chosen yet.

    Args:
        said: what was understood.
        text: the whole message: it becomes the description.
        link: the address of the message.
        start: when, if that is known; else the next full hour.
        zone: of the person who makes the meeting.
        now: the present.
    """
    room = DESCRIPTION_LIMIT - len(link) - 2
    return Draft(
        title=said.title,
        start=start or next_hour(now, zone),
        minutes=said.line.minutes or DEFAULT_MINUTES,
        calendar_id=0,
        description=f"{truncate(text.strip(), room)}\n\n{link}".strip(),
        repeat=said.line.repeat,
    )
