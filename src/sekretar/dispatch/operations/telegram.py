"""Alarms to Telegram, for when the chat itself is what nobody sees.

https://core.telegram.org/bots/api#sendmessage. The token is a part of the address, so no address gets into an error
or a log. The API knows no idempotency: an alarm whose answer was lost may come twice, which is better than never.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import aiohttp
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.settings import DeskSettings, TelegramSettings
from sekretar.dispatch.telling import Reader
from sekretar.kernel.errors import (
    PeerDown,
    PeerError,
    PeerForbidden,
    PeerInvalid,
    PeerLimited,
    PeerRefused,
)
from sekretar.kernel.http import peer_errors
from sekretar.kernel.outbox import Delivery, Effect, Outbox, Receipt, put

KIND = "dispatch.telegram"
_PEER = "telegram"

#: The most that a message may have, in UTF-16 code units.
LONGEST = 4096
_CUT = "…"

#: An alarm that comes later than this is no news.
_FRESH = timedelta(days=1)


class Telegram:
    """Delivers what the desks have put into the outbox for Telegram.

    Args:
        http: Gives the session, within the event loop.
    """

    def __init__(self, desks: Mapping[str, DeskSettings], http: Callable[[], aiohttp.ClientSession]) -> None:
        self._desks = desks
        self._http = http

    def register(self, outbox: Outbox) -> None:
        """Do the effects."""
        outbox.handle(KIND, self.deliver)

    async def put(self, session: AsyncSession, desk: str, key: str, text: str, reader: Reader) -> bool:
        """Have this said, once for each key; False where the desk has no Telegram."""
        if self._desks[desk].telegram is None:
            return False
        effect = Effect(
            KIND,
            f"{key}:telegram",
            {"desk": desk, "text": fitted(text)},
            lane=f"telegram:{desk}",
            expires_at=reader.now + _FRESH,
        )
        await put(session, effect, reader.now)
        return True

    async def deliver(self, delivery: Delivery) -> Receipt | None:
        """Send one message.

        Raises:
            PeerError: it was not taken.
        """
        desk = self._desks.get(str(delivery.payload["desk"]))
        if desk is None or desk.telegram is None:
            raise PeerInvalid(_PEER, "the desk has no Telegram any more")
        try:
            return await self._send(desk.telegram, str(delivery.payload["text"]))
        except PeerError as error:
            # The cause quotes the address, and the token with it.
            raise error from None

    async def _send(self, settings: TelegramSettings, text: str) -> Receipt:
        url = f"{settings.url.rstrip('/')}/bot{settings.token.get_secret_value()}/sendMessage"
        said = {"chat_id": settings.chat, "text": text, "link_preview_options": {"is_disabled": True}}
        with peer_errors(_PEER):
            async with self._http().post(url, json=said, allow_redirects=False) as response:
                answer = await _answer(response)
        if response.status != 200 or not answer.get("ok"):
            raise _error(response.status, answer)
        return {"message_id": answer.get("result", {}).get("message_id")}


def fitted(text: str) -> str:
    """The text cut to what a message may have."""
    units = text.encode("utf-16-le")
    if len(units) <= 2 * LONGEST:
        return text
    return units[: 2 * (LONGEST - len(_CUT))].decode("utf-16-le", "ignore") + _CUT


async def _answer(response: aiohttp.ClientResponse) -> dict[str, Any]:
    try:
        answer = await response.json(content_type=None)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _error(status: int, answer: Mapping[str, Any]) -> PeerError:
    detail = str(answer.get("description") or f"status {status}")
    if status == 429:
        seconds = answer.get("parameters", {}).get("retry_after")
        pause = timedelta(seconds=seconds) if isinstance(seconds, int) else None
        return PeerLimited(_PEER, detail, retry_after=pause)
    if status in (401, 404):
        # To a token that is none, and to one that was revoked.
        return PeerRefused(_PEER, f"the token is not accepted ({detail})")
    if status == 403:
        return PeerForbidden(_PEER, detail)
    if 400 <= status < 500:
        return PeerInvalid(_PEER, detail)
    return PeerDown(_PEER, detail)
