"""`/task settings`: what of their tickets a person is told."""

from __future__ import annotations

from dataclasses import dataclass

from sekretar.kernel.database import Database
from sekretar.kernel.forms import Field, FieldKind, Form
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
    Subcommand,
)
from sekretar.mattermost.messages import Message
from sekretar.tickets.watching.preferences import OFF, SWITCHES

FORM = "tickets.settings"


@dataclass(frozen=True)
class SettingsChat:
    """The command and its form."""

    database: Database

    def register(self, chat: Chat) -> None:
        """Hang everything into the chat."""
        chat.command(
            Subcommand(
                "task", "settings", "tickets.help.settings", self.command, aliases=("настройки", "options")
            )
        )
        chat.action(FORM, self.clicked)
        chat.form(FORM, FormHandler(self.form, self.submitted))

    async def command(self, request: CommandRequest) -> Reply:
        return Reply(form=OpenForm(FORM))

    async def clicked(self, click: Click) -> ClickReply:
        return ClickReply(form=OpenForm(FORM))

    async def form(self, request: FormRequest) -> Form:
        t = request.t
        async with self.database.reading() as session:
            off = await OFF.read(session, request.person.id)
        fields = tuple(
            Field(
                name,
                FieldKind.BOOL,
                t.plain(f"tickets.settings.{name}"),
                optional=True,
                default=name not in off,
            )
            for name in SWITCHES
        )
        return Form(
            FORM,
            t.plain("tickets.settings.title"),
            t("tickets.settings.intro"),
            fields,
            t.plain("tickets.settings.submit"),
        )

    async def submitted(self, submit: FormSubmit) -> FormOutcome:
        off = frozenset(name for name in SWITCHES if submit.values.get(name) is not True)
        t = submit.t
        async with self.database.transaction() as session:
            await OFF.write(session, submit.person.id, off)
        on = ", ".join(t.plain(f"tickets.settings.{name}") for name in SWITCHES if name not in off)
        return FormOutcome(Message(t("tickets.settings.saved", on=on) if on else t("tickets.settings.none")))
