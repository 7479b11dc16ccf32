"""Who asks: a program with a token, or anybody where the administrator has opened a desk.

A token that is not honoured is refused also where no token is needed, so that a program learns that its own has
ended. Every request counts against the limit of its caller, those with a wrong token against that of their address.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from sekretar.dispatch.api import tokens
from sekretar.dispatch.api.limits import PROGRAM, STRANGER, Allowance, Limiter
from sekretar.dispatch.api.tokens import Token
from sekretar.dispatch.incidents.values import Actor, ActorKind
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PersonError


class Refused(PersonError):
    """The request is not served for whoever sent it, or not now."""

    def __init__(self, status: int, key: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(key)
        self.status = status
        self.headers = dict(headers or {})


class WrongField(PersonError):
    """A value of the request means nothing, or contradicts another one."""

    def __init__(self, field: str, error: PersonError) -> None:
        super().__init__(error.key, **error.params)
        self.field = field


@dataclass(frozen=True)
class Caller:
    """Whoever sent a request. `token` is None for a stranger; `desks` are those that may be read, at least one."""

    token: Token | None
    desks: frozenset[str]

    @property
    def private(self) -> bool:
        """Whether what people wrote, and how they are reached, is shown."""
        return self.token is not None

    def actor(self) -> Actor:
        """The caller as whoever changes incidents.

        Raises:
            Refused: without a token that is good for it.
        """
        return Actor(ActorKind.API, self.writing().name)

    def writing(self) -> Token:
        """The token, good for writing.

        Raises:
            Refused: there is none, or it is for reading only.
        """
        if self.token is None:
            raise unknown()
        if not self.token.may_write():
            raise Refused(403, "dispatch.api.read_only")
        return self.token


@dataclass(frozen=True)
class Callers:
    """Finds out who asks."""

    database: Database
    clock: Clock
    desks: Mapping[str, DeskSettings]
    limiter: Limiter = field(default_factory=Limiter)

    async def of(self, token: str | None, address: str) -> Caller:
        """The caller with this token, from this address.

        Raises:
            Refused: too many requests, a token that is not honoured, or nothing is open to anybody.
        """
        if token is None:
            self._count(f"address {address}", STRANGER)
            return self._stranger()
        now = self.clock.now()
        async with self.database.reading() as session:
            known = await tokens.find(session, token, now)
        if known is None:
            self._count(f"address {address}", STRANGER)
            raise unknown()
        self._count(f"token {known.id}", PROGRAM)
        desks = frozenset(name for name in self.desks if known.opens(name))
        if not desks:
            raise Refused(403, "dispatch.api.no_desk")
        if known.used_at is None or now - known.used_at >= tokens.USE_NOTED_EVERY:
            async with self.database.transaction() as session:
                await tokens.note_use(session, known.id, now)
        return Caller(known, desks)

    def _stranger(self) -> Caller:
        open_desks = frozenset(desk.name for desk in self.desks.values() if desk.api.open)
        if not open_desks:
            raise unknown()
        return Caller(None, open_desks)

    def _count(self, caller: str, allowance: Allowance) -> None:
        wait = self.limiter.take(caller, allowance, self.clock.now())
        if wait is not None:
            seconds = str(math.ceil(wait.total_seconds()))
            raise Refused(429, "dispatch.api.too_many", {"Retry-After": seconds})


def unknown() -> Refused:
    """There is no token, or none that is honoured."""
    return Refused(401, "dispatch.api.needs_token", {"WWW-Authenticate": "Bearer"})
