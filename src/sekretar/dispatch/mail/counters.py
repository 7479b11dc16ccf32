"""Whom a program may write to: what keeps two programs from writing to each other for ever (RFC 3834).

A person who presses a button may write to anybody. What Sekretar sends by itself goes to people only, and not without
end: there are limits for one incident and recipient, and for a recipient over all incidents. When one is reached,
nothing is sent until somebody at the desk says that it may go on, or the time of the limit has passed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sekretar.dispatch.mail.letter import ParsedLetter

_NO_REPLY = re.compile(
    r"(?:mailer-daemon|postmaster|abuse|root|no[-_.]?reply|do[-_.]?not[-_.]?reply|bounces?)(?:[.+=-].*)?@.*",
    re.IGNORECASE,
)

#: Of a refusal (RFC 3463): 5.1.x is about the address, 5.2.x about the mailbox behind it.
_STATUS = re.compile(r"\b5\.(?P<subject>\d)\.\d{1,3}\b")

#: Letters older than this are not answered by a program: whoever wrote them does not wait for it any more.
OLDEST: Final = timedelta(hours=12)
#: So long nothing is sent by a program to an address that a letter could not be delivered to.
UNDELIVERABLE_FOR: Final = timedelta(days=60)


class Silence(StrEnum):
    """Why a program does not write."""

    #: The letter is a machine's.
    MACHINE = "machine"
    #: The address is nobody's to read.
    NO_REPLY = "no_reply"
    #: It is one of the desk's own.
    OWN = "own"
    #: The desk was only in the blind copy.
    BLIND_COPY = "blind_copy"
    OLD = "old"
    #: Letters to this address came back lately.
    UNDELIVERABLE = "undeliverable"
    #: The address cannot be written to.
    NO_ADDRESS = "no_address"
    #: Too many letters by programs already.
    LIMIT = "limit"


@dataclass(frozen=True)
class Limit:
    """No more than so many letters by programs in this time."""

    letters: int
    within: timedelta


def _limit(letters: int, minutes: int) -> Limit:
    return Limit(letters, timedelta(minutes=minutes))


#: Those of Zammad, for one incident and recipient and for a recipient over all.
LIMITS: Final = (_limit(10, 10), _limit(15, 30), _limit(25, 60), _limit(50, 180), _limit(100, 600))
#: What was sent before this no limit asks for.
LONGEST: Final = max(limit.within for limit in LIMITS)


def is_no_reply(address: str) -> bool:
    """Whether nobody reads what comes to this address, by its name."""
    return _NO_REPLY.fullmatch(address.strip()) is not None


def is_bad_address(reply: str) -> bool:
    """Whether the answer of a mail server says that there is no such address, not that it dislikes the letter."""
    status = _STATUS.search(reply)
    if status is not None:
        return status["subject"] in ("1", "2")
    return reply.startswith(("550", "551", "553"))


def reached(sent: Sequence[datetime], now: datetime, limits: Sequence[Limit] = LIMITS) -> Limit | None:
    """The first limit that does not let another letter through; None when it may be sent."""
    for limit in limits:
        if sum(1 for moment in sent if now - limit.within < moment <= now) >= limit.letters:
            return limit
    return None


def silence_to(address: str, own: Collection[str]) -> Silence | None:
    """Why no program writes to this address, whatever the reason to write."""
    if not address:
        return Silence.NO_ADDRESS
    if address.casefold() in own:
        return Silence.OWN
    return Silence.NO_REPLY if is_no_reply(address) else None


def silence_about(
    letter: ParsedLetter, received_at: datetime, own: Collection[str], now: datetime
) -> Silence | None:
    """Why no program answers this letter; None when it may.

    Args:
        own: Every address that leads to a desk, in small letters.
    """
    if letter.machine is not None or letter.bounce is not None or letter.receipt is not None:
        return Silence.MACHINE
    if letter.sender.key in own or letter.applicant.key in own:
        return Silence.OWN
    refusal = silence_to(letter.applicant.address, own)
    if refusal is not None:
        return refusal
    if not any(each.key in own for each in letter.recipients):
        return Silence.BLIND_COPY
    return Silence.OLD if now - received_at > OLDEST else None
