"""What a letter, or somebody who types, means: decided from the words and the index, never guessed.

A whole code counts before the beginning of one. A pole that is named decides; a station that is named too is taken
when it stands on that pole. When it stands on another, whoever typed both is asked again, and of a letter it is said.
A station alone decides when it stands on one pole only. The subject counts first; the text may add the station, or
choose between what the subject leaves open, but does not contradict it. Whatever is left open is a list of
possibilities, and a person chooses.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sekretar.dispatch.assets.index import AssetIndex, Places
from sekretar.dispatch.assets.spelling import Word, code_key, code_words, fold
from sekretar.dispatch.assets.values import MOST_CANDIDATES, Kind, Place, Source

#: As many codes with the same beginning are told apart by what else is said; more are only counted.
_MOST_ALIKE = 200


@dataclass(frozen=True)
class Verdict:
    """What may be meant: one place is certain, several are open, none is nothing.

    Attributes:
        options: Possible places; `total` counts also those that were left out.
        source: Where in the letter; None for what was typed, and for nothing.
        completed: Whether only the beginning of a code was given.
        apart: A station that is named with the one pole and stands on another.
    """

    options: tuple[Place, ...] = ()
    total: int = 0
    source: Source | None = None
    completed: bool = False
    apart: Place | None = None

    @property
    def certain(self) -> Place | None:
        """The one place, or the pole that all the options are on."""
        if self.total == 1:
            return self.options[0]
        poles = {each.pole_id for each in self.options}
        return Place(poles.pop()) if len(poles) == 1 and self.total == len(self.options) else None


NOTHING = Verdict()


def in_letter(index: AssetIndex, subject: str, fresh: str, otherwise: str = "") -> Verdict:
    """What a letter says of its place; `fresh` is its text without quotes and signature.

    What `otherwise` says counts only where these two name no place at all.
    """
    verdict = _in_new_words(index, subject, fresh)
    return _in_new_words(index, "", otherwise) if verdict.source is None and otherwise else verdict


def _in_new_words(index: AssetIndex, subject: str, fresh: str) -> Verdict:
    first = _read(index, subject)
    options = first.options()
    if len(options) == 1 and options[0].station_id is not None:
        return first.verdict(options, Source.SUBJECT)
    second = _read(index, fresh)
    if not options:
        return _with_apart(second.verdict(second.options(), Source.TEXT), second)
    narrowed = _narrowed(options, second)
    if narrowed:
        verdict = Verdict(tuple(narrowed), len(narrowed), Source.SUBJECT, first.only_begins)
    else:
        verdict = first.verdict(options, Source.SUBJECT)
    return _with_apart(verdict, first, second)


def _with_apart(verdict: Verdict, *said: _Said) -> Verdict:
    """The verdict with the station that contradicts it, where there is one."""
    if verdict.total != 1 or verdict.options[0].station_id is not None:
        return verdict
    apart = (each.apart(verdict.options[0].pole_id) for each in said)
    return replace(verdict, apart=next((each for each in apart if each is not None), None))


def typed(index: AssetIndex, text: str, kind: Kind = Kind.ANY, on_pole: int | None = None) -> Verdict:
    """What somebody who was asked for an asset typed: a whole code, several joined ones, or a beginning.

    With `on_pole` only stations of this pole, and the pole itself, are thought of.
    """
    key = code_key(text)
    if not key:
        return NOTHING
    whole = _fitting([*index.poles(key), *index.stations(key)], kind, on_pole)
    if not whole:
        said = _read(index, text)
        contradiction = _contradiction(said)
        if contradiction is not None:
            return contradiction
        whole = [] if said.only_begins else _fitting(said.options(), kind, on_pole)
    if whole:
        return Verdict(tuple(whole), len(whole))
    return _beginning(index, key + "-" if fold(text).rstrip().endswith("-") else key, kind, on_pole)


def _contradiction(said: _Said) -> Verdict | None:
    """The one pole that somebody typed, in full or by its beginning, and a station that stands elsewhere."""
    if len(said.poles) > 1 or not said.stations:
        return None
    if any(said.begins(each.pole_id) for each in said.stations):
        return None
    begun = (place for each in said.near for place in each.first(_MOST_ALIKE) if place.station_id is None)
    pole = next(iter(said.poles or begun), None)
    apart = said.apart(pole.pole_id) if pole is not None else None
    return Verdict((pole,), 1, apart=apart) if pole is not None and apart is not None else None


def _beginning(index: AssetIndex, prefix: str, kind: Kind, on_pole: int | None) -> Verdict:
    near = [] if kind is Kind.STATION else [index.poles_beginning(prefix)]
    near += [] if kind is Kind.POLE else [index.stations_beginning(prefix)]
    if on_pole is not None:
        here = [place for each in near for place in each.on(on_pole)]
        return Verdict(tuple(here[:MOST_CANDIDATES]), len(here), completed=True)
    first = tuple(place for each in near for place in each.first(MOST_CANDIDATES))
    return Verdict(first, sum(map(len, near)), completed=True)


def _fitting(places: Iterable[Place], kind: Kind, on_pole: int | None) -> list[Place]:
    return [
        each
        for each in places
        if (kind is not Kind.POLE or each.station_id is None)
        and (kind is not Kind.STATION or each.station_id is not None)
        and on_pole in (None, each.pole_id)
    ]


@dataclass(frozen=True)
class _Said:
    """What the words of one text are: whole codes, and beginnings of codes."""

    poles: frozenset[Place]
    stations: frozenset[Place]
    near: tuple[Places, ...]

    @property
    def only_begins(self) -> bool:
        return not (self.poles or self.stations)

    def options(self) -> list[Place]:
        """The places that this text alone may mean."""
        if len(self.poles) == 1:
            (pole,) = self.poles
            return self.on(pole.pole_id) or [pole]
        if self.poles:
            return sorted(self.poles, key=_order)
        if self.stations:
            here = [each for each in self.stations if self.begins(each.pole_id)]
            return sorted(here or self.stations, key=_order)
        return list(dict.fromkeys(place for each in self.near for place in each.first(_MOST_ALIKE)))

    def on(self, pole_id: int) -> list[Place]:
        """The stations that are named and stand on this pole."""
        return sorted((each for each in self.stations if each.pole_id == pole_id), key=_order)

    def apart(self, pole_id: int) -> Place | None:
        """A station that stands elsewhere, where none stands on this pole; one with its own pole is not meant."""
        if self.on(pole_id):
            return None
        strays = (each for each in self.stations if Place(each.pole_id) not in self.poles)
        return min(strays, key=_order, default=None)

    def begins(self, pole_id: int) -> bool:
        """Whether the code of this pole, or of a station on it, begins like a word of the text."""
        return any(near.has_pole(pole_id) for near in self.near)

    def verdict(self, options: Sequence[Place], source: Source) -> Verdict:
        """These options of this text as a verdict."""
        if not options:
            return NOTHING
        if not self.only_begins:
            return Verdict(tuple(options), len(options), source)
        left_out = sum(max(len(each) - _MOST_ALIKE, 0) for each in self.near)
        return Verdict(tuple(options), len(options) + left_out, source, completed=True)


def _read(index: AssetIndex, text: str) -> _Said:
    poles: set[Place] = set()
    stations: set[Place] = set()
    near: list[Places] = []
    for word in code_words(text):
        whole = _whole(index, word)
        poles |= {each for each in whole if each.station_id is None}
        stations |= {each for each in whole if each.station_id is not None}
        if not whole and word.completes:
            prefix = word.key + "-"
            near += [
                found for found in (index.poles_beginning(prefix), index.stations_beginning(prefix)) if found
            ]
    return _Said(frozenset(poles), frozenset(stations), tuple(near))


def _whole(index: AssetIndex, word: Word) -> frozenset[Place]:
    """The assets that a word names: by itself, or as two codes that are joined in it."""
    found = index.poles(word.key) | index.stations(word.key)
    if found:
        return found
    for left, right in word.cuts():
        pole, station = index.poles(right), index.stations(left)
        if not (pole and station):
            pole, station = index.poles(left), index.stations(right)
        if pole and station:
            return pole | station
    return frozenset()


def _narrowed(options: Sequence[Place], said: _Said) -> list[Place]:
    """The options that another text speaks of too, with the stations that it adds."""
    kept: list[Place] = []
    for each in options:
        named = Place(each.pole_id) in said.poles
        if each.station_id is not None:
            kept += [each] if named or each in said.stations else []
        else:
            kept += said.on(each.pole_id) or ([each] if named else [])
    return kept or [each for each in options if said.begins(each.pole_id)]


def _order(place: Place) -> tuple[int, int]:
    return place.pole_id, place.station_id or 0
