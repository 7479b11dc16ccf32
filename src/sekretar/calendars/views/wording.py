"""How days, weeks and single meetings are shown when somebody asks for them.

A view is one post: a heading, one line per meeting, and below it what leads on: a meeting to open, the next page, the
day before and after. Its buttons carry the days they lead to, so that they work for as long as the post stands.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date as _babel_date

from sekretar.calendars.ics.events import MOST_ATTENDEES as MOST_KEPT
from sekretar.calendars.sync.reading import PAST, horizon
from sekretar.calendars.views.agenda import MOST_MEETINGS, Agenda, Attendance, Details, Meeting, overlaps
from sekretar.calendars.views.periods import Kind, Period, day_of
from sekretar.calendars.wording import (
    join_link,
    last_day,
    meeting_line,
    notes,
    place_of,
    stack,
    title_of,
)
from sekretar.kernel.dates import (
    format_date,
    format_day,
    format_days,
    format_duration,
    format_relative,
    format_span,
    format_time,
    near_day,
)
from sekretar.kernel.forms import Choice
from sekretar.kernel.i18n import Translator
from sekretar.kernel.signing import JsonScalar
from sekretar.kernel.text import Markdown, clean, escape, escape_block, truncate
from sekretar.mattermost.messages import Action, Attachment, Button, Colour, Message, Select

#: Turns to other days or to another page; the record says where.
VIEW = "calendars.view"
#: Opens one meeting; the chosen value names it.
OPEN = "calendars.open"

#: More lines than this are no longer a glance.
LINES_PER_PAGE = 20
#: What a select can show of a meeting on a phone.
_CHOICE_LIMIT = 60
_NAME_LIMIT = 60
_CALENDAR_LIMIT = 60
MOST_ATTENDEES = 30
DESCRIPTION_LIMIT = 1_500

_Line = tuple[date, Meeting]


# --- days


def view(agenda: Agenda, period: Period, t: Translator, now: datetime, page: int = 0) -> Message:
    """One page of the meetings of some days."""
    lines = _by_day(agenda)
    pages = max(-(-len(lines) // LINES_PER_PAGE), 1)
    page = min(max(page, 0), pages - 1)
    shown = lines[page * LINES_PER_PAGE : (page + 1) * LINES_PER_PAGE]
    title = period_title(period, t, now.astimezone(agenda.zone).date())
    heading = (
        t.plural("calendars.view.heading", len(agenda.meetings), period=title)
        if agenda.meetings
        else t("calendars.view.none", period=title)
    )
    text = stack(heading, *notes(agenda, t, now), *_limits(agenda, t, now))
    zone = t.plain("calendars.today.zone", zone=agenda.zone.key)
    place = t.plain("calendars.view.page", page=page + 1, pages=pages) if pages > 1 else ""
    attachment = Attachment(
        color=Colour.BLUE,
        text=_listed(shown, agenda, period, t, now),
        footer=" ".join(part for part in (zone, place) if part) if shown else "",
        fallback=heading,
        actions=(
            *_opening(shown, agenda, t, with_day=period.kind is not Kind.DAY),
            *_paging(period, page, pages, t),
            *_neighbours(period, t, now.astimezone(agenda.zone).date()),
        ),
    )
    return Message(text, (attachment,) if attachment.text or attachment.actions else ())


def period_title(period: Period, t: Translator, today: date) -> str:
    """What the days are called: `Today, Wednesday, 4 March`, `This week, 2–8 March`, `March 2026`."""
    if period.kind is Kind.DAY:
        return _day_title(period.first, t, today)
    if period.kind is Kind.MONTH:
        return _capitalised(_babel_date(period.first, "LLLL y", locale=t.language))
    days = format_days(period.first, period.last, t.language, today)
    if period.kind is Kind.SPAN:
        return days
    current = period.first <= today <= period.last
    return t.plain("calendars.view.this_week" if current else "calendars.view.week", days=days)


def _day_title(day: date, t: Translator, today: date) -> str:
    return _capitalised(_day_in_words(day, t, today))


def _day_in_words(day: date, t: Translator, today: date) -> str:
    named, near = format_day(day, t.language, today), near_day(day, today, t.language)
    return f"{near}, {named}" if near else named


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def _by_day(agenda: Agenda) -> list[_Line]:
    """Each meeting under each day of the view that it touches."""
    lines: list[_Line] = []
    for meeting in agenda.meetings:
        day = max(meeting.start.astimezone(agenda.zone).date(), agenda.first)
        last = min(last_day(meeting, agenda.zone), agenda.last)
        while day <= last:
            lines.append((day, meeting))
            day += timedelta(days=1)
    return sorted(lines, key=lambda line: line[0])


def _listed(lines: Sequence[_Line], agenda: Agenda, period: Period, t: Translator, now: datetime) -> Markdown:
    crossing = overlaps(agenda.meetings)
    today = now.astimezone(agenda.zone).date()
    written: list[str] = []
    former: date | None = None
    for day, meeting in lines:
        if day != former and period.kind is not Kind.DAY:
            written.append(f"##### {_day_title(day, t, today)}")
        former = day
        of_day = replace(agenda, first=day)
        written.append(meeting_line(meeting, of_day, t, now, meeting.occurrence_id in crossing))
    return stack(*written)


def _limits(agenda: Agenda, t: Translator, now: datetime) -> Iterable[Markdown]:
    """What the list cannot know. Nothing stored is no proof that there is nothing."""
    if len(agenda.meetings) >= MOST_MEETINGS:
        yield t("calendars.view.cut", count=MOST_MEETINGS)
    if agenda.accounts and agenda.last > (until := horizon(now).date()):
        yield t("calendars.view.beyond", day=format_date(until, t.language))
    if agenda.accounts and agenda.first < (since := (now - PAST).date()):
        yield t("calendars.view.before", day=format_date(since, t.language))


# --- what leads on


def view_record(period: Period, page: int = 0) -> Mapping[str, JsonScalar]:
    """The record of a button that shows these days."""
    return {
        "kind": period.kind.value,
        "first": period.first.isoformat(),
        "last": period.last.isoformat(),
        "page": page,
    }


def choice_of(meeting: Meeting) -> str:
    """What a select calls a meeting. The UID takes part, because a database may give a number again."""
    return f"{meeting.occurrence_id}.{zlib.crc32(meeting.uid.encode('utf-8', 'surrogatepass')):08x}"


def _opening(lines: Sequence[_Line], agenda: Agenda, t: Translator, *, with_day: bool) -> tuple[Action, ...]:
    choices: dict[str, Choice] = {}
    for day, meeting in lines:
        value = choice_of(meeting)
        choices.setdefault(value, Choice(value, _choice_label(day, meeting, agenda, t, with_day=with_day)))
    return (Select(t.plain("calendars.view.open"), OPEN, choices=tuple(choices.values())),) if choices else ()


def _choice_label(day: date, meeting: Meeting, agenda: Agenda, t: Translator, *, with_day: bool) -> str:
    time = "" if meeting.all_day else format_time(meeting.start, agenda.zone, t.language)
    title = " ".join(clean(meeting.title).split()) or t.plain("calendars.meeting.untitled")
    parts = (f"{day:%d.%m}" if with_day else "", time or t.plain("calendars.meeting.all_day"), title)
    return truncate(" ".join(part for part in parts if part), _CHOICE_LIMIT)


def _paging(period: Period, page: int, pages: int, t: Translator) -> Iterable[Action]:
    if page > 0:
        yield Button(t.plain("calendars.view.previous"), VIEW, view_record(period, page - 1))
    if page < pages - 1:
        yield Button(t.plain("calendars.view.next"), VIEW, view_record(period, page + 1))


def _neighbours(period: Period, t: Translator, today: date) -> Iterable[Action]:
    if period.kind is Kind.SPAN:
        return
    for sign, beside in (("« {}", period.earlier), ("{} »", period.later)):
        if beside is not None:
            yield Button(sign.format(_short_title(beside, t, today)), VIEW, view_record(beside))


def _short_title(period: Period, t: Translator, today: date) -> str:
    if period.kind is Kind.DAY:
        near = near_day(period.first, today, t.language)
        return _capitalised(near) if near else format_date(period.first, t.language, today)
    if period.kind is Kind.MONTH:
        return _capitalised(_babel_date(period.first, "LLLL", locale=t.language))
    return format_days(period.first, period.last, t.language, today)


# --- now


def now_view(agenda: Agenda, t: Translator, now: datetime) -> Message:
    """What is going on, and what comes next: today, or tomorrow when nothing more is to come today."""
    today = now.astimezone(agenda.zone).date()
    going = [meeting for meeting in agenda.meetings if meeting.expected]
    current = [meeting for meeting in going if meeting.start <= now < meeting.end]
    coming = [meeting for meeting in going if meeting.start > now]
    later = [meeting for meeting in coming if meeting.start.astimezone(agenda.zone).date() == today]
    heading = t("calendars.now.later") if later else t("calendars.now.tomorrow")
    later = later or coming
    current, later = current[:LINES_PER_PAGE], later[:LINES_PER_PAGE]
    crossing = overlaps(agenda.meetings)

    def line(meeting: Meeting) -> Markdown:
        crossed = meeting.occurrence_id in crossing
        return meeting_line(meeting, agenda, t, now, crossed, _standing(meeting, t, now))

    head = t("calendars.now.running") if current else t("calendars.now.free")
    ahead = stack(f"##### {heading}", *map(line, later)) if later else t("calendars.now.nothing")
    shown = [(meeting.start.astimezone(agenda.zone).date(), meeting) for meeting in (*current, *later)]
    button = Button(_capitalised(near_day(today, today, t.language) or ""), VIEW, view_record(day_of(today)))
    attachment = Attachment(
        color=Colour.BLUE,
        text=stack(*map(line, current), ahead),
        footer=t.plain("calendars.today.zone", zone=agenda.zone.key) if shown else "",
        fallback=head,
        actions=(*_opening(shown, agenda, t, with_day=False), button),
    )
    return Message(stack(head, *notes(agenda, t, now)), (attachment,))


def _standing(meeting: Meeting, t: Translator, now: datetime) -> str:
    """How long it still runs, or until it begins."""
    if meeting.all_day:
        return ""
    if meeting.start > now:
        return format_relative(meeting.start, now, t.language)
    left = max(meeting.end - now, timedelta(minutes=1))
    return t("calendars.now.left", duration=format_duration(left, t.language))


# --- one meeting


@dataclass(frozen=True)
class _Answer:
    sign: str
    key: str
    mine: str


#: In the order in which they are listed.
_ANSWERS = {
    "ACCEPTED": _Answer("✅", "calendars.answer.accepted", "calendars.answer.mine_accepted"),
    "TENTATIVE": _Answer("❔", "calendars.answer.tentative", "calendars.answer.mine_tentative"),
    "DECLINED": _Answer("❌", "calendars.answer.declined", "calendars.answer.mine_declined"),
    "DELEGATED": _Answer("↪️", "calendars.answer.delegated", "calendars.answer.mine_delegated"),
    "NEEDS-ACTION": _Answer("⏳", "calendars.answer.none", "calendars.answer.mine_none"),
}


def details(found: Details, zone: ZoneInfo, t: Translator, now: datetime) -> Message:
    """Everything about one meeting that a person may want to know before it."""
    meeting = found.meeting
    when = when_of(meeting, zone, t, now.astimezone(zone).date())
    join = join_link(meeting.join_url, meeting.join_service, t)
    text = stack(
        t("calendars.details.cancelled") if meeting.cancelled else "",
        t("calendars.details.when", when=when, zone=zone.key),
        t("calendars.details.repeats") if found.repeats else "",
        _captioned("calendars.details.place", place_of(meeting), t),
        Markdown(f"**{join}**") if join and not meeting.cancelled else "",
        _captioned("calendars.details.calendar", truncate(meeting.calendar, _CALENDAR_LIMIT), t),
        _captioned("calendars.details.organizer", _name(found.organizer), t) if found.organizer else "",
        _captioned("calendars.details.my_answer", _my_answer(meeting, t), t),
        *_attendees(found.attendees, t),
    )
    description = escape_block(truncate(meeting.description.strip(), DESCRIPTION_LIMIT))
    attachment = Attachment(
        color=Colour.BLUE,
        title=title_of(meeting.title, t),
        text=Markdown(f"{text}\n\n{description}" if description else text),
    )
    return Message(Markdown(""), (attachment,))


def when_of(meeting: Meeting, zone: ZoneInfo, t: Translator, today: date) -> str:
    """Day and time: `Friday, 6 March, 10:00–11:00`, `6–8 March, all day`."""
    first, last = meeting.start.astimezone(zone).date(), last_day(meeting, zone)
    if not meeting.all_day:
        return (
            f"{_day_in_words(first, t, today)}, {format_span(meeting.start, meeting.end, zone, t.language)}"
        )
    days = _day_in_words(first, t, today) if last <= first else format_days(first, last, t.language, today)
    return f"{days}, {t.plain('calendars.meeting.all_day')}"


def _captioned(key: str, value: str, t: Translator) -> Markdown:
    return t(key, value=value) if value else Markdown("")


def _my_answer(meeting: Meeting, t: Translator) -> Markdown:
    answer = _ANSWERS.get(meeting.answer)
    return Markdown(f"{answer.sign} {t(answer.mine)}") if answer else Markdown("")


def _attendees(attendees: Sequence[Attendance], t: Translator) -> Iterable[Markdown]:
    """A line for each answer with the names of those who gave it."""
    if not attendees:
        return
    counts = Counter(_answer_of(each) for each in attendees)
    order = list(_ANSWERS)
    ranked = sorted(attendees, key=lambda each: (order.index(_answer_of(each)), _name(each).casefold()))
    crowd = len(attendees) >= MOST_KEPT
    yield (
        t("calendars.details.crowd", count=len(attendees))
        if crowd
        else t.plural("calendars.details.attendees", len(attendees))
    )
    for answer, spoken in _ANSWERS.items():
        names = [escape(_name(each)) for each in ranked[:MOST_ATTENDEES] if _answer_of(each) == answer]
        if counts[answer] and names:
            said = t(spoken.key, count=counts[answer], names=Markdown(", ").join(names))
            yield Markdown(f"{spoken.sign} {said}")
    if (rest := len(ranked) - MOST_ATTENDEES) > 0:
        yield t.plural("calendars.details.more", rest)


def _answer_of(attendance: Attendance) -> str:
    return attendance.answer if attendance.answer in _ANSWERS else "NEEDS-ACTION"


def _name(attendance: Attendance) -> str:
    return truncate(" ".join((attendance.name or attendance.address).split()), _NAME_LIMIT)
