"""The settings in words: what is set, and what it means."""

from __future__ import annotations

from datetime import datetime, timedelta

from sekretar.calendars.accounts.wording import ACCOUNTS
from sekretar.calendars.presence.status import EMOJI
from sekretar.calendars.settings.changing import Changed
from sekretar.calendars.settings.form import Part
from sekretar.calendars.settings.grammar import format_days, format_hours, format_lunch
from sekretar.calendars.settings.preferences import EVERY_DAY, WORKDAYS, News, Preferences
from sekretar.kernel.dates import format_day, format_duration, format_time, near_day
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown, escape
from sekretar.mattermost.messages import Attachment, AttachmentField, Button, Colour, Message

#: In the order in which they are shown.
PROFILE_PARTS = tuple(Part)


def profile(changed: Changed, person: Person, accounts: int, t: Translator, now: datetime) -> Message:
    """Everything that is set, with a button to change each part."""
    wanted = changed.wanted
    lines = {
        Part.REMINDERS: reminders_line(wanted, t),
        Part.DIGEST: digest_line(changed, person, t, now),
        Part.NEWS: news_line(wanted, t),
        Part.STATUS: _status_line(wanted, t),
        Part.TIME: _time_line(wanted, t),
    }
    heading = (
        t.plural("calendars.profile.heading", accounts, zone=person.zone.key)
        if accounts
        else t("calendars.profile.unconnected", zone=person.zone.key)
    )
    attachment = Attachment(
        color=Colour.BLUE,
        fallback=heading,
        fields=tuple(AttachmentField(_title(part, t), line, short=False) for part, line in lines.items()),
        actions=tuple(_button(part, t) for part in PROFILE_PARTS),
        footer=t.plain("calendars.profile.footer"),
    )
    return Message(heading, (attachment, *(_calendars(t) if accounts else ())))


def _calendars(t: Translator) -> tuple[Attachment, ...]:
    """The way to what is set for each calendar apart."""
    button = Button(t.plain("calendars.menu.accounts"), ACCOUNTS)
    return (Attachment(text=t("calendars.profile.calendars"), actions=(button,)),)


def news(line: Markdown, t: Translator, part: Part) -> Message:
    """The answer to a short form: what holds from now on, and the way to more."""
    return Message("", (Attachment(color=Colour.GREEN, text=line, actions=(_button(part, t),)),))


def reminders_line(wanted: Preferences, t: Translator) -> Markdown:
    """When the person is reminded."""
    before = [format_duration(timedelta(minutes=each), t.language) for each in wanted.reminders]
    parts = [t("calendars.profile.reminders_before", times=_listed(before, t))] if before else []
    if wanted.at_start:
        parts.append(t("calendars.profile.reminders_start"))
    if wanted.own_alarms:
        parts.append(t("calendars.profile.reminders_alarms"))
    if not parts:
        return t("calendars.profile.reminders_off")
    return t("calendars.profile.reminders", when=Markdown(", ").join(parts))


def digest_line(changed: Changed, person: Person, t: Translator, now: datetime) -> Markdown:
    """When the digest comes, and when next."""
    wanted = changed.wanted
    if wanted.schedule is None:
        return t("calendars.profile.digest_off")
    key = "calendars.profile.digest" if wanted.digest_only_if_meetings else "calendars.profile.digest_always"
    line = t(key, days=_days(wanted, t), time=f"{wanted.schedule.at:%H:%M}")
    if changed.digest_at is None:
        return line
    day = changed.digest_at.astimezone(person.zone).date()
    today = now.astimezone(person.zone).date()
    named = near_day(day, today, t.language) or format_day(day, t.language, today)
    time = format_time(changed.digest_at, person.zone, t.language)
    following = t("calendars.profile.digest_next", day=named, time=time)
    return Markdown(f"{line} {following}")


def _days(wanted: Preferences, t: Translator) -> str:
    if wanted.digest_days == WORKDAYS:
        return t.plain("calendars.profile.on_workdays")
    if wanted.digest_days == EVERY_DAY:
        return t.plain("calendars.profile.every_day")
    return format_days(wanted.digest_days, t.language)


def news_line(wanted: Preferences, t: Translator) -> Markdown:
    if not wanted.news:
        return t("calendars.profile.news_off")
    kinds = [t.plain(f"calendars.profile.news_{kind.value}") for kind in News if kind in wanted.news]
    return t("calendars.profile.news", kinds=_listed(kinds, t))


def status_on(wanted: Preferences, t: Translator) -> Markdown:
    """What it means that the status follows the meetings, with the words and the emoji of the person."""
    return t("calendars.status.on", **_own_status(wanted, t))


def _own_status(wanted: Preferences, t: Translator) -> dict[str, Markdown]:
    emoji = Markdown(f":{wanted.status_emoji or EMOJI}:")
    return {"emoji": emoji, "text": escape(wanted.status_text) or t("calendars.status.text")}


def _status_line(wanted: Preferences, t: Translator) -> Markdown:
    parts = []
    if wanted.status:
        parts.append(t("calendars.profile.status", **_own_status(wanted, t)))
    else:
        parts.append(t("calendars.profile.status_off"))
    if wanted.do_not_disturb:
        parts.append(t("calendars.profile.quiet"))
    return Markdown(" ").join(parts)


def _time_line(wanted: Preferences, t: Translator) -> Markdown:
    hours = format_hours(wanted.working_hours, t.language)
    line = t("calendars.profile.hours", hours=hours) if hours else t("calendars.profile.hours_off")
    seen = t("calendars.profile.titles" if wanted.show_titles else "calendars.profile.titles_off")
    lunch = t("calendars.profile.lunch", hours=format_lunch(wanted.lunch)) if wanted.lunch else Markdown("")
    return Markdown(" ").join(each for each in (line, lunch, seen) if each)


def _listed(parts: list[str], t: Translator) -> str:
    """`a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return t.plain("calendars.profile.and", first=", ".join(parts[:-1]), last=parts[-1])


def _title(part: Part, t: Translator) -> str:
    return t.plain(f"calendars.settings.title_{part.value}")


def _button(part: Part, t: Translator) -> Button:
    return Button(_title(part, t), "calendars.settings", {"part": part.value})
