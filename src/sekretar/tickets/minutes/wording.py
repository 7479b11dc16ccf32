"""Meetings and their assignments in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sekretar.kernel.dates import format_date, format_span, near_day
from sekretar.kernel.i18n import Translator
from sekretar.kernel.meetings import Participant
from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown, escape, escape_block, link, truncate
from sekretar.mattermost.messages import Attachment, Button, Message
from sekretar.tickets.batches.store import Row
from sekretar.tickets.batches.wording import SUBJECT_SHOWN, summed_up
from sekretar.tickets.minutes.model import TicketMeeting
from sekretar.tickets.minutes.store import Assigned
from sekretar.tickets.words import NAME_LIMIT, spoken_key

WRITE = "tickets.minutes.write"
OFF = "tickets.minutes.off"

TITLE_LIMIT = 120
#: In a reminder and in a history.
MOST_IN_REMINDER = 10
MOST_NAMES = 15


def title_of(title: str, t: Translator) -> Markdown:
    """The title of a meeting, shortened and escaped."""
    return escape(truncate(title, TITLE_LIMIT)) or t("tickets.minutes.untitled")


def day_of(moment: datetime, zone: ZoneInfo, t: Translator) -> str:
    return format_date(moment.astimezone(zone).date(), t.language)


def names_of(others: Sequence[Participant]) -> str:
    """Who took part, as far as a line can hold it."""
    names = [truncate(each.name or each.address, NAME_LIMIT) for each in others]
    return ", ".join(names[:MOST_NAMES]) + (" …" if len(names) > MOST_NAMES else "")


def offer(meeting: TicketMeeting, t: Translator, others: Sequence[Participant]) -> Message:
    """Right after a meeting: a quiet question."""
    write = Button(t.plain("tickets.minutes.write"), WRITE, {"meeting": meeting.id}, style="primary")
    off = Button(t.plain("tickets.minutes.stop"), OFF)
    text = t("tickets.minutes.offer", names=names_of(others))
    head = t("tickets.minutes.ended", title=title_of(meeting.title, t))
    return Message(head, (Attachment(text=text, actions=(write, off)),))


def offer_over(meeting: TicketMeeting, t: Translator) -> Message:
    """The same when nothing is offered any more."""
    return Message(t("tickets.minutes.ended", title=title_of(meeting.title, t)))


def choice(meetings: Sequence[TicketMeeting], person: Person, t: Translator, now: datetime) -> Message:
    """Which meeting is meant."""
    today = now.astimezone(person.zone).date()
    return Message(t("tickets.minutes.which"), tuple(_candidate(each, person, t, today) for each in meetings))


def _candidate(meeting: TicketMeeting, person: Person, t: Translator, today: date) -> Attachment:
    begin = meeting.starts_at.astimezone(person.zone).date()
    day = near_day(begin, today, t.language) or format_date(begin, t.language, today)
    span = format_span(meeting.starts_at, meeting.ends_at, person.zone, t.language)
    text = Markdown(f"**{title_of(meeting.title, t)}** · {day}, {span}")
    button = Button(t.plain("tickets.minutes.write"), WRITE, {"meeting": meeting.id})
    return Attachment(text=text, actions=(button,))


def minutes(
    meeting: TicketMeeting, text: str, rows: Sequence[Row], author: Person, reader: Person, t: Translator
) -> Message:
    """What was decided: for the channel and for everybody who was there."""
    day = day_of(meeting.starts_at, reader.zone, t)
    title = t("tickets.minutes.title", title=title_of(meeting.title, t), day=day, author=author.display_name)
    lines = [
        title,
        *([escape_block(text), Markdown("")] if text else []),
        *([t("tickets.minutes.assignments")] if rows else []),
        *(summed_up(row, t) for row in rows),
    ]
    return Message(Markdown("\n").join(lines))


def still_open(known: Sequence[Assigned], person: Person, t: Translator) -> Markdown:
    """Before the next time: what of the last time is open, and how much is older than that."""
    last = max(each.at for each in known)
    of_last = [each for each in known if each.at == last]
    shown, older = of_last[:MOST_IN_REMINDER], len(known) - len(of_last)
    lines = [
        t("tickets.minutes.open", day=day_of(last, person.zone, t)),
        *(_line(each, t) for each in shown),
        *([t.plural("tickets.minutes.more", rest)] if (rest := len(of_last) - len(shown)) else []),
        *([t.plural("tickets.minutes.older", older)] if older else []),
    ]
    return Markdown("\n").join(lines)


def history(
    known: Sequence[Assigned], meetings: Sequence[TicketMeeting], person: Person, t: Translator, now: datetime
) -> Message:
    """Everything that was written down of a meeting, time by time; and the latest times, to write down more."""
    parts = [_time(list(theirs), person, t) for theirs in _by_meeting(known)]
    today = now.astimezone(person.zone).date()
    return Message(
        Markdown("\n\n").join(parts), tuple(_candidate(each, person, t, today) for each in meetings)
    )


def _by_meeting(known: Sequence[Assigned]) -> Iterable[Sequence[Assigned]]:
    groups: dict[int, list[Assigned]] = {}
    for each in known:
        groups.setdefault(each.meeting_id, []).append(each)
    return groups.values()


def _time(known: Sequence[Assigned], person: Person, t: Translator) -> Markdown:
    first, waiting = known[0], sum(not each.closed for each in known)
    heading = t(
        "tickets.minutes.time",
        title=title_of(first.title, t),
        day=day_of(first.at, person.zone, t),
        open=waiting,
        count=len(known),
    )
    return Markdown("\n").join([heading, *(_line(each, t) for each in known)])


def _line(each: Assigned, t: Translator) -> Markdown:
    key = link(spoken_key(each.ref.key), each.link)
    subject = escape(truncate(each.subject, SUBJECT_SHOWN))
    due = t("tickets.assigned.due", day=format_date(each.due, t.language)) if each.due else ""
    parts = [Markdown(f"{key} {subject}"), escape(truncate(each.who, TITLE_LIMIT)), due]
    line = Markdown(" · ").join(part for part in parts if part)
    return Markdown(f"* ✅ ~~{line}~~") if each.closed else Markdown(f"* {line}")


def switched(t: Translator, *, on: bool) -> Message:
    """Whether Sekretar asks after meetings."""
    return Message(t("tickets.minutes.is_on" if on else "tickets.minutes.is_off"))
