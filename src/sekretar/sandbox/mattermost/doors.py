"""What only the sandbox has: the page in the browser, login without password, faults, and the journal.

The sandbox listens on loopback; these doors are refused to anybody else.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from sekretar.sandbox.faults import Fault
from sekretar.sandbox.mattermost.accounts import open_session
from sekretar.sandbox.mattermost.call import Call, Handler, Route, answer, typed
from sekretar.sandbox.mattermost.errors import Refused, invalid_body
from sekretar.sandbox.mattermost.oauth import decide

if TYPE_CHECKING:
    from sekretar.sandbox.mattermost.server import MattermostSandbox

PAGE = Path(__file__).parent / "page"


class Doors:
    """The handlers under /sandbox/ and the page."""

    def __init__(self, sandbox: MattermostSandbox) -> None:
        self._sandbox = sandbox

    def routes(self) -> tuple[Route, ...]:
        return (
            Route("GET", "/", self._local(self.index), open=True),
            Route("GET", "/sandbox/people", self._local(self.people), open=True),
            Route("POST", "/sandbox/login", self._local(self.login), open=True),
            Route("GET", "/sandbox/faults", self._local(self.faults), open=True),
            Route("POST", "/sandbox/faults", self._local(self.make_fault), open=True),
            Route("GET", "/sandbox/log", self._local(self.log), open=True),
            Route("POST", "/sandbox/authorize", self._local(decide), open=True),
        )

    def _local(self, handler: Handler) -> Handler:
        async def guarded(call: Call) -> web.StreamResponse:
            remote = call.request.remote
            if remote is None or not ipaddress.ip_address(remote.partition("%")[0]).is_loopback:
                raise Refused("api.context.permissions.app_error", 403)
            return await handler(call)

        return guarded

    async def index(self, call: Call) -> web.StreamResponse:
        """GET /: the chat page."""
        index = PAGE / "index.html"
        if not index.is_file():
            raise Refused("api.context.404.app_error", 404)
        return web.FileResponse(index, headers={"Cache-Control": "no-cache"})

    async def people(self, call: Call) -> web.StreamResponse:
        """GET /sandbox/people: the active users that are no bots."""
        users = [user for user in call.site.world.users if not user.is_bot and not user.delete_at]
        return answer(
            [
                {
                    "id": user.id,
                    "username": user.username,
                    "name": f"{user.first_name} {user.last_name}".strip() or user.username,
                }
                for user in users
            ]
        )

    async def login(self, call: Call) -> web.StreamResponse:
        """POST /sandbox/login: become a person, without a password."""
        body = await call.object("props")
        user = call.site.world.users.first("username", typed(body, "username", str, "", "username").lower())
        if user is None or user.is_bot or user.delete_at:
            raise invalid_body("username")
        session = open_session(call.site, user)
        return answer({"token": session.token, "user": call.site.show_user(user, user)})

    async def faults(self, call: Call) -> web.StreamResponse:
        """GET /sandbox/faults: those in waiting, how many requests met one, and how many sockets are open."""
        faults = self._sandbox.faults
        return answer({"waiting": faults.waiting(), "met": faults.met, "sockets": call.site.hub.count()})

    async def make_fault(self, call: Call) -> web.StreamResponse:
        """POST /sandbox/faults: a `Fault`, or `{"do": …}` for what happens at once."""
        body = await call.object("fault")
        if "do" in body:
            return await self._do(call, str(body["do"]), str(body.get("token", "")))
        try:
            self._sandbox.faults.add(Fault(**body))
        except (TypeError, ValueError) as error:
            raise invalid_body(f"fault ({error})") from error
        return answer({"status": "OK"}, 201)

    async def _do(self, call: Call, what: str, token: str) -> web.StreamResponse:
        if what == "drop_sockets":
            self._sandbox.drop_sockets()
        elif what == "forget_sockets":
            self._sandbox.forget_sockets()
        elif what == "revoke_token":
            self._sandbox.revoke_token(token)
        elif what == "clear":
            self._sandbox.faults.clear()
        else:
            raise invalid_body("do")
        return answer({"status": "OK"})

    async def log(self, call: Call) -> web.StreamResponse:
        """GET /sandbox/log: recent calls to integrations with their bodies, and warnings."""
        return answer(call.site.journal.as_json())
