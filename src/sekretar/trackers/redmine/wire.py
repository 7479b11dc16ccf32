"""One exchange with Redmine: who asks, what may come back, and what a failure means.

Redmine answers a wrong key with 200 as *anonymous* wherever a project is public, so a 200 proves nothing about
the key; `site.py` asks who we are. Its refusals have no names, only a status and words in the language of the
account; they are sorted by status here and never read. Nothing is sent twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from yarl import URL

from sekretar.kernel.errors import PeerError, PeerInvalid
from sekretar.trackers.errors import UnknownPerson
from sekretar.trackers.exchange import (
    REFUSALS,
    UPLOADING,
    Answer,
    as_json,
    exchange,
    fate_unknown,
    json_if_any,
    json_of,
    succeeded,
)

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
        return json_of(await self._exchange("GET", path, query), self.peer)

    async def send(self, method: str, path: str, body: object) -> Any:
        """Write JSON; returns the JSON of the answer, None when it has none.

        Raises the kinds of `PeerError`; `Unprocessable` for 422 and `FateUnknown` when the answer was lost.
        """
        answer = await self._write(method, path, None, as_json(body), "application/json")
        return json_if_any(answer, self.peer)

    async def send_bytes(self, path: str, query: Query, data: bytes) -> Any:
        """POST bytes, as `uploads.json` wants them."""
        kind = "application/octet-stream"
        return json_of(await self._write("POST", path, query, data, kind, UPLOADING), self.peer)

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
        answer = await exchange(
            self._session,
            self.peer,
            method,
            self._url + path,
            timeout,
            params=query,
            data=data,
            headers=headers,
        )
        what = f"{method} {path}"
        if not succeeded(answer, self.peer, what):
            raise self._refusal(answer, f"{what}: {answer.status}")
        return answer

    def _refusal(self, answer: Answer, text: str) -> PeerError:
        if answer.status == 422:
            return Unprocessable(self.peer, self._faults(answer))
        if answer.status == 412 and self._credentials.login:
            return UnknownPerson(self.peer, f"{text}, {self._credentials.login} is unknown or locked")
        return REFUSALS.get(answer.status, PeerInvalid)(self.peer, text)

    def _faults(self, answer: Answer) -> tuple[str, ...]:
        said = json_of(answer, self.peer)
        faults = said.get("errors", []) if isinstance(said, dict) else []
        return tuple(str(fault) for fault in faults)
