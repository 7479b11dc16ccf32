"""Which addresses are refused, how errors are told, how long a peer asks to wait."""

from __future__ import annotations

import json
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from sekretar.kernel.addresses import AddressGuard, is_public
from sekretar.kernel.errors import AddressNotAllowed, ConfigurationError, PeerDown, PeerError, PeerInvalid
from sekretar.kernel.http import LONGEST_PAUSE, HttpSessions, HttpSettings, peer_errors, retry_after

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)

INSIDE = [
    *("127.0.0.1", "127.255.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
    *("0.0.0.0", "0.1.2.3", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "192.88.99.1"),
    *(
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "fd12::1",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
    ),
    *(
        "64:ff9b::127.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::1",
        "2002:a00:1::",
        "::127.0.0.1",
    ),
    *("2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "fe80::1%lo"),
]
OUTSIDE = [
    "93.184.216.34",
    "8.8.8.8",
    "100.63.0.1",
    "100.128.0.1",
    "2606:4700::1",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
]


@pytest.mark.parametrize("address", INSIDE)
def test_inside(address: str) -> None:
    assert not is_public(ip_address(address))
    with pytest.raises(AddressNotAllowed):
        AddressGuard().check_address("h.example", 443, address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_outside(address: str) -> None:
    assert is_public(ip_address(address))
    AddressGuard().check_address("h.example", 443, address)


@given(st.ip_addresses(v=4))
def test_an_address_within_another_counts_as_itself(address: object) -> None:
    inner = ip_address(str(address))
    mapped = ip_address("::ffff:" + str(inner))
    assert is_public(mapped) == is_public(inner)


@pytest.mark.parametrize(
    "host",
    [
        *(
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "0177.0.0.1",
            "017700000001",
            "127.0.0.1.",
        ),
        *(
            "0",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "127。0。0。1",
            "①②⑦.0.0.1",
            "169.254.169.254",
        ),
        "[fe80::1%25lo]",
    ],
)
def test_numbers_are_seen_through_however_they_are_written(host: str) -> None:
    sessions = HttpSessions(HttpSettings())
    with pytest.raises(AddressNotAllowed):
        sessions.check_typed(f"https://{host}/dav")


@pytest.mark.parametrize(
    "url", ["ftp://h.example/", "file:///etc/passwd", "//h.example", "h.example", "", "https://"]
)
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(AddressNotAllowed):
        HttpSessions(HttpSettings()).check_typed(url)


@pytest.mark.parametrize("host", ["999.1.1.1", "h.256", "1.2.3.4.5"])
def test_broken_numbers_are_refused(host: str) -> None:
    with pytest.raises(AddressNotAllowed):
        HttpSessions(HttpSettings()).check_typed(f"http://{host}/")


def test_names_are_left_to_the_resolver() -> None:
    HttpSessions(HttpSettings()).check_typed("https://cloud.example:8443/dav")


@pytest.mark.parametrize(
    ("entry", "host", "port", "address", "allowed"),
    [
        ("10.1.0.0/16", "h", 443, "10.1.2.3", True),
        ("10.1.0.0/16", "h", 443, "10.2.2.3", False),
        ("10.1.0.0/16", "h", 443, "::ffff:10.1.2.3", True),
        ("10.1.2.3", "h", 80, "10.1.2.3", True),
        ("10.1.2.3:80", "h", 80, "10.1.2.3", True),
        ("10.1.2.3:80", "h", 81, "10.1.2.3", False),
        ("[::1]:5232", "h", 5232, "::1", True),
        ("fd00::/8", "h", 1, "fd12::1", True),
        ("cloud.corp", "cloud.corp", 1, "10.9.9.9", True),
        ("Cloud.Corp", "cloud.corp.", 1, "10.9.9.9", True),
        ("cloud.corp", "evil.cloud.corp", 1, "10.9.9.9", False),
        ("cloud.corp:8443", "cloud.corp", 8443, "10.9.9.9", True),
        ("cloud.corp:8443", "cloud.corp", 443, "10.9.9.9", False),
        ("localhost:5232", "localhost", 5232, "127.0.0.1", True),
    ],
)
def test_the_administrators_list(entry: str, host: str, port: int, address: str, allowed: bool) -> None:
    guard = AddressGuard([entry, " "])
    if allowed:
        guard.check_address(host, port, address)
    else:
        with pytest.raises(AddressNotAllowed):
            guard.check_address(host, port, address)


@pytest.mark.parametrize("entry", ["10.0.0.0/33", "*.corp", "http://h", "h/x", "h:port", "a b", "u@h", "h?x"])
def test_entries_that_cannot_be_read_are_explained(entry: str) -> None:
    with pytest.raises(ConfigurationError, match="allowed addresses"):
        AddressGuard([entry])


@pytest.mark.parametrize(
    "host", ["localhost", "db", "x.local", "metadata.google.internal", "nas.home.arpa", "10.0.0.1"]
)
def test_through_a_proxy_names_of_the_inside_are_refused(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.corp:3128")
    sessions = HttpSessions(HttpSettings())
    with pytest.raises(AddressNotAllowed):
        sessions.check_typed(f"https://{host}/")
    sessions.check_typed("https://cloud.example/")
    HttpSessions(HttpSettings(allowed_networks=(host,))).check_typed(f"https://{host}/")


def test_the_proxy_itself_is_no_place_to_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.corp:3128")
    with pytest.raises(AddressNotAllowed):
        HttpSessions(HttpSettings()).check_typed("http://proxy.corp:3128/")
    HttpSessions(HttpSettings(trust_env=False)).check_typed("http://proxy.corp:3128/")


def test_certificates_that_cannot_be_read_are_explained(tmp_path: Path) -> None:
    broken = tmp_path / "ca.pem"
    broken.write_text("nothing")
    for name in (broken, tmp_path / "missing.pem"):
        with pytest.raises(ConfigurationError, match=str(name)):
            HttpSessions(HttpSettings(ca_file=name))


@pytest.mark.parametrize(
    ("value", "pause"),
    [
        ("0", timedelta()),
        ("120", timedelta(minutes=2)),
        (" 1.5 ", timedelta(seconds=1.5)),
        ("999999999", LONGEST_PAUSE),
        ("Wed, 04 Mar 2026 09:00:30 GMT", timedelta(seconds=30)),
        ("Wed, 04 Mar 2026 12:00:30 +0300", timedelta(seconds=30)),
        ("Wed, 04 Mar 2026 08:00:00 GMT", timedelta()),
        ("Sun, 04 Mar 2096 08:00:00 GMT", LONGEST_PAUSE),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
        (None, None),
    ],
)
def test_retry_after(value: str | None, pause: timedelta | None) -> None:
    assert retry_after(value, NOW) == pause


@given(st.text())
def test_retry_after_survives_anything(value: str) -> None:
    pause = retry_after(value, NOW)
    assert pause is None or timedelta() <= pause <= LONGEST_PAUSE


def refused_handshake() -> aiohttp.WSServerHandshakeError:
    url = URL("https://anna:hunter2@h.example/?token=hunter2")
    info = aiohttp.RequestInfo(url, "GET", CIMultiDictProxy(CIMultiDict()), url)
    return aiohttp.WSServerHandshakeError(info, (), status=502, message="hunter2")


@pytest.mark.parametrize(
    ("error", "kind", "detail"),
    [
        (TimeoutError(), PeerDown, "no answer in time"),
        (aiohttp.SocketTimeoutError(), PeerDown, "no answer in time"),
        (aiohttp.ConnectionTimeoutError(), PeerDown, "no connection in time"),
        (aiohttp.ServerDisconnectedError(), PeerDown, "the connection was closed without an answer"),
        (aiohttp.ClientPayloadError("x"), PeerDown, "the answer broke off"),
        (ConnectionResetError(104, "Connection reset by peer"), PeerDown, "Connection reset by peer"),
        (ssl.SSLError(1, "bad"), PeerDown, "bad"),
        (UnicodeDecodeError("utf-8", b"x", 0, 1, "bad"), PeerDown, "the answer is not readable text"),
        (json.JSONDecodeError("x", "y", 0), PeerDown, "the answer is not JSON"),
        (aiohttp.InvalidURL("http://u:hunter2@"), PeerInvalid, "the address cannot be read"),
        (aiohttp.ClientError("hunter2"), PeerDown, "ClientError"),
        (refused_handshake(), PeerDown, "the WebSocket was refused with 502"),
    ],
)
def test_errors_are_told_by_kind(error: Exception, kind: type[PeerError], detail: str) -> None:
    with pytest.raises(PeerError) as caught, peer_errors("calendar"):
        raise error
    assert (type(caught.value), caught.value.peer, caught.value.detail) == (kind, "calendar", detail)


def test_our_own_errors_pass_and_others_are_not_touched() -> None:
    with pytest.raises(PeerInvalid, match="mail"), peer_errors("calendar"):
        raise PeerInvalid("mail")
    with pytest.raises(AddressNotAllowed) as caught, peer_errors("calendar"):
        raise AddressNotAllowed("h.example", "inside")
    assert (caught.value.peer, caught.value.detail) == ("calendar", "inside")
    with pytest.raises(ZeroDivisionError), peer_errors("calendar"):
        raise ZeroDivisionError
