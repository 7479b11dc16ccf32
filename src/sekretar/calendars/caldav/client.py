"""The verbs of a calendar server, as narrow as Sekretar needs them.

Each method is one exchange (`multiget` one per batch) and returns values. The client remembers nothing,
retries nothing and decides nothing; the sync ladder and the writing rules stand above it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

from sekretar.calendars.caldav import xml
from sekretar.calendars.caldav.errors import AnswerTooLarge, NotCalDav
from sekretar.calendars.caldav.hrefs import absolute, key_of, path_of, trusted
from sekretar.calendars.caldav.providers import GENERIC, ServerProfile
from sekretar.calendars.caldav.values import (
    Credentials,
    Delta,
    Fetched,
    Home,
    Listing,
    Marks,
    RemoteObject,
    TokenRejected,
    TooMuch,
)
from sekretar.calendars.caldav.wire import Answer, Limits, Wire
from sekretar.kernel.errors import PeerNotFound
from sekretar.kernel.http import Asking

_XML = {"Content-Type": "application/xml; charset=utf-8"}
_CALENDAR = {"Content-Type": "text/calendar; charset=utf-8"}

_HOME_PROPS = xml.propfind("cs:getctag", "d:sync-token", "d:resourcetype")

#: From this size on XML is parsed beside the event loop, bytes.
_PARSED_ASIDE = 256 * 1024


class CalDavClient:
    """One account on one server.

    `session` may be shared by all accounts; it needs no cookies and no redirects. `base_url` fixes the host
    that may see the password. All methods raise the kinds of `PeerError`; `PeerDown` means that nothing is
    known.
    """

    def __init__(
        self,
        session: Asking,
        base_url: str,
        credentials: Credentials,
        *,
        profile: ServerProfile = GENERIC,
        limits: Limits | None = None,
    ) -> None:
        self.base_url = base_url
        self.profile = profile
        self.limits = limits or Limits()
        self._wire = Wire(session, base_url, credentials, profile.partner_domains, self.limits)

    @property
    def peer(self) -> str:
        """The host, for messages and logs."""
        return self._wire.peer

    def key(self, href: str) -> str:
        """What two spellings of an href have in common on this server."""
        return key_of(href, ignore_case=self.profile.hrefs_ignore_case)

    async def features(self, url: str) -> frozenset[str]:
        """The classes of the DAV header (RFC 4918 §10.1).

        Several servers list less, or more, than they do.
        """
        answer = await self._wire.request("OPTIONS", url)
        return frozenset(item.strip() for item in answer.headers.get("DAV", "").split(",") if item.strip())

    async def propfind(
        self, url: str, *props: str, depth: int = 0, most: int | None = None
    ) -> tuple[str, xml.Multistatus]:
        """Ask for properties; returns the address that answered, after redirects, and what it said."""
        headers = {**_XML, "Depth": str(depth)}
        answer = await self._wire.request(
            "PROPFIND", url, body=xml.propfind(*props), headers=headers, most=most
        )
        return answer.url, await self._multistatus(answer)

    async def home(self, home_url: str) -> Home:
        """The marks of every collection in a home, by one request; they are read when somebody asks for them."""
        headers = {**_XML, "Depth": "1"}
        answer = await self._wire.request(
            "PROPFIND", home_url, body=_HOME_PROPS, headers=headers, most=self.limits.listing
        )
        return Home(hashlib.sha256(answer.body).hexdigest(), lambda: self._marks_in(answer))

    def _marks_in(self, answer: Answer) -> dict[str, Marks]:
        return {
            self.key(item.href): marks_of(item)
            for item in self._read(answer).responses
            if xml.tag("c:calendar") in item.children("d:resourcetype")
        }

    async def marks(self, href: str) -> Marks:
        """The marks of one calendar. Raises `PeerNotFound` when it is gone."""
        _, found = await self.propfind(href, "cs:getctag", "d:sync-token", depth=0)
        # Some servers answer under another name of the calendar; of depth 0 there is one answer.
        item = next(iter(found.responses), None)
        if item is None or item.status in (404, 410):
            raise PeerNotFound(self.peer, f"no such calendar: {path_of(href)}")
        return marks_of(item)

    async def list_etags(self, href: str) -> Listing:
        """Every resource of a calendar with its etag."""
        _, found = await self.propfind(
            href, "d:getetag", "d:resourcetype", "d:getcontenttype", depth=1, most=self.limits.listing
        )
        return self._listing(href, [item for item in found.responses if _may_be_event(item)])

    async def query_etags(self, href: str, window: tuple[datetime, datetime] | None = None) -> Listing:
        """The events of a window (or all) with their etags.

        Servers return more than asked for, some everything.
        """
        found = await self._report(href, xml.calendar_query(_utc(window)), self.limits.listing)
        return self._listing(href, found.responses)

    async def sync_collection(self, href: str, token: str) -> Delta | TokenRejected | TooMuch:
        """What changed since the token (RFC 6578)."""
        answer = await self._wire.exchange(
            "REPORT",
            href,
            body=xml.sync_collection(token),
            headers={**_XML, "Depth": "0"},
            most=self.limits.listing,
        )
        if answer.status == 507:
            return TooMuch()
        if answer.status in (403, 409, 412):
            said = xml.conditions(answer.body)
            if xml.tag("d:number-of-matches-within-limits") in said:
                return TooMuch()
            if answer.status != 403 or xml.tag("d:valid-sync-token") in said:
                return TokenRejected()
        self._wire.expect_success(answer)
        return self._delta(href, await self._multistatus(answer))

    async def multiget(self, href: str, members: Iterable[str], *, data: bool = True) -> Fetched:
        """Fetch these members of a calendar, in batches; one bad object does not take its batch along."""
        wanted = list(members)
        result = Fetched(())
        for start in range(0, len(wanted), self.limits.batch):
            part = await self._batch(href, wanted[start : start + self.limits.batch], data=data)
            result = _joined(result, part)
        return result

    async def get(self, href: str) -> RemoteObject:
        """One object. Its etag is not told: the header of a GET is not always the one that listings show."""
        answer = await self._wire.request("GET", href, most=self.limits.object)
        return RemoteObject(path_of(href), None, self._calendar_text(answer))

    async def free_busy(self, href: str, start: datetime, end: datetime) -> str:
        """When the owner of a calendar is busy (RFC 4791 §7.10), as iCalendar; nothing of the events is told."""
        body = xml.free_busy_query(_window(start, end))
        answer = await self._wire.request("REPORT", href, body=body, headers={**_XML, "Depth": "1"})
        return self._calendar_text(answer)

    async def ask_outbox(self, href: str, request: str) -> list[tuple[str, str, str]]:
        """Send a scheduling message (RFC 6638 §5); of each recipient the address, the status and the answer."""
        answer = await self._wire.request("POST", href, body=request.encode(), headers=_CALENDAR)
        if answer.is_html:
            raise NotCalDav(self.peer, "a web page instead of a scheduling answer")
        try:
            return list(xml.schedule_responses(answer.body))
        except xml.BadXml as error:
            raise NotCalDav(self.peer, f"no scheduling answer ({answer.status}): {error}") from None

    async def put(
        self, href: str, data: str, *, if_match: str | None = None, create: bool = False
    ) -> str | None:
        """Write an object; returns its new etag where the server tells one that can be believed.

        `create` refuses to overwrite (If-None-Match: *), `if_match` refuses to overwrite another version:
        `PeerConflict`. After `PeerDown` the fate is unknown: read before writing again.
        """
        headers: dict[str, str] = dict(_CALENDAR)
        if create:
            headers["If-None-Match"] = "*"
        elif if_match is not None:
            headers["If-Match"] = if_match
        answer = await self._wire.request("PUT", href, body=data.encode(), headers=headers)
        etag = answer.headers.get("ETag")
        return etag if etag and self.profile.put_tells_etag and not etag.startswith("W/") else None

    async def delete(self, href: str, *, if_match: str | None = None) -> None:
        """Delete an object.

        `PeerConflict` when it is another version by now, where the server honours If-Match.
        """
        await self._wire.request("DELETE", href, headers={"If-Match": if_match} if if_match else {})

    def _calendar_text(self, answer: Answer) -> str:
        if answer.is_html:
            raise NotCalDav(self.peer, "a web page instead of a calendar")
        return answer.body.decode("utf-8", "replace")

    async def _report(self, href: str, body: bytes, most: int) -> xml.Multistatus:
        answer = await self._wire.request(
            "REPORT", href, body=body, headers={**_XML, "Depth": "1"}, most=most
        )
        return await self._multistatus(answer)

    async def _multistatus(self, answer: Answer) -> xml.Multistatus:
        if len(answer.body) > _PARSED_ASIDE:
            return await asyncio.to_thread(self._read, answer)
        return self._read(answer)

    def _read(self, answer: Answer) -> xml.Multistatus:
        if answer.is_html:
            raise NotCalDav(self.peer, "a web page instead of WebDAV")
        try:
            return xml.multistatus(answer.body)
        except xml.BadXml as error:
            raise NotCalDav(self.peer, f"no WebDAV answer ({answer.status}): {error}") from None

    async def _batch(self, href: str, wanted: list[str], *, data: bool) -> Fetched:
        """One multiget, halved as long as the answer is too large or unreadable."""
        try:
            found = await self._report(
                href, xml.multiget([path_of(item) for item in wanted], data=data), self.limits.listing
            )
        except (AnswerTooLarge, NotCalDav):
            if len(wanted) == 1:
                return Fetched((), unusable=frozenset(wanted))
            middle = len(wanted) // 2
            first = await self._batch(href, wanted[:middle], data=data)
            return _joined(first, await self._batch(href, wanted[middle:], data=data))
        return self._fetched(href, found, asked=wanted, data=data)

    def _fetched(
        self, href: str, found: xml.Multistatus, asked: Iterable[str], *, data: bool = True
    ) -> Fetched:
        names = {self.key(item): item for item in asked}
        objects: list[RemoteObject] = []
        missing: set[str] = set()
        unusable: set[str] = set()
        for item in found.responses:
            if not self._ours(href, item.href):
                continue
            name = names.get(self.key(item.href), path_of(item.href))
            text = item.text("c:calendar-data") if data else ""
            if item.status in (404, 410):
                missing.add(name)
            elif text is None or (item.status or 200) >= 300:
                continue
            elif len(text) > self.limits.object:
                unusable.add(name)
            else:
                objects.append(RemoteObject(name, item.text("d:getetag"), text))
        seen = {item.href for item in objects} | missing | unusable
        return Fetched(
            tuple(objects), frozenset(missing), frozenset(set(names.values()) - seen), frozenset(unusable)
        )

    def _listing(self, href: str, items: Iterable[xml.Response]) -> Listing:
        etags: dict[str, str | None] = {}
        complete = True
        own = self.key(href)
        for item in items:
            gone = item.status in (404, 410)
            if gone and self.key(item.href) == own:
                # Some servers answer 207 for a calendar that does not exist: it is gone, not empty.
                raise PeerNotFound(self.peer, f"no such calendar: {path_of(href)}")
            if gone or _is_collection(item):
                continue
            if not self._ours(href, item.href) or (item.status or 200) >= 300 or item.faults:
                complete = False
                continue
            if self.key(item.href) != own:
                etags[path_of(item.href)] = item.text("d:getetag")
        return Listing(etags, complete)

    def _delta(self, href: str, found: xml.Multistatus) -> Delta:
        changed: dict[str, str | None] = {}
        deleted: set[str] = set()
        truncated, complete = False, True
        own = self.key(href)
        for item in found.responses:
            if self.key(item.href) == own:
                truncated = truncated or item.status == 507
            elif not self._ours(href, item.href):
                complete = False
            elif item.status in (404, 410):
                deleted.add(path_of(item.href))
            elif (item.status or 200) >= 300 or item.faults:
                complete = False
            elif not _is_collection(item):
                changed[path_of(item.href)] = item.text("d:getetag")
        return Delta(changed, frozenset(deleted), found.sync_token, truncated, complete)

    def _ours(self, base: str, href: str) -> bool:
        """Whether a member's href stays on a host of this account."""
        calendar = absolute(self.base_url, base)
        return trusted(calendar, absolute(calendar, href), self.profile.partner_domains)


def marks_of(item: xml.Response) -> Marks:
    """The marks among the properties of a calendar."""
    return Marks(item.text("cs:getctag"), item.text("d:sync-token"))


def _is_collection(item: xml.Response) -> bool:
    return xml.tag("d:collection") in item.children("d:resourcetype")


def _may_be_event(item: xml.Response) -> bool:
    """Not plainly something else; servers that tell the component do so in the content type."""
    kind = (item.text("d:getcontenttype") or "text/calendar").lower().replace(" ", "")
    return kind.startswith("text/calendar") and not kind.endswith(("component=vtodo", "component=vjournal"))


def _joined(one: Fetched, other: Fetched) -> Fetched:
    return Fetched(
        one.objects + other.objects,
        one.missing | other.missing,
        one.failed | other.failed,
        one.unusable | other.unusable,
    )


def _utc(window: tuple[datetime, datetime] | None) -> tuple[str, str] | None:
    return _window(*window) if window is not None else None


def _window(*window: datetime) -> tuple[str, str]:
    start, end = (moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ") for moment in window)
    return start, end
