"""A small calendar server with one switch per bad habit, for what the real ones in the tests do too well.

It models a server, not our client: it knows nothing of what is asked for and answers every verb as RFC 4791 and
RFC 6578 say, until a switch is thrown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from aiohttp import web
from aiohttp.test_utils import TestServer
from lxml import etree

HOME = "/cal/"
CALENDAR = "/cal/work/"

Override = Callable[[web.Request], Awaitable[web.StreamResponse | None]]


@dataclass
class Habits:
    """The switches."""

    #: Yandex: marks move when objects come and go, not when one is edited.
    marks_hide_edits: bool = False
    #: SmarterMail, Kerio: getetag is missing from PROPFIND.
    no_etags: bool = False
    #: Yandex: etags without quotes.
    bare_etags: bool = False
    #: SOGo, DAViCal: a token is always accepted, and the answer is empty.
    sync_says_nothing: bool = False
    #: Yandex under load: sync-collection is too large.
    sync_too_large: bool = False
    sync_unsupported: bool = False
    #: RFC 6578 §3.6: this many changes in one answer.
    sync_page: int = 0
    #: The listing admits to be incomplete.
    listing_broken: bool = False
    #: The listing is empty for a while.
    listing_empty: bool = False
    listing_forbidden: bool = False
    #: Letter case of hrefs differs from answer to answer.
    shouts: bool = False
    #: Members are named with a scheme and a host.
    absolute_hrefs: str = ""
    #: Objects that multiget does not know.
    multiget_misses: set[str] = field(default_factory=set)
    #: Objects whose multiget answer is a server error.
    multiget_fails: set[str] = field(default_factory=set)
    #: Objects that make the whole answer unreadable.
    multiget_poison: set[str] = field(default_factory=set)
    #: What the calendar is called, and the privileges of RFC 3744 on it; without any the server is silent.
    name: str = "Work"
    privileges: tuple[str, ...] = ()


class FakeServer:
    """Texts by file name, a history of them, and what was asked."""

    def __init__(self) -> None:
        self.habits = Habits()
        self.texts: dict[str, str] = {}
        self.asked: list[str] = []
        self.passwords: list[str] = []
        self.override: Override | None = None
        self._history: list[str] = []
        self._marks = 0
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self.server = TestServer(app)

    @property
    def url(self) -> str:
        return str(self.server.make_url("/"))

    @property
    def calendar_url(self) -> str:
        return str(self.server.make_url(CALENDAR))

    def put(self, name: str, text: str) -> None:
        """Create or edit, as somebody else would."""
        hidden = self.habits.marks_hide_edits and name in self.texts
        self.texts[name] = text
        self._touch(name, hidden=hidden)

    def remove(self, name: str) -> None:
        del self.texts[name]
        self._touch(name, hidden=False)

    def _touch(self, name: str, *, hidden: bool) -> None:
        if not hidden:
            self._history.append(name)
            self._marks += 1

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.passwords.append(request.headers.get("Authorization", ""))
        self.asked.append(request.method)
        if self.override is not None and (answer := await self.override(request)) is not None:
            return answer
        body = await request.read()
        if request.method == "PROPFIND":
            return self._propfind(request)
        if request.method == "REPORT":
            return self._report(etree.fromstring(body))
        if request.method == "GET":
            name = request.path.rpartition("/")[2]
            if name not in self.texts:
                return web.Response(status=404)
            return web.Response(text=self.texts[name], content_type="text/calendar")
        return web.Response(status=405)

    def _propfind(self, request: web.Request) -> web.Response:
        if request.path == HOME:
            return _multistatus(self._collection())
        if request.path != CALENDAR:
            return web.Response(status=404)
        if request.headers.get("Depth") == "0":
            return _multistatus(self._collection())
        if self.habits.listing_forbidden:
            return web.Response(status=405)
        members = [] if self.habits.listing_empty else [self._member(name) for name in self.texts]
        if self.habits.listing_broken:
            members[:1] = [
                f"<response><href>{CALENDAR}x.ics</href><status>HTTP/1.1 503 Busy</status></response>"
            ]
        return _multistatus(self._collection(), *members)

    def _collection(self) -> str:
        return (
            f"<response><href>{CALENDAR}</href><propstat><prop><resourcetype><collection/><C:calendar/>"
            f"</resourcetype><S:getctag>{self._marks}</S:getctag><sync-token>t:{len(self._history)}</sync-token>"
            f"<displayname>{self.habits.name}</displayname>{self._privileges()}</prop>"
            "<status>HTTP/1.1 200 OK</status></propstat></response>"
        )

    def _privileges(self) -> str:
        held = "".join(f"<privilege><{each}/></privilege>" for each in self.habits.privileges)
        return f"<current-user-privilege-set>{held}</current-user-privilege-set>" if held else ""

    def _member(self, name: str, *, data: bool = False) -> str:
        etag = hashlib.sha256(self.texts[name].encode()).hexdigest()[:16]
        props = (
            ""
            if self.habits.no_etags
            else f"<getetag>{etag if self.habits.bare_etags else f'&quot;{etag}&quot;'}</getetag>"
        )
        if data:
            props += f"<C:calendar-data>{escape(self.texts[name])}</C:calendar-data>"
        return (
            f"<response><href>{self._href(name)}</href><propstat><prop>{props}</prop>"
            "<status>HTTP/1.1 200 OK</status></propstat></response>"
        )

    def _href(self, name: str) -> str:
        path = CALENDAR + name
        if self.habits.shouts and len(self.asked) % 2:
            path = path.upper()
        return self.habits.absolute_hrefs + path

    def _report(self, root: etree._Element) -> web.Response:
        if root.tag.endswith("sync-collection"):
            return self._sync(root.findtext("{DAV:}sync-token") or "")
        if root.tag.endswith("calendar-query"):
            wanted = root.find(".//{urn:ietf:params:xml:ns:caldav}calendar-data") is not None
            return _multistatus(*(self._member(name, data=wanted) for name in self.texts))
        names = [(href.text or "").rpartition("/")[2] for href in root.iterfind("{DAV:}href")]
        return _multistatus(*(self._one(name, root) for name in names))

    def _one(self, name: str, root: etree._Element) -> str:
        real = next((each for each in self.texts if each.casefold() == name.casefold()), name)
        if real in self.habits.multiget_poison:
            return "<response><unclosed></response>"
        if real in self.habits.multiget_fails:
            return f"<response><href>{CALENDAR}{name}</href><status>HTTP/1.1 500 Oops</status></response>"
        if real not in self.texts or real in self.habits.multiget_misses:
            return (
                f"<response><href>{CALENDAR}{name}</href><status>HTTP/1.1 404 Not Found</status></response>"
            )
        data = root.find(".//{urn:ietf:params:xml:ns:caldav}calendar-data") is not None
        return self._member(real, data=data)

    def _sync(self, token: str) -> web.Response:
        if self.habits.sync_unsupported:
            return web.Response(status=400)
        if self.habits.sync_too_large:
            return web.Response(status=507)
        since = int(token.removeprefix("t:")) if token.removeprefix("t:").isdecimal() else -1
        if since < 0 or since > len(self._history):
            return web.Response(status=403, text='<error xmlns="DAV:"><valid-sync-token/></error>')
        if self.habits.sync_says_nothing:
            return _multistatus(f"<sync-token>t:{len(self._history)}</sync-token>")
        until = (
            min(since + self.habits.sync_page, len(self._history))
            if self.habits.sync_page
            else len(self._history)
        )
        items = [self._change(name) for name in dict.fromkeys(self._history[since:until])]
        if until < len(self._history):
            items.append(f"<response><href>{CALENDAR}</href><status>HTTP/1.1 507 More</status></response>")
        return _multistatus(*items, f"<sync-token>t:{until}</sync-token>")

    def _change(self, name: str) -> str:
        if name in self.texts:
            return self._member(name)
        return f"<response><href>{self._href(name)}</href><status>HTTP/1.1 404 Not Found</status></response>"


def _multistatus(*items: str) -> web.Response:
    body = (
        '<?xml version="1.0"?><multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" '
        f'xmlns:S="http://calendarserver.org/ns/">{"".join(items)}</multistatus>'
    )
    return web.Response(status=207, body=body.encode(), content_type="application/xml")
