"""A surface on a real database, with Mattermost reduced to what is asked of it while a person waits.

What the surface wants to say is read from the outbox; a button is pressed by posting its context back, as the
server does.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerInvalid, PeerNotFound
from sekretar.kernel.i18n import Catalogues
from sekretar.kernel.outbox import OutboxRow
from sekretar.kernel.people import People, Person, Profile
from sekretar.kernel.secrets import Vault, generate_key
from sekretar.kernel.signing import Signer
from sekretar.mattermost.callbacks import Answer
from sekretar.mattermost.chat import Available, Chat
from sekretar.mattermost.commands import nobody
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.events import Posted, PostEdited
from sekretar.mattermost.messages import Renderer
from sekretar.mattermost.models import Channel, Post, User
from sekretar.mattermost.surface import Limits, Surface, assemble

CALLBACK = "https://sekretar.example"
#: On a busy machine no answer is late; tests of late answers bring limits of their own.
PATIENT = Limits(command=20, click=20)
TOKEN = "t" * 26
WORDS = {"calendar": "calendar", "task": "task", "incident": "incident", "sekretar": "sekretar"}
RUSSIAN = {"anna": "ru", "boris": "ru", "chris": "en"}


def user_id(name: str) -> str:
    return name.ljust(26, "0")


@dataclass
class FakeServer:
    """The part of Mattermost that the surface calls while somebody waits."""

    dialogs: list[dict[str, Any]] = field(default_factory=list)
    posts: dict[str, Post] = field(default_factory=dict)
    trigger_expired: bool = False

    async def open_dialog(self, trigger_id: str, url: str, dialog: Mapping[str, Any]) -> None:
        if self.trigger_expired:
            raise PeerInvalid("mattermost", "trigger expired")
        assert url == f"{CALLBACK}/mattermost/dialog"
        json.dumps(dialog)
        self.dialogs.append(dict(dialog))

    async def post(self, post_id: str) -> Post:
        if post_id not in self.posts:
            raise PeerNotFound("mattermost")
        return self.posts[post_id]

    async def user_by_name(self, username: str) -> User:
        if username not in RUSSIAN:
            raise PeerNotFound("mattermost")
        return User(id=user_id(username), username=username)

    async def channel(self, channel_id: str) -> Channel:
        return Channel(id=channel_id, display_name="Town Square")


class FakeProfiles:
    """Everybody is known to Mattermost under the name their id begins with."""

    def __init__(self, database: Database, people: People, clock: ManualClock) -> None:
        self._database = database
        self._people = people
        self._clock = clock
        self.gone: set[str] = set()
        self.slow: asyncio.Event | None = None

    async def person(self, wanted: str) -> Person:
        if self.slow is not None:
            await self.slow.wait()
        name = wanted.rstrip("0")
        if name not in RUSSIAN:
            raise PeerNotFound("mattermost")
        profile = Profile(
            user_id=wanted,
            username=name,
            first_name=name.title(),
            last_name="",
            locale=RUSSIAN[name],
            time_zone="Europe/Moscow",
            active=name not in self.gone,
            email="",
        )
        async with self._database.transaction() as session:
            return await self._people.remember(session, profile, self._clock.now())

    async def refresh(self, wanted: str) -> Person:
        return await self.person(wanted)


@dataclass
class Office:
    """The surface and everybody's hands on it."""

    surface: Surface
    desk: Desk
    server: FakeServer
    profiles: FakeProfiles
    clock: ManualClock
    posts: int = 0

    async def slash(self, name: str, command: str, /, **more: str) -> Answer:
        word, _, text = command.partition(" ")
        form = {
            "token": TOKEN,
            "command": word,
            "text": text,
            "user_id": user_id(name),
            "channel_id": "townsquare",
            "team_id": "team",
            "trigger_id": "trigger",
            "response_url": "https://chat.example/hooks/commands/abc",
        }
        return await self.surface.callbacks.command({**form, **more})

    async def click(self, name: str, button: Mapping[str, Any], **more: Any) -> Answer:
        context = dict(button["integration"]["context"])
        if "selected" in more:
            context["selected_option"] = more.pop("selected")
        body = {
            "user_id": user_id(name),
            "channel_id": "townsquare",
            "team_id": "team",
            "post_id": "post",
            "trigger_id": "trigger",
            "type": "button",
            "context": context,
        }
        return await self.surface.callbacks.action({**body, **more})

    async def submit(self, name: str, dialog: Mapping[str, Any], answers: Any, **more: Any) -> Answer:
        body = {
            "type": "dialog_submission",
            "callback_id": dialog["callback_id"],
            "state": dialog["state"],
            "user_id": user_id(name),
            "channel_id": "townsquare",
            "team_id": "team",
            "submission": answers,
            "cancelled": False,
        }
        return await self.surface.callbacks.dialog({**body, **more})

    async def say(
        self,
        name: str,
        text: str,
        *,
        channel: str = "dm",
        kind: str = "D",
        id: str = "",
        at: datetime | None = None,
        root: str = "",
    ) -> None:
        self.posts += 1
        post = Post(
            id=id or f"post{self.posts}",
            channel_id=f"{channel}-{name}" if kind == "D" else channel,
            user_id=user_id(name),
            message=text,
            root_id=root,
            create_at=at,
        )
        await self.surface.home.on_posted(Posted(post, channel_type=kind))

    async def change(
        self, name: str, post: str, text: str, at: datetime, *, channel: str, **props: str
    ) -> None:
        """Somebody edits a post of theirs."""
        edited = Post(
            id=post, channel_id=channel, user_id=user_id(name), message=text, props=props, edit_at=at
        )
        await self.surface.home.on_edited(PostEdited(edited))

    async def rows(self) -> list[OutboxRow]:
        """Everything in the outbox, in order, once nothing is at work any more."""
        await self.surface.deadline.drain()
        async with self.desk.database.reading() as session:
            return list(await session.scalars(select(OutboxRow).order_by(OutboxRow.id)))

    async def said(self) -> list[str]:
        """The texts of all direct messages."""
        return [row.payload["message"] for row in await self.rows() if row.kind == "mattermost.direct"]

    async def last(self) -> dict[str, Any]:
        """The payload of the last direct message."""
        return [row.payload for row in await self.rows() if row.kind == "mattermost.direct"][-1]

    async def edits(self) -> dict[str, str]:
        """What messages were changed into, by their key."""
        rows = [row for row in await self.rows() if row.kind == "mattermost.edit"]
        return {row.payload["message_key"]: row.payload["message"] for row in rows}

    async def button(self, label: str) -> dict[str, Any]:
        """A button of the last direct message."""
        return button(await self.last(), label)


def button(payload: Mapping[str, Any], label: str) -> dict[str, Any]:
    """The button (or select) of this label in a payload, an update or the answer to a command."""
    attachments = payload.get("attachments") or payload.get("props", {}).get("attachments", [])
    actions = [action for attachment in attachments for action in attachment.get("actions", [])]
    for action in actions:
        if action["name"] == label:
            return dict(action)
    raise AssertionError(f"no {label!r} among {[action['name'] for action in actions]}")


def labels(payload: Mapping[str, Any]) -> list[list[str]]:
    """The labels of the buttons, by attachment."""
    attachments = payload.get("attachments") or payload.get("props", {}).get("attachments", [])
    return [[action["name"] for action in one.get("actions", [])] for one in attachments]


def open_office(
    database: Database,
    clock: ManualClock,
    chat: Chat,
    limits: Limits | None = None,
    vault: Vault | None = None,
    is_admin: Available = nobody,
    server: FakeServer | None = None,
) -> Office:
    """A surface; with the vault of another it is the same installation after a restart."""
    vault = vault or Vault([generate_key()])
    people = People("https://chat.example", "en", ZoneInfo("UTC"))
    profiles, server = FakeProfiles(database, people, clock), server or FakeServer()
    signer = Signer(vault.derive("callbacks"))
    desk = Desk(
        database=database,
        clock=clock,
        signer=signer,
        vault=vault,
        catalogues=Catalogues.load(),
        chat=chat,
        renderer=Renderer(signer, CALLBACK),
        people=people,
        profiles=profiles,
        server=server,
        callback_url=CALLBACK,
    )
    surface = assemble(
        desk, WORDS, version="0.1.0", tokens=[TOKEN], limits=limits or PATIENT, is_admin=is_admin
    )
    return Office(surface, desk, server, profiles, clock)
