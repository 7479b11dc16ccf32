"""What one organisation of the sandboxed Tracker consists of: plain objects in memory, in one event loop."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sekretar.kernel.clock import Clock

Json = dict[str, Any]


@dataclass
class Limits:
    """Numbers that the service enforces; tests make them small enough to be reached."""

    #: Above this version an issue is locked for good (423).
    version: int = 10_100
    #: Rows that page mode reaches.
    page_rows: int = 10_000
    summary: int = 255
    scroll: timedelta = timedelta(seconds=60)
    file_bytes: int = 1024 * 1024 * 1024
    #: Fields that the screen of a closing transition requires.
    closing_screen: tuple[str, ...] = ("resolution",)


@dataclass(frozen=True)
class Entry:
    """An entry of a directory: a status, a priority, a type."""

    id: str
    key: str
    name: str
    #: For statuses: what kind of status it is.
    type: str = ""


def _entries(*rows: tuple[str, str, str] | tuple[str, str]) -> dict[str, Entry]:
    return {row[0]: Entry(str(number), *row) for number, row in enumerate(rows, 1)}


STATUSES = _entries(
    ("open", "Открыт", "new"),
    ("inProgress", "В работе", "inProgress"),
    ("needInfo", "Требуется информация", "paused"),
    ("closed", "Закрыт", "done"),
)
PRIORITIES = _entries(
    ("trivial", "Незначительный"),
    ("minor", "Низкий"),
    ("normal", "Средний"),
    ("critical", "Критичный"),
    ("blocker", "Блокер"),
)
TYPES = _entries(("bug", "Ошибка"), ("task", "Задача"), ("improvement", "Улучшение"))
RESOLUTIONS = _entries(("fixed", "Решен"), ("wontFix", "Не будет исправлено"), ("duplicate", "Дубликат"))
DIRECTORIES: Mapping[str, Mapping[str, Entry]] = {
    "statuses": STATUSES,
    "priorities": PRIORITIES,
    "issuetypes": TYPES,
    "resolutions": RESOLUTIONS,
}

#: Id of a transition → from which statuses, to which.
TRANSITIONS: Mapping[str, tuple[frozenset[str], str]] = {
    "start_progress": (frozenset({"open", "needInfo"}), "inProgress"),
    "need_info": (frozenset({"open", "inProgress"}), "needInfo"),
    "stop_progress": (frozenset({"inProgress"}), "open"),
    "close": (frozenset({"open", "inProgress", "needInfo"}), "closed"),
    "reopen": (frozenset({"closed"}), "open"),
}

#: Words of a link → its type, and the direction as the first issue shows it.
RELATIONSHIPS: Mapping[str, tuple[str, str]] = {
    "relates": ("relates", "outward"),
    "depends on": ("depends", "outward"),
    "is dependent by": ("depends", "inward"),
    "is subtask for": ("subtask", "outward"),
    "is parent task for": ("subtask", "inward"),
    "duplicates": ("duplicates", "outward"),
    "is duplicated by": ("duplicates", "inward"),
    "has epic": ("epic", "outward"),
    "is epic of": ("epic", "inward"),
}
LINK_TYPES: Mapping[str, tuple[str, str]] = {
    "relates": ("Relates", "Relates"),
    "depends": ("Blocker", "Depends on"),
    "subtask": ("Sub-issue", "Parent issue"),
    "duplicates": ("Duplicated by", "Duplicates"),
    "epic": ("Epic of", "Has epic"),
}

#: Global fields: id → type of its values, and whether it is a list of them.
FIELDS: Mapping[str, tuple[str, bool]] = {
    "summary": ("string", False),
    "description": ("string", False),
    "queue": ("queue", False),
    "status": ("status", False),
    "type": ("issuetype", False),
    "priority": ("priority", False),
    "resolution": ("resolution", False),
    "assignee": ("user", False),
    "followers": ("user", True),
    "tags": ("string", True),
    "parent": ("issue", False),
    "start": ("date", False),
    "deadline": ("date", False),
    "originalEstimation": ("timetracking", False),
    "emailFrom": ("string", False),
    "emailTo": ("string", True),
    "emailCc": ("string", True),
}


@dataclass
class User:
    uid: int
    login: str
    display: str
    email: str
    #: Without full access somebody reads and comments at most, and is nobody's assignee.
    licensed: bool = True
    dismissed: bool = False


@dataclass
class LocalField:
    """A field of one queue."""

    id: str
    key: str
    name: str
    type: str = "string"
    many: bool = False
    required: bool = False
    values: tuple[str, ...] = ()


@dataclass
class Queue:
    """A queue. Each right is a set of uids, None for everybody with full access."""

    id: int
    key: str
    name: str
    lead: int
    read: set[int] | None = None
    create: set[int] | None = None
    write: set[int] | None = None
    fields: list[LocalField] = field(default_factory=list)
    last: int = 0
    triggers: list[Json] = field(default_factory=list)


@dataclass
class Comment:
    id: int
    text: str
    by: int
    at: datetime
    updated: datetime
    files: list[str]
    version: int = 1
    email: bool = False


@dataclass
class File:
    id: str
    name: str
    mimetype: str
    content: bytes
    by: int
    at: datetime
    issue: str | None = None


@dataclass
class Entered:
    """An entry of the changelog; `changes` are field, before and after as they are stored."""

    id: str
    at: datetime
    by: int
    kind: str
    changes: list[tuple[str, Any, Any]]
    comments: list[int]


@dataclass
class Link:
    id: int
    type: str
    #: Ids of the issue whose direction is *outward*, and of the other one.
    outward: str
    inward: str
    by: int
    at: datetime


@dataclass
class Issue:
    id: str
    key: str
    queue: str
    #: Values as they are stored: keys of directory entries, uids, ids of issues, texts.
    values: Json
    by: int
    at: datetime
    updated_by: int
    updated: datetime
    status_since: datetime
    version: int = 1
    unique: str | None = None
    aliases: list[str] = field(default_factory=list)
    resolved: datetime | None = None
    comments: list[Comment] = field(default_factory=list)
    changelog: list[Entered] = field(default_factory=list)
    worklog: list[Json] = field(default_factory=list)
    checklist: list[Json] = field(default_factory=list)


class World:
    """One organisation."""

    def __init__(self, clock: Clock, limits: Limits) -> None:
        self.clock, self.limits = clock, limits
        #: The organisation's ids by header.
        self.organisation = {"X-Org-ID": "1", "X-Cloud-Org-ID": "bpf1"}
        self.tokens: dict[str, int] = {}
        self.users: dict[int, User] = {}
        self.queues: dict[str, Queue] = {}
        self.issues: dict[str, Issue] = {}
        self.uniques: dict[str, str] = {}
        self.files: dict[str, File] = {}
        self.links: list[Link] = []
        self.bulk: dict[str, Json] = {}
        self.scrolls: dict[str, tuple[datetime, list[str]]] = {}
        self._numbers = itertools.count(1)

    def now(self) -> datetime:
        """Times of the service are exact to the millisecond."""
        now = self.clock.now()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def number(self) -> int:
        return next(self._numbers)

    def hexadecimal(self) -> str:
        """An id in the form that the service gives to most things."""
        return f"{0x6054AE3A2B6B2C7F << 32 | self.number():024x}"[-24:]

    def issue(self, key: str) -> Issue | None:
        """By id, key or the key it had before it was moved."""
        if key in self.issues:
            return self.issues[key]
        return next((each for each in self.issues.values() if key in (each.key, *each.aliases)), None)

    def may(self, right: str, queue: Queue, user: User) -> bool:
        """Whether somebody has a right (`read`, `create`, `write`) in a queue."""
        holders: set[int] | None = getattr(queue, right)
        if right != "read" and not user.licensed:
            return False
        return user.uid in holders if holders is not None else True

    def field_of(self, queue: Queue, name: str) -> tuple[str, bool] | None:
        """Type and plurality of a field by its id."""
        if name in FIELDS:
            return FIELDS[name]
        return next(((each.type, each.many) for each in queue.fields if each.id == name), None)
