"""What Sekretar says, as values: a message, its attachments, the buttons under them.

A feature decides and returns a `Message`; only the `Renderer` knows what a Mattermost post looks like, and
only it seals the claims that make a click trustworthy. Text that is a plain `str` is foreign and gets escaped
here; text that is `Markdown` was composed by us and passes.

Post shapes: https://developers.mattermost.com/integrate/reference/message-attachments/ and
https://developers.mattermost.com/integrate/plugins/interactive-messages/
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Literal

from sekretar.kernel.forms import Choice
from sekretar.kernel.people import Person
from sekretar.kernel.signing import Claim, JsonScalar, Signer, new_nonce
from sekretar.kernel.text import Markdown, escape, escape_block, truncate

#: More buttons wrap into an unreadable heap on a phone.
MOST_ACTIONS = 5
#: The web client cuts the footer there.
FOOTER_LIMIT = 300
#: `model.PostPropsMaxUserRunes`: the server refuses more.
PROPS_LIMIT = 800_000
#: The line a notification shows.
FALLBACK_LIMIT = 200
#: Buttons of an old message answer that they are stale instead of acting on something long forgotten.
LIFETIME = timedelta(days=30)
#: Where the server sends clicks, below the callback address.
ACTION_PATH = "/mattermost/action"


class Colour(Enum):
    """The stripe beside an attachment. One meaning each, and the text says it too."""

    BLUE = "#2389D7"  #: information
    GREEN = "#3DB887"  #: done
    AMBER = "#FFBC1F"  #: soon
    RED = "#D24B4E"  #: failure


Style = Literal["default", "primary", "success", "good", "warning", "danger"]


@dataclass(frozen=True)
class Button:
    """A button. `label` is plain text; `record` comes back to the handler of `action` exactly as given.

    Only the person the message is rendered for may press it, unless it is for `anyone` who reads the channel.
    """

    label: str
    action: str
    record: Mapping[str, JsonScalar] = field(default_factory=dict)
    style: Style = "default"
    anyone: bool = False
    lifetime: timedelta = LIFETIME


@dataclass(frozen=True)
class Select:
    """A list to choose from: `choices`, or the server's own list of users or channels.

    The value arrives as `Click.selected`. The client supplies it, so the handler checks it like any input.
    """

    label: str
    action: str
    record: Mapping[str, JsonScalar] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    data_source: Literal["", "users", "channels"] = ""
    default: str = ""
    anyone: bool = False
    lifetime: timedelta = LIFETIME


Action = Button | Select


@dataclass(frozen=True)
class AttachmentField:
    """A captioned value; two short ones stand side by side on a wide screen."""

    title: str
    value: str
    short: bool = True


@dataclass(frozen=True)
class Attachment:
    """A block with a coloured stripe.

    `title` with a `title_link`, `author_name` and `footer` are shown by the clients as plain text, the other
    texts as Markdown. `fallback` is the notification's line; left empty it is made of title and text.
    """

    color: Colour = Colour.BLUE
    title: str = ""
    title_link: str = ""
    text: str = ""
    fallback: str = ""
    pretext: str = ""
    author_name: str = ""
    fields: tuple[AttachmentField, ...] = ()
    actions: tuple[Action, ...] = ()
    footer: str = ""
    thumb_url: str = ""

    def __post_init__(self) -> None:
        if len(self.actions) > MOST_ACTIONS:
            raise ValueError(f"{len(self.actions)} actions in one attachment; {MOST_ACTIONS} is the most")


@dataclass(frozen=True)
class Message:
    """Something to say in one post."""

    text: str = Markdown("")
    attachments: tuple[Attachment, ...] = ()

    def without_actions(self) -> Message:
        """The same message when nothing can be pressed any more."""
        kept = (_bare(attachment) for attachment in self.attachments)
        return Message(self.text, tuple(attachment for attachment in kept if attachment is not None))

    @property
    def has_actions(self) -> bool:
        return any(attachment.actions for attachment in self.attachments)


@dataclass(frozen=True)
class Rendered:
    """A message in the server's terms. The text may be longer than a post: delivery splits it."""

    message: str
    props: dict[str, Any]

    @property
    def attachments(self) -> list[dict[str, Any]]:
        """The attachments, for answers that carry them beside the text instead of in `props`."""
        found: list[dict[str, Any]] = self.props["attachments"]
        return found

    def as_payload(self) -> dict[str, Any]:
        """`message` and `props`, as a post, an edit or an outbox payload wants them."""
        return {"message": self.message, "props": self.props}


def flatten(message: Message) -> Markdown:
    """The message as one text, for places that can show neither attachments nor buttons."""
    parts: list[str] = [markdown(message.text)]
    for attachment in message.attachments:
        parts += [markdown(attachment.pretext), _heading(attachment), markdown(attachment.text)]
        parts += [_line(captioned) for captioned in attachment.fields]
        parts.append(escape(attachment.footer))
    return Markdown("\n".join(part for part in parts if part))


def markdown(text: str) -> Markdown:
    """Our own Markdown as it is, anything else escaped, its lines kept."""
    return escape_block(text)


class Renderer:
    """Turns messages into posts whose buttons carry sealed claims.

    `callback_url` is the address at which the Mattermost server reaches us, without a path of ours.
    """

    def __init__(
        self,
        signer: Signer,
        callback_url: str,
        nonce: Callable[[], str] = new_nonce,
    ) -> None:
        self._signer = signer
        self._url = callback_url.rstrip("/") + ACTION_PATH
        self._nonce = nonce

    def render(
        self, message: Message, person: Person | None, now: datetime, *, ephemeral: bool = False
    ) -> Rendered:
        """The post for a person, or for everybody in a channel (`None`: every button is for anyone).

        `ephemeral` must be told the truth: a server up to 11.x fails a click that is answered by an update of
        an ephemeral post, so the click has to bring the fact along.

        Raises ValueError when the attachments are larger than the server takes.
        """
        owner = 0 if person is None else person.id
        props = {
            "attachments": [
                self._attachment(attachment, place, owner, now, ephemeral=ephemeral)
                for place, attachment in enumerate(message.attachments)
            ]
        }
        if (size := len(json.dumps(props, ensure_ascii=False))) > PROPS_LIMIT:
            raise ValueError(f"attachments of {size} characters; {PROPS_LIMIT} is the most")
        return Rendered(str(markdown(message.text)), props)

    def _attachment(
        self, attachment: Attachment, place: int, owner: int, now: datetime, *, ephemeral: bool
    ) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "fallback": _fallback(attachment),
            "color": attachment.color.value,
            "pretext": markdown(attachment.pretext),
            "author_name": attachment.author_name,
            "title": attachment.title if attachment.title_link else markdown(attachment.title),
            "title_link": attachment.title_link,
            "text": markdown(attachment.text),
            "thumb_url": attachment.thumb_url,
            "footer": truncate(attachment.footer, FOOTER_LIMIT),
            "fields": [
                {"title": markdown(each.title), "value": markdown(each.value), "short": each.short}
                for each in attachment.fields
            ],
            "actions": [
                self._action(action, f"{place}.{number}", owner, now, ephemeral=ephemeral)
                for number, action in enumerate(attachment.actions)
            ],
        }
        return {name: value for name, value in shown.items() if value}

    def _action(
        self, action: Action, place: str, owner: int, now: datetime, *, ephemeral: bool
    ) -> dict[str, Any]:
        claim = Claim(
            kind=f"action:{action.action}",
            person=0 if action.anyone else owner,
            record=dict(action.record),
            expires_at=now + action.lifetime,
            nonce=self._nonce(),
        )
        context: dict[str, Any] = {"action": action.action, "claim": self._signer.seal(claim)}
        if ephemeral:
            context["ephemeral"] = True
        shown: dict[str, Any] = {
            "id": _action_id(action, place),
            "name": action.label,
            "integration": {"url": self._url, "context": context},
        }
        if isinstance(action, Button):
            return shown | {"type": "button", "style": action.style}
        shown |= {"type": "select", "default_option": action.default}
        if action.data_source:
            return shown | {"data_source": action.data_source}
        return shown | {"options": [{"text": each.label, "value": each.value} for each in action.choices]}


def _action_id(action: Action, place: str) -> str:
    """Letters and digits only: older servers answer 404 to any other id. The place makes it unique."""
    meaning = json.dumps([place, action.action, dict(action.record)], sort_keys=True)
    return "a" + hashlib.sha256(meaning.encode()).hexdigest()[:24]


def _fallback(attachment: Attachment) -> str:
    said = attachment.fallback or " — ".join(part for part in (attachment.title, attachment.text) if part)
    if not said:
        said = ", ".join(f"{each.title}: {each.value}" for each in attachment.fields)
    if not said:
        said = " / ".join(action.label for action in attachment.actions)
    return str(truncate(said or attachment.pretext or "…", FALLBACK_LIMIT))


def _bare(attachment: Attachment) -> Attachment | None:
    if attachment.actions and not (attachment.title or attachment.text or attachment.fields):
        return None
    return replace(attachment, actions=())


def _heading(attachment: Attachment) -> str:
    if not attachment.title:
        return ""
    title = markdown(attachment.title)
    return f"**[{title}]({attachment.title_link})**" if attachment.title_link else f"**{title}**"


def _line(captioned: AttachmentField) -> str:
    return f"{markdown(captioned.title)}: {markdown(captioned.value)}"
