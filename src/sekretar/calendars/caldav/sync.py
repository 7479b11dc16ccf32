"""What changed in a calendar since the last look, for the least that can be asked and without inventing
anything.

`changes` is the one public function. It climbs down a ladder (after DAVx⁵ and vdirsyncer):

1. The marks of the calendar (ctag, sync token) have not moved: nothing changed.
2. sync-collection names what changed (RFC 6578).
3. A listing of all etags is compared with the known ones; changed objects are fetched by multiget.
4. The same for a window of time, where a server cannot list.

A server is believed only as long as it is not caught: a listing that contradicts the cheaper answer lowers
the trust, and nothing raises it again. New marks are returned only when everything they stand for was read,
so that whatever goes wrong is looked at again. Nothing is deleted by an error, by a partial answer, or by a
calendar that is suddenly empty at first sight. Nothing is stored here; the caller stores state and objects in
one transaction.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from sekretar.calendars.caldav.client import CalDavClient
from sekretar.calendars.caldav.errors import AnswerTooLarge, NotCalDav
from sekretar.calendars.caldav.providers import Trust
from sekretar.calendars.caldav.values import Delta, Listing, Marks, RemoteObject, TokenRejected
from sekretar.kernel.errors import PeerForbidden, PeerInvalid, PeerNotFound, PeerUnsupported

logger = logging.getLogger(__name__)

#: Objects fetched in one pass; a first look at a large calendar takes several, and each can be stored.
USUAL_PASS = 2_000

#: Objects that a listing names and a multiget does not know are asked for one by one, up to this many a pass.
_MOST_SINGLE = 20

#: Pages of one sync-collection.
_MOST_PAGES = 50

_CONTENT = "sha256:"

#: A server that answers a report so does not offer it, whatever it announces.
_DECLINES = (PeerForbidden, PeerInvalid, PeerUnsupported)


@dataclass(frozen=True, slots=True)
class CalendarState:
    """What is known of a calendar from earlier looks; stored by the caller."""

    #: The absolute address.
    href: str
    marks: Marks = field(default_factory=Marks)
    #: href → etag of every object that was applied; where the server omits etags, a hash of the text.
    etags: Mapping[str, str] = field(default_factory=dict)
    trust: Trust = Trust.TOKEN


class Way(StrEnum):
    """How the answer was found, for logs and metrics."""

    UNMOVED = "unmoved"
    TOKEN = "token"  # noqa: S105
    LISTING = "listing"
    WINDOW = "window"


@dataclass(frozen=True, slots=True)
class Changes:
    """What to apply. `state` is what to store together with it."""

    upserts: tuple[RemoteObject, ...]
    #: hrefs as they were stored.
    deletions: frozenset[str]
    #: With the new marks when everything was read, otherwise with the old ones.
    state: CalendarState
    way: Way
    #: Everything the new state stands for was read; otherwise look again soon.
    complete: bool = True
    #: Everything known has vanished. Nothing is deleted yet: look again later with `confirmed=True`.
    suspicious: bool = False
    #: Objects that cannot be held or read; they count as seen and are not asked for again until they change.
    unusable: frozenset[str] = frozenset()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to apply."""
        return not self.upserts and not self.deletions


async def changes(
    client: CalDavClient,
    state: CalendarState,
    *,
    marks: Marks | None = None,
    verify: bool = False,
    confirmed: bool = False,
    window: tuple[datetime, datetime] | None = None,
    most: int = USUAL_PASS,
) -> Changes:
    """Find what changed in one calendar.

    Args:
        client: of the account.
        state: what is known.
        marks: of this calendar, where `CalDavClient.home` has told them just now; otherwise they are asked for.
        verify: compare all etags even when the marks did not move; due every `ServerProfile.verify_every`.
        confirmed: an earlier look was suspicious and this one is late enough to believe an empty calendar.
        window: needed only by servers that cannot list.
        most: objects fetched at most.

    Raises `PeerNotFound` when the calendar is gone, and the other kinds of `PeerError`; then nothing is
    known.
    """
    # The marks are older than everything read below, so a change in between moves them again.
    now = marks if marks is not None else await client.marks(state.href)
    unmoved = state.trust >= Trust.CTAG and now.unmoved_since(state.marks)
    if unmoved and not verify:
        return Changes((), frozenset(), state, Way.UNMOVED)
    look = _Look(client, state, now, confirmed=confirmed, window=window, most=most)
    if state.trust is Trust.TOKEN and state.marks.token and not verify:
        found = await look.by_token()
        if found is not None:
            return found
    found = await look.by_listing()
    if unmoved and not found.empty and await _really_unmoved(client, state):
        found = replace(found, state=replace(found.state, trust=min(found.state.trust, Trust.LISTING)))
        logger.info("%s: objects changed under unmoved marks, they are not believed any more", client.peer)
    return found


async def _really_unmoved(client: CalDavClient, state: CalendarState) -> bool:
    """Whether the marks are still the old ones: a change after they were read proves nothing."""
    return (await client.marks(state.href)).unmoved_since(state.marks)


@dataclass(frozen=True, slots=True)
class _Difference:
    """What has to be read and forgotten to reach a state of the server."""

    #: Stored href → etag as the server tells it now.
    wanted: Mapping[str, str | None]
    #: Stored href → the spelling by which the server names it now.
    spelled: Mapping[str, str]
    deleted: frozenset[str]
    #: Everything is named that the server has; then an empty calendar shows.
    complete: bool


class _Look:
    """One look at one calendar."""

    def __init__(
        self,
        client: CalDavClient,
        state: CalendarState,
        marks: Marks,
        *,
        confirmed: bool,
        window: tuple[datetime, datetime] | None,
        most: int,
    ) -> None:
        self._client = client
        self._state = state
        self._marks = marks
        self._confirmed = confirmed
        self._window = window
        self._most = most
        #: Known hrefs by what all spellings of them have in common.
        self._names = {client.key(href): href for href in state.etags}
        self._trust = state.trust

    async def by_token(self) -> Changes | None:
        """Ask sync-collection; None when a listing has to tell instead."""
        delta = await self._delta()
        if delta is None or delta.token is None:
            return None
        difference = self._from_delta(delta)
        moved = not self._marks.unmoved_since(self._state.marks)
        if moved and not delta.changed and not delta.deleted and await self._hides_changes():
            self._trust = min(self._trust, Trust.CTAG)
            logger.info("%s: sync-collection hides changes, it is not believed any more", self._client.peer)
            return None
        return await self._apply(difference, Marks(self._marks.ctag, delta.token), Way.TOKEN)

    async def by_listing(self) -> Changes:
        """Compare etags."""
        if self._trust > Trust.WINDOW:
            try:
                listing = await self._client.list_etags(self._state.href)
                return await self._apply(self._from_listing(listing), self._marks, Way.LISTING)
            except (AnswerTooLarge, PeerUnsupported):
                self._trust = Trust.WINDOW
                logger.info("%s cannot list a calendar, a window of it is asked for", self._client.peer)
        return await self._by_window()

    async def _by_window(self) -> Changes:
        listing = await self._client.query_etags(self._state.href, self._window)
        # What is not in the window may still exist; only the server can say that it does not.
        listed = {self._client.key(href) for href in listing.etags}
        beyond = [href for key, href in self._names.items() if key not in listed]
        checked = await self._client.multiget(self._state.href, beyond, data=False)
        etags = dict(listing.etags) | {item.href: item.etag for item in checked.objects}
        kept = {href: self._state.etags[href] for href in checked.failed | checked.unusable}
        complete = listing.complete and not checked.failed
        difference = self._from_listing(Listing(etags | kept, complete=True))
        return await self._apply(replace(difference, complete=complete), self._marks, Way.WINDOW)

    async def _delta(self) -> Delta | None:
        """All pages of sync-collection as one; None when it is declined, rejected or too large."""
        token = self._state.marks.token or ""
        changed: dict[str, str | None] = {}
        deleted: set[str] = set()
        for _ in range(_MOST_PAGES):
            try:
                page = await self._client.sync_collection(self._state.href, token)
            except NotCalDav:
                raise
            except _DECLINES:
                self._trust = min(self._trust, Trust.CTAG)
                return None
            if not isinstance(page, Delta):
                if not isinstance(page, TokenRejected):
                    self._trust = min(self._trust, Trust.CTAG)
                return None
            if not page.complete:
                return None
            changed = {href: etag for href, etag in changed.items() if href not in page.deleted}
            changed.update(page.changed)
            deleted = (deleted - page.changed.keys()) | page.deleted
            if not page.truncated or page.token is None or page.token == token:
                return Delta(changed, frozenset(deleted), None if page.truncated else page.token)
            token = page.token
        return None

    async def _hides_changes(self) -> bool:
        """Whether a listing and a second question show that an empty delta was not the truth."""
        listing = await self._client.list_etags(self._state.href)
        difference = self._from_listing(listing)
        if not listing.complete or not (difference.wanted or difference.deleted):
            return False
        again = await self._delta()
        return again is not None and not again.changed and not again.deleted

    def _from_delta(self, delta: Delta) -> _Difference:
        spelled = {self._name(href): href for href in delta.changed}
        deleted = frozenset(self._name(href) for href in delta.deleted) - spelled.keys()
        wanted = self._wanted(spelled, delta.changed)
        return _Difference(wanted, spelled, deleted & self._state.etags.keys(), complete=True)

    def _from_listing(self, listing: Listing) -> _Difference:
        spelled = {self._name(href): href for href in listing.etags}
        deleted = frozenset(self._state.etags.keys() - spelled.keys()) if listing.complete else frozenset()
        return _Difference(self._wanted(spelled, listing.etags), spelled, deleted, listing.complete)

    def _wanted(self, spelled: Mapping[str, str], etags: Mapping[str, str | None]) -> dict[str, str | None]:
        """What differs from what is known; without an etag only the text itself can tell."""
        told = {name: etags[href] for name, href in spelled.items()}
        return {name: tag for name, tag in told.items() if tag is None or self._state.etags.get(name) != tag}

    def _name(self, href: str) -> str:
        """The spelling under which an object is stored."""
        return self._names.get(self._client.key(href), href)

    async def _apply(self, difference: _Difference, marks: Marks, way: Way) -> Changes:
        """Fetch what is wanted and say what is to be stored."""
        remaining = self._state.etags.keys() - difference.deleted
        vanished = bool(difference.deleted) and not remaining and not difference.wanted
        if vanished and not self._confirmed:
            state = replace(self._state, trust=self._trust)
            return Changes((), frozenset(), state, way, complete=False, suspicious=True)
        batch, rest = self._batch(difference.wanted)
        fetched = await _fetch(
            self._client, self._state.href, {name: difference.spelled[name] for name in batch}
        )
        etags = {href: etag for href, etag in self._state.etags.items() if href not in difference.deleted}
        upserts = []
        for item in fetched.objects:
            # The etag of the listing is what the next listing will show; some servers tell another one here.
            etag = difference.wanted.get(item.href) or item.etag or _hash(item.data)
            if etags.get(item.href) != etag:
                upserts.append(replace(item, etag=etag))
            etags[item.href] = etag
        gone = fetched.gone & etags.keys()
        for href in gone:
            del etags[href]
        etags.update((href, difference.wanted.get(href) or _CONTENT) for href in fetched.unusable)
        complete = difference.complete and not fetched.failed and not rest
        state = CalendarState(self._state.href, marks if complete else self._state.marks, etags, self._trust)
        return Changes(
            tuple(upserts), difference.deleted | gone, state, way, complete, unusable=fetched.unusable
        )

    def _batch(self, wanted: Mapping[str, str | None]) -> tuple[list[str], bool]:
        """What to fetch in this pass, and whether something is left for the next one.

        Objects that are fetched only to see whether they changed have to be fetched in every pass, so they
        are not counted.
        """
        rechecked = [name for name, etag in wanted.items() if etag is None and name in self._state.etags]
        news = [name for name in wanted if name not in set(rechecked)]
        return news[: self._most] + rechecked, len(news) > self._most


@dataclass(frozen=True, slots=True)
class _Read:
    objects: tuple[RemoteObject, ...]
    gone: frozenset[str]
    failed: frozenset[str]
    unusable: frozenset[str]


async def _fetch(client: CalDavClient, href: str, spelled: Mapping[str, str]) -> _Read:
    """The texts; what multiget does not know is believed to be gone only when a GET agrees."""
    names = {spelling: name for name, spelling in spelled.items()}
    fetched = await client.multiget(href, spelled.values())
    objects = [replace(item, href=names[item.href]) for item in fetched.objects if item.href in names]
    gone, failed = set[str](), {names[each] for each in fetched.failed}
    for number, missing in enumerate(sorted(fetched.missing & names.keys())):
        name = names[missing]
        if number >= _MOST_SINGLE:
            failed.add(name)
            continue
        try:
            objects.append(replace(await client.get(missing), href=name))
        except PeerNotFound:
            gone.add(name)
        except (PeerForbidden, PeerInvalid):
            failed.add(name)
    unusable = frozenset(names[each] for each in fetched.unusable)
    return _Read(tuple(objects), frozenset(gone), frozenset(failed), unusable)


def _hash(data: str) -> str:
    return _CONTENT + hashlib.sha256(data.encode("utf-8", "replace")).hexdigest()
