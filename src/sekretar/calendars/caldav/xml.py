"""WebDAV's XML, read as if an enemy had written it.

Entities, external files, the network and document types are off, depth is bounded by the parser, and a broken
document is never repaired: half an answer that parses would look like a calendar that lost its other half.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

from lxml import etree

DAV = "DAV:"
CALDAV = "urn:ietf:params:xml:ns:caldav"
CALSERVER = "http://calendarserver.org/ns/"
APPLE = "http://apple.com/ns/ical/"
NEXTCLOUD = "http://nextcloud.com/ns"

_PREFIXES = {"d": DAV, "c": CALDAV, "cs": CALSERVER, "a": APPLE}
_NAMESPACES = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in _PREFIXES.items())
_HEAD = '<?xml version="1.0" encoding="utf-8"?>'

#: Characters XML 1.0 forbids; some servers pass them through from event texts.
_FORBIDDEN = bytes(code for code in range(32) if code not in (9, 10, 13))


class BadXml(ValueError):
    """The document is not well-formed, or it is of a kind that no honest server sends."""


@functools.cache
def tag(short: str) -> str:
    """`d:getetag` → `{DAV:}getetag`."""
    prefix, _, name = short.partition(":")
    return f"{{{_PREFIXES[prefix]}}}{name}"


_parsers = threading.local()


def _parser() -> etree.XMLParser:
    """One parser a thread: making one costs as much as reading a small answer."""
    parser: etree.XMLParser | None = getattr(_parsers, "parser", None)
    if parser is None:
        parser = _parsers.parser = etree.XMLParser(
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
            recover=False,
        )
    return parser


def parse(body: bytes) -> etree._Element:
    """The root of a document. Raises `BadXml`."""
    try:
        return _parse(body)
    except etree.XMLSyntaxError as error:
        cleaned = body.translate(None, _FORBIDDEN)
        if cleaned == body:
            raise BadXml(str(error)) from None
    try:
        return _parse(cleaned)
    except etree.XMLSyntaxError as error:
        raise BadXml(str(error)) from None


def _parse(body: bytes) -> etree._Element:
    root = etree.fromstring(body, _parser())
    if etree.ElementTree(root).docinfo.internalDTD is not None:
        raise BadXml("a document type")
    return root


@dataclass(frozen=True, slots=True)
class Response:
    """What a multistatus says about one resource."""

    #: As the server wrote it.
    href: str
    #: The status of the resource itself, where one is given.
    status: int | None
    #: The properties that were found, by full name.
    props: Mapping[str, etree._Element]
    #: Statuses of properties that were asked for and not delivered, other than 404.
    faults: tuple[int, ...] = ()

    def text(self, short: str) -> str | None:
        """The text of a property; None when it is absent or empty."""
        element = self.props.get(tag(short))
        return ("".join(map(str, element.itertext())).strip() or None) if element is not None else None

    def href_in(self, short: str) -> str | None:
        """The first href inside a property."""
        return next(self.hrefs_in(short), None)

    def hrefs_in(self, short: str) -> Iterator[str]:
        """All hrefs inside a property."""
        element = self.props.get(tag(short))
        if element is not None:
            yield from (text for item in element.iter(tag("d:href")) if (text := (item.text or "").strip()))

    def children(self, short: str) -> frozenset[str]:
        """The full names of the elements directly inside a property."""
        element = self.props.get(tag(short))
        if element is None:
            return frozenset()
        return frozenset(child.tag for child in element if isinstance(child.tag, str))


@dataclass(frozen=True, slots=True)
class Multistatus:
    """RFC 4918 §13, with the sync token of RFC 6578."""

    responses: tuple[Response, ...]
    sync_token: str | None = None


def multistatus(body: bytes) -> Multistatus:
    """Read a 207 body. Raises `BadXml`, also for a well-formed document that is something else."""
    root = parse(body)
    if root.tag != tag("d:multistatus"):
        raise BadXml(f"the root is {str(root.tag)[:80]}")
    responses = tuple(found for item in root.iterchildren(tag("d:response")) for found in _responses(item))
    return Multistatus(responses, (root.findtext(tag("d:sync-token")) or "").strip() or None)


def _responses(item: etree._Element) -> Iterator[Response]:
    props: dict[str, etree._Element] = {}
    faults: list[int] = []
    for propstat in item.iterchildren(tag("d:propstat")):
        status = _status(propstat) or 200
        holder = propstat.find(tag("d:prop"))
        if status < 300 and holder is not None:
            props.update((child.tag, child) for child in holder if isinstance(child.tag, str))
        elif status not in (404, 403, 401):
            faults.append(status)
    status_of_item = _status(item)
    for href in item.iterchildren(tag("d:href")):
        if text := (href.text or "").strip():
            yield Response(text, status_of_item, props, tuple(faults))


def _status(element: etree._Element) -> int | None:
    line = (element.findtext(tag("d:status")) or "").split()
    return int(line[1]) if len(line) > 1 and line[1].isdecimal() else None


def conditions(body: bytes) -> frozenset[str]:
    """The failed preconditions that an error answer names (RFC 4918 §16).

    None when the body says nothing usable.
    """
    try:
        root = parse(body)
    except BadXml:
        return frozenset()
    return frozenset(str(element.tag) for element in root.iter() if isinstance(element.tag, str))


def _props(shorts: tuple[str, ...]) -> str:
    return "<d:prop>" + "".join(f"<{short}/>" for short in shorts) + "</d:prop>"


def propfind(*shorts: str) -> bytes:
    """A PROPFIND body asking for these properties."""
    return f"{_HEAD}<d:propfind {_NAMESPACES}>{_props(shorts)}</d:propfind>".encode()


def sync_collection(token: str) -> bytes:
    """RFC 6578 §3.2, without a limit: several servers lose what lies beyond it."""
    return (
        f"{_HEAD}<d:sync-collection {_NAMESPACES}><d:sync-token>{escape(token)}</d:sync-token>"
        f"<d:sync-level>1</d:sync-level>{_props(('d:getetag',))}</d:sync-collection>"
    ).encode()


def multiget(hrefs: list[str], *, data: bool) -> bytes:
    """RFC 4791 §7.9."""
    props = ("d:getetag", "c:calendar-data") if data else ("d:getetag",)
    names = "".join(f"<d:href>{escape(href)}</d:href>" for href in hrefs)
    return (
        f"{_HEAD}<c:calendar-multiget {_NAMESPACES}>{_props(props)}{names}</c:calendar-multiget>"
    ).encode()


def free_busy_query(window: tuple[str, str]) -> bytes:
    """RFC 4791 §7.10."""
    return (
        f'{_HEAD}<c:free-busy-query {_NAMESPACES}><c:time-range start="{window[0]}" end="{window[1]}"/>'
        "</c:free-busy-query>"
    ).encode()


def schedule_responses(body: bytes) -> Iterator[tuple[str, str, str]]:
    """Of each recipient: address, request status, calendar data (RFC 6638 §10.2). Raises `BadXml`."""
    root = parse(body)
    if root.tag != tag("c:schedule-response"):
        raise BadXml(f"the root is {str(root.tag)[:80]}")
    for item in root.iterchildren(tag("c:response")):
        recipient = item.find(tag("c:recipient"))
        address = "".join(map(str, recipient.itertext())) if recipient is not None else ""
        status, data = item.findtext(tag("c:request-status")), item.findtext(tag("c:calendar-data"))
        yield address.strip(), (status or "").strip(), data or ""


def calendar_query(window: tuple[str, str] | None) -> bytes:
    """RFC 4791 §7.8 for the etags of events; the window is two UTC times as iCalendar writes them."""
    span = f'<c:time-range start="{window[0]}" end="{window[1]}"/>' if window else ""
    return (
        f"{_HEAD}<c:calendar-query {_NAMESPACES}>{_props(('d:getetag',))}<c:filter>"
        f'<c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT">{span}</c:comp-filter></c:comp-filter>'
        "</c:filter></c:calendar-query>"
    ).encode()
