"""Bad connections, restarts and narrow screens."""

from __future__ import annotations

import pytest
from playwright.async_api import expect
from tests.browser.client import Client
from tests.browser.conftest import House, OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WIDE_TABLE = f"|a|b|c|\n|-|-|-|\n|{'x' * 60}|{'y' * 60}|z|"


async def test_a_lost_server_is_shown_and_what_was_missed_is_read(house: House, open_page: OpenPage) -> None:
    client = await open_page()
    await house.office.tell("anna", "before")
    await expect(client.post("before")).to_be_visible()
    await house.sandbox.stop_listening()
    await expect(client.banner).to_contain_text("No connection")
    await house.sandbox.start_listening()
    await expect(client.banner).to_have_text("Connected again.", timeout=15_000)
    await house.office.tell("anna", "after")
    await expect(client.post("after")).to_be_visible()
    await expect(client.banner).to_be_hidden()
    client.complaints.clear()  # the browser notes every failed attempt


async def test_a_broken_socket_loses_no_message(house: House, open_page: OpenPage) -> None:
    client = await open_page()
    assert house.sandbox.drop_sockets() == 1
    await house.office.tell("anna", "in the gap")
    await expect(client.post("in the gap")).to_be_visible(timeout=10_000)


async def test_a_revoked_login_is_renewed_without_a_word(house: House, open_page: OpenPage) -> None:
    client = await open_page()
    anna = house.sandbox.world.users.first("username", "anna")
    assert anna
    for session in [one for one in house.sandbox.world.sessions if one.user_id == anna.id]:
        house.sandbox.revoke_token(session.token)
    await client.say("still me")
    await expect(client.post("still me").locator(".author")).to_contain_text("Anna")
    await house.office.tell("anna", "and still listening")
    await expect(client.post("and still listening")).to_be_visible()
    client.complaints.clear()  # the browser notes the refused request


async def no_sideways_scroll(client: Client) -> None:
    wide = await client.page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
    assert wide <= 0
    spilling = await client.page.evaluate(
        """() => [...document.querySelectorAll("#centre *, #thread *, dialog[open] *")]
            .filter((e) => !e.closest(".table-frame, pre") && e.getBoundingClientRect().right > innerWidth + 1)
            .map((e) => `${e.tagName}.${e.className}`)"""
    )
    assert spilling == []


async def test_a_phone_shows_everything_without_scrolling_sideways(house: House, open_page: OpenPage) -> None:
    office = house.office
    long = "Donaudampfschifffahrtsgesellschaftskapitän" * 4
    await office.tell(
        "anna",
        f"{long} https://example.org/{'path/' * 40}\n\n{WIDE_TABLE}\n\n```\n{'code ' * 60}\n```",
        {
            "color": "#2f8a4e",
            "title": f"Planning {long}",
            "title_link": "https://meet.example/1",
            "fields": [
                {"title": "Where", "value": long, "short": True},
                {"title": "Who", "value": "all", "short": True},
            ],
            "actions": [
                *(
                    {"id": f"b{n}", "name": name}
                    for n, name in enumerate(("Join", "Accept", "Decline", long))
                ),
                {
                    "id": "s",
                    "name": f"Remind me {long}",
                    "type": "select",
                    "options": [{"text": long, "value": "1"}],
                },
            ],
        },
    )
    office.dialog = {
        "callback_id": "x",
        "title": "Connect",
        "introduction_text": long,
        "elements": [
            {"name": "a", "display_name": "A", "type": "text", "help_text": long},
            {"name": "b", "display_name": "B", "type": "select", "options": [{"text": long, "value": "1"}]},
            {"name": "c", "display_name": "C", "type": "radio", "options": [{"text": long, "value": "1"}]},
        ],
    }
    client = await open_page(width=375, height=720)
    await expect(client.post("Planning")).to_be_visible()
    await no_sideways_scroll(client)
    await client.say("/calendar connect")
    await expect(client.dialog).to_be_visible()
    await no_sideways_scroll(client)
    await client.dialog.get_by_role("button", name="Cancel").click()
    await client.post("Planning").locator(".reply").click()
    await expect(client.thread).to_be_visible()
    await no_sideways_scroll(client)


async def test_on_a_phone_the_left_bar_is_a_drawer(house: House, open_page: OpenPage) -> None:
    client = await open_page(width=375, height=720)
    await expect(client.page.locator("#sidebar")).to_be_hidden()
    await client.page.get_by_role("button", name="Open the list of channels").click()
    await expect(client.page.locator("#sidebar")).to_be_visible()
    await client.shoot("phone-drawer")
    await client.enter("Town Square")
    await expect(client.page.locator("#sidebar")).to_be_hidden()
    await client.page.get_by_role("button", name="Open the list of channels").click()
    await client.page.keyboard.press("Escape")
    await expect(client.page.locator("#sidebar")).to_be_hidden()
