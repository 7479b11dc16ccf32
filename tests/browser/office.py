"""A small integration of its own: the page is tested with what any integration may send, not with our product."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
from aiohttp import web

Json = dict[str, Any]


class Office:
    """Answers commands, clicks and dialogs with what a test puts in, and keeps what it was sent."""

    def __init__(self, mattermost: str, admin_token: str) -> None:
        self._mattermost = mattermost
        self._admin = admin_token
        self._bot_token = ""
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None
        self.url = ""
        self.bot_id = ""
        self.team_id = ""
        self.command_answers: dict[str, Json] = {}
        self.click_answers: dict[str, Json] = {}
        self.dialog_answers: list[Json] = []
        self.dialog: Json | None = None
        self.commands: list[Json] = []
        self.clicks: list[Json] = []
        self.submissions: list[Json] = []
        self.gate = asyncio.Event()
        """Clicks wait for it; open unless a test clears it."""
        self.gate.set()

    async def start(self) -> None:
        self._session = aiohttp.ClientSession()
        app = web.Application()
        app.router.add_post("/command", self._command)
        app.router.add_post("/action", self._action)
        app.router.add_post("/dialog", self._dialog)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        await self._move_in()

    async def stop(self) -> None:
        if self._session:
            await self._session.close()
        if self._runner:
            await self._runner.cleanup()

    async def _move_in(self) -> None:
        self.team_id = (await self.admin("GET", "/users/me/teams"))[0]["id"]
        bots = await self.admin("GET", "/bots")
        bot = next((one for one in bots if one["username"] == "sekretar"), None) or await self.admin(
            "POST",
            "/bots",
            {"username": "sekretar", "display_name": "Sekretar", "description": "The secretary"},
        )
        self.bot_id = bot["user_id"]
        token = await self.admin("POST", f"/users/{self.bot_id}/tokens", {"description": "office"})
        self._bot_token = token["token"]
        await self.admin(
            "POST", f"/teams/{self.team_id}/members", {"team_id": self.team_id, "user_id": self.bot_id}
        )
        for trigger, hint, about in (
            ("calendar", "[today|tomorrow|connect|help]", "Your meetings"),
            ("call", "[whom]", "Start a call"),
            ("task", "[text]", "Write down an assignment"),
        ):
            await self.admin(
                "POST",
                "/commands",
                {
                    "team_id": self.team_id,
                    "trigger": trigger,
                    "method": "P",
                    "url": f"{self.url}/command",
                    "auto_complete": True,
                    "auto_complete_hint": hint,
                    "auto_complete_desc": about,
                    "display_name": trigger,
                },
            )

    # What the office does by itself.

    async def admin(self, method: str, path: str, body: object = None) -> Any:
        return await self.request(self._admin, method, path, body)

    async def bot(self, method: str, path: str, body: object = None) -> Any:
        return await self.request(self._bot_token, method, path, body)

    async def request(self, token: str, method: str, path: str, body: object = None) -> Any:
        assert self._session
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{self._mattermost}/api/v4{path}"
        async with self._session.request(method, url, json=body, headers=headers) as response:
            text = await response.text()
            assert response.status < 400, f"{method} {path}: {response.status} {text}"
            return json.loads(text) if text else None

    async def user_id(self, username: str) -> str:
        return str((await self.admin("GET", f"/users/username/{username}"))["id"])

    async def direct(self, username: str) -> str:
        channel = await self.bot("POST", "/channels/direct", [self.bot_id, await self.user_id(username)])
        return str(channel["id"])

    async def post(self, channel_id: str, message: str = "", *attachments: Json, root_id: str = "") -> Json:
        body: Json = {"channel_id": channel_id, "message": message, "root_id": root_id}
        if attachments:
            body["props"] = {"attachments": [self._wired(one) for one in attachments]}
        post: Json = await self.bot("POST", "/posts", body)
        return post

    async def tell(self, username: str, message: str = "", *attachments: Json) -> Json:
        return await self.post(await self.direct(username), message, *attachments)

    def _wired(self, attachment: Json) -> Json:
        actions = [
            {"integration": {"url": f"{self.url}/action", "context": {"act": one["id"]}}, **one}
            for one in attachment.get("actions", ())
        ]
        return {**attachment, "actions": actions} if actions else attachment

    # What Mattermost asks of it.

    async def _command(self, request: web.Request) -> web.Response:
        form = dict(await request.post())
        self.commands.append(form)
        word = str(form["text"]).split(" ")[0]
        if word == "connect" and self.dialog:
            await self._open(str(form["trigger_id"]))
        answer = dict(self.command_answers.get(word, {}))
        if answer.get("attachments"):
            answer["attachments"] = [self._wired(one) for one in answer["attachments"]]
        return web.json_response({"skip_slack_parsing": True, **answer})

    async def _action(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.clicks.append(body)
        await self.gate.wait()
        act = body["context"]["act"]
        if act == "dialog":
            await self._open(body["trigger_id"])
        answer = self.click_answers.get(act, {})
        if "status" in answer:
            return web.Response(status=answer["status"])
        return web.json_response({"skip_slack_parsing": True, **answer})

    async def _dialog(self, request: web.Request) -> web.Response:
        self.submissions.append(await request.json())
        return web.json_response(self.dialog_answers.pop(0) if self.dialog_answers else {})

    async def _open(self, trigger_id: str) -> None:
        body = {"trigger_id": trigger_id, "url": f"{self.url}/dialog", "dialog": self.dialog}
        await self.bot("POST", "/actions/dialogs/open", body)
