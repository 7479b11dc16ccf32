"""The demo: Sekretar as it is, with sandboxes for Mattermost and Tracker and a calendar server of its own.

Everything runs in one process but the calendar server, which ends with it. Sekretar itself is not told that this
is a demo: it is set up, reached and used as on a real server.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
import webbrowser
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import typer
from pydantic import SecretStr

from sekretar.app import Sekretar, foundation
from sekretar.config import Settings
from sekretar.kernel import logs
from sekretar.kernel.clock import Clock, SystemClock
from sekretar.kernel.errors import ConfigurationError
from sekretar.kernel.secrets import generate_key
from sekretar.mattermost.client import MattermostClient
from sekretar.mattermost.setup import SetupOptions, set_up
from sekretar.sandbox import sample_desk, sample_tickets, samples, scenario
from sekretar.sandbox.human import Human
from sekretar.sandbox.mattermost import PASSWORD, MattermostSandbox
from sekretar.sandbox.mattermost import Settings as ServerSettings
from sekretar.sandbox.options import DemoOptions
from sekretar.sandbox.ports import free_port, must_be_free
from sekretar.sandbox.post_office import PostOffice
from sekretar.sandbox.radicale import Radicale
from sekretar.sandbox.tracker import TrackerSandbox

BOT = "sekretar"
TEAM = "office"

#: In the demo calendars are looked at this often, in seconds: nobody wants to wait for a minute.
LOOK_EVERY = 2


@dataclass(frozen=True)
class Demo:
    """A demo that is running."""

    chat_url: str
    calendar_url: str
    tracker_url: str
    sekretar: Sekretar


def run_demo(options: DemoOptions) -> int:
    """Run the demo until it is interrupted, or the scenario once; returns the exit status."""
    try:
        return asyncio.run(_check(options) if options.check else _stay(options))
    except KeyboardInterrupt:
        return 0
    except ConfigurationError as error:
        typer.echo(f"{error.what}\n{error.remedy}", err=True)
        return 78


async def _stay(options: DemoOptions) -> int:
    logs.configure("console", "warning")
    if options.fresh:
        shutil.rmtree(options.folder, ignore_errors=True)
    ended = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, ended.set)
    async with running(options) as demo:
        typer.echo(_welcome(demo))
        if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
            await asyncio.to_thread(webbrowser.open, f"{demo.chat_url}/?as=anna&channel=@{BOT}")
        await ended.wait()
    return 0


async def _check(options: DemoOptions) -> int:
    logs.configure("console", "warning")
    with tempfile.TemporaryDirectory(prefix="sekretar-check-") as folder:
        apart = DemoOptions(port=0, calendar_port=0, listen_port=free_port(), folder=Path(folder))
        async with running(apart) as demo:
            return await scenario.play(
                scenario.Stage(demo.chat_url, demo.calendar_url, demo.tracker_url, BOT)
            )


def _welcome(demo: Demo) -> str:
    return (
        f"\n  Sekretar is ready: {demo.chat_url}/?as=anna&channel=@{BOT}\n\n"
        f"  You are anna; switch to boris, vera or admin at the top left of the page.\n"
        f"  To connect the sample calendar choose Other, address {demo.calendar_url}, login anna, password anna.\n"
        f"  To connect the sample tracker write /task connect; the token of anna is {sample_tickets.TOKENS['anna']},"
        f" that of boris {sample_tickets.TOKENS['boris']}.\n"
        f"  The dispatch desk is the channel ~{sample_desk.CHANNEL}: two letters have come;"
        f" boris and vera are on shift.\n"
        f"  Ctrl-C ends the demo; the data stays until `make demo ARGS=--fresh`, but for tickets.\n"
    )


@contextlib.asynccontextmanager
async def running(options: DemoOptions, clock: Clock | None = None) -> AsyncIterator[Demo]:
    """Start everything, and end it in the opposite order; tests bring a clock of their own.

    Raises:
        ConfigurationError: a port is taken, or the calendar server is not installed.
    """
    options.folder.mkdir(parents=True, exist_ok=True)
    for port, option in ((options.port, "--port"), (options.calendar_port, "--calendar-port"),
                         (options.listen_port, "--listen-port")):  # fmt: skip
        must_be_free(port, option)
    clock = clock or SystemClock()
    calendar_server = Radicale(options.folder / "radicale", samples.PASSWORDS, options.calendar_port)
    chat_server = MattermostSandbox(
        clock=clock,
        store=options.folder / "mattermost.json",
        port=options.port,
        settings=ServerSettings(site_name="Sandbox"),
    )
    async with contextlib.AsyncExitStack() as stack:
        await calendar_server.start()
        stack.push_async_callback(calendar_server.stop)
        async with aiohttp.ClientSession() as session:
            await samples.fill(session, calendar_server.url, clock.now())
        tracker = await stack.enter_async_context(_tracker(clock))
        await chat_server.start()
        stack.push_async_callback(chat_server.stop)
        post = PostOffice(
            options.folder, sample_desk.ADDRESS, sample_desk.PASSWORD, sample_desk.ANSWERS, clock
        )
        await post.start()
        stack.push_async_callback(post.stop)
        settings = _settings(options, chat_server.url, tracker, post)
        sekretar = await stack.enter_async_context(_sekretar(chat_server, settings, clock))
        await _hint(chat_server.url, calendar_server.url)
        await _staff(chat_server.url)
        for letter in sample_desk.letters(clock.now()):
            await post.deliver(letter)
        yield Demo(chat_server.url, calendar_server.url, tracker.url, sekretar)


@contextlib.asynccontextmanager
async def _tracker(clock: Clock) -> AsyncIterator[TrackerSandbox]:
    """The Tracker keeps nothing between runs, so its port may be another one each time."""
    tracker = TrackerSandbox(clock=clock)
    await tracker.start()
    try:
        async with aiohttp.ClientSession() as session:
            await sample_tickets.fill(session, tracker, clock.now().date())
        yield tracker
    finally:
        await tracker.stop()


@contextlib.asynccontextmanager
async def _sekretar(server: MattermostSandbox, settings: Settings, clock: Clock) -> AsyncIterator[Sekretar]:
    server.seed_demo()
    admin = server.add_user("admin", admin=True)
    team = server.add_team(TEAM)
    bot = server.add_bot(BOT, admin, display_name="Секретарь · Sekretar", teams=(team,))
    people = [server.add_user(name) for name in ("anna", "boris", "vera")]
    server.add_channel(team, sample_desk.CHANNEL, (admin, bot.user, *people), display_name="Диспетчерская")
    settings = settings.model_copy(update={"mattermost_token": SecretStr(bot.token)})
    async with foundation(settings, clock) as base:
        client = MattermostClient(base.http.peers, server.url, server.add_session(admin), clock=base.clock)
        report = await set_up(client, settings, base.database, base.vault, SetupOptions(bot=BOT))
        settings = settings.model_copy(update=report.settings)
    async with foundation(settings, clock) as base:
        sekretar = Sekretar(base)
        working = asyncio.create_task(sekretar.run(), name="sekretar")
        try:
            await _until_ready(sekretar, working)
            yield sekretar
        finally:
            working.cancel()
            await asyncio.wait([working])


def _settings(options: DemoOptions, server_url: str, tracker: TrackerSandbox, post: PostOffice) -> Settings:
    address = f"127.0.0.1:{options.listen_port}"
    return Settings(
        mattermost_url=server_url,
        public_url=f"http://{address}",
        callback_url="",
        listen=address,
        database_url=f"sqlite:///{options.folder / 'sekretar.sqlite3'}",
        keys=(SecretStr(_key(options.folder / "key")),),
        allowed_addresses=("127.0.0.1",),
        sync_seconds=LOOK_EVERY,
        trackers=(sample_tickets.configured(tracker),),
        desks_file=sample_desk.configured(options.folder, TEAM, post),
        use_proxy=False,
    )


def _key(file: Path) -> str:
    """The demo's own key, made at the first start."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(generate_key())
    return file.read_text().strip()


async def _until_ready(sekretar: Sekretar, working: asyncio.Task[None]) -> None:
    clock = SystemClock()
    while not sekretar.health.readiness().ready:
        if working.done():
            await working
        await clock.sleep_until(clock.now() + scenario.MOMENT)


async def _hint(chat_url: str, calendar_url: str) -> None:
    """Tell newcomers, in the chat itself, what they need to connect the sample calendar and tracker."""
    text = (
        f"The sample calendars: choose *Other*, address `{calendar_url}`, login and password are your name"
        f" (`anna`, `boris`). The sample tracker: `/task connect`, the token is `token-` and your name"
        f" (`{sample_tickets.TOKENS['anna']}`, `{sample_tickets.TOKENS['boris']}`). The bot is @{BOT}."
    )
    async with Human.login(chat_url, "admin", PASSWORD) as admin:
        square = await admin.channel("town-square")
        if all(post.message != text for post in await admin.posts(square)):
            await admin.say(text, square)


async def _staff(chat_url: str) -> None:
    """Somebody is on shift at any hour, as at a desk that works."""
    async with Human.login(chat_url, "admin", PASSWORD) as admin:
        channel = await admin.channel(sample_desk.CHANNEL)
        for line in sample_desk.STAFFING:
            await admin.slash(line, channel)
