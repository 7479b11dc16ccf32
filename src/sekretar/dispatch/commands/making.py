"""`/incident new`: an incident that came by telephone, or out of the chat.

Bare it asks, with words behind it they are the summary, and options say the rest: `new No power at KI0075 type:power
from:ivan@operator.example`. In the thread of any message the form begins with what the message says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.assets.values import Found
from sekretar.dispatch.chat.working import actor_of
from sekretar.dispatch.commands.filters import Split, split
from sekretar.dispatch.commands.hands import Hands, say
from sekretar.dispatch.commands.types import type_called
from sekretar.dispatch.incidents import types
from sekretar.dispatch.incidents.values import Applicant, Incident, IncidentType, NewIncident, Origin
from sekretar.dispatch.placing import NamedPlace, placed
from sekretar.kernel.errors import PeerInvalid, PeerNotFound, PersonError
from sekretar.kernel.forms import LONGEST_TEXT, Choice, Field, FieldKind, Form
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown, escape, truncate
from sekretar.mattermost.chat import (
    Chat,
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
from sekretar.mattermost.messages import Message
from sekretar.mattermost.quoting import permalink, readable, spoken_lines

NEW_FORM: Final = "dispatch.new"

_OPTIONS: Final = frozenset({"type", "pole", "asset", "applicant", "desk"})
_LONGEST_SUMMARY: Final = 150
_LONGEST_CODE: Final = 120
_TYPE_SHOWN: Final = 60
#: What separates the summary from the rest of a sentence.
_END = " .,;:—-"


@dataclass(frozen=True)
class Making:
    """The command and the form of new incidents. `chat_url` is where people reach Mattermost."""

    hands: Hands
    chat_url: str

    def register(self, chat: Chat) -> None:
        """Hang everything into the chat."""
        chat.command(
            Subcommand(
                "incident",
                "new",
                "dispatch.help.new",
                self.new,
                "dispatch.usage.new",
                aliases=("новый", "создать", "create", "add"),
            )
        )
        chat.form(NEW_FORM, FormHandler(self.form, self.submitted))

    async def new(self, request: CommandRequest) -> Reply:
        parts = split(request.args.words, _OPTIONS)
        desk = await self.hands.desk_of(request, parts.options.get("desk", ""))
        post = request.root_id if await self.hands.of_thread(request) is None else ""
        if parts.words and not post:
            return await self._of_line(request, desk.name, parts)
        record = {"desk": desk.name, "summary": " ".join(parts.words), "post": post}
        return Reply(form=OpenForm(NEW_FORM, record))

    async def _of_line(self, request: CommandRequest, desk: str, parts: Split) -> Reply:
        words, options = parts.words, parts.options
        people = [word for word in words if word.startswith("@") and len(word) > 1]
        summary = " ".join(word for word in words if word not in people[:1])
        responsible = await self.hands.person(request, people[0], desk) if people else None
        applicant = options.get("applicant", "")
        new = NewIncident(
            desk,
            request.now,
            summary,
            Origin.CHAT,
            applicant=Applicant("", applicant) if "@" in applicant else Applicant(applicant),
            responsible_id=responsible.id if responsible else None,
        )
        place = NamedPlace(options.get("asset", ""), options.get("pole", ""))
        async with self.hands.chat.database.transaction() as session:
            kind = None
            if options.get("type"):
                kind = type_called(options["type"], await types.of_desk(session, desk))
                new = replace(new, type_id=kind.id)
            incident, found = await self._open(session, new, place, request.person)
        return say(opened(incident, kind, found, request.t))

    async def _open(
        self, session: AsyncSession, new: NewIncident, place: NamedPlace, person: Person
    ) -> tuple[Incident, Found]:
        """Enter it: where it is was said, or stands in its words.

        Raises:
            PersonError: what was said is no asset, or several, or contradicts itself.
        """
        t = self.hands.chat.catalogues.translator(self.hands.desks[new.desk].language)
        new, found = await placed(self.hands.assets, session, new, place, t)
        return await self.hands.incidents.open(session, new, actor_of(person)), found

    # --- the form

    async def form(self, request: FormRequest) -> Form:
        desk, t = _desk(request.record), request.t
        await self.hands.rights.require(request.person, desk)
        async with self.hands.chat.database.reading() as session:
            known = await types.of_desk(session, desk)
        summary, description = str(request.record.get("summary", "")), ""
        if request.record.get("post"):
            said, description = await self._said(request.person, str(request.record["post"]))
            summary = summary or said
        kinds = tuple(Choice(str(each.id), truncate(each.name, _TYPE_SHOWN)) for each in known if each.active)
        fields = (
            _text("summary", t, default=summary[:_LONGEST_SUMMARY], longest=_LONGEST_SUMMARY, optional=False),
            replace(_text("description", t, default=description[:LONGEST_TEXT]), kind=FieldKind.TEXTAREA),
            Field("type", FieldKind.CHOICE, _label("type", t), optional=True, choices=kinds),
            _text("place", t, longest=_LONGEST_CODE, help=t.plain("dispatch.new.place_help")),
            _text("applicant", t, longest=_LONGEST_SUMMARY),
            Field(
                "address",
                FieldKind.EMAIL,
                _label("address", t),
                help=t.plain("dispatch.new.address_help"),
                optional=True,
            ),
            Field(
                "responsible",
                FieldKind.PERSON,
                _label("responsible", t),
                help=t.plain("dispatch.new.responsible_help"),
                optional=True,
            ),
        )
        return Form(NEW_FORM, t.plain("dispatch.new.title"), "", fields, t.plain("dispatch.new.submit"))

    async def _said(self, person: Person, post_id: str) -> tuple[str, str]:
        """The first line of a message, and all of it with its link."""
        post = await readable(self.hands.chat.server, person, post_id)
        lines = spoken_lines(post.message)
        link = permalink(self.chat_url, post.id) if self.chat_url else ""
        text = truncate(post.message.strip(), LONGEST_TEXT - len(link) - 2)
        return " ".join(lines[0]).strip(_END) if lines else "", f"{text}\n\n{link}".strip()

    async def submitted(self, submit: FormSubmit) -> FormOutcome:
        desk = _desk(submit.record)
        await self.hands.rights.require(submit.person, desk)
        values = {name: str(value) for name, value in submit.values.items()}
        try:
            responsible = await self._responsible(values["responsible"], desk)
        except PersonError as error:
            return FormOutcome(errors={"responsible": error})
        new = NewIncident(
            desk,
            submit.now,
            values["summary"],
            Origin.CHAT,
            description=values["description"],
            applicant=Applicant(values["applicant"], values["address"]),
            type_id=int(values["type"]) if values["type"] else None,
            responsible_id=responsible.id if responsible else None,
        )
        async with self.hands.chat.database.transaction() as session:
            kind = await types.by_id(session, new.type_id) if new.type_id else None
            try:
                incident, found = await self._open(session, new, NamedPlace(values["place"]), submit.person)
            except PersonError as error:
                if not error.key.startswith(_ABOUT_PLACES):
                    raise
                return FormOutcome(errors={"place": error})
        return FormOutcome(Message(opened(incident, kind, found, submit.t)))

    async def _responsible(self, user_id: str, desk: str) -> Person | None:
        if not user_id:
            return None
        try:
            person = await self.hands.chat.profiles.person(user_id)
        except (PeerNotFound, PeerInvalid):
            raise PersonError("dispatch.commands.no_user", name="") from None
        if not await self.hands.rights.is_member(person, desk):
            raise PersonError("dispatch.commands.not_there", name=person.display_name, desk=desk)
        return person


#: What is wrong with an asset somebody typed.
_ABOUT_PLACES: Final = "dispatch.assets."


def opened(incident: Incident, kind: IncidentType | None, found: Found, t: Translator) -> Markdown:
    """That it is there, and what is not known of it yet."""
    lines = [t("dispatch.new.opened", code=incident.code, summary=truncate(incident.summary, 120))]
    if found.certain is not None:
        lines.append(t("dispatch.new.placed", place=found.certain.code))
        if found.apart is not None:
            lines.append(Markdown(f"⚠️ {escape(found.doubt(t))}"))
    elif found.candidates:
        codes = ", ".join(each.code for each in found.candidates[:3])
        lines.append(t("dispatch.new.candidates", code=incident.code, codes=codes))
    if kind is None:
        lines.append(t("dispatch.new.no_type", code=incident.code))
    return Markdown("\n").join(lines)


def _text(
    name: str,
    t: Translator,
    *,
    default: str = "",
    longest: int = LONGEST_TEXT,
    optional: bool = True,
    help: str = "",
) -> Field:
    return Field(
        name,
        FieldKind.TEXT,
        _label(name, t),
        help=help,
        optional=optional,
        default=default or None,
        max_length=longest,
    )


def _label(name: str, t: Translator) -> str:
    return t.plain(f"dispatch.new.{name}")


def _desk(record: Record) -> str:
    return str(record.get("desk", ""))
