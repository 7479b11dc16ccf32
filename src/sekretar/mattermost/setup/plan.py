"""What has to be done, as a function of what is wanted and what is there. No server is asked here.

A command is ours by its description, which names the bot: that stays when the address of Sekretar, the word of the
command or our database changes, and keeps two Sekretars on one Mattermost apart. One whose token we hold counts as
ours, too, and one that an administrator has registered by hand with our address.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from pydantic import SecretStr

from sekretar.kernel.i18n import Translator
from sekretar.mattermost.models import Bot, Command, OAuthApp, Team

#: The bot's name when nothing else is asked for.
DEFAULT_BOT = "sekretar"
#: The name of the OAuth 2 application, as people see it when they are asked for their consent.
APP_NAME = "Sekretar"


_DESCRIPTION = "Set up for @{bot} ({key})"
_BOT_IN_DESCRIPTION = re.compile(r"Set up for @(\S+) \(\w+\)")


class SetupSettings(Protocol):
    """The settings that setting up depends on; `config.Settings` has them."""

    @property
    def mattermost_token(self) -> SecretStr: ...
    @property
    def public_url(self) -> str: ...
    @property
    def callbacks(self) -> str: ...
    @property
    def triggers(self) -> Mapping[str, str]: ...
    @property
    def oauth_client_id(self) -> str: ...
    @property
    def oauth_client_secret(self) -> SecretStr: ...
    @property
    def default_language(self) -> str: ...


@dataclass(frozen=True)
class SetupOptions:
    """What the administrator may choose.

    Attributes:
        bot: Username of the bot; empty for the one of the configured token or of our commands, else `sekretar`.
        teams: Names of the teams to set up; empty for all of them.
        allow_callback: Whether Mattermost's own configuration may be changed, so that it calls our address.
    """

    bot: str = ""
    teams: tuple[str, ...] = ()
    allow_callback: bool = False


@dataclass(frozen=True)
class WantedCommand:
    """A slash command as it should be in every team. `key` is the product's own word for it."""

    key: str
    trigger: str
    url: str
    fields: Mapping[str, object]

    @property
    def description(self) -> str:
        return str(self.fields["description"])

    @property
    def setting(self) -> str:
        """The setting that chooses another word."""
        return f"SEKRETAR_TRIGGER_{self.key.upper()}"


def wanted_commands(triggers: Mapping[str, str], url: str, bot: str, t: Translator) -> list[WantedCommand]:
    """The commands as they should be. Mattermost stores one text for everybody, so `t` is the server's language."""
    return [
        WantedCommand(
            key,
            word.strip().removeprefix("/").lower(),
            url,
            {
                "auto_complete": True,
                "auto_complete_desc": t.plain(f"mattermost.offered.{key}"),
                "auto_complete_hint": t.plain(f"mattermost.offered.{key}_hint"),
                "display_name": f"Sekretar: {key}",
                "description": _DESCRIPTION.format(bot=bot, key=key),
            },
        )
        for key, word in triggers.items()
    ]


# The bot


def bot_of(commands: Collection[Command]) -> str:
    """The name of the bot that our commands were set up for; empty when they do not tell."""
    found = (_BOT_IN_DESCRIPTION.fullmatch(command.description) for command in commands)
    return next((match[1] for match in found if match), "")


@dataclass(frozen=True)
class CreateBot:
    """There is no bot of this name yet."""

    username: str


@dataclass(frozen=True)
class EnableBot:
    """The bot is there and switched off."""

    bot: Bot


@dataclass(frozen=True)
class KeepBot:
    """The bot is as it should be."""

    bot: Bot


def plan_bot(username: str, bot: Bot | None) -> CreateBot | EnableBot | KeepBot:
    """The bot exists and is active. Whether its token works shows only then."""
    if bot is None:
        return CreateBot(username)
    return EnableBot(bot) if bot.delete_at is not None else KeepBot(bot)


# The teams


@dataclass(frozen=True)
class TeamState:
    """What is there in a team.

    Attributes:
        team: The team.
        has_bot: Whether the bot is a member.
        commands: The custom commands.
        reserved: The words of built-in commands and of plugins.
        known: The ids of commands whose tokens we hold.
    """

    team: Team
    has_bot: bool
    commands: tuple[Command, ...]
    reserved: Collection[str] = ()
    known: Collection[str] = ()


@dataclass(frozen=True)
class Join:
    """The bot is not in the team."""


@dataclass(frozen=True)
class AddCommand:
    """The team has no such command."""

    wanted: WantedCommand


@dataclass(frozen=True)
class ChangeCommand:
    """Our command is not as it should be."""

    wanted: WantedCommand
    command: Command
    changes: Mapping[str, object]


@dataclass(frozen=True)
class KeepCommand:
    """Our command is as it should be."""

    wanted: WantedCommand
    command: Command


@dataclass(frozen=True)
class Taken:
    """The word belongs to another command: of somebody else, of a plugin or built in."""

    wanted: WantedCommand


@dataclass(frozen=True)
class ForgetToken:
    """The command of a token that we hold is gone."""

    command_id: str


TeamStep = Join | AddCommand | ChangeCommand | KeepCommand | Taken | ForgetToken


def plan_team(wanted: Collection[WantedCommand], state: TeamState) -> list[TeamStep]:
    """The bot is in the team, and every command of ours is there with our address."""
    steps: list[TeamStep] = [] if state.has_bot else [Join()]
    steps += [_plan_command(each, state) for each in wanted]
    present = {command.id for command in state.commands}
    steps += [ForgetToken(command_id) for command_id in sorted(set(state.known) - present)]
    return steps


def _plan_command(wanted: WantedCommand, state: TeamState) -> TeamStep:
    own = next(_ours(wanted, state), None)
    # Servers check on creation only that a word is free, so a change has to be checked here.
    others = {command.trigger for command in state.commands if command is not own} | set(state.reserved)
    if wanted.trigger in others:
        return Taken(wanted)
    if own is None:
        return AddCommand(wanted)
    as_wanted = {"trigger": wanted.trigger, "url": wanted.url, "method": "P", **wanted.fields}
    changes = {name: value for name, value in as_wanted.items() if getattr(own, name) != value}
    return ChangeCommand(wanted, own, changes) if changes else KeepCommand(wanted, own)


def _ours(wanted: WantedCommand, state: TeamState) -> Iterator[Command]:
    """Our commands for this purpose, the likeliest first."""
    marked = [command for command in state.commands if command.description == wanted.description]
    yield from sorted(marked, key=lambda command: command.trigger != wanted.trigger)
    for command in state.commands:
        if command.trigger == wanted.trigger and (command.url == wanted.url or command.id in state.known):
            yield command


# Consent


@dataclass(frozen=True)
class CreateApp:
    """Sekretar is not registered as an OAuth 2 application."""


@dataclass(frozen=True)
class ChangeApp:
    """The application would send people back to another address."""

    app: OAuthApp


@dataclass(frozen=True)
class KeepApp:
    """The application is as it should be."""

    app: OAuthApp


AppStep = CreateApp | ChangeApp | KeepApp


def plan_app(apps: Collection[OAuthApp], client_id: str, redirect_uri: str) -> AppStep:
    """An application exists that sends people back to us: the configured one, or one that fits."""
    found = next((app for app in apps if app.id == client_id), None) or next(
        (app for app in apps if app.name == APP_NAME and redirect_uri in app.callback_urls), None
    )
    if found is None:
        return CreateApp()
    return KeepApp(found) if found.callback_urls == (redirect_uri,) else ChangeApp(found)
