"""How a letter that no person wrote is known, so that it never gets an automatic answer (RFC 3834).

The signs are a table: a header, what its value must be, and what that says. Only what the letter itself tells is
judged here; whether the sender is the desk, or the letter is one of its own come back, is for whoever knows the desk.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from sekretar.dispatch.mail.headers import Headers
from sekretar.dispatch.mail.letter import Address, Machine, MachineSign, TrackerMark

#: Headers by which programs know their own letters again.
LOOP_HEADERS: Final = ("x-loop", "x-rt-loop-prevention")

_DAEMONS: Final = ("mailer-daemon", "postmaster")
_SUPPRESSIONS = re.compile(r"\b(?:all|autoreply|dr|oof)\b", re.IGNORECASE)
_SUBJECTS = re.compile(
    r"(?:автоматический ответ|автоответ(?:чик)?|automatic reply|auto(?:matic)?[- ]?(?:reply|response)"
    r"|out of (?:the )?office"
    r"|вне офиса|я в отпуске|нет на рабочем месте)\b",
    re.IGNORECASE,
)
_TRACKER_HEADERS: Final = (
    "x-tracker-issue-key",
    "x-tracker-comment-id",
    "x-yandex-tracker-mail-type",
    "x-yandex-tracker-env",
)
_ISSUE_KEY = re.compile(r"\b[A-Z][A-Z0-9]{0,20}-\d{1,10}\b")

_NUMBER = re.compile(r"[1-9]\d{0,9}", re.ASCII)

_Test = Callable[[str], bool]


def _keyword(value: str) -> str:
    """The first word of a value, without comments and parameters, in lower case."""
    return re.split(r"[;(\s]", value.strip().lower(), maxsplit=1)[0]


def _is_not_no(value: str) -> bool:
    return _keyword(value) not in {"", "no"}


def _is_present(value: str) -> bool:
    return bool(value)


def _is_true(value: str) -> bool:
    return _keyword(value) == "true"


def _is_bulk(value: str) -> bool:
    return _keyword(value).replace("-", "_") in {"bulk", "junk", "list", "auto_reply"}


def _is_empty_path(value: str) -> bool:
    return value.replace(" ", "") == "<>"


def _suppresses(value: str) -> bool:
    return _SUPPRESSIONS.search(value) is not None


def _is_autoresponder(value: str) -> bool:
    return value.strip("<> ").lower().partition("@")[0] == "autoresponder"


#: In this order: what says more stands before what says less.
_SIGNS: Final[tuple[tuple[str, _Test, MachineSign], ...]] = (
    ("x-autoreply", _is_not_no, MachineSign.AUTORESPONDER),
    ("x-autorespond", _is_not_no, MachineSign.AUTORESPONDER),
    ("x-autoresponder", _is_not_no, MachineSign.AUTORESPONDER),
    ("auto-submitted", _is_not_no, MachineSign.AUTO_SUBMITTED),
    ("return-path", _is_empty_path, MachineSign.EMPTY_ENVELOPE),
    ("delivered-to", _is_autoresponder, MachineSign.AUTORESPONDER),
    ("x-fc-machinegenerated", _is_true, MachineSign.GENERATED),
    ("precedence", _is_bulk, MachineSign.PRECEDENCE),
    ("x-precedence", _is_bulk, MachineSign.PRECEDENCE),
    ("list-id", _is_present, MachineSign.LIST),
    ("list-unsubscribe", _is_present, MachineSign.LIST),
    ("list-post", _is_present, MachineSign.LIST),
    ("x-auto-response-suppress", _suppresses, MachineSign.SUPPRESSION),
)

_REPORTS: Final = {
    "disposition-notification": MachineSign.RECEIPT,
    "delivery-status": MachineSign.BOUNCE,
}
#: Signs that answers by programs have and other letters by programs, too.
_OF_RESPONDERS: Final = frozenset(
    {MachineSign.AUTO_SUBMITTED, MachineSign.EMPTY_ENVELOPE, MachineSign.SUPPRESSION}
)


def machine_of(headers: Headers, report_type: str | None, sender: Address, subject: str) -> Machine | None:
    """The strongest sign that a machine has sent the letter; None for a person's.

    Args:
        headers: Of the letter.
        report_type: In small letters, of the report that it is (`multipart/report`); None when it is none.
        sender: Of the letter.
        subject: Of the letter.
    """
    found = _report(report_type) or _first_sign(headers) or _by_sender(sender)
    if _SUBJECTS.match(subject) is None:
        return found
    if found is None:
        return Machine(MachineSign.SUBJECT, "Subject", subject)
    # Exchange says only in the subject that what it has sent of its own accord is an answer.
    return Machine(MachineSign.AUTORESPONDER, "Subject", subject) if found.sign in _OF_RESPONDERS else found


def _report(report_type: str | None) -> Machine | None:
    if report_type is None:
        return None
    return Machine(_REPORTS.get(report_type, MachineSign.GENERATED), "Content-Type", report_type)


def _first_sign(headers: Headers) -> Machine | None:
    for name, test, sign in _SIGNS:
        for value in headers.plain_all(name):
            if test(value):
                return Machine(sign, name.title(), value[:200])
    return None


def _by_sender(sender: Address) -> Machine | None:
    if not sender.address:
        return Machine(MachineSign.NO_SENDER, "From", "")
    if sender.key.partition("@")[0] in _DAEMONS:
        return Machine(MachineSign.SENDER, "From", sender.address)
    return None


def loop_marks(headers: Headers) -> tuple[str, ...]:
    """What programs have put into the letter to know it again."""
    return tuple(value for name in LOOP_HEADERS for value in headers.plain_all(name) if value)


def tracker_mark(headers: Headers, subject: str) -> TrackerMark | None:
    """The issue about which Yandex Tracker or Redmine sent the letter; None if it did not."""
    number, project = headers.plain("x-redmine-issue-id"), headers.plain("x-redmine-project")
    if project and _NUMBER.fullmatch(number):
        return TrackerMark(number, "", project)
    if not any(name in headers for name in _TRACKER_HEADERS):
        return None
    key = headers.plain("x-tracker-issue-key")
    found = _ISSUE_KEY.search(key) or _ISSUE_KEY.search(subject)
    return TrackerMark(found[0], headers.plain("x-tracker-comment-id")) if found else None
