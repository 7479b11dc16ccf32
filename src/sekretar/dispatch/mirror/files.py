"""The attachments of letters on their way into the tracker."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from sekretar.dispatch.letters.values import Filed
from sekretar.dispatch.mail import store
from sekretar.dispatch.mail.letter import Attachment
from sekretar.dispatch.mail.parsing import attachment_content
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerInvalid
from sekretar.trackers.port import Tracker
from sekretar.trackers.requests import NewFile, Uploaded

_MB = 1024 * 1024


@dataclass
class Brought:
    """What became of the attachments of a letter: those that wait in the tracker, and the names of the others."""

    files: list[Uploaded] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


async def bring(database: Database, tracker: Tracker, filed: Filed, largest_mb: int) -> Brought:
    """Upload the attachments of a letter; one that is refused, too large or gone is only named.

    Raises:
        PeerError: the tracker does not answer.
    """
    brought = Brought()
    wanted = list(_wanted(filed.letter.attachments, largest_mb, brought))
    if not wanted:
        return brought
    async with database.reading() as session:
        raw = await store.raw_bytes(session, filed.id)
    for each in wanted:
        if raw is None:
            brought.left_out.append(each.safe_name)
            continue
        content = await asyncio.to_thread(attachment_content, raw, each.part)
        try:
            brought.files.append(await tracker.upload(NewFile(each.safe_name, content, each.media_type)))
        except PeerInvalid:
            brought.left_out.append(each.safe_name)
    return brought


def _wanted(attachments: Iterable[Attachment], largest_mb: int, brought: Brought) -> Iterable[Attachment]:
    for each in attachments:
        if each.refusal is not None or each.size > largest_mb * _MB:
            brought.left_out.append(each.safe_name)
        else:
            yield each
