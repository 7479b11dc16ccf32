"""Whether somebody has time, as values: what takes it, who says so, and what whoever asks may see of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Busy:
    """A stretch of time that is taken."""

    start: datetime
    end: datetime
    #: Only perhaps: an invitation without an answer, or a *maybe*.
    tentative: bool = False
    whole_days: bool = False
    #: What takes it. Empty unless the person lets others see it.
    title: str = ""


class Standing(StrEnum):
    """Whether somebody has time. Unknown where nobody who knows their calendar can be asked."""

    FREE = "free"
    TENTATIVE = "tentative"
    BUSY = "busy"
    UNKNOWN = "unknown"


class Source(StrEnum):
    """Who knows somebody's time."""

    #: Their calendars are connected, read, and can still be read.
    STORED = "stored"
    #: The calendar server of whoever asks has answered for them.
    SERVER = "server"
    #: Nobody. What is known of them all the same may be a part of it.
    NOBODY = "nobody"


@dataclass(frozen=True)
class GuestTime:
    """How a guest stands at the time of a meeting."""

    standing: Standing
    source: Source = Source.NOBODY
    #: Where the person is, when the meeting lies outside their working hours; None when it does not.
    off_hours: ZoneInfo | None = None
    #: What keeps them busy, as far as they let others see it.
    seen: tuple[Busy, ...] = ()


def standing(taken: Sequence[Busy], source: Source) -> Standing:
    """How somebody stands of whom this takes the time that is asked about."""
    if any(not each.tentative for each in taken):
        return Standing.BUSY
    if taken:
        return Standing.TENTATIVE
    return Standing.UNKNOWN if source is Source.NOBODY else Standing.FREE


def within(taken: Sequence[Busy], start: datetime, end: datetime) -> list[Busy]:
    """What takes some of the time."""
    return [each for each in taken if each.start < end and each.end > start]
