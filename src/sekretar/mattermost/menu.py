"""What a person can do, as buttons: the menu, and the welcome that leads to one of them."""

from __future__ import annotations

from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown
from sekretar.mattermost.chat import Chat, Click, ClickReply, MenuEntry
from sekretar.mattermost.messages import MOST_ACTIONS, Action, Attachment, Button, Message

#: Turns the page of the menu; the page stands in the record.
MENU = "home.menu"


class Menu:
    """Made of the entries that features have registered, as far as they apply to the person."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def register(self) -> None:
        """Hang the turning of pages into the chat."""
        self._chat.action(MENU, self._turn)

    async def message(self, person: Person, t: Translator, page: int = 0) -> Message:
        """One page of the menu."""
        entries = await self._available(person)
        buttons, more = _page(entries, page)
        actions: list[Action] = [_button(entry, t) for entry in buttons]
        if more is not None:
            actions.append(Button(t.plain("mattermost.home.more"), MENU, {"page": more}))
        text = t("mattermost.home.menu", name=person.display_name)
        if not actions:
            return Message(t("mattermost.home.nothing", name=person.display_name))
        return Message(text, (Attachment(actions=tuple(actions)),))

    async def welcome(self, person: Person, t: Translator) -> Message:
        """The first words to a person, and the one thing to begin with."""
        entries = await self._available(person)
        first = next((entry for entry in entries if entry.primary), None)
        button = (
            Button(t.plain(first.label_key), first.action, first.record, "primary")
            if first
            else Button(t.plain("mattermost.home.what_can_i_do"), MENU, {"page": 0}, "primary")
        )
        return Message(
            t("mattermost.home.welcome", name=person.display_name),
            (Attachment(text=Markdown(t("mattermost.home.welcome_hint")), actions=(button,)),),
        )

    async def _available(self, person: Person) -> list[MenuEntry]:
        return [
            entry
            for entry in self._chat.menu_entries
            if entry.available is None or await entry.available(person)
        ]

    async def _turn(self, click: Click) -> ClickReply:
        page = click.record.get("page")
        number = page if isinstance(page, int) else 0
        return ClickReply(update=await self.message(click.person, click.t, number))


def _page(entries: list[MenuEntry], page: int) -> tuple[list[MenuEntry], int | None]:
    """The entries of a page and the number of the page that follows; after the last comes the first."""
    if len(entries) <= MOST_ACTIONS:
        return entries, None
    size = MOST_ACTIONS - 1
    pages = -(-len(entries) // size)
    here = page % pages
    return entries[here * size : (here + 1) * size], (here + 1) % pages


def _button(entry: MenuEntry, t: Translator) -> Button:
    style = "primary" if entry.primary and entry.style == "default" else entry.style
    return Button(t.plain(entry.label_key), entry.action, entry.record, style)
