"""Our own web part: whether it runs, answers at the address we give out, and is reached by Mattermost."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import aiohttp
from yarl import URL

from sekretar.kernel.database import Database
from sekretar.kernel.errors import ConfigurationError, PeerError
from sekretar.mattermost import command_tokens
from sekretar.mattermost.doctor.callback import OurAddress, Trying, judge_callback, judge_commands, press
from sekretar.mattermost.doctor.findings import Finding, State, failure, fine, skipped, warning
from sekretar.mattermost.doctor.foundations import Opened
from sekretar.mattermost.doctor.server import ServerFindings
from sekretar.mattermost.doctor.surroundings import Surroundings
from sekretar.mattermost.messages import ACTION_PATH
from sekretar.mattermost.reachability import host_of, is_loopback, resolve

#: How long our own web part may take, in seconds.
_PATIENCE = aiohttp.ClientTimeout(total=5)
#: Where to ask for what listens on every address of this machine.
_OURSELVES = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


class WebPart:
    """Looks at the web part of Sekretar from both sides."""

    def __init__(self, around: Surroundings, opened: Opened, server: ServerFindings) -> None:
        self._around = around
        self._settings = around.settings
        self._opened = opened
        self._server = server

    async def look(self) -> list[Finding]:
        """Whether it runs; and, with a stand-in if it does not, whether it is reached."""
        host, port = self._settings.listen_host, self._settings.listen_port
        url = URL.build(scheme="http", host=_OURSELVES.get(host, host), port=port)
        # No proxy stands between us and ourselves.
        async with aiohttp.ClientSession(timeout=_PATIENCE, trust_env=False) as session:
            alive = await _read(session, url / "healthz")
            if _is_sekretar(alive):
                ready = await _read(session, url / "readyz")
                return [_running(alive, ready), *await self._from_both_sides()]
        finding = warning("sekretar", f"it is not running at {url}", "Start it: `sekretar run`.")
        async with contextlib.AsyncExitStack() as stack:
            if self._opened.vault is not None:
                try:
                    await stack.enter_async_context(self._around.stand_in(self._opened.vault))
                except ConfigurationError as error:
                    taken = failure("sekretar", error.what, error.remedy)
                    return [taken, *_all_skipped("Sekretar cannot listen", "address", "callback", "commands")]
            return [finding, *await self._from_both_sides()]

    async def _from_both_sides(self) -> list[Finding]:
        url = self._settings.callbacks
        leads_here = _is_sekretar(await _read(self._around.http.peers, URL(f"{url}/healthz")))
        seen = f"{url} {'leads' if leads_here else 'does not lead'} to Sekretar from here"
        remedy = (
            "Correct SEKRETAR_CALLBACK_URL (or SEKRETAR_PUBLIC_URL), unless only Mattermost can reach it."
        )
        address = fine("address", seen) if leads_here else warning("address", seen, remedy)
        return [address, *await self._way_back(leads_here=leads_here)]

    async def _way_back(self, *, leads_here: bool) -> list[Finding]:
        client, channel, vault = self._server.client, self._server.own_channel, self._opened.vault
        if client is None or channel is None or vault is None:
            return _all_skipped(self._why_not(), "callback", "commands")
        try:
            pressed = await press(client, vault, channel.id, self._settings.callbacks + ACTION_PATH)
            callback = judge_callback(pressed, await self._our_address(leads_here=leads_here))
        except PeerError as error:
            callback = skipped("callback", f"Mattermost stopped answering: {error.detail}")
        if self._opened.database is None:
            return [callback, skipped("commands", self._opened.why_no_database)]
        words = list(self._settings.triggers.values())
        trying = Trying(client, vault, words, await self._ours(self._opened.database))
        try:
            tried = await trying.try_all(self._server.teams, channel.id)
        except PeerError as error:
            return [callback, skipped("commands", f"Mattermost stopped answering: {error.detail}")]
        return [callback, judge_commands(tried, reached=callback.state is State.OK)]

    def _why_not(self) -> str:
        if self._server.me is None:
            return self._server.why_not
        return "the bot has no direct channel" if self._server.own_channel is None else "there is no key"

    async def _our_address(self, *, leads_here: bool) -> OurAddress:
        url, mattermost = self._settings.callbacks, host_of(self._settings.mattermost_url)
        return OurAddress(
            url,
            await resolve(host_of(url)),
            leads_here=leads_here,
            same_machine=is_loopback(mattermost, await resolve(mattermost)),
        )

    async def _ours(self, database: Database) -> set[str]:
        """The ids of the commands whose tokens we hold; an empty one when some were registered by hand."""
        async with database.reading() as session:
            ids = {each.command_id for each in await command_tokens.listed(session)}
        return ids | {""} if self._settings.command_tokens else ids


def _running(alive: Mapping[str, Any], ready: Any) -> Finding:
    parts = ready.get("components", {}) if isinstance(ready, dict) else {}
    waiting = [f"{name}: {part.get('detail')}" for name, part in parts.items() if not part.get("ready")]
    if waiting:
        return warning(
            "sekretar", f"it runs and is not ready ({'; '.join(waiting)})", "Mend what fails in this list."
        )
    return fine("sekretar", f"version {alive.get('version')} runs and is ready")


def _all_skipped(because: str, *names: str) -> list[Finding]:
    return [skipped(name, because) for name in names]


def _is_sekretar(alive: Any) -> bool:
    return isinstance(alive, dict) and "alive" in alive


async def _read(session: aiohttp.ClientSession, url: URL) -> Any:
    """The JSON at the address, whatever the status; None when there is none."""
    try:
        async with session.get(url, timeout=_PATIENCE, allow_redirects=False) as response:
            return await response.json(content_type=None)
    except (aiohttp.ClientError, OSError, ValueError, TimeoutError):
        return None
