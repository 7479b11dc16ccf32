"""The tokens of our commands in the database, as setting up needs them."""

from __future__ import annotations

from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Database
from sekretar.kernel.secrets import Vault
from sekretar.mattermost import command_tokens
from sekretar.mattermost.models import Command


class CommandTokens:
    """What we know of commands that setting up has registered."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    async def teams(self) -> list[str]:
        """The teams that have commands of ours."""
        async with self._database.reading() as session:
            listed = await command_tokens.listed(session)
        return list(dict.fromkeys(each.team_id for each in listed if each.command_id))

    async def known(self, team_id: str) -> frozenset[str]:
        async with self._database.reading() as session:
            listed = await command_tokens.listed(session)
        return frozenset(each.command_id for each in listed if each.team_id == team_id and each.command_id)

    async def store(self, command: Command) -> bool:
        """Store the token of the command; False when it was there."""
        trigger = command.trigger.casefold()
        async with self._database.transaction() as session:
            if await command_tokens.known(session, command.token, trigger):
                return False
            await command_tokens.save(
                session,
                self._vault,
                team_id=command.team_id,
                command_id=command.id,
                trigger=trigger,
                token=command.token,
                now=self._clock.now(),
            )
        return True

    async def forget(self, command_id: str) -> None:
        async with self._database.transaction() as session:
            await command_tokens.forget(session, command_id)
