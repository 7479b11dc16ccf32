"""The demo's scenario, played through public interfaces only: what people do in the chat, in their
calendar and in their tracker.

It stands on its own feet and knows nothing of how Sekretar works, so it plays against any Mattermost server.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import aiohttp
import typer

from sekretar.kernel.clock import SystemClock
from sekretar.sandbox import sample_desk, sample_tickets, samples
from sekretar.sandbox.human import Human, NotSeen
from sekretar.sandbox.mattermost import PASSWORD
from sekretar.sandbox.seen import CustomStatus, SeenPost

#: The step in which something that no event announces is looked for.
MOMENT = timedelta(milliseconds=100)

#: How far ahead the scenario's meeting begins, and how long it lasts.
AHEAD = timedelta(seconds=12)
LENGTH = timedelta(seconds=8)

#: How long anything may take, in seconds.
PATIENCE = 40.0

_PASSES, _BANNER = "Заказать пропуска", "Обновить баннер"

_LINK = re.compile(r"\((https?://[^)\s]+/oauth/authorize[^)\s]*)\)")


@dataclass(frozen=True)
class Stage:
    """Where the scenario plays."""

    chat_url: str
    calendar_url: str
    tracker_url: str
    bot: str
    say: Callable[[str], None] = field(default=typer.echo)


@dataclass
class Play:
    """One performance: anna connects her calendar and her tracker, boris is given something to do."""

    stage: Stage
    anna: Human
    boris: Human
    session: aiohttp.ClientSession
    home: str = ""

    async def run(self) -> None:
        """Play all acts in order; the first that fails raises."""
        acts: tuple[tuple[str, Callable[[], Awaitable[str]]], ...] = (
            ("anna says hello", self.hello),
            ("a wrong password is refused at its field", self.wrong_password),
            ("the calendar is connected", self.connect),
            ("today's meetings are listed", self.today),
            ("the status may follow meetings", self.consent),
            ("a meeting made elsewhere is told", self.told),
            ("it is reminded of", self.reminded),
            ("the status is set", self.status_set),
            ("and the earlier one comes back", self.status_restored),
            ("a cancelled meeting is told", self.cancelled),
            ("everything is deleted on demand", self.disconnect),
            ("the tracker is connected", self.connect_tracker),
            ("two tasks are shown before they are made", self.list_tasks),
            ("and made when anna says so", self.create_tasks),
            ("boris is told of his", self.boris_told),
            ("a letter has become an incident", self.incident),
            ("its applicant hears from anna", self.applicant_told),
            ("the contractor gets it and answers", self.contractor_answers),
        )
        for name, act in acts:
            seen = await act()
            self.stage.say(f"✓ {name}\n    {seen}")

    async def hello(self) -> str:
        self.home = await self.anna.direct_channel(self.stage.bot)
        mark = self.anna.mark()
        await self.anna.say("привет", self.home)
        welcome = await self.anna.wait_for(
            lambda post: bool(post.buttons) and post.channel_id == self.home, timeout=PATIENCE, since=mark
        )
        return _line(welcome)

    async def wrong_password(self) -> str:
        await self._ask_to_connect()
        dialog = await self.anna.dialog(PATIENCE)
        errors = await self.anna.submit_dialog(dialog, self._account(password="wrong"))  # noqa: S106
        _expect("password" in errors, f"no error at the password: {errors}")
        self._dialog = dialog
        return errors["password"]

    async def connect(self) -> str:
        mark = self.anna.mark()
        errors = await self.anna.submit_dialog(self._dialog, self._account())
        _expect(not errors, f"refused: {errors}")
        ready = await self.anna.wait_post("Утренняя планёрка", self.home, timeout=PATIENCE, since=mark)
        return _line(ready)

    async def today(self) -> str:
        answer = await self.anna.slash("/calendar today", self.home)
        _expect(bool(answer.posts), "no answer to /calendar today")
        text = answer.posts[0].text
        _expect("Утренняя планёрка" in text, f"the stand-up is missing: {text}")
        return _line(answer.posts[0])

    async def consent(self) -> str:
        await self.anna.set_custom_status("bento", "Обед")
        answer = await self.anna.slash("/calendar status", self.home)
        mark = self.anna.mark()
        await self.anna.click(answer.posts[0], "Да, показывать")
        asked = await self.anna.wait_for(
            lambda post: bool(_LINK.search(post.text)), since=mark, timeout=PATIENCE
        )
        mark = self.anna.mark()
        await self.anna.consent(_LINK.findall(asked.text)[0])
        return _line(await self.anna.wait_for(_about("На встрече"), since=mark, timeout=PATIENCE))

    async def told(self) -> str:
        self._start = (datetime.now(UTC) + AHEAD).replace(microsecond=0)
        meeting = samples.SampleEvent(
            "scenario@sandbox", "Сверка часов", self._start, LENGTH, place="Переговорная 1"
        )
        self._mark = self.anna.mark()
        now = datetime.now(UTC)
        await samples.put_event(self.session, self.stage.calendar_url, "anna", "work", meeting, now)
        told = await self.anna.wait_for(
            _about("Новая встреча", "Сверка часов"), since=self._mark, timeout=PATIENCE
        )
        return _line(told)

    async def reminded(self) -> str:
        reminder = await self.anna.wait_for(_about("⏰", "Сверка часов"), since=self._mark, timeout=PATIENCE)
        return _line(reminder)

    async def status_set(self) -> str:
        status = await self._until_status(lambda each: each is not None and each.emoji == "calendar")
        _expect(status is not None and status.until is not None, "the status has no end")
        return f":{status.emoji}: {status.text}" if status else ""

    async def status_restored(self) -> str:
        status = await self._until_status(lambda each: each is not None and each.emoji == "bento")
        return f":{status.emoji}: {status.text}" if status else ""

    async def cancelled(self) -> str:
        mark = self.anna.mark()
        await samples.delete_event(self.session, self.stage.calendar_url, "anna", "work", "contract@sandbox")
        return _line(
            await self.anna.wait_for(
                _about("Отменена", "Договор с подрядчиком"), since=mark, timeout=PATIENCE
            )
        )

    async def disconnect(self) -> str:
        asked = await self.anna.slash("/calendar disconnect", self.home)
        mark = self.anna.mark()
        await self.anna.click(asked.posts[0], "Отключить и удалить")
        done = await self.anna.wait_for(_about("удалено"), since=mark, timeout=PATIENCE)
        again = await self.anna.slash("/calendar today", self.home)
        _expect("планёрка" not in again.posts[0].text, "meetings are still there after disconnecting")
        return _line(done)

    async def connect_tracker(self) -> str:
        await self.anna.slash("/task connect", self.home)
        dialog = await self.anna.dialog(PATIENCE)
        errors = await self.anna.submit_dialog(dialog, {"key": "token-nobody"})
        _expect("key" in errors, f"no error at the token: {errors}")
        mark = self.anna.mark()
        errors = await self.anna.submit_dialog(dialog, {"key": sample_tickets.TOKENS["anna"]})
        _expect(not errors, f"refused: {errors}")
        return _line(await self.anna.wait_for(_about("Анна Смирнова"), since=mark, timeout=PATIENCE))

    async def list_tasks(self) -> str:
        lines = f"{_PASSES} @boris до пятницы #office\n{_BANNER} @anna завтра #site"
        self._preview = (await self.anna.slash(f"/task list\n{lines}", self.home)).posts[0]
        _expect("❌" not in self._preview.text, f"not understood: {self._preview.text}")
        _expect(await self._filed() == 0, "tasks exist before anna has said yes")
        return _line(self._preview)

    async def create_tasks(self) -> str:
        mark, self._mark = self.anna.mark(), self.boris.mark()
        await self.anna.click(self._preview, "Завести все 2")
        made = await self.anna.wait_for(_about(_PASSES, _BANNER, "Завёл"), since=mark, timeout=PATIENCE)
        filed = await self._filed()
        _expect(filed == 2, f"there are {filed} tasks in the tracker instead of 2")
        return _line(made)

    async def boris_told(self) -> str:
        told = await self.boris.wait_for(_about(_PASSES), since=self._mark, timeout=PATIENCE)
        _expect(_BANNER not in told.text, f"boris is told what is not his: {told.text}")
        return _line(told)

    async def incident(self) -> str:
        channel = await self.anna.channel(sample_desk.CHANNEL)
        new = await self.anna.wait_for(
            lambda post: post.channel_id == channel and _about(sample_desk.POLE, "Новый")(post),
            timeout=PATIENCE,
        )
        await self.anna.click(new, "Взять")
        self._incident = await self._stands("В работе", sample_desk.POLE)
        return _line(self._incident)

    async def applicant_told(self) -> str:
        return await self._write("Уведомить заявителя…", "Уведомили заявителя")

    async def contractor_answers(self) -> str:
        mark = self.anna.mark()
        await self._write("Подрядчику…", "Передано подрядчику")
        answer = await self.anna.wait_for(_about("бригада выехала"), since=mark, timeout=PATIENCE)
        _expect(answer.root_id == self._incident.id, f"the answer stands elsewhere: {answer.text}")
        return _line(answer)

    async def _write(self, button: str, then: str) -> str:
        """Send the letter of a button as it is proposed; returns how the incident stands then."""
        await self.anna.click(self._incident, button)
        errors = await self.anna.submit_dialog(await self.anna.dialog(PATIENCE), {})
        _expect(not errors, f"the letter is refused: {errors}")
        self._incident = await self._stands(then, sample_desk.POLE)
        return _line(self._incident)

    async def _stands(self, *words: str) -> SeenPost:
        return await self.anna.wait_for(
            lambda post: not post.root_id and _about(*words)(post), timeout=PATIENCE
        )

    async def _filed(self) -> int:
        """How many of the tasks are in the tracker."""
        url = f"{self.stage.tracker_url}/v3/issues/_search"
        async with self.session.post(url, json={}, headers=sample_tickets.headers("anna")) as answer:
            answer.raise_for_status()
            found = [issue["summary"] for issue in await answer.json()]
        return sum(found.count(subject) for subject in (_PASSES, _BANNER))

    async def _ask_to_connect(self) -> None:
        """Find the way from the welcome to the dialog by buttons alone."""
        welcome = (await self.anna.posts(self.home))[-1]
        mark = self.anna.mark()
        await self.anna.click(welcome, "Подключить календарь")
        where = await self.anna.wait_for(lambda post: post.control("Другой") is not None, since=mark)
        await self.anna.click(where, "Другой")

    def _account(self, password: str = samples.PASSWORDS["anna"]) -> dict[str, str]:
        return {"address": self.stage.calendar_url, "login": "anna", "password": password}

    async def _until_status(self, fits: Callable[[CustomStatus | None], bool]) -> CustomStatus | None:
        clock = SystemClock()
        end = clock.now() + timedelta(seconds=PATIENCE)
        while clock.now() < end:
            status = await self.anna.custom_status()
            if fits(status):
                return status
            await clock.sleep_until(clock.now() + MOMENT)
        raise NotSeen(f"the status of anna did not change in {PATIENCE:g} s; it is {status}")


class Failed(Exception):
    """Something that had to happen did not."""


async def play(stage: Stage) -> int:
    """Play the scenario; returns 0 only when everything happened."""
    try:
        async with (
            aiohttp.ClientSession() as session,
            Human.login(stage.chat_url, "anna", PASSWORD) as anna,
            Human.login(stage.chat_url, "boris", PASSWORD) as boris,
        ):
            await Play(stage, anna, boris, session).run()
    except (Failed, NotSeen, LookupError) as error:
        stage.say(f"✗ {error}")
        return 1
    stage.say("All of it happened.")
    return 0


def _about(*words: str) -> Callable[[SeenPost], bool]:
    return lambda post: all(word in post.text for word in words)


def _expect(happened: bool, otherwise: str) -> None:
    if not happened:
        raise Failed(otherwise)


def _line(post: SeenPost) -> str:
    """What a glance would catch."""
    return " ".join(post.text.split())[:160]
