"""A person of the scenarios, at work in the sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.browser.office import Office

from sekretar.kernel.clock import SystemClock
from sekretar.sandbox.human import Human, NothingToPress, NotSeen, Refused
from sekretar.sandbox.mattermost.seeds import PASSWORD
from sekretar.sandbox.mattermost.server import MattermostSandbox
from sekretar.sandbox.mattermost.settings import Limits

DIALOG: dict[str, Any] = {
    "callback_id": "connect",
    "title": "Connect",
    "state": "sealed",
    "notify_on_cancel": True,
    "elements": [
        {"name": "login", "display_name": "Login", "type": "text"},
        {"name": "minutes", "display_name": "Minutes", "type": "text", "default": "10"},
        {"name": "digest", "display_name": "Digest", "type": "bool", "default": "true"},
        {"name": "note", "display_name": "Note", "type": "textarea", "optional": True},
    ],
}


@pytest.fixture
async def sandbox() -> AsyncIterator[MattermostSandbox]:
    sandbox = MattermostSandbox(clock=SystemClock(), limits=Limits(socket_login_seconds=0.1))
    sandbox.seed_demo()
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


@pytest.fixture
async def office(sandbox: MattermostSandbox) -> AsyncIterator[Office]:
    admin = sandbox.world.users.first("username", "admin")
    assert admin
    office = Office(sandbox.url, sandbox.add_session(admin))
    try:
        await office.start()
        yield office
    finally:
        await office.stop()


@pytest.fixture
async def anna(sandbox: MattermostSandbox, office: Office) -> AsyncIterator[Human]:
    async with Human.login(sandbox.url, "anna", PASSWORD) as anna:
        yield anna


async def test_a_person_signs_in_with_password_or_token(sandbox: MattermostSandbox, anna: Human) -> None:
    boris = sandbox.world.users.first("username", "boris")
    assert boris
    async with Human(f"{sandbox.url}/", sandbox.add_session(boris)) as other:
        assert (other.username, other.user_id) == ("boris", boris.id)
    assert anna.username == "anna"


async def test_a_wrong_password_or_token_is_refused(sandbox: MattermostSandbox) -> None:
    with pytest.raises(Refused) as wrong:
        async with Human.login(sandbox.url, "anna", "guess"):
            pass
    assert wrong.value.status == 401
    with pytest.raises(Refused):
        async with Human(sandbox.url, "x" * 26):
            pass


async def test_a_person_outside_the_block_cannot_act(sandbox: MattermostSandbox) -> None:
    with pytest.raises(RuntimeError, match="async with"):
        await Human(sandbox.url, "token").status()


async def test_what_one_says_another_sees(sandbox: MattermostSandbox, anna: Human) -> None:
    async with Human.login(sandbox.url, "boris", PASSWORD) as boris:
        square = await anna.channel("town-square")
        said = await anna.say("Tea at four?", square)
        seen = await boris.wait_post("Tea at four", square)
        assert (seen.id, seen.user_id, seen.sighting) == (said.id, anna.user_id, "posted")
        await boris.say("Gladly", square, root_id=said.id)
        await anna.wait_for(lambda post: post.root_id == said.id and post.user_id == boris.user_id)
        assert [post.message for post in await anna.thread(said.id)] == ["Tea at four?", "Gladly"]
        assert [post.message for post in await boris.posts(square)][-2:] == ["Tea at four?", "Gladly"]
        await boris.react(said, ":tea:")
        assert (await anna.thread(said.id))[0].reactions == ((boris.user_id, "tea"),)


async def test_a_command_returns_what_the_person_reads(office: Office, anna: Human) -> None:
    card = {"text": "10:00 Planning", "actions": [{"id": "more", "name": "More"}]}
    office.command_answers["today"] = {"text": "Today", "attachments": [card]}
    office.click_answers["more"] = {"ephemeral_text": "That is all."}
    answer = await anna.slash("/calendar today", await anna.direct_channel("sekretar"))
    assert answer.text == "Today\n10:00 Planning"
    assert [post.ephemeral for post in answer.posts] == [True]
    mark = anna.mark()
    await anna.click(answer.posts[0], "More")
    assert (await anna.wait_post("That is all", since=mark)).ephemeral


async def test_a_silent_command_is_not_waited_for(office: Office, anna: Human) -> None:
    office.command_answers["go"] = {"goto_location": "https://meet.example/1"}
    answer = await asyncio.wait_for(anna.slash("/calendar go"), 5)
    assert (answer.text, answer.goto_location, answer.posts) == ("", "https://meet.example/1", ())


async def test_an_unknown_command_is_refused(anna: Human) -> None:
    with pytest.raises(Refused) as refused:
        await anna.slash("/nonsense")
    assert refused.value.status == 404
    assert "nonsense" in refused.value.message


async def test_clicking_by_label_or_id_and_choosing_by_text(office: Office, anna: Human) -> None:
    office.click_answers["yes"] = {"update": {"message": "Accepted", "props": {}}}
    actions: list[dict[str, Any]] = [
        {"id": "yes", "name": "Accept"},
        {"id": "when", "name": "When", "type": "select", "options": [{"text": "15 minutes", "value": "15"}]},
    ]
    await office.tell("anna", "Planning", {"text": "?", "actions": actions})
    post = await anna.wait_post("Planning")
    clicked = await anna.click(post, "When", "15 minutes")
    assert clicked.trigger_id
    await anna.click(post, "yes")
    after = await anna.wait_for(lambda seen: seen.sighting == "edited")
    assert (after.id, after.text, after.controls) == (post.id, "Accepted", ())
    assert [one["context"].get("selected_option") for one in office.clicks] == ["15", None]
    with pytest.raises(NothingToPress, match="Accept, When"):
        await anna.click(post, "Decline")
    with pytest.raises(Refused):
        await anna.click(post, "Accept")


async def test_a_dialog_keeps_defaults_and_returns_errors(office: Office, anna: Human) -> None:
    office.dialog = DIALOG
    office.dialog_answers = [{"errors": {"login": "Unknown"}, "error": "Not yet"}, {}]
    await anna.slash("/calendar connect")
    dialog = await anna.dialog()
    assert [one.label for one in dialog.fields] == ["Login", "Minutes", "Digest", "Note"]
    assert await anna.submit_dialog(dialog, {"login": "x"}) == {"login": "Unknown", "": "Not yet"}
    assert await anna.submit_dialog(dialog, {"login": "anna", "digest": False}) == {}
    assert [one["submission"] for one in office.submissions] == [
        {"login": "x", "minutes": "10", "digest": True, "note": None},
        {"login": "anna", "minutes": "10", "digest": False, "note": None},
    ]
    assert {one["state"] for one in office.submissions} == {"sealed"}
    with pytest.raises(KeyError, match="minutes"):
        await anna.submit_dialog(dialog, {"password": "x"})


async def test_a_dialog_is_cancelled_or_goes_on(office: Office, anna: Human) -> None:
    office.dialog = DIALOG
    office.dialog_answers = [{"type": "form", "form": {**DIALOG, "title": "Second step"}}]
    await anna.slash("/calendar connect")
    assert await anna.submit_dialog(await anna.dialog(), {"login": "x"}) == {}
    second = await anna.dialog()
    assert second.title == "Second step"
    await anna.cancel_dialog(second)
    assert [one["cancelled"] for one in office.submissions] == [False, True]


async def test_statuses_are_set_and_read(sandbox: MattermostSandbox, anna: Human) -> None:
    assert await anna.custom_status() is None
    await anna.set_status("dnd")
    await anna.set_custom_status("palm_tree", "On holiday")
    async with Human.login(sandbox.url, "boris", PASSWORD) as boris:
        assert await boris.status("anna") == "dnd"
        status = await boris.custom_status("anna")
        assert status
        assert (status.emoji, status.text, status.until) == ("palm_tree", "On holiday", None)
    await anna.clear_custom_status()
    assert await anna.custom_status() is None


async def test_a_wait_in_vain_says_what_was_seen_instead(office: Office, anna: Human) -> None:
    await office.tell("anna", "Good morning", {"text": "Well?", "actions": [{"id": "ok", "name": "Fine"}]})
    await anna.wait_post("Good morning")
    with pytest.raises(NotSeen) as vain:
        await anna.wait_post("Good night", timeout=0.05)
    assert "anna waited 0.05 s for a post with 'Good night' and saw:" in str(vain.value)
    assert "posted    Good morning / Well? [Fine]" in str(vain.value)
    with pytest.raises(NotSeen, match="for a dialog"):
        await anna.dialog(timeout=0.05)


async def test_a_mark_leaves_the_past_behind(office: Office, anna: Human) -> None:
    await office.tell("anna", "Reminder")
    first = await anna.wait_post("Reminder")
    mark = anna.mark()
    with pytest.raises(NotSeen):
        await anna.wait_post("Reminder", since=mark, timeout=0.05)
    await office.tell("anna", "Reminder")
    assert (await anna.wait_post("Reminder", since=mark)).id != first.id
    assert [post.message for post in anna.seen(mark)] == ["Reminder"]


async def test_deleted_posts_are_seen_to_go(office: Office, anna: Human) -> None:
    post = await office.tell("anna", "Oops")
    await office.bot("DELETE", f"/posts/{post['id']}")
    gone = await anna.wait_for(lambda seen: seen.deleted)
    assert gone.id == post["id"]


async def test_nothing_is_missed_when_the_socket_breaks(
    sandbox: MattermostSandbox, office: Office, anna: Human
) -> None:
    await office.tell("anna", "before")
    await anna.wait_post("before")
    sandbox.drop_sockets()
    await office.tell("anna", "in the gap")
    await anna.wait_post("in the gap")
    sandbox.forget_sockets()
    await office.tell("anna", "while forgotten")
    await anna.wait_post("while forgotten")
    assert [post.message for post in anna.seen()] == ["before", "in the gap", "while forgotten"]


async def test_a_stream_that_ended_for_good_is_named(sandbox: MattermostSandbox, anna: Human) -> None:
    for session in [one for one in sandbox.world.sessions if one.user_id == anna.user_id]:
        sandbox.revoke_token(session.token)
    sandbox.drop_sockets()
    with pytest.raises(NotSeen, match="the event stream ended"):
        await anna.wait_for(lambda post: False, timeout=3)
