"""Due tickets as one list: below the list of the day's meetings, or by itself for those who have none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.dates import format_date, near_day
from sekretar.kernel.i18n import Translator
from sekretar.kernel.morning import Morning, Part
from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown, escape, truncate
from sekretar.mattermost.desk import Desk
from sekretar.tickets.watching import mornings
from sekretar.tickets.watching.due import Group, grouped
from sekretar.tickets.watching.looking import Looking, Seen
from sekretar.tickets.watching.mornings import OneMorning
from sekretar.tickets.words import linked_key
from sekretar.trackers.values import Ticket

#: How long one tracker may keep the message of the day; less than that message waits for everything.
PATIENCE = timedelta(seconds=4)
#: Of one group; the rest is in `/task mine`.
MOST_LINES = 10

_SUBJECT_SHOWN = 80


@dataclass(frozen=True)
class Listing:
    """Adds a person's due tickets to their message of the day."""

    desk: Desk
    morning: Morning
    looking: Looking

    async def part(self, person: Person, day: date) -> Part | None:
        """The list for that day, when the person wants it there and it was not told yet."""
        async with self.desk.database.reading() as session:
            mine = await mornings.read(session, self.morning, person, self.desk.now())
        if mine is None or mine.settled or mine.today != day or not mine.listed:
            return None
        seen = await self.looking.look(person.id, mine.until, PATIENCE)
        text = due_list(mine, seen, self.desk.translator(person))
        if not text:
            return None

        async def take(session: AsyncSession) -> bool:
            if not await mornings.claim(session, mine):
                return False
            for tracker, tickets in seen.tickets.items():
                await mornings.remember(session, mine, tracker, tickets)
            await mornings.settle(session, mine)
            return True

        return Part(text, take)


def due_list(mine: OneMorning, seen: Seen, t: Translator) -> Markdown:
    """What is overdue, due today and due before the next morning; empty when nothing is."""
    tickets = [ticket for found in seen.tickets.values() for ticket in found]
    groups = grouped(tickets, mine.stages, mine.today, mine.until)
    if not groups:
        return Markdown("")
    silent = (t("tickets.due_list.silent", tracker=tracker) for tracker in seen.silent)
    title = Markdown(f"**{t('tickets.due_list.title')}**")
    return Markdown("\n").join([title, *_lines(groups, t, mine.today), *silent])


def _lines(groups: Mapping[Group, Sequence[Ticket]], t: Translator, today: date) -> Iterable[Markdown]:
    for group, tickets in groups.items():
        yield t(f"tickets.due_list.{group}")
        for ticket in tickets[:MOST_LINES]:
            yield _line(group, ticket, t, today)
        if len(tickets) > MOST_LINES:
            yield Markdown(f"- {t('tickets.due_list.more', count=len(tickets) - MOST_LINES)}")


def _line(group: Group, ticket: Ticket, t: Translator, today: date) -> Markdown:
    shown = Markdown(f"- {linked_key(ticket)} {escape(truncate(ticket.subject, _SUBJECT_SHOWN))}")
    if group is Group.TODAY or ticket.due is None:
        return shown
    day = near_day(ticket.due, today, t.language) or format_date(ticket.due, t.language, today)
    return Markdown(f"{shown} — {day}")
