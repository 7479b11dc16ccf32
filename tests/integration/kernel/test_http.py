"""The sessions against a real server on this machine."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer
from yarl import URL

from sekretar.kernel import http
from sekretar.kernel.errors import AddressNotAllowed, PeerDown
from sekretar.kernel.health import Metrics
from sekretar.kernel.http import HttpSessions, HttpSettings, peer_errors


class Counting:
    """A server that remembers what reached it."""

    def __init__(self) -> None:
        self.requests: list[web.Request] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        match request.path:
            case "/slow":
                await asyncio.Event().wait()
            case "/redirect":
                raise web.HTTPFound("/elsewhere")
            case "/drop":
                assert request.transport is not None
                request.transport.close()
            case "/cookie":
                response = web.Response(text="ok")
                response.set_cookie("MMAUTHTOKEN", "x")
                return response
        return web.Response(text="ok")


@pytest.fixture
def seen() -> Counting:
    return Counting()


@pytest.fixture
async def server(seen: Counting) -> AsyncIterator[TestServer]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", seen.answer)
    async with TestServer(app) as running:
        yield running


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


async def test_peers_go_where_the_administrator_says(server: TestServer, seen: Counting) -> None:
    sessions = HttpSessions(HttpSettings(user_agent="Sekretar/test"))
    async with sessions.peers.get(server.make_url("/")) as response:
        assert await response.text() == "ok"
    assert seen.requests[0].headers["User-Agent"] == "Sekretar/test"
    assert sessions.peers is sessions.peers
    await sessions.close()
    await sessions.close()


async def test_a_closed_session_is_not_made_again() -> None:
    sessions = HttpSessions(HttpSettings())
    await sessions.close()
    with pytest.raises(RuntimeError, match="closed"):
        _ = sessions.peers


async def test_cookies_are_not_kept(server: TestServer, seen: Counting) -> None:
    sessions = HttpSessions(HttpSettings())
    for _ in range(2):
        async with sessions.peers.get(server.make_url("/cookie")):
            pass
    assert "Cookie" not in seen.requests[1].headers
    await sessions.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]", "0x7f.1"])
async def test_typed_addresses_do_not_lead_inside(server: TestServer, seen: Counting, host: str) -> None:
    sessions = HttpSessions(HttpSettings())
    with pytest.raises(AddressNotAllowed) as caught, peer_errors("calendar"):
        async with sessions.typed.request("GET", URL(f"http://{host}:{server.port}/")):
            pass
    assert caught.value.peer == "calendar"
    assert seen.requests == []
    await sessions.close()


@pytest.mark.parametrize("entry", ["127.0.0.0/8", "127.0.0.1:{port}", "127.0.0.1"])
async def test_typed_addresses_may_lead_to_what_is_listed(server: TestServer, entry: str) -> None:
    sessions = HttpSessions(HttpSettings(allowed_networks=(entry.format(port=server.port),)))
    async with sessions.typed.request("GET", URL(f"http://127.0.0.1:{server.port}/")) as response:
        assert response.status == 200
    await sessions.close()


async def test_a_listed_name_may_lead_anywhere_but_only_at_its_port(server: TestServer) -> None:
    sessions = HttpSessions(HttpSettings(allowed_networks=(f"localhost:{server.port}",)))
    async with sessions.typed.request("GET", URL(f"http://localhost:{server.port}/")) as response:
        assert response.status == 200
    with pytest.raises(AddressNotAllowed):
        async with sessions.typed.request("GET", URL("http://localhost:1/")):
            pass
    await sessions.close()


class Names(AbstractResolver):
    """A name server that says what it is told to say, and something else every time."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        addresses = self.answers.pop(0)
        return [
            ResolveResult(hostname=host, host=each, port=port, family=socket.AF_INET, proto=0, flags=0)
            for each in addresses
        ]

    async def close(self) -> None:
        pass


async def test_one_bad_address_refuses_the_name(
    server: TestServer, seen: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http.aiohttp, "ThreadedResolver", lambda: Names(["93.184.216.34", "127.0.0.1"]))
    sessions = HttpSessions(HttpSettings())
    with pytest.raises(AddressNotAllowed, match=r"127\.0\.0\.1"):
        async with sessions.typed.request("GET", URL(f"http://rebinding.example:{server.port}/")):
            pass
    assert seen.requests == []
    await sessions.close()


async def test_the_checked_address_is_the_one_connected_to(
    server: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name would lead elsewhere if it were asked a second time."""
    names = Names(["127.0.0.1"], ["10.255.255.1"])
    monkeypatch.setattr(http.aiohttp, "ThreadedResolver", lambda: names)
    sessions = HttpSessions(HttpSettings(allowed_networks=("127.0.0.1",)))
    async with sessions.typed.request("GET", URL(f"http://rebinding.example:{server.port}/")) as response:
        assert response.status == 200
    assert len(names.answers) == 1
    await sessions.close()


async def test_redirects_are_shown_and_not_followed(server: TestServer, seen: Counting) -> None:
    sessions = HttpSessions(HttpSettings(allowed_networks=("127.0.0.1",)))
    async with sessions.typed.request("GET", server.make_url("/redirect")) as response:
        assert response.headers["Location"] == "/elsewhere"
    assert [request.path for request in seen.requests] == ["/redirect"]
    await sessions.close()


async def test_through_a_proxy(server: TestServer, seen: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy stands inside, where it belongs, and is asked for a name that we cannot resolve."""
    monkeypatch.setenv("http_proxy", f"http://localhost:{server.port}")
    sessions = HttpSessions(HttpSettings())
    async with sessions.typed.request("GET", URL("http://cloud.example/dav")) as response:
        assert response.status == 200
    assert str(seen.requests[0].url) == "http://cloud.example/dav"
    for inside in ("http://10.0.0.1/", "http://intranet/", f"http://localhost:{server.port}/"):
        with pytest.raises(AddressNotAllowed):
            async with sessions.typed.request("GET", URL(inside)):
                pass
    assert len(seen.requests) == 1
    await sessions.close()


async def test_typed_addresses_are_not_waited_for_longer_than_asked(server: TestServer) -> None:
    sessions = HttpSessions(HttpSettings(allowed_networks=("127.0.0.1",)))
    short = aiohttp.ClientTimeout(total=0.2)
    with pytest.raises(PeerDown, match="no answer in time"), peer_errors("calendar"):
        async with sessions.typed.request("GET", server.make_url("/slow"), timeout=short):
            pass
    async with sessions.typed.request("GET", server.make_url("/"), timeout=short) as response:
        assert await response.text() == "ok"
    await sessions.close()


async def test_requests_are_counted_by_what_became_of_them(server: TestServer) -> None:
    metrics = Metrics()
    sessions = HttpSessions(HttpSettings(), metrics)
    with pytest.raises(TimeoutError):
        async with sessions.peers.get(server.make_url("/slow"), timeout=aiohttp.ClientTimeout(total=0.2)):
            pass
    async with sessions.peers.get(server.make_url("/")):
        pass
    counted = metrics.registry.get_sample_value
    for outcome in ("2xx", "failed"):
        labels = {"peer": "peers", "outcome": outcome}
        assert counted("sekretar_peer_requests_total", labels) == 1
    await sessions.close()


async def test_errors_of_the_wire(server: TestServer) -> None:
    sessions = HttpSessions(HttpSettings(total_timeout=0.2))
    port = server.port
    for url, detail in (
        (f"http://127.0.0.1:{port}/slow", "no answer in time"),
        (f"http://127.0.0.1:{port}/drop", "the connection was closed without an answer"),
        (f"https://127.0.0.1:{port}/", f"no secure connection to 127.0.0.1:{port}"),
        ("http://name.invalid/", "the name name.invalid cannot be resolved"),
    ):
        with pytest.raises(PeerDown) as caught, peer_errors("calendar"):
            async with sessions.peers.get(
                url, timeout=aiohttp.ClientTimeout(total=0.2 if "slow" in url else 10)
            ):
                pass
        assert caught.value.detail == detail
    await sessions.close()


async def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    sessions = HttpSessions(HttpSettings())
    with pytest.raises(PeerDown, match=f"no connection to 127.0.0.1:{port}"), peer_errors("calendar"):
        async with sessions.peers.get(f"http://127.0.0.1:{port}/"):
            pass
    await sessions.close()
