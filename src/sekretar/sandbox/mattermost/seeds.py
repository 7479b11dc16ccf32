"""Filling a server without going through its API: for tests and for the demo."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

from sekretar.sandbox.mattermost.accounts import change_user, new_bot, new_token, new_user, open_session
from sekretar.sandbox.mattermost.identifiers import new_id
from sekretar.sandbox.mattermost.members import add_member, create_channel, create_team, join_team
from sekretar.sandbox.mattermost.site import Site
from sekretar.sandbox.mattermost.state import Channel, Team, User

Value = TypeVar("Value")

#: The password of every seeded person.
PASSWORD = "Sandbox-pass-1"  # noqa: S105 - known to everyone who reads the documentation


@dataclass(frozen=True)
class SeededBot:
    """A bot with a token."""

    user: User
    token: str


class Seeds:
    """The part of the sandbox that makes people, teams, channels and bots."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def add_user(
        self,
        username: str,
        *,
        first_name: str = "",
        last_name: str = "",
        locale: str = "en",
        time_zone: str = "",
        admin: bool = False,
        password: str = PASSWORD,
    ) -> User:
        """A person; the one that has this username already, if there is one."""
        existing = self.site.world.users.first("username", username)
        if existing is not None:
            return existing
        roles = "system_user system_admin" if admin else "system_user"
        user = new_user(self.site, username, email=f"{username}@example.com", password=password, roles=roles)
        changes = {
            "first_name": first_name,
            "last_name": last_name,
            "locale": locale,
            "timezone": {
                "automaticTimezone": time_zone,
                "manualTimezone": "",
                "useAutomaticTimezone": "true",
            },
        }
        return self._saved(change_user(self.site, user, changes))

    def add_team(self, name: str, display_name: str = "", members: tuple[User, ...] = ()) -> Team:
        """A team with its default channels; existing ones are completed."""
        team = self.site.world.teams.first("name", name)
        if team is None:
            team = create_team(self.site, name, display_name or name.title(), "O", "")
        for user in members:
            join_team(self.site, team, user, admin="system_admin" in user.roles.split())
        return self._saved(team)

    def add_channel(
        self,
        team: Team,
        name: str,
        members: tuple[User, ...],
        *,
        display_name: str = "",
        private: bool = False,
    ) -> Channel:
        """A channel with these members, the first of whom administers it."""
        channel = self.site.world.channel_named(team.id, name)
        if channel is None:
            now = self.site.now()
            kind = "P" if private else "O"
            title = display_name or name.title()
            channel = Channel(new_id(), team.id, kind, name, title, now, now, creator_id=members[0].id)
            create_channel(self.site, channel, members[0])
        for user in members:
            add_member(self.site, channel, user)
        return self._saved(channel)

    def add_bot(
        self,
        username: str,
        owner: User,
        *,
        display_name: str = "",
        teams: tuple[Team, ...] = (),
        admin: bool = False,
    ) -> SeededBot:
        """A bot with a fresh token, a member of the teams; `admin` makes it a system administrator."""
        user = self.site.world.users.first("username", username)
        if user is None:
            bot = new_bot(self.site, username, owner, display_name or username.title(), "")
            user = self._user(bot.user_id)
        if admin:
            user = self.site.world.users.put(replace(user, roles="system_user system_admin"))
        for team in teams:
            join_team(self.site, team, user)
        token = new_token(self.site, user, "sandbox").token
        return self._saved(SeededBot(self._user(user.id), token))

    def add_session(self, user: User) -> str:
        """The token of a fresh login of the user."""
        return self._saved(open_session(self.site, user).token)

    def add_token(self, user: User, description: str = "sandbox") -> str:
        """A personal access token of the user."""
        return self._saved(new_token(self.site, user, description).token)

    def channel(self, team: Team, name: str) -> Channel:
        """The channel of the team with this name; KeyError when there is none."""
        channel = self.site.world.channel_named(team.id, name)
        if channel is None:
            raise KeyError(name)
        return channel

    def seed_demo(self) -> None:
        """The office of the demo: anna, boris, vera, an administrator, three channels. Idempotent."""
        anna = self.add_user(
            "anna", first_name="Анна", last_name="Смирнова", locale="ru", time_zone="Europe/Moscow"
        )
        boris = self.add_user("boris", first_name="Boris", last_name="Lane", time_zone="Europe/Berlin")
        vera = self.add_user(
            "vera", first_name="Вера", last_name="Орлова", locale="ru", time_zone="Asia/Yekaterinburg"
        )
        admin = self.add_user(
            "admin", first_name="Ada", last_name="Admin", time_zone="Europe/Moscow", admin=True
        )
        team = self.add_team("office", "Office", (admin, anna, boris, vera))
        self.add_channel(team, "leads", (anna, boris, admin), display_name="Leads", private=True)

    def _user(self, user_id: str) -> User:
        user = self.site.world.users.get(user_id)
        if user is None:
            raise KeyError(user_id)
        return user

    def _saved(self, value: Value) -> Value:
        self.site.save()
        return value
