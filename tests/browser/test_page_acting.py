"""What a person can do on the page: commands, buttons, selects, dialogs; and how it says that something failed."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect
from tests.browser.conftest import House, OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

CONNECT: dict[str, Any] = {
    "callback_id": "connect",
    "title": "Connect a calendar",
    "introduction_text": "Use an **app password**, see [how](https://example.org/help).",
    "submit_label": "Check and connect",
    "notify_on_cancel": True,
    "state": "sealed",
    "elements": [
        {
            "name": "provider",
            "display_name": "Provider",
            "type": "select",
            "default": "yandex",
            "options": [{"text": "Yandex", "value": "yandex"}, {"text": "Nextcloud", "value": "nextcloud"}],
        },
        {
            "name": "login",
            "display_name": "Login",
            "type": "text",
            "subtype": "email",
            "placeholder": "anna@example.com",
            "help_text": "The address of your mailbox",
        },
        {
            "name": "password",
            "display_name": "App password",
            "type": "text",
            "subtype": "password",
            "min_length": 4,
        },
        {
            "name": "minutes",
            "display_name": "Minutes before",
            "type": "text",
            "subtype": "number",
            "default": "10",
        },
        {"name": "note", "display_name": "Note", "type": "textarea", "optional": True, "max_length": 200},
        {
            "name": "digest",
            "display_name": "Digest",
            "type": "bool",
            "placeholder": "Every morning",
            "optional": True,
        },
        {
            "name": "tone",
            "display_name": "Reminders",
            "type": "radio",
            "default": "short",
            "options": [{"text": "Short", "value": "short"}, {"text": "With details", "value": "long"}],
        },
        {
            "name": "deputy",
            "display_name": "Deputy",
            "type": "select",
            "data_source": "users",
            "optional": True,
        },
        {
            "name": "room",
            "display_name": "Room",
            "type": "select",
            "data_source": "channels",
            "optional": True,
        },
    ],
}


async def test_commands_are_offered_while_they_are_typed(house: House, open_page: OpenPage) -> None:
    client = await open_page()
    options = client.page.locator(".suggestions").get_by_role("option")
    await client.box.press_sequentially("/ca")
    await expect(options).to_have_count(2)
    await expect(options.first).to_contain_text("/calendar [today|tomorrow|connect|help]")
    await expect(options.first).to_contain_text("Your meetings")
    await expect(options.first).to_have_attribute("aria-selected", "true")
    await client.shoot("suggestions")
    await client.box.press("ArrowDown")
    await expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    await client.box.press("ArrowUp")
    await client.box.press("Enter")
    await expect(client.box).to_have_value("/calendar ")
    await expect(options).to_have_count(1)
    await client.box.press("Escape")
    await expect(options).to_have_count(0)
    assert house.office.commands == []


async def test_a_command_is_answered_for_me_alone(house: House, open_page: OpenPage) -> None:
    house.office.command_answers["today"] = {"text": "Nothing today. Enjoy **the quiet**."}
    anna = await open_page(who="anna", channel="town-square")
    boris = await open_page(who="boris", channel="town-square")
    await anna.say("/calendar today")
    await expect(anna.post("Enjoy the quiet")).to_contain_text("Only visible to you")
    await anna.say("visible to all")
    await expect(boris.post("visible to all")).to_be_visible()
    await expect(boris.posts.filter(has_text="Enjoy the quiet")).to_have_count(0)
    await anna.post("Enjoy the quiet").get_by_role("button", name="Dismiss").click()
    await expect(anna.posts.filter(has_text="Enjoy the quiet")).to_have_count(0)
    assert [one["text"] for one in house.office.commands] == ["today"]


async def test_an_unknown_command_stays_in_the_box_with_the_reason(house: House, open_page: OpenPage) -> None:
    client = await open_page()
    await client.box.fill("/nonsense")
    await client.box.press("Enter")
    await expect(client.page.locator("#composer").get_by_role("alert")).to_contain_text("nonsense")
    await expect(client.box).to_have_value("/nonsense")
    client.complaints.clear()  # the browser notes the refused request


async def test_a_command_may_open_a_page(house: House, open_page: OpenPage) -> None:
    house.office.command_answers["consent"] = {"goto_location": f"{house.base}/sandbox/people"}
    client = await open_page()
    async with client.page.context.expect_page() as opened:
        await client.say("/calendar consent")
    assert (await opened.value).url == f"{house.base}/sandbox/people"


async def test_a_command_may_not_run_anything(house: House, open_page: OpenPage) -> None:
    house.office.command_answers["evil"] = {"goto_location": "javascript:window.hacked=1", "text": "done"}
    client = await open_page()
    await client.say("/calendar evil")
    await expect(client.post("done")).to_be_visible()
    assert await client.page.evaluate("window.hacked ?? null") is None
    assert len(client.page.context.pages) == 1


async def test_a_click_is_busy_until_it_is_answered_and_updates_the_post(
    house: House, open_page: OpenPage
) -> None:
    house.office.gate.clear()
    house.office.click_answers["yes"] = {
        "update": {"message": "You accepted **Planning**.", "props": {}},
        "ephemeral_text": "See you there.",
    }
    client = await open_page()
    actions = [{"id": "yes", "name": "Accept", "style": "good"}, {"id": "no", "name": "Decline"}]
    await house.office.tell("anna", "Planning at ten?", {"text": "Shall you come?", "actions": actions})
    button = client.post("Planning at ten?").get_by_role("button", name="Accept")
    await button.click()
    await expect(button).to_be_disabled()
    await expect(button).to_have_attribute("aria-busy", "true")
    await expect(client.post("Planning at ten?").get_by_role("button", name="Decline")).to_be_enabled()
    house.office.gate.set()
    post = client.post("You accepted")
    await expect(post.get_by_role("button", name="Accept")).to_have_count(0)
    await expect(client.post("See you there.")).to_contain_text("Only visible to you")
    assert [one["context"] for one in house.office.clicks] == [{"act": "yes"}]
    assert house.office.clicks[0]["user_id"] == await house.office.user_id("anna")


async def test_a_select_sends_what_was_chosen(house: House, open_page: OpenPage) -> None:
    client = await open_page()
    actions = [
        {
            "id": "when",
            "name": "Remind me",
            "type": "select",
            "options": [{"text": "15 minutes", "value": "15"}],
        },
        {"id": "who", "name": "Deputy", "type": "select", "data_source": "users"},
        {"id": "where", "name": "Room", "type": "select", "data_source": "channels"},
    ]
    await house.office.tell("anna", "Settings", {"text": "What shall it be?", "actions": actions})
    post = client.post("Settings")
    await post.get_by_label("Remind me").select_option("15 minutes")
    await expect(post.get_by_label("Remind me")).to_be_enabled()
    await post.get_by_label("Deputy").select_option("@boris – Boris Lane")
    await expect(post.get_by_label("Deputy")).to_be_enabled()
    await post.get_by_label("Room").select_option("Town Square")
    await expect(post.get_by_label("Room")).to_be_enabled()
    chosen = [one["context"]["selected_option"] for one in house.office.clicks]
    assert chosen[:2] == ["15", await house.office.user_id("boris")]
    assert len(chosen) == 3


async def test_buttons_of_an_ephemeral_answer_work(house: House, open_page: OpenPage) -> None:
    actions = [{"id": "more", "name": "Show more"}]
    house.office.command_answers["today"] = {
        "text": "Three meetings",
        "attachments": [{"text": "…", "actions": actions}],
    }
    house.office.click_answers["more"] = {"ephemeral_text": "A fourth one."}
    client = await open_page()
    await client.say("/calendar today")
    await client.post("Three meetings").get_by_role("button", name="Show more").click()
    await expect(client.post("A fourth one.")).to_be_visible()


async def test_a_failed_click_tells_the_clicker(house: House, open_page: OpenPage) -> None:
    house.office.click_answers["boom"] = {"status": 500}
    client = await open_page()
    await house.office.tell("anna", "Risky", {"text": "?", "actions": [{"id": "boom", "name": "Try"}]})
    button = client.post("Risky").get_by_role("button", name="Try")
    await button.click()
    await expect(client.post("Risky").get_by_role("alert")).to_contain_text("The action failed:")
    await expect(button).to_be_focused()
    await expect(button).to_be_enabled()
    client.complaints.clear()  # the browser notes the refused request


async def test_a_dialog_is_filled_in_corrected_and_accepted(house: House, open_page: OpenPage) -> None:
    office = house.office
    office.dialog = CONNECT
    office.dialog_answers = [
        {"errors": {"password": "Yandex did not accept this password."}, "error": "Not connected yet."},
        {},
    ]
    client = await open_page()
    await client.say("/calendar connect")
    dialog = client.dialog
    await expect(dialog.get_by_role("heading", name="Connect a calendar")).to_be_visible()
    await expect(dialog.get_by_label("Provider")).to_be_focused()
    await expect(dialog.get_by_role("link", name="how")).to_have_attribute("href", "https://example.org/help")
    await expect(dialog.get_by_text("The address of your mailbox")).to_be_visible()
    await expect(dialog.get_by_label("Login")).to_have_attribute("placeholder", "anna@example.com")
    await expect(dialog.get_by_label("App password")).to_have_attribute("type", "password")
    await client.shoot("dialog")

    await dialog.get_by_role("button", name="Check and connect").click()
    await expect(dialog.locator("[data-name=login] .field-error")).to_have_text("This field is required.")
    await expect(dialog.get_by_label("Login")).to_be_focused()
    assert office.submissions == []

    await dialog.get_by_label("Login").fill("anna@example.com")
    await dialog.get_by_label("App password").fill("secret")
    await dialog.get_by_label("Note").fill("two\nlines")
    await dialog.get_by_label("Every morning").check()
    await dialog.get_by_label("With details").check()
    await dialog.get_by_label("Deputy").select_option("@boris – Boris Lane")
    await dialog.get_by_label("App password").press("Enter")
    await expect(dialog.locator("[data-name=password] .field-error")).to_have_text(
        "Yandex did not accept this password."
    )
    await expect(dialog.locator(".general-error")).to_have_text("Not connected yet.")
    await expect(dialog.get_by_label("App password")).to_be_focused()
    await expect(dialog.get_by_label("App password")).to_have_value("secret")
    await client.shoot("dialog-errors")

    await dialog.get_by_label("App password").fill("better")
    await dialog.get_by_role("button", name="Check and connect").click()
    await expect(dialog).to_be_hidden()
    last = office.submissions[-1]
    assert last["submission"] == {
        "provider": "yandex",
        "login": "anna@example.com",
        "password": "better",
        "minutes": 10,
        "note": "two\nlines",
        "digest": True,
        "tone": "long",
        "deputy": await office.user_id("boris"),
        "room": None,
    }
    assert (last["callback_id"], last["state"], last["cancelled"]) == ("connect", "sealed", False)


async def test_escape_closes_a_dialog_and_the_integration_hears_of_it(
    house: House, open_page: OpenPage
) -> None:
    office = house.office
    office.dialog = {**CONNECT, "elements": CONNECT["elements"][:1]}
    client = await open_page()
    await office.tell("anna", "Begin", {"text": "Ready?", "actions": [{"id": "dialog", "name": "Connect"}]})
    await client.post("Begin").get_by_role("button", name="Connect").click()
    await expect(client.dialog).to_be_visible()
    async with client.page.expect_response(lambda answer: answer.url.endswith("/actions/dialogs/submit")):
        await client.page.keyboard.press("Escape")
    await expect(client.dialog).to_be_hidden()
    assert [one["cancelled"] for one in office.submissions] == [True]


async def test_a_dialog_may_go_on_with_another_step(house: House, open_page: OpenPage) -> None:
    office = house.office
    office.dialog = {**CONNECT, "elements": []}
    second = {
        "callback_id": "second",
        "title": "And now",
        "elements": [{"name": "x", "display_name": "X", "type": "text"}],
    }
    office.dialog_answers = [{"type": "form", "form": second}]
    client = await open_page()
    await client.say("/calendar connect")
    await client.dialog.get_by_role("button", name="Check and connect").click()
    await expect(client.dialog.get_by_role("heading", name="And now")).to_be_visible()
    await client.dialog.get_by_label("X").fill("done")
    await client.dialog.get_by_label("X").press("Enter")
    await expect(client.dialog).to_be_hidden()
    assert [one["callback_id"] for one in office.submissions] == ["connect", "second"]
