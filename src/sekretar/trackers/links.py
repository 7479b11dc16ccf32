"""What the addresses of all trackers have in common: what lies below a root, and whose ticket a key is."""

from __future__ import annotations

from urllib.parse import urlsplit

from sekretar.kernel.errors import PeerNotFound
from sekretar.trackers.port import Addresses
from sekretar.trackers.values import TicketRef


def page_below(url: str, root: str) -> str | None:
    """The path of a page below the root of a tracker; None for pages of others, and for what is no address."""
    try:
        parts, base = urlsplit(url.strip()), urlsplit(root)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or _host(parts.netloc) != _host(base.netloc):
        return None
    return parts.path.removeprefix(base.path) if parts.path.startswith(base.path) else None


def key_there(ref: TicketRef, addresses: Addresses) -> str:
    """The key of a ticket in its tracker. Raises `PeerNotFound` for a ticket of another one, or no key at all."""
    found = addresses.ref_of_key(ref.key)
    if found is None or ref.tracker != found.tracker:
        raise PeerNotFound(addresses.name, f"no ticket of this tracker: {ref.tracker} {ref.key}")
    return found.key


def _host(netloc: str) -> str:
    """Host and port, without a name before them; the port that goes without saying does not count."""
    host = netloc.rpartition("@")[2].lower()
    return host.removesuffix(":443").removesuffix(":80")
