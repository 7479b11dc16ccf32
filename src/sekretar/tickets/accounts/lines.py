"""A list of who is who, as administrators have it: `username,login`, one to a line, from a spreadsheet or by hand."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sekretar.mattermost.models import User
from sekretar.trackers.values import Member

#: The first line of what a spreadsheet saves; it names nobody.
_HEADINGS = frozenset({"username", "user", "mattermost", "имя", "пользователь"})


@dataclass(frozen=True)
class Pair:
    """Somebody in the chat (without `@`) and their login in the tracker; an empty one takes back what was said."""

    username: str
    login: str


@dataclass(frozen=True)
class Lines:
    """What a list says, and the lines that say nothing."""

    pairs: tuple[Pair, ...]
    unreadable: tuple[str, ...]


def text_of(content: bytes) -> str:
    """A list as spreadsheets save it: in UTF-8, in UTF-16 where it says so, else as Windows writes Cyrillic.

    Raises:
        ValueError: it is no text.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16")
    if b"\0" in content:
        raise ValueError("it is no text")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1251")


def read_lines(text: str) -> Lines:
    """Understand a list; commas, semicolons and tabs separate."""
    pairs: dict[str, Pair] = {}
    unreadable: list[str] = []
    for number, line in enumerate(text.lstrip("\ufeff").splitlines()):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        cells = _cells(line)
        if number == 0 and cells[0].casefold() in _HEADINGS:
            continue
        username = cells[0].removeprefix("@").lower()
        if len(cells) < 2 or not username or " " in username:
            unreadable.append(line.strip())
        else:
            pairs[username] = Pair(username, cells[1])
    return Lines(tuple(pairs.values()), tuple(unreadable))


def _cells(line: str) -> list[str]:
    separator = next((each for each in ("\t", ";", ",") if each in line), ",")
    (row,) = list(csv.reader([line], delimiter=separator)) or [[""]]
    return [cell.strip() for cell in row] or [""]


def proposed(users: Iterable[User], members: Sequence[Member]) -> tuple[Pair, ...]:
    """Who is probably who: the only account with an equal login, else with an equal mail."""
    by_login: dict[str, list[Member]] = {}
    by_mail: dict[str, list[Member]] = {}
    for member in members:
        if member.group or not member.login:
            continue
        by_login.setdefault(member.login.casefold(), []).append(member)
        if member.mail:
            by_mail.setdefault(member.mail.casefold(), []).append(member)
    found: list[Pair] = []
    for user in users:
        same = by_login.get(user.username.casefold()) or by_mail.get(user.email.casefold() or "-") or []
        if len(same) == 1 and same[0].login and user.active and not user.is_bot:
            found.append(Pair(user.username, same[0].login))
    return tuple(sorted(found, key=lambda pair: pair.username))
