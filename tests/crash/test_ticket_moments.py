"""kill -9 exactly between two steps of making several tickets, again and again until all are made.

Whatever step was the last: after the next start no ticket is missing or there twice, and everybody hears of theirs
once.
"""

from __future__ import annotations

import contextlib
import json
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.acceptance.acts import about, open_channel, pressable, times_seen
from tests.acceptance.office import Office
from tests.acceptance.trackers import a_tracker, in_tracker, link, settings_of
from tests.crash.sekretar_program import Program

from sekretar.sandbox.human import Human
from sekretar.sandbox.seen import SeenPost
from sekretar.sandbox.tracker import TrackerSandbox

CREATING = "sekretar.tickets.batches.creating:Creating"
TRACKER = "sekretar.trackers.yandex.tracker:YandexTracker"
SUBJECTS = ("Заказать пропуска", "Полить цветы", "Сменить баннер")

#: Every step on the way of three tickets, in the order in which one that is begun anew comes to it.
MOMENTS = (
    ("before", f"{TRACKER}.create"),
    ("after", f"{TRACKER}.create"),
    ("before", "sekretar.tickets.batches.store:settle"),
    ("after", "sekretar.tickets.batches.store:settle"),
    ("after", f"{CREATING}._make_one"),
    ("before", f"{CREATING}._conclude"),
    ("before", f"{CREATING}._tell_author"),
    ("before", f"{CREATING}._tell_assignees"),
    ("before", f"{CREATING}._tell_channel"),
    ("after", f"{CREATING}._conclude"),
)


@dataclass
class Desk:
    """A Sekretar that may be killed; Anna and Boris, connected to one tracker, in a channel."""

    office: Office
    program: Program
    tracker: TrackerSandbox
    anna: Human
    boris: Human
    channel: str

    async def list(self, *lines: str) -> SeenPost:
        """Anna's list, before she has said yes."""
        text = "\n".join(line.replace("@boris", f"@{self.boris.username}") for line in lines)
        return (await self.anna.slash(f"/task list\n{text}", self.channel)).posts[0]

    async def live(self, *fate: str) -> None:
        """One more life, to its end."""
        await self.program.launch(*fate)
        assert await self.program.ended() == -signal.SIGKILL

    @property
    def keys(self) -> list[str]:
        return [key for subject in SUBJECTS for key, *_ in in_tracker(self.tracker, subject)]


@pytest.fixture
async def desk(office: Office, tmp_path: Path) -> AsyncIterator[Desk]:
    async with a_tracker() as tracker:
        settings = settings_of(tracker).model_dump(mode="json") | {"key": "token-service"}
        program = Program(office, tmp_path, TRACKERS=json.dumps([settings]), TICKETS_SECONDS="5")
        await program.start()
        anna, boris = await office.hire("anna"), await office.hire("boris")
        channel = await open_channel(office, anna, boris)
        for human, name in ((anna, "anna"), (boris, "boris")):
            await link(human, channel, f"token-{name}")
        await boris.wait_for(about("вы **Борис Иванов**"))
        yield Desk(office, program, tracker, anna, boris, channel)
        await program.kill()


async def test_at_every_step_of_making_several(desk: Desk) -> None:
    lines = [f"{subject} @boris #desk" for subject in SUBJECTS]
    preview = await desk.list(*lines)
    await desk.program.kill()
    await desk.program.start(*MOMENTS[0])
    with contextlib.suppress(Exception):
        await desk.anna.click(preview, "Завести все 3")
    assert await desk.program.ended() == -signal.SIGKILL
    assert desk.keys == []
    for moment in MOMENTS[1:]:
        await desk.live(*moment)
    assert len(desk.keys) == 3
    await desk.program.start()
    await desk.boris.wait_for(about("записаны 3 задачи", *SUBJECTS))
    await desk.anna.wait_for(about("Завёл 3 задачи", *SUBJECTS))
    await told_once(desk, *SUBJECTS)
    assert len(desk.keys) == 3
    assert times_seen(desk.anna, "Завёл 3 задачи") == 1
    assert times_seen(desk.boris, "записаны 3 задачи") == 1


async def test_the_look_at_the_tracker_is_faster_than_whoever_made_the_ticket(desk: Desk) -> None:
    preview = await desk.list(f"{SUBJECTS[0]} @boris #desk")
    await desk.program.kill()
    await desk.program.start("after", f"{TRACKER}.create")
    with contextlib.suppress(Exception):
        await desk.anna.click(preview, "Завести 1")
    assert await desk.program.ended() == -signal.SIGKILL
    desk.tracker.faults.fail(503, method="POST", path="/issues/?$", times=50)
    mark = desk.anna.mark()
    await desk.program.start()
    paused = await desk.anna.wait_for(pressable("Продолжить"), since=mark)
    await desk.boris.wait_for(about(SUBJECTS[0]), timeout=40)
    desk.tracker.faults.clear()
    await desk.anna.click(paused, "Продолжить")
    await desk.boris.wait_for(about("записана 1 задача", SUBJECTS[0]))
    await told_once(desk, SUBJECTS[0])


async def told_once(desk: Desk, *subjects: str) -> None:
    """Everything that was to be said has been said, and Boris has heard of each ticket of his once."""
    preview = await desk.list("Маяк @boris #desk")
    mark = desk.boris.mark()
    await desk.anna.click(preview, "Завести 1")
    await desk.boris.wait_for(about("поручает", "Маяк"), since=mark)
    heard = [post.text for post in await desk.boris.posts(await desk.office.home(desk.boris))]
    for subject in subjects:
        assert sum(subject in text for text in heard) == 1, heard
