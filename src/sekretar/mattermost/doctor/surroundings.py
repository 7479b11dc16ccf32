"""What the doctor works with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from pydantic import SecretStr

from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Database
from sekretar.kernel.http import HttpSessions
from sekretar.kernel.secrets import Vault
from sekretar.mattermost.doctor.findings import Finding


class DoctorSettings(Protocol):
    """The settings that are looked at; `config.Settings` has them."""

    @property
    def mattermost_url(self) -> str: ...
    @property
    def mattermost_token(self) -> SecretStr: ...
    @property
    def public_url(self) -> str: ...
    @property
    def callbacks(self) -> str: ...
    @property
    def listen_host(self) -> str: ...
    @property
    def listen_port(self) -> int: ...
    @property
    def database_url(self) -> str: ...
    @property
    def triggers(self) -> Mapping[str, str]: ...
    @property
    def command_tokens(self) -> Sequence[SecretStr]: ...
    @property
    def oauth_client_id(self) -> str: ...
    @property
    def oauth_client_secret(self) -> SecretStr: ...

    def encryption_keys(self) -> list[str]: ...


#: Answers Mattermost in the place of a Sekretar that is not running, from `async with` to its end.
StandIn = Callable[[Vault], AbstractAsyncContextManager[None]]


@dataclass(frozen=True)
class Check:
    """A look at a feature, which this package does not know."""

    name: str
    look: Callable[[Database], Awaitable[Finding]]


#: A look at another server, which this package does not know.
Look = Callable[[], Awaitable[Finding]]


@dataclass(frozen=True)
class Surroundings:
    """What the doctor works with."""

    settings: DoctorSettings
    clock: Clock
    http: HttpSessions
    stand_in: StandIn
    checks: Sequence[Check] = ()
    peers: Sequence[Look] = ()
