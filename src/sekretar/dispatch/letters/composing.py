"""What letters say: from what is known of an incident to a draft that a person can read and change.

Nothing here asks anybody anything. Whatever a letter cannot be written without is a `PersonError` in words: no
applicant, no pole, no contractor, no address.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Final

from sekretar.dispatch.letters import addressing
from sekretar.dispatch.letters.templates import filled
from sekretar.dispatch.letters.threading import conversation
from sekretar.dispatch.letters.values import GROWTH, AttachmentRef, Draft, Filed, Matter, Purpose, Voice
from sekretar.dispatch.mail.letter import Address
from sekretar.dispatch.subjects import answer_subject, new_subject, with_code
from sekretar.kernel.errors import PersonError
from sekretar.kernel.i18n import Translator
from sekretar.kernel.text import clean, truncate

#: How much of each letter the history repeats, of how many letters.
_LONGEST_EXCERPT, _MOST_LETTERS = 1_024, 20
#: Pictures in the text that are smaller belong to signatures.
_SMALLEST_PICTURE = 20_000
LONGEST_TEXT: Final = 100_000


@dataclass(frozen=True)
class House:
    """What of the desk stands in its letters."""

    #: The mailbox that sends, and the name beside it.
    mailbox: Address
    #: Every address that leads to the desk, in small letters.
    own: frozenset[str]
    zone: tzinfo
    #: Empty for the usual one.
    signature: str
    #: How large the attachments of a letter may be together on the wire, in bytes.
    largest: int


def compose(
    purpose: Purpose,
    matter: Matter,
    house: House,
    t: Translator,
    template: str,
    *,
    voice: Voice = Voice.PERSON,
    text: str = "",
    answered: Filed | None = None,
) -> Draft:
    """The draft of a letter.

    Args:
        template: As `checked_template` returns it.
        text: What a person writes: for `Purpose.REPLY`.
        answered: Which letter is answered: for `REPLY` and `TOO_LATE`; the last one of a person outside unless given.

    Raises:
        PersonError: something is missing; see `addressing`.
    """
    answered = _answered(purpose, matter, answered)
    to, others = _recipients(purpose, matter, house, answered)
    # The desk has its copy in any case.
    reached = others[: addressing.MOST - 1]
    files, left_out = _files(matter, house.largest) if purpose is Purpose.HANDED_OVER else ((), ())
    values = _values(matter, house, t) | {
        "text": text.strip(),
        "history": _history(matter, house.zone, t),
        "files": _file_lines(files, left_out, t),
    }
    subject = answered.letter.subject if answered and answered.letter.subject else matter.summary
    return Draft(
        incident_id=matter.incident_id,
        code=matter.code,
        purpose=purpose,
        voice=voice,
        mailbox=house.mailbox.key,
        to=to,
        cc=(*reached, house.mailbox) if purpose is not Purpose.TOO_LATE else (),
        subject=(answer_subject if answered else new_subject)(subject, matter.code),
        text=filled(template, values),
        attachments=files,
        left_out=left_out,
        unreached=len(others) - len(reached),
        in_reply_to=answered.letter.message_id if answered else "",
        references=conversation(answered.letter) if answered else (),
    )


def checked(draft: Draft, house: House) -> Draft:
    """The draft as it is sent, whatever a person has made of it: the code stays in the subject, the copy of the
    desk stays in Cc.

    Raises:
        PersonError: nothing is written in it, it goes to nobody, or to what is no address.
    """
    text = clean(draft.text).strip()
    if not text:
        raise PersonError("dispatch.letters.no_text")
    if len(text) > LONGEST_TEXT:
        raise PersonError("dispatch.letters.too_long", limit=LONGEST_TEXT)
    to = addressing.checked(each for each in draft.to if each.key not in house.own)
    if not to:
        raise PersonError("dispatch.letters.no_recipient", code=draft.code)
    known = {each.key for each in to} | house.own
    cc = addressing.checked(each for each in draft.cc if each.key not in known)
    copy = () if draft.voice is Voice.ANSWER else (house.mailbox,)
    return replace(draft, to=to, cc=(*cc, *copy), text=text, subject=with_code(draft.subject, draft.code))


def _answered(purpose: Purpose, matter: Matter, chosen: Filed | None) -> Filed | None:
    if purpose is Purpose.HANDED_OVER:
        return None
    if purpose in (Purpose.ACCEPTED, Purpose.CLOSED):
        return addressing.first_letter(matter)
    return chosen or addressing.last_letter(matter)


def _recipients(
    purpose: Purpose, matter: Matter, house: House, answered: Filed | None
) -> tuple[tuple[Address, ...], tuple[Address, ...]]:
    """To and Cc, the desk's own copy left out."""
    if purpose is Purpose.HANDED_OVER:
        return addressing.contractor(matter, house.own), ()
    if purpose is Purpose.TOO_LATE:
        # A program answers whoever wrote, and nobody else.
        to, _ = addressing.answer(matter, answered, house.own)
        return to, ()
    if purpose is Purpose.REPLY:
        return addressing.answer(matter, answered, house.own)
    return addressing.applicant(matter, house.own)


def _values(matter: Matter, house: House, t: Translator) -> dict[str, str]:
    place = matter.place
    return {
        "code": matter.code,
        "subject": _line(matter.summary),
        "applicant": _line(matter.applicant.name),
        "signature": house.signature.strip() or t.plain("dispatch.letters.signature"),
        "pole": _line(place.pole),
        "region": _line(place.region),
        "address": _line(place.address),
        "coordinates": place.coordinates,
        "map": place.map_link,
        "station": _line(place.station),
        "operators": _line(", ".join(place.operators)),
        "contractor": _line(matter.contractor.name),
        "registered": _moment(matter.registered_at, house.zone),
        "deadline": _moment(matter.deadline, house.zone) if matter.deadline else "",
        "type": _line(matter.type),
        "type_description": _line(matter.type_description),
    }


def _history(matter: Matter, zone: tzinfo, t: Translator) -> str:
    """What was written so far, the oldest first; of a long conversation the beginning and the end."""
    told = [each for each in matter.letters if each.letter.machine is None and _words(each)]
    if len(told) > _MOST_LETTERS:
        told = told[:1] + told[1 - _MOST_LETTERS :]
    entries = []
    for number, each in enumerate(told, 1):
        sender = each.letter.sender.name or each.letter.sender.address
        head = t.plain(
            "dispatch.letters.history_head", number=number, at=_moment(each.at, zone), sender=_line(sender)
        )
        entries.append(f"{head}\n{truncate(_words(each), _LONGEST_EXCERPT)}")
    return "\n\n".join(entries)


def _words(filed: Filed) -> str:
    return clean(filed.letter.fresh or filed.letter.text).strip()


def _files(matter: Matter, largest: int) -> tuple[tuple[AttachmentRef, ...], tuple[str, ...]]:
    """The files that go along, and the names of those that do not."""
    found: dict[tuple[str, int], AttachmentRef] = {}
    kept = {filed.id for filed in matter.letters if filed.keeps_files}
    for filed in matter.letters:
        for attachment in filed.letter.attachments:
            if not attachment.inline or attachment.size >= _SMALLEST_PICTURE:
                key = attachment.name.casefold(), attachment.size
                found.setdefault(key, AttachmentRef(filed.id, attachment))
    along, left_out, room = [], [], float(largest)
    for ref in found.values():
        size = ref.attachment.size * GROWTH
        if ref.attachment.refusal is None and size <= room and ref.letter_id in kept:
            along.append(ref)
            room -= size
        else:
            left_out.append(ref.attachment.safe_name)
    return tuple(along), tuple(left_out)


def _file_lines(files: Iterable[AttachmentRef], left_out: Iterable[str], t: Translator) -> str:
    along = ", ".join(ref.attachment.safe_name for ref in files)
    missing = ", ".join(left_out)
    lines = [
        t.plain("dispatch.letters.files", names=along) if along else "",
        t.plain("dispatch.letters.files_left_out", names=missing) if missing else "",
    ]
    return "\n".join(filter(None, lines))


def _moment(moment: datetime, zone: tzinfo) -> str:
    """`04.03.2026 12:00 (UTC+3)`."""
    local = moment.astimezone(zone)
    minutes = int((local.utcoffset() or local - local).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    sign = "−" if minutes < 0 else "+"
    return f"{local:%d.%m.%Y %H:%M} (UTC{sign}{hours}{f':{rest:02}' if rest else ''})"


def _line(text: str) -> str:
    return " ".join(clean(text).split())
