"""Trigger ids and the cookies of ephemeral posts: what the server signs or seals for itself."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from datetime import timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sekretar.sandbox.mattermost.errors import Refused
from sekretar.sandbox.mattermost.identifiers import new_id
from sekretar.sandbox.mattermost.state import Json

_DECODE = "interactive_message.decode_trigger_id"


class Seals:
    """The keys of one server. They live as long as the process, longer than anything sealed with them."""

    def __init__(self, trigger_lifetime: timedelta) -> None:
        self._key = secrets.token_bytes(32)
        self._lifetime = trigger_lifetime
        self._cookies = AESGCM(secrets.token_bytes(32))

    def trigger(self, user_id: str, now: int) -> tuple[str, str]:
        """A fresh trigger for the user: (the id that clients know, the signed one that integrations get)."""
        client_id = new_id()
        text = f"{client_id}:{user_id}:{now}:"
        signed = text + self._sign(text)
        return client_id, base64.b64encode(signed.encode()).decode()

    def open_trigger(self, trigger_id: str, now: int) -> tuple[str, str]:
        """(client's trigger id, user id) of a signed trigger; 400 when it is garbled, forged or too old."""
        try:
            decoded = base64.b64decode(trigger_id, validate=True).decode()
        except (binascii.Error, ValueError) as error:
            raise Refused(f"{_DECODE}.base64_decode_failed", 400) from error
        parts = decoded.split(":")
        if len(parts) != 4 or not parts[2].isdigit():
            raise Refused(f"{_DECODE}.missing_data", 400)
        client_id, user_id, created, signature = parts
        if now - int(created) > self._lifetime / timedelta(milliseconds=1):
            raise Refused(f"{_DECODE}.expired", 400, seconds=int(self._lifetime.total_seconds()))
        if not hmac.compare_digest(signature, self._sign(f"{client_id}:{user_id}:{created}:")):
            raise Refused(f"{_DECODE}.verify_signature_failed", 400)
        return client_id, user_id

    def cookie(self, content: Json) -> str:
        """What an action of an ephemeral post needs to be run later, sealed for the client to carry."""
        nonce = secrets.token_bytes(12)
        return base64.b64encode(
            nonce + self._cookies.encrypt(nonce, json.dumps(content).encode(), None)
        ).decode()

    def open_cookie(self, cookie: str) -> Json | None:
        """The content of a cookie, or None when this server did not make it."""
        try:
            sealed = base64.b64decode(cookie, validate=True)
            content = json.loads(self._cookies.decrypt(sealed[:12], sealed[12:], None))
        except (binascii.Error, ValueError, InvalidTag):
            return None
        return content if isinstance(content, dict) else None

    def _sign(self, text: str) -> str:
        return base64.b64encode(hmac.new(self._key, text.encode(), hashlib.sha256).digest()).decode()
