"""How meetings are put into words: for somebody who looks at the phone for two seconds.

Everything here turns values into messages; nothing decides and nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sekretar.calendars.caldav import PROVIDERS
from sekretar.calendars.model import Trouble
from sekretar.calendars.reminders.rules import Timeliness
from sekretar.calendars.sync.changes import Change, Extent, Kind, Seen
from sekretar.calendars.views.agenda import AccountHealth, Agenda, Meeting
from sekretar.kernel.dates import (
    format_date,
    format_day,
    format_days,
    format_relative,
    format_span,
    format_time,
    near_day,
)
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown, escape, link, truncate
from sekretar.mattermost.messages import Attachment, Button, Colour, Message

TITLE_LIMIT = 120
PLACE_LIMIT = 80

#: A list this old is said to be old; without a known trouble Sekretar itself was away, or is slow on purpose.
_PATIENCE = timedelta(minutes=15)
_PATIENCE_WITHOUT_TROUBLE = timedelta(hours=1)

_PROPER_NAMES = {
    "Yandex": "calendars.name.yandex",
    "Yandex Telemost": "calendars.name.telemost",
    "Kontur Talk": "calendars.name.kontur_talk",
    "VK Calls": "calendars.name.vk_calls",
}
TROUBLE_KEYS = {trouble: f"calendars.trouble.{trouble.value}" for trouble in Trouble}
CHANGE_KEYS = {
    (kind, extent): f"calendars.change.{kind.value}" + ("" if extent is Extent.SINGLE else f"_{extent.value}")
    for kind in Kind
    for extent in Extent
}


def meeting_line(
    meeting: Meeting, agenda: Agenda, t: Translator, now: datetime, crossing: bool, standing: str = ""
) -> Markdown:
    """One meeting in one line. `standing` tells how it stands now in other words than *now*."""
    title = title_of(meeting.title, t)
    remarks = [
        title if meeting.expected else Markdown(f"~~{title}~~"),
        place_of(meeting),
        join_link(meeting.join_url, meeting.join_service, t) if meeting.expected else "",
        *_remarks(meeting, t, crossing, standing or _standing(meeting, t, now)),
    ]
    return Markdown(f"**{_clock(meeting, agenda, t)}** " + " · ".join(each for each in remarks if each))


def _clock(meeting: Meeting, agenda: Agenda, t: Translator) -> str:
    if not meeting.all_day:
        span = format_span(meeting.start, meeting.end, agenda.zone, t.language)
        began = meeting.start.astimezone(agenda.zone).date()
        # Under a later day the hour alone would be one of that day.
        return f"{format_date(began, t.language, agenda.first)}, {span}" if began < agenda.first else span
    first, last = meeting.start.date(), last_day(meeting, agenda.zone)
    all_day = t("calendars.meeting.all_day")
    return all_day if last <= first else f"{all_day}, {format_days(first, last, t.language, agenda.first)}"


def last_day(meeting: Meeting, zone: ZoneInfo) -> date:
    """The last day that a meeting touches: midnight at its end belongs to the day before."""
    first, last = (moment.astimezone(zone).replace(tzinfo=None) for moment in (meeting.start, meeting.end))
    return max(first, last - timedelta(microseconds=1)).date()


def _standing(meeting: Meeting, t: Translator, now: datetime) -> str:
    return t("calendars.meeting.now") if not meeting.all_day and meeting.start <= now < meeting.end else ""


def _remarks(meeting: Meeting, t: Translator, crossing: bool, standing: str) -> list[str]:
    remarks = []
    if meeting.answer == "DECLINED":
        remarks.append(t("calendars.meeting.declined"))
    if meeting.answer == "NEEDS-ACTION":
        remarks.append(t("calendars.meeting.unanswered"))
    if crossing:
        remarks.append(t("calendars.meeting.overlap"))
    if standing:
        remarks.append(Markdown(standing))
    return [f"_{each}_" for each in remarks]


def notes(agenda: Agenda, t: Translator, now: datetime) -> list[Markdown]:
    """Why the list may be incomplete; silence would be a lie."""
    if not agenda.accounts:
        return [t("calendars.today.unconnected")]
    return [note for account in agenda.accounts if (note := _note(account, agenda, t, now))]


def _note(account: AccountHealth, agenda: Agenda, t: Translator, now: datetime) -> Markdown | None:
    reason = trouble(account.trouble, t)
    if account.synced_at is None:
        if reason:
            return t("calendars.today.never", account=account.login, reason=reason)
        return t("calendars.today.loading", account=account.login)
    patience = _PATIENCE if account.trouble else _PATIENCE_WITHOUT_TROUBLE
    if now - account.synced_at < patience and account.trouble != Trouble.PASSWORD:
        return None
    time = moment(account.synced_at, agenda.zone, t, now)
    return Markdown(t("calendars.today.stale", account=account.login, time=time, reason=reason).rstrip())


def moment(at: datetime, zone: ZoneInfo, t: Translator, now: datetime) -> str:
    """A clock time, with the day when it is another one."""
    time = format_time(at, zone, t.language)
    local, current = at.astimezone(zone).date(), now.astimezone(zone).date()
    return time if local == current else f"{format_day(local, t.language)}, {time}"


def trouble(word: str, t: Translator) -> Markdown:
    """Why an account could not be read, in a sentence; empty when it could."""
    return t(TROUBLE_KEYS[Trouble(word)]) if word else Markdown("")


def reminder(
    meeting: Meeting,
    person: Person,
    t: Translator,
    now: datetime,
    stands: Timeliness,
    buttons: tuple[Button, ...] = (),
) -> Message:
    """The first line is all that a locked phone shows."""
    title = title_of(meeting.title, t)
    if meeting.all_day:
        head = t("calendars.reminder.all_day", when=_day_of(meeting, person, t, now), title=title)
    elif stands is Timeliness.RUNNING and now - meeting.start > timedelta(minutes=1):
        head = t("calendars.reminder.running", title=title)
    elif meeting.start - now < timedelta(seconds=30):
        head = t("calendars.reminder.now", title=title)
    else:
        when = format_relative(meeting.start, now, t.language)
        head = t("calendars.reminder.ahead", when=Markdown(when[:1].upper() + when[1:]), title=title)
    details = [
        _length_of(meeting, person, t, now),
        place_of(meeting),
        t.plural("calendars.meeting.attendees", meeting.attendees) if meeting.attendees > 1 else "",
    ]
    text = Markdown(" · ".join(each for each in details if each))
    join = join_link(meeting.join_url, meeting.join_service, t)
    attachment = Attachment(
        color=Colour.AMBER,
        text=stack(text, Markdown(f"**{join}**") if join else ""),
        fallback=head,
        actions=buttons,
    )
    return Message(Markdown(f"⏰ {head}"), (attachment,))


def _day_of(meeting: Meeting, person: Person, t: Translator, now: datetime) -> str:
    day, today = meeting.start.astimezone(person.zone).date(), now.astimezone(person.zone).date()
    named = near_day(day, today, t.language) or format_day(day, t.language, today)
    return named[:1].upper() + named[1:]


def _length_of(meeting: Meeting, person: Person, t: Translator, now: datetime) -> str:
    if not meeting.all_day:
        return format_span(meeting.start, meeting.end, person.zone, t.language)
    first, last = meeting.start.astimezone(person.zone).date(), last_day(meeting, person.zone)
    today = now.astimezone(person.zone).date()
    return format_days(first, last, t.language, today) if last > first else ""


def change(
    news: Change,
    person: Person,
    t: Translator,
    now: datetime | None = None,
    below: Sequence[Attachment] = (),
) -> Message:
    """What happened to a meeting, old beside new; with `now`, days of another year say so."""
    occurrence = news.occurrence
    head = t(_change_key(news), title=title_of(occurrence.title, t))
    today = now.astimezone(person.zone).date() if now else None
    lines = [_when(news, person, t, today), *_differences(news, t)]
    if news.kind is Kind.ADDED:
        lines += [
            place_of(occurrence),
            join_link(occurrence.join_url, "", t),
        ]
    attachment = Attachment(color=_COLOURS[news.kind], text=stack(*lines), fallback=head)
    return Message(Markdown(f"{_SIGNS[news.kind]} {head}"), (attachment, *below))


def _change_key(news: Change) -> str:
    if news.vanished:
        return "calendars.change.gone" if news.extent is Extent.SINGLE else "calendars.change.gone_series"
    return CHANGE_KEYS[news.kind, news.extent]


_COLOURS = {
    Kind.ADDED: Colour.BLUE,
    Kind.MOVED: Colour.AMBER,
    Kind.EDITED: Colour.BLUE,
    Kind.CANCELLED: Colour.RED,
}
_SIGNS = {Kind.ADDED: "🆕", Kind.MOVED: "🔁", Kind.EDITED: "✏️", Kind.CANCELLED: "❌"}


def _when(news: Change, person: Person, t: Translator, today: date | None) -> Markdown:
    if news.kind is Kind.MOVED and news.before and news.after:
        before, after = (_day_and_time(each, person, t, today) for each in (news.before, news.after))
        return t("calendars.change.time", before=before, after=Markdown(f"**{after}**"))
    return _day_and_time(news.occurrence, person, t, today)


def _day_and_time(seen: Seen, person: Person, t: Translator, today: date | None) -> Markdown:
    if seen.all_day:
        first, last = seen.start.date(), (seen.end - timedelta(microseconds=1)).date()
        several = last > first
        day = format_days(first, last, t.language, today) if several else format_day(first, t.language, today)
        return Markdown(f"{day}, {t('calendars.meeting.all_day')}")
    day = format_day(seen.start.astimezone(person.zone).date(), t.language, today)
    return Markdown(f"{day}, {format_span(seen.start, seen.end, person.zone, t.language)}")


def _differences(news: Change, t: Translator) -> list[Markdown]:
    if news.before is None or news.after is None:
        return []
    lines = []
    for name in news.fields:
        before, after = getattr(news.before, name), getattr(news.after, name)
        match name:
            case "title":
                lines.append(
                    t("calendars.change.title", before=title_of(before, t), after=title_of(after, t))
                )
            case "place" if after:
                lines.append(t("calendars.change.place", after=truncate(after, PLACE_LIMIT)))
            case "place":
                lines.append(t("calendars.change.place_gone"))
            case "join_url" if after:
                lines.append(Markdown(f"{t('calendars.change.join_url')} {join_link(after, '', t)}"))
            case "join_url":
                lines.append(t("calendars.change.join_url_gone"))
            case _:
                lines.append(t("calendars.change.description"))
    return lines


def place_of(meeting: Meeting | Seen) -> Markdown:
    """The place, unless it only repeats the link to join."""
    repeats = meeting.place in (meeting.join_url, meeting.join_url.removeprefix("https://"))
    return escape(truncate("" if repeats else meeting.place, PLACE_LIMIT))


def join_link(url: str, service: str, t: Translator) -> Markdown:
    """The link that opens the call; empty when there is none."""
    if not url:
        return Markdown("")
    service = proper_name(service, t)
    label = t.plain("calendars.meeting.join_service", service=service) if service else ""
    return link(label or t.plain("calendars.meeting.join"), url)


def calendar_gone(name: str, t: Translator) -> Message:
    """A calendar was deleted on its server."""
    return Message(t("calendars.accounts.gone", name=name))


def provider_name(provider: str, t: Translator) -> str:
    """The provider's name as people write it in this language, or *other*."""
    if provider == "yandex":
        return t.plain("calendars.connect.yandex")
    known = PROVIDERS.get(provider)
    return proper_name(known.name, t) if known and known.name else t.plain("calendars.connect.other")


def proper_name(name: str, t: Translator) -> str:
    """The name of a company or service as the person's language writes it."""
    return t.plain(_PROPER_NAMES[name]) if name in _PROPER_NAMES else name


def where_is_it(t: Translator) -> Message:
    """The choice of providers, a button each."""
    buttons = tuple(
        Button(provider_name(each.id, t), "calendars.connect", {"provider": each.id})
        for each in PROVIDERS.values()
    )
    attachment = Attachment(text=t("calendars.connect.why"), actions=buttons)
    return Message(t("calendars.connect.choose"), (attachment,))


def nothing_connected(t: Translator) -> Message:
    """An empty day is not the same as no calendar."""
    button = Button(t.plain("calendars.menu.connect"), "calendars.connect.where", style="primary")
    return Message(t("calendars.disconnect.none"), (Attachment(actions=(button,)),))


def title_of(title: str, t: Translator) -> Markdown:
    """The title, shortened and escaped."""
    return escape(truncate(title, TITLE_LIMIT)) or t("calendars.meeting.untitled")


def stack(*lines: str) -> Markdown:
    """The lines that say something, below each other."""
    return Markdown("\n".join(line for line in lines if line))
