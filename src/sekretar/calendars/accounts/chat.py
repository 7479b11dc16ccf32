"""How accounts come and go in the chat: connected, given a new password, disconnected.

Handlers read and write; what they say is put into words in `wording`, and what a server says of an account is
found out in `connecting`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sekretar.calendars import wording
from sekretar.calendars.accounts import connecting
from sekretar.calendars.accounts.connecting import Application, Rejected
from sekretar.calendars.accounts.leaving import Leaving
from sekretar.calendars.caldav import OTHER, PROVIDERS, Provider
from sekretar.calendars.model import CalendarAccount
from sekretar.calendars.views.viewing import TODAY
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PersonError
from sekretar.kernel.forms import Field, FieldKind, Form
from sekretar.kernel.http import HttpSessions
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.kernel.secrets import Vault
from sekretar.kernel.text import Markdown, escape, link
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
from sekretar.mattermost.messages import Attachment, Button, Message
from sekretar.mattermost.parsing import fold

CONNECT_FORM = "calendars.connect"

#: Stands for every account in the record of a button.
ALL = "all"
_ALL = frozenset({"all", "все", "всё"})


@dataclass(frozen=True)
class CalendarChat:
    """The calendar's commands, buttons and forms."""

    database: Database
    vault: Vault
    http: HttpSessions
    leaving: Leaving

    def register(self, chat: Chat) -> None:
        """Hang everything into the chat."""
        for name, aliases, handler, usage in (
            ("connect", ("подключить", "add"), self.connect, "calendars.usage.connect"),
            ("disconnect", ("отключить", "remove"), self.disconnect, "calendars.usage.disconnect"),
        ):
            chat.command(
                Subcommand("calendar", name, f"calendars.help.{name}", handler, usage, aliases=aliases)
            )
        chat.action("calendars.connect.where", self.where_clicked)
        chat.action("calendars.connect", self.provider_clicked)
        chat.action("calendars.mend", self.mend_clicked)
        chat.action("calendars.disconnect.ask", self.disconnect_asked)
        chat.action("calendars.disconnect.yes", self.disconnect_confirmed)
        chat.action("calendars.disconnect.no", self.disconnect_refused)
        chat.form(CONNECT_FORM, FormHandler(self.connect_form, self.connect_submitted))
        chat.menu(MenuEntry("calendars.menu.today", TODAY, 10, self._connected, style="primary"))
        chat.menu(
            MenuEntry(
                "calendars.menu.connect", "calendars.connect.where", 11, self._unconnected, primary=True
            )
        )

    # --- connecting

    async def connect(self, request: CommandRequest) -> Reply:
        if not (word := request.args.get(0).lower().removesuffix(".ru").replace(".", "")):
            return Reply(wording.where_is_it(request.t))
        provider = PROVIDERS.get(_PROVIDER_WORDS.get(word, word))
        if provider is None:
            raise PersonError("calendars.connect.unknown_provider")
        return Reply(form=OpenForm(CONNECT_FORM, {"provider": provider.id}))

    async def where_clicked(self, click: Click) -> ClickReply:
        return ClickReply(ephemeral=wording.where_is_it(click.t))

    async def provider_clicked(self, click: Click) -> ClickReply:
        return ClickReply(form=OpenForm(CONNECT_FORM, click.record))

    async def mend_clicked(self, click: Click) -> ClickReply:
        account = await self._account(click.person, click.record.get("account"))
        return ClickReply(form=OpenForm(CONNECT_FORM, {"provider": account.provider, "account": account.id}))

    async def connect_form(self, request: FormRequest) -> Form:
        t, provider = request.t, _provider(request.record.get("provider"))
        login, address = await self._known(request.person, request.record.get("account"))
        fields = [
            Field(
                "login",
                FieldKind.TEXT,
                t.plain("calendars.connect.login"),
                help=t.plain("calendars.connect.login_help"),
                default=login,
                max_length=150,
            ),
            Field("password", FieldKind.SECRET, t.plain("calendars.connect.password"), max_length=150),
        ]
        if provider.asks_url:
            asked = Field(
                "address",
                FieldKind.TEXT,
                t.plain("calendars.connect.address"),
                help=t.plain("calendars.connect.address_help"),
                default=address,
                max_length=150,
            )
            fields.insert(0, asked)
        return Form(
            CONNECT_FORM,
            t.plain("calendars.connect.title"),
            _intro(provider, t),
            tuple(fields),
            t.plain("calendars.connect.submit"),
        )

    async def connect_submitted(self, submit: FormSubmit) -> FormOutcome:
        application = Application(
            _provider(submit.record.get("provider")),
            str(submit.values.get("address", "")).strip(),
            str(submit.values["login"]).strip(),
            str(submit.values["password"]).strip(),
        )
        try:
            admitted = await connecting.apply(self.http, application)
        except Rejected as rejected:
            return FormOutcome(errors={rejected.field: rejected.problem})
        async with self.database.transaction() as session:
            account, new = await connecting.admit(
                session, self.vault, submit.person.id, application, admitted, submit.now
            )
        return FormOutcome(_connected(account, len(admitted.calendars), new, submit.t))

    async def _known(self, person: Person, account_id: object) -> tuple[str, str]:
        """Login and address of an account that gets a new password."""
        async with self.database.reading() as session:
            account = await connecting.account_of(session, person.id, account_id)
        return (account.login, account.address or account.home_url) if account else ("", "")

    # --- disconnecting

    async def disconnect(self, request: CommandRequest) -> Reply:
        async with self.database.reading() as session:
            accounts = await connecting.accounts_of(session, request.person.id)
        if not accounts:
            raise PersonError("calendars.disconnect.none")
        if len(accounts) == 1 or fold(request.args.get(0)) in _ALL:
            return Reply(_sure(accounts, request.t, last=True))
        return Reply(_which(accounts, request.t))

    async def disconnect_asked(self, click: Click) -> ClickReply:
        accounts = await self._meant(click)
        return ClickReply(
            ephemeral=_sure(accounts, click.t, last=await self._are_all(click.person, accounts))
        )

    async def disconnect_confirmed(self, click: Click) -> ClickReply:
        accounts = await self._meant(click)
        gone = await self.leaving.leave(click.person, [each.id for each in accounts])
        if not gone:
            raise PersonError("calendars.disconnect.gone")
        told = [click.t("calendars.disconnect.done", login=login) for login in gone]
        return ClickReply(update=Message(Markdown("\n").join(told)))

    async def disconnect_refused(self, click: Click) -> ClickReply:
        told = [click.t("calendars.disconnect.kept", login=each.login) for each in await self._meant(click)]
        return ClickReply(update=Message(Markdown("\n").join(told)))

    # --- helpers

    async def _meant(self, click: Click) -> Sequence[CalendarAccount]:
        """The account of a button, or all of the person's."""
        if click.record.get("account") != ALL:
            return [await self._account(click.person, click.record.get("account"))]
        async with self.database.reading() as session:
            accounts = await connecting.accounts_of(session, click.person.id)
        if not accounts:
            raise PersonError("calendars.disconnect.gone")
        return accounts

    async def _are_all(self, person: Person, accounts: Sequence[CalendarAccount]) -> bool:
        async with self.database.reading() as session:
            return len(accounts) == len(await connecting.accounts_of(session, person.id))

    async def _account(self, person: Person, account_id: object) -> CalendarAccount:
        async with self.database.reading() as session:
            return await connecting.known_account(session, person.id, account_id)

    async def _connected(self, person: Person) -> bool:
        async with self.database.reading() as session:
            return await connecting.has_accounts(session, person.id)

    async def _unconnected(self, person: Person) -> bool:
        return not await self._connected(person)


#: What people call the providers.
_PROVIDER_WORDS = {
    "яндекс": "yandex",
    "ya": "yandex",
    "mail": "mailru",
    "мейл": "mailru",
    "apple": "icloud",
    "другой": "other",
}


def _provider(name: object) -> Provider:
    return PROVIDERS.get(str(name), OTHER)


def _intro(provider: Provider, t: Translator) -> Markdown:
    if provider.password_url:
        return t("calendars.connect.intro_link", link=link(provider.password_url, provider.password_url))
    if provider.id == "nextcloud":
        return t("calendars.connect.intro_nextcloud")
    return t("calendars.connect.intro_other")


def _connected(account: CalendarAccount, calendars: int, new: bool, t: Translator) -> Message:
    if not new:
        return Message(t("calendars.connect.already", login=account.login))
    text = t.plural("calendars.connect.done", calendars, login=account.login)
    if calendars < 2:
        return Message(text)
    choose = Button(
        t.plain("calendars.connect.choose_calendars"), "calendars.choose", {"account": account.id}
    )
    return Message(text, (Attachment(actions=(choose,)),))


def _sure(accounts: Sequence[CalendarAccount], t: Translator, *, last: bool) -> Message:
    """The question before it is done. `last`: no other account remains, and more goes with these."""
    record = {"account": accounts[0].id if len(accounts) == 1 else ALL}
    buttons = (
        Button(t.plain("calendars.disconnect.yes"), "calendars.disconnect.yes", record, style="danger"),
        Button(t.plain("calendars.disconnect.no"), "calendars.disconnect.no", record),
    )
    logins = Markdown(", ").join(Markdown(f"**{escape(each.login)}**") for each in accounts)
    lines = [
        t("calendars.disconnect.sure", logins=logins),
        *([t("calendars.disconnect.sure_last")] if last else []),
        t("calendars.disconnect.sure_server"),
    ]
    return Message(Markdown(""), (Attachment(text=Markdown(" ").join(lines), actions=buttons),))


def _which(accounts: Sequence[CalendarAccount], t: Translator) -> Message:
    buttons = [Button(each.login, "calendars.disconnect.ask", {"account": each.id}) for each in accounts]
    buttons.append(Button(t.plain("calendars.disconnect.all"), "calendars.disconnect.ask", {"account": ALL}))
    rows = tuple(Attachment(actions=tuple(buttons[start : start + 5])) for start in range(0, len(buttons), 5))
    return Message(t("calendars.disconnect.which"), rows)
