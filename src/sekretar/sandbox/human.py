"""A person at a chat client, for scenarios: types, clicks, fills in dialogs, and waits for what they expect to see.

Everything goes through the interfaces that official clients use (REST as the person, and a WebSocket of their own),
so one scenario proves the same against the sandbox and against a real Mattermost server. Waiting is for a condition
over what was seen, never for time to pass; what was seen instead is in the error of a wait that failed.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import aiohttp

from sekretar.kernel.errors import SekretarError
from sekretar.sandbox.rest import Refused, Rest
from sekretar.sandbox.seen import (
    Button,
    Clicked,
    CustomStatus,
    DialogSeen,
    SeenPost,
    Select,
    Sighting,
    SlashAnswer,
    announced,
    read_custom_status,
    read_dialog,
    read_page,
    read_post,
    seen_again,
)
from sekretar.sandbox.stream import EventStream

# An integration may take 30 s before Mattermost gives up on it.
HTTP_TIMEOUT = aiohttp.ClientTimeout(total=40)
WAIT_SECONDS = 10.0

_SIGHTINGS: Mapping[str, Sighting] = {
    "posted": "posted",
    "post_edited": "edited",
    "post_deleted": "deleted",
    "ephemeral_message": "ephemeral",
}


class NotSeen(SekretarError, TimeoutError):
    """What the person waited for did not come; the text lists what came instead."""


class NothingToPress(SekretarError, LookupError):
    """The post has no such button or select; the text lists those it has."""


class Human:
    """One person, signed in. Use as `async with Human.login(url, "anna", password) as anna:`.

    `user_id` and `username` are known inside the block. `wait` is how long the waits last unless told otherwise, in
    seconds. Refusals of the server raise `Refused`.
    """

    def __init__(self, base_url: str, token: str = "", *, wait: float = WAIT_SECONDS) -> None:
        self._base = base_url.rstrip("/")
        self._token = token
        self._credentials: tuple[str, str] | None = None
        self._wait = wait
        self._session: aiohttp.ClientSession | None = None
        self._wire: Rest | None = None
        self._stream: EventStream | None = None
        self._changed = asyncio.Condition()
        self._journal: list[SeenPost] = []
        self._dialogs: list[DialogSeen] = []
        self._dialogs_taken = 0
        self._place = ("", "")
        self._team = ""
        self.user_id = ""
        self.username = ""
        self.events: list[Mapping[str, Any]] = []
        """Every event of the person's WebSocket, as it came."""

    @classmethod
    def login(cls, base_url: str, username: str, password: str, *, wait: float = WAIT_SECONDS) -> Human:
        """A person who signs in with a password on entering the block (POST /users/login)."""
        human = cls(base_url, wait=wait)
        human._credentials = (username, password)
        return human

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=HTTP_TIMEOUT, cookie_jar=aiohttp.DummyCookieJar())
        self._wire = Rest(self._session, self._base, self._token)
        try:
            if self._credentials:
                await self._wire.sign_in(*self._credentials)
            me = await self._who_am_i()
            self.user_id, self.username = me["id"], me["username"]
            self._stream = EventStream(
                self._session, self._base, self._wire.token, self._receive, self._read_missed, self._who_am_i
            )
            await self._stream.start()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def _close(self) -> None:
        if self._stream:
            await self._stream.close()
        if self._session:
            await self._session.close()

    # Acting

    async def slash(
        self, text: str, channel_id: str | None = None, team_id: str | None = None, root_id: str = ""
    ) -> SlashAnswer:
        """Run the slash command `text` ("/calendar today") and wait for the ephemeral posts its response announces.

        Without a channel it is typed where the person acted last, or else in the direct channel with themselves.
        """
        channel, team = await self._go(channel_id, team_id)
        mark = self.mark()
        body = {"channel_id": channel, "team_id": team, "command": text, "root_id": root_id}
        response = await self._rest.post("/commands/execute", body)
        expected = announced(response)
        if not expected:
            return SlashAnswer(response, ())

        def answers() -> list[SeenPost]:
            return [post for post in self._journal[mark:] if post.ephemeral]

        await self._until(lambda: len(answers()) >= expected, self._wait, f"the answer to {text!r}", mark)
        return SlashAnswer(response, tuple(answers()))

    async def say(self, text: str, channel_id: str, root_id: str = "") -> SeenPost:
        """Write a message (POST /posts)."""
        await self._go(channel_id, None)
        body = {"channel_id": channel_id, "message": text, "root_id": root_id}
        return read_post(await self._rest.post("/posts", body), "read")

    async def edit(self, post: SeenPost, text: str) -> None:
        """Make a message say something else (PUT /posts/{post_id}/patch)."""
        await self._rest.put(f"/posts/{post.id}/patch", {"message": text})

    async def click(
        self, post: SeenPost, button_label_or_action_id: str, selected: str | None = None
    ) -> Clicked:
        """Press a button, or choose `selected` (an option's text or value, a user's or channel's id) in a select.

        The post is taken as the person sees it: a stale one sends the click that a slow screen would send.
        """
        control = post.control(button_label_or_action_id)
        if control is None:
            labels = ", ".join(one.label for one in post.controls) or "nothing"
            raise NothingToPress(f"no {button_label_or_action_id!r} under {post.text!r}; there is: {labels}")
        await self._go(post.channel_id, None)
        answer = await self._rest.post(
            f"/posts/{post.id}/actions/{control.id}", _click_body(control, selected)
        )
        return Clicked(str(answer.get("trigger_id") or ""), str(answer.get("goto_location") or ""))

    async def dialog(self, timeout: float | None = None) -> DialogSeen:
        """The next dialog that was not taken yet."""
        await self._until(lambda: len(self._dialogs) > self._dialogs_taken, timeout, "a dialog")
        self._dialogs_taken += 1
        return self._dialogs[self._dialogs_taken - 1]

    async def submit_dialog(
        self, dialog: DialogSeen, values: Mapping[str, str | bool | float]
    ) -> dict[str, str]:
        """Fill in and submit; fields that `values` leaves out keep what they had.

        Returns the errors by field, the general one under ""; empty when the dialog closed. A further step (reply of
        type "form") becomes the next `dialog()`. KeyError for a field that the dialog does not have.
        """
        for name in values:
            dialog.field(name)
        submission = {one.name: values.get(one.name, one.untouched) for one in dialog.fields}
        answer = await self._answer_dialog(dialog, submission, cancelled=False)
        errors = {str(name): str(text) for name, text in (answer.get("errors") or {}).items()}
        if answer.get("error"):
            errors[""] = str(answer["error"])
        if not errors and answer.get("type") == "form" and answer.get("form"):
            await self._note_dialog({"url": dialog.url, "dialog": answer["form"]})
        return errors

    async def cancel_dialog(self, dialog: DialogSeen) -> None:
        """Close a dialog; the integration hears of it only when it asked to (`notify_on_cancel`)."""
        if dialog.notify_on_cancel:
            await self._answer_dialog(dialog, {}, cancelled=True)

    async def react(self, post: SeenPost, emoji: str) -> None:
        """Add a reaction; `emoji` is a name without colons."""
        body = {"user_id": self.user_id, "post_id": post.id, "emoji_name": emoji.strip(":")}
        await self._rest.post("/reactions", body)

    async def set_status(self, status: str) -> None:
        """Set one's own status: online, away, dnd or offline."""
        await self._rest.put(f"/users/{self.user_id}/status", {"user_id": self.user_id, "status": status})

    async def set_custom_status(self, emoji: str, text: str) -> None:
        """Set one's own custom status without end."""
        await self._rest.put("/users/me/status/custom", {"emoji": emoji, "text": text})

    async def clear_custom_status(self) -> None:
        """Remove one's own custom status."""
        await self._rest.delete("/users/me/status/custom")

    async def consent(self, address: str) -> str:
        """Follow a link to `/oauth/authorize`, agree, and go where the server sends the browser.

        Returns the page at the end, as HTML.
        """
        asked = dict(parse_qsl(urlsplit(address).query))
        redirect = str((await self._rest.authorize(asked))["redirect"])
        assert self._session is not None
        async with self._session.get(redirect) as response:
            return await response.text()

    # Looking

    async def direct_channel(self, with_username: str) -> str:
        """The id of the direct channel with this user (created when it does not exist)."""
        other = await self._user(with_username)
        return str((await self._rest.post("/channels/direct", [self.user_id, other["id"]]))["id"])

    async def channel(self, name: str, team_id: str | None = None) -> str:
        """The id of a channel by its name in the address ("town-square")."""
        team = team_id or await self._first_team()
        return str((await self._rest.get(f"/teams/{team}/channels/name/{name}"))["id"])

    async def posts(self, channel_id: str) -> tuple[SeenPost, ...]:
        """The latest posts of a channel, replies included, oldest first (at most 200)."""
        return read_page(await self._rest.get(f"/channels/{channel_id}/posts?per_page=200"))

    async def thread(self, root_id: str) -> tuple[SeenPost, ...]:
        """The posts of a thread with its root, oldest first."""
        return read_page(await self._rest.get(f"/posts/{root_id}/thread"))

    async def status(self, username: str | None = None) -> str:
        """online, away, dnd, offline or ooo; one's own without a name."""
        return str((await self._rest.get(f"/users/{await self._id_of(username)}/status"))["status"])

    async def custom_status(self, username: str | None = None) -> CustomStatus | None:
        """The custom status of a user, one's own without a name; None when there is none."""
        return read_custom_status(await self._rest.get(f"/users/{await self._id_of(username)}"))

    # Waiting

    def mark(self) -> int:
        """The present end of what was seen, for `since`: take it before the act whose effect is awaited."""
        return len(self._journal)

    def seen(self, since: int = 0) -> tuple[SeenPost, ...]:
        """Every sighting since the mark: new posts, edits, deletions and ephemeral posts in the order they came."""
        return tuple(self._journal[since:])

    async def wait_for(
        self, predicate: Callable[[SeenPost], bool], *, timeout: float | None = None, since: int = 0
    ) -> SeenPost:
        """The first sighting since the mark that the predicate accepts; `NotSeen` after `timeout` seconds."""
        found: list[SeenPost] = []

        def look() -> bool:
            found.extend(post for post in self._journal[since:] if not found and predicate(post))
            return bool(found)

        await self._until(look, timeout, "a post with what was expected", since)
        return found[0]

    async def wait_post(
        self,
        text_contains: str,
        channel_id: str | None = None,
        *,
        timeout: float | None = None,
        since: int = 0,
    ) -> SeenPost:
        """The first sighting since the mark whose text contains this; also edits and ephemeral posts."""

        def fits(post: SeenPost) -> bool:
            return not post.deleted and text_contains in post.text and channel_id in (None, post.channel_id)

        def look() -> bool:
            return any(fits(post) for post in self._journal[since:])

        await self._until(look, timeout, f"a post with {text_contains!r}", since)
        return next(post for post in self._journal[since:] if fits(post))

    async def _until(
        self, ready: Callable[[], bool], timeout: float | None, what: str, since: int = 0
    ) -> None:
        seconds = self._wait if timeout is None else timeout
        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(ready)
        except TimeoutError:
            lines = [f"  {post.describe()}" for post in self._journal[since:][-30:]] or ["  nothing"]
            lines += [f"  dialog    {one.title}" for one in self._dialogs[self._dialogs_taken :]]
            if self._stream and self._stream.failure:
                lines.append(f"  (the event stream ended: {self._stream.failure!r})")
            raise NotSeen(
                "\n".join([f"{self.username} waited {seconds:g} s for {what} and saw:", *lines])
            ) from None

    # What comes in

    async def _receive(self, event: Mapping[str, Any]) -> None:
        self.events.append(event)
        sighting = _SIGHTINGS.get(str(event.get("event")))
        if sighting:
            await self._note_post(read_post(json.loads(event["data"]["post"]), sighting))
        elif event.get("event") == "open_dialog":
            await self._note_dialog(json.loads(event["data"]["dialog"]))
        else:
            async with self._changed:
                self._changed.notify_all()

    async def _note_post(self, post: SeenPost) -> None:
        async with self._changed:
            self._journal.append(post)
            self._changed.notify_all()

    async def _note_dialog(self, request: Mapping[str, Any]) -> None:
        async with self._changed:
            self._dialogs.append(read_dialog(request))
            self._changed.notify_all()

    async def _read_missed(self) -> None:
        """After the server lost the stream's state: read the channels known so far and note what is new there."""
        latest = {post.id: post for post in self._journal}
        for channel in {post.channel_id for post in self._journal} | ({self._place[0]} - {""}):
            for post in await self.posts(channel):
                known = latest.get(post.id)
                if known is None:
                    await self._note_post(seen_again(post, "posted"))
                elif (known.text, known.props) != (post.text, post.props):
                    await self._note_post(seen_again(post, "edited"))

    # The wire

    async def _go(self, channel_id: str | None, team_id: str | None) -> tuple[str, str]:
        team = team_id or self._place[1] or await self._first_team()
        channel = channel_id or self._place[0] or await self.direct_channel(self.username)
        self._place = (channel, team)
        return self._place

    async def _first_team(self) -> str:
        if not self._team:
            teams = await self._rest.get("/users/me/teams")
            self._team = str(teams[0]["id"]) if teams else ""
        return self._team

    async def _who_am_i(self) -> Mapping[str, Any]:
        me: Mapping[str, Any] = await self._rest.get("/users/me")
        return me

    async def _user(self, username: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = await self._rest.get(f"/users/username/{username.removeprefix('@')}")
        return found

    async def _id_of(self, username: str | None) -> str:
        return str((await self._user(username))["id"]) if username else self.user_id

    async def _answer_dialog(
        self, dialog: DialogSeen, submission: Mapping[str, object], *, cancelled: bool
    ) -> Mapping[str, Any]:
        channel, team = await self._go(None, None)
        body = {
            "type": "dialog_submission",
            "url": dialog.url,
            "callback_id": dialog.callback_id,
            "state": dialog.state,
            "user_id": self.user_id,
            "channel_id": channel,
            "team_id": team,
            "submission": submission,
            "cancelled": cancelled,
        }
        return await self._rest.post("/actions/dialogs/submit", body) or {}

    @property
    def _rest(self) -> Rest:
        if self._wire is None:
            raise RuntimeError("a person acts only inside `async with`")
        return self._wire


def _click_body(control: Button | Select, selected: str | None) -> dict[str, str]:
    body = {"cookie": control.cookie} if control.cookie else {}
    if selected is not None:
        options = control.options if isinstance(control, Select) else ()
        body["selected_option"] = next((one.value for one in options if one.text == selected), selected)
    return body


__all__ = ["Human", "NotSeen", "NothingToPress", "Refused"]
