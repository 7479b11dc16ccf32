"""When the administrator is told of a trouble: a pure decision over what was said before and what is seen now.

A trouble that passes within its patience is told to nobody. One that stays is told once, and again after hours. Its
end is told when it has held for a while, and for longer each time the trouble has come back: so a mailbox that is
there and away every few minutes is one trouble and not fifty messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sekretar.dispatch.assets.registry.report import Remark

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

#: A trouble that became another one is told again, but not sooner than this.
CHANGE_PAUSE = 15 * _MINUTE
#: How long an end has to hold before it is told, and the most of it after many returns.
STEADY, LONGEST_STEADY = 5 * _MINUTE, 2 * _HOUR
#: A trouble that comes back within this time has returned; later it is a new one.
MEMORY = 6 * _HOUR


class Kind(StrEnum):
    """What can be wrong. The first word is what it is about."""

    MAILBOX_DOWN = "mailbox.down"
    MAILBOX_TLS = "mailbox.tls"
    MAILBOX_REFUSED = "mailbox.refused"
    MAILBOX_LIMITED = "mailbox.limited"
    MAILBOX_NO_FOLDER = "mailbox.no_folder"
    MAILBOX_ODD = "mailbox.odd"
    #: Letters out that the mail server does not take.
    SENDING = "sending.stuck"
    #: Letters of which nothing could be made, until somebody has dealt with them.
    UNREADABLE = "letters.unreadable"
    POLES = "poles.old"
    STATIONS = "stations.old"
    CONTRACTORS = "contractors.old"
    #: The tracker that shows the incidents too.
    TRACKER = "tracker.down"
    TRACKER_REFUSED = "tracker.refused"
    TRACKER_ODD = "tracker.odd"
    #: No backup could be made.
    BACKUP = "backup.failed"
    #: The days off of a year are not known.
    CALENDAR_YEAR = "calendar.year"
    #: There are no working hours at all.
    CALENDAR_CLOSED = "calendar.closed"

    @property
    def about(self) -> str:
        """The first word."""
        return self.value.partition(".")[0]

    @property
    def patience(self) -> timedelta:
        """How long it may last without anybody being told."""
        return _PATIENCE.get(self, timedelta())

    def silence(self, said: int) -> timedelta:
        """How long after so many messages it is told again."""
        if self.about == "calendar":
            return 7 * _DAY
        return 4 * _HOUR if said < 2 else _DAY


_PATIENCE = {
    Kind.MAILBOX_DOWN: 5 * _MINUTE,
    Kind.MAILBOX_LIMITED: 30 * _MINUTE,
    Kind.TRACKER: 10 * _MINUTE,
}


@dataclass(frozen=True)
class Trouble:
    """Something is wrong now.

    Attributes:
        subject: What it is about, one of its kind at a desk, such as `mailbox:desk@example.org`.
        name: What people call it; also in the message that it is over.
        since: When it was met first.
        detail: In the words of a server, or ours.
        params: What else belongs into its text.
        mark: Differs when it is another trouble than before, though of the same kind.
    """

    subject: str
    kind: Kind
    since: datetime
    name: str = ""
    detail: str | Remark = ""
    params: Mapping[str, str | int] = field(default_factory=dict)
    mark: str = ""

    @property
    def sort(self) -> str:
        """What tells it from another trouble about the same."""
        return f"{self.kind.value} {self.mark}".rstrip()


@dataclass(frozen=True)
class Watched:
    """Something that can be in trouble, and whether it is. `known` is False where that cannot be told now."""

    subject: str
    trouble: Trouble | None = None
    known: bool = True


@dataclass(frozen=True)
class Standing:
    """What is remembered of a trouble.

    Attributes:
        sort: That of the trouble that was told last, or of the present one while nothing was told.
        name: That of the trouble.
        said: How many messages there were.
        clear_since: It is seen no more since then; None while it is.
        over_at: When its end was told; None until then.
        returns: How often it came back.
    """

    sort: str
    name: str
    since: datetime
    told_at: datetime | None = None
    said: int = 0
    clear_since: datetime | None = None
    over_at: datetime | None = None
    returns: int = 0


class Word(StrEnum):
    """What is said."""

    BEGAN = "began"
    CHANGED = "changed"
    STILL = "still"
    OVER = "over"


@dataclass(frozen=True)
class Verdict:
    """What to say and to remember (None: nothing), and when to look again at the latest.

    `standing` is how it is when the word was said, `unsaid` how it is when that could not be done.
    """

    standing: Standing | None
    say: Word | None = None
    look_at: datetime | None = None
    unsaid: Standing | None = None


def judge(known: Standing | None, seen: Trouble | None, now: datetime) -> Verdict:
    """What follows for one subject."""
    if known is not None and known.over_at is not None and now - known.over_at >= MEMORY:
        known = None
    if seen is None:
        return _clear(known, now) if known is not None else Verdict(None)
    return _in_trouble(_continued(known, seen), seen, now)


def _continued(known: Standing | None, seen: Trouble) -> Standing:
    if known is None:
        return Standing(seen.sort, seen.name, seen.since)
    if known.over_at is not None:
        return Standing(seen.sort, seen.name, seen.since, returns=known.returns + 1)
    if known.clear_since is not None:
        return replace(known, clear_since=None, returns=known.returns + 1)
    return known


def _in_trouble(standing: Standing, seen: Trouble, now: datetime) -> Verdict:
    if standing.told_at is None:
        standing = replace(standing, sort=seen.sort, name=seen.name)
        word, due = Word.BEGAN, standing.since + seen.kind.patience
    elif standing.sort != seen.sort:
        word, due = Word.CHANGED, standing.told_at + CHANGE_PAUSE
    else:
        word, due = Word.STILL, standing.told_at + seen.kind.silence(standing.said)
    if now < due:
        return Verdict(standing, look_at=due)
    told = replace(standing, sort=seen.sort, name=seen.name, told_at=now, said=standing.said + 1)
    return Verdict(told, word, now + seen.kind.silence(told.said), unsaid=standing)


def _clear(known: Standing, now: datetime) -> Verdict:
    if known.over_at is not None:
        return Verdict(known, look_at=known.over_at + MEMORY)
    if known.told_at is None:
        return Verdict(None)
    standing = replace(known, clear_since=known.clear_since or now)
    assert standing.clear_since is not None
    due = standing.clear_since + min(STEADY * 2 ** min(known.returns, 10), LONGEST_STEADY)
    if now < due:
        return Verdict(standing, look_at=due)
    over = replace(standing, over_at=now, said=standing.said + 1)
    return Verdict(over, Word.OVER, now + MEMORY, unsaid=standing)
