"""Fetching what was lost, and telling news from what was heard already."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.unit.mattermost.fakes import JumpingClock, error, post, serving

from sekretar.kernel.errors import PeerDown
from sekretar.mattermost.backfill import Backfill, Seen, event_since, reactions_since
from sekretar.mattermost.events import Event, PostDeleted, Posted, PostEdited, Reacted, StatusChanged
from sekretar.mattermost.models import Post, Reaction, milliseconds

SINCE = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
BEFORE, AFTER = (milliseconds(SINCE + timedelta(minutes=by)) for by in (-5, 5))


def channel(channel_id: str, kind: str, last_post_at: int = AFTER, **fields: Any) -> dict[str, Any]:
    return {"id": channel_id, "type": kind, "last_post_at": last_post_at, "delete_at": 0} | fields


async def test_direct_messages_come_first_and_quiet_ones_are_not_asked_for() -> None:
    async with serving(JumpingClock()) as (fake, client):
        fake.on(
            "GET",
            "/api/v4/users/me/channels",
            [
                channel("open", "O"),
                channel("quiet", "O", BEFORE),
                channel("silent", "D", BEFORE),
                channel("archived", "O", delete_at=5),
                channel("older", "D", AFTER - 1000),
                channel("direct", "D"),
                channel("private", "P"),
            ],
        )
        fake.on("GET", "/api/v4/channels/quiet/posts", {"order": [], "posts": {}})
        for name in ("open", "older", "direct", "private"):
            posts = {name: post(name, channel_id=name, create_at=AFTER)}
            fake.on("GET", f"/api/v4/channels/{name}/posts", {"order": [name], "posts": posts})
        events = [event async for event in Backfill(client).events(SINCE)]
        assert [event.post.id for event in events if isinstance(event, Posted)] == [
            "direct",
            "older",
            "private",
            "open",
        ]
        assert all(isinstance(event, Posted) and event.backfilled for event in events)
        assert fake.asked[1].query == {"since": str(milliseconds(SINCE))}


@pytest.mark.parametrize("status", [403, 404])
async def test_a_channel_that_is_no_longer_ours_is_passed_over(status: int) -> None:
    async with serving(JumpingClock()) as (fake, client):
        fake.on("GET", "/api/v4/users/me/channels", [channel("gone", "D"), channel("open", "O")])
        fake.on("GET", "/api/v4/channels/gone/posts", error(status, "api.x"))
        fake.on("GET", "/api/v4/channels/open/posts", {"posts": {"p": post("p", create_at=AFTER)}})
        events = [event async for event in Backfill(client).events(SINCE)]
        assert len(events) == 1


async def test_no_answer_is_not_taken_for_no_news() -> None:
    async with serving(JumpingClock()) as (fake, client):
        fake.on("GET", "/api/v4/users/me/channels", [channel("open", "O")])
        fake.on("GET", "/api/v4/channels/open/posts", error(500, "api.x"))
        with pytest.raises(PeerDown):
            [event async for event in Backfill(client).events(SINCE)]


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"create_at": AFTER}, Posted),
        ({"create_at": AFTER, "edit_at": AFTER}, Posted),
        ({"create_at": BEFORE, "edit_at": AFTER}, PostEdited),
        ({"create_at": BEFORE, "edit_at": BEFORE}, type(None)),
        ({"create_at": BEFORE, "update_at": AFTER}, type(None)),
        ({"create_at": BEFORE, "delete_at": AFTER}, PostDeleted),
        ({"create_at": BEFORE, "delete_at": AFTER, "original_id": "p"}, type(None)),
    ],
)
def test_a_post_that_was_only_touched_is_no_news(fields: dict[str, Any], kind: type) -> None:
    assert isinstance(event_since(Post.model_validate(post(**fields)), "D", SINCE), kind)


def test_a_reaction_is_news_when_it_was_put_there_since() -> None:
    def reaction(emoji: str, at: int) -> dict[str, Any]:
        return {"user_id": "anna", "post_id": "p", "emoji_name": emoji, "create_at": at}

    found = [reaction("calendar", AFTER), reaction("tada", BEFORE)]
    touched = Post.model_validate(post("p", create_at=BEFORE, metadata={"reactions": found}))
    (event,) = reactions_since(touched, SINCE)
    assert event == Reacted(Reaction.model_validate(found[0]), touched.channel_id, removed=False)
    assert reactions_since(touched.model_copy(update={"delete_at": SINCE}), SINCE) == []
    assert reactions_since(Post.model_validate(post("p", metadata=None)), SINCE) == []

    seen = Seen()
    seen.note(event)
    assert not seen.is_new(event), "the stream has brought it"
    again = Reaction.model_validate(reaction("calendar", AFTER + 1))
    assert seen.is_new(Reacted(again, touched.channel_id, removed=False))
    assert seen.is_new(Reacted(event.reaction, touched.channel_id, removed=True))


def posted(post_id: str, **fields: Any) -> Posted:
    return Posted(Post.model_validate(post(post_id, **fields)))


def test_a_post_is_new_once_whatever_happened_to_it_since() -> None:
    seen = Seen()
    assert seen.is_new(posted("p"))
    seen.note(posted("p"))
    assert not seen.is_new(posted("p"))
    assert not seen.is_new(posted("p", update_at=AFTER + 1))
    edited = PostEdited(posted("p", edit_at=AFTER).post)
    assert seen.is_new(edited)
    seen.note(edited)
    assert not seen.is_new(edited)
    assert seen.is_new(PostEdited(posted("p", edit_at=AFTER + 1).post))
    assert seen.is_new(PostDeleted(posted("p").post))


def test_other_events_are_always_new() -> None:
    seen = Seen()
    event: Event = StatusChanged("u", "online")
    seen.note(event)
    assert seen.is_new(event)


def test_the_memory_is_bounded_and_forgets_the_oldest() -> None:
    seen = Seen(capacity=3)
    for number in range(5):
        seen.note(posted(f"p{number}"))
    assert [seen.is_new(posted(f"p{number}")) for number in range(5)] == [True, True, False, False, False]
