"""One connection to an IMAP server, as the desk uses it: it looks, and changes nothing.

Folders are opened by EXAMINE and bodies read by BODY.PEEK, so that no flag of a letter is touched: people read the
same mailbox, and what they have not seen stays unseen. Everything here blocks and belongs to one thread.
"""

from __future__ import annotations

import contextlib
import imaplib
import re
import ssl
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self

from imap_tools import MailMessageFlags
from imap_tools.errors import ImapToolsError

from sekretar.dispatch.mail.folders import Folder
from sekretar.dispatch.mail.imap_answers import Answer, answers
from sekretar.dispatch.mail.imap_wire import ANSWER_SECONDS, Box, Calling, connect
from sekretar.dispatch.mail.trouble import NotTrusted
from sekretar.dispatch.settings import MailboxSettings
from sekretar.kernel.errors import (
    PeerDown,
    PeerError,
    PeerInvalid,
    PeerLimited,
    PeerNotFound,
    PeerRefused,
    PeerUnsupported,
)

#: For bodies beside the answer itself: the slowest line that is waited for, in bytes a second.
_SLOWEST_LINE = 20_000
#: Seconds for the farewell; nobody waits for it longer.
_FAREWELL_SECONDS = 2.0

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

#: Codes (RFC 5530) and words by which a server says that it will be better later.
_LIMITED = re.compile(r"\[(LIMIT|INUSE|OVERQUOTA)\]|too many|rate limit|simultaneous", re.IGNORECASE)
_LATER = re.compile(r"\[(UNAVAILABLE|SERVERBUG)\]|try (again )?later|temporar|internal error", re.IGNORECASE)

#: How many letters there are in the open folder, as last told, and how many were said to have gone.
_Told = tuple[bytes, int]


@dataclass(frozen=True)
class FolderState:
    """What a server tells of a folder. `uid_next` is above the number of every letter that is in it."""

    uidvalidity: int
    uid_next: int


@dataclass(frozen=True)
class Listed:
    """A letter that is on the server: its number, its size in bytes, and when the server took it (if it tells)."""

    uid: int
    size: int
    received_at: datetime | None


class Imap:
    """A connection that is signed in."""

    #: Seconds for the answer to a small command; a line that is dead without a word is found out by that.
    answer_within = ANSWER_SECONDS

    def __init__(self, box: Box, mailbox: MailboxSettings) -> None:
        self._box = box
        self._peer = peer_name(mailbox)
        self._secret = mailbox.password.get_secret_value()
        self._idles = True
        #: What the server said of the open folder when it was opened.
        self._opened: _Told = (b"", 0)

    @classmethod
    def sign_in(cls, mailbox: MailboxSettings, calling: Calling, context: ssl.SSLContext) -> Self:
        """Connect and sign in.

        Raises:
            NotTrusted: no TLS, or with the wrong server.
            PeerRefused: user name or password is not accepted.
            PeerLimited, PeerDown: not now.
        """
        peer = peer_name(mailbox)
        try:
            with _errors(peer):
                box = connect(mailbox, calling, context)
        except PeerDown as error:
            if isinstance(error.__cause__, ssl.SSLError) and not isinstance(
                error.__cause__, ssl.SSLEOFError | ssl.SSLZeroReturnError
            ):
                raise NotTrusted(peer, error.detail) from error
            raise
        imap = cls(box, mailbox)
        try:
            imap._sign_in(mailbox.login)
        except BaseException:
            imap.leave()
            raise
        return imap

    @property
    def idles(self) -> bool:
        """Whether the server says by itself that something has come."""
        return self._idles and "IDLE" in self._box.client.capabilities

    # --- folders

    def folders(self) -> list[Folder]:
        """Every folder of the mailbox."""
        with self._asking():
            listed = self._box.folder.list()
            offered = self._box.client.capabilities
            # Beside all folders some servers list what they are for only when asked (RFC 6154, 5.2).
            ask = "SPECIAL-USE" in offered and "LIST-EXTENDED" in offered
            marked = self._box.folder.list(b'(SPECIAL-USE) ""') if ask else []
        flags: dict[str, set[str]] = {}
        for each in (*listed, *marked):
            flags.setdefault(each.name, set()).update(flag.casefold() for flag in each.flags)
        delimiters = {each.name: _delimiter(each.delim) for each in listed}
        return [Folder(name, frozenset(flags[name]), delimiter) for name, delimiter in delimiters.items()]

    def examine(self, folder: str) -> FolderState:
        """Open a folder for reading.

        Raises:
            PeerNotFound: it is not there.
            PeerUnsupported: the server numbers no letters, so that none can be told from another.
        """
        with self._asking():
            try:
                self._box.folder.set(folder, readonly=True)
            except ImapToolsError as error:
                raise self._not_open(folder, error) from error
            validity, uid_next = (self._number(name) for name in ("UIDVALIDITY", "UIDNEXT"))
            self._opened = self._told()
        if validity is None:
            raise PeerUnsupported(self._peer, f"no UIDVALIDITY for the folder {folder}")
        if uid_next is None:
            uid_next = max((each.uid for each in self._fetch("*", "UID")), default=0) + 1
        return FolderState(validity, uid_next)

    def glance(self, folder: str) -> FolderState | None:
        """The state of a folder that is not open; None when the server does not tell it."""
        with self._asking():
            found = self._box.folder.status(folder, ("UIDVALIDITY", "UIDNEXT"))
        if not {"UIDVALIDITY", "UIDNEXT"} <= found.keys():
            return None
        return FolderState(found["UIDVALIDITY"], found["UIDNEXT"])

    # --- letters of the open folder, all by UID

    def listed_from(self, uid: int) -> list[Listed]:
        """Letters with this number and above, in order."""
        found = self._fetch(f"{uid}:*", "UID RFC822.SIZE INTERNALDATE")
        # For a number above all, `n:*` is `*:n` and answers with the last letter.
        by_uid = {each.uid: each for each in found if each.uid >= uid}
        return [Listed(each, by_uid[each].size or 0, by_uid[each].received_at) for each in sorted(by_uid)]

    def taken_since(self, day: date) -> list[int]:
        """Numbers of the letters that the server took on this day of its calendar or later."""
        with self._asking():
            written = f"{day.day}-{_MONTHS[day.month - 1]}-{day.year}"
            return sorted(int(uid) for uid in self._box.uids(f"SINCE {written}", charset=None))

    def whole(self, uids: Sequence[int], size: int) -> dict[int, bytes]:
        """The letters with these numbers, as far as they are there; `size` is about what they measure together."""
        found = self._fetch(_set_of(uids), "UID BODY.PEEK[]", size)
        return {each.uid: each.bodies[""] for each in found if each.bodies.get("")}

    def headers(self, uids: Sequence[int]) -> dict[int, bytes]:
        """Their headers, with the empty line after them."""
        found = self._fetch(_set_of(uids), "UID BODY.PEEK[HEADER]")
        return {each.uid: each.bodies["HEADER"] for each in found if each.bodies.get("HEADER")}

    def still_there(self, uids: Sequence[int]) -> set[int]:
        """Those of them that have not been removed meanwhile."""
        return {each.uid for each in self._fetch(_set_of(uids), "UID") if each.uid in uids}

    def has_letter(self, message_id: str) -> bool:
        """Whether a letter with this Message-ID is in the open folder."""
        with self._asking():
            quoted = message_id.replace("\\", "\\\\").replace('"', '\\"')
            return bool(self._box.uids(f'HEADER Message-ID "{quoted}"', charset=None))

    def append(self, folder: str, letter: bytes, when: datetime) -> None:
        """Put a letter of ours into a folder; it counts as read."""
        with self._asking(len(letter)):
            self._box.append(letter, folder, when, MailMessageFlags.SEEN)

    # --- waiting and leaving

    def idle(self, seconds: float) -> None:
        """Wait until the server says anything about the open folder, at most this long.

        What it says is not looked at: whoever waits asks for new letters in any case, and servers chat while idle.
        What it has said since the folder was opened, beside its answers to other commands or before it agreed to
        IDLE, it says only once; then there is nothing to wait for.

        Raises:
            PeerUnsupported: it offers to, and then does not want to; `idles` is false from now on.
        """
        client: Any = self._box.client
        with self._asking():
            tag = client._command("IDLE")
            while client._get_response() is not None:
                if client.tagged_commands[tag]:
                    self._idles = False
                    raise PeerUnsupported(self._peer, "IDLE is refused")
            if self._told() == self._opened:
                client.has_something(time.monotonic() + seconds)
        with self._asking():
            client.send(b"DONE\r\n")
            self._box.consume_until_tagged_response(tag)

    def leave(self) -> None:
        """Say goodbye, shortly, and hang up."""
        client = self._box.client
        client.answer_by = time.monotonic() + _FAREWELL_SECONDS
        # Whatever goes wrong here, the connection is over.
        with contextlib.suppress(Exception):
            client.logout()
        with contextlib.suppress(Exception):
            client.shutdown()

    # --- how all of it asks

    @contextlib.contextmanager
    def _asking(self, size: int = 0) -> Iterator[None]:
        """Every wait ends in time; `size` is about how many bytes there are to carry."""
        self._box.client.answer_by = time.monotonic() + self.answer_within + size / _SLOWEST_LINE
        with _errors(self._peer, self._secret):
            yield

    def _fetch(self, uids: str, what: str, size: int = 0) -> list[Answer]:
        with self._asking(size):
            client = self._box.client
            status, data = client.uid("FETCH", uids, f"({what})")
            if status != "OK":
                # Some of the letters cannot be had; those that can have been sent before the refusal.
                data = client.untagged_responses.pop("FETCH", [])
            return list(answers(data))

    def _sign_in(self, user: str) -> None:
        with self._asking():
            try:
                if user.isascii() and self._secret.isascii():
                    self._box.login(user, self._secret, initial_folder=None)
                else:
                    self._box.login_utf8(user, self._secret, initial_folder=None)
            except imaplib.IMAP4.abort:
                raise
            except (ImapToolsError, imaplib.IMAP4.error) as error:
                raise self._not_in(_words(error, self._secret)) from error
            # Many servers offer more to whom they know.
            _, offered = self._box.client.capability()
            self._box.client.capabilities = tuple(str(offered[-1], "ascii", "replace").upper().split())

    def _not_in(self, words: str) -> PeerError:
        if _LIMITED.search(words):
            return PeerLimited(self._peer, words)
        return PeerDown(self._peer, words) if _LATER.search(words) else PeerRefused(self._peer, words)

    def _not_open(self, folder: str, error: ImapToolsError) -> PeerError:
        words = _words(error, self._secret)
        if _LIMITED.search(words):
            return PeerLimited(self._peer, words)
        if _LATER.search(words):
            return PeerDown(self._peer, words)
        return PeerNotFound(self._peer, f"the folder {folder} cannot be opened: {words}")

    def _number(self, name: str) -> int | None:
        text = self._last(name)
        return int(text) if text.isdigit() else None

    def _last(self, name: str) -> bytes:
        data = self._box.client.untagged_responses.get(name) or [b""]
        return data[-1] if isinstance(data[-1], bytes) else b""

    def _told(self) -> _Told:
        removed = self._box.client.untagged_responses.get("EXPUNGE") or ()
        return self._last("EXISTS"), len(removed)


def peer_name(mailbox: MailboxSettings) -> str:
    """What the mailbox is called in errors."""
    return f"mailbox {mailbox.address}"


@contextlib.contextmanager
def _errors(peer: str, secret: str = "") -> Iterator[None]:
    """Turn what goes wrong on the wire into errors of the house.

    Raises:
        PeerDown: no connection, no answer in time, one that broke off or makes no sense.
        PeerInvalid: the server does not accept a command.
    """
    try:
        yield
    except (imaplib.IMAP4.abort, OSError, EOFError) as error:
        words = _words(error, secret)
        raise (PeerLimited if _LIMITED.search(words) else PeerDown)(peer, words) from error
    except (imaplib.IMAP4.error, ImapToolsError) as error:
        words = _words(error, secret)
        if _LATER.search(words):
            raise PeerDown(peer, words) from error
        raise PeerInvalid(peer, words) from error
    except (ValueError, LookupError, UnicodeError) as error:
        raise PeerDown(peer, f"an answer without sense ({type(error).__name__})") from error


def _words(error: BaseException, secret: str) -> str:
    """What the server said, short, and never the password, which some repeat."""
    data = getattr(error, "command_result", None)
    said = data[1] if data else str(error)
    if isinstance(said, list):
        said = said[-1] if said else ""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    if secret:
        text = text.replace(secret, "…")
    return text.strip()[:300] or type(error).__name__


def _delimiter(written: str) -> str:
    return "" if written.upper() == "NIL" else written.replace("\\\\", "\\")


def _set_of(uids: Sequence[int]) -> str:
    """Numbers as a set of IMAP, neighbours together: `3:7,9`."""
    ranges: list[list[int]] = []
    for uid in sorted(uids):
        if ranges and uid == ranges[-1][1] + 1:
            ranges[-1][1] = uid
        else:
            ranges.append([uid, uid])
    return ",".join(str(first) if first == last else f"{first}:{last}" for first, last in ranges)
