"""One exchange with Redmine: who asks, what may come back, and what a failure means.

Redmine answers a wrong key with 200 as *anonymous* wherever a project is public, so a 200 proves nothing about
the key; `identity.py` asks who we are. Its refusals have no names, only a status and words in the language of the
account; they are sorted by status here and never read. Nothing is sent twice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from yarl import URL

from sekretar.kernel.errors import (
    PeerConflict,
    PeerDown,
    PeerError,
    PeerForbidden,
    PeerInvalid,
    PeerLimited,
    PeerNotFound,
    PeerRefused,
    PeerUnsupported,
)
from sekretar.kernel.http import peer_errors, retry_after
from sekretar.trackers.errors import NotATracker, UnknownPerson
from sekretar.trackers.exchange import UPLOADING, Answer, date_of, fate_unknown, read

Query = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Credentials:
    """The key that is sent, and the login that the key's owner acts for ("" for the owner)."""

    key: str = field(repr=False)
    login: str = ""

    def headers(self) -> dict[str, str]:
        sent = {"X-Redmine-API-Key": self.key, "Accept": "application/json"}
        return {**sent, "X-Redmine-Switch-User": self.login} if self.login else sent


class Unprocessable(PeerInvalid):
    """422: the words of Redmine, one for each fault; an empty list means that something changed meanwhile."""

    def __init__(self, peer: str, texts: tuple[str, ...]) -> None:
        super().__init__(peer, "; ".join(texts) or "changed meanwhile")
        self.texts = texts


class Wire:
    """The way to one Redmine with the credentials of one account. `peer` names it in errors and logs."""

    def __init__(self, session: aiohttp.ClientSession, url: str, peer: str, credentials: Credentials) -> None:
        self.peer = peer
        self._session, self._credentials = session, credentials
        # As it goes over the wire: hosts and paths may be written in any script.
        self._url = str(URL(url)).rstrip("/")

    async def get(self, path: str, query: Query | None = None) -> Any:
        """The JSON at a path below the root. Raises the kinds of `PeerError`."""
        return self._json(await self._exchange("GET", path, query))

    async def send(self, method: str, path: str, body: object) -> Any:
        """Write JSON; returns the JSON of the answer, None when it has none.

        Raises the kinds of `PeerError`; `Unprocessable` for 422 and `FateUnknown` when the answer was lost.
        """
        data = json.dumps(body, ensure_ascii=False).encode()
        answer = await self._write(method, path, None, data, "application/json")
        return self._json(answer) if answer.body.strip() else None

    async def send_bytes(self, path: str, query: Query, data: bytes) -> Any:
        """POST bytes, as `uploads.json` wants them."""
        kind = "application/octet-stream"
        return self._json(await self._write("POST", path, query, data, kind, UPLOADING))

    async def _write(
        self,
        method: str,
        path: str,
        query: Query | None,
        data: bytes,
        kind: str,
        timeout: aiohttp.ClientTimeout | None = None,
    ) -> Answer:
        with fate_unknown(self.peer):
            return await self._exchange(method, path, query, data, kind, timeout)

    async def _exchange(
        self,
        method: str,
        path: str,
        query: Query | None,
        data: bytes | None = None,
        kind: str = "",
        timeout: aiohttp.ClientTimeout | None = None,
    ) -> Answer:
        headers = self._credentials.headers() | ({"Content-Type": kind} if kind else {})
        with peer_errors(self.peer):
            url = URL(self._url + path, encoded=True)
            async with self._session.request(
                method,
                url,
                params=query,
                data=data,
                headers=headers,
                allow_redirects=False,
                timeout=timeout or self._session.timeout,
            ) as response:
                answer = Answer(response.status, response.headers, await read(response, self.peer))
        self._judge(answer, f"{method} {path}")
        return answer

    def _judge(self, answer: Answer, what: str) -> None:
        """Raise what any status but a success means."""
        status = answer.status
        if 200 <= status < 300 and not (answer.is_page and answer.body):
            return
        text = f"{what}: {status}"
        if status < 400 or (status == 404 and answer.is_page):
            where = answer.headers.get("Location", "")
            raise NotATracker(self.peer, f"{text}, {f'leads to {where}' if where else 'a page for people'}")
        if status == 422:
            raise Unprocessable(self.peer, self._faults(answer))
        raise self._error(answer, text)

    def _error(self, answer: Answer, text: str) -> PeerError:
        status = answer.status
        if status == 429 or (status == 503 and "Retry-After" in answer.headers):
            pause = retry_after(answer.headers.get("Retry-After"), date_of(answer.headers))
            return PeerLimited(self.peer, text, pause)
        if status == 412 and self._credentials.login:
            return UnknownPerson(self.peer, f"{text}, {self._credentials.login} is unknown or locked")
        if status >= 500 and status != 501:
            return PeerDown(self.peer, text)
        return _KINDS.get(status, PeerInvalid)(self.peer, text)

    def _json(self, answer: Answer) -> Any:
        try:
            return json.loads(answer.body)
        except ValueError as error:
            raise NotATracker(self.peer, "the answer is not JSON") from error

    def _faults(self, answer: Answer) -> tuple[str, ...]:
        said = self._json(answer)
        faults = said.get("errors", []) if isinstance(said, dict) else []
        return tuple(str(fault) for fault in faults)


_KINDS: Mapping[int, type[PeerError]] = {
    401: PeerRefused,
    403: PeerForbidden,
    404: PeerNotFound,
    405: PeerUnsupported,
    408: PeerDown,
    409: PeerConflict,
    410: PeerNotFound,
    412: PeerConflict,
    501: PeerUnsupported,
}
