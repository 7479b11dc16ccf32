"""An IMAP server that does what Dovecot cannot be made to do: one mailbox, and a switch for each oddity."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from sekretar.dispatch.mail.imap_answers import split_letter


@dataclass
class OddImap:
    """The letters of the INBOX by number, and how the server behaves."""

    letters: dict[int, bytes] = field(default_factory=dict)
    #: IDLE as it should be is `good`; others are `missing`, `refused`, `chatty`, `hasty` (speaks before it agrees).
    #: Of what came since the last look it speaks before it agrees, or, `forgetful`, not at all.
    idle: str = "good"
    #: What LOGIN is answered with, one after the other; afterwards everybody is let in.
    logins: list[str] = field(default_factory=list)
    #: The connection ends when somebody wants these letters, or even only their headers.
    deadly: set[int] = field(default_factory=set)
    deadlier: set[int] = field(default_factory=set)
    #: They are listed, and nothing of them is handed out.
    withheld: set[int] = field(default_factory=set)
    #: They are listed, and somebody removes them before they are fetched.
    removed: set[int] = field(default_factory=set)
    uidvalidity: int = 7
    tells_uidvalidity: bool = True
    tells_uidnext: bool = True
    #: The highest number that was ever given.
    highest: int = 0
    folders: Sequence[str] = ("INBOX",)
    port: int = 0
    #: Arrives after the next look, before IDLE.
    between: list[bytes] = field(default_factory=list)
    looks: int = 0
    _last_told: int = 0
    sessions: int = 0
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def next_uid(self) -> int:
        return max(self.highest, *self.letters, 0) + 1

    def put(self, *letters: bytes) -> None:
        """Letters arrive, and nobody is told."""
        for letter in letters:
            self.highest = self.next_uid
            self.letters[self.highest] = letter

    def number_anew(self) -> None:
        """As after a restored backup."""
        self.uidvalidity += 1
        self.letters = dict(enumerate(self.letters.values(), 1))
        self.highest = len(self.letters)

    async def arrive(self, uid: int, letter: bytes) -> None:
        self.letters[uid] = letter
        async with self._changed:
            self._changed.notify_all()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[OddImap]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**20)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.sessions += 1
        with contextlib.suppress(OSError, _HangUp, asyncio.IncompleteReadError):
            writer.write(b"* OK odd server\r\n")
            while line := await reader.readline():
                tag, _, command = line.decode().strip().partition(" ")
                await self._answer(tag, command, reader, writer)
        writer.close()

    async def _answer(
        self, tag: str, command: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        word = command.upper().split(" ")[0]
        if word == "IDLE":
            await self._idling(tag, reader, writer)
            return
        done, lines = "OK done", [""]
        if word == "CAPABILITY":
            idle = "" if self.idle == "missing" else " IDLE"
            lines = [f"* CAPABILITY IMAP4rev1{idle}"]
        elif word == "LOGIN":
            done = self.logins.pop(0) if self.logins else "OK in"
        elif word == "LIST":
            lines = [f'* LIST () "/" "{name}"' for name in self.folders]
        elif word == "EXAMINE":
            self.looks += 1
            self._last_told = len(self.letters)
            lines = [f"* {len(self.letters)} EXISTS"]
            lines += [f"* OK [UIDVALIDITY {self.uidvalidity}] numbers"] if self.tells_uidvalidity else []
            lines += [f"* OK [UIDNEXT {self.next_uid}] next"] if self.tells_uidnext else []
        elif word == "UID":
            self._letters(command, writer)
        elif word == "LOGOUT":
            lines = ["* BYE"]
        for text in filter(None, lines):
            writer.write(f"{text}\r\n".encode())
        writer.write(f"{tag} {done}\r\n".encode())

    def _letters(self, command: str, writer: asyncio.StreamWriter) -> None:
        if "SEARCH" in command:
            writer.write(f"* SEARCH {' '.join(map(str, sorted(self.letters)))}\r\n".encode())
            return
        _, _, which, what = command.split(" ", 3)
        for number, uid in enumerate(sorted(self.letters), 1):
            if self._means(which, uid):
                self._letter(number, uid, what, writer)

    def _means(self, which: str, uid: int) -> bool:
        newest = max(self.letters)
        for part in which.replace("*", str(newest)).split(","):
            ends = [int(end) for end in part.split(":")]
            if min(ends) <= uid <= max(ends):
                return True
        return False

    def _letter(self, number: int, uid: int, what: str, writer: asyncio.StreamWriter) -> None:
        raw = self.letters[uid]
        date = ' INTERNALDATE "01-Jan-2099 12:00:00 +0000"'
        if "BODY" not in what:
            told = f"UID {uid} RFC822.SIZE {len(raw)}{date if 'DATE' in what else ''}"
            if uid not in self.removed or "SIZE" in what:
                writer.write(f"* {number} FETCH ({told})\r\n".encode())
            return
        whole = "BODY.PEEK[]" in what
        if (whole and uid in self.deadly) or uid in self.deadlier:
            raise _HangUp
        if uid in self.removed:
            return
        content = raw if whole else split_letter(raw)[0]
        section = re.sub(r".*BODY\.PEEK(\[\w*\]).*", r"BODY\1", what)
        # Somebody reads a letter elsewhere at the same time.
        writer.write(f"* {number} FETCH (FLAGS (\\Seen))\r\n".encode())
        if uid in self.withheld:
            writer.write(f"* {number} FETCH (UID {uid} {section} NIL)\r\n".encode())
        else:
            writer.write(f"* {number} FETCH ({section} {{{len(content)}}}\r\n".encode())
            writer.write(content + f" UID {uid})\r\n".encode())

    async def _idling(self, tag: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.idle == "refused":
            writer.write(f"{tag} NO not today\r\n".encode())
            return
        self.put(*self.between)
        self.between.clear()
        before = len(self.letters)
        if self.idle == "hasty" or (self.idle != "forgetful" and before != self._last_told):
            writer.write(f"* {before} EXISTS\r\n".encode())
        writer.write(b"+ idling\r\n")
        if self.idle == "chatty":
            writer.write(b"* OK Still here\r\n")
        telling = asyncio.create_task(self._tell(before, writer))
        try:
            await reader.readline()
        finally:
            telling.cancel()
        writer.write(f"{tag} OK no longer idle\r\n".encode())

    async def _tell(self, before: int, writer: asyncio.StreamWriter) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.letters) != before)
        writer.write(f"* {len(self.letters)} EXISTS\r\n".encode())


class _HangUp(Exception):
    """The server has had enough."""
