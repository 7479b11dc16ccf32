"""`/incident list`, `mine`, `queue` and `find`: incidents in rows, a page at a time.

What stands in a button is what was asked for, in the asker's words; it is read anew for each page, and so are the
rights of whoever presses it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.chat.model import card_key
from sekretar.dispatch.commands import listing
from sekretar.dispatch.commands.filters import ME, NOBODY, Mark, Wanted, read
from sekretar.dispatch.commands.hands import Hands, status_names
from sekretar.dispatch.commands.types import type_called
from sekretar.dispatch.incidents import types
from sekretar.dispatch.incidents.finding import OPEN, IncidentFilter, Order, Page, find
from sekretar.dispatch.incidents.values import UNSET, Incident, Status, Unset
from sekretar.dispatch.settings import DeskSettings
from sekretar.dispatch.sla.clocks import SOON
from sekretar.dispatch.spans import moment_of
from sekretar.dispatch.telling import Reader
from sekretar.kernel.errors import PersonError
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.mattermost import sent
from sekretar.mattermost.chat import (
    Chat,
    Click,
    ClickReply,
    CommandRequest,
    MenuEntry,
    Record,
    Reply,
    Subcommand,
)
from sekretar.mattermost.messages import Message
from sekretar.mattermost.parsing import words as words_of
from sekretar.mattermost.quoting import permalink

QUEUE: Final = "dispatch.queue"

PER_PAGE: Final = 10
#: A button has to carry it.
LONGEST_WORDS: Final = 300
_DAY: Final = timedelta(days=1)


class Kind(StrEnum):
    """A list that a person can ask for."""

    LIST = "list"
    MINE = "mine"
    #: Mine, and those of nobody.
    QUEUE = "queue"
    FIND = "find"


@dataclass(frozen=True)
class Asked:
    """A list as somebody asked for it."""

    kind: Kind
    words: str
    #: Whose incidents; each desk is checked again when the page is turned.
    desks: tuple[str, ...]
    before: int = 0

    def record(self, before: int) -> dict[str, str | int]:
        """What a button to another page of it holds."""
        return {"kind": self.kind.value, "words": self.words, "desks": ",".join(self.desks), "before": before}


@dataclass(frozen=True)
class Lists:
    """The commands and buttons of lists. `chat_url` is where people reach Mattermost."""

    hands: Hands
    chat_url: str

    def register(self, chat: Chat) -> None:
        """Hang everything into the chat."""
        for kind, aliases in (
            (Kind.LIST, ("список",)),
            (Kind.MINE, ("мои", "my")),
            (Kind.QUEUE, ("очередь",)),
            (Kind.FIND, ("найти", "поиск", "search")),
        ):
            usage = f"dispatch.usage.{kind.value}" if kind in (Kind.LIST, Kind.FIND) else ""
            help_key = f"dispatch.help.{kind.value}"
            chat.command(
                Subcommand("incident", kind.value, help_key, self._command(kind), usage, aliases=aliases)
            )
        chat.action(listing.PAGE, self.page_clicked)
        chat.action(QUEUE, self.queue_clicked)
        chat.menu(MenuEntry("dispatch.menu.queue", QUEUE, 52, self.works_somewhere))

    async def works_somewhere(self, person: Person) -> bool:
        """Whether the person works at any desk."""
        return bool(await self.hands.rights.desks(person))

    def _command(self, kind: Kind) -> Callable[[CommandRequest], Awaitable[Reply]]:
        async def answer(request: CommandRequest) -> Reply:
            words = request.args.rest
            if kind is Kind.FIND and not words:
                raise PersonError("dispatch.commands.find_what")
            if len(words) > LONGEST_WORDS:
                raise PersonError("dispatch.commands.too_many_words", count=LONGEST_WORDS)
            wanted = self._wanted(words, request.person, request.now)
            desks = await self.hands.desks_of(request, wanted.desk)
            asked = Asked(kind, words, tuple(each.name for each in desks))
            return Reply(await self._page(asked, request.person, request.t, request.now))

        return answer

    async def queue_clicked(self, click: Click) -> ClickReply:
        desks = await self.hands.all_desks(click.person)
        asked = Asked(Kind.QUEUE, "", tuple(each.name for each in desks))
        return ClickReply(ephemeral=await self._page(asked, click.person, click.t, click.now))

    async def page_clicked(self, click: Click) -> ClickReply:
        asked = _asked(click.record)
        for desk in asked.desks:
            await self.hands.rights.require(click.person, desk)
        return ClickReply(update=await self._page(asked, click.person, click.t, click.now))

    def _wanted(self, words: str, person: Person, now: datetime) -> Wanted:
        return read(words_of(words), status_names(self.hands.chat.catalogues), _today(person, now))

    async def _page(self, asked: Asked, person: Person, t: Translator, now: datetime) -> Message:
        wanted = self._wanted(asked.words, person, now)
        desks = [desk for name in asked.desks if (desk := self.hands.desks.get(name))]
        responsible = await self._responsible(wanted, person)
        async with self.hands.chat.database.reading() as session:
            sought = await self._filter(session, asked.kind, wanted, desks, responsible, person, now)
            page = await self._find(session, asked, sought)
            rows = await self._rows(session, page.incidents, now)
        reader = Reader(t, person.zone, now)
        text = "" if asked.kind is Kind.FIND else wanted.text
        return listing.listing(
            asked.kind.value, asked.words, text, rows, asked.before, page.total, asked.record, reader
        )

    async def _find(self, session: AsyncSession, asked: Asked, sought: IncidentFilter) -> Page:
        order = Order.URGENT if sought.statuses and sought.statuses <= OPEN else Order.NEWEST
        if asked.kind is not Kind.FIND or not _may_be_code(sought.text):
            return await find(session, sought, order, limit=PER_PAGE, offset=asked.before)
        # What looks like a code is one, unless there is none that begins so.
        for attempt in (
            replace(sought, text="", code=sought.text),
            replace(sought, text="", pole=sought.text),
            sought,
        ):
            page = await find(session, attempt, order, limit=PER_PAGE, offset=asked.before)
            if page.total:
                break
        return page

    async def _responsible(self, wanted: Wanted, person: Person) -> Person | None:
        if wanted.who in ("", NOBODY):
            return None
        return person if wanted.who == ME else await self.hands.user(wanted.who)

    async def _filter(
        self,
        session: AsyncSession,
        kind: Kind,
        wanted: Wanted,
        desks: Sequence[DeskSettings],
        responsible: Person | None,
        person: Person,
        now: datetime,
    ) -> IncidentFilter:
        type_id: int | Unset = UNSET
        if wanted.type:
            known = [each for desk in desks for each in await types.of_desk(session, desk.name)]
            type_id = type_called(wanted.type, known).id
        whose: int | Unset | None = UNSET
        if kind in (Kind.MINE, Kind.QUEUE):
            whose = person.id
        elif wanted.who:
            whose = responsible.id if responsible else None
        due = now if Mark.OVERDUE in wanted.marks else now + SOON if Mark.SOON in wanted.marks else None
        since, until = wanted.since, wanted.until
        return IncidentFilter(
            desks=frozenset(each.name for each in desks),
            statuses=wanted.statuses or (frozenset(Status) if kind is Kind.FIND else OPEN),
            responsible_id=whose,
            or_nobody=kind is Kind.QUEUE,
            type_id=type_id,
            since=moment_of(since, time(), person.zone) if since else None,
            before=moment_of(until + _DAY, time(), person.zone) if until else None,
            text=wanted.text,
            pole=wanted.pole,
            unread=True if Mark.UNREAD in wanted.marks else None,
            due_by=due,
        )

    async def _rows(
        self, session: AsyncSession, incidents: Sequence[Incident], now: datetime
    ) -> list[listing.Row]:
        views = self.hands.views
        clocks = await views.slas.of(session, incidents, now)
        places = await self.hands.assets.describe_all(session, incidents)
        numbers = {each.responsible_id for each in incidents if each.responsible_id is not None}
        people = await self.hands.chat.people.by_ids(session, numbers)
        kinds = {
            each.id: each.name
            for desk in {each.desk for each in incidents}
            for each in await types.of_desk(session, desk)
        }
        rows = []
        for each in incidents:
            post = await sent.by_key(session, card_key(each.id))
            who = people.get(each.responsible_id or 0)
            rows.append(
                listing.Row(
                    each,
                    kinds.get(each.type_id or 0, ""),
                    places[each.id],
                    clocks[each.id].dispatcher,
                    who.display_name if who else "",
                    permalink(self.chat_url, post.post_id) if post and self.chat_url else "",
                )
            )
        return rows


def _may_be_code(text: str) -> bool:
    return " " not in text and any(map(str.isdigit, text))


def _today(person: Person, now: datetime) -> date:
    return now.astimezone(person.zone).date()


def _asked(record: Record) -> Asked:
    return Asked(
        Kind(str(record["kind"])),
        str(record["words"]),
        tuple(str(record["desks"]).split(",")),
        int(record["before"] or 0),
    )
