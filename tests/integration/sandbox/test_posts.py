"""Posts: who may write where, what is kept, what a second request with the same id means."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from tests.integration.sandbox.office import Json, Office

from sekretar.kernel.clock import ManualClock

FORBIDDEN = (403, "api.context.permissions.app_error")


async def test_a_pending_post_id_makes_one_post_for_thirty_seconds(
    office: Office, clock: ManualClock
) -> None:
    channel = await office.direct(office.anna)
    draft = {"channel_id": channel, "message": "once", "pending_post_id": "row-1"}
    first = await office.bot.ok("POST", "/posts", draft)
    assert first["pending_post_id"] == "row-1"
    clock.advance(timedelta(seconds=29))
    second = await office.bot.ok("POST", "/posts", {**draft, "message": "another text"})
    assert (second["id"], second["message"]) == (first["id"], "once")
    clock.advance(timedelta(seconds=2))
    assert (await office.bot.ok("POST", "/posts", draft))["id"] != first["id"]


async def test_a_pending_post_id_belongs_to_its_user(office: Office) -> None:
    draft = {"channel_id": await office.direct(office.anna), "message": "x", "pending_post_id": "row-1"}
    mine = await office.bot.ok("POST", "/posts", draft)
    hers = await office.as_(office.anna).ok("POST", "/posts", draft)
    assert mine["id"] != hers["id"]


async def test_a_pending_post_in_flight_is_refused(office: Office) -> None:
    draft = {"channel_id": await office.direct(office.anna), "message": "x", "pending_post_id": "row-1"}
    site = office.sandbox.site
    site.pending_posts[f"{office.bot_user.user.id}/row-1"] = ("", site.now() + 30_000)
    assert await office.bot.refused("POST", "/posts", draft) == (
        500,
        "api.post.deduplicate_create_post.pending",
    )


async def test_a_refused_post_does_not_hold_its_pending_id(office: Office) -> None:
    draft = {
        "channel_id": await office.direct(office.anna),
        "message": "x" * 16_384,
        "pending_post_id": "row-1",
    }
    await office.bot.refused("POST", "/posts", draft)
    await office.bot.ok("POST", "/posts", {**draft, "message": "x"})


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"message": "я" * 16_384}, "model.post.is_valid.message_length.app_error"),
        ({"props": {"a": "x" * 299_000}, "message": "x" * 2_000}, "api.context.invalid_body_param.app_error"),
        ({"root_id": "x" * 26}, "api.post.create_post.root_id.app_error"),
        ({"type": "system_join_team"}, "model.post.is_valid.type.app_error"),
        ({"file_ids": ["x" * 26] * 11}, "model.post.is_valid.file_ids.app_error"),
        ({"message": 1}, "api.context.invalid_body_param.app_error"),
    ],
)
async def test_what_a_post_may_not_be(office: Office, change: Json, error: str) -> None:
    draft = {"channel_id": await office.direct(office.anna), "message": "x"}
    assert await office.bot.refused("POST", "/posts", {**draft, **change}) == (400, error)


async def test_the_longest_message_passes(office: Office) -> None:
    await office.bot.ok(
        "POST", "/posts", {"channel_id": await office.direct(office.anna), "message": "я" * 16_383}
    )


async def test_replies_hang_on_a_root_of_their_channel(office: Office) -> None:
    channel = await office.direct(office.anna)
    root = await office.bot.ok("POST", "/posts", {"channel_id": channel, "message": "root"})
    reply = await office.bot.ok(
        "POST", "/posts", {"channel_id": channel, "message": "re", "root_id": root["id"]}
    )
    nested = {"channel_id": channel, "message": "re", "root_id": reply["id"]}
    assert (await office.bot.refused("POST", "/posts", nested))[1] == "api.post.create_post.root_id.app_error"
    elsewhere = {"channel_id": office.town.id, "message": "re", "root_id": root["id"]}
    refused = await office.bot.refused("POST", "/posts", elsewhere)
    assert refused[1] == "api.post.create_post.channel_root_id.app_error"
    thread = await office.bot.ok("GET", f"/posts/{reply['id']}/thread")
    assert thread["order"] == [root["id"], reply["id"]]


async def test_patch_replaces_the_whole_props(office: Office, clock: ManualClock) -> None:
    draft = {"channel_id": await office.direct(office.anna), "message": "x", "props": {"a": 1, "b": 2}}
    post = await office.bot.ok("POST", "/posts", draft)
    clock.advance(timedelta(seconds=1))
    patched = await office.bot.ok("PUT", f"/posts/{post['id']}/patch", {"props": {"a": 3}})
    assert patched["props"] == {"a": 3}
    assert patched["edit_at"] == 0, "only a changed message counts as an edit"
    assert patched["update_at"] > post["update_at"]
    patched = await office.bot.ok("PUT", f"/posts/{post['id']}/patch", {"message": "y"})
    assert (patched["edit_at"] > 0, patched["props"]) == (True, {"a": 3})


async def test_put_loses_what_it_does_not_name(office: Office) -> None:
    draft = {"channel_id": await office.direct(office.anna), "message": "x", "props": {"a": 1}}
    post = await office.bot.ok("POST", "/posts", draft)
    assert (await office.bot.ok("PUT", f"/posts/{post['id']}", {"id": post["id"], "message": "y"}))[
        "props"
    ] == {}


async def test_the_posts_of_others_are_not_editable(office: Office) -> None:
    anna = office.as_(office.anna)
    post = await anna.ok(
        "POST", "/posts", {"channel_id": await office.direct(office.anna), "message": "mine"}
    )
    assert await office.bot.refused("PUT", f"/posts/{post['id']}/patch", {"message": "no"}) == FORBIDDEN
    assert await office.bot.refused("DELETE", f"/posts/{post['id']}") == FORBIDDEN


async def test_a_bot_writes_only_where_it_is_a_member(office: Office) -> None:
    draft = {"channel_id": office.leads.id, "message": "x"}
    assert await office.bot.refused("POST", "/posts", draft) == FORBIDDEN
    assert await office.bot.refused("GET", f"/channels/{office.leads.id}/posts") == FORBIDDEN
    found = f"/teams/{office.team.id}/channels/name/leads"
    assert (await office.bot.refused("GET", found))[0] == 404
    await office.admin.ok(
        "PUT", f"/users/{office.bot_user.user.id}/roles", {"roles": "system_user system_post_all"}
    )
    await office.bot.ok("POST", "/posts", draft)


async def test_since_tells_of_edits_and_deletions(office: Office, clock: ManualClock) -> None:
    channel = await office.direct(office.anna)
    old, edited, deleted = [
        await office.bot.ok("POST", "/posts", {"channel_id": channel, "message": text})
        for text in ("o", "e", "d")
    ]
    since = office.sandbox.site.now()
    clock.advance(timedelta(seconds=1))
    await office.bot.ok("PUT", f"/posts/{edited['id']}/patch", {"message": "e2"})
    await office.bot.ok("DELETE", f"/posts/{deleted['id']}")
    answer = await office.bot.ok("GET", f"/channels/{channel}/posts?since={since}")
    assert old["id"] not in answer["posts"]
    assert answer["posts"][edited["id"]]["message"] == "e2"
    assert (answer["posts"][deleted["id"]]["delete_at"] > 0, answer["posts"][deleted["id"]]["message"]) == (
        True,
        "",
    )
    [former] = [post for post in answer["posts"].values() if post["original_id"]]
    assert (former["original_id"], former["delete_at"] > 0) == (edited["id"], True)


async def test_pages_before_and_after(office: Office, clock: ManualClock) -> None:
    channel, ids = await office.direct(office.anna), []
    for number in range(5):
        clock.advance(timedelta(seconds=1))
        post = await office.bot.ok("POST", "/posts", {"channel_id": channel, "message": str(number)})
        ids.append(post["id"])
    path = f"/channels/{channel}/posts"
    newest = await office.bot.ok("GET", f"{path}?per_page=2")
    assert newest["order"] == [ids[4], ids[3]]
    assert (newest["next_post_id"], newest["prev_post_id"]) == ("", ids[2])
    assert (await office.bot.ok("GET", f"{path}?per_page=2&page=1"))["order"] == [ids[2], ids[1]]
    assert (await office.bot.ok("GET", f"{path}?before={ids[2]}"))["order"] == [ids[1], ids[0]]
    assert (await office.bot.ok("GET", f"{path}?after={ids[2]}&per_page=1"))["order"] == [ids[3]]


async def test_integrations_are_never_shown(office: Office) -> None:
    secret = {"url": "http://secret.example/hook", "context": {"claim": "secret"}}
    action = {"id": "go", "name": "Go", "type": "button", "integration": secret}
    anna = office.as_(office.anna)
    listener = await office.listen(anna)
    draft = {
        "channel_id": await office.direct(office.anna),
        "props": {"attachments": [{"actions": [action]}]},
    }
    created = await office.bot.ok("POST", "/posts", draft)
    event = await listener.next("posted")
    read = await anna.ok("GET", f"/posts/{created['id']}")
    assert "secret" not in str([created, event, read])
    assert read["props"]["attachments"][0]["actions"] == [{"id": "go", "name": "Go", "type": "button"}]


async def test_an_action_without_id_gets_one(office: Office) -> None:
    action = {"name": "Go", "type": "button", "integration": {"url": office.integration.url}}
    draft = {
        "channel_id": await office.direct(office.anna),
        "props": {"attachments": [{"actions": [action]}]},
    }
    created = await office.bot.ok("POST", "/posts", draft)
    assert len(created["props"]["attachments"][0]["actions"][0]["id"]) == 26


async def test_ephemeral_posts_are_for_administrators_to_send(office: Office) -> None:
    draft = {"user_id": office.anna.id, "post": {"channel_id": office.town.id, "message": "psst"}}
    assert await office.bot.refused("POST", "/posts/ephemeral", draft) == FORBIDDEN
    heard = await office.listen(office.as_(office.anna))
    others = await office.listen(office.as_(office.boris))
    posted = await office.admin.ok("POST", "/posts/ephemeral", draft)
    assert (await heard.next("ephemeral_message"))["data"]["post"].count(posted["id"]) == 1
    assert "ephemeral_message" not in await others.quiet_until(lambda: asyncio.sleep(0))
    assert (await office.admin.refused("GET", f"/posts/{posted['id']}"))[0] == 404


async def test_the_server_says_what_comes_from_a_bot(office: Office) -> None:
    draft = {"channel_id": await office.direct(office.anna), "message": "x"}
    assert (await office.bot.ok("POST", "/posts", draft))["props"]["from_bot"] == "true"
    assert (await office.as_(office.anna).ok("POST", "/posts", draft))["props"] == {}


async def test_a_reaction_is_one_s_own(office: Office) -> None:
    post = await office.bot.ok(
        "POST", "/posts", {"channel_id": await office.direct(office.anna), "message": "x"}
    )
    reaction = {"user_id": office.anna.id, "post_id": post["id"], "emoji_name": "eyes"}
    refused = await office.bot.refused("POST", "/reactions", reaction)
    assert refused == (403, "api.reaction.save_reaction.user_id.app_error")
    await office.as_(office.anna).ok("POST", "/reactions", reaction)
    read = await office.bot.ok("GET", f"/posts/{post['id']}")
    assert read["has_reactions"]
    assert [r["emoji_name"] for r in read["metadata"]["reactions"]] == ["eyes"]
