"""What came of reading a list: row by row for the administrator, in a few numbers for the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from sekretar.dispatch.assets.values import Feed
from sekretar.kernel.i18n import Translator

#: So many remarks on rows are kept; all are counted.
MOST_REMARKS = 200


@dataclass(frozen=True)
class Remark:
    """Something to be said in words: a key of the catalogue and what belongs into its text."""

    key: str
    params: Mapping[str, str | int] = field(default_factory=dict)

    def said(self, t: Translator) -> str:
        """The words; a parameter `count` chooses the plural form."""
        count = self.params.get("count")
        if isinstance(count, int):
            others = {name: value for name, value in self.params.items() if name != "count"}
            return t.plain_plural(self.key, count, **others)
        return t.plain(self.key, **self.params)


@dataclass(frozen=True)
class RowRemark:
    """A remark on one row, counted from 1 without the head of the list.

    `rejected`: nothing was taken over from the row; otherwise everything but what the remark is about.
    """

    row: int
    remark: Remark
    rejected: bool


class Remarks:
    """Remarks on the rows of one list: the first ones, and how many there are."""

    def __init__(self) -> None:
        self.first: list[RowRemark] = []
        self.total = 0
        self.rejected = 0

    def add(self, row: int, key: str, *, rejected: bool, **params: str | int) -> None:
        """Note a remark."""
        self.total += 1
        self.rejected += rejected
        if len(self.first) < MOST_REMARKS:
            self.first.append(RowRemark(row, Remark(key, params), rejected))


@dataclass(frozen=True)
class Report:
    """What came of reading one list.

    Attributes:
        rows: Rows that were read; `rejected` of them gave nothing.
        entries: What the list has now: poles, contractors, or stations.
        created, updated, returned, gone, unchanged: What became of the entries that are registered; with `dry_run`
            what would become of them.
        assigned: Poles whose contractor changed.
        regrouped: Operators that are new, or have another name or group.
        refused: Why the list was not taken over at all; None when it was.
        remarks: The first remarks on rows; `remarked` is how many there are.
    """

    desk: str
    feed: Feed
    rows: int = 0
    rejected: int = 0
    entries: int = 0
    created: int = 0
    updated: int = 0
    returned: int = 0
    gone: int = 0
    unchanged: int = 0
    assigned: int = 0
    regrouped: int = 0
    refused: Remark | None = None
    remarks: tuple[RowRemark, ...] = ()
    remarked: int = 0
    dry_run: bool = False

    @property
    def changed(self) -> bool:
        """Whether anything is different now."""
        counts = (self.created, self.updated, self.returned, self.gone, self.assigned, self.regrouped)
        return any(counts)

    def counts(self) -> dict[str, int]:
        """The numbers by their names."""
        return {name: getattr(self, name) for name in _NUMBERS}

    @classmethod
    def from_stored(cls, desk: str, feed: Feed, kept: Mapping[str, Any]) -> Self:
        """What `stored` has kept."""
        remarks = tuple(
            RowRemark(each["row"], Remark(each["key"], each["params"]), each["rejected"])
            for each in kept["remarks"]
        )
        numbers = {name: kept.get(name, 0) for name in _NUMBERS}
        return cls(desk, feed, remarks=remarks, **numbers)

    def stored(self) -> dict[str, Any]:
        """As it is kept in the database."""
        return {
            **self.counts(),
            "remarks": [
                {
                    "row": each.row,
                    "key": each.remark.key,
                    "params": dict(each.remark.params),
                    "rejected": each.rejected,
                }
                for each in self.remarks
            ],
        }


_NUMBERS = (
    "rows",
    "rejected",
    "entries",
    "created",
    "updated",
    "returned",
    "gone",
    "unchanged",
    "assigned",
    "regrouped",
    "remarked",
)
