"""The sample calendars of the demo: a working day that begins now, whenever that is.

The meetings are laid around the moment of the first start, so that within minutes of connecting there is
something to be reminded of; the recurring ones keep the demo alive on later days.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import aiohttp

#: Password of each person of the demo on the demo's calendar server; it protects nothing.
PASSWORDS: Final[Mapping[str, str]] = {"anna": "anna", "boris": "boris", "vera": "vera"}

_MKCALENDAR = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:A="http://apple.com/ns/ical/">'
    "<D:set><D:prop><D:displayname>{name}</D:displayname><A:calendar-color>{colour}</A:calendar-color>"
    '<C:supported-calendar-component-set><C:comp name="VEVENT"/></C:supported-calendar-component-set>'
    "</D:prop></D:set></C:mkcalendar>"
)


@dataclass(frozen=True)
class SampleEvent:
    """A meeting of the sample calendars. `rule` is an RRULE; `more` are further iCalendar lines."""

    uid: str
    title: str
    start: datetime
    length: timedelta
    place: str = ""
    description: str = ""
    rule: str = ""
    more: tuple[str, ...] = ()

    def ics(self, stamp: datetime) -> str:
        """The event as an iCalendar object (RFC 5545)."""
        lines = [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Sekretar//Sandbox//EN",
            "BEGIN:VEVENT",
            f"UID:{self.uid}",
            f"DTSTAMP:{_utc(stamp)}",
            f"DTSTART:{_utc(self.start)}",
            f"DTEND:{_utc(self.start + self.length)}",
            f"SUMMARY:{_text(self.title)}",
            *([f"LOCATION:{_text(self.place)}"] if self.place else []),
            *([f"DESCRIPTION:{_text(self.description)}"] if self.description else []),
            *([f"RRULE:{self.rule}"] if self.rule else []),
            *self.more,
            "END:VEVENT",
            "END:VCALENDAR",
        ]
        return "\r\n".join(lines) + "\r\n"


@dataclass(frozen=True)
class SampleCalendar:
    """A calendar of one person."""

    owner: str
    slug: str
    name: str
    colour: str
    events: tuple[SampleEvent, ...]


def calendars(now: datetime) -> tuple[SampleCalendar, ...]:
    """The sample calendars of everybody, laid around `now`."""
    base = now.astimezone(UTC).replace(second=0, microsecond=0)
    return (
        SampleCalendar("anna", "work", "Работа", "#2389d7", _annas_work(base)),
        SampleCalendar("anna", "home", "Личное", "#3db887", _annas_home(base)),
        SampleCalendar("boris", "work", "Work", "#2389d7", _boris_work(base)),
        SampleCalendar("vera", "work", "Работа", "#2389d7", ()),
    )


def _annas_work(base: datetime) -> tuple[SampleEvent, ...]:
    hour = timedelta(hours=1)
    return (
        SampleEvent(
            "standup@sandbox",
            "Утренняя планёрка",
            # Since yesterday: shortly before midnight the next one is tomorrow, and today has had one all the same.
            base + timedelta(minutes=12) - timedelta(days=1),
            timedelta(minutes=15),
            description="Что сделали, что делаем, что мешает.",
            rule="FREQ=DAILY",
            more=("X-TELEMOST-CONFERENCE:https://telemost.yandex.ru/j/12345678901234",),
        ),
        SampleEvent(
            "demo@sandbox",
            "Демо релиза 2.5",
            base + hour,
            hour,
            place="Переговорная 3",
            more=(
                "ORGANIZER;CN=Boris Lane:mailto:boris@example.com",
                "ATTENDEE;CN=Анна Смирнова;PARTSTAT=NEEDS-ACTION:mailto:anna@example.com",
                "ATTENDEE;CN=Boris Lane;PARTSTAT=ACCEPTED:mailto:boris@example.com",
            ),
        ),
        SampleEvent(
            "contract@sandbox", "Договор с подрядчиком", base + hour * 1.5, hour, place="Кабинет 204"
        ),
        SampleEvent(
            "review@sandbox",
            "Итоги недели",
            base + timedelta(days=1, hours=2),
            timedelta(minutes=45),
            rule="FREQ=WEEKLY",
        ),
    )


def _annas_home(base: datetime) -> tuple[SampleEvent, ...]:
    return (SampleEvent("dentist@sandbox", "Стоматолог", base + timedelta(hours=4), timedelta(minutes=40)),)


def _boris_work(base: datetime) -> tuple[SampleEvent, ...]:
    return (
        SampleEvent(
            "demo@sandbox",
            "Release 2.5 demo",
            base + timedelta(hours=1),
            timedelta(hours=1),
            place="Room 3",
            more=("CONFERENCE;VALUE=URI;FEATURE=VIDEO:https://meet.jit.si/release-demo",),
        ),
        SampleEvent(
            "planning@sandbox",
            "Sprint planning",
            base + timedelta(hours=3),
            timedelta(hours=1),
            rule="FREQ=WEEKLY",
        ),
    )


async def fill(session: aiohttp.ClientSession, server: str, now: datetime) -> None:
    """Put the sample calendars onto a calendar server; those that are there already stay as they are."""
    for calendar in calendars(now):
        headers = _signed_in(calendar.owner)
        home = f"{server}/{calendar.owner}/{calendar.slug}/"
        body = _MKCALENDAR.format(name=calendar.name, colour=calendar.colour)
        async with session.request("MKCALENDAR", home, data=body.encode(), headers=headers) as answer:
            if answer.status != 201:
                continue
        for event in calendar.events:
            await put_event(session, server, calendar.owner, calendar.slug, event, now)


async def put_event(
    session: aiohttp.ClientSession, server: str, owner: str, slug: str, event: SampleEvent, now: datetime
) -> None:
    """Write an event as any calendar program would, behind Sekretar's back."""
    url = f"{server}/{owner}/{slug}/{event.uid.partition('@')[0]}.ics"
    headers = {**_signed_in(owner), "Content-Type": "text/calendar; charset=utf-8"}
    async with session.put(url, data=event.ics(now).encode(), headers=headers) as answer:
        answer.raise_for_status()


async def delete_event(session: aiohttp.ClientSession, server: str, owner: str, slug: str, uid: str) -> None:
    """Delete an event behind Sekretar's back."""
    url = f"{server}/{owner}/{slug}/{uid.partition('@')[0]}.ics"
    async with session.delete(url, headers=_signed_in(owner)) as answer:
        answer.raise_for_status()


def _signed_in(owner: str) -> dict[str, str]:
    return {"Authorization": aiohttp.encode_basic_auth(owner, PASSWORDS[owner])}


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(text: str) -> str:
    for plain, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        text = text.replace(plain, escaped)
    return text
