"""Letters written in the chat: looked at and changed before they leave, or said in the thread behind `>>`.

What a dialog can hold is less than a letter can. The end of a longer one (the history of the letters, below the words
that people change) goes along as it is, and so do recipients who do not fit, unless whoever writes does not want them
to; the dialog says so.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.chat import card
from sekretar.dispatch.chat.enclosing import enclosed
from sekretar.dispatch.chat.rights import Rights
from sekretar.dispatch.chat.roots import incident_of_thread
from sekretar.dispatch.chat.working import actor_of, incident_of
from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.values import IncidentChange
from sekretar.dispatch.letters.addressing import MOST, checked, shown, typed
from sekretar.dispatch.letters.sending import LettersOut, sent_as
from sekretar.dispatch.letters.values import Draft, Purpose
from sekretar.dispatch.mail import store
from sekretar.dispatch.mail.letter import Address
from sekretar.kernel.errors import PersonError
from sekretar.kernel.forms import LONGEST_TEXT, WHOLE_FORM, Field, FieldKind, Form, Value
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.kernel.signing import JsonScalar
from sekretar.kernel.text import Markdown
from sekretar.mattermost import outgoing
from sekretar.mattermost.chat import (
    Chat,
    Click,
    ClickReply,
    EditedPost,
    FormHandler,
    FormOutcome,
    FormRequest,
    FormSubmit,
    OpenForm,
    Record,
)
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.messages import Message

LETTER_FORM = "dispatch.letter"

#: What begins a letter in the thread of an incident.
MARK = ">>"
#: Put under a message that leaves as a letter.
_ON_ITS_WAY = "incoming_envelope"
_LONGEST_LINE = 1000
#: Whether those who do not fit into their fields get it, too.
_OTHERS = "others"
#: Where what is wrong with a letter as a whole is shown.
_FIELDS = {
    "dispatch.letters.no_recipient": "to",
    "dispatch.letters.no_text": "text",
    "dispatch.letters.too_long": "text",
}


@dataclass(frozen=True)
class Writing:
    """Letters out, by whoever works at the desk."""

    chat: Desk
    incidents: Incidents
    letters: LettersOut
    rights: Rights

    def register(self, chat: Chat) -> None:
        """Hang everything into the chat."""
        chat.action(card.LETTER, self.opened)
        chat.action(card.REPLY, self.opened)
        chat.form(LETTER_FORM, FormHandler(self.form, self.submitted))
        chat.on_post(self.said, is_letter)
        chat.on_edit(self.edited)

    async def opened(self, click: Click) -> ClickReply:
        """A letter is about to be written; pressing twice opens two dialogs, and each sends one letter."""
        purpose = str(click.record.get("letter", Purpose.REPLY.value))
        return ClickReply(form=await self.letter_form(incident_of(click.record), Purpose(purpose)))

    async def letter_form(self, incident_id: int, purpose: Purpose) -> OpenForm:
        """The dialog of a letter. A reply answers the letter that is the last one now, whatever comes meanwhile."""
        record: dict[str, JsonScalar] = {
            "incident": incident_id,
            "letter": purpose.value,
            "press": secrets.token_hex(8),
        }
        if purpose is Purpose.REPLY:
            async with self.chat.database.reading() as session:
                record["answered"] = await self.letters.answerable(session, incident_id)
        return OpenForm(LETTER_FORM, record)

    async def form(self, request: FormRequest) -> Form:
        await self._allowed(request.record, request)
        async with self.chat.database.reading() as session:
            draft = await self._draft(session, request.record)
        return form_of(draft, request.t)

    async def submitted(self, submit: FormSubmit) -> FormOutcome:
        await self._allowed(submit.record, submit)
        try:
            async with self.chat.database.transaction() as session:
                written, errors = changed(await self._draft(session, submit.record), submit.values)
                if errors:
                    return FormOutcome(errors=errors)
                await self._send(session, written, _key(submit.record), submit.person)
        except PersonError as error:
            return FormOutcome(errors={_FIELDS.get(error.key, WHOLE_FORM): error})
        return FormOutcome()

    async def said(self, post: EditedPost) -> bool:
        """A message in the thread of an incident that is meant for the applicant."""
        incident_id = await incident_of_thread(self.chat, post.root_id)
        if incident_id is None:
            return False
        text = words_of(post.text)
        try:
            desk = await self._require(post.person, incident_id)
            largest = self.rights.channels.desks[desk].letters.largest
            files = await enclosed(self.chat.server, post, largest)
            if not text and not files:
                raise PersonError("dispatch.letters.no_text")
            async with self.chat.database.transaction() as session:
                draft = await self.letters.draft(session, Purpose.REPLY, incident_id, text=text)
                draft = replace(draft, enclosed=files)
                await self._send(session, draft, _said_key(post), post.person)
                await outgoing.react(
                    session, key=f"dispatch:said:{post.id}", emoji=_ON_ITS_WAY, now=post.now, post_id=post.id
                )
                if draft.unreached:
                    await self._reply(session, post, "unreached", unreached(draft, post.t))
        except PersonError as error:
            await self._refuse(post, error)
        return True

    async def edited(self, post: EditedPost) -> None:
        """A message that was no letter, or could not be one, may be one now; what has left stays as it is."""
        if not post.root_id:
            return
        async with self.chat.database.reading() as session:
            letter_id = await sent_as(session, _said_key(post))
            row = await store.letter_row(session, letter_id) if letter_id is not None else None
        if letter_id is None:
            if is_letter(post.text):
                await self.said(post)
        elif row is not None and not _says(row.text, words_of(post.text)):
            async with self.chat.database.transaction() as session:
                await self._reply(session, post, "changed", Markdown(f"⚠️ {post.t('dispatch.chat.has_left')}"))

    async def _send(self, session: AsyncSession, draft: Draft, key: str, person: Person) -> None:
        """Whoever writes has read what came."""
        await self.letters.send(session, draft, key, actor_of(person))
        read = IncidentChange(unread=False)
        await self.incidents.change(session, draft.incident_id, read, actor_of(person))

    async def _refuse(self, post: EditedPost, error: PersonError) -> None:
        words = Markdown(f"⚠️ {post.t('dispatch.chat.not_sent')} {post.t.error(error)}")
        async with self.chat.database.transaction() as session:
            await self._reply(session, post, "refused", words)

    async def _reply(self, session: AsyncSession, post: EditedPost, key: str, words: Markdown) -> None:
        await self.chat.post(
            session,
            f"dispatch:{key}:{post.id}:{post.said_at.timestamp()}",
            post.channel_id,
            Message(words),
            root_id=post.root_id,
        )

    async def _allowed(self, record: Record, asked: FormRequest | FormSubmit) -> None:
        await self._require(asked.person, incident_of(record))

    async def _require(self, person: Person, incident_id: int) -> str:
        """Make sure that they may write; returns the desk."""
        async with self.chat.database.reading() as session:
            incident = await self.incidents.get(session, incident_id)
        await self.rights.require(person, incident.desk)
        return incident.desk

    async def _draft(self, session: AsyncSession, record: Record) -> Draft:
        purpose = Purpose(str(record.get("letter", Purpose.REPLY.value)))
        answered = record.get("answered")
        return await self.letters.draft(
            session, purpose, incident_of(record), answered_id=int(answered) if answered else None
        )


def is_letter(text: str) -> bool:
    """Whether a message begins as letters do."""
    return text.lstrip().startswith(MARK)


def words_of(text: str) -> str:
    """What a message says, without the mark."""
    return text.lstrip().removeprefix(MARK).strip()


def _says(letter: str, words: str) -> bool:
    return " ".join(words.split()) in " ".join(letter.split())


def form_of(draft: Draft, t: Translator) -> Form:
    """The dialog in which a draft is looked at and changed."""
    words, rest = parts(draft.text)
    remarks = [t.plain("dispatch.chat.letter_rest", lines=len(rest.splitlines()))] if rest else []
    if draft.attachments:
        names = ", ".join(each.attachment.safe_name for each in draft.attachments)
        remarks.append(t.plain("dispatch.chat.letter_files", names=names))
    if draft.left_out:
        remarks.append(t.plain("dispatch.chat.letter_left_out", names=", ".join(draft.left_out)))
    text = Field(
        "text",
        FieldKind.TEXTAREA,
        t.plain("dispatch.chat.letter_text"),
        help=" ".join(remarks),
        default=words or None,
        max_length=LONGEST_TEXT,
    )
    to, others = _line("to", draft.to, t)
    cc, other_copies = _line("cc", draft.cc, t)
    others += other_copies
    fields = (
        to,
        replace(cc, optional=True),
        *((_others(draft, len(others), t),) if others else ()),
        Field(
            "subject",
            FieldKind.TEXT,
            t.plain("dispatch.chat.letter_subject"),
            default=draft.subject[:_LONGEST_LINE],
            max_length=_LONGEST_LINE,
        ),
        text,
    )
    title = t.plain(f"dispatch.chat.letter_title_{draft.purpose.value}", code=draft.code)
    intro = unreached(draft, t) if draft.unreached else ""
    return Form(LETTER_FORM, title, intro, fields, t.plain("dispatch.chat.letter_send"))


def unreached(draft: Draft, t: Translator) -> Markdown:
    """How many people of the conversation do not get the letter."""
    return t("dispatch.chat.letter_unreached", count=draft.unreached, most=MOST)


def changed(draft: Draft, values: Mapping[str, Value]) -> tuple[Draft, dict[str, PersonError]]:
    """The draft as the person wants it, and what is wrong with it, by field."""
    errors: dict[str, PersonError] = {}
    found: dict[str, tuple[Address, ...]] = {}
    for name, people in (("to", draft.to), ("cc", draft.cc)):
        others = shown(people, LONGEST_TEXT)[1] if values.get(_OTHERS) else ()
        try:
            found[name] = checked((*typed(str(values.get(name, ""))), *others))
        except PersonError as error:
            errors[name] = error
    _, rest = parts(draft.text)
    text = str(values["text"])
    written = replace(
        draft,
        to=found.get("to", ()),
        cc=found.get("cc", ()),
        subject=str(values["subject"]).strip() or draft.subject,
        text=f"{text.rstrip()}\n\n{rest}".rstrip() if rest else text,
    )
    return written, errors


def parts(text: str) -> tuple[str, str]:
    """What fits into a dialog, and the rest; they are parted between paragraphs, or else between lines."""
    if len(text) <= LONGEST_TEXT:
        return text, ""
    for between in ("\n\n", "\n"):
        cut = text.rfind(between, 0, LONGEST_TEXT)
        if cut > 0:
            return text[:cut], text[cut:].lstrip("\n")
    return text[:LONGEST_TEXT], text[LONGEST_TEXT:]


def _line(name: str, people: tuple[Address, ...], t: Translator) -> tuple[Field, tuple[Address, ...]]:
    """The field, and who does not fit into it."""
    written, others = shown(people, LONGEST_TEXT)
    label = t.plain(f"dispatch.chat.letter_{name}")
    field = Field(name, FieldKind.TEXT, label, default=written or None, max_length=LONGEST_TEXT)
    return field, others


def _others(draft: Draft, count: int, t: Translator) -> Field:
    total = len(draft.to) + len(draft.cc)
    return Field(
        _OTHERS,
        FieldKind.BOOL,
        t.plain("dispatch.chat.letter_others"),
        help=t.plain("dispatch.chat.letter_others_help", count=count, total=total),
        default=True,
    )


def _said_key(post: EditedPost) -> str:
    """A message is one letter, however often it is changed."""
    return f"said:{post.id}"


def _key(record: Record) -> str:
    return f"dialog:{record.get('press', '')}:{record.get('incident', '')}:{record.get('letter', '')}"
