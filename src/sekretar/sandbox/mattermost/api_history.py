"""Routes that list posts: a channel page by page, what changed since, before and after a post, a thread, a search."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from sekretar.sandbox.mattermost.call import Call, Route, answer, typed
from sekretar.sandbox.mattermost.state import Json, Post
from sekretar.sandbox.mattermost.views import post_view

#: `since` gives no more than this many posts, the newest.
_SINCE_LIMIT = 1000


async def channel_posts(call: Call) -> web.Response:
    """GET /channels/{channel_id}/posts, newest first.

    With `since` everything that changed after that time and no paging: deleted posts too, and the former versions of
    edited ones, both with `delete_at` and without their message.
    """
    channel = call.channel(call.id("channel_id"))
    call.site.permissions.need_reading(call.user, channel)
    # Newest first; of two posts of the same millisecond the later one comes first.
    posts = call.site.world.posts.where("channel_id", channel.id)[::-1]
    posts.sort(key=lambda post: post.create_at, reverse=True)
    if since := call.number("since"):
        return answer(_list(call, [post for post in posts if post.update_at > since][:_SINCE_LIMIT]))
    alive = [post for post in posts if not post.delete_at]
    return answer(_window(call, alive))


def _window(call: Call, alive: list[Post]) -> Json:
    size = min(call.number("per_page", 60) or 60, 200)
    page = call.number("page")
    ids = [post.id for post in alive]
    before, after = call.query("before"), call.query("after")
    if (before and before not in ids) or (after and after not in ids):
        return {"order": [], "posts": {}, "next_post_id": before, "prev_post_id": after}
    if before:
        at = ids.index(before) + 1
        start, end = at + page * size, at + (page + 1) * size
    elif after:
        at = ids.index(after)
        start, end = max(0, at - (page + 1) * size), max(0, at - page * size)
    else:
        start, end = page * size, (page + 1) * size
    view = _list(call, alive[start:end])
    view["next_post_id"] = ids[start - 1] if 0 < start <= len(ids) else ""
    view["prev_post_id"] = ids[end] if end < len(ids) else ""
    return view


def _list(call: Call, posts: list[Post]) -> Json:
    """A post list; the roots of listed replies come along in `posts`, not in `order`."""
    world = call.site.world
    views = {post.id: post_view(post, world) for post in posts}
    for post in posts:
        root = world.posts.get(post.root_id) if post.root_id else None
        if root is not None and root.id not in views:
            views[root.id] = post_view(root, world)
    return {"order": [post.id for post in posts], "posts": views, "next_post_id": "", "prev_post_id": ""}


async def thread(call: Call) -> web.Response:
    """GET /posts/{post_id}/thread: the root and all replies, in order of time."""
    post = call.post(call.id("post_id"))
    call.site.permissions.need_reading(call.user, call.channel(post.channel_id))
    root = call.post(post.root_id or post.id)
    replies = [reply for reply in call.site.world.posts.where("root_id", root.id) if not reply.delete_at]
    return answer(_list(call, [root, *sorted(replies, key=lambda reply: reply.create_at)]))


async def search(call: Call) -> web.Response:
    """POST /teams/{team_id}/posts/search: all (or, with `is_or_search`, any) of the words, in readable channels."""
    body = await call.object("post")
    words = typed(body, "terms", str, "", "terms").lower().split()
    team_id = call.id("team_id")
    call.site.permissions.need_team(call.user, team_id, "view_team")
    combine = any if body.get("is_or_search") else all
    found = [
        post
        for post in _own_posts(call, team_id)
        if words and combine(word in post.message.lower() for word in words)
    ]
    found.sort(key=lambda post: post.create_at, reverse=True)
    return answer({**_list(call, found[:100]), "matches": None})


def _own_posts(call: Call, team_id: str) -> Iterable[Post]:
    world = call.site.world
    for member in world.channel_members.where("user_id", call.user.id):
        channel = world.channels.get(member.channel_id)
        if channel is not None and channel.team_id in (team_id, ""):
            yield from (post for post in world.posts.where("channel_id", channel.id) if not post.delete_at)


ROUTES = (
    Route("GET", "/api/v4/channels/{channel_id}/posts", channel_posts),
    Route("GET", "/api/v4/posts/{post_id}/thread", thread),
    Route("POST", "/api/v4/teams/{team_id}/posts/search", search),
)
