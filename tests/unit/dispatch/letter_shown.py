"""A parsed letter as a person reads it, for the expected results that stand beside the letters of the corpus."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sekretar.dispatch.mail.letter import Attachment, Bounce, ParsedLetter


def shown(letter: ParsedLetter) -> str:
    """Every value that is not empty, on a line or in a block of its own."""
    return "\n".join([*_headers(letter), *_judgements(letter), *_files(letter), *_blocks(letter)]) + "\n"


def _headers(letter: ParsedLetter) -> Iterator[str]:
    yield f"id: {letter.message_id or 'none'}"
    yield from _list("in reply to", letter.in_reply_to)
    yield from _list("references", letter.references)
    yield f"subject: {letter.subject}"
    yield f"from: {letter.sender}"
    yield from _list("reply to", letter.reply_to)
    yield from _list("to", letter.to)
    yield from _list("cc", letter.cc)
    yield from _list("bcc", letter.bcc)
    yield from _list("delivered to", letter.delivered_to)
    if letter.envelope_sender is not None:
        yield f"envelope: {letter.envelope_sender or 'empty'}"
    yield f"date: {_date(letter.date)}"


def _judgements(letter: ParsedLetter) -> Iterator[str]:
    if letter.machine:
        sure = "" if letter.machine.is_certain else ", not certain"
        yield f"machine: {letter.machine.sign} ({letter.machine.header}: {letter.machine.value}){sure}"
    if letter.bounce:
        yield from _bounce(letter.bounce)
    if letter.receipt:
        yield f"receipt: {letter.receipt.disposition} by {letter.receipt.recipient}"
        yield f"  of: {letter.receipt.original_message_id}"
    if letter.web_form:
        yield f"form: applicant {letter.web_form.applicant}"
        yield from (f"  observer: {observer}" for observer in letter.web_form.observers)
    if letter.tracker:
        where = f" of {letter.tracker.project}" if letter.tracker.project else ""
        yield f"tracker: {letter.tracker.issue_key}{where}, comment {letter.tracker.comment_id}"
    yield from _list("loop marks", letter.loop_marks)
    yield from (f"odd: {remark.oddity} {remark.detail}".rstrip() for remark in letter.remarks)


def _bounce(bounce: Bounce) -> Iterator[str]:
    yield f"bounce: {'failed' if bounce.has_failed else 'no failure'}"
    yield f"  of: {bounce.original_message_id or 'unknown'} {bounce.original_subject}".rstrip()
    yield from (f"  referred to: {one}" for one in bounce.original_references)
    for recipient in bounce.recipients:
        yield f"  {recipient.address}: {recipient.action} {recipient.status or '-'} {recipient.reason}"
        if recipient.diagnostic:
            yield f"    {recipient.diagnostic}"


def _files(letter: ParsedLetter) -> Iterator[str]:
    yield from (_file(attachment) for attachment in letter.attachments)


def _file(attachment: Attachment) -> str:
    name = (
        attachment.name
        if attachment.name == attachment.safe_name
        else f"{attachment.name!r} as {attachment.safe_name}"
    )
    notes = [attachment.media_type, f"{attachment.size} bytes"]
    notes += ["inline"] if attachment.inline else []
    notes += [f"cid {attachment.content_id}"] if attachment.content_id else []
    notes += [f"refused: {attachment.refusal}"] if attachment.refusal else []
    return f"file {attachment.part}: {name} ({', '.join(notes)})"


def _blocks(letter: ParsedLetter) -> Iterator[str]:
    yield from ("--- fresh", letter.fresh)
    if letter.text != letter.fresh:
        yield from ("--- text", letter.text)
    if letter.html:
        yield from ("--- html", letter.html)


def _list(name: str, values: tuple[object, ...]) -> Iterator[str]:
    if len(values) > 8:
        yield f"{name}: {len(values)}, from {values[0]} to {values[-1]}"
    elif values:
        yield f"{name}: {', '.join(map(str, values))}"


def _date(date: datetime | None) -> str:
    return date.strftime("%Y-%m-%d %H:%M:%S UTC") if date else "none"
