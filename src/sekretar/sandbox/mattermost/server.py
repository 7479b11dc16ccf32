"""The Mattermost stand-in: one object that is a server, in the event loop of its owner.

It models the server, not Sekretar: what it answers comes from the server's documentation, its API specification and
its observed behaviour. A route that it lacks answers 404 as the server does and is noted in the journal, so that
nothing is missing silently.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from aiohttp import web

from sekretar.kernel.clock import Clock
from sekretar.sandbox.faults import Faults
from sekretar.sandbox.mattermost import (
    api_actions,
    api_bots,
    api_channels,
    api_commands,
    api_files,
    api_history,
    api_posts,
    api_status,
    api_system,
    api_teams,
    api_users,
    oauth,
    oauth_apps,
    websocket,
)
from sekretar.sandbox.mattermost.call import Route
from sekretar.sandbox.mattermost.doors import PAGE, Doors
from sekretar.sandbox.mattermost.gateway import Gateway
from sekretar.sandbox.mattermost.journal import Journal
from sekretar.sandbox.mattermost.permissions import built_in_roles
from sekretar.sandbox.mattermost.seeds import Seeds
from sekretar.sandbox.mattermost.settings import Limits, Settings
from sekretar.sandbox.mattermost.site import Site
from sekretar.sandbox.mattermost.state import World
from sekretar.sandbox.mattermost.store import Store

#: The routes of the real server that the sandbox has.
API_ROUTES: tuple[Route, ...] = (
    *api_users.ROUTES,
    *api_bots.ROUTES,
    *api_teams.ROUTES,
    *api_channels.ROUTES,
    *api_history.ROUTES,
    *api_posts.ROUTES,
    *api_files.ROUTES,
    *api_status.ROUTES,
    *api_commands.ROUTES,
    *api_actions.ROUTES,
    *api_system.ROUTES,
    *oauth_apps.ROUTES,
    *oauth.ROUTES,
    *websocket.ROUTES,
)


class MattermostSandbox(Seeds):
    """A server. `store` names the file that keeps its state; without it the state lives as long as the object.

    `port` 0 takes a free one; `url` is known after `start`. `server_version` decides about behaviour that changed
    between releases; `edition` is "team" or "enterprise".
    """

    def __init__(
        self,
        *,
        clock: Clock,
        store: Path | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        server_version: str = "10.11.0",
        edition: str = "team",
        settings: Settings | None = None,
        limits: Limits | None = None,
    ) -> None:
        settings, limits = settings or Settings(), limits or Limits()
        super().__init__(
            Site(clock=clock, settings=settings, limits=limits, version=server_version, edition=edition)
        )
        self.faults = Faults()
        self._host = host
        self._port = port
        self._path = store
        self._runner: web.AppRunner | None = None
        self._listening: web.TCPSite | None = None
        if store is None:
            self._prepare_world()

    # ----- life

    async def start(self) -> None:
        """Load the state, if there is a file, and listen. OSError when the port is taken."""
        if self._path is not None and self.site.store is None:
            self.site.store = Store(self._path, self.world)
            self.site.store.load()
            self._prepare_world()
        self._runner = web.AppRunner(
            self._application(), access_log=None, handle_signals=False, shutdown_timeout=1.0
        )
        await self._runner.setup()
        await self.start_listening()

    async def stop(self) -> None:
        """Stop listening, close every socket, save."""
        self.site.hub.drop_sockets()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = self._listening = None
        await self.site.outgoing.close()
        if self.site.store is not None:
            self.site.store.close()
            self.site.store = None

    @property
    def url(self) -> str:
        """The address, without a slash at the end."""
        return self.site.url

    @property
    def world(self) -> World:
        """The state, for tests that look inside."""
        return self.site.world

    @property
    def journal(self) -> Journal:
        """The calls to integrations, and the warnings."""
        return self.site.journal

    @property
    def settings(self) -> Settings:
        return self.site.settings

    def configure(self, **changes: object) -> None:
        """Change settings while the server runs, by the names of `Settings`."""
        self.site.change(replace(self.site.settings, **changes))  # type: ignore[arg-type]

    # ----- misbehaviour that is not about requests

    async def start_listening(self) -> None:
        """Take connections (again), on the same port as before."""
        assert self._runner is not None
        self._listening = web.TCPSite(self._runner, self._host, self._port, reuse_address=True)
        await self._listening.start()
        self._port = self._runner.addresses[0][1]
        host = f"[{self._host}]" if ":" in self._host else self._host
        self.site.url = f"http://{host}:{self._port}"

    async def stop_listening(self) -> None:
        """Be unreachable: refuse new connections and break the open ones. The state stays, resumable sockets too."""
        if self._listening is not None:
            await self._listening.stop()
            self._listening = None
        self.site.hub.drop_sockets()
        server = self._runner.server if self._runner is not None else None
        for connection in server.connections if server is not None else ():
            connection.force_close()
            if connection.transport is not None:
                connection.transport.abort()

    def drop_sockets(self) -> int:
        """Break every WebSocket without a goodbye; says how many there were."""
        return self.site.hub.drop_sockets()

    def forget_sockets(self) -> None:
        """Break every WebSocket and lose what a client could resume."""
        self.site.hub.forget()

    def revoke_token(self, token: str) -> None:
        """Make a personal access token or a session invalid."""
        access = self.world.access_tokens.first("token", token)
        if access is not None:
            self.world.access_tokens.remove(access.id)
        self.world.sessions.remove(token)
        self.site.save()

    # ----- building

    def _prepare_world(self) -> None:
        if not len(self.world.roles):
            for role in built_in_roles(self.site.release, self.site.now()):
                self.world.roles.put(role)
            self.site.save()

    def _application(self) -> web.Application:
        gateway = Gateway(self.site, self.faults)
        # The gateway and the handlers measure bodies themselves, to refuse them in the server's own words.
        application = web.Application(middlewares=[gateway.middleware], client_max_size=2**30)
        for route in (*API_ROUTES, *Doors(self).routes()):
            application.router.add_route(route.method, route.pattern, gateway.handler(route))
        if PAGE.is_dir():
            application.router.add_static("/static", PAGE)
        application.router.add_route("*", "/{anything:.*}", gateway.unknown)
        return application
