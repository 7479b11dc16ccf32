"""`/incident shifts`: who works when, and what differs on single days.

Leaves, swaps and further shifts of one's own everybody writes down; the pattern of the week, and what is somebody
else's, those who look after the channel.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.assignment.model import ShiftExceptionRow
from sekretar.dispatch.assignment.shifts import ExceptionKind
from sekretar.dispatch.assignment.team import Member, Team
from sekretar.dispatch.commands.filters import Split, person_in, split
from sekretar.dispatch.commands.hands import Hands, say
from sekretar.dispatch.commands.shift_words import (
    coming_days,
    day_of,
    hours_in,
    pattern_in,
    shift_on,
    span_of,
    worked_on,
)
from sekretar.dispatch.settings import DeskSettings
from sekretar.dispatch.spans import Span
from sekretar.kernel.dates import format_day, format_days, format_span, parse_date
from sekretar.kernel.errors import PersonError
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown, escape
from sekretar.mattermost.chat import Chat, CommandRequest, Reply, Subcommand
from sekretar.mattermost.parsing import fold

_OPTIONS: Final = frozenset({"desk", "since", "until"})
_DAYS_SHOWN: Final = 7
_DAY: Final = timedelta(days=1)
_INSTANT: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class ShiftsChat:
    """The command."""

    hands: Hands
    team: Team

    def register(self, chat: Chat) -> None:
        """Hang it into the chat."""
        chat.command(
            Subcommand(
                "incident",
                "shifts",
                "dispatch.help.shifts",
                self.shifts,
                "dispatch.usage.shifts",
                aliases=("смены", "график"),
            )
        )

    async def shifts(self, request: CommandRequest) -> Reply:
        parts = split(request.args.words, _OPTIONS)
        desk = await self.hands.desk_of(request, parts.options.get("desk", ""))
        if parts.words:
            act = self._acts().get(fold(parts.words[0]))
            if act is None:
                raise PersonError("dispatch.shifts.how")
            await act(request, desk, Split(parts.options, parts.words[1:]))
        async with self.hands.chat.database.reading() as session:
            text = await self._shown(session, desk, request.now, request.t)
        return say(text)

    def _acts(self) -> Mapping[str, Callable[[CommandRequest, DeskSettings, Split], Awaitable[None]]]:
        return {
            **dict.fromkeys(("set", "задать"), self._set),
            **dict.fromkeys(("clear", "очистить"), self._clear),
            **dict.fromkeys(("leave", "vacation", "отпуск", "отсутствие"), self._leave),
            **dict.fromkeys(("extra", "дополнительно"), self._extra),
            **dict.fromkeys(("swap", "обмен", "подмена"), self._swap),
            **dict.fromkeys(("cancel", "отменить"), self._cancel),
        }

    # --- what repeats

    async def _set(self, request: CommandRequest, desk: DeskSettings, parts: Split) -> None:
        person, words = await self._whose(request, desk, parts.words, lead=True)
        today = day_of(request.now, ZoneInfo(desk.zone))
        since = parse_date(parts.options["since"], today) if "since" in parts.options else today
        until = parse_date(parts.options["until"], since) if "until" in parts.options else None
        shifts = pattern_in(words, since, until)
        async with self.hands.chat.database.transaction() as session:
            await self._end(session, desk.name, person.id, since - _DAY)
            for each in shifts:
                await self.team.add_shift(session, desk.name, person.id, each)

    async def _clear(self, request: CommandRequest, desk: DeskSettings, parts: Split) -> None:
        person, _ = await self._whose(request, desk, parts.words, lead=True)
        last = day_of(request.now, ZoneInfo(desk.zone)) - _DAY
        async with self.hands.chat.database.transaction() as session:
            await self._end(session, desk.name, person.id, last)

    async def _end(self, session: AsyncSession, desk: str, person_id: int, last: date) -> None:
        for number, shift in (await self.team.shifts_of(session, desk, person_id)).items():
            if shift.last is None or shift.last > last:
                await self.team.end_shift(session, number, last)

    # --- what differs

    async def _leave(self, request: CommandRequest, desk: DeskSettings, parts: Split) -> None:
        person, words = await self._whose(request, desk, parts.words)
        if not words:
            raise PersonError("dispatch.shifts.when")
        first, last = coming_days(words[0], day_of(request.now, person.zone))
        span = span_of(first, last, None, person.zone)
        async with self.hands.chat.database.transaction() as session:
            await self.team.except_(
                session, desk.name, person.id, ExceptionKind.LEAVE, span, note=" ".join(words[1:])
            )

    async def _extra(self, request: CommandRequest, desk: DeskSettings, parts: Split) -> None:
        person, words = await self._whose(request, desk, parts.words)
        hours = hours_in(words[1]) if len(words) > 1 else None
        if hours is None:
            raise PersonError("dispatch.shifts.when")
        day, _ = coming_days(words[0], day_of(request.now, person.zone))
        span = span_of(day, day, hours, person.zone)
        async with self.hands.chat.database.transaction() as session:
            await self.team.except_(session, desk.name, person.id, ExceptionKind.EXTRA, span)

    async def _swap(self, request: CommandRequest, desk: DeskSettings, parts: Split) -> None:
        names = [word for word in parts.words if person_in(word)]
        words = [word for word in parts.words if word not in names]
        if not names or not words:
            raise PersonError("dispatch.shifts.swap_how")
        giver, _ = await self._whose(request, desk, names[:1] if len(names) > 1 else ())
        taker = await self.hands.person(request, names[-1], desk.name)
        if taker is None:
            raise PersonError("dispatch.shifts.swap_how")
        async with self.hands.chat.database.transaction() as session:
            members = {
                each.person.id: each for each in await self.team.members(session, desk.name, request.now)
            }
            if giver.id not in members:
                raise PersonError("dispatch.assignment.no_member", name=giver.display_name)
            schedule = members[giver.id].schedule
            day, _ = coming_days(words[0], day_of(request.now, schedule.zone))
            span = shift_on(schedule, day)
            await self.team.swap(session, desk.name, giver.id, taker.id, span, request.now)

    async def _cancel(self, request: CommandRequest, desk: DeskSettings, parts: Split) -> None:
        number = parts.words[0] if parts.words else ""
        async with self.hands.chat.database.transaction() as session:
            row = (
                await session.get(ShiftExceptionRow, int(number[:18]))
                if number.isascii() and number.isdigit()
                else None
            )
            if row is None or row.desk != desk.name:
                raise PersonError("dispatch.shifts.no_such")
            if request.person.id not in (row.person_id, row.other_id):
                await self.hands.require_lead(request.person, desk.name)
            await self.team.drop_exception(session, row.id)

    async def _whose(
        self, request: CommandRequest, desk: DeskSettings, words: Sequence[str], *, lead: bool = False
    ) -> tuple[Person, tuple[str, ...]]:
        """Whose shifts are meant, the asker's own where nobody is named, and the other words.

        Raises:
            PersonError: they are not the asker's to change.
        """
        named = bool(words) and bool(person_in(words[0]))
        person = await self.hands.person(request, words[0], desk.name) if named else request.person
        if person is None:
            raise PersonError("dispatch.people.whom")
        if lead or person.id != request.person.id:
            await self.hands.require_lead(request.person, desk.name)
        return person, tuple(words[1:] if named else words)

    # --- how it looks

    async def _shown(
        self, session: AsyncSession, desk: DeskSettings, now: datetime, t: Translator
    ) -> Markdown:
        members = await self.team.members(session, desk.name, now)
        query = select(ShiftExceptionRow).where(
            ShiftExceptionRow.desk == desk.name, ShiftExceptionRow.ends_at > now
        )
        exceptions = await session.scalars(query.order_by(ShiftExceptionRow.begins_at, ShiftExceptionRow.id))
        lines = [t("dispatch.shifts.head", desk=desk.name), *week(members, ZoneInfo(desk.zone), now, t)]
        differing = [difference(row, members, ZoneInfo(desk.zone), now, t) for row in exceptions]
        if differing:
            lines += [Markdown(""), t("dispatch.shifts.differing"), *differing]
        return Markdown("\n").join(lines)


def week(members: Sequence[Member], zone: ZoneInfo, now: datetime, t: Translator) -> list[Markdown]:
    """Who works on the days to come, a line for each day."""
    today = day_of(now, zone)
    lines = []
    for day in (today + _DAY * number for number in range(_DAYS_SHOWN)):
        whole = span_of(day, day, None, zone)
        working = [
            (span.begin, f"{each.person.display_name} {_hours(span, whole, zone, t)}")
            for each in members
            for span in worked_on(each.schedule, whole)
        ]
        said = ", ".join(text for _, text in sorted(working)) or "—"
        lines.append(Markdown(f"* **{escape(format_day(day, t.language))}**: {escape(said)}"))
    return lines


def _hours(span: Span, whole: Span, zone: ZoneInfo, t: Translator) -> str:
    if span == whole:
        return t.plain("dispatch.duty.always")
    return format_span(span.begin, span.end, zone, t.language)


def difference(
    row: ShiftExceptionRow, members: Sequence[Member], zone: ZoneInfo, now: datetime, t: Translator
) -> Markdown:
    """A leave, a swap or one more shift, with the number by which it is taken back.

    Whole days are those of the place of whoever wrote them down; `zone` is that of the desk.
    """
    names = {each.person.id: each.person.display_name for each in members}
    zones = [each.schedule.zone for each in members if each.person.id in (row.person_id, row.other_id)]
    told = t(
        f"dispatch.shifts.{row.kind}",
        name=names.get(row.person_id, ""),
        other=names.get(row.other_id or 0, ""),
        when=_when(Span(row.begins_at, row.ends_at), [*zones, zone], now, t),
    )
    note = Markdown(f" ({escape(row.note)})") if row.note else Markdown("")
    return Markdown(f"* {told}{note} · {t('dispatch.shifts.number', number=row.id)}")


def _when(span: Span, zones: Sequence[ZoneInfo], now: datetime, t: Translator) -> str:
    for zone in zones:
        first, last = day_of(span.begin, zone), day_of(span.end - _INSTANT, zone)
        if span == span_of(first, last, None, zone):
            return format_days(first, last, t.language, day_of(now, zone))
    day = format_day(day_of(span.begin, zones[-1]), t.language)
    return f"{day}, {format_span(span.begin, span.end, zones[-1], t.language)}"
