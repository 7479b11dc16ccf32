"""One exchange with Yandex Tracker: who asks, what may come back, and what a failure means.

Its refusals name fields and have words in the language of the account; the names are read, the words are shown.
Nothing is sent twice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
from multidict import CIMultiDictProxy, MultiDict
from yarl import URL

from sekretar.kernel.errors import PeerConflict, PeerError, PeerInvalid, PeerLimited
from sekretar.trackers.errors import NotATracker, TicketFull
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
from sekretar.trackers.requests import NewFile
from sekretar.trackers.yandex.pace import Pace

Query = Mapping[str, str]
Item = Mapping[str, Any]

#: The most entries of a list that are fetched page by page.
MOST = 10_000

_NEXT = re.compile(r'<([^>]*)>\s*;\s*rel="?next"?')


class Unprocessable(PeerInvalid):
    """400 or 422: what Tracker says about fields, and what it says besides."""

    def __init__(self, peer: str, errors: Mapping[str, str], messages: Sequence[str]) -> None:
        super().__init__(peer, "; ".join([*(f"{name}: {text}" for name, text in errors.items()), *messages]))
        self.errors = errors
        self.messages = tuple(messages)


@dataclass(frozen=True, slots=True)
class Rows:
    """Some entries of a list, how many there are in all, and the query that asks for the following ones."""

    items: Sequence[Item]
    total: int
    next: Query | None


class Wire:
    """The way to Tracker with the credentials of one account. `peer` names it in errors and logs."""

    def __init__(
        self, session: aiohttp.ClientSession, url: str, peer: str, headers: Mapping[str, str], pace: Pace
    ) -> None:
        self.peer = peer
        self._session, self._headers, self._pace = session, headers, pace
        self._url = f"{str(URL(url)).rstrip('/')}/v3"

    async def get(self, path: str, query: Query | None = None) -> Any:
        """The JSON at a path. Raises the kinds of `PeerError`."""
        return json_of(await self._exchange("GET", path, query), self.peer)

    async def list(self, path: str, query: Query | None = None) -> list[Item]:
        """All entries of a list, following its pages."""
        found: list[Item] = []
        asked: Query | None = {"perPage": "100", **(query or {})}
        while asked is not None and len(found) < MOST:
            rows = self._rows(await self._exchange("GET", path, asked))
            found += rows.items
            asked = rows.next if rows.items else None
        return found

    async def search(self, body: Mapping[str, object], query: Query) -> Rows:
        """Issues that a search finds: one page."""
        data = as_json(body)
        return self._rows(await self._exchange("POST", "/issues/_search", query, data, searching=True))

    async def ask(self, path: str, query: Query) -> Any:
        """What a POST without a body answers that changes nothing."""
        return json_of(await self._exchange("POST", path, query), self.peer)

    async def send(
        self, method: str, path: str, body: Mapping[str, object], query: Query | None = None
    ) -> Any:
        """Write JSON; returns the JSON of the answer, None when it has none.

        Raises the kinds of `PeerError`; `Unprocessable` for 422 and `FateUnknown` when the answer was lost.
        """
        with fate_unknown(self.peer):
            answer = await self._exchange(method, path, query, as_json(body))
        return json_if_any(answer, self.peer)

    async def send_file(self, path: str, file: NewFile) -> Any:
        """Upload a file. Its name stands in the query: Tracker does not read that of the part."""
        form = aiohttp.FormData()
        form.add_field("file", file.content, filename="file", content_type=file.media_type)
        with fate_unknown(self.peer):
            answer = await self._exchange("POST", path, {"filename": file.name}, form, timeout=UPLOADING)
        return json_of(answer, self.peer)

    async def _exchange(
        self,
        method: str,
        path: str,
        query: Query | None,
        data: bytes | aiohttp.FormData | None = None,
        *,
        searching: bool = False,
        timeout: aiohttp.ClientTimeout | None = None,
    ) -> Answer:
        await self._pace.turn(searching=searching)
        kind = {"Content-Type": "application/json"} if isinstance(data, bytes) else {}
        answer = await exchange(
            self._session,
            self.peer,
            method,
            self._url + path,
            timeout,
            params=query,
            data=data,
            headers={**self._headers, **kind},
        )
        what = f"{method} {path}"
        try:
            if succeeded(answer, self.peer, what):
                return answer
        except PeerLimited as error:
            self._pace.pause(error.retry_after)
            raise
        raise self._refusal(answer, f"{what}: {answer.status}")

    def _refusal(self, answer: Answer, text: str) -> PeerError:
        errors, messages = _faults(answer.body)
        if answer.status in (400, 422):
            return Unprocessable(self.peer, errors, messages or ([] if errors else [text]))
        kind = _KINDS.get(answer.status, PeerInvalid)
        return kind(self.peer, "; ".join([text, *messages, *errors.values()]))

    def _rows(self, answer: Answer) -> Rows:
        items = json_of(answer, self.peer)
        if not isinstance(items, list):
            raise NotATracker(self.peer, "the answer is no list")
        total = answer.headers.get("X-Total-Count", "")
        return Rows(items, int(total) if total.isdigit() else len(items), _next(answer.headers))


_KINDS: Mapping[int, type[PeerError]] = {**REFUSALS, 423: TicketFull, 428: PeerConflict}


def _faults(body: bytes) -> tuple[dict[str, str], list[str]]:
    """What a refusal says about fields, and besides; some have no body at all."""
    try:
        said = json.loads(body)
    except ValueError:
        return {}, []
    if not isinstance(said, dict):
        return {}, []
    errors, messages = said.get("errors"), said.get("errorMessages")
    named = {str(name): str(text) for name, text in errors.items()} if isinstance(errors, dict) else {}
    return named, [str(text) for text in messages] if isinstance(messages, list) else []


def _next(headers: Mapping[str, str]) -> Query | None:
    """The query of the next page. Only the query: a page is never somewhere else."""
    lines = headers.getall("Link", []) if isinstance(headers, CIMultiDictProxy) else []
    found = _NEXT.search(", ".join(lines))
    return MultiDict(URL(found[1], encoded=True).query) if found else None
