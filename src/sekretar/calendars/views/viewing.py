"""Looking at days, weeks and meetings: `/calendar week`, `/calendar 12.03`, the buttons and lists below a view.

Everything is answered from what is stored, so nobody waits for a calendar server.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sekretar.calendars import wording
from sekretar.calendars.answers.attending import part_of
from sekretar.calendars.model import CalendarAccount
from sekretar.calendars.views import details_wording
from sekretar.calendars.views import wording as views_wording
from sekretar.calendars.views.agenda import agenda, details_of
from sekretar.calendars.views.periods import Kind, Period, day_of, restored
from sekretar.calendars.views.reading import parse_period, understood
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PersonError
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.mattermost.chat import (
    Chat,
    Click,
    ClickReply,
    CommandRequest,
    Otherwise,
    Reply,
    Subcommand,
)
from sekretar.mattermost.messages import Message
from sekretar.mattermost.parsing import fold, split_first, tidied

#: The action of the home menu.
TODAY = "calendars.today"

#: Before these words stands nothing: they only say that days follow.
_DATE_WORDS = ("date", "дата", "day", "день")


@dataclass(frozen=True)
class Viewing:
    """The commands, buttons and lists by which people look at their meetings."""

    database: Database

    def register(self, chat: Chat) -> None:
        """Hang them into the chat."""
        for name, aliases, help_key in (
            ("today", ("сегодня",), "calendars.help.today"),
            ("tomorrow", ("завтра",), "calendars.help.tomorrow"),
            ("yesterday", ("вчера",), "calendars.help.yesterday"),
            ("week", ("неделя",), "calendars.help.week"),
            ("month", ("месяц",), "calendars.help.month"),
        ):
            chat.command(Subcommand("calendar", name, help_key, self.look, aliases=aliases))
        chat.command(
            Subcommand(
                "calendar",
                _DATE_WORDS[0],
                "calendars.help.date",
                self.look,
                "calendars.usage.date",
                aliases=_DATE_WORDS[1:],
            )
        )
        chat.command(
            Subcommand("calendar", "now", "calendars.help.now", self.look_now, aliases=("сейчас", "current"))
        )
        chat.otherwise(Otherwise("calendar", understood, self.look))
        chat.action(TODAY, self.today_clicked)
        chat.action(views_wording.VIEW, self.turned)
        chat.action(views_wording.OPEN, self.opened)

    async def look(self, request: CommandRequest) -> Reply:
        """Show the days that the words mean."""
        period = meant(request.text, _today(request.person, request.now))
        return Reply(await self._view(request.person, request.t, request.now, period))

    async def look_now(self, request: CommandRequest) -> Reply:
        """Show what is going on and what comes next."""
        person, t, now = request.person, request.t, request.now
        today = _today(person, now)
        async with self.database.reading() as session:
            found = await agenda(session, person.id, person.zone, today, today + timedelta(days=1))
        shown = views_wording.now_view(found, t, now) if found.accounts else wording.nothing_connected(t)
        return Reply(shown)

    async def today_clicked(self, click: Click) -> ClickReply:
        """Show today beside the menu."""
        period = day_of(_today(click.person, click.now))
        return ClickReply(ephemeral=await self._view(click.person, click.t, click.now, period))

    async def turned(self, click: Click) -> ClickReply:
        """Show other days, or another page, in the place of those that were shown."""
        record = click.record
        period = restored(record.get("kind"), record.get("first"), record.get("last"))
        if period is None:
            raise PersonError("calendars.period.too_far")
        page = record.get("page")
        number = page if isinstance(page, int) else 0
        return ClickReply(update=await self._view(click.person, click.t, click.now, period, number))

    async def opened(self, click: Click) -> ClickReply:
        """Show one meeting. The client says which, so it is looked for among the person's own."""
        person = click.person
        number = click.selected.partition(".")[0]
        async with self.database.reading() as session:
            found = (
                await details_of(session, person.id, person.zone, int(number)) if _is_number(number) else None
            )
            if found is None or views_wording.choice_of(found.meeting) != click.selected:
                raise PersonError("calendars.details.gone")
            account = await session.get_one(CalendarAccount, found.meeting.account_id)
        part = part_of(found, account.addresses)
        return ClickReply(ephemeral=details_wording.page(found, part, person.zone, click.t, click.now))

    async def _view(
        self, person: Person, t: Translator, now: datetime, period: Period, page: int = 0
    ) -> Message:
        async with self.database.reading() as session:
            found = await agenda(session, person.id, person.zone, period.first, period.last)
        if not found.accounts:
            return wording.nothing_connected(t)
        return views_wording.view(found, period, t, now, page)


def meant(text: str, today: date) -> Period:
    """The days that the words of a command mean. More words after a day are courtesy (`today please`), unless they
    say more about the days themselves: `march april may`.

    Raises:
        PersonError: as `parse_period`.
    """
    first, args = split_first(tidied(text))
    if fold(first) in _DATE_WORDS and not args.rest:
        return day_of(today)
    if understood(text) or not understood(first):
        return parse_period(text, today)
    period = parse_period(first, today)
    counted = period.kind is not Kind.DAY and re.search("[0-9]", args.rest)
    courtesy = not counted and not any(understood(each) for each in args.rest.split())
    return period if courtesy else parse_period(text, today)


def _today(person: Person, now: datetime) -> date:
    return now.astimezone(person.zone).date()


def _is_number(text: str) -> bool:
    """Whether it can be the number of a row; databases take no larger ones."""
    return text.isascii() and text.isdigit() and len(text) <= 18
