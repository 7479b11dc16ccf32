"""From the bytes of a letter to its values, by small steps each of which reads one thing.

The steps see the same tree of parts and never the database: reading a letter again gives the same values, which is
what lets a letter be stored first and read later, and again when a mistake in the reading has been mended.
"""

from __future__ import annotations

from collections.abc import Sequence

from sekretar.dispatch.mail import fields
from sekretar.dispatch.mail.attachments import read_attachments
from sekretar.dispatch.mail.bodies import Body, read_body, read_layout
from sekretar.dispatch.mail.bounces import read_bounce, read_receipt, report_of
from sekretar.dispatch.mail.headers import Headers
from sekretar.dispatch.mail.letter import (
    Address,
    AttachmentLimits,
    Machine,
    MachineSign,
    Oddity,
    ParsedLetter,
)
from sekretar.dispatch.mail.machine import loop_marks, machine_of, tracker_mark
from sekretar.dispatch.mail.remarks import Remarks
from sekretar.dispatch.mail.tree import Part, find, read_tree
from sekretar.dispatch.mail.web_form import read_web_form

_DELIVERED_TO = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to")
DEFAULT_LIMITS = AttachmentLimits()


def parse(raw: bytes, limits: AttachmentLimits = DEFAULT_LIMITS) -> ParsedLetter:
    """What the letter says. Unreadable: these bytes are no letter."""
    remarks = Remarks()
    root = read_tree(raw, remarks)
    headers = root.headers
    subject = headers.text("subject", remarks)
    sender = _sender(headers, remarks)
    layout = read_layout(root, remarks)
    body = read_body(layout, remarks)
    bounce = read_bounce(root, sender, subject, body.text)
    in_reply_to = fields.references(headers, "in-reply-to", remarks)
    references = fields.references(headers, "references", remarks)
    message_id = fields.message_id(headers, remarks)
    is_first = bounce is None and _is_first(message_id, (*in_reply_to, *references))
    form = read_web_form(body.text) if is_first else None
    body = Body(form.text, form.text, body.html) if form else body
    return ParsedLetter(
        message_id=message_id,
        in_reply_to=in_reply_to,
        references=references,
        subject=subject,
        sender=sender,
        reply_to=fields.addresses(headers, "reply-to", remarks),
        to=fields.addresses(headers, "to", remarks),
        cc=fields.addresses(headers, "cc", remarks),
        bcc=fields.addresses(headers, "bcc", remarks),
        delivered_to=_delivered_to(headers),
        envelope_sender=_envelope_sender(headers),
        date=fields.date(headers, remarks),
        text=body.text,
        fresh=body.fresh,
        html=body.html,
        attachments=read_attachments(layout.files, limits, remarks),
        machine=_machine(root, sender, subject, is_bounce=bounce is not None),
        bounce=bounce,
        receipt=read_receipt(root),
        web_form=form.form if form else None,
        tracker=tracker_mark(headers, subject),
        loop_marks=loop_marks(headers),
        remarks=remarks.all(),
    )


def attachment_content(raw: bytes, part: str) -> bytes:
    """The bytes of the attachment that `Attachment.part` names. KeyError: the letter has no such part."""
    found = find(read_tree(raw, Remarks()), part)
    if found is None:
        raise KeyError(part)
    return found.content()


def _sender(headers: Headers, remarks: Remarks) -> Address:
    for name in ("from", "sender"):
        if found := fields.addresses(headers, name, remarks):
            return found[0]
    remarks.add(Oddity.SENDER_MISSING)
    return Address(headers.text("from", remarks).strip("<> "), "")


def _delivered_to(headers: Headers) -> tuple[Address, ...]:
    unheard = Remarks()
    found = [address for name in _DELIVERED_TO for address in fields.addresses(headers, name, unheard)]
    return tuple({address.key: address for address in found}.values())


def _envelope_sender(headers: Headers) -> str | None:
    if "return-path" not in headers:
        return None
    found = fields.addresses(headers, "return-path", Remarks())
    return found[0].address if found else ""


def _machine(root: Part, sender: Address, subject: str, *, is_bounce: bool) -> Machine | None:
    if is_bounce:
        return Machine(MachineSign.BOUNCE, "Subject", subject)
    report = report_of(root)
    report_type = None if report is None else report.type_parameters.get("report-type", "").lower()
    return machine_of(root.headers, report_type, sender, subject)


def _is_first(message_id: str, earlier: Sequence[str]) -> bool:
    """The letter answers no other. Some programs refer to the letter itself or to one that never was."""
    return all(one == message_id or one.startswith("<auto-") for one in earlier)
