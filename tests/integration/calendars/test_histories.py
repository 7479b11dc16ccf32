"""Random histories of a calendar: what was said is what a person would say who looks at it, and once.

Somebody writes into a calendar on a server - single meetings and series, one time of them or all, divided series,
rewrites that mean nothing. Sekretar looks at random moments, sometimes dies after the first file of a look, rolls its
horizon on, and its clock may be set back. Beside it a slow reader keeps two pictures of every meeting, the one
it was told of and the one on the server, and says what differs.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.integration.calendars.diary import Diary, open_diary
from tests.integration.calendars.written_series import (
    ACTS,
    BEGIN,
    ENDLESS,
    HOUR,
    LEAD,
    SIGNS,
    Picture,
    Shown,
    T,
    Written,
    until_day,
)

from sekretar.calendars.sync.changes import Extent, Kind
from sekretar.calendars.sync.reading import horizon
from sekretar.calendars.sync.rolling import STEP, Rolling
from sekretar.calendars.wording import CHANGE_KEYS
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database


@dataclass(frozen=True)
class News:
    """What a reader says of one meeting: the kinds, and the whole first line where it is beyond doubt."""

    kinds: frozenset[Kind]
    line: str = ""


def reader(told: Picture, now_there: Picture, now: datetime) -> News:
    """What differs between two pictures of a meeting, as far as it is not over."""
    past = {slot: shown for slot, shown in told.items() if shown.end > now}
    present = {slot: shown for slot, shown in now_there.items() if shown.end > now or slot in past}
    if not past and not present:
        return News(frozenset())
    if not past:
        return _only(Kind.ADDED, _all(present), _earliest(present))
    if not present:
        return _only(Kind.CANCELLED, _all(past), _earliest(past))
    if len(past) == len(present) == 1:
        return _one(_earliest(past), _earliest(present))
    return _series(past, present)


def _one(old: Shown, new: Shown) -> News:
    if old.start != new.start:
        return _only(Kind.MOVED, Extent.SINGLE, new)
    return News(frozenset()) if old == new else _only(Kind.EDITED, Extent.SINGLE, new)


def _series(past: Picture, present: Picture) -> News:
    # A time that goes on under another name is the same time to whoever looks.
    free = {shown.start: slot for slot, shown in past.items() if slot not in present}
    present = {slot if slot in past else free.get(each.start, slot): each for slot, each in present.items()}
    gone = {slot: shown for slot, shown in past.items() if slot not in present}
    new = {slot: shown for slot, shown in present.items() if slot not in past}
    both = past.keys() & present.keys()
    moved = {slot: present[slot] for slot in both if past[slot].start != present[slot].start}
    worded = {slot: present[slot] for slot in both if past[slot].words != present[slot].words}
    if gone and new:
        moved |= gone
        gone, new = {}, {}
    found = {
        Kind.CANCELLED: (gone, past),
        Kind.ADDED: (new, present),
        Kind.MOVED: (moved, past),
        Kind.EDITED: (worded if worded.keys() - moved.keys() else {}, {slot: past[slot] for slot in both}),
    }
    kinds = frozenset(kind for kind, (some, _) in found.items() if some)
    if len(kinds) != 1:
        return News(kinds)
    (kind,) = kinds
    some, whole = found[kind]
    if kind is Kind.MOVED:
        # Which one stands for all is not prescribed, and so not under which title.
        return News(kinds)
    return _only(kind, _part(len(some), len(whole)), _earliest(some))


def _only(kind: Kind, extent: Extent, shown: Shown) -> News:
    head = T(CHANGE_KEYS[kind, extent], title=shown.title)
    return News(frozenset({kind}), f"{SIGNS[kind]} {head}")


def _all(picture: Picture) -> Extent:
    return Extent.SINGLE if len(picture) == 1 else Extent.SERIES


def _part(count: int, whole: int) -> Extent:
    if count == whole:
        return Extent.SERIES
    return Extent.OCCURRENCE if count == 1 else Extent.SEVERAL


def _earliest(picture: Picture) -> Shown:
    return min(picture.values(), key=lambda shown: shown.start)


@dataclass
class Remembered:
    """What the reader knows of one meeting: what they were told, and how far ahead they looked."""

    written: Written
    reach: datetime


@dataclass
class Told:
    """Everything the reader has been told, and the reminders they expect."""

    meetings: dict[str, Remembered] = field(default_factory=dict)
    planned: dict[tuple[str, datetime | None], tuple[datetime, datetime]] = field(default_factory=dict)
    reminded: set[tuple[str, datetime]] = field(default_factory=set)

    def look(self, uid: str, written: Written | None, now: datetime) -> News:
        """What there is to say of a meeting that is written so now; None: it is gone."""
        known = self.meetings.get(uid)
        reach = horizon(now) if written and written.days else datetime.max.replace(tzinfo=UTC)
        both = min(reach, known.reach) if known else reach
        news = reader(
            known.written.picture(both) if known else {}, written.picture(both) if written else {}, now
        )
        self._plan(uid, known, written, reach, now)
        if written is None:
            self.meetings.pop(uid, None)
        else:
            self.meetings[uid] = Remembered(written, reach)
        return news

    def roll(self, now: datetime) -> None:
        for uid, known in self.meetings.items():
            if known.written.days and known.reach < horizon(now) - STEP:
                self._plan(uid, known, known.written, horizon(now), now)
                known.reach = horizon(now)

    def _plan(
        self, uid: str, known: Remembered | None, written: Written | None, reach: datetime, now: datetime
    ) -> None:
        old = known.written.picture(known.reach) if known else {}
        new = written.picture(reach) if written else {}
        for slot in old.keys() | new.keys():
            if slot in old and slot in new and old[slot].start == new[slot].start:
                continue
            self.planned.pop((uid, slot), None)
            if slot in new and new[slot].start > now:
                start = new[slot].start
                self.planned[uid, slot] = (max(start - LEAD, now), start)

    def remind(self, now: datetime) -> Counter[str]:
        said: Counter[str] = Counter()
        for (uid, slot), (due, start) in sorted(self.planned.items(), key=lambda each: each[1]):
            if due > now:
                continue
            del self.planned[uid, slot]
            if (uid, start) not in self.reminded and now < start + HOUR:
                self.reminded.add((uid, start))
                known = self.meetings[uid]
                said[known.written.picture(known.reach)[slot].title] += 1
        return said


@dataclass
class History:
    """The server, Sekretar and the reader."""

    diary: Diary
    there: dict[str, Written] = field(default_factory=dict)
    told: Told = field(default_factory=Told)
    files: dict[str, str] = field(default_factory=dict)
    number: int = 0
    _moments: set[datetime] = field(default_factory=set)

    async def step(self, what: str, number: int) -> None:
        self.number += 1
        match what:
            case "create" | "create series" | "create endless":
                self._create({"create": 0, "create series": 2 + number % 5}.get(what, ENDLESS), number)
            case "divide":
                self._divide(number)
            case "delete" | "rename file" if self.there:
                self._with_file(what, number)
            case "wait" | "days pass" | "clock set back":
                self.diary.clock.advance(_passed(what, number))
            case "roll":
                await self._roll()
            case "look" | "die in a look":
                await self._look(dies=what == "die in a look")
            case "remind":
                await self._remind()
            case _ if what in ACTS and self.there:
                uid = self._some(number)
                self.there[uid] = ACTS[what](self.there[uid], self.number * 7 + number)

    def _create(self, days: int, number: int) -> None:
        uid = f"u{self.number}"
        start = self.diary.clock.now().replace(minute=0, second=0, microsecond=0)
        first = Shown(start + [-3, 1, 2, 4, 30][number % 5] * HOUR, f"{uid} first")
        self.there[uid] = Written(uid, first, days)
        self.files[uid] = f"{uid}.ics"

    def _divide(self, number: int) -> None:
        """*This and all following*, as programs write it: the first half ends, the rest is another object."""
        series = [uid for uid, each in sorted(self.there.items()) if each.days > 2 and each.alive]
        if not series:
            return
        was = self.there[series[number % len(series)]]
        day, uid = 1 + number % (min(was.days, 5) - 1), f"u{self.number}"
        # It is divided because something becomes different from then on.
        first = replace(was.first, start=was.slot(day) + HOUR, title=f"{uid} rest")
        rest = was.days if was.days == ENDLESS else was.days - day
        self.there[uid] = Written(uid, first, rest)
        self.files[uid] = f"{uid}.ics"
        self.there[was.uid] = until_day(was, day)

    def _with_file(self, what: str, number: int) -> None:
        uid = self._some(number)
        if what == "delete":
            del self.there[uid], self.files[uid]
        else:
            self.files[uid] = f"{uid}-{self.number}.ics"

    def _some(self, number: int) -> str:
        return sorted(self.there)[number % len(self.there)]

    async def _roll(self) -> None:
        await Rolling(self.diary.desk).run()
        self.told.roll(self.diary.clock.now())
        assert await self.diary.said() == [], "rolling is no news"

    async def _look(self, *, dies: bool) -> None:
        now = self._moment()
        there = {self.files[uid]: written for uid, written in self.there.items()}
        known = await self.diary.files("work")
        news: dict[str, str | None] = {
            name: written.as_text() for name, written in there.items() if known.get(name) != written.as_text()
        }
        gone = known.keys() - there.keys()
        if dies:
            # The process dies after the first file; the next look finds the rest.
            news = dict(sorted(news.items())[:1])
        leaving = [("work", name) for name in gone]
        said = await self.diary.look(news if dies else news | dict.fromkeys(gone), leaving=leaving)
        expected = [self.told.look(there[name].uid, there[name], now) for name in sorted(news)]
        if not dies:
            vanished = sorted(self.told.meetings.keys() - self.there.keys())
            expected += [self.told.look(uid, None, now) for uid in vanished]
        self._compare(expected, said)

    def _compare(self, expected: list[News], said: list[str]) -> None:
        rest = [each.partition("\n")[0] for each in said]
        for news in expected:
            if news.line:
                assert news.line in rest, (news, said)
                rest.remove(news.line)
        signs = Counter(line.split()[0] for line in rest)
        assert signs == Counter(SIGNS[kind] for news in expected if not news.line for kind in news.kinds), (
            expected,
            said,
        )

    async def _remind(self) -> None:
        self._moment()
        said = [each.partition("\n")[0].rpartition(": ")[2] for each in await self.diary.remind()]
        assert Counter(said) == self.told.remind(self.diary.clock.now())

    def _moment(self) -> datetime:
        """Now. No clock that runs shows one microsecond twice, one that is set back hardly ever."""
        clock = self.diary.clock
        while clock.now() in self._moments:
            clock.advance(timedelta(microseconds=1))
        self._moments.add(clock.now())
        return clock.now()


def _passed(what: str, number: int) -> timedelta:
    """How far the clock moves."""
    match what:
        case "wait":
            return timedelta(minutes=[1, 7, 35, 50][number % 4])
        case "days pass":
            return timedelta(days=1 + number % 9)
        case _:
            return -timedelta(minutes=3 + number)


STEPS = st.tuples(
    st.sampled_from(
        [
            *ACTS, "create", "create series", "create endless", "divide", "delete", "rename file",
            *["look"] * 8, "die in a look", *["remind"] * 3, *["wait"] * 3, "days pass", "clock set back", "roll",
        ]
    ),
    st.integers(0, 59),
)  # fmt: skip


async def live(template: Path, steps: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(template, f"{folder}/x.db")
        database = Database.open(f"sqlite:///{folder}/x.db")
        try:
            history = History(await open_diary(database, ManualClock(BEGIN), calendars=["work"]))
            for what, number in steps:
                await history.step(what, number)
            # Whatever was left unread is read in the end, and then there is nothing more to say.
            await history.step("look", 0)
            await history.step("look", 0)
            await history.step("remind", 0)
        finally:
            await database.close()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=10, max_size=35))
def test_what_is_said_is_what_a_person_would_say_and_once(
    migrated_sqlite: Path, steps: list[tuple[str, int]]
) -> None:
    asyncio.run(live(migrated_sqlite, steps))
