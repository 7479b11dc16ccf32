"""What `/task default …` asks for: whose default, which tracker, which project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sekretar.kernel.errors import PersonError
from sekretar.kernel.text import truncate
from sekretar.mattermost.parsing import fold, match
from sekretar.tickets.defaults import Scope

_SCOPES = (
    (Scope.PERSON, ("me", "я", "мне", "мой")),
    (Scope.CHANNEL, ("channel", "канал", "каналу", "канала")),
    (Scope.TEAM, ("team", "команда", "команде", "команды")),
)
_OFF = frozenset({"off", "none", "нет", "убрать", "сбросить"})
_QUOTED = 60


@dataclass(frozen=True)
class Wish:
    """What shall hold for a scope. Without a tracker nothing shall hold; `project` is as it was written."""

    scope: Scope
    tracker: str | None = None
    project: str = ""


def read_wish(words: Sequence[str], trackers: Sequence[str]) -> Wish | None:
    """What is asked for; None when somebody only wants to see what holds.

    `site`, `redmine site`, `channel redmine site`, `team off`. The tracker may be left out where there is only one.

    Raises:
        PersonError: no tracker is named, and there are several; or a scope without anything behind it.
    """
    if not words:
        return None
    place = match(words[0], [names for _, names in _SCOPES])
    scope = Scope.PERSON if place is None else _SCOPES[place][0]
    rest = list(words) if place is None else list(words[1:])
    known = {fold(each): each for each in trackers}
    if not rest:
        raise PersonError("tickets.default.what", known=", ".join(trackers))
    if len(rest) == 1 and fold(rest[0]) in _OFF:
        return Wish(scope)
    if (tracker := known.get(fold(rest[0]))) is not None:
        return Wish(scope, tracker, " ".join(rest[1:]))
    if len(trackers) == 1:
        return Wish(scope, trackers[0], " ".join(rest))
    given = truncate(rest[0], _QUOTED)
    raise PersonError("tickets.tracker.unknown", given=given, known=", ".join(trackers))
