"""What a person sees at a chat client: posts with their buttons, dialogs, answers to commands.

The raw JSON of Mattermost says what was stored; a test wants to say what somebody read and what they could press.
These are values of that second kind, read once at the border, so that the same sentence of a scenario holds for the
sandbox and for a real server of any version.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

Sighting = Literal["posted", "edited", "deleted", "ephemeral", "read"]
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Option:
    """One line of a select: what is shown and what is sent."""

    text: str
    value: str


@dataclass(frozen=True)
class Button:
    """A button under a message. `cookie` is what an ephemeral post needs to be clicked."""

    id: str
    label: str
    style: str = ""
    disabled: bool = False
    cookie: str = ""


@dataclass(frozen=True)
class Select:
    """A select under a message; `data_source` is "users" or "channels" when the client fills it."""

    id: str
    label: str
    options: tuple[Option, ...] = ()
    data_source: str = ""
    default: str = ""
    disabled: bool = False
    cookie: str = ""


@dataclass(frozen=True)
class SeenPost:
    """A post at the moment it was seen; `sighting` says how it came into view."""

    id: str
    channel_id: str
    user_id: str
    root_id: str
    message: str
    type: str
    created: datetime
    sighting: Sighting
    edited: bool = False
    deleted: bool = False
    props: Json = field(default_factory=dict, repr=False)
    reactions: tuple[tuple[str, str], ...] = ()
    """Pairs of user id and emoji name, as far as the server sent them with the post."""

    @property
    def ephemeral(self) -> bool:
        """Whether only the person who saw it can see it."""
        return self.sighting == "ephemeral"

    @property
    def text(self) -> str:
        """Everything there is to read: the message, then each attachment from top to bottom."""
        return text_of(self.message, self.props)

    @property
    def buttons(self) -> tuple[Button, ...]:
        """The buttons from left to right, over all attachments."""
        return tuple(_button(action) for action in _actions(self.props) if action.get("type") != "select")

    @property
    def selects(self) -> tuple[Select, ...]:
        """The selects from left to right, over all attachments."""
        return tuple(_select(action) for action in _actions(self.props) if action.get("type") == "select")

    @property
    def controls(self) -> tuple[Button | Select, ...]:
        """Everything that can be pressed or chosen."""
        return tuple(
            _select(one) if one.get("type") == "select" else _button(one) for one in _actions(self.props)
        )

    def control(self, label_or_id: str) -> Button | Select | None:
        """The button or select with this id, or else the first with this label."""
        by_id = next((one for one in self.controls if one.id == label_or_id), None)
        return by_id or next((one for one in self.controls if one.label == label_or_id), None)

    def describe(self) -> str:
        """One readable line, for the message of a failed wait."""
        words = " / ".join(line.strip() for line in self.text.splitlines() if line.strip())
        pressable = [f"[{one.label}]" for one in self.controls]
        return " ".join([f"{self.sighting:<9}", words[:300] or "(no text)", *pressable])


@dataclass(frozen=True)
class DialogField:
    """One element of a dialog, as it was offered."""

    name: str
    label: str
    type: str
    subtype: str = ""
    default: str = ""
    placeholder: str = ""
    help: str = ""
    optional: bool = False
    options: tuple[Option, ...] = ()
    data_source: str = ""

    @property
    def untouched(self) -> str | bool | None:
        """What official clients submit for a field that nobody touched; an empty one is null."""
        if self.type == "bool":
            return self.default == "true"
        return self.default or None


@dataclass(frozen=True)
class DialogSeen:
    """A dialog that came up. `url`, `state` and `callback_id` are what the client hands back with the answers."""

    title: str
    introduction: str
    fields: tuple[DialogField, ...]
    submit_label: str
    notify_on_cancel: bool
    state: str
    url: str
    callback_id: str

    def field(self, name: str) -> DialogField:
        """The field of this name; KeyError names those that exist."""
        for one in self.fields:
            if one.name == name:
                return one
        raise KeyError(f"no field {name!r}; there are: {', '.join(one.name for one in self.fields)}")


@dataclass(frozen=True)
class SlashAnswer:
    """What came of a slash command: the immediate response and the ephemeral posts that it caused."""

    response: Json
    posts: tuple[SeenPost, ...]

    @property
    def text(self) -> str:
        """What the person read: the ephemeral posts, or the response itself when there were none."""
        if self.posts:
            return "\n".join(post.text for post in self.posts)
        return text_of(
            str(self.response.get("text") or ""), {"attachments": self.response.get("attachments")}
        )

    @property
    def goto_location(self) -> str:
        """Where the response sends the client; empty when nowhere."""
        return str(self.response.get("goto_location") or "")


@dataclass(frozen=True)
class Clicked:
    """A click that the server took. `goto_location` exists on servers from 11.10."""

    trigger_id: str
    goto_location: str = ""


@dataclass(frozen=True)
class CustomStatus:
    """The custom status of a user; `until` is None for one without end."""

    emoji: str
    text: str
    until: datetime | None

    def active(self, now: datetime) -> bool:
        """Whether clients show it at `now` (they hide an expired one before the server removes it)."""
        return self.until is None or self.until > now


def read_post(raw: Json, sighting: Sighting) -> SeenPost:
    """A post from Mattermost's JSON (https://api.mattermost.com, Post)."""
    props = raw.get("props")
    metadata = raw.get("metadata") or {}
    return SeenPost(
        id=str(raw["id"]),
        channel_id=str(raw.get("channel_id") or ""),
        user_id=str(raw.get("user_id") or ""),
        root_id=str(raw.get("root_id") or ""),
        message=str(raw.get("message") or ""),
        type=str(raw.get("type") or ""),
        created=datetime.fromtimestamp(int(raw.get("create_at") or 0) / 1000, UTC),
        sighting=sighting,
        edited=bool(raw.get("edit_at")),
        deleted=sighting == "deleted" or bool(raw.get("delete_at")),
        props=props if isinstance(props, Mapping) else {},
        reactions=tuple(
            (str(one["user_id"]), str(one["emoji_name"])) for one in metadata.get("reactions") or ()
        ),
    )


def read_page(page: Json) -> tuple[SeenPost, ...]:
    """The posts of a PostList, oldest first."""
    posts = [read_post(raw, "read") for raw in page["posts"].values()]
    return tuple(sorted(posts, key=lambda post: (post.created, post.id)))


def announced(response: Json) -> int:
    """How many ephemeral posts the server makes of a command's response (CommandResponse, extra_responses)."""
    answers = [response, *(response.get("extra_responses") or ())]
    private = [one for one in answers if one.get("response_type") in (None, "", "ephemeral")]
    return sum(1 for one in private if one.get("text") or one.get("attachments") is not None)


def seen_again(post: SeenPost, sighting: Sighting) -> SeenPost:
    """The same post in another sighting."""
    return replace(post, sighting=sighting, deleted=post.deleted or sighting == "deleted")


def text_of(message: str, props: Json) -> str:
    """Message and attachments as lines of text, in the order in which a client shows them."""
    lines = [message]
    for attachment in _attachments(props):
        lines += [str(attachment.get(key) or "") for key in ("pretext", "author_name", "title", "text")]
        for one in attachment.get("fields") or ():
            lines.append(f"{one.get('title') or ''}: {one.get('value') or ''}".removeprefix(": "))
        lines.append(str(attachment.get("footer") or ""))
    return "\n".join(line for line in lines if line)


def read_dialog(request: Json) -> DialogSeen:
    """A dialog from the `open_dialog` event's request."""
    dialog = request["dialog"]
    return DialogSeen(
        title=str(dialog.get("title") or ""),
        introduction=str(dialog.get("introduction_text") or ""),
        fields=tuple(_field(element) for element in dialog.get("elements") or ()),
        submit_label=str(dialog.get("submit_label") or ""),
        notify_on_cancel=bool(dialog.get("notify_on_cancel")),
        state=str(dialog.get("state") or ""),
        url=str(request.get("url") or ""),
        callback_id=str(dialog.get("callback_id") or ""),
    )


def read_custom_status(user: Json) -> CustomStatus | None:
    """The custom status in a user's props; None when it is not set or was cleared."""
    raw = json.loads((user.get("props") or {}).get("customStatus") or "null")
    if not raw or not (raw.get("text") or raw.get("emoji")):
        return None
    until = datetime.fromisoformat(raw["expires_at"]) if raw.get("expires_at") else None
    return CustomStatus(
        emoji=str(raw.get("emoji") or ""),
        text=str(raw.get("text") or ""),
        until=until if until and until.year > 1 else None,
    )


def _attachments(props: Json) -> list[Json]:
    found = props.get("attachments")
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _actions(props: Json) -> Iterator[Json]:
    for attachment in _attachments(props):
        for action in attachment.get("actions") or ():
            if action.get("id") and action.get("name"):
                yield action


def _button(action: Json) -> Button:
    return Button(
        id=str(action["id"]),
        label=str(action["name"]),
        style=str(action.get("style") or ""),
        disabled=bool(action.get("disabled")),
        cookie=str(action.get("cookie") or ""),
    )


def _select(action: Json) -> Select:
    return Select(
        id=str(action["id"]),
        label=str(action["name"]),
        options=_options(action),
        data_source=str(action.get("data_source") or ""),
        default=str(action.get("default_option") or ""),
        disabled=bool(action.get("disabled")),
        cookie=str(action.get("cookie") or ""),
    )


def _options(owner: Json) -> tuple[Option, ...]:
    return tuple(
        Option(str(one.get("text") or ""), str(one.get("value") or "")) for one in owner.get("options") or ()
    )


def _field(element: Json) -> DialogField:
    return DialogField(
        name=str(element["name"]),
        label=str(element.get("display_name") or ""),
        type=str(element.get("type") or ""),
        subtype=str(element.get("subtype") or ""),
        default=str(element.get("default") or ""),
        placeholder=str(element.get("placeholder") or ""),
        help=str(element.get("help_text") or ""),
        optional=bool(element.get("optional")),
        options=_options(element),
        data_source=str(element.get("data_source") or ""),
    )
