"""Claims: what we sealed comes back, everything else is refused."""

from __future__ import annotations

import base64
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekretar.kernel.signing import LONGEST_SEAL, Claim, Expired, Forged, Signer, new_nonce

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
CLAIM = Claim(
    "calendars.today",
    7,
    {"day": "2026-03-04", "page": 2, "all": True, "none": None},
    NOW + timedelta(hours=1),
)
OLD, NEW = b"o" * 32, b"n" * 32

scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20)


@given(
    st.text(min_size=1, max_size=20),
    st.integers(0),
    st.dictionaries(st.text(max_size=10), scalars, max_size=4),
)
def test_what_was_sealed_is_opened(kind: str, person: int, record: dict[str, str | int | None]) -> None:
    claim = Claim(kind.encode("utf-8", "replace").decode(), person, record, NOW + timedelta(microseconds=1))
    sealed = Signer([NEW]).seal(claim)
    assert Signer([NEW]).open(sealed, claim.kind, NOW) == claim
    assert set(sealed) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_another_zone_is_the_same_moment() -> None:
    claim = replace(CLAIM, expires_at=CLAIM.expires_at.astimezone(timezone(timedelta(hours=3))))
    opened = Signer([NEW]).open(Signer([NEW]).seal(claim), claim.kind, NOW)
    assert opened.expires_at == CLAIM.expires_at
    assert opened.expires_at.tzinfo is UTC


def test_a_kind_is_not_another() -> None:
    sealed = Signer([NEW]).seal(CLAIM)
    with pytest.raises(Forged):
        Signer([NEW]).open(sealed, "calendars.disconnect", NOW)


def test_the_last_moment_counts() -> None:
    sealed = Signer([NEW]).seal(CLAIM)
    assert Signer([NEW]).open(sealed, CLAIM.kind, CLAIM.expires_at) == CLAIM
    with pytest.raises(Expired) as caught:
        Signer([NEW]).open(sealed, CLAIM.kind, CLAIM.expires_at + timedelta(microseconds=1))
    assert caught.value.claim == CLAIM


def test_keys_change() -> None:
    before, during, after = Signer([OLD]), Signer([NEW, OLD]), Signer([NEW])
    assert during.open(before.seal(CLAIM), CLAIM.kind, NOW) == CLAIM
    assert after.open(during.seal(CLAIM), CLAIM.kind, NOW) == CLAIM
    with pytest.raises(Forged):
        after.open(before.seal(CLAIM), CLAIM.kind, NOW)


@given(st.data())
def test_no_character_may_change(data: st.DataObject) -> None:
    sealed = Signer([NEW]).seal(CLAIM)
    raw = bytearray(base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4)))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Forged):
        Signer([NEW]).open(base64.urlsafe_b64encode(bytes(raw)).rstrip(b"=").decode(), CLAIM.kind, NOW)


anything = st.one_of(
    st.none(), st.integers(), st.floats(), st.booleans(), st.binary(), st.text(), st.lists(st.text()),
    st.dictionaries(st.text(), st.text()), st.text(st.sampled_from("AZaz09-_=+/"), max_size=200),
)  # fmt: skip


@given(anything)
def test_garbage_is_forged(garbage: object) -> None:
    with pytest.raises(Forged):
        Signer([NEW]).open(garbage, CLAIM.kind, NOW)


@pytest.mark.parametrize(
    "garbage", ["A" * (LONGEST_SEAL + 1), "A" * 10_000_000, "AQ", "AQ==", "é", "\ud800", "A\n"]
)
def test_more_garbage_is_forged(garbage: str) -> None:
    with pytest.raises(Forged):
        Signer([NEW]).open(garbage, CLAIM.kind, NOW)


@pytest.mark.parametrize(
    "payload", [b"", b"{}", b"[]", b"[1,2]", b'["a",1,"n",{}]x', b'[1,"x","n",{}]', b"[1,1e99,2,3]"]
)
def test_our_own_seal_over_nonsense_is_forged(payload: bytes) -> None:
    """A version to come may seal something else: that is refused, not half understood."""
    sealed = Signer([NEW]).seal(CLAIM)
    raw = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
    assert json.loads(raw[1:-32])[0] == CLAIM.person  # the form this test speaks of
    kind = CLAIM.kind.encode()
    mac = hmac.digest(NEW, b"\x01" + len(kind).to_bytes(4, "big") + kind + payload, "sha256")
    with pytest.raises(Forged):
        Signer([NEW]).open(
            base64.urlsafe_b64encode(b"\x01" + payload + mac).decode().rstrip("="), CLAIM.kind, NOW
        )


def test_a_record_may_not_grow_without_bounds() -> None:
    with pytest.raises(ValueError, match="too long"):
        Signer([NEW]).seal(replace(CLAIM, record={"text": "x" * 4000}))


def test_a_naive_expiry_is_an_error() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Signer([NEW]).seal(replace(CLAIM, expires_at=NOW.replace(tzinfo=None)))


@pytest.mark.parametrize("keys", [[], [b"short"], [NEW, b""]])
def test_weak_keys_are_refused(keys: list[bytes]) -> None:
    with pytest.raises(ValueError, match="keys"):
        Signer(keys)


def test_nonces_differ() -> None:
    assert len({new_nonce() for _ in range(100)}) == 100
