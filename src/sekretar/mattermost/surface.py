"""The chat surface, put together: everything that answers people in Mattermost, on one registry of features.

Features register with `desk.chat` before or after; the surface looks things up when they are needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from sekretar.mattermost.callbacks import Callbacks
from sekretar.mattermost.chat import Available
from sekretar.mattermost.clicks import Clicks
from sekretar.mattermost.commands import Commands, nobody
from sekretar.mattermost.conversations import Conversations
from sekretar.mattermost.deadline import Deadline
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.home import Home
from sekretar.mattermost.menu import Menu
from sekretar.mattermost.opening import Opening
from sekretar.mattermost.own import Own
from sekretar.mattermost.security import Watch
from sekretar.mattermost.slash import ANSWER_WITHIN, Slash
from sekretar.mattermost.submissions import ANSWER_WITHIN as DIALOG_WITHIN
from sekretar.mattermost.submissions import Submissions


@dataclass(frozen=True)
class Surface:
    """What the composition root wires: callbacks to routes, home to the listener, `conversations.tidy` to jobs.

    `deadline.drain()` is awaited before the process ends.
    """

    callbacks: Callbacks
    home: Home
    conversations: Conversations
    opening: Opening
    deadline: Deadline
    watch: Watch


@dataclass(frozen=True)
class Limits:
    """How long people are kept waiting, in seconds, before the rest follows later."""

    command: float = ANSWER_WITHIN
    click: float = ANSWER_WITHIN
    dialog: float = DIALOG_WITHIN


def assemble(
    desk: Desk,
    words: Mapping[str, str],
    *,
    version: str,
    tokens: Sequence[str] = (),
    is_admin: Available = nobody,
    registry: CollectorRegistry | None = None,
    limits: Limits | None = None,
) -> Surface:
    """Build the surface and register its own commands, buttons and forms.

    Args:
        desk: What it works with.
        words: The word people type, by trigger.
        version: What `/sekretar about` says.
        tokens: Command tokens configured by hand.
        is_admin: Who may use commands that are for administrators.
        registry: Where refused requests are counted.
        limits: How long people wait.
    """
    limits = limits or Limits()
    deadline, watch = Deadline(), Watch(registry)
    commands = Commands(desk.chat, words, is_admin)
    conversations = Conversations(desk, deadline)
    opening = Opening(desk, conversations)
    menu = Menu(desk.chat)
    home = Home(desk, commands, opening, conversations, menu)
    submissions = Submissions(desk, deadline, watch, limits.dialog)
    callbacks = Callbacks(
        desk,
        commands,
        Slash(desk, commands, opening, deadline, limits.command),
        Clicks(desk, opening, deadline, watch, limits.click),
        submissions,
        watch,
        tokens,
    )
    for part in (home, Own(desk, commands, version), menu, conversations, submissions):
        part.register()
    return Surface(callbacks, home, conversations, opening, deadline, watch)
