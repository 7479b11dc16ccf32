"""Comparing hrefs without ever rebuilding them.

A server names its resources; we repeat these names letter by letter. Two spellings may still mean one
resource: absolute or not, percent-encoded or not, and on some servers in another letter case. So a name is
kept as it came and compared by its key. And an answer may name another host: whether that host may see the
password is decided here, in one place.
"""

from __future__ import annotations

from urllib.parse import unquote, urljoin, urlsplit

#: Ports that a redirect from http to https on the same host moves between.
_USUAL = {"http": 80, "https": 443}


def path_of(href: str) -> str:
    """The path of an href as the server wrote it, without scheme, host, query and fragment."""
    if href.startswith("/") and not href.startswith("//"):
        return href.partition("?")[0].partition("#")[0]
    return urlsplit(href).path


def key_of(href: str, *, ignore_case: bool = False) -> str:
    """What two spellings of one resource have in common."""
    key = unquote(path_of(href)).rstrip("/") or "/"
    return key.casefold() if ignore_case else key


def absolute(base: str, href: str) -> str:
    """The address an href means when it was found in an answer of `base`."""
    return urljoin(base, href)


def trusted(origin: str, target: str, partner_domains: tuple[str, ...] = ()) -> bool:
    """Whether a password given for `origin` may be sent to `target`.

    It may on the same host and port, from http up to https, and to https hosts below the partner domains. It
    may never where the connection loses its protection or the address carries credentials of its own.
    """
    try:
        old, new = urlsplit(origin), urlsplit(target)
        old_port, new_port = old.port or _USUAL.get(old.scheme), new.port or _USUAL.get(new.scheme)
    except ValueError:
        return False
    if new.scheme not in _USUAL or not new.hostname or new.username is not None or new.password is not None:
        return False
    if old.scheme == "https" and new.scheme != "https":
        return False
    if old.hostname == new.hostname:
        upgraded = old.scheme == "http" and new.scheme == "https" and new_port == _USUAL["https"]
        return old_port == new_port or upgraded
    host = new.hostname
    known = any(host == domain or host.endswith("." + domain) for domain in partner_domains)
    return known and new.scheme == "https" and new_port == _USUAL["https"]
