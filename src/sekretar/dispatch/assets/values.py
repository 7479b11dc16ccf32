"""The values in which the desk speaks of assets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from urllib.parse import urlencode

from sekretar.kernel.errors import PersonError
from sekretar.kernel.i18n import Translator


class Feed(StrEnum):
    """The lists that a register consists of, in the order in which they are read: each needs those before it."""

    POLES = "poles"
    CONTRACTORS = "contractors"
    STATIONS = "stations"


@dataclass(frozen=True)
class Place:
    """An asset by its number: a pole, or a base station and its pole."""

    pole_id: int
    station_id: int | None = None


@dataclass(frozen=True)
class Candidate:
    """What may have been meant, as it is offered to people."""

    place: Place
    pole: str
    #: Empty for a pole.
    station: str
    address: str
    contractor_id: int | None

    @property
    def code(self) -> str:
        """How it is said: `KI0075/41960-P-43-1-1`, or the code of the pole."""
        return f"{self.station}/{self.pole}" if self.station else self.pole


class Source(StrEnum):
    """Where in a letter something was found."""

    SUBJECT = "subject"
    TEXT = "text"


@dataclass(frozen=True)
class Said:
    """The words of a letter in which its place is looked for, as `Assets.lookup` takes them."""

    subject: str
    fresh: str
    otherwise: str = ""


@dataclass(frozen=True)
class Found:
    """What a letter says about its place.

    Attributes:
        certain: The pole, and the station when that is certain too; None when nothing is.
        candidates: What else may have been meant, at most `MOST_CANDIDATES`: poles when no pole is certain, stations
            of the pole when only the pole is.
        total: How many candidates there are altogether.
        source: Where it was found; None when nothing was.
        apart: A station that is named with the pole and stands on another: one of both is wrong.
    """

    certain: Candidate | None = None
    candidates: tuple[Candidate, ...] = ()
    total: int = 0
    source: Source | None = None
    apart: Candidate | None = None

    @property
    def pole_id(self) -> int | None:
        return self.certain.place.pole_id if self.certain else None

    @property
    def station_id(self) -> int | None:
        return self.certain.place.station_id if self.certain else None

    @property
    def contractor_id(self) -> int | None:
        return self.certain.contractor_id if self.certain else None

    def why(self, t: Translator) -> str:
        """The reason for the history of an incident; empty when nothing was found."""
        if self.source is None:
            return ""
        if self.certain is None:
            codes = ", ".join(each.code for each in self.candidates[:MOST_EXAMPLES])
            return t.plain_plural("dispatch.assets.why_open", self.total, codes=codes)
        key = "dispatch.assets.why_subject" if self.source is Source.SUBJECT else "dispatch.assets.why_text"
        why = t.plain(key, code=self.certain.code)
        return f"{why}; {self.doubt(t)}" if self.apart else why

    def doubt(self, t: Translator) -> str:
        """What contradicts the place that was found; empty when nothing does."""
        if self.apart is None:
            return ""
        return t.plain("dispatch.assets.why_apart", station=self.apart.station, pole=self.apart.pole)


#: Of `Found` and `Typed`; and of the words of an error.
MOST_CANDIDATES, MOST_EXAMPLES = 10, 3


class Kind(StrEnum):
    """What a person was asked for."""

    POLE = "pole"
    STATION = "station"
    ANY = "any"


@dataclass(frozen=True)
class Typed:
    """What somebody who typed a code meant.

    Attributes:
        match: The one that it is; None when nothing or more than one fits.
        completed: Whether only the beginning of its code was typed.
        candidates: At most three of those that fit.
        total: How many fit.
        apart: The station that was typed with `match`, a pole on which it does not stand.
    """

    text: str
    kind: Kind
    match: Candidate | None = None
    completed: bool = False
    candidates: tuple[Candidate, ...] = ()
    total: int = 0
    apart: Candidate | None = None

    def chosen(self) -> Candidate:
        """The one that was meant.

        Raises:
            PersonError: there is none, or more than one, then the text has up to three examples; or two codes
                contradict each other.
        """
        if self.match is not None and self.apart is not None:
            raise contradiction(self.match, self.apart)
        if self.match is not None:
            return self.match
        if not self.total:
            raise PersonError(_NONE[self.kind], text=self.text)
        examples = ", ".join(each.code for each in self.candidates)
        raise PersonError(_SEVERAL[self.kind], text=self.text, count=self.total, examples=examples)


def contradiction(pole: Candidate, station: Candidate) -> PersonError:
    """What is said to whoever named a pole and a station that stands on another."""
    return PersonError("dispatch.assets.apart", station=station.station, pole=pole.pole, other=station.pole)


_NONE: Mapping[Kind, str] = {
    Kind.POLE: "dispatch.assets.no_pole",
    Kind.STATION: "dispatch.assets.no_station",
    Kind.ANY: "dispatch.assets.no_asset",
}
_SEVERAL: Mapping[Kind, str] = {
    Kind.POLE: "dispatch.assets.several_poles",
    Kind.STATION: "dispatch.assets.several_stations",
    Kind.ANY: "dispatch.assets.several_assets",
}


class HasAssets(Protocol):
    """What is asked of an incident here."""

    @property
    def id(self) -> int: ...
    @property
    def desk(self) -> str: ...
    @property
    def pole_id(self) -> int | None: ...
    @property
    def station_id(self) -> int | None: ...
    @property
    def contractor_id(self) -> int | None: ...


@dataclass(frozen=True)
class PoleCard:
    """A pole as it is shown. `gone`: the register does not have it any more."""

    id: int
    code: str
    name: str
    status: str
    region: str
    region_ru: str
    address: str
    company: str
    anchor_operator: str
    latitude: float | None
    longitude: float | None
    gone: bool

    @property
    def coordinates(self) -> str:
        """`55.75580, 37.61730`, or empty."""
        if self.latitude is None or self.longitude is None:
            return ""
        return f"{self.latitude:.5f}, {self.longitude:.5f}"

    @property
    def map_link(self) -> str:
        """Where it stands on a map; empty when its coordinates are not known."""
        if self.latitude is None or self.longitude is None:
            return ""
        point = f"{self.longitude:.6f},{self.latitude:.6f}"
        return "https://yandex.ru/maps/?" + urlencode({"pt": point, "z": 16, "l": "map"}, safe=",")


@dataclass(frozen=True)
class OperatorCard:
    """An operator and the group of companies that it belongs to."""

    name: str
    group: str


@dataclass(frozen=True)
class StationCard:
    """A base station as it is shown."""

    id: int
    name: str
    operators: tuple[OperatorCard, ...]
    gone: bool


@dataclass(frozen=True)
class ContractorCard:
    """Who repairs, and how they are reached.

    Attributes:
        id: None when no contractor is known and letters go to the addresses of the desk's settings.
        excluded: Whether this pole, or the whole contractor, is no longer under contract.
        by_default: Whether the addresses are those of the settings.
    """

    id: int | None
    name: str
    emails: tuple[str, ...]
    phones: tuple[str, ...]
    excluded: bool
    by_default: bool
    gone: bool


@dataclass(frozen=True)
class AssetCard:
    """Where an incident is and who repairs there, as far as it is known."""

    pole: PoleCard | None = None
    station: StationCard | None = None
    contractor: ContractorCard | None = None
