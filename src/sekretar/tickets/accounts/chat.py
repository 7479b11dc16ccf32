"""`/task connect`: how a person and the trackers get to know each other.

The key is asked for in a dialog and nowhere else, and the tracker has to say whose it is before it is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sekretar.kernel.database import Database
from sekretar.kernel.errors import PersonError
from sekretar.kernel.forms import Field, FieldKind, Form
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown, link
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
from sekretar.tickets.accounts.identities import Identities, Identity, prove
from sekretar.tickets.accounts.model import Origin
from sekretar.trackers.port import TrackerSite

LINK_FORM = "tickets.link"


@dataclass(frozen=True)
class LinkingChat:
    """Commands, buttons and the form of a person's own accounts."""

    database: Database
    identities: Identities

    def register(self, chat: Chat) -> None:
        """Hang everything into the chat."""
        for name, aliases, handler, usage in (
            ("connect", ("подключить", "link"), self.connect, "tickets.usage.connect"),
            ("accounts", ("учётки", "account", "whoami"), self.accounts, ""),
            ("disconnect", ("отключить", "unlink"), self.disconnect, "tickets.usage.connect"),
        ):
            chat.command(Subcommand("task", name, f"tickets.help.{name}", handler, usage, aliases=aliases))
        chat.action("tickets.accounts", self.accounts_clicked)
        chat.action("tickets.link", self.link_clicked)
        chat.action("tickets.unlink", self.unlink_clicked, once=True)
        chat.form(LINK_FORM, FormHandler(self.link_form, self.link_submitted))
        chat.menu(MenuEntry("tickets.menu.connect", "tickets.accounts", 31, self._unlinked))

    async def _unlinked(self, person: Person) -> bool:
        return not await self.identities.of(person.id)

    # --- who I am

    async def accounts(self, request: CommandRequest) -> Reply:
        return Reply(await self._accounts(request.person, request.t))

    async def accounts_clicked(self, click: Click) -> ClickReply:
        return ClickReply(ephemeral=await self._accounts(click.person, click.t))

    async def _accounts(self, person: Person, t: Translator) -> Message:
        known = {each.tracker: each for each in await self.identities.of(person.id)}
        sites = [(site, known.get(name)) for name, site in self.identities.sites.items()]
        return Message(
            t("tickets.accounts.title"), tuple(_account(site, identity, t) for site, identity in sites)
        )

    # --- connecting

    async def connect(self, request: CommandRequest) -> Reply:
        site = self._chosen(request.args.get(0))
        if site is None:
            return Reply(await self._accounts(request.person, request.t))
        return Reply(form=OpenForm(LINK_FORM, {"tracker": site.name}, dialog_only=True))

    def _chosen(self, word: str) -> TrackerSite | None:
        """The tracker that is meant: the only one, or the one that is named."""
        sites = self.identities.sites
        if not word:
            return next(iter(sites.values())) if len(sites) == 1 else None
        found = next((site for name, site in sites.items() if fold(name) == fold(word)), None)
        if found is None:
            raise PersonError("tickets.tracker.unknown", given=word, known=", ".join(sites))
        return found

    async def link_clicked(self, click: Click) -> ClickReply:
        return ClickReply(form=OpenForm(LINK_FORM, click.record, dialog_only=True))

    async def link_form(self, request: FormRequest) -> Form:
        t, site = request.t, self.identities.site(str(request.record.get("tracker")))
        key = Field("key", FieldKind.SECRET, t.plain(f"tickets.link.key_{site.kind.value}"), max_length=500)
        return Form(
            LINK_FORM,
            t.plain("tickets.link.title"),
            _where_the_key_is(site, t),
            (key,),
            t.plain("tickets.link.submit"),
        )

    async def link_submitted(self, submit: FormSubmit) -> FormOutcome:
        t, site = submit.t, self.identities.site(str(submit.record.get("tracker")))
        key = str(submit.values["key"]).strip()
        try:
            account = await prove(site, key)
        except PersonError as error:
            return FormOutcome(errors={"key": error})
        async with self.database.transaction() as session:
            await self.identities.link(session, submit.person.id, site.name, account, key, submit.now)
        return FormOutcome(Message(t("tickets.link.done", tracker=site.name, name=account.member.name)))

    # --- disconnecting

    async def disconnect(self, request: CommandRequest) -> Reply:
        known = await self.identities.of(request.person.id)
        if not known:
            raise PersonError("tickets.unlink.none")
        site = self._chosen(request.args.get(0)) if len(known) > 1 else self.identities.site(known[0].tracker)
        if site is None:
            return Reply(await self._accounts(request.person, request.t))
        return Reply(Message(await self._unlink(request.person, site.name, request.t)))

    async def unlink_clicked(self, click: Click) -> ClickReply:
        told = await self._unlink(click.person, str(click.record.get("tracker")), click.t)
        return ClickReply(update=Message(told))

    async def _unlink(self, person: Person, tracker: str, t: Translator) -> Markdown:
        async with self.database.transaction() as session:
            if not await self.identities.unlink(session, person.id, tracker):
                raise PersonError("tickets.unlink.none")
        return t("tickets.unlink.done", tracker=tracker)


def _where_the_key_is(site: TrackerSite, t: Translator) -> Markdown:
    page = site.addresses.key_page()
    return t(f"tickets.link.intro_{site.kind.value}", tracker=site.name, page=link(page, page))


def _account(site: TrackerSite, identity: Identity | None, t: Translator) -> Attachment:
    record = {"tracker": site.name}
    label = "tickets.accounts.link" if identity is None else "tickets.accounts.relink"
    buttons: Sequence[Button] = (Button(t.plain(label), "tickets.link", record),)
    if identity is not None and identity.origin is Origin.OWN:
        buttons = (
            *buttons,
            Button(t.plain("tickets.accounts.unlink"), "tickets.unlink", record, style="danger"),
        )
    return Attachment(text=_standing(site, identity, t), actions=tuple(buttons))


def _standing(site: TrackerSite, identity: Identity | None, t: Translator) -> Markdown:
    kind = t.plain(f"tickets.kind.{site.kind.value}")
    if identity is None:
        return t("tickets.accounts.unlinked", tracker=site.name, kind=kind)
    key = "refused" if identity.refused else identity.origin.value
    return t(
        f"tickets.accounts.{key}", tracker=site.name, kind=kind, name=identity.name, login=identity.login
    )
