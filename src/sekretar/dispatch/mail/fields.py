"""What single headers mean: addresses, ids of letters, dates.

Written by hundreds of programs, few of which have read the standard. So each is searched for what can be
recognised in it, and nothing in it can raise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz
from typing import Final

from sekretar.dispatch.mail.headers import Headers, decoded_words
from sekretar.dispatch.mail.letter import MOST_REFERENCES, Address, Oddity
from sekretar.dispatch.mail.remarks import Remarks

#: No letter of people has more recipients; the rest is not read.
MOST_RECIPIENTS: Final = 500
#: Of an address, in characters (RFC 5321, 4.5.3.1).
_LONGEST_ADDRESS: Final = 320

# --- addresses --------------------------------------------------------------------------------------------

_TOKEN = re.compile(r'"((?:[^"\\]|\\.|\\$)*)(?:"|$)|<([^<>]*)>|([,;:()])|([^"<>,;:()]+|[<>])', re.DOTALL)
_BETWEEN_WORDS = re.compile(r"[\s<>\"(),;:\[\]]+")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def addresses(headers: Headers, name: str, remarks: Remarks) -> tuple[Address, ...]:
    """Everybody in all headers of that name, each once."""
    found: dict[str, Address] = {}
    for text in headers.unfolded_all(name, remarks):
        for address in _addresses(text, remarks):
            if len(found) == MOST_RECIPIENTS:
                remarks.add(Oddity.RECIPIENTS_CUT, name)
                return tuple(found.values())
            found.setdefault(address.key, address)
    return tuple(found.values())


def read_addresses(text: str, remarks: Remarks) -> tuple[Address, ...]:
    """The addresses in a text as people list them: with commas, semicolons, names or none."""
    return tuple(_addresses(text, remarks))


def _addresses(text: str, remarks: Remarks) -> Iterator[Address]:
    if "@" not in text and "=?" in text:  # somebody has encoded the address with the name
        text = decoded_words(text, remarks)
    for name, angle in _mailboxes(text):
        name = " ".join(decoded_words(name, remarks).split())
        if address := _address_in(_ESCAPED.sub(r"\1", angle)):
            yield Address("" if name == address else _unquoted(name), address)
        elif address := _address_in(name):
            yield Address("", address)


def _unquoted(name: str) -> str:
    """A name without quotation marks around it, as some programs write them into the name itself."""
    is_quoted = len(name) > 1 and name[0] == name[-1] and name[0] in "'\""
    return name[1:-1].strip() if is_quoted else name


def _address_in(text: str) -> str:
    """The first word that is an address; empty if there is none."""
    words = (word.strip(".'").removeprefix("mailto:") for word in _BETWEEN_WORDS.split(text))
    return next((word for word in words if _is_address(word)), "")


def _is_address(word: str) -> bool:
    local, at, domain = word.rpartition("@")
    return bool(local and at and domain) and "@" not in local and len(word) <= _LONGEST_ADDRESS


def _mailboxes(text: str) -> Iterator[tuple[str, str]]:
    """Pairs of a name, still encoded, and what stands in angle brackets. Comments give a name to who has none."""
    words: list[str] = []
    comment: list[str] = []
    angle = ""
    depth = 0
    for found in _TOKEN.finditer(text):
        quoted, bracketed, sign, plain = found.groups()
        if sign in {"(", ")"}:
            depth = depth + 1 if sign == "(" else max(depth - 1, 0)
        elif depth:
            comment.append(found[0])
        elif sign in {",", ";"}:
            yield from _mailbox(words, comment, angle)
            words, comment, angle = [], [], ""
        elif sign == ":":  # the name of a group, unless it is part of the name of a person
            words = [] if "@" not in "".join(words) else words
        elif bracketed is not None:
            angle = angle or bracketed
        else:
            words.append(_ESCAPED.sub(r"\1", quoted) if quoted is not None else plain)
    yield from _mailbox(words, comment, angle)


def _mailbox(words: list[str], comment: list[str], angle: str) -> Iterator[tuple[str, str]]:
    name = "".join(words).strip()
    if not angle and "@" in name:
        yield ("".join(comment), name)
    elif name or angle:
        yield (name or "".join(comment), angle)


# --- ids of letters ---------------------------------------------------------------------------------------

_ID = re.compile(r"<([^<>]{1,1000})>")
_BETWEEN_IDS = re.compile(r"[\s<>()\",;]+")
_NO_IDS: Final = {"<null>", "<0>", "<none>", "<>"}
_INNER_BLANK = re.compile(r"\s+")


def message_id(headers: Headers, remarks: Remarks) -> str:
    """The id of the letter, with angle brackets; empty if it has none that can be recognised."""
    written = headers.plain("message-id")
    found = ids_in(written)
    if not written:
        remarks.add(Oddity.MESSAGE_ID_MISSING)
    elif not found or written != found[0]:
        remarks.add(Oddity.MESSAGE_ID_ODD, written)
    return found[0] if found else ""


def references(headers: Headers, name: str, remarks: Remarks) -> tuple[str, ...]:
    """All ids in all headers of that name, each once, in their order."""
    found = tuple(dict.fromkeys(one for value in headers.plain_all(name) for one in ids_in(value)))
    if len(found) <= MOST_REFERENCES:
        return found
    remarks.add(Oddity.REFERENCES_CUT, name)
    half = MOST_REFERENCES // 2
    return (*found[:half], *found[-half:])


def ids_in(text: str) -> tuple[str, ...]:
    """Everything in angle brackets, or what looks like an id without them. Comments and words are passed over."""
    found = [f"<{_INNER_BLANK.sub('', one)}>" for one in _ID.findall(text)]
    found = found or [f"<{one}>" for one in _BETWEEN_IDS.split(text) if "@" in one.strip("@")]
    return tuple(one for one in found if one.lower() not in _NO_IDS)


# --- dates ------------------------------------------------------------------------------------------------

_MONTHS: Final = ("янв", "фев", "мар", "апр", "ма", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")
_ENGLISH: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_RUSSIAN_MONTH = re.compile(rf"\b({'|'.join(_MONTHS)})[а-я]{{0,6}}\.?", re.IGNORECASE)
_RUSSIAN_DAY = re.compile(r"^[а-я]{2,11}\.?,?\s+", re.IGNORECASE)
_NUMERIC = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4}),?\s+(\d{1,2}:\d{2}(?::\d{2})?)(.*)", re.DOTALL)
_CLOCK = re.compile(r"\d{1,2}[:.]\d{2}(?:[:.]\d{2}(?:\.\d+)?)?")
_OFFSET = re.compile(r"([+-])(\d{2}):?([0-5]\d)\b")
_NAMED_ZONE = re.compile(r"\b(?:UTC?|GMT|Z|[ECMP][SD]T)\b", re.IGNORECASE)
_MOSCOW: Final = {"MSK": "+0300", "MSD": "+0400"}
_LARGEST_OFFSET: Final = 15
_EARLY_YEAR = re.compile(r"\b0\d{3}\b")
_FIRST_YEAR: Final = 1980
_LAST_YEAR: Final = 2199


def date(headers: Headers, remarks: Remarks) -> datetime | None:
    """When the letter was written, in UTC; None, with a remark, when it does not say or says nonsense."""
    written = headers.plain("date")
    if not written:
        remarks.add(Oddity.DATE_MISSING)
        return None
    moment = _moment(written[:200], remarks)
    if moment is None or not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        remarks.add(Oddity.DATE_ODD, written)
        return None
    return moment


def _moment(written: str, remarks: Remarks) -> datetime | None:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        moment = None
    if moment is None:
        return _mail_moment(_in_english(written), remarks)
    if moment.tzinfo is None:
        remarks.add(Oddity.DATE_WITHOUT_ZONE, written)
        return moment.replace(tzinfo=UTC)
    return _in_utc(moment)


def _in_utc(moment: datetime) -> datetime | None:
    try:
        return moment.astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def _in_english(written: str) -> str:
    if numeric := _NUMERIC.fullmatch(written):
        day, month, year, clock, zone = numeric.groups()
        name = _ENGLISH[int(month) - 1] if 1 <= int(month) <= 12 else "?"
        return f"{day} {name} {year} {clock}{zone}"
    written = _RUSSIAN_DAY.sub("", written)
    return _RUSSIAN_MONTH.sub(lambda found: _ENGLISH[_MONTHS.index(found[1].lower())], written)


def _mail_moment(written: str, remarks: Remarks) -> datetime | None:
    clock = _CLOCK.search(written)
    if clock is None or _EARLY_YEAR.search(written[: clock.start()]):
        return None
    zone = _zone(written[clock.end() :])
    if not zone:
        remarks.add(Oddity.DATE_WITHOUT_ZONE, written)
    try:
        found = parsedate_tz(f"{written[: clock.end()]} {zone or '+0000'}")
        if found is None:
            return None
        year, month, day, hour, minute, second = found[:6]
        moment = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
        return moment - timedelta(seconds=found[9] or 0)
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return None


def _zone(written: str) -> str:
    """The zone among what follows the time; empty if there is none that can be true."""
    if (found := _OFFSET.search(written)) and int(found[2]) <= _LARGEST_OFFSET:
        return "".join(found.groups())
    named = next((offset for name, offset in _MOSCOW.items() if name in written.upper()), "")
    if named or found:
        return named
    return found[0].upper().replace("Z", "UTC") if (found := _NAMED_ZONE.search(written)) else ""
