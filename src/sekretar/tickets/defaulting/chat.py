"""`/task default`: for oneself by anybody, for a channel or a team by those who look after it."""

from __future__ import annotations

from dataclasses import dataclass

from sekretar.kernel.errors import PersonError
from sekretar.kernel.i18n import Translator
from sekretar.kernel.text import Markdown, escape, truncate
from sekretar.mattermost.chat import Chat, CommandRequest, Reply, Subcommand
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.messages import Message
from sekretar.mattermost.rights import looks_after_team, standing
from sekretar.tickets.accounts.identities import Identities
from sekretar.tickets.asking import asking
from sekretar.tickets.defaulting.wish import Wish, read_wish
from sekretar.tickets.defaults import (
    Default,
    Scope,
    Where,
    clear_default,
    default_for,
    defaults_of,
    set_default,
)
from sekretar.trackers.values import Project

_QUOTED = 60


@dataclass(frozen=True)
class DefaultsChat:
    """The command of defaults."""

    desk: Desk
    identities: Identities

    def register(self, chat: Chat) -> None:
        """Hang everything into the chat."""
        chat.command(
            Subcommand(
                "task",
                "default",
                "tickets.help.default",
                self.default,
                "tickets.usage.default",
                aliases=("по-умолчанию", "умолчание", "defaults"),
            )
        )

    async def default(self, request: CommandRequest) -> Reply:
        where = Where(request.person.id, request.channel_id, request.team_id)
        wish = read_wish(request.args.words, list(self.identities.sites))
        if wish is None:
            return Reply(Message(await self._standing(where, request.t)))
        await self._may(wish.scope, request)
        if wish.tracker is None:
            async with self.desk.database.transaction() as session:
                await clear_default(session, wish.scope, where.owner(wish.scope))
            return Reply(Message(request.t(f"tickets.default.cleared_{wish.scope}")))
        return Reply(Message(await self._set(wish, wish.tracker, where, request)))

    async def _standing(self, where: Where, t: Translator) -> Markdown:
        """What holds here, and for whom it was said."""
        async with self.desk.database.reading() as session:
            holds = await default_for(session, where, self.identities.sites)
            known = await defaults_of(session, where, self.identities.sites)
        lines = [t(f"tickets.default.{each.scope}", target=_target(each)) for each in known]
        if not lines:
            key = "tickets.default.only" if holds else "tickets.default.none"
            lines = [t(key, known=", ".join(self.identities.sites))]
        return Markdown("\n").join([*lines, t("tickets.default.how")])

    async def _may(self, scope: Scope, request: CommandRequest) -> None:
        """Raises `PersonError` for who has no say in the channel or team, and where there is none."""
        user_id, server = request.person.user_id, self.desk.server
        if scope is Scope.CHANNEL:
            channel = await server.channel(request.channel_id) if request.channel_id else None
            if channel is None or channel.is_direct:
                raise PersonError("tickets.default.no_channel")
            if not (await standing(server, channel, user_id)).admin:
                raise PersonError("tickets.default.not_your_channel")
        if scope is Scope.TEAM:
            if not request.team_id:
                raise PersonError("tickets.default.no_team")
            if not await looks_after_team(server, request.team_id, user_id):
                raise PersonError("tickets.default.not_your_team")

    async def _set(self, wish: Wish, tracker: str, where: Where, request: CommandRequest) -> Markdown:
        project = ""
        if wish.project:
            async with asking(self.identities, where.person_id, tracker, request.now) as eyes:
                project = _meant(wish.project, await eyes.projects())
        default = Default(tracker, project, wish.scope)
        async with self.desk.database.transaction() as session:
            await set_default(session, wish.scope, where.owner(wish.scope), default, request.now)
        return request.t(f"tickets.default.set_{wish.scope}", target=_target(default))


def _meant(written: str, projects: tuple[Project, ...]) -> str:
    """The key of a project that is called like this.

    Raises:
        PersonError: there is none that this person sees, or it is closed.
    """
    name = written.removeprefix("#").casefold()
    found = next((each for each in projects if name in (each.key.casefold(), each.name.casefold())), None)
    if found is None:
        raise PersonError("tickets.default.unknown_project", given=truncate(written, _QUOTED))
    if not found.open:
        raise PersonError("tickets.default.closed_project", project=found.name)
    return found.key


def _target(default: Default) -> Markdown:
    """`redmine / site`."""
    return escape(" / ".join(each for each in (default.tracker, default.project) if each))
