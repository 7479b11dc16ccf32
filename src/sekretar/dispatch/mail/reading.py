"""Reading the folders of a mailbox: everything that is above the cursor, in order, each letter once.

How far a folder was read is remembered as UIDVALIDITY and the last UID, never by flags: a colleague who opens a
letter must not hide it from the desk. A letter and the cursor that covers it are stored in one transaction, so that
after any crash reading goes on with the first letter that is not here.

The server numbers a folder anew when it was restored or moved. Then every letter since the start is looked at again,
by its headers first, and those that are here get another place instead of another row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import parsedate_to_datetime
from typing import TypeVar

import structlog

from sekretar.dispatch.mail import noting
from sekretar.dispatch.mail.imap import FolderState, Imap, Listed, peer_name
from sekretar.dispatch.mail.imap_answers import split_letter
from sekretar.dispatch.mail.model import Direction
from sekretar.dispatch.mail.noting import Cursor, Fetched
from sekretar.dispatch.mail.own_thread import OwnThread
from sekretar.dispatch.settings import MailboxSettings
from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerDown

T = TypeVar("T")

_log = structlog.get_logger(__name__)

#: Fetched and stored at once: letters, and bytes (a single letter may have more).
MOST_LETTERS = 50
MOST_BYTES = 8 * 1024 * 1024

#: By so much the clock of a mail server may be behind at the first start.
_MARGIN = timedelta(minutes=10)
#: What a server has noted of its time may be wrong by a day before it proves anything.
_HONEST = timedelta(days=1)
#: After so many connections that ended in the middle of one letter, its headers must do; then nothing of it.
_DEADLY, _DEADLIER = 3, 5


@dataclass(frozen=True)
class Remote:
    """A connection, and the thread it lives in."""

    thread: OwnThread
    imap: Imap

    async def ask(self, method: Callable[..., T], *arguments: object) -> T:
        """Call a method of the connection in its thread."""
        return await self.thread.run(method, *arguments)


@dataclass
class Suspects:
    """Letters in whose middle connections have ended; kept over connections, for the letter may be the reason."""

    #: Fetched together with others when that happened, and alone from then on.
    alone: set[tuple[str, int, int]] = field(default_factory=set)
    deaths: Counter[tuple[str, int, int]] = field(default_factory=Counter)

    def note(self, cursor: Cursor, batch: Sequence[Listed]) -> None:
        """The connection has ended while these were fetched."""
        keys = [(cursor.folder, cursor.uidvalidity, each.uid) for each in batch]
        if len(keys) == 1:
            self.deaths.update(keys)
        self.alone.update(keys)

    def times(self, cursor: Cursor, uid: int) -> int:
        return self.deaths[cursor.folder, cursor.uidvalidity, uid]

    def among(self, cursor: Cursor) -> set[int]:
        """Numbers of letters in this folder that are to be fetched alone."""
        return {uid for folder, validity, uid in self.alone if (folder, validity) == _numbering(cursor)}


class Reader:
    """Reads one mailbox over one connection."""

    def __init__(
        self,
        desk: str,
        mailbox: MailboxSettings,
        database: Database,
        clock: Clock,
        remote: Remote,
        suspects: Suspects,
    ) -> None:
        self._desk, self._mailbox = desk, mailbox
        self._database, self._clock = database, clock
        self._remote, self._suspects = remote, suspects
        self._name = mailbox.address.casefold()
        self._host = mailbox.imap_host.casefold()
        self._largest = mailbox.largest_mb * 1024 * 1024
        #: Folder → what the server said of it when all of it was read.
        self._seen: dict[str, FolderState] = {}
        self._cursors: dict[str, Cursor] = {}

    async def is_unchanged(self, folder: str) -> bool:
        """Whether a folder that is not open is as it was when it was read; asks only for its state."""
        state = await self._remote.ask(self._remote.imap.glance, folder)
        return state is not None and state == self._seen.get(folder)

    async def read(self, folder: str, direction: Direction) -> int:
        """Open a folder and store what is new in it; returns how many letters were not here yet."""
        imap = self._remote.imap
        state = await self._remote.ask(imap.examine, folder)
        if state == self._seen.get(folder):
            return 0
        cursor = await self._cursor(folder, state)
        listed = await self._remote.ask(imap.listed_from, cursor.last_uid + 1)
        new = 0
        for batch in batches(listed, self._suspects.among(cursor)):
            cursor = replace(cursor, last_uid=batch[-1].uid)
            new += await self._keep(direction, cursor, await self._fetched(cursor, batch))
        if new:
            _log.info("letters_read", mailbox=self._name, folder=folder, new=new)
        self._seen[folder] = state
        return new

    async def _keep(self, direction: Direction, cursor: Cursor, letters: Sequence[Fetched]) -> int:
        """Letters and cursor become part of the database together."""
        async with self._database.transaction() as session:
            new = await noting.note(session, self._desk, direction, cursor, letters, self._clock.now())
        self._cursors[cursor.folder] = cursor
        return new

    # --- where to begin

    async def _cursor(self, folder: str, state: FolderState) -> Cursor:
        known = self._cursors.get(folder)
        async with self._database.reading() as session:
            known = known or await noting.cursor_of(session, self._name, folder)
            started = await noting.started_at(session, self._name)
        if known and (known.host, known.uidvalidity) == (self._host, state.uidvalidity):
            return known
        if known:
            _log.warning("folder_numbered_anew", mailbox=self._name, folder=folder)
        since = started or self._clock.now() - timedelta(days=self._mailbox.days_back) - _MARGIN
        recent = await self._remote.ask(self._remote.imap.taken_since, (since - timedelta(days=1)).date())
        newest = state.uid_next - 1
        cursor = Cursor(
            mailbox=self._name,
            folder=folder,
            host=self._host,
            uidvalidity=state.uidvalidity,
            last_uid=min(recent, default=newest + 1) - 1,
            known_until=newest if known else 0,
            since=since,
        )
        # From here on the start is a fact, also if the process ends before the first letter.
        await self._keep(Direction.IN, cursor, ())
        return cursor

    # --- fetching

    async def _fetched(self, cursor: Cursor, batch: Sequence[Listed]) -> list[Fetched]:
        """The letters of a batch that have not been removed meanwhile."""
        # What was numbered anew and is from before the start was never read and never will be.
        batch = [each for each in batch if not self._is_old(cursor, each)]
        if not batch:
            return []
        try:
            headers = await self._headers_first(cursor, batch)
            new = [each for each in batch if each.uid not in headers]
            whole = await self._bodies(cursor, new)
            rest = [each for each in new if each.uid not in whole]
            headers |= await self._headers_of(cursor, rest)
            lost = [each.uid for each in rest if each.uid not in headers]
            withheld = await self._remote.ask(self._remote.imap.still_there, lost) if lost else set()
        except PeerDown as error:
            if error.peer == peer_name(self._mailbox):
                self._suspects.note(cursor, batch)
            raise
        found: list[Fetched] = []
        for each in batch:
            if each.uid in whole:
                found.append(self._letter(cursor, each, *split_letter(whole[each.uid])))
            elif each.uid in headers or each.uid in withheld:
                found.append(self._letter(cursor, each, headers.get(each.uid, b""), None))
        return found

    async def _headers_first(self, cursor: Cursor, batch: Sequence[Listed]) -> dict[int, bytes]:
        """The headers of those letters that are here already, as far as the folder was numbered anew."""
        doubtful = {each.uid: each.size for each in batch if each.uid <= cursor.known_until}
        if not doubtful:
            return {}
        headers = await self._remote.ask(self._remote.imap.headers, sorted(doubtful))
        digests = {uid: noting.digest_of(header, doubtful[uid]) for uid, header in headers.items()}
        async with self._database.reading() as session:
            known = await noting.known_digests(session, self._desk, set(digests.values()))
        return {uid: headers[uid] for uid, digest in digests.items() if digest in known}

    async def _bodies(self, cursor: Cursor, letters: Sequence[Listed]) -> dict[int, bytes]:
        wanted = [
            each
            for each in letters
            if each.size <= self._largest and self._suspects.times(cursor, each.uid) < _DEADLY
        ]
        if not wanted:
            return {}
        size = sum(each.size for each in wanted)
        return await self._remote.ask(self._remote.imap.whole, [each.uid for each in wanted], size)

    async def _headers_of(self, cursor: Cursor, letters: Sequence[Listed]) -> dict[int, bytes]:
        wanted = [each.uid for each in letters if self._suspects.times(cursor, each.uid) < _DEADLIER]
        return await self._remote.ask(self._remote.imap.headers, wanted) if wanted else {}

    def _letter(self, cursor: Cursor, listed: Listed, header: bytes, body: bytes | None) -> Fetched:
        received_at = listed.received_at or self._clock.now()
        history = received_at < cursor.since
        if listed.uid <= cursor.known_until:
            # A move to another server may have given all letters a new time of arrival.
            history = history or came_before(header, cursor.since - _HONEST)
        return Fetched(listed.uid, header, body, listed.size, received_at, history)

    def _is_old(self, cursor: Cursor, listed: Listed) -> bool:
        taken = listed.received_at
        return listed.uid <= cursor.known_until and taken is not None and taken < cursor.since


def batches(
    letters: Sequence[Listed],
    alone: Collection[int],
    *,
    most_letters: int = MOST_LETTERS,
    most_bytes: int = MOST_BYTES,
) -> Iterator[list[Listed]]:
    """Letters in their order, as many at once as are fetched together; those that are to be alone, alone."""
    batch: list[Listed] = []
    size = 0
    for letter in letters:
        full = len(batch) >= most_letters or size + letter.size > most_bytes
        if batch and (full or letter.uid in alone or batch[-1].uid in alone):
            yield batch
            batch, size = [], 0
        batch.append(letter)
        size += letter.size
    if batch:
        yield batch


def came_before(header: bytes, moment: datetime) -> bool:
    """Whether a letter came before this moment, as the last server on its way has noted; without such a note, no.

    What the sender says does not count: a letter with a wrong date is a letter all the same.
    """
    noted = str(BytesHeaderParser(policy=compat32).parsebytes(header).get("Received", "")).rpartition(";")[2]
    try:
        came = parsedate_to_datetime(noted.strip())
    except (ValueError, TypeError, IndexError, OverflowError):
        return False
    return (came if came.tzinfo else came.replace(tzinfo=UTC)) < moment


def _numbering(cursor: Cursor) -> tuple[str, int]:
    return cursor.folder, cursor.uidvalidity
