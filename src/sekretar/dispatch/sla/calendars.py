"""By which hours the clocks of a desk run: its settings, and the single dates that are ruled in the database."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.metadata import version
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.incidents.values import Status
from sekretar.dispatch.settings import DeskSettings
from sekretar.dispatch.sla.clocks import ClockKind
from sekretar.dispatch.sla.escalation import Step
from sekretar.dispatch.sla.hours import DayKind, DayRule, RoundTheClock, WorkingHours, WorkingTime
from sekretar.dispatch.sla.model import CalendarDayRow
from sekretar.dispatch.sla.settings import HoursSettings
from sekretar.dispatch.spans import Opening
from sekretar.kernel.database import insert_into, wake_after_commit

#: The job that looks after the clocks.
TASK = "dispatch sla"


@dataclass(frozen=True)
class Rules:
    """All that a desk's deadlines depend on beside the incidents.

    Attributes:
        notices: When people may be told.
        mark: Differs whenever anything of this does.
    """

    hours: WorkingTime
    contractor_hours: WorkingTime
    notices: WorkingTime
    pausing: frozenset[Status]
    steps: Mapping[ClockKind, tuple[Step, ...]]
    mark: str

    def hours_of(self, kind: ClockKind) -> WorkingTime:
        """By which hours a clock runs, for what has elapsed and for its deadline alike."""
        return self.contractor_hours if kind is ClockKind.CONTRACTOR else self.hours

    def calendars(self) -> list[WorkingTime]:
        """All of them, each once."""
        return list({id(each): each for each in (self.hours, self.contractor_hours, self.notices)}.values())


async def rules_of(session: AsyncSession, desk: DeskSettings) -> Rules:
    """The rules of a desk as they are today."""
    sla = desk.sla
    written = sla.hours or sla.contractor_hours or sla.notice_hours
    days = await ruled_days(session, desk.name) if written else {}
    hours = _calendar(sla.hours, desk, days)
    contractor_hours = _calendar(sla.contractor_hours, desk, days) if sla.contractor_hours else hours
    steps: dict[ClockKind, tuple[Step, ...]] = dict.fromkeys(ClockKind, ())
    for each in sla.steps:
        steps[each.clock] += (Step(each.minutes, frozenset(each.to)),)
    return Rules(
        hours,
        contractor_hours,
        _calendar(sla.notice_hours, desk, days),
        frozenset(desk.pausing),
        steps,
        _mark(desk, days),
    )


def allowance_of(desk: DeskSettings, kind: ClockKind, type_minutes: int | None) -> timedelta | None:
    """How much time there is by the settings and the type; None while that is not known."""
    minutes = type_minutes
    if kind is ClockKind.REACTION:
        minutes = desk.sla.reaction_minutes
    elif kind is ClockKind.CONTRACTOR:
        minutes = desk.sla.contractor_minutes or type_minutes
    return timedelta(minutes=minutes) if minutes else None


async def ruled_days(session: AsyncSession, desk: str) -> dict[date, DayRule]:
    """What is ruled for single dates, in their order."""
    query = select(CalendarDayRow).where(CalendarDayRow.desk == desk).order_by(CalendarDayRow.day)
    return {
        row.day: DayRule(DayKind(row.kind), tuple(Opening.parse(each) for each in row.openings))
        for row in await session.scalars(query)
    }


async def rule_days(session: AsyncSession, desk: str, days: Mapping[date, DayRule]) -> None:
    """Rule for single dates, in place of what was ruled for them before; open incidents are reckoned anew."""
    for day, rule in days.items():
        values: dict[str, Any] = {"kind": rule.kind.value, "openings": [str(each) for each in rule.openings]}
        await session.execute(
            insert_into(session, CalendarDayRow)
            .values(desk=desk, day=day, **values)
            .on_conflict_do_update(index_elements=[CalendarDayRow.desk, CalendarDayRow.day], set_=values)
        )
    wake_after_commit(session, TASK)


async def unrule_day(session: AsyncSession, desk: str, day: date) -> bool:
    """Let a date be as its week and its holidays say; whether anything was ruled for it."""
    found = await session.execute(
        delete(CalendarDayRow)
        .where(CalendarDayRow.desk == desk, CalendarDayRow.day == day)
        .returning(CalendarDayRow.day)
    )
    wake_after_commit(session, TASK)
    return found.scalar_one_or_none() is not None


def _calendar(hours: HoursSettings | None, desk: DeskSettings, days: Mapping[date, DayRule]) -> WorkingTime:
    if hours is None:
        return RoundTheClock()
    return WorkingHours(ZoneInfo(desk.zone), hours.openings(), hours.country, days)


@cache
def _release_of_holidays() -> str:
    """Looked up once: all that is known of the package is read for it."""
    return version("holidays")


def _mark(desk: DeskSettings, days: Mapping[date, DayRule]) -> str:
    """A short name for these very rules. The library is in it, because a release of it may know more days off."""
    described = {
        "sla": desk.sla.model_dump(mode="json"),
        "zone": desk.zone,
        "pausing": sorted(desk.pausing),
        "days": [[str(day), rule.kind.value, *map(str, rule.openings)] for day, rule in days.items()],
        "holidays": _release_of_holidays(),
    }
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:16]
