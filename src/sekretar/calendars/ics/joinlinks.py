"""The link by which one joins a meeting, found among everything an invitation says.

An invitation may hold a dozen addresses: the conference, the event's own web page, dial-in help, an agenda,
and whatever somebody pasted. Where a link stands decides how much it is believed; whether its host is a
conference service is decided label by label, so that `notktalk.ru` and `evil-zoom.us` stay what they are. A
person clicks this without looking, so anything that disguises its host is refused.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from html import unescape
from urllib.parse import SplitResult, parse_qs, urlsplit

#: Mail gateways wrap a link that is already wrapped; more layers than this are no accident.
_MOST_WRAPPINGS = 32
_MOST_CANDIDATES = 200
_LONGEST_TEXT = 256 * 1024
_LONGEST_URL = 2048
_LONGEST_PLACE = 4096

_URL = re.compile(
    r"https://[^\s<>\"'`|\\^{}\u00ab\u00bb\u201c\u201d\u200b-\u200f\u2060\ufeff]+", re.IGNORECASE
)
#: Where an address begins that people have typed by hand, or copied from where its beginning is not shown.
_BARE = re.compile(r"(?<![\w./@:-])(?=(?:[a-z0-9-]+\.)+[a-z]{2,}/[^\s/])", re.IGNORECASE)
_TRAILING = ".,;:!?*_~\u2026"
_BRACKETS = {")": "(", "]": "["}
_TRUECONF = re.compile(r"(?:[a-z0-9-]+\.)*trueconf\.[a-z]{2,}")

_SAFELINKS = "safelinks.protection.outlook.com"

#: Where events have their web pages: a URL there leads to the calendar, not into the meeting.
_PERMALINKS = (
    (re.compile(r"calendar\.yandex\.[a-z.]+"), ""),
    (re.compile(r"calendar\.google\.com"), ""),
    (re.compile(r"(?:www\.)?google\.com"), "/calendar"),
    (re.compile(r"calendar\.mail\.ru"), ""),
    (re.compile(r"e\.mail\.ru"), "/calendar"),
    (re.compile(r"outlook\.(?:office|office365|live)\.com"), "/calendar"),
)


@dataclass(frozen=True, slots=True)
class JoinLink:
    """Where to join."""

    #: The service's own name; empty when the invitation names an address that is not on the list.
    service: str
    url: str


@dataclass(frozen=True, slots=True)
class Sources:
    """The places of an invitation that may hold the link, in the order in which they are believed."""

    #: Values of properties that exist for this purpose, CONFERENCE for one.
    conference: tuple[str, ...] = ()
    url: str = ""
    location: str = ""
    description: str = ""
    html: str = ""


@dataclass(frozen=True, slots=True)
class _Service:
    name: str
    #: Hosts as they are.
    hosts: tuple[str, ...] = ()
    #: Domains with everything below them.
    domains: tuple[str, ...] = ()
    #: What the path has to begin with; without it any path but the empty one will do.
    paths: tuple[str, ...] = ("/",)

    def serves(self, host: str, path: str) -> bool:
        known = host in self.hosts or any(host == each or host.endswith("." + each) for each in self.domains)
        return known and len(path) > 1 and path.startswith(self.paths)


_SERVICES = (
    _Service("Yandex Telemost", ("telemost.yandex.ru", "telemost.360.yandex.ru"), paths=("/j/",)),
    _Service("Kontur Talk", domains=("ktalk.ru",)),
    _Service("SberJazz", ("jazz.sber.ru",), ("salutejazz.ru",)),
    _Service("DION", domains=("dion.vc",)),
    _Service("VK Calls", ("vk.com",), paths=("/call/join",)),
    _Service("Zoom", domains=("zoom.us", "zoom.com", "zoomgov.com"), paths=("/j/", "/my/", "/w/")),
    _Service("Google Meet", ("meet.google.com",)),
    _Service("Microsoft Teams", ("teams.microsoft.com",), paths=("/l/meetup-join/", "/meet/")),
    _Service("Microsoft Teams", ("teams.live.com",), paths=("/meet/",)),
    _Service("Webex", domains=("webex.com",)),
    _Service("Jitsi", ("meet.jit.si",)),
    _Service("Whereby", domains=("whereby.com",)),
    _Service("GoTo", ("meet.goto.com",)),
    _Service("Slack", ("app.slack.com",), paths=("/huddle/",)),
)


def find(sources: Sources, own_hosts: Collection[str] = ()) -> JoinLink | None:
    """The link of the most believed place that has one; among equals the longer one, which holds the
    password.

    `own_hosts` are the conference hosts of the organisation (Jitsi, BigBlueButton, TrueConf), exactly.
    """
    own = frozenset(host.lower() for host in own_hosts)
    declared = [link for text in sources.conference for link in _links(text, own, declared=True)]
    if declared:
        # A known service wins over an address nobody knows, even in a property made for conferences.
        return max(declared, key=lambda link: (bool(link.service), len(link.url)))
    location = _BARE.sub("https://", sources.location[:_LONGEST_PLACE])
    for text in (sources.url, location, sources.description, sources.html):
        links = list(_links(text, own, declared=False))
        if links:
            return max(links, key=lambda link: len(link.url))
    return None


def _links(text: str, own: frozenset[str], *, declared: bool) -> Iterator[JoinLink]:
    for candidate in _candidates(text):
        url = _unwrapped(candidate)
        parts = safe_parts(url)
        if parts is None or _is_permalink(parts):
            continue
        service = _service(parts, own)
        if service is not None or (declared and len(parts.path) > 1):
            yield JoinLink(service or "", url)


def _candidates(text: str) -> Iterable[str]:
    found: dict[str, None] = {}
    for match in _URL.finditer(unescape(text[:_LONGEST_TEXT])):
        found[_trimmed(match.group())] = None
        if len(found) >= _MOST_CANDIDATES:
            break
    return found


def _trimmed(url: str) -> str:
    """Without the punctuation of the sentence around it; a bracket stays where its partner is inside."""
    while url:
        last = url[-1]
        opening = _BRACKETS.get(last)
        if last in _TRAILING or (opening and url.count(opening) < url.count(last)):
            url = url[:-1]
        else:
            break
    return url


def _unwrapped(url: str) -> str:
    for _ in range(_MOST_WRAPPINGS):
        parts = safe_parts(url)
        if parts is None or not (parts.hostname or "").endswith("." + _SAFELINKS):
            return url
        inner = parse_qs(parts.query, max_num_fields=50).get("url", [""])[0] if parts.query else ""
        if not inner:
            return url
        url = inner
    return ""


def safe_parts(url: str) -> SplitResult | None:
    """The parts of an https address that shows its true host; None for any other."""
    if not 0 < len(url) <= _LONGEST_URL or not url.isprintable() or any(c in url for c in " \\<>\"'`"):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    if parts.scheme != "https" or "@" in parts.netloc or port not in (None, 443):
        return None
    labels = host.split(".")
    honest = (
        host.isascii() and len(labels) > 1 and all(labels) and not any(x.startswith("xn--") for x in labels)
    )
    return parts if honest else None


def _is_permalink(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    return any(
        pattern.fullmatch(host) is not None and parts.path.startswith(path) for pattern, path in _PERMALINKS
    )


def _service(parts: SplitResult, own: frozenset[str]) -> str | None:
    host, path = parts.hostname or "", parts.path
    if host in own and len(path) > 1:
        return {"/b/": "BigBlueButton", "/c/": "TrueConf"}.get(path[:3], "Jitsi")
    if _TRUECONF.fullmatch(host) and path.startswith("/c/"):
        return "TrueConf"
    return next((service.name for service in _SERVICES if service.serves(host, path)), None)
