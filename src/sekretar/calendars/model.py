"""What is stored of people's calendars.

Everything hangs on one account of one person, and is deleted with it: account → calendar → object (one file
on the server) → occurrence (one meeting at one time) → reminder. Nothing is keyed by a UID alone, because two
invitees of one meeting are two people.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import ForeignKey, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.kernel.database import Base, BigId, Json, Secret, UtcDateTime

#: SQLite would give the number of a deleted row to the next one. Buttons and looks under way name accounts and
#: calendars by number, and must not meet another one under it.
_NEVER_REUSED = {"sqlite_autoincrement": True}

#: SQLite takes no more than 32,766 values in one statement.
_MOST_VALUES = 500

T = TypeVar("T")


class AccountState(StrEnum):
    """How an account stands with its server."""

    #: Synced as usual; a server that is down does not change that.
    ACTIVE = "active"
    #: The server refused the password several times: the person was told, nothing was deleted.
    ATTENTION = "attention"


class Trouble(StrEnum):
    """Why an account could not be read the last time, in terms of what a person can do about it."""

    PASSWORD = "password"  # noqa: S105 - the name of a trouble
    FORBIDDEN = "forbidden"
    GONE = "gone"
    DOWN = "down"
    LIMITED = "limited"
    BROKEN = "broken"


class CalendarAccount(Base):
    """One login on one calendar server, owned by one person."""

    __tablename__ = "calendar_accounts"
    __table_args__ = (UniqueConstraint("person_id", "home_url", "login"), _NEVER_REUSED)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("people.id", ondelete="CASCADE"))
    provider: Mapped[str] = mapped_column(Text)
    #: What the person typed; empty for a provider with a fixed address.
    address: Mapped[str] = mapped_column(Text)
    #: Name of the server profile, see `caldav.providers`.
    profile: Mapped[str] = mapped_column(Text)
    login: Mapped[str] = mapped_column(Text)
    password: Mapped[str] = mapped_column(Secret)
    home_url: Mapped[str] = mapped_column(Text)
    #: The person's own addresses, lower case: they find the person among the attendees. Those that the server tells
    #: come first.
    addresses: Mapped[list[str]] = mapped_column(Json)
    #: Those of them that only the person has named, see `accounts.own_addresses`.
    named_addresses: Mapped[list[str]] = mapped_column(Json, default=list)
    #: The person's time zone when the meetings were last read: floating times are moments of it.
    zone: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(Text)
    #: Failed looks in a row, and how many of them were refusals of the password.
    failures: Mapped[int] = mapped_column(default=0)
    refusals: Mapped[int] = mapped_column(default=0)
    #: Why the last look failed, as a word of `Trouble`; empty when it did not.
    trouble: Mapped[str] = mapped_column(Text, default="")
    synced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: When the server was last asked which calendars there are; None: ask at the next look.
    listed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: What the server answered about all calendars when everything had been read, hashed; empty when something
    #: is not settled. Until `calm_until` the same answer means that nothing has changed.
    calm_answer: Mapped[str] = mapped_column(Text, default="")
    calm_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_sync_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Calendar(Base):
    """One collection of events on the server, with what is known of its state there."""

    __tablename__ = "calendars"
    __table_args__ = (UniqueConstraint("account_id", "href"), _NEVER_REUSED)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[int] = mapped_column(BigId, ForeignKey("calendar_accounts.id", ondelete="CASCADE"))
    href: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    colour: Mapped[str] = mapped_column(Text, default="")
    #: Whether the person wants to see this calendar; one that is not wanted is not synced.
    chosen: Mapped[bool]
    #: Whether meetings can be put here. Yes until the server says otherwise or refuses one.
    writable: Mapped[bool] = mapped_column(default=True)
    #: What the person wants of its meetings: reminders, a place in the digest, news of changes, a status while they
    #: last, and that they take time which others may not have.
    reminds: Mapped[bool] = mapped_column(default=True)
    in_digest: Mapped[bool] = mapped_column(default=True)
    tells: Mapped[bool] = mapped_column(default=True)
    shows_presence: Mapped[bool] = mapped_column(default=True)
    takes_time: Mapped[bool] = mapped_column(default=True)
    #: Whether other features hear when its meetings end.
    follows_up: Mapped[bool] = mapped_column(default=True)
    #: New meetings are put here unless another calendar is named; at most one of a person's is.
    preferred: Mapped[bool] = mapped_column(default=False)
    ctag: Mapped[str | None] = mapped_column(Text)
    sync_token: Mapped[str | None] = mapped_column(Text)
    #: The rung of the sync ladder (`caldav.Trust`) that is trusted here; observation only lowers it.
    trust: Mapped[int]
    #: When an etag listing last confirmed what the server's marks claim.
    verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: When the first complete look was applied; before that nothing is announced.
    loaded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AskedRefresh(Base):
    """That a person wants an account looked at now, and what came of it; the last time only."""

    __tablename__ = "calendar_refreshes"

    account_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("calendar_accounts.id", ondelete="CASCADE"), primary_key=True
    )
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: What a person would call a change, seen since.
    changes: Mapped[int] = mapped_column(default=0)
    #: When a look that began since has ended.
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: When the person was told.
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ChangedAddresses(Base):
    """That the person of an account has other addresses: the meetings in which these stand are to be read again."""

    __tablename__ = "calendar_changed_addresses"

    account_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("calendar_accounts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    #: Those that came or went, in order.
    addresses: Mapped[list[str]] = mapped_column(Json)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CalendarObject(Base):
    """One resource of a calendar: a meeting, or a series with its exceptions."""

    __tablename__ = "calendar_objects"
    __table_args__ = (UniqueConstraint("calendar_id", "href"), _NEVER_REUSED)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    calendar_id: Mapped[int] = mapped_column(BigId, ForeignKey("calendars.id", ondelete="CASCADE"))
    href: Mapped[str] = mapped_column(Text)
    etag: Mapped[str] = mapped_column(Text)
    #: The iCalendar text, compressed: a series is expanded again when the horizon moves.
    data: Mapped[bytes] = mapped_column(LargeBinary)
    #: How far a series has been expanded; empty for a single meeting.
    expanded_until: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)


class StoredOccurrence(Base):
    """One meeting at one time, as it is shown, reminded of and compared."""

    __tablename__ = "occurrences"
    __table_args__ = (
        UniqueConstraint("object_id", "uid", "recurrence_id"),
        Index("ix_occurrences_person_id_starts_at_ends_at", "person_id", "starts_at", "ends_at"),
        Index("ix_occurrences_ends_at_id", "ends_at", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    object_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("calendar_objects.id", ondelete="CASCADE"), index=True
    )
    calendar_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("calendars.id", ondelete="CASCADE"), index=True
    )
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("people.id", ondelete="CASCADE"))
    uid: Mapped[str] = mapped_column(Text)
    #: RECURRENCE-ID in UTC, as text; empty for a meeting that does not repeat.
    recurrence_id: Mapped[str] = mapped_column(Text)
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    all_day: Mapped[bool]
    title: Mapped[str] = mapped_column(Text)
    place: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    organizer: Mapped[dict[str, Any] | None] = mapped_column(Json)
    attendees: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    #: The person's own answer (PARTSTAT); empty where they are not an attendee.
    answer: Mapped[str] = mapped_column(Text)
    cancelled: Mapped[bool]
    transparent: Mapped[bool]
    join_url: Mapped[str] = mapped_column(Text)
    join_service: Mapped[str] = mapped_column(Text)
    #: The alarms of the event that come before its start or with it, in minutes before it; of whole days also those
    #: of the first day, negative.
    alarms: Mapped[list[int]] = mapped_column(Json, default=list)
    #: Hash of what a person can see: only when it differs has the meeting changed.
    fingerprint: Mapped[str] = mapped_column(Text)


class Reminder(Base):
    """A reminder that is due before one occurrence; it stays as the mark that it was given."""

    __tablename__ = "reminders"
    __table_args__ = (
        UniqueConstraint("occurrence_id", "minutes"),
        Index("ix_reminders_given_at_due_at", "given_at", "due_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    occurrence_id: Mapped[int] = mapped_column(BigId, ForeignKey("occurrences.id", ondelete="CASCADE"))
    #: How long before the start; negative for one that the person has put off until after it, and on a whole day.
    minutes: Mapped[int]
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    given_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: Asked for by a button: other wishes about reminders do not touch it.
    snoozed: Mapped[bool] = mapped_column(default=False)


class MorningDigest(Base):
    """When a person's next digest is due, and how far they have had theirs."""

    __tablename__ = "digests"

    person_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("people.id", ondelete="CASCADE"), primary_key=True
    )
    #: None for those who want no digest.
    next_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    #: The last day, of the person's own calendar, that was told, or of which there was nothing to tell.
    last_day: Mapped[date | None]
    #: The first digest has told where it comes from.
    introduced: Mapped[bool] = mapped_column(default=False)


class Presence(Base):
    """A status that Sekretar has set for a person, and what it has to give back."""

    __tablename__ = "presences"

    person_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("people.id", ondelete="CASCADE"), primary_key=True
    )
    #: When the meeting that the status stands for ends.
    until: Mapped[datetime] = mapped_column(UtcDateTime)
    emoji: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    #: The earlier status in Mattermost's own form; empty when there was none.
    earlier: Mapped[dict[str, Any] | None] = mapped_column(Json)
    #: The person changed the status during the meeting: theirs stays.
    yielded: Mapped[bool] = mapped_column(default=False)
    #: False from before Mattermost is asked, for our status or for the earlier one, until it has answered.
    applied: Mapped[bool] = mapped_column(default=False)


class QuietTime(Base):
    """*Do not disturb* that Sekretar has set for a person."""

    __tablename__ = "quiet_times"

    person_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("people.id", ondelete="CASCADE"), primary_key=True
    )
    until: Mapped[datetime] = mapped_column(UtcDateTime)
    #: What the status was before, in Mattermost's word.
    earlier: Mapped[str] = mapped_column(Text)
    #: The person changed the status during the meeting: theirs stays.
    yielded: Mapped[bool] = mapped_column(default=False)


class EndedMeeting(Base):
    """That the end of a meeting was told; one that is prolonged afterwards does not end again."""

    __tablename__ = "ended_meetings"

    person_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("people.id", ondelete="CASCADE"), primary_key=True
    )
    uid: Mapped[str] = mapped_column(Text, primary_key=True)
    recurrence_id: Mapped[str] = mapped_column(Text, primary_key=True)
    told_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class EndsTold(Base):
    """How far the ends of meetings were told, in the order of `ends_at` and id; one row."""

    __tablename__ = "meeting_ends_told"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    until: Mapped[datetime] = mapped_column(UtcDateTime)
    occurrence_id: Mapped[int] = mapped_column(BigId)


def portions(values: Sequence[T], size: int = _MOST_VALUES) -> Iterator[Sequence[T]]:
    """The values in portions that one statement can name."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
