"""What a calendar server holds, as values: nothing here knows how it was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """Login and (app) password of one account."""

    login: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Marks:
    """What a calendar says about its own state; unmoved marks suggest that nothing changed."""

    ctag: str | None = None
    token: str | None = None

    def unmoved_since(self, earlier: Marks) -> bool:
        """Whether every mark known on both sides is the same, and at least one is known on both."""
        pairs = [(self.ctag, earlier.ctag), (self.token, earlier.token)]
        known = [(new, old) for new, old in pairs if new is not None and old is not None]
        return bool(known) and all(new == old for new, old in known)


@dataclass(frozen=True, slots=True)
class Home:
    """What a home says of its calendars. `digest` is the same only when every byte of the answer was."""

    digest: str
    #: The marks of every collection by the key of its href.
    marks: Callable[[], Mapping[str, Marks]]


@dataclass(frozen=True, slots=True)
class RemoteCalendar:
    """A collection of events."""

    #: Its absolute address; the path part is what the server wrote.
    href: str
    name: str
    #: `#rrggbb`, when the server says one.
    colour: str | None
    marks: Marks
    #: VEVENT and whatever else it accepts; empty when the server does not say.
    components: frozenset[str]
    #: Whether objects may be put there (RFC 3744 §5.4); None when the server does not say.
    writable: bool | None
    #: Events here do not make a person busy (RFC 6638 §9.1).
    transparent: bool
    #: Local names, for example `sync-collection`.
    reports: frozenset[str]

    @property
    def ctag(self) -> str | None:
        return self.marks.ctag

    @property
    def sync_token(self) -> str | None:
        return self.marks.token


@dataclass(frozen=True, slots=True)
class RemoteObject:
    """One resource with its text."""

    #: The path as the server wrote it.
    href: str
    #: None where the server keeps it to itself.
    etag: str | None
    data: str


@dataclass(frozen=True, slots=True)
class Listing:
    """The resources of a calendar with their etags (None where the server omits one)."""

    etags: Mapping[str, str | None]
    #: False when the server admitted that something is missing; then absence means nothing.
    complete: bool


@dataclass(frozen=True, slots=True)
class Fetched:
    """The answer to a multiget."""

    objects: tuple[RemoteObject, ...]
    #: Asked for, and the server says they do not exist.
    missing: frozenset[str] = frozenset()
    #: Asked for and not delivered for another reason, or not mentioned at all.
    failed: frozenset[str] = frozenset()
    #: Larger than Sekretar holds in memory, or unreadable as XML even alone; asking again will not help.
    unusable: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Delta:
    """What sync-collection says has changed since a token."""

    changed: Mapping[str, str | None]
    deleted: frozenset[str]
    #: The token that stands for this state; None when the server forgot to give one.
    token: str | None
    #: More is to come: ask again with the new token (RFC 6578 §3.6).
    truncated: bool = False
    complete: bool = True


@dataclass(frozen=True, slots=True)
class TokenRejected:
    """The server no longer knows the token; a listing tells the state."""


@dataclass(frozen=True, slots=True)
class TooMuch:
    """The server finds the answer too large (507); a listing tells the state."""
