"""The page as a person sees it: what is where, by role and label."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.async_api import ConsoleMessage, Locator, Page, expect


class Client:
    """One open page of the sandbox's chat client."""

    def __init__(self, page: Page, shots: Path) -> None:
        self.page = page
        self._shots = shots
        #: What the browser complained about; a test fails at its end unless it expects it.
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._hear)
        self.posts = page.locator("#posts .post")
        self.thread = page.locator("#thread")
        self.dialog = page.get_by_role("dialog")
        self.banner = page.locator("#banner")
        self.box = page.locator("#message")

    def _hear(self, line: ConsoleMessage) -> None:
        if line.type == "error":
            self.complaints.append(line.text)

    async def open(self, base: str, **asked: str) -> Client:
        query = "&".join(f"{'as' if name == 'who' else name}={value}" for name, value in asked.items())
        await self.page.goto(f"{base}/{'?' + query if query else ''}")
        await self.ready()
        return self

    async def ready(self) -> None:
        await expect(self.page.locator("body[data-ready]")).to_be_attached(timeout=15_000)

    def post(self, text: str) -> Locator:
        """The last post with this text."""
        return self.posts.filter(has_text=text).last

    def place(self, name: str) -> Locator:
        """An entry of the left bar."""
        return self.page.locator(".place").filter(has=self.page.locator(".place-title", has_text=name))

    async def enter(self, name: str) -> None:
        await self.place(name).click()
        await expect(self.place(name)).to_have_attribute("aria-current", "page")

    async def say(self, text: str) -> None:
        await self.box.fill(text)
        await self.box.press("Enter")
        await expect(self.box).to_have_value("")

    async def become(self, username: str) -> None:
        await self.page.locator(".switch").get_by_role("button", name=username).click()
        await expect(self.page.locator(".you-name")).to_have_text(username)

    async def shoot(self, name: str) -> None:
        """Keep a picture of what is seen, for people to look at."""
        await self.page.screenshot(path=self._shots / f"{name}.png", animations="disabled")


def shots_directory(default: Path) -> Path:
    """SEKRETAR_SCREENSHOTS, else the test's own directory."""
    chosen = Path(os.environ.get("SEKRETAR_SCREENSHOTS") or default)
    chosen.mkdir(parents=True, exist_ok=True)
    return chosen
