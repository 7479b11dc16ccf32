"""How lists of incidents look: a row for each, the most urgent first, and below it what leads on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sekretar.dispatch.assets.values import AssetCard
from sekretar.dispatch.chat.clock import clock_line
from sekretar.dispatch.incidents.values import Incident
from sekretar.dispatch.incidents.wording import status_name
from sekretar.dispatch.sla.reading import ClockView
from sekretar.dispatch.telling import Reader
from sekretar.kernel.forms import Choice
from sekretar.kernel.signing import JsonScalar
from sekretar.kernel.text import Markdown, escape, link, table, truncate
from sekretar.mattermost.messages import Action, Attachment, Button, Message, Select

#: Turns to another page; the record says of which list.
PAGE: Final = "dispatch.list.page"
#: Shows the chosen incident.
OPEN: Final = "dispatch.open"

_TYPE_SHOWN = 40
_SUMMARY_SHOWN = 60
_NAME_SHOWN = 30
_WORDS_SHOWN = 60
_CHOICE_SHOWN = 60


@dataclass(frozen=True)
class Row:
    """An incident in a list. Empty is what is not known; `url` leads to its post."""

    incident: Incident
    type: str
    asset: AssetCard
    clock: ClockView
    responsible: str
    url: str


def listing(
    kind: str,
    words: str,
    text: str,
    rows: Sequence[Row],
    before: int,
    total: int,
    record: Callable[[int], Mapping[str, JsonScalar]],
    reader: Reader,
) -> Message:
    """A page of a list.

    Args:
        text: Those of the words that were no filter, and so were looked for: a mistyped filter is one of them.
        record: Makes what a button to another page holds.
    """
    t = reader.t
    sought = truncate(words, _WORDS_SHOWN)
    title = t(f"dispatch.lists.title_{kind}")
    if words:
        title = Markdown(f"{title} · {escape(sought)}")
    if not rows:
        none = (
            t("dispatch.lists.none_with", text=truncate(text, _WORDS_SHOWN))
            if text
            else t("dispatch.lists.none")
        )
        return Message(Markdown(f"{title}\n{none}"))
    whole = before == 0 and total == len(rows)
    count = (
        t.plural("dispatch.lists.count", total)
        if whole
        else t("dispatch.lists.some", first=before + 1, last=before + len(rows), total=total)
    )
    shown = Attachment(
        text=_table(rows, reader),
        fallback=f"{title} {count}",
        actions=tuple(_actions(rows, before, total, record, reader)),
    )
    return Message(Markdown(f"{title} · {count}"), (shown,))


def _table(rows: Iterable[Row], reader: Reader) -> Markdown:
    columns = ("code", "what", "where", "status", "deadline", "whose")
    return table(
        [reader.t(f"dispatch.column.{each}") for each in columns], (_cells(each, reader) for each in rows)
    )


def _cells(row: Row, reader: Reader) -> list[str]:
    incident, t, where = row.incident, reader.t, place(row.asset)
    mark = "✉️ " if incident.unread else ""
    code = link(incident.code, row.url) if row.url else escape(incident.code)
    return [
        Markdown(f"{mark}{code}"),
        _what(row, where),
        where,
        status_name(t, incident.status),
        clock_line(row.clock, reader),
        truncate(row.responsible, _NAME_SHOWN) if row.responsible else Markdown("—"),
    ]


def _what(row: Row, where: str) -> str:
    """The type where it says enough: many of one type and at no place are told apart by what was written."""
    if row.type and where:
        return truncate(row.type, _TYPE_SHOWN)
    known = [each for each in (row.type, row.incident.summary) if each]
    return truncate(": ".join(known), _SUMMARY_SHOWN)


def place(asset: AssetCard) -> str:
    """Where an incident is, in one word."""
    if asset.station and asset.pole:
        return f"{asset.station.name}/{asset.pole.code}"
    return asset.pole.code if asset.pole else asset.station.name if asset.station else ""


def _actions(
    rows: Sequence[Row],
    before: int,
    total: int,
    record: Callable[[int], Mapping[str, JsonScalar]],
    reader: Reader,
) -> Iterable[Action]:
    t, after = reader.t, before + len(rows)
    choices = tuple(Choice(str(each.incident.id), _choice(each.incident)) for each in rows)
    yield Select(t.plain("dispatch.lists.open"), OPEN, {}, choices)
    if before:
        yield Button(t.plain("dispatch.lists.first"), PAGE, record(0))
    if after < total:
        yield Button(t.plain("dispatch.lists.more"), PAGE, record(after))


def _choice(incident: Incident) -> str:
    return truncate(f"{incident.code} {incident.summary}", _CHOICE_SHOWN)
