"""One sandboxed server seen from inside: its state and its organs, as every handler gets them."""

from __future__ import annotations

from datetime import timedelta

from sekretar.kernel.clock import Clock
from sekretar.sandbox.mattermost.hub import Connection, Event, Hub
from sekretar.sandbox.mattermost.identifiers import millis
from sekretar.sandbox.mattermost.journal import Journal
from sekretar.sandbox.mattermost.outgoing import Outgoing
from sekretar.sandbox.mattermost.permissions import Permissions
from sekretar.sandbox.mattermost.settings import Limits, Settings
from sekretar.sandbox.mattermost.state import Json, Session, User, World
from sekretar.sandbox.mattermost.store import Store
from sekretar.sandbox.mattermost.triggers import Seals
from sekretar.sandbox.mattermost.views import user_view


class Site:
    """The server's state, settings and organs."""

    def __init__(
        self, *, clock: Clock, settings: Settings, limits: Limits, version: str, edition: str
    ) -> None:
        self.clock = clock
        self.settings = settings
        self.limits = limits
        self.version = version
        self.edition = edition
        #: Set when the server listens: `SiteURL`.
        self.url = ""
        self.world = World(is_old=self.release < (6,))
        self.store: Store | None = None
        self.journal = Journal(limits.log_entries)
        self.permissions = Permissions(self.world)
        self.outgoing = Outgoing(settings, limits, clock, self.journal)
        self.seals = Seals(limits.trigger or timedelta(seconds=30 if self.release >= (6,) else 3))
        self.hub = Hub(self.world, limits, clock, lambda token: self.session(token) is not None)
        self.hub.greet_with(self._hello)
        self.hub.sends_to_revoked = self.release < (6,)
        #: pending_post_id of a user → (post id, or "" while in flight; forgotten after, in milliseconds).
        self.pending_posts: dict[str, tuple[str, int]] = {}

    def save(self) -> None:
        """Write what changed to the store, if there is one."""
        if self.store is not None:
            self.store.save()

    @property
    def release(self) -> tuple[int, ...]:
        """The version as numbers, to compare."""
        return tuple(int(part) for part in self.version.split(".")[:3])

    @property
    def version_header(self) -> str:
        """What `X-Version-Id` and the `hello` say."""
        return f"{self.version}.{self.version}.sandbox.{str(self.edition == 'enterprise').lower()}"

    def now(self) -> int:
        """The clock in milliseconds."""
        return millis(self.clock.now())

    def change(self, settings: Settings) -> None:
        """Set other settings, as an administrator does in the system console."""
        self.settings = settings
        self.outgoing.settings = settings

    def session(self, token: str) -> Session | None:
        """The valid session behind a token of any kind."""
        session = self.world.sessions.get(token) or self._token_session(token)
        if session is None or (session.expires_at and session.expires_at <= self.now()):
            return None
        user = self.world.users.get(session.user_id)
        return None if user is None or user.delete_at else session

    def _token_session(self, token: str) -> Session | None:
        access = self.world.access_tokens.first("token", token)
        if access is None or not access.is_active:
            return None
        user = self.world.users.get(access.user_id)
        if user is None or not (user.is_bot or self.settings.enable_user_access_tokens):
            return None
        return Session(access.id, token, access.user_id, 0, 0, access_token_id=access.id)

    def show_user(self, user: User, viewer: User | None) -> Json:
        """The user as the viewer may see them."""
        private = viewer is not None and (
            viewer.id == user.id or self.permissions.in_system(viewer, "manage_system")
        )
        return user_view(user, self.world.bots.get(user.id), self.settings, private=private)

    def tell_user_updated(self, user: User) -> None:
        """`user_updated`: the whole to the user and to administrators, the public part to all others."""
        bot = self.world.bots.get(user.id)
        whole = {"user": user_view(user, bot, self.settings, private=True)}
        public = {"user": user_view(user, bot, self.settings, private=False)}
        self.hub.publish(Event("user_updated", whole, user_id=user.id))
        self.hub.publish(Event("user_updated", whole, omit_users=(user.id,), only=self.is_admin))
        self.hub.publish(
            Event(
                "user_updated",
                public,
                omit_users=(user.id,),
                only=lambda user_id: not self.is_admin(user_id),
            )
        )

    def is_admin(self, user_id: str) -> bool:
        """Whether the user is a system administrator: some events have a fuller copy for them."""
        user = self.world.users.get(user_id)
        return user is not None and self.permissions.in_system(user, "manage_system")

    def _hello(self, connection: Connection) -> Json:
        data = {"server_version": self.version_header, "connection_id": connection.id}
        if self.release >= (9,):
            data["server_hostname"] = "sandbox"
        return Event("hello", data, user_id=connection.user_id).payload(connection.user_id)
