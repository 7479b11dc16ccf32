"""`/incident stats`: how a desk stands, and how this month and the last one went.

What is counted is read off the incidents and their clocks; times are those of the clock on the wall, pauses included,
because that is how long somebody waited.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.assignment.team import Team
from sekretar.dispatch.commands.counting import finished_by_person, open_by_person, overdue_by_person
from sekretar.dispatch.commands.hands import Hands
from sekretar.dispatch.incidents.finding import OPEN
from sekretar.dispatch.incidents.model import IncidentRow
from sekretar.dispatch.incidents.values import Status
from sekretar.dispatch.incidents.wording import status_name
from sekretar.dispatch.settings import DeskSettings
from sekretar.dispatch.sla.clocks import ClockKind
from sekretar.dispatch.sla.model import ClockRow
from sekretar.dispatch.spans import moment_of
from sekretar.kernel.dates import format_duration
from sekretar.kernel.i18n import Translator
from sekretar.kernel.text import Markdown, escape, table
from sekretar.mattermost.chat import Chat, CommandRequest, Reply, Subcommand
from sekretar.mattermost.messages import Attachment, Message

_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class Month:
    """What came and went in a month."""

    opened: int
    finished: int
    in_time: int
    late: int
    #: From the arrival until somebody did something, of those that arrived; None where nothing is known.
    reaction: timedelta | None
    #: From the arrival until the end, of those that ended.
    solution: timedelta | None


@dataclass(frozen=True)
class Hand:
    """How much somebody has, and has done."""

    name: str
    on_shift: bool
    open: int
    overdue: int
    finished: int


@dataclass(frozen=True)
class Figures:
    """A desk in numbers. The hands are in the order of how much they have; the last one is nobody."""

    desk: str
    statuses: Sequence[tuple[Status, int]]
    overdue: int
    this_month: Month
    last_month: Month
    hands: Sequence[Hand]


@dataclass(frozen=True)
class Stats:
    """The command."""

    hands: Hands
    team: Team

    def register(self, chat: Chat) -> None:
        """Hang it into the chat."""
        aliases = ("статистика", "стат")
        chat.command(Subcommand("incident", "stats", "dispatch.help.stats", self.stats, aliases=aliases))

    async def stats(self, request: CommandRequest) -> Reply:
        desks = await self.hands.desks_of(request, request.args.get(0))
        async with self.hands.chat.database.reading() as session:
            found = [await self._figures(session, desk, request.now, request.t) for desk in desks]
        return Reply(Message(attachments=tuple(shown(each, request.t) for each in found)))

    async def _figures(
        self, session: AsyncSession, desk: DeskSettings, now: datetime, t: Translator
    ) -> Figures:
        zone = ZoneInfo(desk.zone)
        first = now.astimezone(zone).date().replace(day=1)
        begin = moment_of(first, time(), zone)
        before = moment_of((first - _DAY).replace(day=1), time(), zone)
        counted = await _by_status(session, desk.name)
        return Figures(
            desk.name,
            [(status, counted[status]) for status in Status if status in OPEN and counted.get(status)],
            sum((await overdue_by_person(session, desk.name, now)).values()),
            await _month(session, desk.name, begin, now + _DAY),
            await _month(session, desk.name, before, begin),
            await self._everybody(session, desk.name, begin, now, t),
        )

    async def _everybody(
        self, session: AsyncSession, desk: str, since: datetime, now: datetime, t: Translator
    ) -> list[Hand]:
        open_ones = await open_by_person(session, desk)
        finished = await finished_by_person(session, desk, since)
        overdue = await overdue_by_person(session, desk, now)
        members = await self.team.members(session, desk, now)
        working = {each.person.id for each in members if self.team.works(desk, each, now)}
        numbers = {*open_ones, *finished, *(each.person.id for each in members)} - {None}
        people = await self.hands.chat.people.by_ids(session, [each for each in numbers if each is not None])
        hands = [
            Hand(
                person.display_name,
                number in working,
                open_ones.get(number, 0),
                overdue.get(number, 0),
                finished.get(number, 0),
            )
            for number, person in people.items()
        ]
        hands.sort(key=lambda each: (-each.open, each.name))
        if open_ones.get(None):
            nobody = t.plain("dispatch.stats.nobody")
            hands.append(Hand(nobody, False, open_ones[None], overdue.get(None, 0), finished.get(None, 0)))
        return hands


async def _by_status(session: AsyncSession, desk: str) -> dict[Status, int]:
    query = select(IncidentRow.status, func.count()).where(IncidentRow.desk == desk)
    rows = await session.execute(query.group_by(IncidentRow.status))
    return {Status(status): count for status, count in rows}


async def _month(session: AsyncSession, desk: str, begin: datetime, end: datetime) -> Month:
    came = (IncidentRow.desk == desk, IncidentRow.opened_at >= begin, IncidentRow.opened_at < end)
    went = (IncidentRow.desk == desk, IncidentRow.finished_at >= begin, IncidentRow.finished_at < end)
    opened = await session.scalar(select(func.count()).select_from(IncidentRow).where(*came)) or 0
    ended = (
        await session.execute(
            select(IncidentRow.opened_at, IncidentRow.finished_at, ClockRow.deadline, ClockRow.stopped_at)
            .outerjoin(
                ClockRow,
                (ClockRow.incident_id == IncidentRow.id) & (ClockRow.kind == ClockKind.DISPATCHER),
            )
            .where(*went)
        )
    ).all()
    reacted = await session.execute(
        select(ClockRow.started_at, ClockRow.stopped_at)
        .join(IncidentRow, IncidentRow.id == ClockRow.incident_id)
        .where(ClockRow.kind == ClockKind.REACTION, ClockRow.stopped_at.is_not(None), *came)
    )
    judged = [(stopped, deadline) for _, _, deadline, stopped in ended if stopped and deadline]
    in_time = sum(stopped <= deadline for stopped, deadline in judged)
    return Month(
        opened,
        len(ended),
        in_time,
        len(judged) - in_time,
        average(stopped - started for started, stopped in reacted if stopped),
        average(finished - came_at for came_at, finished, _, _ in ended if finished),
    )


def average(lengths: Iterable[timedelta]) -> timedelta | None:
    """The mean of lengths of time; None of none."""
    known = list(lengths)
    return sum(known, timedelta()) / len(known) if known else None


# --- how it looks


def shown(figures: Figures, t: Translator) -> Attachment:
    """A desk in numbers, as a message."""
    total = sum(count for _, count in figures.statuses)
    head = t("dispatch.stats.head", desk=figures.desk, total=total, overdue=figures.overdue)
    parts = [head]
    if figures.statuses:
        parts.append(
            Markdown(" · ").join(
                Markdown(f"{escape(status_name(t, status))}: **{count}**")
                for status, count in figures.statuses
            )
        )
    parts.append(_months(figures, t))
    if figures.hands:
        parts.append(_people(figures.hands, t))
    return Attachment(text=Markdown("\n\n").join(parts), fallback=str(head))


def _months(figures: Figures, t: Translator) -> Markdown:
    def row(name: str, month: Month) -> list[str]:
        judged = month.in_time + month.late
        share = f"{month.in_time * 100 // judged} %" if judged else "—"
        return [
            t.plain(f"dispatch.stats.{name}"),
            str(month.opened),
            str(month.finished),
            share,
            _length(month.reaction, t),
            _length(month.solution, t),
        ]

    columns = ("month", "opened", "finished", "in_time", "reaction", "solution")
    rows = [row("this_month", figures.this_month), row("last_month", figures.last_month)]
    return table([t(f"dispatch.stats.{each}") for each in columns], rows)


def _people(hands: Iterable[Hand], t: Translator) -> Markdown:
    columns = ("person", "open", "overdue", "finished_now")
    rows = (
        [
            f"🟢 {each.name}" if each.on_shift else each.name,
            str(each.open),
            str(each.overdue),
            str(each.finished),
        ]
        for each in hands
    )
    return table([t(f"dispatch.stats.{each}") for each in columns], rows)


def _length(length: timedelta | None, t: Translator) -> str:
    return format_duration(max(length, _MINUTE), t.language) if length is not None else "—"
