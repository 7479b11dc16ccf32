"""One request to Mattermost: sent, bounded, understood.

Everything that is the same for each of the calls in `client.py` and its parts stands here: the address
(with a sub-path, with or without a closing slash), the token, the size of answers, the shape of errors. The
session brings no cookie jar: Mattermost sets a login cookie even for tokens, and sending it back makes
later writes fail as forged.

Reads wait out a short rate limit themselves. Writes never do: they come from the outbox, which knows when
to try again and whether the effect is already there.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import aiohttp
from multidict import CIMultiDict
from pydantic import BaseModel, ValidationError
from yarl import URL

from sekretar.kernel.clock import Clock
from sekretar.kernel.errors import ConfigurationError
from sekretar.kernel.waiting import Patience
from sekretar.mattermost.errors import (
    MattermostDown,
    MattermostInvalid,
    MattermostLimited,
    error_for,
    not_mattermost,
    scrub,
)
from sekretar.mattermost.versions import BASELINE, ServerVersion

#: No answer that Sekretar asks for comes near this; more is a fault or an attack on our memory.
LARGEST_ANSWER = 16 * 1024 * 1024
#: How long a read waits for a rate limit to pass, in all, before it gives up.
LONGEST_WAIT = timedelta(seconds=10)
#: How long an exchange may take, in seconds, where the session does not say.
LONGEST_EXCHANGE = 300.0

_ModelT = TypeVar("_ModelT", bound=BaseModel)
Query = Mapping[str, str | int]


class Transport:
    """Requests to one server with one token."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, token: str, *, clock: Clock) -> None:
        """`base_url` is what people type into the browser, sub-path included.

        Raises ConfigurationError when it is no http(s) address.
        """
        self._session = session
        self._base_url = _checked(base_url)
        self._token = token
        self._clock = clock
        self._patience = Patience(session.timeout.total or LONGEST_EXCHANGE)
        #: All of an exchange has its limit from `_patience`.
        self._timeout = aiohttp.ClientTimeout(
            connect=session.timeout.connect,
            sock_connect=session.timeout.sock_connect,
            sock_read=session.timeout.sock_read,
        )
        self._headers = CIMultiDict({**self.authorization, "Accept": "application/json"})
        self._headers_of_json = CIMultiDict({**self._headers, "Content-Type": "application/json"})
        self._server_version: ServerVersion | None = None
        self._clock_difference: timedelta | None = None
        #: What the last answer said of its time and version, as it stood there: most say the same as the one before.
        self._stated_time = self._stated_version = ""

    @property
    def base_url(self) -> str:
        """The address of the server, without a closing slash."""
        return self._base_url

    @property
    def server_version(self) -> ServerVersion:
        """What the last answer said; the baseline until there was one."""
        return self._server_version or BASELINE

    @property
    def clock_difference(self) -> timedelta | None:
        """How far the server's clock is ahead of ours, to the second; None until there was an answer."""
        return self._clock_difference

    @property
    def session(self) -> aiohttp.ClientSession:
        """The session underneath, for the event stream."""
        return self._session

    @property
    def authorization(self) -> dict[str, str]:
        """The header that carries the token; empty without one."""
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    @property
    def token(self) -> str:
        """The token, for the one place where it does not travel in a header: the stream's challenge."""
        return self._token

    def learn_version(self, stated: object) -> None:
        """Take note of the version that the server states of itself, if it is one."""
        self._server_version = ServerVersion.parse(stated) or self._server_version

    async def _get(self, path: str, model: type[_ModelT], query: Query | None = None) -> _ModelT:
        return shaped(await self._json("GET", path, query=query), model)

    async def _get_list(self, path: str, model: type[_ModelT], query: Query | None = None) -> list[_ModelT]:
        return shaped_list(await self._json("GET", path, query=query), model)

    async def _send(
        self, method: str, path: str, model: type[_ModelT], body: object, query: Query | None = None
    ) -> _ModelT:
        return shaped(await self._json(method, path, body=body, query=query), model)

    async def _ask_list(self, path: str, model: type[_ModelT], body: object) -> list[_ModelT]:
        """A list that is read by POST, because the question is too long for an address."""
        return shaped_list(await self._json("POST", path, body=body), model)

    async def _do(self, method: str, path: str, body: object = None) -> None:
        """A request of which only the success matters."""
        await self._json(method, path, body=body)

    async def _bytes(self, path: str) -> bytes:
        """GET `/api/v4` + path, and the answer as it is."""
        _, _, answer = await self._exchange("GET", f"/api/v4{path}", self.authorization, None, None)
        return answer

    async def _json(self, method: str, path: str, *, body: object = None, query: Query | None = None) -> Any:
        """Send to `/api/v4` + path and return the JSON of the answer. Raises MattermostError."""
        given_up_at = self._clock.now() + LONGEST_WAIT
        while True:
            try:
                return await self._json_once(method, f"/api/v4{path}", body, query)
            except MattermostLimited as limited:
                again_at = self._clock.now() + (limited.retry_after or timedelta(seconds=1))
                if method != "GET" or again_at > given_up_at:
                    raise
            await self._clock.sleep_until(again_at)

    async def _json_once(self, method: str, path: str, body: object, query: Query | None) -> Any:
        if body is None:
            return _decoded(*await self._exchange(method, path, self._headers, None, query))
        return _decoded(*await self._exchange(method, path, self._headers_of_json, encoded(body), query))

    async def _send_encoded(self, path: str, model: type[_ModelT], body: bytes) -> _ModelT:
        """POST JSON that is encoded already, and make nothing of the answer beyond the model."""
        path = f"/api/v4{path}"
        answered = await self._exchange("POST", path, self._headers_of_json, body, None)
        try:
            return model.model_validate_json(answered[2])
        except ValidationError:
            # What is wrong with it is told with the usual words.
            return shaped(_decoded(*answered), model)

    async def _form(self, path: str, fields: Mapping[str, str]) -> Any:
        """POST a form to a path outside `/api/v4`, as OAuth 2 wants it, and return the JSON of the answer."""
        headers = {"Accept": "application/json"}
        return _decoded(*await self._exchange("POST", path, headers, aiohttp.FormData(fields), None))

    async def _send_hook(self, path: str, body: object) -> None:
        """POST JSON to a hook, outside `/api/v4`: it needs no token and answers a plain `ok`."""
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        await self._exchange("POST", path, headers, encoded(body), None)

    async def _exchange(
        self, method: str, path: str, headers: Mapping[str, str], data: Any, query: Query | None
    ) -> tuple[int, str, bytes]:
        """Send once and return status, content type and body of a success. Raises MattermostError."""
        if query:
            path += "?" + urlencode(query)
        url = URL(self._base_url + path, encoded=True)
        try:
            with self._patience.limit():
                async with self._session.request(
                    method, url, headers=headers, data=data, allow_redirects=False, timeout=self._timeout
                ) as response:
                    answer = await _bounded(response)
        except (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError, OSError) as error:
            raise MattermostDown(scrub(f"{method} {path}: {type(error).__name__} {error}")) from error
        self._learn(response.headers.get("X-Version-Id", ""), response.headers.get("Date", ""))
        if response.status >= 300:
            raise error_for(response.status, response.headers, answer)
        return response.status, response.content_type, answer

    def _learn(self, version: str, time: str) -> None:
        if version != self._stated_version:
            self._stated_version = version
            self.learn_version(version)
        if time != self._stated_time:
            self._stated_time = time
            self._learn_time(time)

    def _learn_time(self, stated: str) -> None:
        try:
            theirs: datetime = parsedate_to_datetime(stated)
        except (TypeError, ValueError):
            return
        if theirs.tzinfo is not None:
            self._clock_difference = theirs - self._clock.now()


def path(*segments: str) -> str:
    """A path of these segments. Ids may come from outside: none can leave its place in the path.

    Raises MattermostInvalid for one that is empty or made of dots, which would name another route.
    """
    if not all(one.strip(".") for one in segments):
        raise MattermostInvalid("an empty id")
    return "".join("/" + quote(one, safe="@") for one in segments)


def _checked(base_url: str) -> str:
    remedy = "Set it to the address that people open in the browser, like https://chat.example.org."
    try:
        url = URL(base_url.strip())
    except ValueError as error:
        raise ConfigurationError(f"The address of Mattermost cannot be read: {error}.", remedy) from error
    if url.scheme not in ("http", "https") or not url.host:
        raise ConfigurationError("The address of Mattermost is not an http(s) address.", remedy)
    return str(url.with_query(None).with_fragment(None)).rstrip("/")


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    read: list[bytes] = []
    size = 0
    while chunk := await response.content.readany():
        read.append(chunk)
        size += len(chunk)
        if size > LARGEST_ANSWER:
            raise MattermostDown(f"the answer is larger than {LARGEST_ANSWER} bytes", status=response.status)
    return b"".join(read)


def encoded(body: object) -> bytes:
    """JSON as it travels."""
    return json.dumps(body, ensure_ascii=False).encode()


def _decoded(status: int, content_type: str, answer: bytes) -> Any:
    try:
        return json.loads(answer)
    except ValueError as error:
        raise not_mattermost(status, content_type, answer) from error


def shaped(answer: Any, model: type[_ModelT]) -> _ModelT:
    try:
        return model.model_validate(answer)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise MattermostDown(f"an answer without its usual shape: {where} {first['msg']}") from error


def shaped_list(answer: Any, model: type[_ModelT]) -> list[_ModelT]:
    if answer is not None and not isinstance(answer, list):
        raise MattermostDown("an answer without its usual shape: no list")
    return [shaped(one, model) for one in answer or ()]
