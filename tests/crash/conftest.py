"""An office whose Sekretar is a process that may be killed, and somebody in it with a calendar."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.acceptance.acts import about, connect
from tests.acceptance.diaries import Diary, calendar_server
from tests.acceptance.office import Office
from tests.crash.sekretar_program import Program
from tests.peers_chat import running_sandbox

from sekretar.sandbox.human import Human
from sekretar.sandbox.mattermost import MattermostSandbox


@dataclass
class Scene:
    """A Sekretar that may be killed, and anna with a calendar."""

    office: Office
    program: Program
    sandbox: MattermostSandbox
    anna: Human
    diary: Diary
    home: str
    database: Path

    async def die_and_rise(self) -> None:
        await self.program.kill()
        await self.program.start()


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """An office that was set up; its Sekretar is not started."""
    async with running_sandbox() as server:
        office = Office(server, f"sqlite:///{tmp_path / 'sekretar.sqlite3'}")
        await office.found()
        yield office
        await office.everybody_leaves()


@pytest.fixture
async def program(office: Office, tmp_path: Path) -> AsyncIterator[Program]:
    program = Program(office, tmp_path)
    yield program
    await program.kill()


@pytest.fixture
async def scene(office: Office, program: Program, tmp_path: Path) -> AsyncIterator[Scene]:
    async with calendar_server(tmp_path / "radicale") as calendars:
        await program.start()
        anna = await office.hire()
        diary = await calendars.open()
        await connect(office, anna, diary)
        # The last of the first words: from here on whatever is under way to her is of the test's making.
        await anna.wait_for(about("Показывать коллегам"))
        sandbox = office.server.sandbox
        assert sandbox is not None
        yield Scene(
            office, program, sandbox, anna, diary, await office.home(anna), tmp_path / "sekretar.sqlite3"
        )
