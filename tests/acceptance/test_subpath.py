"""Mattermost below a path of a larger site, behind a proxy that knows nothing of Sekretar."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
from aiohttp import web
from tests.acceptance.acts import about, connect, in_minutes, today
from tests.acceptance.diaries import CalendarServer, meeting
from tests.acceptance.office import Office, running
from tests.peers_chat import ChatServer, running_sandbox

#: Headers that belong to one connection and are not passed on.
_OWN = {
    "host",
    "connection",
    "transfer-encoding",
    "content-length",
    "content-encoding",
    "upgrade",
    "keep-alive",
}


async def test_everything_works_below_a_path(calendars: CalendarServer, tmp_path: Path) -> None:
    async with running_sandbox() as server, below(server.url, server.session) as url:
        there = ChatServer(url, server.admin_token, server.session, server.sandbox)
        async with running(Office(there, f"sqlite:///{tmp_path / 's.sqlite3'}")) as office:
            anna = await office.hire()
            home = await office.home(anna)
            await anna.wait_for(about("Здравствуйте"))
            mark = anna.mark()
            await anna.say("calendar today", home)
            await anna.wait_for(about("не подключён"), since=mark)
            diary = await calendars.open(events=[meeting("Планёрка", in_minutes(-5), 60)])
            await connect(office, anna, diary)
            assert "Планёрка" in await today(office, anna)
            await diary.put(meeting("Скоро", in_minutes(9)))
            await anna.wait_for(about("⏰", "Скоро"))


@contextlib.asynccontextmanager
async def below(target: str, session: aiohttp.ClientSession) -> AsyncIterator[str]:
    """A proxy that shows `target` at /chat and nothing anywhere else."""

    async def forward(request: web.Request) -> web.StreamResponse:
        url = target + request.path_qs.removeprefix("/chat")
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _OWN}
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await _forward_socket(request, url, session)
        async with session.request(
            request.method, url, data=await request.read(), headers=headers, allow_redirects=False
        ) as answer:
            passed = {name: value for name, value in answer.headers.items() if name.lower() not in _OWN}
            return web.Response(status=answer.status, body=await answer.read(), headers=passed)

    application = web.Application()
    application.router.add_route("*", "/chat/{path:.*}", forward)
    runner = web.AppRunner(application, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/chat"
    finally:
        await runner.cleanup()


async def _forward_socket(
    request: web.Request, url: str, session: aiohttp.ClientSession
) -> web.WebSocketResponse:
    near = web.WebSocketResponse()
    await near.prepare(request)
    token = {"Authorization": request.headers.get("Authorization", "")}
    async with session.ws_connect(url, headers=token) as far:

        async def up() -> None:
            async for message in near:
                await far.send_str(message.data)
            await far.close()

        sending = asyncio.create_task(up())
        async for message in far:
            await near.send_str(message.data)
        sending.cancel()
        await near.close()
    return near
