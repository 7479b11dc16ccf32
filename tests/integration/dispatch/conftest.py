"""The mail server of the dispatch desk's tests, and the desks that more than one module works with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.integration.dispatch.letter_office import LetterOffice
from tests.integration.dispatch.mirror_house import MirrorHouse, redmine_mirror, yandex_mirror
from tests.peers_mail import Dovecot, installed, require_dovecot, running_dovecot
from tests.peers_smtp import OutsideWorld, outside_world

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database


@pytest.fixture(scope="session")
def _dovecot() -> Iterator[Dovecot | None]:
    """One for the whole run; None where the packages are missing."""
    if not installed():
        yield None
        return
    with running_dovecot() as server:
        yield server


@pytest.fixture
def dovecot(_dovecot: Dovecot | None) -> Dovecot:
    """The real Dovecot, running."""
    require_dovecot()
    assert _dovecot is not None
    if _dovecot.process is None:
        _dovecot.start()
    return _dovecot


@pytest.fixture
async def here(database: Database, tmp_path: Path) -> AsyncIterator[MirrorHouse]:
    """A desk with the sandbox of Yandex Tracker."""
    async with yandex_mirror(database, tmp_path) as found:
        yield found


@pytest.fixture(params=["yandex", "redmine"])
async def either(
    request: pytest.FixtureRequest, database: Database, tmp_path: Path
) -> AsyncIterator[MirrorHouse]:
    """Runs the test with each tracker."""
    if request.param == "yandex":
        async with yandex_mirror(database, tmp_path) as found:
            yield found
    else:
        async with redmine_mirror(database, tmp_path, request.getfixturevalue("redmine")) as found:
            yield found


@pytest.fixture
async def world() -> AsyncIterator[OutsideWorld]:
    """Who gets the letters of the desk."""
    async with outside_world() as made:
        yield made


@pytest.fixture
async def office(database: Database, clock: ManualClock, world: OutsideWorld) -> AsyncIterator[LetterOffice]:
    """A desk that writes letters to it."""
    made = LetterOffice(database, clock, world)
    yield made
    await made.delivering.close()
