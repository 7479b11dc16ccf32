"""Posts as they are shown: text, attachments, threads, edits; and nothing in them comes alive."""

from __future__ import annotations

import pytest
from playwright.async_api import expect
from tests.browser.conftest import House, OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

MARKDOWN = r"""#### Agenda for **Wednesday**
Plain *slanted*, _too_, **strong**, __strong__, ~~gone~~, `code *here*`, snake_case_name, \*escaped\* and \_this\_.
Second line with [a link](https://example.org/a_(b) "title"), https://example.org/x?a=1_2_3, @anna and @nobody.
- one :white_check_mark: :no_such_emoji:
  - nested
- two

1. first
2. second

> quoted
> text

| Time | What |
|:-----|-----:|
| 10:00 | a \| b |

```python
x = "<b>*not bold*</b>"
```
---
&lt;tag&gt; &amp; done"""

ATTACKS = [
    "<script>window.hacked = 1</script>",
    '<img src=x onerror="window.hacked=1">',
    "[click](javascript:window.hacked=1)",
    "[click](java\tscript:window.hacked=1)",
    "[click](JaVaScRiPt:window.hacked=1)",
    "[click](data:text/html,<script>window.hacked=1</script>)",
    "![x](javascript:window.hacked=1)",
    "<javascript:window.hacked=1>",
    '[x](https://example.org/"onmouseover="window.hacked=1)',
    "`<svg onload=window.hacked=1>`",
]

#: What of the posts could act by itself: scripts that ran, elements, handlers, kinds of addresses.
ALIVE = """() => {
    const all = (selector) => [...document.querySelectorAll(selector)];
    return {
        hacked: window.hacked ?? null,
        scripts: all("#posts script, #posts svg, #posts iframe").length,
        handlers: all("#posts *").flatMap((one) => one.getAttributeNames()).filter((name) => name.startsWith("on")),
        links: all("#posts a, #posts img").map((one) => (one.href ?? one.src).split(":")[0]),
    };
}"""


async def test_markdown_is_rendered(house: House, open_page: OpenPage) -> None:
    client = await open_page()
    await house.office.tell("anna", MARKDOWN)
    body = client.post("Agenda for").locator(".markdown")
    await expect(body.locator("h4 strong")).to_have_text("Wednesday")
    await expect(body.locator("em")).to_have_text(["slanted", "too"])
    await expect(body.locator("p strong")).to_have_text(["strong", "strong"])
    await expect(body.locator("del")).to_have_text("gone")
    await expect(body.locator("p code")).to_have_text("code *here*")
    await expect(body.locator("p").first).to_contain_text("snake_case_name, *escaped* and _this_.")
    await expect(body.locator("p a").first).to_have_attribute("href", "https://example.org/a_(b)")
    await expect(body.locator("p a").nth(1)).to_have_attribute("href", "https://example.org/x?a=1_2_3")
    await expect(body.locator(".mention")).to_have_text("@anna")
    await expect(body.locator("ul > li")).to_have_text(["one ✅ :no_such_emoji:nested", "nested", "two"])
    await expect(body.locator("ol > li")).to_have_text(["first", "second"])
    await expect(body.locator("blockquote")).to_contain_text("quoted")
    await expect(body.locator("td")).to_have_text(["10:00", "a | b"])
    await expect(body.locator("td.align-right")).to_have_count(1)
    await expect(body.locator("pre code")).to_have_text('x = "<b>*not bold*</b>"')
    await expect(body.locator("hr")).to_have_count(1)
    await expect(body.locator("p").last).to_have_text("<tag> & done")
    await client.shoot("markdown")


async def test_nothing_that_was_written_comes_alive(house: House, open_page: OpenPage) -> None:
    client = await open_page()
    for attack in ATTACKS:
        fields = [{"title": attack, "value": attack, "short": True}]
        await house.office.tell(
            "anna",
            attack,
            {
                "title": attack,
                "title_link": "javascript:window.hacked=1",
                "text": attack,
                "pretext": attack,
                "author_name": attack,
                "author_link": "javascript:window.hacked=1",
                "author_icon": "javascript:window.hacked=1",
                "image_url": "javascript:window.hacked=1",
                "color": "red;background:url(//evil.example)",
                "fields": fields,
                "footer": attack,
                "actions": [{"id": "go", "name": attack, "style": "javascript:window.hacked=1"}],
            },
        )
    await expect(client.posts).to_have_count(len(ATTACKS))
    await expect(client.posts.first.locator(".markdown").first).to_have_text(ATTACKS[0])
    await expect(client.posts.first.locator(".attachment-title")).to_have_text(ATTACKS[0])
    found = await client.page.evaluate(ALIVE)
    assert found["hacked"] is None
    assert found["scripts"] == 0
    assert found["handlers"] == []
    assert set(found["links"]) <= {"https"}


async def test_a_message_of_ten_thousand_asterisks_does_not_stop_the_page(
    house: House, open_page: OpenPage
) -> None:
    client = await open_page()
    for text in ("*a " * 5000, "[" * 15000, "`a``" * 4000, "_*" * 8000, "> " * 8000):
        await house.office.tell("anna", text)
    await house.office.tell("anna", "and then")
    await expect(client.post("and then")).to_be_visible(timeout=20_000)


async def test_an_attachment_shows_all_its_parts(house: House, open_page: OpenPage) -> None:
    client = await open_page()
    await house.office.tell(
        "anna",
        "Your day",
        {
            "color": "#2389D7",
            "pretext": "Next:",
            "author_name": "Office calendar",
            "author_link": "https://calendar.example",
            "title": "Planning & review",
            "title_link": "https://meet.example/planning",
            "text": "10:00 – **11:00**",
            "fields": [
                {"title": "Where", "value": "Room 4", "short": True},
                {"title": "Who", "value": "@boris", "short": True},
                {"title": "Agenda", "value": "1. numbers\n2. plans", "short": False},
            ],
            "image_url": f"{house.base}/static/none.png",
            "footer": "Times are shown in Europe/Moscow",
            "actions": [
                {"id": "join", "name": "Join", "style": "primary"},
                {"id": "yes", "name": "Accept", "style": "good"},
                {"id": "no", "name": "Decline", "style": "danger"},
                {"id": "maybe", "name": ":thinking: Later"},
            ],
        },
    )
    card = client.post("Your day").locator(".attachment")
    await expect(card.locator(".attachment-author a")).to_have_text("Office calendar")
    await expect(card.locator(".attachment-title a")).to_have_attribute(
        "href", "https://meet.example/planning"
    )
    await expect(card.locator(".attachment-title a")).to_have_text("Planning & review")
    await expect(card.locator("dt")).to_have_text(["Where", "Who", "Agenda"])
    await expect(card.locator("dd li")).to_have_text(["numbers", "plans"])
    await expect(card.locator(".attachment-footer")).to_have_text("Times are shown in Europe/Moscow")
    await expect(card.get_by_role("button")).to_have_text(["Join", "Accept", "Decline", "🤔 Later"])
    bar = await card.evaluate("(e) => getComputedStyle(e).borderLeftColor")
    assert bar == "rgb(35, 137, 215)"
    first, second = [await card.locator(".field").nth(i).bounding_box() for i in (0, 1)]
    assert first
    assert second
    assert first["y"] == second["y"], "short fields stand side by side"
    client.complaints.clear()  # the picture does not exist


async def test_edits_and_deletions_arrive(house: House, open_page: OpenPage) -> None:
    client = await open_page()
    post = await house.office.tell("anna", "at ten")
    await expect(client.post("at ten")).to_be_visible()
    await house.office.bot("PUT", f"/posts/{post['id']}/patch", {"message": "at eleven"})
    await expect(client.post("at eleven")).to_contain_text("(edited)")
    await expect(client.posts.filter(has_text="at ten")).to_have_count(0)
    await house.office.bot("DELETE", f"/posts/{post['id']}")
    await expect(client.post("(message deleted)")).to_be_visible()
    await expect(client.posts.filter(has_text="at eleven")).to_have_count(0)


async def test_a_thread_opens_beside_and_counts_its_replies(house: House, open_page: OpenPage) -> None:
    client = await open_page()
    root = await house.office.tell("anna", "Who brings the tea?")
    await client.post("Who brings").hover()
    await client.post("Who brings").get_by_role("button", name="Reply").click()
    reply = client.thread.get_by_label("Reply in the thread")
    await expect(reply).to_be_focused()
    await reply.fill("I do")
    await reply.press("Enter")
    await expect(client.thread.locator(".post")).to_have_count(2)
    await house.office.post(root["channel_id"], "Thank you", root_id=root["id"])
    await expect(client.thread.locator(".post")).to_have_count(3)
    await expect(client.post("Who brings").locator(".replies")).to_contain_text("2 replies")
    await expect(client.posts).to_have_count(1)
    await client.shoot("thread")
    await client.page.keyboard.press("Escape")
    await expect(client.thread).to_be_hidden()
    await client.page.reload()
    await client.ready()
    await client.post("Who brings").get_by_text("2 replies").click()
    await expect(client.thread.locator(".post")).to_have_count(3)


async def test_reactions_are_counted(house: House, open_page: OpenPage) -> None:
    client = await open_page()
    post = await house.office.tell("anna", "Tea?")
    body = {"user_id": house.office.bot_id, "post_id": post["id"], "emoji_name": "+1"}
    await house.office.bot("POST", "/reactions", body)
    await expect(client.post("Tea?").locator(".reaction")).to_have_text("👍1")
    await client.page.reload()
    await client.ready()
    await expect(client.post("Tea?").locator(".reaction")).to_have_text("👍1")
    await house.office.bot("DELETE", f"/users/{house.office.bot_id}/posts/{post['id']}/reactions/+1")
    await expect(client.post("Tea?").locator(".reaction")).to_have_count(0)


async def test_what_was_typed_stays_when_the_server_refuses_it(house: House, open_page: OpenPage) -> None:
    client = await open_page()
    await client.box.fill("x" * 17000)
    await client.box.press("Enter")
    await expect(client.page.locator("#composer").get_by_role("alert")).to_contain_text("Not sent")
    await expect(client.box).to_have_value("x" * 17000)
    client.complaints.clear()  # the browser notes the refused request


async def test_a_draft_waits_in_its_place(house: House, open_page: OpenPage) -> None:
    client = await open_page()
    await client.box.fill("half a thou")
    await client.enter("Town Square")
    await expect(client.box).to_have_value("")
    await client.enter("Sekretar")
    await expect(client.box).to_have_value("half a thou")


async def test_earlier_messages_come_on_request(house: House, open_page: OpenPage) -> None:
    channel = await house.office.direct("anna")
    for number in range(65):
        await house.office.post(channel, f"number {number:02}.")
    client = await open_page()
    await expect(client.post("number 64.")).to_be_in_viewport()
    await expect(client.posts.filter(has_text="number 02.")).to_have_count(0)
    await client.page.get_by_role("button", name="Show earlier messages").click()
    await expect(client.posts).to_have_count(65)
    await expect(client.page.get_by_role("button", name="Show earlier messages")).to_have_count(0)
