"""A tracker beside the desk, which calls when something changes: what people there do is in the channel at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import SecretStr
from tests import peers
from tests.acceptance.acts import about, times_seen
from tests.acceptance.desks import POLE, DeskAtWork, desk_at_work, letter
from tests.acceptance.trackers import NAME, a_tracker, act, settings_of
from tests.acceptance.waiting import until
from tests.peers_chat import ChatServer
from tests.peers_mail import Dovecot, installed, running_dovecot
from tests.peers_smtp import outside_world

from sekretar.sandbox.tracker import TrackerSandbox

SECRET = "a secret of this house"
#: Nothing but a call makes Sekretar look into this tracker in the time of a test.
MIRROR = f"""
[desk.mirror]
tracker = "{NAME}"
project = "DESK"
poll_seconds = 3600
statuses = {{ new = "open", in_progress = "inProgress" }}
"""


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    if not installed():
        peers.missing("Dovecot", "install the packages dovecot-imapd and dovecot-lmtpd")
    with running_dovecot() as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def tracker() -> AsyncIterator[TrackerSandbox]:
    async with a_tracker() as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def desk(
    chat: ChatServer, tmp_path: Path, dovecot: Dovecot, tracker: TrackerSandbox
) -> AsyncIterator[DeskAtWork]:
    settings = settings_of(tracker).model_copy(update={"hook_secret": SecretStr(SECRET)})
    async with (
        outside_world(login=False) as world,
        desk_at_work(chat, tmp_path, dovecot, world, more=MIRROR, trackers=(settings,)) as work,
    ):
        yield work


async def call(desk: DeskAtWork, secret: str | None, tracker: str = NAME) -> int:
    """The tracker, or somebody who says so, calls."""
    headers = {} if secret is None else {"X-Webhook-Secret": secret}
    body = {"key": "DESK-1", "type": "issueUpdated"}
    return (await desk.office.post(f"/hooks/tracker/{tracker}", json=body, headers=headers))[0]


async def test_a_call_brings_what_happened_there_and_strangers_are_not_heard(
    desk: DeskAtWork, tracker: TrackerSandbox
) -> None:
    desk.dovecot.deliver(letter(f"Нет питания {POLE}", "Темно.", "Иван <ivan@operator.test>"))
    await until(lambda: tracker.world.issues, seconds=60, what="the ticket")
    await act(tracker, "anna", "POST", "/issues/", queue="DESK", summary="Мачта упала", type="bug")
    for secret, name in (("wrong", NAME), (None, NAME), ("", NAME), (SECRET, "another")):
        assert await call(desk, secret, name) == 403
    assert times_seen(desk.anna, "Мачта упала") == 0
    assert await call(desk, SECRET) == 200
    card = await desk.anna.wait_for(about("Мачта упала"), timeout=60)
    assert card.channel_id == desk.channel

    # A flood is neither heard nor does it keep the desk from working.
    answers = [await call(desk, SECRET) for _ in range(125)]
    assert set(answers) == {200, 429}
    assert answers[-1] == 429
    assert (await desk.office.readiness())[0] == 200
    guesses = [await call(desk, f"guess {number}") for number in range(25)]
    assert set(guesses) == {403, 429}
    assert await call(desk, SECRET) == 429
