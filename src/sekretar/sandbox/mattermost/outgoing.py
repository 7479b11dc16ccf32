"""Requests from the server to integrations: slash commands, clicks, dialog submissions.

One attempt, a time-out, a cap on the answer's size, and the server's guard against private addresses
(`AllowedUntrustedInternalConnections`), which is the most frequent reason why an installation does not work.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp

from sekretar.kernel.clock import Clock
from sekretar.sandbox.mattermost.identifiers import millis
from sekretar.sandbox.mattermost.journal import Journal, OutgoingCall
from sekretar.sandbox.mattermost.settings import Limits, Settings

_RESERVED = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4", "::/128", "::1/128", "fc00::/7", "fe80::/10",
        "ff00::/8",
    )
)  # fmt: skip
_FORBIDDEN = (
    "address forbidden, you may need to set AllowedUntrustedInternalConnections to allow an integration access to "
    "your internal network"
)
_CONNECT_SECONDS = 3.0
_USER_AGENT = "Mattermost-Bot/1.1"


class OutgoingFailed(Exception):
    """No answer: refused, forbidden, timed out, broken. The text goes into `detailed_error`."""


@dataclass(frozen=True)
class Answer:
    """What the integration said, its body cut at the limit."""

    status: int
    reason: str
    content_type: str
    body: bytes


class Outgoing:
    """The client side of the server."""

    def __init__(self, settings: Settings, limits: Limits, clock: Clock, journal: Journal) -> None:
        self.settings = settings
        self._limits = limits
        self._clock = clock
        self._journal = journal
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def post_json(self, kind: str, url: str, payload: dict[str, Any]) -> Answer:
        """POST a JSON object, as clicks and dialogs do."""
        body = json.dumps(payload, ensure_ascii=False)
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        return await self._send(kind, "POST", url, headers, body)

    async def send_form(self, method: str, url: str, form: list[tuple[str, str]], token: str) -> Answer:
        """Send a slash command: as a form (POST) or in the query (GET)."""
        headers = {"Accept": "application/json", "Authorization": f"Token {token}"}
        encoded = urlencode(sorted(form, key=lambda pair: pair[0]))
        if method == "GET":
            return await self._send(
                "command", "GET", f"{url}{'&' if '?' in url else '?'}{encoded}", headers, ""
            )
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        return await self._send("command", "POST", url, headers, encoded)

    async def _send(self, kind: str, method: str, url: str, headers: dict[str, str], body: str) -> Answer:
        call = OutgoingCall(kind, url, method, headers, body, millis(self._clock.now()))
        self._journal.calls.append(call)
        try:
            await self._check_address(url)
            answer = await self._exchange(method, url, headers, body)
        except (aiohttp.ClientError, OSError, ValueError, OutgoingFailed, TimeoutError) as error:
            reason = "context deadline exceeded" if isinstance(error, TimeoutError) else str(error)
            call.error = f'{method.title()} "{url}": {reason}'
            raise OutgoingFailed(call.error) from error
        call.status = answer.status
        call.answer = answer.body.decode(errors="replace")
        return answer

    async def _exchange(self, method: str, url: str, headers: dict[str, str], body: str) -> Answer:
        data = body.encode() if method == "POST" else None
        async with self._client().request(method, url, headers=headers, data=data) as response:
            limit = self._limits.integration_response_bytes
            received = bytearray()
            async for chunk in response.content.iter_any():
                received += chunk
                if len(received) >= limit:
                    break
            return Answer(
                response.status,
                response.reason or "",
                response.headers.get("Content-Type", ""),
                bytes(received[:limit]),
            )

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(
                total=self._limits.integration_timeout, sock_connect=_CONNECT_SECONDS
            )
            self._session = aiohttp.ClientSession(
                timeout=timeout,
                headers={"User-Agent": _USER_AGENT},
                skip_auto_headers=("Accept-Encoding",),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    async def _check_address(self, url: str) -> None:
        parts = urlsplit(url)
        host = parts.hostname
        if parts.scheme not in ("http", "https") or not host:
            raise OutgoingFailed("unsupported protocol scheme")
        allowed = self.settings.allowed_untrusted_internal_connections.split()
        if host in allowed:
            return
        port = parts.port or (443 if parts.scheme == "https" else 80)
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = {ipaddress.ip_address(entry[4][0]) for entry in found}
        if not any(is_allowed(address, allowed) for address in addresses):
            raise OutgoingFailed(f"dial tcp: {_FORBIDDEN}")


def is_allowed(address: ipaddress.IPv4Address | ipaddress.IPv6Address, allowed: list[str]) -> bool:
    """Whether the guard lets the address pass: public ones always, others when a listed range holds them."""
    if not any(address in network for network in _RESERVED if network.version == address.version):
        return True
    for text in allowed:
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            continue
        if network.version == address.version and address in network:
            return True
    return False
