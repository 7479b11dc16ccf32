"""Meetings as somebody writes them into a calendar, and what may become of them: for random histories."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from tests.integration.calendars.diary import exception, ics, utc

from sekretar.calendars.sync.changes import Kind
from sekretar.kernel.i18n import Catalogues

BEGIN = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
HOUR, DAY, LEAD = timedelta(hours=1), timedelta(days=1), timedelta(minutes=10)
#: A daily series that does not end.
ENDLESS = 1000
SIGNS = {Kind.ADDED: "🆕", Kind.MOVED: "🔁", Kind.EDITED: "✏️", Kind.CANCELLED: "❌"}
T = Catalogues.load().translator("ru")


@dataclass(frozen=True)
class Shown:
    """One time of a meeting as it stands in a calendar."""

    start: datetime
    title: str
    place: str = ""
    link: str = ""
    text: str = ""

    @property
    def end(self) -> datetime:
        return self.start + HOUR

    @property
    def words(self) -> tuple[str, str, str, str]:
        return (self.title, self.place, self.link, self.text)


#: What is visible of a meeting: its times by what they were planned for.
Picture = Mapping[datetime | None, Shown]


@dataclass(frozen=True)
class Written:
    """A calendar object as somebody wrote it: a meeting of an hour, once or each day."""

    uid: str
    first: Shown
    #: How many days; 0 for a meeting that does not repeat.
    days: int = 0
    alive: bool = True
    #: Days left out, days that say *cancelled*, and days that differ.
    left_out: frozenset[int] = frozenset()
    called_off: frozenset[int] = frozenset()
    once: Mapping[int, Shown] = field(default_factory=dict)
    #: What the server rewrites for itself.
    noise: int = 0

    def some_day(self, number: int) -> int:
        """One of the first days of a series."""
        return number % min(self.days, 6)

    def slot(self, day: int) -> datetime:
        return self.first.start + day * DAY

    def picture(self, until: datetime) -> dict[datetime | None, Shown]:
        """What is visible before that moment."""
        if not self.alive:
            return {}
        if not self.days:
            return {None: self.first}
        days = set(range(min(self.days, (until - self.first.start) // DAY + 2)))
        kept = days - self.left_out - self.called_off
        shown = {self.slot(day): self.once.get(day, self._on(day)) for day in sorted(kept)}
        return {slot: each for slot, each in shown.items() if each.start < until}

    def _on(self, day: int) -> Shown:
        return replace(self.first, start=self.slot(day))

    def as_text(self) -> str:
        status = [] if self.alive else ["STATUS:CANCELLED"]
        more = [*_lines(self.first), f"SEQUENCE:{self.noise}", f"X-SERVER:{self.noise}", *status]
        if not self.days:
            return ics(self.uid, self.first.start, self.first.title, *more)
        more.append("RRULE:FREQ=DAILY" + ("" if self.days == ENDLESS else f";COUNT={self.days}"))
        more += [f"EXDATE:{utc(self.slot(day))}" for day in sorted(self.left_out)]
        once = {
            **{day: (shown, status) for day, shown in self.once.items()},
            **{day: (self._on(day), ["STATUS:CANCELLED"]) for day in self.called_off},
        }
        exceptions = [
            exception(self.uid, self.slot(day), shown.start, shown.title, *_lines(shown), *state)
            for day, (shown, state) in sorted(once.items())
            if day not in self.left_out
        ]
        return ics(self.uid, self.first.start, self.first.title, *more, exceptions=exceptions)


def _lines(shown: Shown) -> list[str]:
    return [
        *([f"LOCATION:{shown.place}"] if shown.place else []),
        *([f"CONFERENCE;VALUE=URI:{shown.link}"] if shown.link else []),
        *([f"DESCRIPTION:{shown.text}"] if shown.text else []),
    ]


# What somebody does to a meeting. `number` makes words and days of it.


def move(was: Written, number: int) -> Written:
    """To another hour, all of it; programs take the exceptions along."""
    by = [-2, 1, 3, 26][number % 4] * HOUR
    if was.days:
        by = by % DAY
    once = {day: replace(shown, start=shown.start + by) for day, shown in was.once.items()}
    return replace(was, first=replace(was.first, start=was.first.start + by), once=once)


def edit(name: str, was: Written, number: int) -> Written:
    """Other words, everywhere."""
    word = f"https://meet.jit.si/{name}{number}" if name == "link" else f"{name} {number}"
    once = {day: replace(shown, **{name: word}) for day, shown in was.once.items()}
    return replace(was, first=replace(was.first, **{name: word}), once=once)


def cancel(was: Written, _: int) -> Written:
    return replace(was, alive=False)


def revive(was: Written, _: int) -> Written:
    return replace(was, alive=True)


def until_day(was: Written, days: int) -> Written:
    """The series without what comes from that day on."""
    return replace(
        was,
        days=days,
        left_out=frozenset(day for day in was.left_out if day < days),
        called_off=frozenset(day for day in was.called_off if day < days),
        once={day: shown for day, shown in was.once.items() if day < days},
    )


def shorten(was: Written, number: int) -> Written:
    if not 2 < was.days < ENDLESS:
        return was
    return until_day(was, max(2, was.days - 1 - number % 2))


def prolong(was: Written, number: int) -> Written:
    return replace(was, days=was.days + 1 + number % 2) if 0 < was.days < ENDLESS else was


def leave_out(was: Written, number: int) -> Written:
    return replace(was, left_out=was.left_out | {was.some_day(number)}) if was.days else cancel(was, number)


def call_off(was: Written, number: int) -> Written:
    return (
        replace(was, called_off=was.called_off | {was.some_day(number)}) if was.days else cancel(was, number)
    )


def move_once(was: Written, number: int) -> Written:
    if not was.days:
        return move(was, number)
    day = was.some_day(number)
    known = was.once.get(day, replace(was.first, start=was.slot(day)))
    return replace(was, once={**was.once, day: replace(known, start=known.start + HOUR)})


def rename_once(was: Written, number: int) -> Written:
    if not was.days:
        return edit("title", was, number)
    day = was.some_day(number)
    known = was.once.get(day, replace(was.first, start=was.slot(day)))
    return replace(was, once={**was.once, day: replace(known, title=f"once {number}")})


def rewrite(was: Written, number: int) -> Written:
    return replace(was, noise=number)


ACTS: dict[str, Callable[[Written, int], Written]] = {
    "move": move,
    "rename": partial(edit, "title"),
    "place": partial(edit, "place"),
    "link": partial(edit, "link"),
    "describe": partial(edit, "text"),
    "cancel": cancel,
    "revive": revive,
    "shorten": shorten,
    "prolong": prolong,
    "leave out": leave_out,
    "call off": call_off,
    "move once": move_once,
    "rename once": rename_once,
    "rewrite": rewrite,
}
