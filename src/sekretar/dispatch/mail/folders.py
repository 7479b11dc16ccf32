"""Which folder is which. Servers that know RFC 6154 mark the folder of sent letters; others only name it, each in its
own language.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from imap_tools import imap_utf7

_SENT_FLAG = "\\sent"
_CLOSED_FLAGS = {"\\noselect", "\\nonexistent"}

#: Last parts of the names under which mail servers and programs keep sent letters, in small letters.
SENT_NAMES = (
    "sent",
    "sent items",
    "sent messages",
    "sent mail",
    "sent-mail",
    "отправленные",
    "отправленное",
    "отправленные письма",
    "отправленные элементы",
    "исходящие отправленные",
    "надіслані",
    "надіслане",
    "відправлені",
    "адпраўленыя",
    "дасланыя",
    "жіберілгендер",
    "жіберілген",
    "изпратени",
    "gesendet",
    "gesendete objekte",
    "gesendete elemente",
    "envoyés",
    "messages envoyés",
    "éléments envoyés",
    "enviados",
    "elementos enviados",
    "mensajes enviados",
    "itens enviados",
    "posta inviata",
    "inviata",
    "inviati",
    "wysłane",
    "elementy wysłane",
    "odeslané",
    "odeslaná pošta",
    "odoslané",
    "poslano",
    "poslata pošta",
    "verzonden",
    "verzonden items",
    "skickat",
    "skickade",
    "sendt",
    "sendte elementer",
    "lähetetyt",
    "saadetud",
    "nosūtītie",
    "išsiųsta",
    "elküldött",
    "elküldött üzenetek",
    "trimise",
    "απεσταλμένα",
    "gönderilmiş öğeler",
    "gönderilenler",
    "გაგზავნილი",
    "ուղարկված",
    "נשלחו",
    "المرسلة",
    "已发送",
    "已发送邮件",
    "寄件備份",
    "送信済み",
    "送信済みアイテム",
    "보낸 편지함",
)

_ON_THE_WIRE = re.compile(r"&[A-Za-z0-9+,]*-")


@dataclass(frozen=True)
class Folder:
    """A folder as the server lists it. `name` is readable, `flags` are in small letters."""

    name: str
    flags: frozenset[str] = frozenset()
    delimiter: str = "/"

    @property
    def last_part(self) -> str:
        """Its name without the folders that it is in."""
        return self.name.rsplit(self.delimiter, 1)[-1] if self.delimiter else self.name

    @property
    def can_be_opened(self) -> bool:
        return not self.flags & _CLOSED_FLAGS


def named(folders: Sequence[Folder], name: str) -> Folder | None:
    """The folder that an administrator means: readable or as on the wire, in whichever case."""
    open_ones = [folder for folder in folders if folder.can_be_opened]
    for meant in dict.fromkeys((name, readable(name))):
        for folder in open_ones:
            if folder.name == meant:
                return folder
    for meant in (name, readable(name)):
        for folder in open_ones:
            if folder.name.casefold() == meant.casefold():
                return folder
    return None


def sent_folder(folders: Sequence[Folder], name: str = "") -> Folder | None:
    """Where sent letters are: in the folder that was named, else in the marked one, else in one that is called so."""
    if name:
        return named(folders, name)
    open_ones = [folder for folder in folders if folder.can_be_opened]
    for folder in open_ones:
        if _SENT_FLAG in folder.flags:
            return folder
    called_so = [folder for folder in open_ones if folder.last_part.casefold() in SENT_NAMES]
    # A copy deep inside an archive is called the same; the uppermost one is in use.
    return min(called_so, key=lambda folder: folder.name.count(folder.delimiter or "\0"), default=None)


def readable(name: str) -> str:
    """The name of a folder that may be written as on the wire, in modified UTF-7 (RFC 3501, 5.1.3)."""
    if not (name.isascii() and _ON_THE_WIRE.search(name)):
        return name
    try:
        return imap_utf7.utf7_decode(name.encode("ascii"))
    except (UnicodeError, ValueError):
        return name
