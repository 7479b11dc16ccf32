"""The Tracker stand-in: one object that is a server, in the event loop of its owner.

Both versions of the API are the same handlers. What it answers comes from the vendor's documentation and from what
the vendor's own client asks for; a route that it lacks answers 404.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from sekretar.kernel.clock import Clock
from sekretar.sandbox.faults import Faults
from sekretar.sandbox.tracker import api_below, api_issues, api_organisation
from sekretar.sandbox.tracker.call import Call, Handler, answer
from sekretar.sandbox.tracker.refusals import Refused
from sekretar.sandbox.tracker.state import STATUSES, Limits, LocalField, Queue, User, World

_ROUTES = (*api_issues.ROUTES, *api_below.ROUTES, *api_organisation.ROUTES)


class TrackerSandbox:
    """A Tracker with one organisation, kept in memory. `port` 0 takes a free one; `url` is known after `start`.

    `faults` meets requests with 401, 429, 5xx, slowness or a cut connection; what issues themselves refuse (409, 412,
    422, 423, the end of a scroll) is in `limits` and in the state.
    """

    def __init__(
        self, *, clock: Clock, host: str = "127.0.0.1", port: int = 0, limits: Limits | None = None
    ) -> None:
        self.limits = limits or Limits()
        self.world = World(clock, self.limits)
        self.faults = Faults()
        self.url = ""
        self._host, self._port = host, port
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen. OSError when the port is taken."""
        application = web.Application(middlewares=[self._through_faults], client_max_size=2**30)
        for method, path, handler in _ROUTES:
            application.router.add_route(
                method, "/{version:v[23]}" + path + "{slash:/?}", self._handling(handler)
            )
        application.router.add_get("/{key:[A-Z]+-[0-9]+}", self._page)
        self._runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        self._port = self._runner.addresses[0][1]
        self.url = f"http://{self._host}:{self._port}"

    async def stop(self) -> None:
        """Stop listening; the state stays."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    # ----- seeds

    def add_user(self, login: str, display: str, *, token: str | None = None, licensed: bool = True) -> User:
        """Somebody with an OAuth or IAM token (`token-<login>` unless another is named)."""
        uid = 1_120_000_000_000_000 + self.world.number()
        user = User(uid, login, display, f"{login}@example.test", licensed)
        self.world.users[uid] = user
        self.world.tokens[token or f"token-{login}"] = uid
        return user

    def add_queue(
        self,
        key: str,
        name: str,
        lead: User,
        *,
        read: set[int] | None = None,
        create: set[int] | None = None,
        write: set[int] | None = None,
    ) -> Queue:
        """A queue; each right is for these uids, None for everybody with full access."""
        queue = Queue(self.world.number(), key, name, lead.uid, read, create, write)
        self.world.queues[key] = queue
        return queue

    def add_field(
        self,
        queue: Queue,
        key: str,
        name: str,
        *,
        type: str = "string",
        required: bool = False,
        values: tuple[str, ...] = (),
    ) -> LocalField:
        """A local field of a queue."""
        field = LocalField(
            f"{self.world.hexadecimal()}--{key}", key, name, type, required=required, values=values
        )
        queue.fields.append(field)
        return field

    # ----- requests

    async def _page(self, request: web.Request) -> web.Response:
        """Where links to issues lead people: no more than what shows that they arrived."""
        issue = self.world.issue(request.match_info["key"])
        if issue is None:
            raise web.HTTPNotFound
        status = STATUSES[issue.values["status"]].name
        return web.Response(text=f"{issue.key}: {issue.values['summary']}\n{status}\n")

    def _handling(self, handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                return await handler(Call(self.world, request))
            except Refused as error:
                return answer(error.body(), error.status)

        return handle

    @web.middleware
    async def _through_faults(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        return await self.faults.through(request, handler)
