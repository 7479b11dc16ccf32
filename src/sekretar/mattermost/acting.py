"""Acting for a person: reading and changing their status.

Mattermost lets users change only their own status, unless they may edit other users. So there are two ways,
the person's consent and a right of the bot, and an installation may have both, one or none. Which way is
open is found out, not assumed: the bot's roles are read, the consent is looked up, and a refusal corrects
what we believed. Where no way is open, the answer says why, so that a feature can say it to the person.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sekretar.kernel.clock import Clock
from sekretar.kernel.errors import PeerForbidden, PeerRefused, PeerUnsupported
from sekretar.kernel.people import Person
from sekretar.mattermost.client import MattermostClient
from sekretar.mattermost.consent import Consents, Standing
from sekretar.mattermost.models import CustomStatus, Status

#: How long what we found out about rights and switches is believed.
BELIEVED_FOR = timedelta(minutes=10)
#: Either of these lets a user change the status of others (`SessionHasPermissionToUser`).
_SUFFICIENT = frozenset({"edit_other_users", "manage_system"})


class Means(enum.Enum):
    """By what Sekretar acts for a person."""

    CONSENT = "consent"
    BOT = "bot"


class Reason(enum.Enum):
    """Why Sekretar cannot act for a person."""

    #: The person has not consented, and the bot may not.
    NO_CONSENT = "no_consent"
    #: The person had consented, and Mattermost no longer accepts it.
    CONSENT_ENDED = "consent_ended"
    #: The bot may act for others, but not for this person (an administrator).
    PROTECTED = "protected"
    #: The administrator of Mattermost has switched the function off.
    SWITCHED_OFF = "switched_off"


@dataclass(frozen=True)
class NotPermitted:
    """No way is open. `can_consent`: asking the person would open one."""

    reason: Reason
    can_consent: bool


class Acting:
    """Changes the status of people, where that is possible."""

    def __init__(self, client: MattermostClient, consents: Consents, clock: Clock) -> None:
        self._client = client
        self._consents = consents
        self._clock = clock
        self._bot_may = _Belief(clock, self._read_bot_rights)
        self._custom_status_on = _Belief(clock, self._read_switch)

    async def how(self, person: Person) -> Means | NotPermitted:
        """By what the custom status of this person can be set. Raises PeerError when Mattermost is silent."""
        if not await self._custom_status_on.held():
            return NotPermitted(Reason.SWITCHED_OFF, can_consent=False)
        return await self._way(person)

    # Reading needs no right

    async def custom_status(self, person: Person) -> CustomStatus | None:
        """What the person shows beside their name; None when nothing, or when it has run out."""
        status = (await self._client.user(person.user_id)).custom_status
        over = status and status.expires_at is not None and status.expires_at <= self._clock.now()
        return None if over else status

    async def status(self, person: Person) -> Status:
        """Whether the person is online, away, offline or does not want to be disturbed."""
        return await self._client.status(person.user_id)

    # Changing

    async def set_custom_status(
        self, person: Person, *, emoji: str, text: str, expires_at: datetime | None = None
    ) -> Means | NotPermitted:
        """Show this beside the person's name. `emoji` without colons; `text` is cut at 100 characters."""

        async def change(client: MattermostClient) -> None:
            await client.set_custom_status(
                person.user_id, emoji=emoji, text=text[:100], expires_at=expires_at
            )

        return await self._act(person, change)

    async def clear_custom_status(self, person: Person) -> Means | NotPermitted:
        """Show nothing beside the person's name."""

        async def change(client: MattermostClient) -> None:
            await client.clear_custom_status(person.user_id)

        return await self._act(person, change)

    async def set_status(
        self, person: Person, status: str, *, dnd_until: datetime | None = None
    ) -> Means | NotPermitted:
        """Set online, away, offline or dnd."""

        async def change(client: MattermostClient) -> None:
            await client.set_status(person.user_id, status, dnd_until)

        return await self._act(person, change)

    async def _act(
        self, person: Person, change: Callable[[MattermostClient], Awaitable[None]]
    ) -> Means | NotPermitted:
        try:
            if await self._act_by_consent(person, change):
                return Means.CONSENT
            way = await self._way(person)
            if way is not Means.BOT:
                return way if isinstance(way, NotPermitted) else await self._closed(person)
            await change(self._client)
        except PeerUnsupported:
            self._custom_status_on.forget()
            return NotPermitted(Reason.SWITCHED_OFF, can_consent=False)
        except PeerForbidden:
            self._bot_may.forget()
            return await self._closed(person)
        return Means.BOT

    async def _act_by_consent(
        self, person: Person, change: Callable[[MattermostClient], Awaitable[None]]
    ) -> bool:
        """Try with the person's own token, renewed once if it is not accepted."""
        for renew in (False, True):
            token = await self._consents.token(person.id, renew=renew)
            if token is None:
                return False
            try:
                await change(self._client.with_token(token))
            except PeerRefused:
                continue
            return True
        return False

    async def _way(self, person: Person) -> Means | NotPermitted:
        if await self._consents.standing(person.id) is Standing.GRANTED:
            return Means.CONSENT
        return Means.BOT if await self._bot_may.held() else await self._closed(person)

    async def _closed(self, person: Person) -> NotPermitted:
        can_consent = self._consents.possible
        if await self._consents.standing(person.id) is Standing.REFUSED:
            return NotPermitted(Reason.CONSENT_ENDED, can_consent)
        protected = await self._bot_may.held()
        return NotPermitted(Reason.PROTECTED if protected else Reason.NO_CONSENT, can_consent)

    async def _read_bot_rights(self) -> bool:
        me = await self._client.me()
        roles = await self._client.roles(me.role_names)
        return any(not _SUFFICIENT.isdisjoint(role.permissions) for role in roles)

    async def _read_switch(self) -> bool:
        return (await self._client.config()).allows("EnableCustomUserStatuses") is not False


class _Belief:
    """Something found out at the server, and believed for a while."""

    def __init__(self, clock: Clock, find_out: Callable[[], Awaitable[bool]]) -> None:
        self._clock = clock
        self._find_out = find_out
        self._value = False
        self._until: datetime | None = None

    async def held(self) -> bool:
        now = self._clock.now()
        # A clock that was set back must not prolong a belief.
        if self._until is None or not now < self._until <= now + BELIEVED_FOR:
            self._value = await self._find_out()
            self._until = now + BELIEVED_FOR
        return self._value

    def forget(self) -> None:
        self._until = None
