"""Further addresses of a person in the chat: asked for each account, shown, changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sekretar.calendars.accounts import connecting, own_addresses
from sekretar.calendars.accounts.looking_after_chat import overview
from sekretar.calendars.accounts.own_addresses import Own, own_in, parse
from sekretar.calendars.accounts.wording import ADDRESSES
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerForbidden, PeerNotFound, PersonError
from sekretar.kernel.forms import Field, FieldKind, Form, Value
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown
from sekretar.mattermost.chat import (
    Chat,
    Click,
    ClickReply,
    CommandRequest,
    FormHandler,
    FormOutcome,
    FormRequest,
    FormSubmit,
    OpenForm,
    Reply,
)
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.messages import Message

ADDRESSES_FORM = "calendars.addresses"
_FIELD = "addresses"


@dataclass(frozen=True)
class AddressesChat:
    """The button and the form."""

    desk: Desk

    def register(self, chat: Chat) -> None:
        """Hang them into the chat."""
        chat.action(ADDRESSES, self.clicked)
        chat.form(ADDRESSES_FORM, FormHandler(self.form, self.submitted))

    async def clicked(self, click: Click) -> ClickReply:
        async with self.desk.database.reading() as session:
            account = await connecting.known_account(session, click.person.id, click.record.get("account"))
        return ClickReply(form=OpenForm(ADDRESSES_FORM, {"account": account.id}))

    async def form(self, request: FormRequest) -> Form:
        async with self.desk.database.reading() as session:
            account = await connecting.known_account(
                session, request.person.id, request.record.get("account")
            )
        return form_of(account.login, own_in(account), request.t)

    async def submitted(self, submit: FormSubmit) -> FormOutcome:
        wanted = parse(str(submit.values.get(_FIELD, "")))
        try:
            await self._must_be_nobody_elses(submit.person, wanted)
            async with self.desk.database.transaction() as session:
                account = await connecting.known_account(
                    session, submit.person.id, submit.record.get("account")
                )
                login, before = account.login, own_in(account)
                after = await own_addresses.name(session, submit.person, account.id, wanted, submit.now)
        except PersonError as error:
            if error.key != own_addresses.TAKEN:
                raise
            return FormOutcome(errors={_FIELD: error})
        return FormOutcome(saved(login, before, after, wanted, submit.t))

    async def _must_be_nobody_elses(self, person: Person, wanted: Sequence[str]) -> None:
        """Ask Mattermost, which knows more people than have ever spoken to us, unless it hides their addresses.

        Raises:
            PersonError: `own_addresses.TAKEN`.
            PeerError: Mattermost did not answer.
        """
        for each in wanted:
            try:
                user = await self.desk.server.user_by_email(each)
            except PeerNotFound:
                continue
            except PeerForbidden:
                return
            if user.active and user.id != person.user_id:
                raise PersonError(own_addresses.TAKEN, given=each)


async def asked(database: Database, request: CommandRequest) -> Reply:
    """The form of the only account, or all accounts with the way to each."""
    async with database.reading() as session:
        accounts = await connecting.accounts_of(session, request.person.id)
    if len(accounts) != 1:
        return Reply(await overview(database, request.person, request.t, request.now))
    return Reply(form=OpenForm(ADDRESSES_FORM, {"account": accounts[0].id}))


def form_of(login: str, own: Own, t: Translator) -> Form:
    """The addresses that the person has named, to be changed."""
    asked_for = Field(
        _FIELD,
        FieldKind.TEXTAREA,
        t.plain("calendars.addresses.field"),
        help=t.plain("calendars.addresses.help", count=own_addresses.MOST),
        placeholder=t.plain("calendars.addresses.example"),
        optional=True,
        default=", ".join(own.named),
        max_length=own_addresses.MOST * (own_addresses.LONGEST + 2),
        check=_check,
    )
    return Form(
        ADDRESSES_FORM,
        t.plain("calendars.addresses.title"),
        t("calendars.addresses.intro", login=login),
        (asked_for,),
        t.plain("calendars.choose.submit"),
    )


def _check(value: Value) -> object:
    return parse(str(value))


def saved(login: str, before: Own, after: Own, wanted: tuple[str, ...], t: Translator) -> Message:
    """What holds from now on."""
    if needless := [each for each in wanted if each not in after.named]:
        head = t("calendars.addresses.needless", addresses=", ".join(needless))
    else:
        head = t("calendars.addresses.same" if after == before else "calendars.addresses.saved")
    if named := ", ".join(after.named):
        holds = t("calendars.addresses.now", login=login, addresses=named)
    else:
        holds = t("calendars.addresses.now_none", login=login)
    return Message(Markdown(f"{head} {holds}"))
