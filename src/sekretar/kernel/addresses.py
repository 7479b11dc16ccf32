"""Which addresses a person may have us connect to.

Sekretar stands inside the network; the people who type a server's address may not. Whoever may name any address
could make it talk to the database next door or to the metadata service of the cloud, and read the answer in an
error message. So an address that was typed may lead only to the public internet, or to what the administrator
put on a list.

A public name may resolve to a private address, and may do so only the second time it is asked. What is checked
is therefore the resolved address itself, the very one that is connected to (`GuardedResolver` in `http.py`).
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from yarl import URL

from sekretar.kernel.errors import AddressNotAllowed, ConfigurationError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NAT64 = IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR = IPv6Network("2002::/16")
#: Not marked as special by `ipaddress`, or public there and yet no place of a server.
_REFUSED: tuple[Network, ...] = (
    IPv4Network("100.64.0.0/10"),  # shared by carriers, RFC 6598
    IPv4Network("192.88.99.0/24"),  # relays of 6to4, RFC 7526
    IPv6Network("::/96"),  # IPv4-compatible, RFC 4291
    IPv6Network("64:ff9b:1::/48"),  # local NAT64, RFC 8215
    IPv6Network("2001::/32"),  # Teredo, RFC 4380
    IPv6Network("fec0::/10"),  # site-local, RFC 3879
)

#: Names that mean a place inside, wherever they are resolved (RFC 6761, RFC 6762, RFC 8375 and habit).
_INTERNAL_SUFFIXES = (
    "localhost",
    "local",
    "internal",
    "intranet",
    "lan",
    "home",
    "home.arpa",
    "corp",
    "localdomain",
)


@dataclass(frozen=True)
class _Rule:
    """One entry of the administrator's list."""

    network: Network | None = None
    host: str | None = None
    port: int | None = None

    def covers(self, host: str, port: int | None, address: Address | None) -> bool:
        if self.port is not None and port != self.port:
            return False
        if self.host is not None:
            return host == self.host
        return address is not None and self.network is not None and address in self.network


class AddressGuard:
    """Tells which addresses are allowed.

    Args:
        allowed: What is allowed besides the public internet: networks (`10.1.0.0/16`), addresses, host names,
            the last two with or without a port (`cloud.corp:8443`, `[::1]:5232`).

    Raises:
        ConfigurationError: an entry is none of these.
    """

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._rules = tuple(_read_rule(entry) for entry in allowed if entry.strip())

    def check_address(self, host: str, port: int | None, address: str) -> None:
        """Refuse an address that a host name was resolved to.

        Raises:
            AddressNotAllowed: it leads inside.
        """
        found = _parse_address(address)
        if found is None or not (is_public(found) or self._covers(host, port, found)):
            raise AddressNotAllowed(host, f"{host} leads to {address}, which is not a public address")

    def check_url(self, url: URL, *, resolved_by_proxy: bool = False) -> None:
        """Refuse what can be refused before a name is resolved: other schemes and addresses written as numbers.

        Args:
            url: The address that was typed.
            resolved_by_proxy: True when we shall never see the resolved address. Then names that usually mean a
                place inside are refused too; beyond that, what may be reached is the proxy's decision.

        Raises:
            AddressNotAllowed: it leads inside, or is no http or https address.
        """
        host = normal_host(url.raw_host or "")
        if url.scheme not in {"http", "https", "ws", "wss"} or not host:
            raise AddressNotAllowed(host or "address", "only http and https addresses are allowed")
        address = _parse_address(host)
        if address is not None:
            self.check_address(host, url.port, str(address))
        elif _looks_numeric(host):
            raise AddressNotAllowed(host, f"{host} is neither a name nor an address")
        elif resolved_by_proxy and _is_internal_name(host):
            self.check_name(host, url.port)

    def check_name(self, host: str, port: int | None) -> None:
        """Refuse a name that is not listed itself.

        Raises:
            AddressNotAllowed: the administrator's list does not have the name.
        """
        if not self._covers(host, port, None):
            raise AddressNotAllowed(host, f"{host} is a name inside the network")

    def is_listed(self, host: str, port: int | None, address: str = "") -> bool:
        """Whether the administrator's list has the name, or the address that it was resolved to."""
        return self._covers(host, port, _parse_address(address or normal_host(host)))

    def _covers(self, host: str, port: int | None, address: Address | None) -> bool:
        host = normal_host(host)
        addresses = {address, _embedded(address)} if address is not None else {None}
        return any(rule.covers(host, port, each) for rule in self._rules for each in addresses)


def is_public(address: Address) -> bool:
    """Whether the address is one of the public internet; an IPv4 address inside an IPv6 one counts as itself."""
    inner = _embedded(address)
    if inner is not None:
        return is_public(inner)
    if address.is_multicast or address.is_unspecified or address.is_loopback or address.is_link_local:
        return False
    if any(address.version == network.version and address in network for network in _REFUSED):
        return False
    return address.is_global


def normal_host(host: str) -> str:
    """A host name as it is compared: lower case, no final dot, no brackets."""
    return host.strip("[]").rstrip(".").lower()


def _embedded(address: Address | None) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for (mapped, NAT64, 6to4)."""
    if not isinstance(address, IPv6Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour if address in _SIX_TO_FOUR else None


def _parse_address(host: str) -> Address | None:
    """An address however it is written: `127.1`, `0x7f000001`, `017700000001` and `2130706433` are 127.0.0.1."""
    try:
        return ip_address(host.replace("%25", "%"))
    except ValueError:
        pass
    if not host.isascii() or any(character.isspace() for character in host):
        return None
    try:
        return IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


def _looks_numeric(host: str) -> bool:
    return ":" in host or host.rpartition(".")[2].isdigit()


def _is_internal_name(host: str) -> bool:
    return "." not in host or any(
        host == suffix or host.endswith("." + suffix) for suffix in _INTERNAL_SUFFIXES
    )


def _read_rule(entry: str) -> _Rule:
    entry = entry.strip()
    try:
        return _Rule(network=ip_network(entry, strict=False))
    except ValueError:
        pass
    try:
        url = URL(f"http://{entry}")
        host, port = normal_host(url.raw_host or ""), url.explicit_port
        plain = url.raw_path in {"", "/"} and not url.raw_query_string and url.raw_user is None
    except ValueError:
        host, port, plain = "", None, False
    if not plain or not host or re.search(r"[\s/*]", entry):
        raise ConfigurationError(
            f"{entry!r} in the list of allowed addresses is neither a network nor a host.",
            "Write networks like 10.1.0.0/16, addresses and names like 10.1.2.3 or cloud.corp:8443.",
        )
    address = _parse_address(host)
    if address is not None:
        return _Rule(network=ip_network(address), port=port)
    return _Rule(host=host, port=port)
