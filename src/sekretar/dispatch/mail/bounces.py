"""Notices about the delivery of the desk's own letters: which letter, which recipient, what happened.

RFC 3464 says how such a notice is written, and half of the mail servers write it. For the others the id of the letter
is looked for in what they send back of it, and the code of the failure in their words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise
from typing import Final

from sekretar.dispatch.mail.fields import ids_in, message_id, read_addresses, references
from sekretar.dispatch.mail.headers import Headers, read_headers
from sekretar.dispatch.mail.letter import (
    Address,
    Bounce,
    BouncedRecipient,
    BounceReason,
    DeliveryAction,
    Receipt,
)
from sekretar.dispatch.mail.remarks import Remarks
from sekretar.dispatch.mail.tree import Part

_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.])(4[0-5]\d|5[0-5]\d)(?=[ -])")
_ID_LINE = re.compile(
    r"^[> \t]*Message-ID:[ \t]*(?:\n[ \t]+)?(<[^<>\s]{1,500}>)", re.IGNORECASE | re.MULTILINE
)
#: Nobody writes letters as this one; behind the other one there may be a person.
_DAEMON, _POSTMASTER = "mailer-daemon", "postmaster"
_SUBJECT = re.compile(
    r"undeliver(?:ed|able)|delivery (?:status notification|failure|(?:has )?failed|delayed)|returned mail"
    r"|mail delivery|failure notice|non-?deliver|not be delivered|delayed mail|warning: message"
    r"|не (?:был[ао]? |может быть )?доставлен|недостав(?:лен|ляем)|не уда(?:лось|[её]тся) доставить"
    r"|(?:ошибка|сбой) доставки|невозможно доставить",
    re.IGNORECASE,
)
_DELAY_WORDS = re.compile(
    r"delayed|still being retried|will (?:be retried|retry|keep trying|continue)|warning message only"
    r"|попытки будут продолжены|задерж",
    re.IGNORECASE,
)
_STATUS_PARTS: Final = {"message/delivery-status", "message/global-delivery-status"}
_FAILED_RECIPIENTS: Final = "x-failed-recipients"
_MOST_RECIPIENTS: Final = 100
_DIAGNOSTIC: Final = 500
_EXAMINED: Final = 64 * 1024
#: Of a report, which may name many recipients.
_MOST_TOLD: Final = 1024 * 1024

_REASONS: Final = {
    "1.0": BounceReason.UNKNOWN_ADDRESS,
    "1.1": BounceReason.UNKNOWN_ADDRESS,
    "1.3": BounceReason.UNKNOWN_ADDRESS,
    "1.6": BounceReason.UNKNOWN_ADDRESS,
    "1.10": BounceReason.UNKNOWN_ADDRESS,
    "1.2": BounceReason.UNKNOWN_DOMAIN,
    "4.4": BounceReason.UNKNOWN_DOMAIN,
    "2.1": BounceReason.MAILBOX_CLOSED,
    "2.2": BounceReason.MAILBOX_FULL,
    "2.3": BounceReason.TOO_LARGE,
    "3.4": BounceReason.TOO_LARGE,
    "4.1": BounceReason.UNREACHABLE,
    "4.2": BounceReason.UNREACHABLE,
    "4.7": BounceReason.UNREACHABLE,
}
_REASON_WORDS: Final = (
    (
        BounceReason.UNKNOWN_ADDRESS,
        re.compile(
            r"no such (?:user|recipient|mailbox|person)"
            r"|(?:user|recipient|mailbox|address)(?: is)? (?:unknown|not found)"
            r"|(?:unknown|invalid) (?:user|recipient|mailbox|address)|(?:does not|doesn't) exist|no mailbox here"
            r"|нет такого|не существует|пользователь не найден|неизвестный (?:адрес|получатель|пользователь)",
            re.IGNORECASE,
        ),
    ),
    (
        BounceReason.MAILBOX_FULL,
        re.compile(
            r"(?:mailbox|inbox)(?: is)? full|(?:over|out of|exceed\w*) (?:\w+ )?(?:quota|storage)"
            r"|quota (?:is )?exceeded|переполнен",
            re.IGNORECASE,
        ),
    ),
)


def read_bounce(root: Part, sender: Address, subject: str, text: str) -> Bounce | None:
    """What a notice of delivery says; None for any other letter."""
    reports = [part for part in root.walk() if part.media_type in _STATUS_PARTS]
    whole = report_of(root)
    is_report = whole is not None and (
        bool(reports) or whole.type_parameters.get("report-type", "").lower() == "delivery-status"
    )
    if not (is_report or _is_by_daemon(root, sender, subject, text)):
        return None
    original = _original(root, text)
    recipients = tuple(islice(_reported(reports), _MOST_RECIPIENTS))
    recipients = recipients or tuple(_described(root.headers, subject, text, sender))
    own_id = message_id(original, Remarks()) or next(iter(_ID_LINE.findall(text[:_EXAMINED])), "")
    return Bounce(
        own_id,
        recipients,
        references(original, "references", Remarks()),
        original.text("subject", Remarks()),
    )


def report_of(root: Part) -> Part | None:
    """The report that the letter is, or that a gateway has put a footer under; none that is forwarded in it."""
    waiting = [root]
    while waiting:
        part = waiting.pop()
        if part.media_type == "multipart/report":
            return part
        if part.is_multipart:
            waiting.extend(reversed(part.children))
    return None


def _is_by_daemon(root: Part, sender: Address, subject: str, text: str) -> bool:
    name = sender.key.partition("@")[0]
    if name in {_DAEMON, _POSTMASTER} and (_SUBJECT.search(subject) or _FAILED_RECIPIENTS in root.headers):
        return True
    returns_letter = any(part.is_message for part in root.walk()) or _ID_LINE.search(text[:_EXAMINED])
    return name == _DAEMON and bool(returns_letter)


def _original(root: Part, text: str) -> Headers:
    """The headers of the letter that is spoken of, wherever the server has put them."""
    for part in root.walk():
        if part.is_message:
            return part.children[0].headers
        if part.media_type in {"text/rfc822-headers", "message/rfc822-headers", "message/global-headers"}:
            return read_headers(part.content().lstrip())[0]
    returned = text[len(_own_words(text)) : _EXAMINED].lstrip("\n")
    return read_headers(returned.encode("utf-8", "replace"))[0]


def _own_words(text: str) -> str:
    """What the server says itself, before the paragraph that holds the headers of the letter it sends back."""
    found = _ID_LINE.search(text[:_EXAMINED])
    return text[: max(text.rfind("\n\n", 0, found.start()), 0)] if found else text[:_EXAMINED]


def _reported(reports: Iterable[Part]) -> Iterator[BouncedRecipient]:
    """The groups of lines about single recipients in RFC 3464's part."""
    for part in reports:
        told = part.content()[:_MOST_TOLD].replace(b"\r\n", b"\n")
        for block in re.split(rb"\n\s*\n", told):
            fields, _ = read_headers(block.lstrip())
            if "final-recipient" in fields or "original-recipient" in fields:
                yield _recipient(fields)


def _recipient(fields: Headers) -> BouncedRecipient:
    written = fields.plain("original-recipient") or fields.plain("final-recipient")
    address = next(iter(read_addresses(written.partition(";")[2] or written, Remarks())), None)
    diagnostic = fields.plain("diagnostic-code")
    status = _status(fields.plain("status")) or _status(diagnostic)
    action = _action(fields.plain("action"), status)
    name = address.address if address else written.rpartition(";")[2].strip()
    return _bounced(name, action, status, _without_type(diagnostic))


def _without_type(diagnostic: str) -> str:
    kind, semicolon, words = diagnostic.partition(";")
    return (
        words.strip() if semicolon and kind.strip().lower() in {"smtp", "x-postfix", "lmtp"} else diagnostic
    )[:_DIAGNOSTIC]


def _action(written: str, status: str) -> DeliveryAction:
    word = written.strip().lower().partition(" ")[0]
    if word in set(DeliveryAction):
        return DeliveryAction(word)
    return {"4": DeliveryAction.DELAYED, "2": DeliveryAction.DELIVERED}.get(status[:1], DeliveryAction.FAILED)


def _status(text: str) -> str:
    found = _STATUS.search(text)
    return found[0] if found else ""


def _described(headers: Headers, subject: str, text: str, sender: Address) -> Iterator[BouncedRecipient]:
    """Recipients of a notice that is written for people alone."""
    own_words = _own_words(text)
    named = [
        one for value in headers.plain_all(_FAILED_RECIPIENTS) for one in read_addresses(value, Remarks())
    ]
    named = named or [one for one in read_addresses(_angled(own_words), Remarks()) if one.key != sender.key]
    status = _status(own_words) or _from_reply(own_words)
    is_delay = status.startswith("4") or (
        not status and _DELAY_WORDS.search(f"{subject}\n{own_words}") is not None
    )
    action = DeliveryAction.DELAYED if is_delay else DeliveryAction.FAILED
    lines = [line.strip() for line in own_words.split("\n")]
    words = next((line for line in lines if _STATUS.search(line) or _REPLY.search(line)), "")
    words = words or next((after for line, after in pairwise(lines) if line.endswith(">:")), "")
    words = words or next((line for line in lines if _reason_in(line)), "")
    for address in named[:_MOST_RECIPIENTS] or [Address("", "")]:
        yield _bounced(address.address, action, status, words[:_DIAGNOSTIC])


def _angled(text: str) -> str:
    """Addresses as such notices name them: in angle brackets, or alone on a line."""
    found = re.findall(
        r"<[^<>\s]{1,320}@[^<>\s]{1,255}>|^\s*[^\s<>@]{1,64}@[^\s<>@:]{1,255}:?\s*$", text, re.MULTILINE
    )
    return ", ".join(one.strip().rstrip(":") for one in found)


def _from_reply(text: str) -> str:
    """A status made of a bare SMTP reply: it tells failure and delay apart, no more."""
    found = _REPLY.search(text)
    return f"{found[0][0]}.0.0" if found else ""


def _bounced(address: str, action: DeliveryAction, status: str, diagnostic: str) -> BouncedRecipient:
    return BouncedRecipient(address, action, status, _reason(action, status, diagnostic), diagnostic)


def _reason(action: DeliveryAction, status: str, diagnostic: str) -> BounceReason:
    if action is DeliveryAction.DELAYED:
        return BounceReason.DELAYED
    kind, _, detail = status.partition(".")
    reason = _REASONS.get(detail)
    if reason is None and action is DeliveryAction.FAILED:
        # Large providers give no status, or one of policy, and say in words that there is no such mailbox.
        reason = _reason_in(diagnostic)
    if reason is None and detail.startswith("7."):
        return BounceReason.REFUSED
    if reason is None and kind == "4" and action is DeliveryAction.FAILED:
        return BounceReason.UNREACHABLE
    return reason or BounceReason.OTHER


def _reason_in(words: str) -> BounceReason | None:
    return next((reason for reason, pattern in _REASON_WORDS if pattern.search(words)), None)


# --- receipts ---------------------------------------------------------------------------------------------


def read_receipt(root: Part) -> Receipt | None:
    """What a notice of reading says; None for any other letter."""
    report = report_of(root)
    for part in report.walk() if report is not None else ():
        if part.media_type not in {
            "message/disposition-notification",
            "message/global-disposition-notification",
        }:
            continue
        fields, _ = read_headers(part.content().lstrip())
        address = next(
            iter(read_addresses(fields.plain("final-recipient").partition(";")[2], Remarks())), None
        )
        found = ids_in(fields.plain("original-message-id"))
        disposition = fields.plain("disposition").rpartition(";")[2].strip().lower()
        return Receipt(found[0] if found else "", address.address if address else "", disposition)
    return None
