"""Reading what letters say, many in one trip to a thread; what cannot be read is known by its reason."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import structlog

from sekretar.dispatch.mail.letter import AttachmentLimits, ParsedLetter, Unreadable
from sekretar.dispatch.mail.parsing import DEFAULT_LIMITS, parse
from sekretar.dispatch.mail.store import RawLetter
from sekretar.dispatch.settings import AttachmentSettings

#: A letter that takes longer than this to read is unreadable.
LONGEST_READING: Final = 180.0
_MEGABYTE: Final = 1024 * 1024

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Understood:
    """A letter, and what it says."""

    raw: RawLetter
    letter: ParsedLetter


@dataclass(frozen=True)
class Unclear:
    """A letter of which nothing can be made, and why."""

    raw: RawLetter
    why: str


async def understand(letters: Sequence[RawLetter], limits: AttachmentLimits) -> list[Understood | Unclear]:
    """Read letters, in their order."""
    try:
        async with asyncio.timeout(LONGEST_READING):
            return await asyncio.to_thread(_read_all, letters, limits)
    except TimeoutError:
        if len(letters) == 1:
            return [Unclear(letters[0], f"took longer than {LONGEST_READING:g} s to read")]
        # One of them may be the reason.
        return [found for each in letters for found in await understand([each], limits)]


def limits_of(settings: AttachmentSettings) -> AttachmentLimits:
    """Which attachments a desk keeps."""
    more = [each.strip().lower().removeprefix(".") for each in settings.more_types]
    return replace(
        DEFAULT_LIMITS,
        largest=settings.largest_mb * _MEGABYTE,
        largest_total=settings.total_mb * _MEGABYTE,
        extensions=DEFAULT_LIMITS.extensions | {each for each in more if "/" not in each},
        media_types=DEFAULT_LIMITS.media_types + tuple(each for each in more if "/" in each),
    )


def _read_all(letters: Sequence[RawLetter], limits: AttachmentLimits) -> list[Understood | Unclear]:
    return [_read(each, limits) for each in letters]


def _read(raw: RawLetter, limits: AttachmentLimits) -> Understood | Unclear:
    try:
        return Understood(raw, parse(raw.content, limits))
    except Unreadable as error:
        return Unclear(raw, str(error))
    except Exception as error:
        _log.exception("letter_not_read", desk=raw.desk, letter=raw.id)
        return Unclear(raw, type(error).__name__)
