"""How a delivery is signed, so that its receiver knows that it is ours, unaltered and not an old one."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

SIGNATURE = "X-Sekretar-Signature"
TIMESTAMP = "X-Sekretar-Timestamp"
DELIVERY = "X-Sekretar-Delivery"


def signed(body: bytes, secret: str, delivery: str, now: datetime) -> dict[str, str]:
    """The headers of a delivery: HMAC-SHA256 over `<timestamp>.<body>`, the timestamp in seconds since 1970."""
    timestamp = str(int(now.timestamp()))
    mac = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {SIGNATURE: f"sha256={mac}", TIMESTAMP: timestamp, DELIVERY: delivery}
