"""Mattermost's REST as one person uses it: a token, JSON both ways, and refusals that say why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import aiohttp

from sekretar.kernel.errors import SekretarError


class Refused(SekretarError):
    """The server did not do what the person asked: `status` of HTTP, Mattermost's error `id`, and its `message`."""

    def __init__(self, status: int, error_id: str, message: str) -> None:
        super().__init__(f"HTTP {status} {error_id}: {message}")
        self.status = status
        self.id = error_id
        self.message = message


class Rest:
    """Requests below `/api/v4` of one server. Everything raises `Refused` for a status of 400 and above."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, token: str) -> None:
        self._session = session
        self._root = f"{base_url}/api/v4"
        self.token = token

    async def sign_in(self, username: str, password: str) -> None:
        """Trade a password for a token (POST /users/login)."""
        body = {"login_id": username, "password": password}
        async with self._session.post(f"{self._root}/users/login", json=body) as response:
            await _checked(response)
            self.token = response.headers["Token"]

    async def authorize(self, asked: Mapping[str, str]) -> Any:
        """Agree to what an OAuth 2 application asks (POST /oauth/authorize, beside the API)."""
        url = self._root.removesuffix("/api/v4") + "/oauth/authorize"
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self._session.post(url, json=dict(asked), headers=headers) as response:
            return await _checked(response)

    async def get(self, path: str) -> Any:
        return await self._request("GET", path)

    async def post(self, path: str, body: object) -> Any:
        return await self._request("POST", path, body)

    async def put(self, path: str, body: object) -> Any:
        return await self._request("PUT", path, body)

    async def delete(self, path: str) -> Any:
        return await self._request("DELETE", path)

    async def _request(self, method: str, path: str, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self._session.request(method, self._root + path, json=body, headers=headers) as response:
            return await _checked(response)


async def _checked(response: aiohttp.ClientResponse) -> Any:
    text = await response.text()
    try:
        body = json.loads(text) if text else None
    except ValueError:
        body = {"message": text[:200]}
    if response.status >= 400:
        error = body if isinstance(body, Mapping) else {}
        raise Refused(response.status, str(error.get("id") or ""), str(error.get("message") or text[:200]))
    return body
