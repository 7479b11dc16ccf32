"""The files of a message that leaves as a letter: they leave with it, or the letter does not leave at all."""

from __future__ import annotations

from typing import Final

from sekretar.dispatch.letters.values import GROWTH, File
from sekretar.kernel.errors import PeerForbidden, PeerInvalid, PeerNotFound, PersonError
from sekretar.mattermost.chat import EditedPost
from sekretar.mattermost.desk import ChatServer
from sekretar.mattermost.transport import LARGEST_ANSWER

_MEGABYTE: Final = 1024 * 1024
_UNKNOWN_TYPE: Final = "application/octet-stream"


async def enclosed(server: ChatServer, post: EditedPost, largest: int) -> tuple[File, ...]:
    """The files of a message.

    Args:
        largest: How large they may be together on the wire, in bytes.

    Raises:
        PersonError: they are too large, or one of them is gone.
        PeerError: Mattermost does not answer.
    """
    files: list[File] = []
    room = largest / GROWTH
    for file_id in post.file_ids:
        file = await _file(server, file_id, min(room, LARGEST_ANSWER))
        room -= len(file.content)
        files.append(file)
    return tuple(files)


async def _file(server: ChatServer, file_id: str, room: float) -> File:
    try:
        info = await server.file_info(file_id)
        if info.size > room:
            megabytes = max(int(room / _MEGABYTE), 1)
            raise PersonError("dispatch.chat.file_too_large", name=info.name, megabytes=megabytes)
        content = await server.file_content(file_id)
    except (PeerNotFound, PeerForbidden, PeerInvalid) as error:
        raise PersonError("dispatch.chat.file_gone") from error
    return File(info.name or file_id, info.mime_type or _UNKNOWN_TYPE, content)
