"""`/incident people` and `duty`: who belongs to a desk, and who of them works now.

Whoever is in the channel may read and work; who gets incidents by the rule is said here, by those who look after the
channel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.assignment.shifts import HORIZON, next_begin
from sekretar.dispatch.assignment.team import Member, Role, Team
from sekretar.dispatch.commands.counting import open_by_person
from sekretar.dispatch.commands.filters import person_in, split
from sekretar.dispatch.commands.hands import Hands, say
from sekretar.dispatch.settings import DeskSettings
from sekretar.dispatch.telling import Reader
from sekretar.kernel.errors import PersonError
from sekretar.kernel.text import Markdown, escape, table
from sekretar.mattermost.chat import Chat, CommandRequest, Reply, Subcommand
from sekretar.mattermost.parsing import fold

_ADD: Final = frozenset({"add", "set", "добавить", "изменить"})
_REMOVE: Final = frozenset({"remove", "delete", "убрать", "удалить"})
_HEAD: Final = frozenset({"head", "руководитель", "начальник", "старший"})
DESK_OPTION: Final = frozenset({"desk"})


@dataclass(frozen=True)
class PeopleChat:
    """The commands about the people of a desk."""

    hands: Hands
    team: Team

    def register(self, chat: Chat) -> None:
        """Hang everything into the chat."""
        chat.command(
            Subcommand(
                "incident",
                "people",
                "dispatch.help.people",
                self.people,
                "dispatch.usage.people",
                aliases=("люди", "диспетчеры", "team"),
            )
        )
        chat.command(
            Subcommand("incident", "duty", "dispatch.help.duty", self.duty, aliases=("дежурные", "смена"))
        )

    async def people(self, request: CommandRequest) -> Reply:
        parts = split(request.args.words, DESK_OPTION)
        desk = await self.hands.desk_of(request, parts.options.get("desk", ""))
        word = fold(parts.words[0]) if parts.words else ""
        if word in _ADD | _REMOVE:
            await self.hands.require_lead(request.person, desk.name)
            act = self._add if word in _ADD else self._remove
            await act(request, desk, parts.words[1:])
        elif word:
            raise PersonError("dispatch.people.how")
        async with self.hands.chat.database.reading() as session:
            members = await self.team.members(session, desk.name, request.now)
            loads = await open_by_person(session, desk.name)
        reader = Reader(request.t, request.person.zone, request.now)
        return say(self._listed(desk, members, loads, reader))

    async def _add(self, request: CommandRequest, desk: DeskSettings, words: Sequence[str]) -> None:
        names = [word for word in words if person_in(word)]
        role = Role.HEAD if any(fold(word) in _HEAD for word in words) else Role.DISPATCHER
        most = limit_in(words)
        if not names:
            raise PersonError("dispatch.people.whom")
        people = [await self.hands.person(request, name, desk.name) for name in names]
        async with self.hands.chat.database.transaction() as session:
            for person in people:
                if person is not None:
                    await self.team.put(session, desk.name, person.id, role, most=most)

    async def _remove(self, request: CommandRequest, desk: DeskSettings, words: Sequence[str]) -> None:
        names = [word for word in words if person_in(word)]
        if not names:
            raise PersonError("dispatch.people.whom")
        people = [
            request.person if person_in(name) == "me" else await self.hands.user(name) for name in names
        ]
        async with self.hands.chat.database.transaction() as session:
            for person in people:
                await self.team.remove(session, desk.name, person.id)

    def _listed(
        self, desk: DeskSettings, members: Sequence[Member], loads: Mapping[int | None, int], reader: Reader
    ) -> Markdown:
        t = reader.t
        head = t("dispatch.people.head", desk=desk.name)
        if not members:
            return Markdown(f"{head}\n{t('dispatch.people.nobody')}")
        rows = []
        for each in members:
            works = self.team.works(desk.name, each, reader.now)
            most = desk.assignment.limit if each.most is None else each.most
            rows.append(
                [
                    each.person.display_name,
                    t.plain(f"dispatch.people.role_{each.role.value}"),
                    presence(each, reader) if not works else Markdown(f"🟢 {presence(each, reader)}"),
                    str(loads.get(each.person.id, 0)),
                    str(most) if most else "—",
                ]
            )
        columns = ("name", "role", "shift", "open", "limit")
        return Markdown(f"{head}\n\n{table([t(f'dispatch.people.{each}') for each in columns], rows)}")

    # --- who works now

    async def duty(self, request: CommandRequest) -> Reply:
        parts = split(request.args.words, DESK_OPTION)
        desks = await self.hands.desks_of(request, parts.options.get("desk", "") or " ".join(parts.words))
        reader = Reader(request.t, request.person.zone, request.now)
        async with self.hands.chat.database.reading() as session:
            told = [await self._on_duty(session, desk, reader) for desk in desks]
        return say(Markdown("\n\n").join(told))

    async def _on_duty(self, session: AsyncSession, desk: DeskSettings, reader: Reader) -> Markdown:
        t = reader.t
        members = [
            each
            for each in await self.team.members(session, desk.name, reader.now)
            if each.role is Role.DISPATCHER
        ]
        there = [each for each in members if self.team.works(desk.name, each, reader.now)]
        lines = [t("dispatch.duty.head", desk=desk.name)]
        lines += [
            Markdown(f"🟢 **{escape(each.person.display_name)}** {presence(each, reader)}") for each in there
        ]
        if not there:
            lines.append(t("dispatch.duty.nobody"))
        if desk.assignment.shifts and not any(always_there(each, reader.now) for each in there):
            lines.append(following(members, reader))
        return Markdown("\n").join(lines)


def always_there(member: Member, now: datetime) -> bool:
    """Whether somebody works around the clock, as far as the schedule is looked at."""
    end = member.schedule.end_of_shift(now)
    return end is not None and end >= now + HORIZON


def presence(member: Member, reader: Reader) -> Markdown:
    """Until when somebody works, or when they begin next."""
    now, t = reader.now, reader.t
    end = member.schedule.end_of_shift(now)
    if always_there(member, now):
        return t("dispatch.duty.always")
    if end is not None:
        return t("dispatch.duty.until", when=reader.moment(end))
    if member.schedule.away_at(now):
        return t("dispatch.duty.away")
    border = next_begin({member.person.id: member.schedule}, now)
    return t("dispatch.duty.from", when=reader.moment(border.at)) if border else Markdown("—")


def following(members: Sequence[Member], reader: Reader) -> Markdown:
    """Who begins next."""
    border = next_begin({each.person.id: each.schedule for each in members}, reader.now)
    if border is None:
        return reader.t("dispatch.assignment.no_shift")
    names = [each.person.display_name for each in members if each.person.id in border.begin]
    return reader.t("dispatch.assignment.next_shift", when=reader.moment(border.at), names=", ".join(names))


def limit_in(words: Sequence[str]) -> int | None:
    """How many open incidents at most; None where nothing is said."""
    return next((int(word) for word in words if word.isascii() and word.isdigit() and len(word) < 5), None)
