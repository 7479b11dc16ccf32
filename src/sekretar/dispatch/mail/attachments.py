"""The files of a letter: named safely, and kept or refused by limits that are values.

Nothing is opened: an archive is its bytes, whatever it would become. What is refused is named with the reason, so
that the dispatcher can ask for it in another way.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from sekretar.dispatch.mail.headers import parameters
from sekretar.dispatch.mail.letter import Attachment, AttachmentLimits, Oddity, Refusal
from sekretar.dispatch.mail.remarks import Remarks
from sekretar.dispatch.mail.tree import Part

_LONGEST_NAME: Final = 120
_LONGEST_EXTENSION: Final = 12
#: A letter has no more files that are worth a line each; the rest is passed over with a remark.
_MOST_LISTED: Final = 500

_UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]+')
_BLANKS = re.compile(r"\s+")
#: Names that Windows keeps for devices.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)
_ELSEWHERE: Final = {"message/external-body", "message/partial"}

_EXTENSIONS: Final = {
    "application/pdf": "pdf",
    "application/zip": "zip",
    "application/json": "json",
    "application/msword": "doc",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/ms-tnef": "dat",
    "application/pkcs7-signature": "p7s",
    "application/pgp-signature": "asc",
    "audio/mpeg": "mp3",
    "image/jpeg": "jpg",
    "image/jpg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/bmp": "bmp",
    "image/tiff": "tiff",
    "image/webp": "webp",
    "image/heic": "heic",
    "image/svg+xml": "svg",
    "message/rfc822": "eml",
    "message/global": "eml",
    "text/calendar": "ics",
    "text/csv": "csv",
    "text/html": "html",
    "text/plain": "txt",
    "text/vcard": "vcf",
    "video/mp4": "mp4",
}


@dataclass
class _Kept:
    """What the letter's files come to so far."""

    names: set[str] = field(default_factory=set)
    count: int = 0
    size: int = 0


def read_attachments(
    files: Sequence[Part], limits: AttachmentLimits, remarks: Remarks
) -> tuple[Attachment, ...]:
    """The files of a letter and of the letters within it."""
    kept = _Kept()
    found: list[Attachment] = []
    for part in _with_nested(files):
        if len(found) == _MOST_LISTED:
            remarks.add(Oddity.TOO_MANY_PARTS)
            break
        found.append(_attachment(part, limits, kept, remarks))
    return tuple(found)


def _with_nested(files: Sequence[Part]) -> Iterator[Part]:
    """The files, each letter within the letter followed by its own."""
    for file in files:
        yield file
        if file.is_message:
            below = (part for child in file.children for part in child.walk())
            yield from (part for part in below if _is_file(part))


def _is_file(part: Part) -> bool:
    if part.is_multipart:
        return False
    return part.disposition == "attachment" or part.is_message or not part.media_type.startswith("text/")


def _attachment(part: Part, limits: AttachmentLimits, kept: _Kept, remarks: Remarks) -> Attachment:
    name = file_name(part, remarks)
    size = len(part.content())
    _remark(part, name, remarks)
    safe = _unique(safe_name(name, part.media_type), kept.names)
    refusal = _refusal(safe, part.media_type, size, limits, kept)
    if refusal is None:
        kept.count += 1
        kept.size += size
    content_id = part.headers.plain("content-id").strip("<> ")
    inline = part.disposition != "attachment" and part.media_type.startswith("image/")
    return Attachment(
        name,
        safe,
        part.media_type,
        size,
        content_id,
        inline and bool(content_id or not name),
        part.path,
        refusal,
    )


def _remark(part: Part, name: str, remarks: Remarks) -> None:
    if part.media_type in {"application/ms-tnef", "application/vnd.ms-tnef"} or name.lower() == "winmail.dat":
        remarks.add(Oddity.WINMAIL)
    elif part.media_type in _ELSEWHERE:
        remarks.add(Oddity.ELSEWHERE)
    elif (
        "pkcs7-mime" in part.media_type
        and part.type_parameters.get("smime-type", "enveloped-data") != "signed-data"
    ):
        remarks.add(Oddity.ENCRYPTED)


def file_name(part: Part, remarks: Remarks) -> str:
    """The name as the sender gave it; that of a letter within the letter is its subject."""
    disposition = parameters(part.headers.unfolded("content-disposition", remarks), remarks)
    name = disposition.get("filename") or part.type_parameters.get("name") or ""
    if not name and part.is_message:
        name = part.children[0].headers.text("subject", remarks)
        name = f"{name[:_LONGEST_NAME]}.eml" if name else ""
    return name


def safe_name(name: str, media_type: str) -> str:
    """A name that any file system takes and no reader mistakes: one component, nothing invisible, not too long."""
    name = "".join(c for c in name if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co"})
    name = _BLANKS.sub(" ", _UNSAFE.sub("_", name)).strip(" .")
    if not name:
        name = "file"
    if "." not in name and (extension := _EXTENSIONS.get(media_type)):
        name = f"{name}.{extension}"
    if _DEVICES.match(name):
        name = f"_{name}"
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > _LONGEST_EXTENSION:
        return name[:_LONGEST_NAME].rstrip(" .")
    return f"{stem[: _LONGEST_NAME - len(extension) - 1].rstrip(' .') or 'file'}.{extension}"


def _unique(name: str, taken: set[str]) -> str:
    stem, dot, extension = name.rpartition(".")
    stem, ending = (stem, f".{extension}") if dot else (name, "")
    unique, number = name, 1
    while unique.casefold() in taken:
        number += 1
        unique = f"{stem[: _LONGEST_NAME - len(ending) - 6]} ({number}){ending}"
    taken.add(unique.casefold())
    return unique


def _refusal(name: str, media_type: str, size: int, limits: AttachmentLimits, kept: _Kept) -> Refusal | None:
    if not _is_allowed(name, media_type, limits):
        return Refusal.TYPE
    if size > limits.largest:
        return Refusal.SIZE
    if kept.size + size > limits.largest_total:
        return Refusal.TOTAL
    return Refusal.COUNT if kept.count >= limits.most else None


def _is_allowed(name: str, media_type: str, limits: AttachmentLimits) -> bool:
    extension = name.rpartition(".")[2].casefold().strip() if "." in name else ""
    if extension in limits.programs or media_type in {"text/html", "image/svg+xml"}:
        return False
    return extension in limits.extensions or media_type.startswith(limits.media_types)
