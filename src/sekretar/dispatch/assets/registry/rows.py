"""The rows of the lists as values: what is wrong in a row is remarked on, and the rest of it is taken over."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from hashlib import blake2b

from sekretar.dispatch.assets.registry.report import Remarks
from sekretar.dispatch.assets.spelling import code_key, name_key
from sekretar.dispatch.assets.values import Feed

#: A row: our names of columns → text.
Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PoleEntry:
    """A pole as the register has it."""

    code: str
    key: str
    site: str
    name: str
    status: str
    latitude: float | None
    longitude: float | None
    height: float | None
    region: str
    region_ru: str
    address: str
    company: str
    anchor_operator: str


@dataclass(frozen=True, slots=True)
class ContractorEntry:
    """A contractor as the register has it; `excluded` when all of its rows are."""

    name: str
    key: str
    excluded: bool
    emails: tuple[str, ...]
    phones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who repairs a pole, and whether the contract no longer covers it."""

    contractor: str
    excluded: bool


@dataclass(frozen=True, slots=True)
class StationEntry:
    """A station on a pole, with the keys of its operators in order."""

    name: str
    key: str
    pole: str
    operators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OperatorEntry:
    """An operator and its group."""

    name: str
    key: str
    group: str


Entry = PoleEntry | ContractorEntry | StationEntry


def digest(entry: Entry) -> str:
    """Of all that the register says of an entry: equal means unchanged."""
    return blake2b(repr(astuple(entry)).encode(), digest_size=12).hexdigest()


class Poles:
    """Poles, gathered row by row."""

    def __init__(self, remarks: Remarks) -> None:
        self.entries: dict[str, PoleEntry] = {}
        self._remarks = remarks
        #: Texts that thousands of poles share are kept once.
        self._texts: dict[str, str] = {}

    def add(self, row: int, values: Values) -> None:
        """Take a row over."""
        key = code_key(values["code"])
        if not key:
            self._remarks.add(row, "dispatch.registry.no_code", rejected=True)
        elif key in self.entries:
            self._remarks.add(row, "dispatch.registry.twice", rejected=True, code=values["code"])
        else:
            self.entries[key] = self._entry(row, key, values)

    def _entry(self, row: int, key: str, values: Values) -> PoleEntry:
        latitude = self._number(row, values, "latitude", -90, 90)
        longitude = self._number(row, values, "longitude", -180, 180)
        known = latitude is not None and longitude is not None and (latitude, longitude) != (0, 0)
        return PoleEntry(
            code=values["code"],
            key=key,
            site=values["site"],
            name=values["name"],
            status=self._shared(values["status"]),
            latitude=latitude if known else None,
            longitude=longitude if known else None,
            height=self._number(row, values, "height", 0, 1_000),
            region=self._shared(values["region"]),
            region_ru=self._shared(values["region_ru"]),
            address=values["address"],
            company=self._shared(values["company"]),
            anchor_operator=self._shared(values["anchor_operator"]),
        )

    def _shared(self, text: str) -> str:
        return self._texts.setdefault(text, text)

    def _number(self, row: int, values: Values, name: str, least: float, most: float) -> float | None:
        text = values[name].replace(",", ".").replace(" ", "")
        if not text:
            return None
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if least <= number <= most:
            return number
        self._remarks.add(
            row, f"dispatch.registry.bad_{name}", rejected=False, code=values["code"], value=values[name]
        )
        return None


class Contractors:
    """Contractors and their poles, gathered row by row: each row is a contractor for one pole."""

    def __init__(self, remarks: Remarks, pole_keys: frozenset[str]) -> None:
        self._gathered: dict[str, _Contractor] = {}
        #: Key of a pole → who repairs it.
        self.poles: dict[str, Assignment] = {}
        self._remarks = remarks
        self._pole_keys = pole_keys

    @property
    def entries(self) -> dict[str, ContractorEntry]:
        return {
            key: ContractorEntry(each.name, key, not each.active, tuple(each.emails), tuple(each.phones))
            for key, each in self._gathered.items()
        }

    def add(self, row: int, values: Values) -> None:
        """Take a row over."""
        key = name_key(values["name"])
        if not key:
            self._remarks.add(row, "dispatch.registry.no_contractor", rejected=True)
            return
        excluded = name_key(values["excluded"]) not in _NOT_EXCLUDED
        gathered = self._gathered.setdefault(key, _Contractor(values["name"]))
        gathered.active |= not excluded
        emails, refused = read_emails(values["emails"])
        gathered.emails |= dict.fromkeys(emails)
        gathered.phones |= dict.fromkeys(read_phones(values["phones"]))
        for each in refused:
            self._remarks.add(
                row, "dispatch.registry.bad_email", rejected=False, name=values["name"], value=each
            )
        pole = code_key(values["pole"])
        if pole in self._pole_keys:
            self._assign(row, pole, values, Assignment(key, excluded))
        elif pole:
            _unknown_pole(self._remarks, row, values, rejected=False)

    def _assign(self, row: int, pole: str, values: Values, new: Assignment) -> None:
        """The contract in force counts; of two in force the first, and the other is remarked on."""
        old = self.poles.setdefault(pole, new)
        if old.excluded and not new.excluded:
            self.poles[pole] = new
        elif old.contractor != new.contractor and not (old.excluded or new.excluded):
            self._remarks.add(
                row,
                "dispatch.registry.second_contractor",
                rejected=False,
                code=values["pole"],
                name=values["name"],
            )


class _Contractor:
    def __init__(self, name: str) -> None:
        self.name = name
        self.active = False
        # Dicts keep the order of the list.
        self.emails: dict[str, None] = {}
        self.phones: dict[str, None] = {}


class Stations:
    """Stations and their operators, gathered row by row: each row is one operator of a station on a pole."""

    def __init__(self, remarks: Remarks, pole_keys: frozenset[str]) -> None:
        self._gathered: dict[tuple[str, str], tuple[str, dict[str, None]]] = {}
        self.operators: dict[str, OperatorEntry] = {}
        self._remarks = remarks
        self._pole_keys = pole_keys

    @property
    def entries(self) -> dict[tuple[str, str], StationEntry]:
        """By the keys of pole and station."""
        return {
            (pole, key): StationEntry(name, key, pole, tuple(sorted(operators)))
            for (pole, key), (name, operators) in self._gathered.items()
        }

    def add(self, row: int, values: Values) -> None:
        """Take a row over."""
        pole, key = code_key(values["pole"]), code_key(values["name"])
        if not key:
            self._remarks.add(row, "dispatch.registry.no_station", rejected=True)
        elif pole not in self._pole_keys:
            _unknown_pole(self._remarks, row, values, rejected=True)
        else:
            _, operators = self._gathered.setdefault((pole, key), (values["name"], {}))
            if operator := name_key(values["operator"]):
                known = self.operators.get(operator)
                group = values["group"] or (known.group if known else "")
                self.operators[operator] = OperatorEntry(values["operator"], operator, group)
                operators[operator] = None


def _unknown_pole(remarks: Remarks, row: int, values: Values, *, rejected: bool) -> None:
    code = values["pole"] or "—"
    remarks.add(row, "dispatch.registry.unknown_pole", rejected=rejected, name=values["name"], code=code)


Gathered = Poles | Contractors | Stations


def gather(feed: Feed, remarks: Remarks, pole_keys: frozenset[str]) -> Gathered:
    """What gathers the rows of a list; `pole_keys` are those of the poles that the register has."""
    match feed:
        case Feed.POLES:
            return Poles(remarks)
        case Feed.CONTRACTORS:
            return Contractors(remarks, pole_keys)
        case Feed.STATIONS:
            return Stations(remarks, pole_keys)


_NOT_EXCLUDED = frozenset({"", "нет", "no", "false", "0", "-", "—"})

_EMAIL = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+")


def read_emails(text: str) -> tuple[list[str], list[str]]:
    """The addresses of a list that is separated by `;`, `,` or blanks, and what is no address."""
    words = [word.strip("<>\"'") for word in re.split(r"[;,\s]+", text)]
    addresses = [word.casefold() for word in words if _EMAIL.fullmatch(word)]
    return list(dict.fromkeys(addresses)), [
        word for word in words if "@" in word and not _EMAIL.fullmatch(word)
    ]


#: A phone of the country with its code; blanks are inside phones and between them alike.
_RUSSIAN = re.compile(r"(?:\+? ?7|8)?[ -]?\(?\d{3,5}\)?[ -]?\d{1,3}[ -]?\d{2}[ -]?\d{2}")
_EXTENSION = re.compile(r"\s*(?:доб|вн|ext)\w*[.: ]*(\d{1,6})", re.IGNORECASE)
_DIGITS = re.compile(r"\D")
#: Without the code of the country.
_NATIONAL = 10


def read_phones(text: str) -> list[str]:
    """The phones of a list that is separated by `;`, `,` or blanks: `+79123456789`, or as written when it is no
    such phone; an extension follows after a comma.
    """
    phones: list[str] = []
    for piece in re.split(r"[;,\n]+", text):
        phones += _phones_of(piece.strip())
    return list(dict.fromkeys(filter(None, phones)))


def _phones_of(piece: str) -> Iterable[str]:
    extension = _EXTENSION.search(piece)
    number = piece[: extension.start()] if extension else piece
    ending = f",{extension[1]}" if extension else ""
    if whole := _international(number):
        return [whole + ending]
    several = [_international(match[0]) for match in _RUSSIAN.finditer(number)]
    if several and all(several) and len(_DIGITS.sub("", number)) >= _NATIONAL * len(several):
        return [*several[:-1], several[-1] + ending]
    return [number.strip() + ending] if _DIGITS.sub("", number) else []


def _international(written: str) -> str:
    """One phone with the code of its country; empty when it is none."""
    digits = _DIGITS.sub("", written)
    if written.lstrip().startswith("+"):
        return f"+{digits}" if _NATIONAL < len(digits) <= 15 else ""
    if len(digits) == _NATIONAL:
        return f"+7{digits}"
    return f"+7{digits[1:]}" if len(digits) == _NATIONAL + 1 and digits[0] in "78" else ""
