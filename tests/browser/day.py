"""The stage of a whole day: the demo with a clock that can be set ahead, and one window to look through.

The day is a coming Tuesday, so that what comes on workdays comes, and what is compared is the same at any hour at
which the tests run. Sekretar, the sandbox and the browser are told the same time; the calendar server needs none.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from datetime import datetime, time, timedelta
from pathlib import Path

import aiohttp
from playwright.async_api import Browser, Locator, expect
from tests.acceptance.office import ShiftedClock
from tests.browser.client import Client, shots_directory
from tests.browser.clocks import MOSCOW, on_tuesday
from tests.browser.test_page_resilience import no_sideways_scroll

from sekretar.sandbox import samples
from sekretar.sandbox.demo import BOT, Demo, running
from sekretar.sandbox.options import DemoOptions
from sekretar.sandbox.ports import free_port
from sekretar.sandbox.samples import SampleEvent

WIDE, PHONE = {"width": 1100, "height": 900}, {"width": 375, "height": 720}

#: Pictures take longer than the day itself, so they are taken only for somebody who wants to see them.
_PICTURES = bool(os.environ.get("SEKRETAR_SCREENSHOTS"))

#: Calendars are looked at every other second in the demo; the machine may be busy.
SOON = 20_000


class Day:
    """One day of one person at their client."""

    def __init__(self, demo: Demo, client: Client, clock: ShiftedClock) -> None:
        self.demo = demo
        self.client = client
        self.clock = clock

    def at(self, hour: int, minute: int = 0) -> datetime:
        """A moment of the day, as anna's watch shows it."""
        return datetime.combine(self.clock.now().astimezone(MOSCOW).date(), time(hour, minute), MOSCOW)

    async def becomes(self, hour: int, minute: int = 0) -> None:
        """Let time pass until this moment, for everybody."""
        self.clock.ahead += self.at(hour, minute) - self.clock.now()
        await self.client.page.clock.set_system_time(self.clock.now())

    def post(self, *words: str) -> Locator:
        """The last post in which all of the words stand."""
        found = self.client.posts
        for word in words:
            found = found.filter(has_text=word)
        return found.last

    async def reads(self, *words: str) -> Locator:
        """Wait for a post with these words; returns it."""
        post = self.post(*words)
        await expect(post).to_be_visible(timeout=SOON)
        return post

    async def press(self, post: Locator, label: str) -> None:
        await post.get_by_role("button", name=label, exact=True).click()

    async def ask(self, command: str) -> Locator:
        """Send a command; returns the dialog it opens."""
        await self.client.say(command)
        await expect(self.client.dialog).to_be_visible(timeout=SOON)
        return self.client.dialog

    async def submit(self, label: str) -> None:
        """Send the open dialog; nothing in it may be refused."""
        await self.client.dialog.get_by_role("button", name=label, exact=True).click()
        await expect(self.client.dialog).to_be_hidden(timeout=SOON)

    async def choose(self, post: Locator, title: str) -> None:
        """Open a meeting from a list."""
        select = post.locator("select")
        offered = select.locator("option", has_text=title)
        await select.select_option(await offered.get_attribute("value"))

    async def connect(self, words: tuple[str, str, str, str, str], login: str) -> None:
        """Connect the sample calendar in the dialog of `/calendar connect`."""
        command, address, user, password, submit = words
        dialog = await self.ask(command)
        await dialog.get_by_label(address).fill(self.demo.calendar_url)
        await dialog.get_by_label(user).fill(login)
        await dialog.get_by_label(password).fill(samples.PASSWORDS[login])
        await self.submit(submit)

    async def put(self, owner: str, event: SampleEvent) -> None:
        """Write an event in a calendar program."""
        async with aiohttp.ClientSession() as session:
            now = self.clock.now()
            await samples.put_event(session, self.demo.calendar_url, owner, "work", event, now)

    async def stored(self, owner: str, uid: str) -> str:
        """The event as it stands on the calendar server."""
        url = f"{self.demo.calendar_url}/{owner}/work/{uid.partition('@')[0]}.ics"
        auth = {"Authorization": aiohttp.encode_basic_auth(owner, samples.PASSWORDS[owner])}
        async with aiohttp.ClientSession() as session, session.get(url, headers=auth) as answer:
            answer.raise_for_status()
            return (await answer.text()).replace("\r\n ", "")

    async def look(self, name: str) -> None:
        """A picture at the desk and one on the phone, where nothing may stick out."""
        page = self.client.page
        if _PICTURES:
            await self.client.shoot(f"{name}-desk")
        await page.set_viewport_size(PHONE)
        await no_sideways_scroll(self.client)
        if _PICTURES:
            await self.client.shoot(f"{name}-phone")
        await page.set_viewport_size(WIDE)


@contextlib.asynccontextmanager
async def a_day(browser: Browser, folder: Path, who: str, begins: time) -> AsyncIterator[Day]:
    """The day of this person; `begins` by the clocks of Moscow."""
    clock = on_tuesday(begins)
    options = DemoOptions(port=0, calendar_port=0, listen_port=free_port(), folder=folder / "demo")
    async with running(options, clock) as demo:
        context = await browser.new_context(viewport=WIDE, device_scale_factor=1)
        page = await context.new_page()
        await page.clock.set_system_time(clock.now())
        client = Client(page, shots_directory(folder))
        yield Day(demo, await client.open(demo.chat_url, who=who, channel=f"@{BOT}"), clock)
        await context.close()
        assert client.complaints == []


def invitation(
    title: str, start: datetime, minutes: int, *, organizer: str, guest: str, place: str = ""
) -> SampleEvent:
    """A meeting that somebody calls and the guest has not answered."""
    return SampleEvent(
        f"{title.lower().replace(' ', '-')}@sandbox",
        title,
        start,
        timedelta(minutes=minutes),
        place=place,
        more=(
            f"ORGANIZER;CN={organizer}:mailto:{organizer.partition(' ')[0].lower()}@example.com",
            f"ATTENDEE;CN={organizer};PARTSTAT=ACCEPTED:mailto:{organizer.partition(' ')[0].lower()}@example.com",
            f"ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{guest}@example.com",
        ),
    )
