"""What is left at the end of a shift: told in the channel, to whoever goes, and to those who are there.

It comes by itself when a shift ends; `/incident handover` says it sooner, with words of one's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.assignment.handing_over import HandingOver, Handover
from sekretar.dispatch.chat.clock import clock_line
from sekretar.dispatch.commands.filters import split
from sekretar.dispatch.commands.hands import Hands, say
from sekretar.dispatch.commands.people import DESK_OPTION
from sekretar.dispatch.incidents.values import Incident
from sekretar.dispatch.incidents.wording import heading, status_name
from sekretar.dispatch.sla.reading import ClockView
from sekretar.dispatch.telling import Reader, Telling
from sekretar.kernel.text import Markdown, escape
from sekretar.mattermost.chat import Chat, CommandRequest, Reply, Subcommand
from sekretar.mattermost.messages import Message

_SHOWN: Final = 30


@dataclass(frozen=True)
class HandoverNotes:
    """Tells of what is left."""

    hands: Hands
    telling: Telling
    handing_over: HandingOver

    def register(self, chat: Chat) -> None:
        """Hang the command into the chat, and listen to the ends of shifts."""
        chat.command(
            Subcommand(
                "incident",
                "handover",
                "dispatch.help.handover",
                self.handover,
                "dispatch.usage.handover",
                aliases=("передача", "сдать"),
            )
        )
        self.handing_over.on_shift_end(self.ended)

    async def ended(self, session: AsyncSession, left: Handover, now: datetime) -> None:
        """A listener of `HandingOver`. Whoever leaves nothing behind is not spoken of."""
        if left.incidents:
            await self._tell(session, left, "", now)

    async def handover(self, request: CommandRequest) -> Reply:
        parts = split(request.args.words, DESK_OPTION)
        desk = await self.hands.desk_of(request, parts.options.get("desk", ""))
        async with self.hands.chat.database.transaction() as session:
            left = await self.handing_over.handover(
                session, desk.name, request.person.id, request.now, request.now
            )
            await self._tell(session, left, " ".join(parts.words), request.now)
        return say(request.t("dispatch.handover.told"))

    async def _tell(self, session: AsyncSession, left: Handover, words: str, now: datetime) -> None:
        person = await self.hands.chat.people.by_id(session, left.person_id)
        name = person.display_name if person else ""
        clocks = await self.hands.views.slas.of(session, left.incidents, now)
        incidents = [(each, clocks[each.id].dispatcher) for each in left.incidents]
        incidents.sort(key=lambda each: (each[1].deadline is None, each[1].deadline or now))

        def say_it(reader: Reader) -> Message:
            return note(name, incidents, words, reader)

        key = f"dispatch:handover:{left.desk}:{left.person_id}:{left.ended_at.isoformat()}"
        await self.telling.channel(session, left.desk, key, say_it)
        for each in sorted({left.person_id, *left.present}):
            await self.telling.person(session, each, key, say_it)


def note(name: str, incidents: Sequence[tuple[Incident, ClockView]], words: str, reader: Reader) -> Message:
    """What somebody leaves, the most urgent first."""
    t = reader.t
    lines = [t("dispatch.handover.head", name=name)]
    if words:
        lines.append(Markdown(f"> {escape(words)}\n"))
    lines += [
        Markdown(
            f"* {heading(incident)} · {escape(status_name(t, incident.status))} · {clock_line(clock, reader)}"
        )
        for incident, clock in incidents[:_SHOWN]
    ]
    if len(incidents) > _SHOWN:
        more = t.plural("dispatch.handover.more", len(incidents) - _SHOWN)
        lines.append(Markdown(f"\n{more}"))
    if not incidents:
        lines.append(t("dispatch.handover.nothing"))
    return Message(Markdown("\n").join(lines))
