"""What is stored and what is said when a calendar changes: as a person would tell it, and once."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert
from tests.integration.calendars.diary import Diary, exception, first_lines, ics, open_diary, utc

from sekretar.calendars.model import Calendar, CalendarObject, Reminder, StoredOccurrence
from sekretar.calendars.sync.reading import horizon, unpack
from sekretar.calendars.sync.rolling import Rolling
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class TestOneMeeting:
    async def test_its_life_is_told_step_by_step_in_one_thread(self, diary: Diary, noon: datetime) -> None:
        assert first_lines(await diary.look({"a.ics": ics("a", noon)})) == ["🆕 Новая встреча: Demo"]
        diary.clock.advance(timedelta(minutes=1))
        moved = await diary.look({"a.ics": ics("a", noon + HOUR)})
        assert moved == [
            "🔁 Перенесена: Demo\n~~среда, 4 марта, 15:00–16:00~~ → **среда, 4 марта, 16:00–17:00**"
        ]
        diary.clock.advance(timedelta(minutes=1))
        edited = await diary.look({"a.ics": ics("a", noon + HOUR, "Retro")})
        assert edited == ["✏️ Изменена: Retro\nсреда, 4 марта, 16:00–17:00\nНазвание: ~~Demo~~ → Retro"]
        diary.clock.advance(timedelta(minutes=1))
        assert first_lines(await diary.look({"a.ics": None})) == ["❌ Отменена: Retro"]
        assert await diary.count(StoredOccurrence) == 0

    async def test_a_rewrite_by_the_server_says_nothing(self, diary: Diary, noon: datetime) -> None:
        await diary.look({"a.ics": ics("a", noon)})
        rewritten = ics("a", noon, "Demo", "SEQUENCE:7", "LAST-MODIFIED:20260304T090000Z", "X-SERVER:1")
        assert await diary.look({"a.ics": rewritten}) == []

    async def test_an_invitation_that_is_gone_is_not_called_cancelled(
        self, diary: Diary, noon: datetime
    ) -> None:
        """Some servers take away what the person has declined elsewhere; others what the organizer called off."""
        boss = "ORGANIZER:mailto:boss@example.com"
        me = "ATTENDEE;PARTSTAT={}:mailto:anna@example.com"
        for name, answer in (("a", "ACCEPTED"), ("b", "DECLINED"), ("c", "NEEDS-ACTION")):
            await diary.look({f"{name}.ics": ics(name, noon, name, boss, me.format(answer))})
        gone = await diary.look(dict.fromkeys(("a.ics", "b.ics", "c.ics")))
        told = [each for each in first_lines(gone) if each.startswith("❌")]
        assert told == ["❌ Больше нет в календаре: a", "❌ Больше нет в календаре: c"]

    async def test_cancelled_and_put_back(self, diary: Diary, noon: datetime) -> None:
        await diary.look({"a.ics": ics("a", noon)})
        diary.clock.advance(timedelta(minutes=1))
        cancelled = await diary.look({"a.ics": ics("a", noon, "Demo", "STATUS:CANCELLED")})
        assert first_lines(cancelled) == ["❌ Отменена: Demo"]
        diary.clock.advance(timedelta(minutes=1))
        assert first_lines(await diary.look({"a.ics": ics("a", noon)})) == ["🆕 Новая встреча: Demo"]

    async def test_moved_to_a_time_that_is_over_is_moved_and_still_told(
        self, diary: Diary, noon: datetime
    ) -> None:
        await diary.look({"a.ics": ics("a", noon)})
        said = await diary.look({"a.ics": ics("a", noon - 5 * HOUR)})
        assert first_lines(said) == ["🔁 Перенесена: Demo"]

    async def test_the_first_load_is_silent(self, diary: Diary, noon: datetime) -> None:
        assert await diary.look({"a.ics": ics("a", noon)}, silent=True) == []
        assert await diary.count(Reminder) == 1

    async def test_nobody_tells_a_deactivated_person(
        self, diary: Diary, noon: datetime, database: Database
    ) -> None:
        async with database.transaction() as session:
            await diary.desk.people.deactivate(session, diary.person.user_id, noon)
            person = await diary.desk.people.by_id(session, diary.person.id)
        assert person is not None
        diary.person = person
        assert await diary.look({"a.ics": ics("a", noon)}) == []

    async def test_a_meeting_without_uid_is_known_by_its_file(self, diary: Diary, noon: datetime) -> None:
        nameless = ics("x", noon).replace("UID:x\r\n", "")
        said = await diary.look({"a.ics": nameless, "b.ics": nameless.replace("Demo", "Retro")})
        assert sorted(first_lines(said)) == ["🆕 Новая встреча: Demo", "🆕 Новая встреча: Retro"]

    async def test_a_meeting_that_never_ends_is_shown(self, diary: Diary, noon: datetime) -> None:
        endless = ics("a", f"DTSTART:{utc(noon)}\r\nDTEND:99991231T235959Z")
        assert first_lines(await diary.look({"a.ics": endless})) == ["🆕 Новая встреча: Demo"]

    async def test_what_no_database_takes(self, diary: Diary, noon: datetime) -> None:
        strange = ics("a", noon, "De\x00mo", "LOCATION:R\x00m", "ATTENDEE;CN=\x00:mailto:b@example.com")
        assert len(await diary.look({"a.ics": strange})) == 1


class TestFiles:
    async def test_a_meeting_that_changes_its_file_is_the_same_one(
        self, diary: Diary, noon: datetime
    ) -> None:
        await diary.look({"a.ics": ics("a", noon)})
        before = await diary.rows(Reminder)
        assert await diary.look({"a.ics": None, "b.ics": ics("a", noon)}) == []
        assert [each.id for each in await diary.rows(Reminder)] == [each.id for each in before]
        assert [each.href for each in await diary.rows(CalendarObject)] == ["b.ics"]

    async def test_one_that_changes_file_and_time_was_moved(self, diary: Diary, noon: datetime) -> None:
        await diary.look({"a.ics": ics("a", noon)})
        said = await diary.look({"a.ics": None, "b.ics": ics("a", noon + HOUR)})
        assert first_lines(said) == ["🔁 Перенесена: Demo"]
        assert await diary.starts() == [noon + HOUR]

    async def test_one_that_goes_to_another_calendar_is_the_same_one(
        self, diary: Diary, noon: datetime
    ) -> None:
        await diary.look({"a.ics": ics("a", noon)})
        assert await diary.look({"n.ics": ics("a", noon)}, "home", leaving=[("work", "a.ics")]) == []
        assert await diary.look({"a.ics": None}) == []
        [stored] = await diary.rows(StoredOccurrence)
        assert stored.calendar_id == diary.calendars["home"]

    async def test_an_unreadable_text_keeps_what_was_known(self, diary: Diary, noon: datetime) -> None:
        await diary.look({"a.ics": ics("a", noon)})
        assert await diary.look({"a.ics": "garbage"}) == []
        [stored] = await diary.rows(CalendarObject)
        assert (stored.etag, "UID:a" in unpack(stored.data)) == (f"{hash('garbage')}", True)
        assert await diary.starts() == [noon]
        assert await diary.look({"a.ics": ics("a", noon)}) == []

    async def test_a_text_unreadable_from_the_start_is_new_once_it_is_readable(
        self, diary: Diary, noon: datetime
    ) -> None:
        assert await diary.look({"a.ics": "garbage"}) == []
        assert len(await diary.look({"a.ics": ics("a", noon)})) == 1

    async def test_a_text_that_breaks_the_reader_does_not_keep_the_others(
        self, diary: Diary, noon: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from sekretar.calendars.sync import reading

        real = reading.parse_object

        def fragile(data: str, *args: object, **kwargs: object) -> object:
            if "poison" in data:
                raise RecursionError
            return real(data, *args, **kwargs)  # type: ignore[arg-type]

        monkeypatch.setattr(reading, "parse_object", fragile)
        said = await diary.look({"a.ics": ics("a", noon, "poison"), "b.ics": ics("b", noon)})
        assert first_lines(said) == ["🆕 Новая встреча: Demo"]


class TestCopies:
    """The person has one meeting in two calendars."""

    async def test_it_is_told_once(self, diary: Diary, noon: datetime) -> None:
        assert len(await diary.look({"a.ics": ics("a", noon)})) == 1
        assert await diary.look({"x.ics": ics("a", noon)}, "home") == []

    async def test_it_is_moved_and_edited_once(self, diary: Diary, noon: datetime) -> None:
        for calendar in ("work", "home"):
            await diary.look({"a.ics": ics("a", noon)}, calendar)
        for changed in (ics("a", noon + HOUR), ics("a", noon + HOUR, "Retro")):
            diary.clock.advance(timedelta(minutes=1))
            assert len(await diary.look({"a.ics": changed})) == 1
            assert await diary.look({"a.ics": changed}, "home") == []

    async def test_it_is_cancelled_when_the_last_copy_goes(self, diary: Diary, noon: datetime) -> None:
        for calendar in ("work", "home"):
            await diary.look({"a.ics": ics("a", noon)}, calendar)
        assert await diary.look({"a.ics": None}) == []
        assert first_lines(await diary.look({"a.ics": None}, "home")) == ["❌ Отменена: Demo"]

    async def test_two_copies_in_one_calendar_that_go_together(self, diary: Diary, noon: datetime) -> None:
        await diary.look({"a.ics": ics("a", noon), "b.ics": ics("a", noon)})
        assert len(await diary.look({"a.ics": None, "b.ics": None})) == 1

    async def test_another_person_is_told_as_well(
        self, diary: Diary, noon: datetime, database: Database, clock: ManualClock
    ) -> None:
        boris = await open_diary(database, clock, "boris", desk=diary.desk)
        assert len(await diary.look({"a.ics": ics("a", noon)})) == 1
        await boris.said()
        assert len(await boris.look({"a.ics": ics("a", noon)})) == 1

    async def test_one_reminder(self, diary: Diary, noon: datetime) -> None:
        for calendar in ("work", "home"):
            await diary.look({"a.ics": ics("a", noon)}, calendar)
        assert len(await diary.remind(3 * HOUR - timedelta(minutes=10))) == 1
        assert await diary.remind(timedelta(minutes=1)) == []

    async def test_one_reminder_of_two_accounts(
        self, diary: Diary, noon: datetime, database: Database, clock: ManualClock
    ) -> None:
        other = await open_diary(database, clock, desk=diary.desk, calendars=["private"], host="b.example")
        await diary.look({"a.ics": ics("a", noon)})
        await other.look({"a.ics": ics("a", noon)}, "private")
        await diary.said()
        assert len(await diary.remind(3 * HOUR - timedelta(minutes=10))) == 1

    async def test_a_declined_copy_does_not_silence_the_other(self, diary: Diary, noon: datetime) -> None:
        declined = ics("a", noon, "Demo", "ATTENDEE;PARTSTAT=DECLINED:mailto:anna@example.com")
        await diary.look({"a.ics": declined})
        await diary.look({"a.ics": ics("a", noon)}, "home")
        assert len(await diary.remind(3 * HOUR - timedelta(minutes=10))) == 1


class TestSeries:
    async def test_one_time_moved_and_one_cancelled(self, diary: Diary, noon: datetime) -> None:
        daily = "RRULE:FREQ=DAILY;COUNT=5"
        assert first_lines(await diary.look({"s.ics": ics("s", noon, "Daily", daily)})) == [
            "🆕 Новая повторяющаяся встреча: Daily"
        ]
        diary.clock.advance(timedelta(minutes=1))
        late = exception("s", noon + DAY, noon + DAY + HOUR, "Daily")
        assert first_lines(
            await diary.look({"s.ics": ics("s", noon, "Daily", daily, exceptions=[late])})
        ) == ["🔁 Перенесена одна встреча серии: Daily"]
        diary.clock.advance(timedelta(minutes=1))
        without = ics("s", noon, "Daily", daily, f"EXDATE:{utc(noon + 2 * DAY)}", exceptions=[late])
        assert first_lines(await diary.look({"s.ics": without})) == ["❌ Отменена одна встреча серии: Daily"]

    async def test_reminders_of_times_that_did_not_move_stay_given(
        self, diary: Diary, noon: datetime
    ) -> None:
        daily = "RRULE:FREQ=DAILY;COUNT=5"
        await diary.look({"s.ics": ics("s", noon, "Daily", daily)})
        assert len(await diary.remind(3 * HOUR - timedelta(minutes=10))) == 1
        await diary.look({"s.ics": ics("s", noon, "Weekly", daily)})
        assert await diary.remind(timedelta(minutes=1)) == []

    async def test_one_that_ends_earlier_has_lost_several(self, diary: Diary, noon: datetime) -> None:
        await diary.look({"s.ics": ics("s", noon, "Daily", "RRULE:FREQ=DAILY;COUNT=9")})
        said = await diary.look({"s.ics": ics("s", noon, "Daily", "RRULE:FREQ=DAILY;COUNT=4")})
        assert first_lines(said) == ["❌ Отменено несколько встреч серии: Daily"]
        assert "воскресенье, 8 марта" in said[0]

    async def test_a_meeting_begins_to_repeat_and_ceases_to(self, diary: Diary, noon: datetime) -> None:
        daily = "RRULE:FREQ=DAILY;COUNT=5"
        await diary.look({"s.ics": ics("s", noon)})
        diary.clock.advance(timedelta(minutes=1))
        said = await diary.look({"s.ics": ics("s", noon, "Demo", daily)})
        assert first_lines(said) == ["🆕 Новые встречи в серии: Demo"]
        assert "четверг, 5 марта" in said[0]
        diary.clock.advance(timedelta(minutes=1))
        said = await diary.look({"s.ics": ics("s", noon)})
        assert first_lines(said) == ["❌ Отменено несколько встреч серии: Demo"]
        assert await diary.starts() == [noon]

    async def test_the_horizon_rolls_on_in_silence_and_plans_reminders(
        self, diary: Diary, noon: datetime
    ) -> None:
        await diary.look({"s.ics": ics("s", noon, "Daily", "RRULE:FREQ=DAILY")})
        await diary.look({"bad.ics": "garbage"})
        before = await diary.count(Reminder)
        await Rolling(diary.desk).run()
        assert await diary.count(Reminder) == before, "not yet"
        diary.clock.advance(timedelta(days=8))
        await Rolling(diary.desk).run()
        assert await diary.count(Reminder) == before + 8
        assert max(await diary.starts()) == horizon(diary.clock.now()) - timedelta(days=1) + timedelta(
            hours=12
        )
        assert await diary.said() == []

    async def test_rows_that_take_the_numbers_of_deleted_ones(self, diary: Diary, noon: datetime) -> None:
        """SQLite gives the highest number that was freed to the next row, in the same transaction too."""
        daily = "RRULE:FREQ=DAILY;COUNT=5"
        await diary.look({"a.ics": ics("a", noon, "A"), "b.ics": ics("b", noon, "B", daily)})
        before = await diary.rows(StoredOccurrence)
        await diary.look({"b.ics": ics("b", noon, "B"), "c.ics": ics("c", noon, "C", daily)})
        assert len(await diary.rows(StoredOccurrence)) == len(before) - 4 + 4 + 1
        assert await diary.count(Reminder) == 7

    async def test_two_times_at_one_moment_are_one(self, diary: Diary) -> None:
        """Where the clock is set forward 02:30 is 03:30, and this rule names both."""
        twice = ics(
            "s", "DTSTART;TZID=Europe/Berlin:20260328T023000\r\nDURATION:PT15M", "Backup",
            "RRULE:FREQ=DAILY;COUNT=6;BYHOUR=2,3",
        )  # fmt: skip
        assert len(await diary.look({"s.ics": twice})) == 1


async def test_more_occurrences_than_a_statement_can_name(
    diary: Diary, noon: datetime, database: Database
) -> None:
    await diary.look({"a.ics": ics("a", noon)}, silent=True)
    [stored] = await diary.rows(StoredOccurrence)
    copied = {column.key: getattr(stored, column.key) for column in StoredOccurrence.__table__.columns}
    copies = [{**copied, "id": stored.id + n, "recurrence_id": f"{n}"} for n in range(1, 33_000)]
    async with database.transaction() as session:
        await session.execute(insert(StoredOccurrence), copies)
    assert await diary.look({"a.ics": ics("a", noon, "Retro")}, silent=True) == []
    assert await diary.count(StoredOccurrence) == 1


async def test_numbers_of_calendars_are_never_used_again(diary: Diary, database: Database) -> None:
    last = max(diary.calendars.values())
    async with database.transaction() as session:
        await session.delete(await session.get_one(Calendar, last))
        await session.flush()
        new = Calendar(account_id=diary.account_id, href="/new/", name="new", chosen=True, trust=3)
        session.add(new)
        await session.flush()
        assert new.id > last


@dataclass
class Told:
    """A slow human reading: what each calendar showed at the last look, and what was said of it."""

    #: calendar → UID → start and title.
    seen: dict[str, dict[str, tuple[datetime, str]]] = field(default_factory=lambda: {"work": {}, "home": {}})
    planned: set[tuple[str, str, datetime]] = field(default_factory=set)
    reminded: set[tuple[str, datetime]] = field(default_factory=set)

    def look(self, calendar: str, shown: dict[str, tuple[datetime, str]], now: datetime) -> Counter[str]:
        said: Counter[str] = Counter()
        before = self.seen[calendar]
        # What was added or changed is dealt with before what is gone.
        for uid in sorted(before.keys() | shown.keys(), key=lambda uid: uid not in shown):
            old, new = before.get(uid), shown.get(uid)
            self._plan(calendar, uid, old, new, now)
            others = [each[uid] for name, each in self.seen.items() if name != calendar and uid in each]
            if text := _difference(old, new, others, now):
                said[text] += 1
            if new:
                before[uid] = new
            else:
                before.pop(uid, None)
        return said

    def _plan(
        self,
        calendar: str,
        uid: str,
        old: tuple[datetime, str] | None,
        new: tuple[datetime, str] | None,
        now: datetime,
    ) -> None:
        if old and (new is None or new[0] != old[0]):
            self.planned.discard((calendar, uid, old[0]))
        if new and (old is None or new[0] != old[0]) and new[0] > now:
            self.planned.add((calendar, uid, new[0]))

    def remind(self, now: datetime) -> Counter[str]:
        said: Counter[str] = Counter()
        for calendar, uid, start in sorted(self.planned):
            if start - timedelta(minutes=10) > now:
                continue
            self.planned.discard((calendar, uid, start))
            if (uid, start) not in self.reminded and now < start + HOUR:
                self.reminded.add((uid, start))
                said[f"⏰ {self.seen[calendar][uid][1]}"] += 1
        return said


def _difference(
    old: tuple[datetime, str] | None,
    new: tuple[datetime, str] | None,
    others: list[tuple[datetime, str]],
    now: datetime,
) -> str:
    was_ahead = old is not None and old[0] + HOUR > now
    is_ahead = new is not None and new[0] + HOUR > now
    if not was_ahead and not is_ahead:
        return ""
    if new is None or (old is not None and not was_ahead and not is_ahead):
        assert old is not None
        return "" if old[0] in [start for start, _ in others] else f"❌ {old[1]}"
    if old is None or not was_ahead:
        return "" if new[0] in [start for start, _ in others] else f"🆕 {new[1]}"
    if old[0] != new[0]:
        return "" if new[0] in [start for start, _ in others] else f"🔁 {new[1]}"
    return "" if old == new or new in others else f"✏️ {new[1]}"


@dataclass
class Server:
    """Two calendars into which somebody writes at random; some meetings are in both."""

    chance: random.Random
    files: dict[str, dict[str, tuple[str, datetime, str, bool]]] = field(
        default_factory=lambda: {"work": {}, "home": {}}
    )
    numbers: int = 0

    def act(self, now: datetime) -> None:
        calendar = self.chance.choice(["work", "home"])
        files = self.files[calendar]
        if not files or self.chance.random() < 0.3:
            self._add(calendar, now)
            return
        name = self.chance.choice(sorted(files))
        uid, start, title, _ = files[name]
        self.numbers += 1
        match self.chance.choice(["move", "edit", "cancel", "revive", "delete", "rename", "copy"]):
            case "move":
                self._everywhere(uid, (uid, start + self.chance.choice([-2, -1, 1, 24]) * HOUR, title, True))
            case "edit":
                self._everywhere(uid, (uid, start, f"{uid} v{self.numbers}", True))
            case "cancel" | "revive" as wish:
                self._everywhere(uid, (uid, start, title, wish == "revive"))
            case "delete":
                self._everywhere(uid, None)
            case "rename":
                files[f"{self.numbers}.ics"] = files.pop(name)
            case _:
                other = self.files["home" if calendar == "work" else "work"]
                if uid not in {event[0] for event in other.values()}:
                    other[f"{self.numbers}.ics"] = files[name]

    def _add(self, calendar: str, now: datetime) -> None:
        self.numbers += 1
        start = now.replace(minute=0) + self.chance.choice([-1, 1, 2, 3, 30]) * HOUR
        uid = f"u{self.numbers}"
        self.files[calendar][f"{self.numbers}.ics"] = (uid, start, uid, True)

    def _everywhere(self, uid: str, event: tuple[str, datetime, str, bool] | None) -> None:
        for files in self.files.values():
            for name in [name for name, known in files.items() if known[0] == uid]:
                if event is None:
                    del files[name]
                else:
                    files[name] = event

    def shown(self, calendar: str) -> dict[str, tuple[datetime, str]]:
        return {uid: (start, title) for uid, start, title, alive in self.files[calendar].values() if alive}

    def texts(self, calendar: str) -> dict[str, str]:
        return {
            name: ics(uid, start, title, *([] if alive else ["STATUS:CANCELLED"]))
            for name, (uid, start, title, alive) in self.files[calendar].items()
        }


@pytest.mark.parametrize("seed", range(10))
async def test_whatever_happens_is_said_as_a_person_would_and_once(
    diary: Diary, seed: int, clock: ManualClock
) -> None:
    chance = random.Random(seed)
    server, human = Server(chance), Told()
    for step in range(60):
        clock.advance(timedelta(minutes=chance.choice([1, 5, 20, 50])))
        for _ in range(chance.choice([0, 1, 1, 1, 3])):
            server.act(clock.now())
        if chance.random() < 0.8:
            calendar = chance.choice(["work", "home"])
            texts, known = server.texts(calendar), await diary.files(calendar)
            news: dict[str, str | None] = {n: t for n, t in texts.items() if known.get(n) != t}
            gone = known.keys() - texts.keys()
            if dies := chance.random() < 0.2:
                # The process dies after the first batch; the next look finds the rest.
                news = dict(sorted(news.items())[:1])
                shown = _only(server, calendar, human, news)
            else:
                news |= dict.fromkeys(gone)
                shown = server.shown(calendar)
            said = await diary.look(news, calendar, leaving=[(calendar, name) for name in gone])
            assert _signs(said) == human.look(calendar, shown, clock.now()), (step, dies, said)
        assert _signs(await diary.remind()) == human.remind(clock.now()), step


def _only(
    server: Server, calendar: str, human: Told, news: dict[str, str | None]
) -> dict[str, tuple[datetime, str]]:
    """What is seen when only these files were read."""
    shown = dict(human.seen[calendar])
    for name in news:
        uid, start, title, alive = server.files[calendar][name]
        shown.pop(uid, None)
        if alive:
            shown[uid] = (start, title)
    return shown


def _signs(said: list[str]) -> Counter[str]:
    lines = [each.partition("\n")[0] for each in said]
    return Counter(f"{line.split()[0]} {line.rpartition(': ')[2]}" for line in lines)
