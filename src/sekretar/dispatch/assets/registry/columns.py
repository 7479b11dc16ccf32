"""What the columns of the lists are called: as in TowerStore, or as the administrator says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sekretar.dispatch.assets.values import Feed
from sekretar.kernel.errors import ConfigurationError
from sekretar.kernel.text import clean

#: Our name of each column → what it is usually called.
USUAL: Mapping[Feed, Mapping[str, str]] = {
    Feed.POLES: {
        "site": "SiteId",
        "code": "Шифр",
        "name": "Имя БС",
        "status": "Статус опоры",
        "latitude": "Широта",
        "longitude": "Долгота",
        "height": "Высота опоры",
        "region": "Регион",
        "address": "Адрес",
        "company": "Инфраструктурная компания",
        "anchor_operator": "Якорный оператор",
        "region_ru": "RegionRu",
    },
    Feed.CONTRACTORS: {
        "name": "Подрядчик",
        "excluded": "Исключен из договора",
        "pole": "Шифр опоры",
        "emails": "Контактные данные подрядчика Email",
        "phones": "Контактные данные подрядчика Телефон",
    },
    Feed.STATIONS: {
        "pole": "Шифр опоры",
        "name": "Имя БС/Оборудование",
        "operator": "Оператор",
        "group": "Группа операторов",
    },
}

#: A list without one of these has been renamed or cut, and would empty what is known.
REQUIRED: Mapping[Feed, tuple[str, ...]] = {
    Feed.POLES: ("code",),
    Feed.CONTRACTORS: ("name", "pole", "emails"),
    Feed.STATIONS: ("pole", "name", "operator"),
}


@dataclass(frozen=True)
class Columns:
    """The columns of one list."""

    feed: Feed
    #: Our name → theirs.
    names: Mapping[str, str]

    @classmethod
    def of(cls, feed: Feed, written: Mapping[str, str]) -> Columns:
        """The usual names, except for those that the administrator gave.

        Raises:
            ConfigurationError: one of ours is not known.
        """
        usual = USUAL[feed]
        if unknown := sorted(set(written) - set(usual)):
            raise ConfigurationError(
                f"The list of {feed} has no column called {', '.join(unknown)} in Sekretar.",
                f"Name the columns among these: {', '.join(usual)}.",
            )
        return cls(feed, {**usual, **written})

    def values(self, row: Mapping[str, object]) -> dict[str, str]:
        """The row under our names, as text; what it does not have is empty."""
        theirs = {_plain(name): value for name, value in row.items()}
        return {ours: _text(theirs.get(_plain(name))) for ours, name in self.names.items()}

    def missing(self, seen: Iterable[str]) -> list[str]:
        """The required columns, as the list should call them, that none of its rows has."""
        known = {_plain(name) for name in seen}
        required = [self.names[ours] for ours in REQUIRED[self.feed]]
        return [name for name in required if _plain(name) not in known]

    def absent(self, seen: Iterable[str]) -> dict[str, str]:
        """Our name → theirs of the columns that none of the rows has."""
        known = {_plain(name) for name in seen}
        return {ours: name for ours, name in self.names.items() if _plain(name) not in known}


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "; ".join(_text(each) for each in value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    # No database stores half a character, nor PostgreSQL zero bytes.
    return " ".join(clean(str(value)).split())
