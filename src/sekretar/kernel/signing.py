"""Claims that come back to us by way of strangers, sealed so that we know our own words.

Mattermost signs nothing: whoever reaches our callback address can post any button context or dialog state. So
each carries a claim (for which act, for whom, about what, until when) with an HMAC over all of it. A claim is
signed, not encrypted: a dialog shows its state to the client, so no secret belongs into a record.

A sealed claim is `base64url(version | payload | HMAC-SHA256)`. The kind is not in the payload but in what is
signed, so that a claim sealed for one kind of act cannot be opened as another.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.kernel.database import Base, UtcDateTime, insert_into
from sekretar.kernel.errors import SekretarError

JsonScalar = str | int | float | bool | None

#: The longest sealed claim, in characters. Longer input is refused before anything is decoded.
LONGEST_SEAL = 4096

#: How long after its expiry a used claim is remembered, so that a clock set back does not revive it.
REMEMBERED_FOR = timedelta(days=2)

_VERSION = b"\x01"
_MAC_LENGTH = hashlib.sha256().digest_size
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class SealError(SekretarError):
    """A sealed claim that is not honoured."""


class Forged(SealError):
    """Not sealed by us, sealed for another kind of act, or damaged."""


class Expired(SealError):
    """Sealed by us, but its time is over. `claim` tells what it was for."""

    def __init__(self, claim: Claim) -> None:
        super().__init__(f"the claim of kind {claim.kind!r} has expired")
        self.claim = claim


def new_nonce() -> str:
    """A name for a claim that no other claim has (96 random bits)."""
    return secrets.token_urlsafe(12)


@dataclass(frozen=True)
class Claim:
    """What we want to be told again, unaltered.

    Attributes:
        kind: The kind of act; a claim can only be opened as the kind it was sealed for.
        person: The id of the person who may act.
        record: What the act is about. Readable by the client.
        expires_at: The last moment at which the claim is good.
        nonce: Makes each claim different; `consume` remembers it for acts that may happen only once.
    """

    kind: str
    person: int
    record: Mapping[str, JsonScalar]
    expires_at: datetime
    nonce: str = field(default_factory=new_nonce)


class Signer:
    """Seals with the newest key, opens with any. A key is 16 bytes or more, best from `Vault.derive`."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) < 16 for key in keys):
            raise ValueError("a signer needs keys of at least 16 bytes")
        self._keys = tuple(keys)

    def seal(self, claim: Claim) -> str:
        """The claim as URL-safe text of at most `LONGEST_SEAL` characters.

        Raises:
            ValueError: the record is too long, or the expiry has no time zone.
        """
        if claim.expires_at.tzinfo is None:
            raise ValueError("the expiry of a claim needs a time zone")
        expires = (claim.expires_at - _EPOCH) // _MICROSECOND
        parts = [claim.person, expires, claim.nonce, dict(claim.record)]
        text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        payload = text.encode("utf-8", "surrogatepass")
        seal = base64.urlsafe_b64encode(_VERSION + payload + _mac(self._keys[0], claim.kind, payload)).rstrip(
            b"="
        )
        if len(seal) > LONGEST_SEAL:
            raise ValueError(f"the record of a claim of kind {claim.kind!r} is too long")
        return seal.decode()

    def open(self, token: object, kind: str, now: datetime) -> Claim:
        """The claim behind the text.

        A claim is good up to and including `expires_at`.

        Raises:
            Forged: the token is not a claim of this kind sealed with one of our keys, whatever else it is.
            Expired: the claim is ours, but `now` is later than its expiry.
        """
        payload = self._checked_payload(token, kind)
        try:
            person, expires, nonce, record = json.loads(payload.decode("utf-8", "surrogatepass"))
            claim = Claim(kind, person, record, _EPOCH + expires * _MICROSECOND, nonce)
        except (ValueError, TypeError, OverflowError) as error:
            raise Forged("sealed by us, but not in this form") from error
        if now > claim.expires_at:
            raise Expired(claim)
        return claim

    def _checked_payload(self, token: object, kind: str) -> bytes:
        if not isinstance(token, str) or not 0 < len(token) <= LONGEST_SEAL or not token.isascii():
            raise Forged("not a sealed claim")
        try:
            sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise Forged("not a sealed claim") from None
        version, payload, mac = sealed[:1], sealed[1:-_MAC_LENGTH], sealed[-_MAC_LENGTH:]
        if version != _VERSION or len(sealed) <= 1 + _MAC_LENGTH:
            raise Forged("not a claim of a known version")
        # Every key is tried, whatever the first ones say, so that the time taken tells nothing.
        matches = [hmac.compare_digest(mac, _mac(key, kind, payload)) for key in self._keys]
        if not any(matches):
            raise Forged(f"not sealed by us as {kind!r}")
        return payload


def _mac(key: bytes, kind: str, payload: bytes) -> bytes:
    """The length of the kind is signed too: no two pairs of kind and payload give the same bytes."""
    name = kind.encode()
    return hmac.digest(key, _VERSION + len(name).to_bytes(4, "big") + name + payload, "sha256")


class UsedClaim(Base):
    """A claim that has done its one act."""

    __tablename__ = "used_claims"

    nonce: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


async def consume(session: AsyncSession, claim: Claim, now: datetime) -> bool:
    """Mark the claim as used, in the transaction of its act; False when it was used before.

    Claims that expired long ago are forgotten on the way: `Signer.open` refuses them anyway.
    """
    await session.execute(delete(UsedClaim).where(UsedClaim.expires_at < now - REMEMBERED_FOR))
    insert = insert_into(session, UsedClaim).values(nonce=claim.nonce, expires_at=claim.expires_at)
    inserted = await session.execute(insert.on_conflict_do_nothing().returning(UsedClaim.nonce))
    return inserted.first() is not None
