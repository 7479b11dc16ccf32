"""What the administrator is told of troubles: what is wrong, to whom it matters, and what to do."""

from __future__ import annotations

from sekretar.dispatch.operations.troubles import Kind, Standing, Trouble, Word
from sekretar.dispatch.telling import Reader
from sekretar.kernel.dates import format_duration

_SIGNS = {Word.BEGAN: "🚨", Word.CHANGED: "🚨", Word.STILL: "⏰", Word.OVER: "✅"}


def lines(word: Word, standing: Standing, trouble: Trouble | None, reader: Reader) -> list[str]:
    """The lines of a message, as plain text: foreign words in it are not escaped yet."""
    found = _over(standing, reader) if trouble is None else _wrong(word, standing, trouble, reader)
    return [f"{_SIGNS[word]} {found[0]}", *filter(None, found[1:])]


def _wrong(word: Word, standing: Standing, trouble: Trouble, reader: Reader) -> list[str]:
    t, kind = reader.t, trouble.kind
    title = t.plain(f"dispatch.alarm.{kind.about}.title", name=trouble.name, **trouble.params)
    still = "dispatch.alarm.still" if word is Word.STILL else "dispatch.alarm.since"
    detail = trouble.detail if isinstance(trouble.detail, str) else trouble.detail.said(t)
    since = t.plain(still, moment=reader.moment(standing.since))
    return [title, f"{since} {detail}".rstrip(), t.plain(f"dispatch.alarm.{kind.value}", name=trouble.name)]


def _over(standing: Standing, reader: Reader) -> list[str]:
    t, kind = reader.t, Kind(standing.sort.partition(" ")[0])
    ended = standing.clear_since or reader.now
    lasted = format_duration(ended - standing.since, t.language)
    title = t.plain(f"dispatch.alarm.{kind.about}.over", name=standing.name)
    return [title, t.plain("dispatch.alarm.lasted", length=lasted)]
