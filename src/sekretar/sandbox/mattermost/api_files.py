"""Routes of reactions and of files."""

from __future__ import annotations

import base64
import mimetypes
import re
from dataclasses import replace
from urllib.parse import quote

from aiohttp import BodyPartReader, web

from sekretar.sandbox.mattermost.call import Call, Route, answer, ok, typed
from sekretar.sandbox.mattermost.errors import Refused, forbidden, invalid_body
from sekretar.sandbox.mattermost.hub import Event
from sekretar.sandbox.mattermost.identifiers import is_id, new_id
from sekretar.sandbox.mattermost.posting import dumps
from sekretar.sandbox.mattermost.state import FileInfo, Post, Reaction
from sekretar.sandbox.mattermost.views import file_view, reaction_view

_EMOJI = re.compile(r"[a-zA-Z0-9\-+_]{1,64}")


async def react(call: Call) -> web.Response:
    """POST /reactions. The specification says 201, servers answer 200."""
    body = await call.object("reaction")
    post_id, emoji = (
        typed(body, "post_id", str, "", "reaction"),
        typed(body, "emoji_name", str, "", "reaction"),
    )
    user_id = typed(body, "user_id", str, "", "reaction")
    if not is_id(post_id) or not is_id(user_id) or not emoji or len(emoji) > 64:
        raise Refused("api.reaction.invalid.app_error", 400)
    if user_id != call.user.id:
        raise Refused("api.reaction.save_reaction.user_id.app_error", 403)
    post = call.site.world.posts.get(post_id)
    if post is None or post.delete_at:
        raise forbidden(call.user.id, "add_reaction")
    call.site.permissions.need_channel(call.user, post.channel_id, "add_reaction")
    if not _EMOJI.fullmatch(emoji):
        raise Refused("model.reaction.is_valid.emoji_name.app_error", 400, f"emoji_name={emoji}")
    now = call.site.now()
    reaction = call.site.world.reactions.put(Reaction(post_id, user_id, emoji, now, now))
    _update(call, post, "reaction_added", reaction)
    return answer(reaction_view(reaction, post.channel_id, call.site.world))


def _update(call: Call, post: Post, event: str, reaction: Reaction) -> None:
    world = call.site.world
    some = bool(world.reactions.where("post_id", post.id))
    world.posts.put(replace(post, has_reactions=some, update_at=call.site.now()))
    data = {"reaction": dumps(reaction_view(reaction, post.channel_id, world))}
    call.site.hub.publish(Event(event, data, channel_id=post.channel_id))


async def reactions(call: Call) -> web.Response:
    """GET /posts/{post_id}/reactions."""
    post = call.post(call.id("post_id"))
    call.site.permissions.need_reading(call.user, call.channel(post.channel_id))
    world = call.site.world
    return answer(
        [reaction_view(r, post.channel_id, world) for r in world.reactions.where("post_id", post.id)]
    )


async def unreact(call: Call) -> web.Response:
    """DELETE /users/{user_id}/posts/{post_id}/reactions/{emoji_name}; also when there was none."""
    user_id, post = call.id("user_id"), call.post(call.id("post_id"))
    call.site.permissions.need_channel(call.user, post.channel_id, "remove_reaction")
    if user_id != call.user.id:
        call.site.permissions.need_system(call.user, "manage_system")
    key = f"{post.id}/{user_id}/{call.text('emoji_name')}"
    reaction = call.site.world.reactions.get(key)
    if reaction is not None:
        call.site.world.reactions.remove(key)
        _update(call, post, "reaction_removed", reaction)
    return ok()


async def upload(call: Call) -> web.Response:
    """POST /files: multipart with `channel_id` and `files`, or a bare body with `channel_id` and `filename`."""
    fields: dict[str, list[str]] = {"channel_id": [call.query("channel_id")], "client_ids": []}
    contents: list[tuple[str, bytes]] = []
    if call.request.content_type.startswith("multipart/"):
        async for part in await call.request.multipart():
            if not isinstance(part, BodyPartReader):
                raise invalid_body("files")
            if part.filename:
                contents.append((part.filename, bytes(await part.read(decode=True))))
            else:
                fields.setdefault(part.name or "", []).append(await part.text())
    else:
        contents.append((call.query("filename"), await call.request.read()))
    channel_id = next((value for value in reversed(fields["channel_id"]) if value), "")
    if not is_id(channel_id) or not contents or not contents[0][0]:
        raise invalid_body("channel_id" if contents else "files")
    call.site.permissions.need_channel(call.user, channel_id, "upload_file")
    infos = [_keep(call, channel_id, name, content) for name, content in contents]
    return answer(
        {"file_infos": [file_view(info) for info in infos], "client_ids": fields["client_ids"]}, 201
    )


def _keep(call: Call, channel_id: str, name: str, content: bytes) -> FileInfo:
    if len(content) > call.site.limits.file_bytes:
        raise Refused("api.file.upload_file.too_large_detailed.app_error", 413)
    extension = name.rpartition(".")[2] if "." in name else ""
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    info = FileInfo(
        id=new_id(),
        user_id=call.user.id,
        channel_id=channel_id,
        name=name,
        extension=extension,
        size=len(content),
        mime_type=f"{kind}; charset=utf-8" if kind.startswith("text/") else kind,
        create_at=call.site.now(),
        content=base64.b64encode(content).decode(),
    )
    return call.site.world.files.put(info)


def _readable(call: Call) -> FileInfo:
    info = call.site.world.files.get(call.id("file_id"))
    if info is None:
        raise Refused("app.file_info.get.app_error", 404)
    if info.user_id != call.user.id:
        call.site.permissions.need_reading(call.user, call.channel(info.channel_id))
    return info


async def download(call: Call) -> web.Response:
    """GET /files/{file_id}."""
    info = _readable(call)
    disposition = f"attachment;filename=\"{quote(info.name)}\"; filename*=UTF-8''{quote(info.name)}"
    headers = {
        "Content-Type": info.mime_type,
        "Content-Disposition": disposition,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-cache",
    }
    return web.Response(body=base64.b64decode(info.content), headers=headers)


async def info(call: Call) -> web.Response:
    """GET /files/{file_id}/info."""
    return answer(file_view(_readable(call)))


async def post_files(call: Call) -> web.Response:
    """GET /posts/{post_id}/files/info."""
    post = call.post(call.id("post_id"))
    call.site.permissions.need_reading(call.user, call.channel(post.channel_id))
    found = [call.site.world.files.get(file_id) for file_id in post.file_ids]
    return answer([file_view(item) for item in found if item is not None])


ROUTES = (
    Route("POST", "/api/v4/reactions", react),
    Route("GET", "/api/v4/posts/{post_id}/reactions", reactions),
    Route("DELETE", "/api/v4/users/{user_id}/posts/{post_id}/reactions/{emoji_name}", unreact),
    Route("POST", "/api/v4/files", upload),
    Route("GET", "/api/v4/files/{file_id}", download),
    Route("GET", "/api/v4/files/{file_id}/info", info),
    Route("GET", "/api/v4/posts/{post_id}/files/info", post_files),
)
