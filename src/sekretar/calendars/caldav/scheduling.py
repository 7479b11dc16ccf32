"""Where a calendar server answers for other people: the scheduling outbox, and the calendars they share.

The outbox (RFC 6638 §2.1) answers for everybody whom the server knows. Servers without scheduling may still answer a
free-busy-query on the calendars of a neighbour; where these are is not told by any property that such servers have,
so it is derived from the way the person's own home is named.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from urllib.parse import quote, unquote, urlsplit

from sekretar.calendars.caldav.client import CalDavClient
from sekretar.calendars.caldav.hrefs import absolute, trusted
from sekretar.kernel.errors import PeerNotFound


async def outbox_of(client: CalDavClient, home_url: str) -> str | None:
    """The scheduling outbox of whoever the account belongs to; None where the server does no scheduling."""
    where, found = await client.propfind(home_url, "d:current-user-principal")
    principal = next((each.href_in("d:current-user-principal") for each in found.responses), None)
    if principal is None:
        raise PeerNotFound(client.peer, "no principal")
    where, found = await client.propfind(absolute(where, principal), "c:schedule-outbox-URL")
    outbox = next((each.href_in("c:schedule-outbox-URL") for each in found.responses), None)
    url = absolute(where, outbox) if outbox else None
    return url if url and trusted(client.base_url, url, client.profile.partner_domains) else None


def neighbour_home(home_url: str, own: Collection[str], other: str) -> str | None:
    """The home of the person with the address `other`, if people are named by their address on this server.

    `own` are the addresses of the person whose home is known. Homes named by the part before the `@` count only
    within one mail domain.
    """
    parts = urlsplit(home_url)
    for mine, theirs in _spellings(own, other):
        segments = parts.path.split("/")
        places = [place for place, each in enumerate(segments) if unquote(each).lower() == mine]
        if places and mine != theirs:
            segments[places[-1]] = quote(theirs)
            return parts._replace(path="/".join(segments)).geturl()
    return None


def _spellings(own: Collection[str], other: str) -> Iterator[tuple[str, str]]:
    """How the person is named, and how the other would be."""
    other = other.lower()
    for each in (address.lower() for address in own if "@" in address):
        yield each, other
        local, _, domain = each.rpartition("@")
        if other.endswith(f"@{domain}"):
            yield local, other.rpartition("@")[0]
