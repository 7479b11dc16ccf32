"""Whether Mattermost may call an address at all.

To protect the network it stands in, a server refuses to call private addresses unless its setting
`AllowedUntrustedInternalConnections` names them. That is the most frequent reason why buttons and commands of a
fresh installation do nothing, and the server tells nobody but its log.

Source: `MakeTransport` and `IsReservedIP` in server/platform/shared/httpservice of mattermost/mattermost.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from yarl import URL

from sekretar.kernel.addresses import is_public, normal_host

#: Where the administrator finds the setting.
WHERE = 'System Console, Environment, Developer, "Allow untrusted internal connections to"'
#: The name of the setting in config.json.
SETTING = "ServiceSettings.AllowedUntrustedInternalConnections"


def host_of(url: str) -> str:
    """The host of an address, as it is compared."""
    return normal_host(URL(url).raw_host or "")


def is_allowed(listed: str, host: str, addresses: Collection[str]) -> bool | None:
    """Whether a server with this list may call the host; None when its addresses are not known.

    Args:
        listed: The setting as it is: hosts, addresses and networks, with spaces.
        host: The host of the address to be called.
        addresses: What the host resolves to.
    """
    if host in [normal_host(entry) for entry in listed.split()]:
        return True
    if not addresses:
        return None
    networks = _networks(listed)
    found = [ip_address(address.partition("%")[0]) for address in addresses]
    return any(
        is_public(one) or any(one.version == network.version and one in network for network in networks)
        for one in found
    )


def is_loopback(host: str, addresses: Collection[str]) -> bool:
    """Whether the host means the machine that asks, whichever that is."""
    return host == "localhost" or any(
        ip_address(address.partition("%")[0]).is_loopback for address in addresses
    )


async def resolve(host: str) -> tuple[str, ...]:
    """The addresses of the host as this machine knows them; none when it does not."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def _networks(listed: str) -> list[IPv4Network | IPv6Network]:
    networks = []
    for entry in listed.split():
        try:
            networks.append(ip_network(entry, strict=False))
        except ValueError:
            continue  # a host name, compared as such
    return networks
