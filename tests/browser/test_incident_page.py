"""Our own pages in the browser, in every state: for somebody in a hurry, on a telephone, at night.

What is checked of each state: nothing is wider than the window, all text can be read, every field has its label, and
every control can be hit by a thumb and shows that the keyboard has reached it.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, cast

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Response, expect
from tests import peers
from tests.browser.client import shots_directory
from tests.integration.dispatch.house import DeskServer, House, open_house
from tests.integration.mattermost.surface_desk import user_id

from sekretar.dispatch.incidents.values import Applicant
from sekretar.dispatch.page import PATH
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerDown, PersonError
from sekretar.web.app import Services, create_app
from sekretar.web.server import listening_socket, serve

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LONG = "Нет питания на объекте, " + "работаем_от_батарей" * 12 + ' <b>"жирно"</b> & <script>alert(1)</script>'

#: What a page may be blamed for, found out in the page itself.
FAULTS = """() => {
  const faults = [];
  const parts = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const colour = text => {
    const [r, g, b, a = 1] = parts(text.replace('color(srgb', ''));
    return text.startsWith('color(') ? [r * 255, g * 255, b * 255, a] : [r, g, b, a];
  };
  const over = (top, below) => top.slice(0, 3).map((c, i) => c * top[3] + below[i] * (1 - top[3])).concat(1);
  const ground = one => {
    const layers = [];
    for (let at = one; at; at = at.parentElement) layers.push(colour(getComputedStyle(at).backgroundColor));
    const dark = matchMedia('(prefers-color-scheme: dark)').matches;
    return layers.reverse().reduce((below, top) => over(top, below), dark ? [18, 18, 18, 1] : [255, 255, 255, 1]);
  };
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const contrast = (a, b) => {
    const [high, low] = [light(a), light(b)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };
  const blame = (one, what) => faults.push(`${one.tagName}.${one.className}#${one.id}: ${what}`);

  const wide = document.documentElement;
  if (wide.scrollWidth > wide.clientWidth) blame(wide, `${wide.scrollWidth} px in a window of ${wide.clientWidth}`);
  for (const one of document.body.querySelectorAll('*')) {
    const said = [...one.childNodes].some(each => each.nodeType === 3 && each.data.trim()) || one.value;
    if (!said || !one.checkVisibility() || ['OPTION', 'OPTGROUP'].includes(one.tagName)) continue;
    const [text, below] = [colour(getComputedStyle(one).color), ground(one)];
    const found = contrast(over(text, below), below);
    if (found < 4.5) blame(one, `contrast of text ${found.toFixed(2)}`);
    if (one.getBoundingClientRect().right > wide.clientWidth) blame(one, 'cut at the right');
  }
  for (const one of document.querySelectorAll('input:not([type=hidden]), select, textarea')) {
    if (![...one.labels].some(each => each.innerText.trim())) blame(one, 'no label');
    const border = contrast(colour(getComputedStyle(one).borderTopColor), ground(one.parentElement));
    if (border < 3) blame(one, `contrast of border ${border.toFixed(2)}`);
    if (parseFloat(getComputedStyle(one).fontSize) < 16) blame(one, 'a telephone zooms in');
    for (const id of (one.getAttribute('aria-describedby') || '').split(' ').filter(Boolean))
      if (!document.getElementById(id)) blame(one, `described by ${id}, which is not there`);
  }
  for (const one of document.querySelectorAll('input:not([type=hidden]), select, textarea, button')) {
    if (one.getBoundingClientRect().height < 44) blame(one, 'too low for a thumb');
    one.focus();
    if (getComputedStyle(one).outlineStyle === 'none') blame(one, 'does not show that it is reached');
  }
  const levels = [...document.querySelectorAll('h1, h2, h3, h4')].map(each => Number(each.tagName[1]));
  if (levels.filter(each => each === 1).length !== 1) faults.push(`headings ${levels}`);
  if (levels.some((each, i) => i && each > levels[i - 1] + 1)) faults.push(`headings ${levels}`);
  return faults;
}"""


@dataclass
class Consents:
    """Refuses everybody who comes back from consent."""

    async def receive(self, _query: object) -> object:
        raise PersonError("dispatch.page.closed")


async def _down(*_: object) -> object:
    raise PeerDown("mattermost")


@dataclass
class Window:
    """A browser at the pages of a desk."""

    page: Page
    house: House
    base: str
    shots: Path
    name: str
    complaints: list[str]

    async def link(self, who: str = "anna") -> str:
        assert self.house.dispatch.pages is not None
        person = await self.house.office.profiles.person(user_id(who))
        return self.base + PATH + self.house.dispatch.pages.link(person).partition(PATH)[2]

    async def open(self, url: str) -> Response:
        answer = await self.page.goto(url)
        assert answer is not None
        return answer

    async def press(self, name: str) -> None:
        async with self.page.expect_navigation():
            await self.page.locator(f"button[value={name}]").click()

    async def is_good(self, state: str) -> None:
        """No fault in what is seen now; a picture is kept."""
        await self.page.screenshot(
            path=self.shots / f"page-{self.name}-{state}.png", full_page=True, caret="initial"
        )
        assert await self.page.evaluate(FAULTS) == [], state
        assert self.complaints == [], state


@pytest_asyncio.fixture(loop_scope="session")
async def house(migrated_sqlite: Path, tmp_path: Path) -> AsyncIterator[House]:
    file = tmp_path / "desk.db"
    shutil.copy(migrated_sqlite, file)
    database = Database.open(f"sqlite:///{file}")
    async with open_house(database, chat_url="https://chat.example") as house:
        yield house
    await database.close()


@pytest_asyncio.fixture(loop_scope="session")
async def base(house: House) -> AsyncIterator[str]:
    services = Services(
        **cast(Any, dict.fromkeys(("callbacks", "consented", "hooks", "health", "metrics"))),
        consents=cast(Any, Consents()),
        catalogues=house.office.desk.catalogues,
        default_language="en",
        pages=house.dispatch.pages,
    )
    bound = listening_socket("127.0.0.1", 0)
    serving = asyncio.create_task(serve(create_app(services), bound))
    yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    serving.cancel()
    await asyncio.wait([serving])


Scheme = Literal["light", "dark"]


@pytest_asyncio.fixture(loop_scope="session")
async def window(
    request: pytest.FixtureRequest, browser: Browser | None, house: House, base: str, tmp_path: Path
) -> AsyncIterator[Window]:
    if browser is None:
        peers.missing("Chromium", "install the package chromium")
    language, width, scheme = cast(tuple[str, int, Scheme], request.param)
    number = await house.person_id("anna")
    async with house.database.transaction() as session:
        await house.office.desk.people.set_language(session, number, language)
    context = await browser.new_context(
        viewport={"width": width, "height": 740},
        color_scheme=scheme,
        locale=language,
        java_script_enabled=True,
    )
    page, complaints = await context.new_page(), list[str]()
    page.on("console", lambda line: complaints.append(line.text) if "Content Security" in line.text else None)
    name = f"{language}-{width}-{scheme}"
    yield Window(page, house, base, shots_directory(tmp_path), name, complaints)
    await context.close()


@pytest.mark.parametrize(
    "window",
    [("ru", 375, "dark"), ("en", 375, "light"), ("ru", 1280, "light"), ("en", 1280, "dark")],
    indirect=True,
    ids=lambda of: "-".join(map(str, of)),
)
async def test_every_state_can_be_read_and_used(window: Window) -> None:
    page, house = window.page, window.house
    for summary in ("Нет питания на KI0075", LONG):
        await house.open(summary, applicant=Applicant("Иван", "ivan@operator.example"))
    first = await window.link()
    await window.open(first)
    await window.is_good("new")

    # Something is looked up while the incident is half typed.
    await page.fill("#summary", LONG)
    await page.fill("#find", "питания")
    await window.press("find")
    await expect(page.locator(".found li")).to_have_count(2)
    await expect(page.locator(".found")).to_contain_text("<script>alert(1)</script>")
    await expect(page.locator("#summary")).to_have_value(LONG)
    await window.is_good("found")
    await page.fill("#find", "пожар")
    await window.press("find")
    await expect(page.locator(".found")).to_have_count(0)
    await expect(page.locator("[role=search] [role=status]")).to_be_focused()
    await window.is_good("nothing-found")

    # What is wrong is said where it is wrong, and nothing typed is lost.
    await page.fill("#place", "99999")
    await page.fill("#description", "С утра\n<b>нет света</b>")
    await page.fill("#address", "ivan@operator")
    await window.press("create")
    await expect(page.locator("#address")).to_have_attribute("aria-invalid", "true")
    await expect(page.locator("#place-wrong")).to_contain_text("99999")
    await expect(page.locator("#place")).to_be_focused()
    await expect(page.locator("#description")).to_have_value("С утра\n<b>нет света</b>")
    await window.is_good("mistakes")

    # Mattermost is away for a moment: what was typed is sent again by one press.
    await page.fill("#address", "ivan@operator.example")
    await page.fill("#place", "")
    with pytest.MonkeyPatch.context() as meanwhile:
        meanwhile.setattr(DeskServer, "channel_member", _down)
        await window.press("create")
    await expect(page.locator("dl")).to_contain_text(LONG)
    await window.is_good("later")

    # The press is answered, and answered again.
    await page.locator("button").click()
    await expect(page.get_by_role("status")).to_contain_text("NT-3")
    await window.is_good("entered")
    await window.open(first)
    await expect(page.get_by_role("status")).to_contain_text("NT-3")
    await window.is_good("entered-already")

    # The link ends while somebody types.
    await window.open(await window.link())
    await page.fill("#summary", LONG)
    await page.fill("#description", "С утра")
    house.clock.advance(timedelta(minutes=31))
    await window.press("create")
    await expect(page.get_by_role("alert")).to_contain_text("/incident page")
    await expect(page.locator("dl")).to_contain_text(LONG)
    await window.is_good("ended")
    await window.open(window.base + PATH + "?pass=nonsense")
    await expect(page.get_by_role("alert")).to_contain_text("/incident page")
    await window.is_good("refused")
    await window.open(window.base + "/consent/mattermost?code=x")
    await window.is_good("consent-refused")
