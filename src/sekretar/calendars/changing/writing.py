"""Writing to a calendar server without overwriting anybody and without believing a status code.

Every change is an edit of the text the server holds *now*, under its etag. A lost answer is followed by reading,
never by writing again: several servers answer 504 after they have done as asked. And a 2xx is not the end:
some servers take a change and undo it silently, so what was written is read back and compared, meaning by
meaning, because servers also rewrite what they store for good reasons.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from sekretar.calendars.caldav import CalDavClient, NotCalDav, RemoteObject, ServerProfile
from sekretar.calendars.editing import Edited, answered
from sekretar.calendars.ics.events import Event, PartStat
from sekretar.calendars.ics.reading import UnreadableObject, parse_object
from sekretar.kernel.errors import PeerConflict, PeerDown, PeerNotFound

logger = logging.getLogger(__name__)

_UTC = ZoneInfo("UTC")

#: An edit that met another version is made once more on that one; after that the person decides.
_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class Written:
    """It is on the server; `data` is what the server made of it (a room for a call, for example)."""

    href: str
    etag: str | None
    data: str
    #: The second half of a series that was divided.
    further: Written | None = None


@dataclass(frozen=True, slots=True)
class Reverted:
    """The server said yes and holds something else: what was meant has no lasting effect there."""

    href: str
    etag: str | None
    data: str
    #: What did not last: `title`, `start`, `answer of boris@example.com`, …
    lost: frozenset[str]


@dataclass(frozen=True, slots=True)
class Gone:
    """There is no such object on the server (any more). Nothing was written.

    After an answer it may also mean that the server has put the declined invitation away, as Yandex does.
    """

    href: str
    #: The change was taken before the object went.
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody else changes it at the same time, or something else has this name. Nothing was written."""

    href: str


@dataclass(frozen=True, slots=True)
class Deleted:
    """It is no longer on the server."""

    href: str


Outcome = Written | Reverted | Gone | Conflict

#: Is shown the version that a change is about to be made to. What it raises is passed on, and nothing is written.
Witness = Callable[[RemoteObject], Awaitable[None]]


async def _nobody(_current: RemoteObject) -> None:
    """Nobody wants to see it."""


class EventWriter:
    """Writes for one account.

    `client` knows the server and its profile. All methods raise the kinds of `PeerError`. `PeerDown` means: not
    there as far as the server can be read, and doing the same again is safe.
    """

    def __init__(self, client: CalDavClient) -> None:
        self._client = client

    @property
    def profile(self) -> ServerProfile:
        return self._client.profile

    async def read(self, calendar_href: str, href: str) -> RemoteObject | None:
        """What the server holds now, with the etag under which it may be changed; None when there is nothing.

        Raises `NotCalDav` when the object cannot be read: what is not seen must not be overwritten.
        """
        found = await self._client.multiget(calendar_href, [href])
        if href in found.missing:
            return None
        if found.unusable:
            raise NotCalDav(self._client.peer, "an object that cannot be read")
        current = found.objects[0] if found.objects else None
        etag = current.etag if current is not None else None
        etag = etag or await self._listed_etag(calendar_href, href)
        if current is not None and not self.profile.reports_hide_attendees:
            return RemoteObject(href, etag, current.data)
        try:
            # After the etag: a change in between makes the writing fail instead of being overwritten.
            truth = await self._client.get(href)
        except PeerNotFound:
            return None
        if current is None and etag is None:
            # Whether this server has etags at all is not known: nothing would protect the changes of others.
            raise NotCalDav(self._client.peer, "an object that is neither listed nor missing")
        return RemoteObject(href, etag, truth.data)

    async def create(self, calendar_href: str, uid: str, data: str) -> Outcome:
        """Write a new object, named after its UID, so that the same one is never there twice."""
        href = f"{calendar_href.rstrip('/')}/{quote(uid, safe='')}.ics"
        # Some servers ignore If-None-Match.
        there = await self.read(calendar_href, href)
        if there is not None:
            return self._compared("", data, there) if _uid(there.data) == uid else Conflict(href)
        failure: PeerDown | None = None
        try:
            await self._client.put(href, data, create=True)
        except PeerConflict:
            pass
        except PeerDown as error:
            failure = error
        after = await self._after(calendar_href, href, failure)
        if after is None:
            if failure is not None:
                raise failure
            return await self._moved_by_the_server(calendar_href, href, uid, data)
        return self._compared("", data, after) if _uid(after.data) == uid else Conflict(href)

    async def change(
        self, calendar_href: str, href: str, edit: Callable[[str], Edited], witness: Witness = _nobody
    ) -> Outcome:
        """Apply an edit to what the server holds; on a conflict once more to the other version.

        What `edit` raises is passed on; nothing is written then.
        """
        for _ in range(_ATTEMPTS):
            before = await self.read(calendar_href, href)
            if before is None:
                return Gone(href)
            await witness(before)
            edited = edit(before.data)
            if edited.further is None and edited.data.splitlines() == before.data.splitlines():
                return Written(href, before.etag, before.data)
            outcome = await self._change_both(calendar_href, before, edited)
            if not isinstance(outcome, Conflict):
                return outcome
        return Conflict(href)

    async def answer(
        self,
        calendar_href: str,
        href: str,
        addresses: Collection[str],
        answer: PartStat,
        recurrence_id: str = "",
        *,
        now: datetime,
        zone: ZoneInfo,
        witness: Witness = _nobody,
    ) -> Outcome:
        """Answer an invitation, see `editing.answered`; raises what that raises."""

        def edit(data: str) -> Edited:
            bump = self.profile.answer_bumps_sequence
            return Edited(
                answered(data, addresses, answer, recurrence_id, now=now, zone=zone, bump_sequence=bump)
            )

        return await self.change(calendar_href, href, edit, witness)

    async def delete(
        self, calendar_href: str, href: str, known_etag: str | None = None, witness: Witness = _nobody
    ) -> Deleted | Gone | Conflict:
        """Delete an object; with `known_etag` only while it is this version.

        Some servers ignore If-Match of a DELETE, so the etag is compared here as well.
        """
        current = await self.read(calendar_href, href)
        if current is None:
            return Gone(href)
        if known_etag is not None and current.etag != known_etag:
            return Conflict(href)
        await witness(current)
        try:
            await self._client.delete(href, if_match=current.etag)
        except PeerConflict:
            return Conflict(href)
        except PeerNotFound:
            return Gone(href)
        except PeerDown as failure:
            if await self._after(calendar_href, href, failure) is not None:
                raise
        return Deleted(href)

    # --- steps --------------------------------------------------------------------------------------------

    async def _change_both(self, calendar_href: str, before: RemoteObject, edited: Edited) -> Outcome:
        """The second half of a series first: for a moment it is there twice, never not at all."""
        if edited.further is None:
            return await self._replace(calendar_href, before, edited.data)
        further = await self.create(calendar_href, edited.further_uid, edited.further)
        if isinstance(further, Gone | Conflict):
            return further
        try:
            outcome = await self._replace(calendar_href, before, edited.data)
        except PeerDown:
            await self._take_back(calendar_href, before, further.href)
            raise
        if isinstance(outcome, Written) and isinstance(further, Written):
            return Written(outcome.href, outcome.etag, outcome.data, further)
        await self.delete(calendar_href, further.href)
        return outcome if isinstance(further, Written) else further

    async def _take_back(self, calendar_href: str, before: RemoteObject, href: str) -> None:
        """Take the second half away, provided that the first is whole: otherwise both stay."""
        try:
            current = await self.read(calendar_href, before.href)
            if current is not None and current.data == before.data:
                await self.delete(calendar_href, href)
        except PeerDown as error:
            logger.warning("the second half of a series stays at %s: %s", self._client.peer, error)

    async def _replace(self, calendar_href: str, before: RemoteObject, data: str) -> Outcome:
        failure: PeerDown | None = None
        try:
            await self._client.put(before.href, data, if_match=before.etag)
        except PeerConflict:
            return Conflict(before.href)
        except PeerNotFound:
            return Gone(before.href)
        except PeerDown as error:
            failure = error
        after = await self._after(calendar_href, before.href, failure)
        if after is None:
            return Gone(before.href, accepted=failure is None)
        outcome = self._compared(before.data, data, after)
        if failure is None or isinstance(outcome, Written):
            return outcome
        if after.etag == before.etag or after.data == before.data:
            raise failure
        return Conflict(before.href)

    async def _after(self, calendar_href: str, href: str, failure: PeerDown | None) -> RemoteObject | None:
        """What is there after a writing. When that cannot be read either, the first failure is the news."""
        try:
            return await self.read(calendar_href, href)
        except PeerDown:
            if failure is not None:
                raise failure from None
            raise

    async def _moved_by_the_server(self, calendar_href: str, href: str, uid: str, data: str) -> Outcome:
        """A server may store a new object under a name of its own."""
        listing = await self._client.list_etags(calendar_href)
        found = await self._client.multiget(calendar_href, list(listing.etags))
        for each in found.objects:
            if _uid(each.data) == uid:
                there = await self.read(calendar_href, each.href)
                if there is not None:
                    return self._compared("", data, there)
        return Gone(href, accepted=True)

    async def _listed_etag(self, calendar_href: str, href: str) -> str | None:
        listing = await self._client.list_etags(calendar_href)
        wanted = self._client.key(href)
        return next((etag for each, etag in listing.etags.items() if self._client.key(each) == wanted), None)

    def _compared(self, before: str, meant: str, after: RemoteObject) -> Written | Reverted:
        lost = lasting_difference(before, meant, after.data)
        if lost:
            return Reverted(after.href, after.etag, after.data, lost)
        return Written(after.href, after.etag, after.data)


def lasting_difference(before: str, meant: str, after: str) -> frozenset[str]:
    """What should have changed and is as it was.

    A server may normalise what it is given (a description with a line about the call in it is not the text that
    was sent), so only what equals the state *before* counts as lost.
    """
    old, new, now = _facets(before), _facets(meant), _facets(after)
    changed = {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
    return frozenset(name for occurrence, name in changed if _same(old, now, (occurrence, name)))


def _same(
    old: Mapping[tuple[str, str], object], now: Mapping[tuple[str, str], object], key: tuple[str, str]
) -> bool:
    return old.get(key) == now.get(key)


def _facets(data: str) -> dict[tuple[str, str], object]:
    """What a person would see of the events of an object, one by one; nothing for no object."""
    if not data:
        return {}
    try:
        events = parse_object(data, _UTC).events
    except UnreadableObject:
        return {}
    found: dict[tuple[str, str], object] = {}
    for event in events:
        occurrence = event.recurrence_id.text(_UTC) if event.recurrence_id is not None else ""
        found.update({(occurrence, name): value for name, value in _visible(event).items()})
    return found


def _visible(event: Event) -> dict[str, object]:
    facets: dict[str, object] = {
        "title": event.title,
        "place": event.location,
        "description": event.description,
        "start": event.start.utc(_UTC),
        "end": event.length.end_of(event.start, _UTC),
        "status": event.status,
        "rule": event.rules,
        "dates": frozenset(when.utc(_UTC) for when, _ in event.dates),
        "excluded": frozenset(when.utc(_UTC) for when in event.excluded),
    }
    facets.update({f"answer of {each.address}": each.partstat for each in event.attendees if each.address})
    return {name: value for name, value in facets.items() if value}


def _uid(data: str) -> str:
    try:
        return parse_object(data, _UTC).uid
    except UnreadableObject:
        return ""
