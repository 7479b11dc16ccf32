"""References in the chat: noticing them, the button below a reply, and what a channel wants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from sekretar.kernel.errors import PeerForbidden, PeerNotFound, PersonError
from sekretar.kernel.jobs import Jobs
from sekretar.kernel.text import Markdown, code
from sekretar.mattermost.chat import Click, ClickReply, CommandRequest, Reply, Stale, Subcommand
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.models import Channel
from sekretar.mattermost.parsing import fold
from sekretar.mattermost.rights import ME, standing
from sekretar.tickets.accounts.identities import Identities, Unlinked
from sekretar.tickets.asking import asking
from sekretar.tickets.references import wording
from sekretar.tickets.references.answering import Answering
from sekretar.tickets.references.model import (
    TASK,
    Mode,
    TicketReferencePost,
    mode_of,
    set_mode,
    unpacked,
)
from sekretar.tickets.references.noting import Noting
from sekretar.tickets.references.readers import Readers
from sekretar.tickets.references.resolving import Resolving, by_tracker
from sekretar.tickets.references.settings import ReferenceSettings, references_to
from sekretar.trackers.values import TicketRef

_MODES = {
    "reply": Mode.REPLY,
    "ответ": Mode.REPLY,
    "on": Mode.REPLY,
    "edit": Mode.EDIT,
    "правка": Mode.EDIT,
    "off": Mode.OFF,
    "выкл": Mode.OFF,
}


@dataclass(frozen=True)
class ReferencesChat:
    """Everything about references."""

    desk: Desk
    identities: Identities
    noting: Noting
    answering: Answering
    edit_posts: bool

    @classmethod
    def of(cls, desk: Desk, identities: Identities, settings: ReferenceSettings) -> Self:
        """Put together for these settings."""
        finder = references_to(identities.sites.values(), settings.written)
        resolving = Resolving(identities)
        readers = Readers(desk, resolving, settings.trust_channels)
        answering = Answering(desk, finder, resolving, readers, settings.edit_posts)
        return cls(desk, identities, Noting(desk, finder), answering, settings.edit_posts)

    def register(self) -> None:
        """Hang everything into the chat."""
        self.noting.register()
        self.desk.chat.action(wording.SHOW, self.show)
        self.desk.chat.command(
            Subcommand(
                "task",
                "references",
                "tickets.help.references",
                self.references,
                "tickets.usage.references",
                aliases=("ссылки", "refs"),
            )
        )

    def add_jobs(self, jobs: Jobs) -> None:
        """Hang the jobs into the engine."""
        jobs.add(TASK, self.answering.run, at_least_every=timedelta(minutes=1))
        jobs.add(f"{TASK}.tidy", self.answering.tidy, at_least_every=timedelta(hours=6))

    # --- what one reader sees

    async def show(self, click: Click) -> ClickReply:
        """Answer a reader by their own rights."""
        async with self.desk.database.reading() as session:
            row = await session.get(TicketReferencePost, str(click.record.get("post")))
        if row is None or not row.answered:
            raise Stale("tickets.references.gone")
        lines: list[Markdown] = []
        for tracker, refs in by_tracker(each.ref for each in unpacked(row.answered)).items():
            lines += await self._shown(click, tracker, refs)
        return ClickReply(ephemeral=wording.personal(lines))

    async def _shown(self, click: Click, tracker: str, refs: Sequence[TicketRef]) -> list[Markdown]:
        try:
            async with asking(self.identities, click.person.id, tracker, click.now) as eyes:
                found = await eyes.show_many(refs)
        except Unlinked as error:
            return [click.t.error(error)]
        site = self.identities.site(tracker)
        return [
            wording.full(found[ref])
            if ref in found
            else wording.hidden(ref, site.addresses.ticket(ref.key), click.t)
            for ref in refs
        ]

    # --- what a channel wants

    async def references(self, request: CommandRequest) -> Reply:
        """`/task references [reply|edit|off]`."""
        channel = await self._channel(request.channel_id)
        word = fold(request.args.get(0))
        if word:
            mode = _MODES.get(word)
            if mode is None:
                raise PersonError("tickets.references.choices")
            await self._choose(channel, mode, request)
        async with self.desk.database.reading() as session:
            mode = await mode_of(session, channel.id)
        return Reply(wording.mode(mode, request.t))

    async def _choose(self, channel: Channel, mode: Mode, request: CommandRequest) -> None:
        stands = await standing(self.desk.server, channel, request.person.user_id)
        if not (stands.admin or (stands.member and channel.type == "G")):
            raise PersonError("tickets.references.not_yours")
        if mode is Mode.EDIT:
            await self._check_edit(channel)
        async with self.desk.database.transaction() as session:
            await set_mode(session, channel.id, mode, request.now)

    async def _check_edit(self, channel: Channel) -> None:
        if not self.edit_posts:
            raise PersonError("tickets.references.edit_not_allowed")
        if not (await standing(self.desk.server, channel, ME)).may_edit_others:
            raise PersonError("tickets.references.edit_impossible")

    async def _channel(self, channel_id: str) -> Channel:
        """The channel, if it is one of several people and the bot is in it."""
        if not channel_id:
            raise PersonError("tickets.references.only_in_channels")
        try:
            channel = await self.desk.server.channel(channel_id)
            await self.desk.server.channel_member(channel_id, ME)
        except (PeerForbidden, PeerNotFound):
            bot = (await self.desk.server.user(ME)).username
            raise PersonError("tickets.references.not_here", command=code(f"/invite @{bot}")) from None
        if channel.is_direct:
            raise PersonError("tickets.references.only_in_channels")
        return channel
