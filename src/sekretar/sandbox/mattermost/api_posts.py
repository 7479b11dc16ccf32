"""Routes of single posts: create, read, change, delete, pin, ephemeral."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from aiohttp import web

from sekretar.sandbox.mattermost.call import Call, Route, answer, ok, typed
from sekretar.sandbox.mattermost.errors import Refused, forbidden, invalid_body
from sekretar.sandbox.mattermost.identifiers import is_id, new_id
from sekretar.sandbox.mattermost.members import mark_viewed
from sekretar.sandbox.mattermost.posting import (
    check_post,
    check_type,
    delete_post,
    save_post,
    send_ephemeral,
    update_post,
)
from sekretar.sandbox.mattermost.presence import touch
from sekretar.sandbox.mattermost.state import Json, Post
from sekretar.sandbox.mattermost.views import post_view


async def create(call: Call) -> web.Response:
    """POST /posts: 201 with the post; the same `pending_post_id` within 30 s gives the same post."""
    body = await call.object("post")
    user, site = call.user, call.site
    pending = typed(body, "pending_post_id", str, "", "post")
    post = _read(call, body)
    if not site.permissions.may_post(user, post.channel_id):
        raise forbidden(user.id, "create_post")
    known = _claim_pending(call, pending)
    if known is not None:
        return answer(post_view(known, site.world), 201)
    try:
        created = _create(call, post)
    except Refused:
        site.pending_posts.pop(_pending_key(call, pending), None)
        raise
    if pending:
        key = _pending_key(call, pending)
        site.pending_posts[key] = (created.id, site.pending_posts[key][1])
    return answer(post_view(created, site.world, pending_post_id=pending), 201)


def _create(call: Call, post: Post) -> Post:
    site, user = call.site, call.user
    channel = call.channel(post.channel_id)
    if channel.delete_at:
        raise Refused("api.post.create_post.can_not_post_to_deleted.error", 400)
    if post.root_id:
        root = site.world.posts.get(post.root_id)
        if root is None or root.root_id or root.delete_at:
            raise Refused("api.post.create_post.root_id.app_error", 400)
        if root.channel_id != post.channel_id:
            raise Refused("api.post.create_post.channel_root_id.app_error", 400)
    check_type(post)
    check_post(site, post)
    set_online = call.flag("set_online", default=True)
    if set_online and not user.is_bot:
        touch(site, user.id)
    created = save_post(site, post, set_online=set_online)
    if not user.is_bot and "from_webhook" not in post.props:
        mark_viewed(site, user.id, post.channel_id)
    return created


def _read(call: Call, body: Json) -> Post:
    """The post that the body describes, as yet unchecked. Only administrators may set `create_at`."""
    user, now = call.user, call.site.now()
    props: Json = typed(body, "props", dict, {}, "post")
    if call.session is not None and call.session.is_oauth and call.site.release >= (6,):
        props = {**props, "from_oauth_app": "true"}
    metadata: Json = typed(body, "metadata", dict, {}, "post")
    create_at = typed(body, "create_at", int, 0, "post")
    if not call.site.permissions.in_system(user, "manage_system"):
        create_at = 0
    return Post(
        id=new_id(),
        channel_id=typed(body, "channel_id", str, "", "post"),
        user_id=user.id,
        message=typed(body, "message", str, "", "post"),
        create_at=create_at or now,
        update_at=create_at or now,
        root_id=typed(body, "root_id", str, "", "post"),
        type=typed(body, "type", str, "", "post"),
        props=props,
        file_ids=[str(file_id) for file_id in typed(body, "file_ids", list, [], "post")],
        priority=typed(metadata, "priority", dict, {}, "post"),
    )


def _pending_key(call: Call, pending: str) -> str:
    # Old servers kept one list for everybody: another user's id then gave away that user's post.
    return pending if call.site.release < (6,) else f"{call.user.id}/{pending}"


def _claim_pending(call: Call, pending: str) -> Post | None:
    """The post that an earlier request with this id made; 500 while that request is under way."""
    site = call.site
    now = site.now()
    for key, (_, until) in list(site.pending_posts.items()):
        if until <= now:
            del site.pending_posts[key]
    if not pending:
        return None
    key = _pending_key(call, pending)
    if key not in site.pending_posts:
        site.pending_posts[key] = ("", now + site.limits.pending_post // timedelta(milliseconds=1))
        return None
    post = site.world.posts.get(site.pending_posts[key][0])
    if post is None:
        raise Refused("api.post.deduplicate_create_post.pending", 500)
    return post


async def create_ephemeral(call: Call) -> web.Response:
    """POST /posts/ephemeral: shown to one user, stored nowhere; administrators only by default."""
    body = await call.object("body")
    user_id = typed(body, "user_id", str, "", "body")
    draft = typed(body, "post", dict, None, "post")
    if not is_id(user_id) or draft is None:
        raise invalid_body("user_id" if draft is not None else "post")
    call.site.permissions.need_system(call.user, "create_post_ephemeral")
    post = _read(call, draft)
    if call.site.world.channel_member(post.channel_id, user_id) is None:
        raise forbidden(call.user.id, "read_channel")
    return answer(send_ephemeral(call.site, user_id, post), 201)


async def get(call: Call) -> web.Response:
    """GET /posts/{post_id}."""
    post = call.post(call.id("post_id"))
    call.site.permissions.need_reading(call.user, call.channel(post.channel_id))
    return answer(post_view(post, call.site.world))


async def get_many(call: Call) -> web.Response:
    """POST /posts/ids: the posts that exist and that the caller may read."""
    site = call.site
    found = [site.world.posts.get(post_id) for post_id in await call.strings("post_ids")]
    readable = [
        post
        for post in found
        if post is not None
        and not post.delete_at
        and site.permissions.may_read_channel(call.user, call.channel(post.channel_id))
    ]
    return answer([post_view(post, site.world) for post in readable])


def _editable(call: Call) -> Post:
    """The post of the path, if the caller may edit it."""
    site, user = call.site, call.user
    post = site.world.posts.get(call.id("post_id"))
    if post is None or post.delete_at:
        raise forbidden(user.id, "edit_post")
    site.permissions.need_channel(user, post.channel_id, "edit_post")
    if post.user_id != user.id:
        site.permissions.need_channel(user, post.channel_id, "edit_others_posts")
    return post


async def patch(call: Call) -> web.Response:
    """PUT /posts/{post_id}/patch: what is given replaces what was, `props` as a whole."""
    body = await call.object("post")
    post = _editable(call)
    changes: dict[str, Any] = {}
    for name, kind in (("message", str), ("props", dict), ("is_pinned", bool), ("has_reactions", bool)):
        value = typed(body, name, kind, None, "post")
        if value is not None:
            changes[name] = value
    file_ids = typed(body, "file_ids", list, None, "post")
    if file_ids is not None:
        changes["file_ids"] = [str(file_id) for file_id in file_ids]
    return answer(post_view(update_post(call.site, post, replace(post, **changes)), call.site.world))


async def put(call: Call) -> web.Response:
    """PUT /posts/{post_id}: replaces the whole post; what the body omits is lost."""
    body = await call.object("post")
    post = _editable(call)
    if body.get("id") != post.id:
        raise invalid_body("id")
    after = replace(
        post,
        message=typed(body, "message", str, "", "post"),
        props=typed(body, "props", dict, {}, "post"),
        is_pinned=typed(body, "is_pinned", bool, False, "post"),
        has_reactions=typed(body, "has_reactions", bool, False, "post"),
        file_ids=[str(file_id) for file_id in typed(body, "file_ids", list, post.file_ids, "post")],
    )
    return answer(post_view(update_post(call.site, post, after), call.site.world))


async def delete(call: Call) -> web.Response:
    """DELETE /posts/{post_id}."""
    site, user = call.site, call.user
    post = site.world.posts.get(call.id("post_id"))
    if post is None or post.delete_at:
        raise forbidden(user.id, "delete_post")
    own = post.user_id == user.id
    site.permissions.need_channel(user, post.channel_id, "delete_post" if own else "delete_others_posts")
    delete_post(site, post, user)
    return ok()


async def pin(call: Call) -> web.Response:
    """POST /posts/{post_id}/pin."""
    return _set_pinned(call, True)


async def unpin(call: Call) -> web.Response:
    """POST /posts/{post_id}/unpin."""
    return _set_pinned(call, False)


def _set_pinned(call: Call, pinned: bool) -> web.Response:
    post = call.post(call.id("post_id"))
    call.site.permissions.need_channel(call.user, post.channel_id, "read_channel")
    if post.is_pinned != pinned:
        update_post(call.site, post, replace(post, is_pinned=pinned))
    return ok()


ROUTES = (
    Route("POST", "/api/v4/posts", create),
    Route("POST", "/api/v4/posts/ephemeral", create_ephemeral),
    Route("POST", "/api/v4/posts/ids", get_many),
    Route("GET", "/api/v4/posts/{post_id}", get),
    Route("PUT", "/api/v4/posts/{post_id}", put),
    Route("DELETE", "/api/v4/posts/{post_id}", delete),
    Route("PUT", "/api/v4/posts/{post_id}/patch", patch),
    Route("POST", "/api/v4/posts/{post_id}/pin", pin),
    Route("POST", "/api/v4/posts/{post_id}/unpin", unpin),
)
