"""`/incident templates`: the letters of a desk in its own words, changed in a window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sekretar.dispatch.chat.writing import parts as split_text
from sekretar.dispatch.commands.filters import split
from sekretar.dispatch.commands.hands import Hands, say
from sekretar.dispatch.commands.people import DESK_OPTION
from sekretar.dispatch.letters.templates import NAMES
from sekretar.dispatch.letters.templating import (
    own_template,
    reset_template,
    set_template,
    template_of,
)
from sekretar.dispatch.letters.values import Purpose
from sekretar.kernel.errors import PersonError
from sekretar.kernel.forms import LONGEST_TEXT, Field, FieldKind, Form
from sekretar.kernel.i18n import LANGUAGES
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
    Record,
    Reply,
    Subcommand,
)
from sekretar.mattermost.messages import Attachment, Button, Message

EDIT: Final = "dispatch.template.edit"
FORM: Final = "dispatch.template"


@dataclass(frozen=True)
class LetterTexts:
    """The command, its buttons and the window."""

    hands: Hands

    def register(self, chat: Chat) -> None:
        """Hang everything into the chat."""
        chat.command(
            Subcommand(
                "incident",
                "templates",
                "dispatch.help.templates",
                self.templates,
                "dispatch.usage.templates",
                aliases=("шаблоны",),
            )
        )
        chat.action(EDIT, self.edit)
        chat.form(FORM, FormHandler(self.form, self.submitted))

    async def templates(self, request: CommandRequest) -> Reply:
        words = split(request.args.words, DESK_OPTION)
        desk = await self.hands.desk_of(request, words.options.get("desk", ""))
        await self.hands.require_lead(request.person, desk.name)
        said = words.words[0].lower() if words.words else desk.language
        language = said if said in LANGUAGES else desk.language
        t = request.t
        async with self.hands.chat.database.reading() as session:
            own = [
                purpose
                for purpose in Purpose
                if await own_template(session, desk.name, purpose, language) is not None
            ]
        lines = [t("dispatch.templates.head", desk=desk.name, language=language)]
        for purpose in Purpose:
            state = t("dispatch.templates.own") if purpose in own else t("dispatch.templates.usual")
            lines.append(Markdown(f"* {t(f'dispatch.templates.{purpose.value}')}: {state}"))
        buttons = tuple(
            Button(
                t.plain(f"dispatch.templates.{purpose.value}"),
                EDIT,
                {"desk": desk.name, "purpose": purpose.value, "language": language},
            )
            for purpose in Purpose
        )
        return say(Markdown("\n").join(lines), [Attachment(actions=buttons)])

    async def edit(self, click: Click) -> ClickReply:
        return ClickReply(form=OpenForm(FORM, dict(click.record)))

    async def form(self, request: FormRequest) -> Form:
        desk, purpose, language = _which(request.record)
        await self.hands.require_lead(request.person, desk)
        async with self.hands.chat.database.reading() as session:
            translator = self.hands.chat.catalogues.translator(language)
            text = await template_of(session, desk, purpose, translator)
        t = request.t
        first, rest = split_text(text)
        fields = (
            Field(
                "text",
                FieldKind.TEXTAREA,
                t.plain("dispatch.templates.text"),
                help=t.plain("dispatch.templates.text_help"),
                optional=True,
                default=first or None,
                max_length=LONGEST_TEXT,
            ),
            Field(
                "rest",
                FieldKind.TEXTAREA,
                t.plain("dispatch.templates.rest"),
                optional=True,
                default=rest or None,
                max_length=LONGEST_TEXT,
            ),
        )
        names = ", ".join(f"{{{name}}}" for name in NAMES[purpose])
        title = t.plain(f"dispatch.templates.{purpose.value}")
        intro = t("dispatch.templates.intro", names=names)
        return Form(FORM, title, intro, fields, t.plain("dispatch.chat.save"))

    async def submitted(self, submit: FormSubmit) -> FormOutcome:
        desk, purpose, language = _which(submit.record)
        await self.hands.require_lead(submit.person, desk)
        text = "\n\n".join(
            part for name in ("text", "rest") if (part := str(submit.values[name]).strip("\n"))
        )
        t, name = submit.t, submit.t.plain(f"dispatch.templates.{purpose.value}")
        async with self.hands.chat.database.transaction() as session:
            if not text.strip():
                await reset_template(session, desk, purpose, language)
                return FormOutcome(Message(t("dispatch.templates.reset", name=name)))
            try:
                await set_template(
                    session, desk, purpose, language, text, submit.person.display_name, submit.now
                )
            except PersonError as error:
                return FormOutcome(errors={"text": error})
        return FormOutcome(Message(t("dispatch.templates.saved", name=name)))


def _which(record: Record) -> tuple[str, Purpose, str]:
    return str(record["desk"]), Purpose(str(record["purpose"])), str(record["language"])
