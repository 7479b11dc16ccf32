"""Whether a person's status should say *In a meeting*, and what it gives back afterwards.

The status belongs to the person. Sekretar borrows it for the time of a meeting, remembers what was there with
its remaining time, and lets go at once when the person changes it by hand. All of that is decided here, from
values; reading and setting statuses is done elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

#: Meetings closer than this hand the status over without a gap.
BACK_TO_BACK = timedelta(minutes=1)

#: Mattermost ends a status by its own clock, which may be ahead of ours by so much.
SKEW = timedelta(minutes=1)

#: Statuses that say more than a meeting does and are never replaced.
UNTOUCHABLE_EMOJI = frozenset({"phone", "telephone_receiver", "telephone"})


@dataclass(frozen=True)
class Busy:
    """A meeting that counts: attended, not cancelled, not all day, not shown as free."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Shown:
    """A custom status as others see it. Without `expires_at` it stays until it is cleared."""

    emoji: str
    text: str
    expires_at: datetime | None = None

    def says_the_same_as(self, other: Shown) -> bool:
        return (self.emoji, self.text) == (other.emoji, other.text)


@dataclass(frozen=True)
class Held:
    """What Sekretar remembers while it has set a status."""

    status: Shown
    until: datetime
    earlier: Shown | None
    yielded: bool
    #: False while it is not certain that Mattermost has taken our status.
    applied: bool = True


@dataclass(frozen=True)
class Keep:
    """Everything is as it should be."""


@dataclass(frozen=True)
class Show:
    """Set the status until the moment, remembering the earlier one."""

    status: Shown
    until: datetime
    earlier: Shown | None


@dataclass(frozen=True)
class Restore:
    """The meeting is over: give the earlier status back, or clear ours."""

    earlier: Shown | None


@dataclass(frozen=True)
class Yield:
    """The person changed the status during the meeting: theirs stays."""


@dataclass(frozen=True)
class Forget:
    """Nothing is left to give back."""


Decision = Keep | Show | Restore | Yield | Forget


def busy_until(meetings: Iterable[Busy], now: datetime) -> datetime | None:
    """When the person is free again, or None when they are free now.

    Overlapping and back-to-back meetings count as one, so that the first to end does not clear the status.
    """
    until: datetime | None = None
    for meeting in sorted(meetings, key=lambda each: each.start):
        # One that has just ended may hand over to the next.
        if meeting.end + BACK_TO_BACK <= now or meeting.end <= meeting.start:
            continue
        reach = now if until is None else until + BACK_TO_BACK
        if meeting.start > reach:
            break
        until = max(until or meeting.end, meeting.end)
    return until if until is not None and until > now else None


def next_change(meetings: Iterable[Busy], now: datetime) -> datetime | None:
    """The next moment at which the answer of `busy_until` may become another one."""
    moments = [moment for each in meetings for moment in (each.start, each.end) if moment > now]
    return min(moments, default=None)


def decide(
    now: datetime, until: datetime | None, current: Shown | None, held: Held | None, ours: Shown
) -> Decision:
    """What to do about a person's status.

    Args:
        now: the moment of the decision.
        until: when their meeting ends; None when they are in none.
        current: the status others see now.
        held: what was remembered when Sekretar set a status; None when it has set none.
        ours: the text and emoji this person wants for meetings.
    """
    current = _unexpired(current, now)
    if held is None:
        return _begin(until, current, ours)
    if until is None:
        return _end(now, current, held)
    return _go_on(now, until, current, held, ours)


def _begin(until: datetime | None, current: Shown | None, ours: Shown) -> Decision:
    if until is None or (current is not None and current.emoji in UNTOUCHABLE_EMOJI):
        return Keep()
    earlier = None if current is not None and current.says_the_same_as(ours) else current
    return Show(ours, until, earlier)


def _go_on(now: datetime, until: datetime, current: Shown | None, held: Held, ours: Shown) -> Decision:
    if held.yielded:
        return Keep()
    if not held.applied and _same(current, _unexpired(held.earlier, now)):
        return Show(ours, until, held.earlier)
    expired_by_itself = current is None and now >= held.until
    if current is None and held.until - SKEW <= now < held.until:
        return Keep()
    if not expired_by_itself and not _same(current, held.status):
        return Yield()
    prolonged = not held.applied and _ends_early(current, until)
    if until != held.until or expired_by_itself or prolonged:
        return Show(ours, until, held.earlier)
    return Keep()


def _end(now: datetime, current: Shown | None, held: Held) -> Decision:
    if held.yielded:
        return Forget()
    expired_by_itself = current is None and now >= held.until
    if expired_by_itself or _same(current, held.status):
        return Restore(_unexpired(held.earlier, now))
    return Forget()


def _ends_early(current: Shown | None, until: datetime) -> bool:
    """Ours, with the end of a shorter meeting: when it was to be prolonged, Mattermost did not answer."""
    return (
        current is not None and current.expires_at is not None and current.expires_at < until - BACK_TO_BACK
    )


def _same(one: Shown | None, other: Shown | None) -> bool:
    return one is other if one is None or other is None else one.says_the_same_as(other)


def _unexpired(status: Shown | None, now: datetime) -> Shown | None:
    if status is None or (status.expires_at is not None and status.expires_at <= now):
        return None
    return status
