"""Carrying out the plan: the one part of setting up that talks to Mattermost and to the database."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import SecretStr

from sekretar.kernel.clock import Clock, SystemClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import (
    ConfigurationError,
    PeerDown,
    PeerError,
    PeerForbidden,
    PeerInvalid,
    PeerNotFound,
    PeerRefused,
    PeerUnsupported,
)
from sekretar.kernel.i18n import Catalogues
from sekretar.kernel.secrets import Vault
from sekretar.mattermost.callbacks import COMMAND_PATH
from sekretar.mattermost.client import MattermostClient
from sekretar.mattermost.models import Bot, Command, Team
from sekretar.mattermost.setup import plan
from sekretar.mattermost.setup.plan import SetupOptions, SetupSettings, WantedCommand
from sekretar.mattermost.setup.report import Report
from sekretar.mattermost.setup.server import set_up_callback, set_up_consent
from sekretar.mattermost.setup.tokens import CommandTokens
from sekretar.mattermost.setup.writing import Writing

_DISPLAY_NAME = "Sekretar"
_DESCRIPTION = "Keeps calendars, tasks and the dispatch desk."

#: Mattermost says so when a word belongs to a built-in command or a plugin, which are in no list.
_TAKEN = "api.command.duplicate_trigger.app_error"


async def set_up(
    admin: MattermostClient,
    settings: SetupSettings,
    database: Database,
    vault: Vault,
    options: SetupOptions | None = None,
    *,
    clock: Clock | None = None,
) -> Report:
    """Make Mattermost and the database fit the settings; may be repeated.

    Args:
        admin: A client with the token of a system administrator. The token is not kept.
        settings: The settings; the report names those that have to be added.
        database: Where the tokens of the commands are stored, encrypted by the vault.
        vault: Encrypts the tokens.
        options: What the administrator chose.
        clock: What time it is.

    Raises:
        ConfigurationError: the token is no administrator's, or the bot's name is a person's.
        PeerError: Mattermost did not answer before anything was done. Later failures are in the report.
    """
    options = options or SetupOptions()
    await _check_administrator(admin)
    writing = Writing()
    tokens = CommandTokens(database, vault, clock or SystemClock())
    token = settings.mattermost_token.get_secret_value()
    # A bot that was switched off is not known by its token any more, but by its commands.
    username = (
        options.bot.lower()
        or await _owner(admin, token)
        or await _remembered(admin, tokens)
        or plan.DEFAULT_BOT
    )
    bot = await _set_up_bot(admin, username, token, writing)
    try:
        await _Teams(admin, settings, bot, tokens, writing).set_up(options.teams)
        await set_up_consent(admin, settings, writing)
        await set_up_callback(admin, settings.callbacks, writing, change=options.allow_callback)
    except PeerError as error:
        # What was made so far, a token above all, must be told all the same.
        writing.problem("", f"It was not finished: {error.detail}.", "Run `sekretar setup` again.")
    return writing.report(bot.username)


async def _check_administrator(admin: MattermostClient) -> None:
    try:
        me = await admin.me()
    except PeerRefused:
        raise ConfigurationError(
            "Mattermost does not accept the administrator's token.",
            "Make a new personal access token as a system administrator: Profile, Security.",
        ) from None
    if "system_admin" not in me.role_names:
        raise ConfigurationError(
            f"The token belongs to @{me.username}, who is no system administrator.",
            "Use the token of a system administrator; it is needed this once and is not stored.",
        )


# The bot


async def _set_up_bot(admin: MattermostClient, username: str, token: str, writing: Writing) -> Bot:
    step = plan.plan_bot(username, await _find_bot(admin, username))
    match step:
        case plan.CreateBot():
            bot = await _create_bot(admin, username)
            writing.done("", f"the bot @{username} was made")
        case plan.EnableBot():
            bot = await admin.enable_bot(step.bot.user_id)
            writing.done("", f"the bot @{username} was switched on again")
        case plan.KeepBot():
            bot = step.bot
            writing.kept("", f"the bot @{username} is there")
    if await _owner(admin, token) == username:
        writing.kept("", "its token works")
    else:
        made = await admin.create_token(bot.user_id, "Sekretar")
        writing.set("mattermost_token", SecretStr(made.token))
        writing.done("", "a token for it was made")
    return bot


async def _create_bot(admin: MattermostClient, username: str) -> Bot:
    try:
        return await admin.create_bot(username, _DISPLAY_NAME, _DESCRIPTION)
    except PeerForbidden as error:
        raise ConfigurationError(
            f"The bot may not be made: {error.detail}.",
            "Switch it on: System Console, Integrations, Bot Accounts, Enable Bot Account Creation.",
        ) from error
    except PeerInvalid as error:
        raise ConfigurationError(
            f"There can be no bot @{username}: {error.detail}.", "Choose another name: --bot NAME."
        ) from error


async def _owner(admin: MattermostClient, token: str) -> str:
    """The name of the bot that a token belongs to; empty when it is not accepted, or is a person's."""
    if not token:
        return ""
    try:
        owner = await admin.with_token(token).me()
    except PeerRefused:
        return ""
    return owner.username if owner.is_bot else ""


async def _remembered(admin: MattermostClient, tokens: CommandTokens) -> str:
    """The bot for which an earlier setup with this database has registered commands; empty when there is none."""
    for team_id in await tokens.teams():
        known = await tokens.known(team_id)
        try:
            commands = await admin.commands(team_id)
        except (PeerNotFound, PeerForbidden, PeerUnsupported):
            continue
        if found := plan.bot_of([command for command in commands if command.id in known]):
            return found
    return ""


async def _find_bot(admin: MattermostClient, username: str) -> Bot | None:
    try:
        user = await admin.user_by_name(username)
    except PeerNotFound:
        return None
    if not user.is_bot:
        raise ConfigurationError(
            f"The name @{username} belongs to a person.", "Choose another name for the bot: --bot NAME."
        )
    return await admin.bot(user.id)


# The teams


class _Teams:
    """Brings the bot and the commands into the teams."""

    def __init__(
        self,
        admin: MattermostClient,
        settings: SetupSettings,
        bot: Bot,
        tokens: CommandTokens,
        writing: Writing,
    ) -> None:
        self._admin = admin
        self._bot = bot
        self._tokens = tokens
        self._writing = writing
        self._wanted = plan.wanted_commands(
            settings.triggers,
            settings.callbacks + COMMAND_PATH,
            bot.username,
            Catalogues.load().translator(settings.default_language),
        )

    async def set_up(self, names: Sequence[str]) -> None:
        """Set up the teams of these names, or all of them. A team that fails does not stop the others."""
        joined = {team.id for team in await self._admin.teams_of(self._bot.user_id)}
        for team in await self._chosen(names):
            place = team.display_name or team.name
            try:
                commands = tuple(await self._admin.commands(team.id))
                offered = await self._admin.offered_commands(team.id)
            except (PeerDown, PeerRefused):
                raise
            except PeerError as error:
                self._commands_closed(place, error)
                continue
            custom = {command.id for command in commands}
            state = plan.TeamState(
                team,
                has_bot=team.id in joined,
                commands=commands,
                reserved={command.trigger for command in offered if command.id not in custom},
                known=await self._tokens.known(team.id),
            )
            for step in plan.plan_team(self._wanted, state):
                await self._take(step, team, place)

    async def _chosen(self, names: Sequence[str]) -> list[Team]:
        teams = [team for team in await self._admin.all_teams() if team.delete_at is None]
        if not names:
            if not teams:
                self._writing.problem(
                    "", "There is no team in Mattermost yet.", "Make one in Mattermost and run setup again."
                )
            return teams
        wanted = {name.casefold() for name in names}
        for name in sorted(wanted - {team.name.casefold() for team in teams}):
            existing = ", ".join(sorted(team.name for team in teams)) or "there is none"
            self._writing.problem("", f"There is no team {name}.", f"Names of teams: {existing}.")
        return [team for team in teams if team.name.casefold() in wanted]

    async def _take(self, step: plan.TeamStep, team: Team, place: str) -> None:
        try:
            match step:
                case plan.Join():
                    await self._admin.add_team_member(team.id, self._bot.user_id)
                    self._writing.done(place, f"@{self._bot.username} joined")
                case plan.AddCommand():
                    wanted = step.wanted
                    made = await self._admin.create_command(
                        team.id, wanted.trigger, wanted.url, **wanted.fields
                    )
                    await self._store(made, place, f"/{wanted.trigger} registered", changed=True)
                case plan.ChangeCommand():
                    changed = await self._admin.update_command(step.command, **step.changes)
                    what = f"/{changed.trigger} updated ({', '.join(step.changes)})"
                    await self._store(changed, place, what, changed=True)
                case plan.KeepCommand():
                    await self._store(step.command, place, f"/{step.command.trigger} is there", changed=False)
                case plan.Taken():
                    self._taken(place, step.wanted)
                case plan.ForgetToken():
                    await self._tokens.forget(step.command_id)
                    self._writing.done(place, "the token of a command that is gone was forgotten")
        except (PeerDown, PeerRefused):
            raise
        except PeerError as error:
            self._failed(place, step, error)

    async def _store(self, command: Command, place: str, what: str, *, changed: bool) -> None:
        if not command.token:
            self._writing.problem(
                place,
                f"Mattermost does not tell the token of /{command.trigger}.",
                "Delete this command under Integrations, Slash Commands, and run setup again.",
            )
            return
        stored = await self._tokens.store(command)
        if changed:
            self._writing.done(place, what)
        elif stored:
            self._writing.done(place, f"{what}, its token was stored")
        else:
            self._writing.kept(place, what)

    def _failed(self, place: str, step: plan.TeamStep, error: PeerError) -> None:
        if isinstance(step, plan.AddCommand | plan.ChangeCommand):
            if getattr(error, "error_id", "") == _TAKEN:
                self._taken(place, step.wanted)
                return
            what, remedy = f"/{step.wanted.trigger} was not registered", f"Check {step.wanted.setting}."
        else:
            what = f"@{self._bot.username} could not join"
            remedy = (
                "Add the bot to the team in Mattermost: Invite People; a team of a group takes only members."
            )
        self._writing.problem(place, f"{what}: {error.detail}.", remedy)

    def _taken(self, place: str, wanted: WantedCommand) -> None:
        self._writing.problem(
            place,
            f"/{wanted.trigger} is taken by another command.",
            f"Choose another word by {wanted.setting} and run setup again, or delete that command.",
        )

    def _commands_closed(self, place: str, error: PeerError) -> None:
        self._writing.problem(
            place,
            f"Its slash commands cannot be managed: {error.detail}.",
            "Switch them on: System Console, Integrations, Integration Management, Enable Custom Slash Commands.",
        )
