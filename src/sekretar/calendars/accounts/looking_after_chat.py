"""Looking after what is connected: how it is doing, a look right now, and what takes part in what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars import wording
from sekretar.calendars.accounts import connecting
from sekretar.calendars.accounts import wishes as calendar_wishes
from sekretar.calendars.accounts import wording as accounts_wording
from sekretar.calendars.accounts.own_addresses import own_in
from sekretar.calendars.accounts.wishes import CalendarCard, Wishes
from sekretar.calendars.model import CalendarAccount
from sekretar.calendars.sync import refreshing
from sekretar.calendars.sync.refreshing import Standing
from sekretar.calendars.views.agenda import health_of
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PersonError
from sekretar.kernel.forms import Field, FieldKind, Form
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.kernel.text import truncate
from sekretar.mattermost.chat import (
    Chat,
    Click,
    ClickReply,
    CommandRequest,
    FormHandler,
    FormOutcome,
    FormRequest,
    FormSubmit,
    MenuEntry,
    OpenForm,
    Reply,
    Subcommand,
)
from sekretar.mattermost.messages import Message

CHOOSE_FORM = "calendars.choose"
CALENDAR_FORM = "calendars.calendar"

#: A dialog with more switches than this cannot be used on a phone; the rest stay as they are.
MOST_CHOICES = 25

#: What Mattermost shows of the title of a dialog (`DialogTitleMaxLength`, server/public/model/integration_action.go).
_TITLE_LIMIT = 24


@dataclass(frozen=True)
class AccountsChat:
    """The commands, buttons and forms about accounts that are connected."""

    database: Database

    def register(self, chat: Chat) -> None:
        """Hang everything into the chat."""
        for name, aliases, handler in (
            ("accounts", ("календари", "calendars", "list"), self.accounts),
            ("refresh", ("обновить", "sync", "проверить"), self.refresh),
        ):
            chat.command(Subcommand("calendar", name, f"calendars.help.{name}", handler, aliases=aliases))
        chat.action(accounts_wording.ACCOUNTS, self.accounts_clicked)
        chat.action(accounts_wording.REFRESH, self.refresh_clicked)
        chat.action(accounts_wording.CHOOSE, self.choose_clicked)
        chat.action(accounts_wording.CALENDAR, self.calendar_clicked)
        chat.form(CHOOSE_FORM, FormHandler(self.choose_form, self.choose_submitted))
        chat.form(CALENDAR_FORM, FormHandler(self.calendar_form, self.calendar_submitted))
        chat.menu(MenuEntry("calendars.menu.accounts", accounts_wording.ACCOUNTS, 20, self._connected))

    # --- how they are doing

    async def accounts(self, request: CommandRequest) -> Reply:
        return Reply(await overview(self.database, request.person, request.t, request.now))

    async def accounts_clicked(self, click: Click) -> ClickReply:
        return ClickReply(ephemeral=await overview(self.database, click.person, click.t, click.now))

    async def _connected(self, person: Person) -> bool:
        async with self.database.reading() as session:
            return await connecting.has_accounts(session, person.id)

    # --- a look right now

    async def refresh(self, request: CommandRequest) -> Reply:
        async with self.database.transaction() as session:
            theirs = await connecting.accounts_of(session, request.person.id)
            told = await _refresh(session, theirs, request.t, request.now)
        return Reply(told)

    async def refresh_clicked(self, click: Click) -> ClickReply:
        async with self.database.transaction() as session:
            account = await connecting.known_account(session, click.person.id, click.record.get("account"))
            told = await _refresh(session, [account], click.t, click.now)
        return ClickReply(ephemeral=told)

    # --- which calendars are shown

    async def choose_clicked(self, click: Click) -> ClickReply:
        async with self.database.reading() as session:
            await connecting.known_account(session, click.person.id, click.record.get("account"))
        return ClickReply(form=OpenForm(CHOOSE_FORM, click.record))

    async def choose_form(self, request: FormRequest) -> Form:
        t = request.t
        async with self.database.reading() as session:
            account = await connecting.known_account(
                session, request.person.id, request.record.get("account")
            )
            calendars = await connecting.calendars_of(session, account.id)
        return Form(
            CHOOSE_FORM,
            t.plain("calendars.choose.title"),
            t("calendars.choose.intro"),
            tuple(
                Field(f"c{each.id}", FieldKind.BOOL, each.name, optional=True, default=each.chosen)
                for each in calendars[:MOST_CHOICES]
            ),
            t.plain("calendars.choose.submit"),
        )

    async def choose_submitted(self, submit: FormSubmit) -> FormOutcome:
        async with self.database.transaction() as session:
            account = await connecting.known_account(session, submit.person.id, submit.record.get("account"))
            calendars = await connecting.calendars_of(session, account.id)
            chosen = frozenset(
                each.id for each in calendars if submit.values.get(f"c{each.id}", each.chosen) is True
            )
            if not chosen:
                return FormOutcome(errors={"": PersonError("calendars.choose.none")})
            count = await connecting.choose(session, account, chosen, submit.now)
        return FormOutcome(Message(submit.t.plural("calendars.choose.done", count, login=account.login)))

    # --- what is wanted of one

    async def calendar_clicked(self, click: Click) -> ClickReply:
        number = int(click.selected) if click.selected.isascii() and click.selected.isdigit() else 0
        async with self.database.reading() as session:
            known = await calendar_wishes.card(session, click.person.id, number)
        return ClickReply(form=OpenForm(CALENDAR_FORM, {"calendar": known.calendar_id}))

    async def calendar_form(self, request: FormRequest) -> Form:
        async with self.database.reading() as session:
            known = await calendar_wishes.card(session, request.person.id, request.record.get("calendar"))
        return form_of(known, request.t)

    async def calendar_submitted(self, submit: FormSubmit) -> FormOutcome:
        async with self.database.transaction() as session:
            before = await calendar_wishes.card(session, submit.person.id, submit.record.get("calendar"))
            switches = {
                each.name: submit.values.get(each.name, getattr(before.wishes, each.name)) is True
                for each in fields(Wishes)
            }
            wished = Wishes(**switches)
            if before.wishes.chosen and not wished.chosen and await _is_last(session, before):
                return FormOutcome(errors={"chosen": PersonError("calendars.choose.none")})
            number, person_id = before.calendar_id, submit.person.id
            after = await calendar_wishes.change(session, person_id, number, wished, submit.now)
        return FormOutcome(accounts_wording.saved(after, before.wishes, submit.t))


def form_of(known: CalendarCard, t: Translator) -> Form:
    """The switches of a calendar, as they stand; new meetings go only where they can be written."""
    return Form(
        CALENDAR_FORM,
        truncate(known.name, _TITLE_LIMIT) or t.plain("calendars.calendar.untitled"),
        t("calendars.calendar.intro", login=known.login),
        tuple(
            Field(
                each.name,
                FieldKind.BOOL,
                t.plain(f"calendars.calendar.{each.name}"),
                help=t.plain(f"calendars.calendar.{each.name}_help"),
                optional=True,
                default=getattr(known.wishes, each.name),
            )
            for each in fields(Wishes)
            if each.name != "preferred" or known.writable
        ),
        t.plain("calendars.choose.submit"),
    )


async def overview(database: Database, person: Person, t: Translator, now: datetime) -> Message:
    """All accounts of a person with their calendars."""
    async with database.reading() as session:
        found = await health_of(session, person.id)
        cards = await calendar_wishes.cards(session, person.id)
        own = {each.id: own_in(each) for each in await connecting.accounts_of(session, person.id)}
    return accounts_wording.accounts(found, cards, own, person.zone, t, now)


async def _refresh(
    session: AsyncSession, accounts: Sequence[CalendarAccount], t: Translator, now: datetime
) -> Message:
    if not accounts:
        return wording.nothing_connected(t)
    standing = await refreshing.ask(session, accounts, now)
    return Message(
        t("calendars.refresh.begun" if standing is Standing.BEGUN else "calendars.refresh.just_done")
    )


async def _is_last(session: AsyncSession, known: CalendarCard) -> bool:
    """Whether no other calendar of the account is shown."""
    others = await connecting.calendars_of(session, known.account_id)
    return not any(each.chosen for each in others if each.id != known.calendar_id)
