"""Who somebody is on the page, where they are, and what they did not read yet."""

from __future__ import annotations

import pytest
from playwright.async_api import expect
from tests.browser.conftest import House, OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_first_visit_is_anna_with_the_bot(house: House, open_page: OpenPage) -> None:
    await house.office.tell("anna", "Good morning!")
    client = await open_page()
    await expect(client.page.locator(".you-name")).to_have_text("anna")
    await expect(client.page.get_by_role("heading", level=1)).to_contain_text("Sekretar")
    await expect(client.post("Good morning!").locator(".badge")).to_be_visible()
    await expect(client.box).to_be_focused()


async def test_the_note_explains_the_sandbox_until_it_is_dismissed(house: House, open_page: OpenPage) -> None:
    client = await open_page(who="boris")
    note = client.page.get_by_role("note")
    await expect(note).to_contain_text("/calendar")
    await note.get_by_role("button").click()
    await expect(note).to_be_hidden()
    await client.page.reload()
    await client.ready()
    await expect(note).to_be_hidden()


async def test_the_address_says_who_and_where_and_follows(house: House, open_page: OpenPage) -> None:
    client = await open_page(who="boris", channel="town-square")
    await expect(client.page.locator(".you-name")).to_have_text("boris")
    await expect(client.page.get_by_role("heading", level=1)).to_have_text("Town Square")
    await client.enter("Sekretar")
    await expect(client.page).to_have_url(f"{house.base}/?as=boris&channel=@sekretar")
    await client.page.reload()
    await client.ready()
    await expect(client.page.get_by_role("heading", level=1)).to_contain_text("Sekretar")


async def test_an_unknown_person_or_place_falls_back(house: House, open_page: OpenPage) -> None:
    client = await open_page(who="nobody", channel="nowhere")
    await expect(client.page.locator(".you-name")).to_have_text("anna")
    await expect(client.page.get_by_role("heading", level=1)).to_have_text("Town Square")


async def test_one_click_makes_somebody_else_of_me(house: House, open_page: OpenPage) -> None:
    await house.office.tell("anna", "For Anna only")
    client = await open_page()
    await expect(client.post("For Anna only")).to_be_visible()
    await client.become("vera")
    await expect(client.page).to_have_url(f"{house.base}/?as=vera&channel=@sekretar")
    await expect(client.posts.filter(has_text="For Anna only")).to_have_count(0)
    await expect(client.page.locator(".switch [aria-pressed=true]")).to_contain_text("vera")
    await client.say("Hello from Vera")
    await expect(client.post("Hello from Vera").locator(".author")).to_contain_text("Vera")


async def test_the_last_of_several_quick_switches_wins(house: House, open_page: OpenPage) -> None:
    for name in ("anna", "boris", "vera"):
        await house.office.tell(name, f"Letter to {name}")
    client = await open_page()
    house.sandbox.faults.slow(0.3, path="/api/v4/users/me/teams", times=2)
    for name in ("vera", "boris"):
        async with client.page.expect_response(lambda answer: answer.url.endswith("/sandbox/login")):
            await client.page.locator(".switch").get_by_role("button", name=name).click()
    await expect(client.post("Letter to boris")).to_be_visible()
    await expect(client.page.locator(".you-name")).to_have_text("boris")
    await expect(client.page).to_have_url(f"{house.base}/?as=boris&channel=@sekretar")
    await house.office.tell("vera", "Secret")
    await house.office.tell("boris", "Open")
    await expect(client.post("Open")).to_be_visible()
    await expect(client.posts.filter(has_text="Secret")).to_have_count(0)
    await expect(client.posts).to_have_count(2)


async def test_unread_places_are_marked_until_they_are_entered(house: House, open_page: OpenPage) -> None:
    client = await open_page(who="anna", channel="town-square")
    await house.office.tell("anna", "Psst")
    place = client.place("Sekretar")
    await expect(place.locator(".count")).to_contain_text("1")
    await expect(client.page).to_have_title("(1) Town Square · Mattermost sandbox")
    await client.page.reload()
    await client.ready()
    await expect(place.locator(".count")).to_contain_text("1")
    await client.enter("Sekretar")
    await expect(place.locator(".count")).to_have_count(0)
    await client.page.reload()
    await client.ready()
    await client.enter("Town Square")
    await expect(place.locator(".count")).to_have_count(0)


async def test_a_channel_without_a_mention_only_gets_a_dot(house: House, open_page: OpenPage) -> None:
    boris = await open_page(who="boris", channel="@anna")
    anna = await open_page(who="anna", channel="town-square")
    place = boris.place("Town Square")
    await anna.say("Anybody here?")
    await expect(place.locator(".count")).to_be_visible()
    await expect(place.locator(".count.mentioned")).to_have_count(0)
    await anna.say("@boris, you?")
    await expect(place.locator(".count.mentioned")).to_contain_text("1")


async def test_the_page_speaks_the_language_of_the_person(house: House, open_page: OpenPage) -> None:
    await house.speak("vera", "ru")
    client = await open_page(who="anna", channel="town-square")
    await expect(client.page.locator("#sidebar")).to_contain_text("Direct messages")
    await client.become("vera")
    await expect(client.page.locator("#sidebar")).to_contain_text("Личные сообщения")
    await expect(client.page.locator("html")).to_have_attribute("lang", "ru")


async def test_statuses_are_seen_by_oneself_and_by_others(house: House, open_page: OpenPage) -> None:
    anna = await open_page(who="anna", channel="town-square")
    boris = await open_page(who="boris", channel="@anna")
    await anna.page.get_by_label("My state").select_option("dnd")
    await expect(boris.page.locator("#header .dot.dnd")).to_be_visible(timeout=15_000)
    await house.set_custom_status("anna", "calendar", "In a meeting")
    await expect(anna.page.locator(".my-custom")).to_contain_text("In a meeting")
    await expect(boris.page.locator("#header")).to_contain_text("In a meeting until")
    await expect(boris.place("Anna").locator(".custom-status")).to_have_text("📆")
    await anna.page.get_by_role("button", name="Clear my custom status").click()
    await expect(anna.page.locator(".my-custom")).to_have_count(0)
    await expect(boris.page.locator("#header")).not_to_contain_text("In a meeting")
