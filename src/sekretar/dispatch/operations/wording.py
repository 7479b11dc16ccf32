"""What the administrator is told of troubles: what is wrong, to whom it matters, and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from sekretar.dispatch.operations.troubles import Kind, Standing, Trouble, Word
from sekretar.dispatch.telling import Reader
from sekretar.kernel.dates import format_duration

#: How the system begins to say why a connection failed; the number helps nobody.
_ERRNO: Final = re.compile(r"^\[Errno -?\d+\] ")

_SIGNS = {Word.BEGAN: "🚨", Word.CHANGED: "🚨", Word.STILL: "⏰", Word.OVER: "✅"}


#: Says something by its key: in markdown, or as it is read.
Say = Callable[..., str]


def lines(word: Word, standing: Standing, trouble: Trouble | None, reader: Reader, say: Say) -> list[str]:
    """The lines of a message; `say` is that of the reader's translator for where they go."""
    found = _wrong(word, standing, trouble, reader, say) if trouble else _over(standing, reader, say)
    return [f"{_SIGNS[word]} {found[0]}", *filter(None, found[1:])]


def _wrong(word: Word, standing: Standing, trouble: Trouble, reader: Reader, say: Say) -> list[str]:
    kind = trouble.kind
    title = say(f"dispatch.alarm.{kind.about}.title", name=trouble.name, **trouble.params)
    still = "dispatch.alarm.still" if word is Word.STILL else "dispatch.alarm.since"
    since = say(still, moment=reader.moment(standing.since), detail=_detail(trouble, reader))
    return [title, since.rstrip(), say(f"dispatch.alarm.{kind.value}", name=trouble.name)]


def _detail(trouble: Trouble, reader: Reader) -> str:
    """A sentence about what is wrong; empty where there is nothing more to say."""
    if not isinstance(trouble.detail, str):
        return trouble.detail.said(reader.t)
    if not trouble.detail:
        return ""
    key = "letters" if trouble.kind is Kind.UNREADABLE else "error"
    return reader.t.plain(f"dispatch.alarm.detail.{key}", detail=_ERRNO.sub("", trouble.detail).rstrip("."))


def _over(standing: Standing, reader: Reader, say: Say) -> list[str]:
    kind = Kind(standing.sort.partition(" ")[0])
    ended = standing.clear_since or reader.now
    lasted = format_duration(ended - standing.since, reader.t.language)
    title = say(f"dispatch.alarm.{kind.about}.over", name=standing.name)
    return [title, say("dispatch.alarm.lasted", length=lasted)]
