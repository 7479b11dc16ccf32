"""`/task mine`, `by-me`, `overdue`, `find`: lists of tickets, each tracker through the person's own eyes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sekretar.kernel.errors import PersonError
from sekretar.kernel.people import Person
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
from sekretar.tickets.accounts.identities import Identities
from sekretar.tickets.lists import wording
from sekretar.tickets.lists.collecting import Collecting, Place, Wanted
from sekretar.tickets.lists.kinds import Kind

MINE = "tickets.mine"

#: In a search: the trackers take no more, and a button has to carry it.
LONGEST_SEARCH = 200


@dataclass(frozen=True)
class ListsChat:
    """The commands and buttons of lists."""

    identities: Identities

    def register(self, chat: Chat) -> None:
        """Hang everything into the chat."""
        for name, aliases, kind in (
            ("mine", ("мои", "my"), Kind.MINE),
            ("by-me", ("от-меня", "отменя", "byme"), Kind.BY_ME),
            ("overdue", ("просроченные", "late"), Kind.OVERDUE),
        ):
            key = f"tickets.help.{kind}"
            chat.command(Subcommand("task", name, key, self._command(kind), aliases=aliases))
        chat.command(
            Subcommand(
                "task",
                "find",
                "tickets.help.find",
                self.find,
                "tickets.usage.find",
                aliases=("найти", "поиск", "search"),
            )
        )
        chat.action(wording.PAGE, self.page_clicked)
        chat.action(MINE, self.mine_clicked)
        chat.menu(MenuEntry("tickets.menu.mine", MINE, 32, self._linked))

    async def _linked(self, person: Person) -> bool:
        return bool(await self.identities.of(person.id))

    def _command(self, kind: Kind) -> Callable[[CommandRequest], Awaitable[Reply]]:
        async def answer(request: CommandRequest) -> Reply:
            return await self._first(request, Wanted(kind))

        return answer

    async def find(self, request: CommandRequest) -> Reply:
        words = request.args.rest
        if not words:
            raise PersonError("tickets.lists.find_what")
        if len(words) > LONGEST_SEARCH:
            raise PersonError("tickets.lists.find_less", count=LONGEST_SEARCH)
        return await self._first(request, Wanted(Kind.FOUND, words))

    async def _first(self, request: CommandRequest, wanted: Wanted) -> Reply:
        parts = await Collecting(self.identities).first(request.person, wanted, request.now)
        today = request.now.astimezone(request.person.zone).date()
        return Reply(wording.listing(wanted, parts, request.t, today))

    async def mine_clicked(self, click: Click) -> ClickReply:
        wanted, person = Wanted(Kind.MINE), click.person
        parts = await Collecting(self.identities).first(person, wanted, click.now)
        today = click.now.astimezone(person.zone).date()
        return ClickReply(ephemeral=wording.listing(wanted, parts, click.t, today))

    async def page_clicked(self, click: Click) -> ClickReply:
        collecting, person = Collecting(self.identities), click.person
        wanted = Wanted(Kind(str(click.record["list"])), str(click.record["words"]))
        place = _place(click.record)
        if place is None:
            parts = await collecting.first(person, wanted, click.now)
        else:
            parts = (await collecting.part(person, wanted, place, click.now),)
        today = click.now.astimezone(person.zone).date()
        return ClickReply(update=wording.listing(wanted, parts, click.t, today))


def _place(record: Record) -> Place | None:
    if "tracker" not in record:
        return None
    cursor, before = record["page"], record["before"]
    return Place(str(record["tracker"]), None if cursor is None else str(cursor), int(before or 0))
