"""A form asked step by step in direct messages, for phones and for people who like it.

One question at a time, each with its ways out. All state is in the database and every question goes through the
outbox, so that a restart is not noticed. An answered question turns into a sentence of the answer; a wrong
answer is asked again and costs nothing that was given before. Passwords are never taken from a message: a
button opens a dialog for that one field.

Two processes, or two quick clicks, meet at the prompt's key: whoever comes second is told that the question has
been answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.errors import PeerError, PersonError
from sekretar.kernel.forms import Field, FieldErrors, FieldKind, Form, check_field, validate
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown
from sekretar.mattermost import conversation_state as state
from sekretar.mattermost import outgoing
from sekretar.mattermost.chat import (
    Click,
    ClickReply,
    FormHandler,
    FormOutcome,
    FormRequest,
    FormSubmit,
    IncomingPost,
    OpenForm,
)
from sekretar.mattermost.conversation_state import Talk
from sekretar.mattermost.deadline import Deadline
from sekretar.mattermost.desk import Desk, build_form
from sekretar.mattermost.messages import Message
from sekretar.mattermost.parsing import fold, tidied
from sekretar.mattermost.questions import (
    ANSWER,
    BACK,
    CANCEL,
    CHOOSE,
    ENTER,
    SEND,
    SKIP,
    Asked,
    Value,
    prompt,
    settled,
)
from sekretar.mattermost.troubles import explain

_log = structlog.get_logger(__name__)

#: A conversation in which nothing happens for so long is over.
EXPIRES_AFTER = timedelta(hours=24)
#: A submission that takes longer has died with its process; the person may send again.
SENDING_AT_MOST = timedelta(minutes=5)
#: The form of the dialog that takes one secret answer.
SECRET_FORM = "conversation.secret"  # noqa: S105 - the name of a form

_WORDS = {
    "cancel": CANCEL,
    "/cancel": CANCEL,
    "отмена": CANCEL,
    "отменить": CANCEL,
    "back": BACK,
    "назад": BACK,
    "skip": SKIP,
    "пропустить": SKIP,
}


@dataclass(frozen=True)
class _Scene:
    """A conversation with everything that is needed to go on with it."""

    talk: Talk
    form: Form
    person: Person
    t: Translator
    today: date

    def asked(self, talk: Talk | None = None) -> Asked:
        talk = talk or self.talk
        return Asked(self.form, talk.step, talk.answers, talk.prompt_key)

    @property
    def field(self) -> Field | None:
        return self.asked().field


class Conversations:
    """Asks, understands, submits."""

    def __init__(self, desk: Desk, deadline: Deadline) -> None:
        self._desk = desk
        self._deadline = deadline

    def register(self) -> None:
        """Hang the buttons of the questions into the chat."""
        chat = self._desk.chat
        chat.action(ANSWER, self._clicked_answer)
        chat.action(CHOOSE, self._clicked_answer)
        chat.action(SKIP, self._clicked_skip)
        chat.action(BACK, self._clicked_back)
        chat.action(CANCEL, self._clicked_cancel)
        chat.action(SEND, self._clicked_send)
        chat.action(ENTER, self._clicked_enter)
        chat.form(SECRET_FORM, FormHandler(self._secret_form, self._secret_entered))

    async def start(self, wanted: OpenForm, person: Person) -> None:
        """Ask the first question. What the person was filling in before is given up, and they are told."""
        form = await build_form(self._desk, wanted.form_id, wanted.record, person)
        t, now = self._desk.translator(person), self._desk.now()
        talk = Talk.begin(person.id, wanted.form_id, wanted.record, now)
        async with self._desk.database.transaction() as session:
            before = await state.current(session, person.id)
            notice = ""
            if before is not None:
                notice = t("mattermost.conversation.replaced")
                await self._edit(
                    session, before.prompt_key, Message(t("mattermost.conversation.given_up")), person
                )
            await state.begin(session, talk)
            asked = Asked(form, 0, {}, talk.prompt_key)
            await self._ask(session, prompt(asked, t, notice=notice), talk, person)

    async def hear(self, post: IncomingPost) -> bool:
        """Take a direct message as an answer; False when nothing is being asked of its writer."""
        if not post.direct:
            return False
        async with self._desk.database.reading() as session:
            talk = await state.current(session, post.person.id)
        if talk is None or (talk.channel_id and talk.channel_id != post.channel_id):
            return False
        if talk.last_post == post.id:
            return True
        if self._is_over(talk) or self._desk.chat.find_form(talk.form_id) is None:
            await self._expire(talk, post.person)
            return False
        talk = replace(talk, channel_id=post.channel_id, last_post=post.id)
        scene = await self._scene(talk, post.person)
        await self._understand(scene, post.text)
        return True

    async def tidy(self) -> datetime | None:
        """End what has been left lying; for the jobs. Returns when to come again."""
        now = self._desk.now()
        async with self._desk.database.reading() as session:
            idle = await state.idle_since(session, now - SENDING_AT_MOST)
        for talk in idle:
            async with self._desk.database.reading() as session:
                person = await self._desk.people.by_id(session, talk.person_id)
            if person is None:
                continue
            if self._is_over(talk):
                await self._expire(talk, person)
            elif talk.sending:
                await self._recover(talk, person)
        return now + SENDING_AT_MOST

    # Typed answers

    async def _understand(self, scene: _Scene, text: str) -> None:
        if scene.talk.sending:
            await self._say(scene, scene.t("mattermost.conversation.sending"))
            return
        act = _WORDS.get(fold(tidied(text)))
        if act is CANCEL:
            await self._cancel(scene)
        elif act is BACK and scene.talk.step > 0:
            await self._go_back(scene)
        elif act is SKIP and scene.field is not None and scene.field.optional:
            await self._take(scene, scene.field, "")
        elif scene.field is None:
            await self._ask_again(scene, None)
        elif scene.field.kind is FieldKind.SECRET:
            await self._ask_again(scene, None, notice=scene.t("mattermost.conversation.secret_typed"))
        else:
            await self._typed(scene, scene.field, text)

    async def _typed(self, scene: _Scene, field: Field, text: str) -> None:
        try:
            if field.kind is FieldKind.PERSON:
                text = await self._user_id(text)
            value = check_field(field, text, today=scene.today)
        except PersonError as error:
            await self._ask_again(scene, error)
        else:
            await self._take(scene, field, value)

    async def _user_id(self, text: str) -> str:
        name = tidied(text).removeprefix("@").casefold()
        try:
            return (await self._desk.server.user_by_name(name)).id
        except PeerError:
            raise PersonError("mattermost.conversation.no_such_person", name=name) from None

    # Clicks

    async def _clicked_answer(self, click: Click) -> ClickReply:
        scene = await self._clicked(click)
        if scene is None or scene.field is None or scene.field.kind is FieldKind.SECRET:
            return _stale(click)
        answer = click.selected or click.record.get("value", "")
        try:
            value = check_field(scene.field, answer, today=scene.today)
        except PersonError as error:
            return ClickReply(ephemeral=click.t.error(error))
        return await self._take(scene, scene.field, value, click) or _stale(click)

    async def _clicked_skip(self, click: Click) -> ClickReply:
        scene = await self._clicked(click)
        if scene is None or scene.field is None or not scene.field.optional:
            return _stale(click)
        value: Value = False if scene.field.kind is FieldKind.BOOL else ""
        return await self._take(scene, scene.field, value, click) or _stale(click)

    async def _clicked_back(self, click: Click) -> ClickReply:
        scene = await self._clicked(click)
        if scene is None or scene.talk.step == 0:
            return _stale(click)
        return await self._go_back(scene, click) or _stale(click)

    async def _clicked_cancel(self, click: Click) -> ClickReply:
        scene = await self._clicked(click)
        return (await self._cancel(scene, click) if scene else None) or _stale(click)

    async def _clicked_send(self, click: Click) -> ClickReply:
        scene = await self._clicked(click)
        if scene is None or scene.field is not None:
            return _stale(click)
        sending = scene.talk.at(scene.talk.step, sending=True)
        async with self._desk.database.transaction() as session:
            if not await state.move(session, scene.talk.prompt_key, sending, self._desk.now()):
                return _stale(click)
        await self._submit(replace(scene, talk=sending))
        return ClickReply(update=Message(click.t("mattermost.conversation.sent")))

    async def _clicked_enter(self, click: Click) -> ClickReply:
        scene = await self._clicked(click)
        if scene is None or scene.field is None or scene.field.kind is not FieldKind.SECRET:
            return _stale(click)
        record = {"key": scene.talk.prompt_key}
        return ClickReply(form=OpenForm(SECRET_FORM, record, dialog_only=True))

    async def _clicked(self, click: Click) -> _Scene | None:
        """The conversation this button belongs to; None when the button is one of an earlier question."""
        talk = await self._standing(click.person, click.record.get("key"))
        return await self._scene(talk, click.person) if talk else None

    async def _standing(self, person: Person, prompt_key: object) -> Talk | None:
        async with self._desk.database.reading() as session:
            talk = await state.current(session, person.id)
        if talk is None or talk.prompt_key != prompt_key or talk.sending:
            return None
        if self._is_over(talk):
            await self._expire(talk, person)
            return None
        return talk

    # The dialog for one secret

    async def _secret_form(self, request: FormRequest) -> Form:
        scene, field = await self._secret_scene(request.person, request.record.get("key"))
        return Form(SECRET_FORM, scene.form.title, fields=(field,), submit_label=scene.form.submit_label)

    async def _secret_entered(self, submit: FormSubmit) -> FormOutcome:
        scene, field = await self._secret_scene(submit.person, submit.record.get("key"))
        value = submit.values[field.name]
        talk = scene.talk.with_secret(field.name, str(value), self._desk.vault)
        if not await self._advance(scene, talk, settled(field, value, scene.t)):
            raise PersonError("mattermost.conversation.stale")
        return FormOutcome()

    async def _secret_scene(self, person: Person, prompt_key: object) -> tuple[_Scene, Field]:
        talk = await self._standing(person, prompt_key)
        scene = await self._scene(talk, person) if talk else None
        if scene is None or scene.field is None or scene.field.kind is not FieldKind.SECRET:
            raise PersonError("mattermost.conversation.stale")
        return scene, scene.field

    # Steps

    async def _take(
        self, scene: _Scene, field: Field, value: Value, click: Click | None = None
    ) -> ClickReply | None:
        """An answer that passed: keep it and go on. None when somebody else was quicker."""
        sentence = settled(field, value, scene.t, await self._name_of(field, value))
        talk = scene.talk.with_answer(field.name, value)
        if not await self._advance(scene, talk, sentence, clicked=click is not None):
            return None
        return ClickReply(update=sentence)

    async def _advance(self, scene: _Scene, talk: Talk, sentence: Message, *, clicked: bool = False) -> bool:
        step = talk.step + 1
        last = step == len(scene.form.fields)
        onward = talk.at(step, sending=last)
        async with self._desk.database.transaction() as session:
            if not await state.move(session, scene.talk.prompt_key, onward, self._desk.now()):
                return False
            if not clicked:
                await self._edit(session, scene.talk.prompt_key, sentence, scene.person)
            if not last:
                await self._ask(session, prompt(scene.asked(onward), scene.t), onward, scene.person)
        if last:
            await self._submit(replace(scene, talk=onward))
        return True

    async def _go_back(self, scene: _Scene, click: Click | None = None) -> ClickReply | None:
        back = scene.talk.at(scene.talk.step - 1)
        word = Message(scene.t("mattermost.conversation.went_back"))
        async with self._desk.database.transaction() as session:
            if not await state.move(session, scene.talk.prompt_key, back, self._desk.now()):
                return None
            if click is None:
                await self._edit(session, scene.talk.prompt_key, word, scene.person)
            await self._ask(session, prompt(scene.asked(back), scene.t), back, scene.person)
        return ClickReply(update=word)

    async def _cancel(self, scene: _Scene, click: Click | None = None) -> ClickReply | None:
        word = Message(scene.t("mattermost.conversation.cancelled", title=scene.form.title))
        async with self._desk.database.transaction() as session:
            if not await state.end(session, scene.talk.person_id, scene.talk.prompt_key):
                return None
            if click is None:
                await self._edit(session, scene.talk.prompt_key, word, scene.person)
        return ClickReply(update=word)

    async def _ask_again(
        self, scene: _Scene, error: PersonError | None, *, notice: str = "", step: int | None = None
    ) -> None:
        """The same question (or the one of `step`) once more, with what was wrong."""
        again = scene.talk.at(scene.talk.step if step is None else step)
        plain = prompt(scene.asked(), scene.t).without_actions()
        asking = prompt(scene.asked(again), scene.t, notice=notice, error=error)
        async with self._desk.database.transaction() as session:
            if not await state.move(session, scene.talk.prompt_key, again, self._desk.now()):
                return
            if not scene.talk.sending:
                await self._edit(session, scene.talk.prompt_key, plain, scene.person)
            await self._ask(session, asking, again, scene.person)

    # The end

    async def _submit(self, scene: _Scene) -> None:
        """Hand the answers in without letting a click wait for what may take long."""
        await self._deadline.run(self._hand_in(scene), 0, _nothing_more)

    async def _hand_in(self, scene: _Scene) -> None:
        try:
            errors, message = await self._outcome(scene)
        except Exception as error:
            said = explain(error, scene.t, f"form {scene.talk.form_id}")
            await self._ask_again(scene, None, notice=said, step=len(scene.form.fields))
            return
        if errors:
            await self._return(scene, errors)
            return
        async with self._desk.database.transaction() as session:
            await self._close(session, scene)
            if message is not None:
                await outgoing.direct(
                    session,
                    key=f"{scene.talk.prompt_key}:outcome",
                    person=scene.person,
                    rendered=self._desk.render(message, scene.person),
                    now=self._desk.now(),
                )

    async def _close(self, session: AsyncSession, scene: _Scene) -> None:
        """The form is handed in. Its review may have been asked meanwhile, when this took very long."""
        talk = await state.current(session, scene.talk.person_id)
        if talk is None or talk.root != scene.talk.root:
            return
        await state.end(session, talk.person_id, talk.prompt_key)
        if not talk.sending:
            done = Message(scene.t("mattermost.conversation.done_meanwhile"))
            await self._edit(session, talk.prompt_key, done, scene.person)

    async def _outcome(self, scene: _Scene) -> tuple[Mapping[str, PersonError], Message | None]:
        handler = self._desk.chat.find_form(scene.talk.form_id)
        if handler is None:
            raise PersonError("mattermost.form.gone")
        raw = {**scene.talk.answers, **scene.talk.secrets(self._desk.vault)}
        checked = validate(scene.form, raw, today=scene.today)
        if isinstance(checked, FieldErrors):
            return checked.errors, None
        now = self._desk.now()
        submit = FormSubmit(scene.person, scene.t, scene.talk.record, checked.values, now)
        outcome = await handler.submit(submit)
        return outcome.errors, outcome.message

    async def _return(self, scene: _Scene, errors: Mapping[str, PersonError]) -> None:
        """Ask again for the first answer that was not accepted; for the form as a whole, at its review."""
        for step, field in enumerate(scene.form.fields):
            if field.name in errors:
                await self._ask_again(scene, errors[field.name], step=step)
                return
        await self._ask_again(scene, next(iter(errors.values())), step=len(scene.form.fields))

    def _is_over(self, talk: Talk) -> bool:
        return talk.updated_at + EXPIRES_AFTER <= self._desk.now()

    async def _expire(self, talk: Talk, person: Person) -> None:
        word = Message(self._desk.translator(person)("mattermost.conversation.expired"))
        async with self._desk.database.transaction() as session:
            if await state.end(session, talk.person_id, talk.prompt_key):
                await self._edit(session, talk.prompt_key, word, person)

    async def _recover(self, talk: Talk, person: Person) -> None:
        """A submission whose process died: nobody knows what came of it, so the person decides."""
        try:
            scene = await self._scene(talk, person)
        except PersonError as error:
            _log.warning("mattermost_conversation_lost", form=talk.form_id, reason=str(error))
            await self._expire(talk, person)
            return
        notice = scene.t("mattermost.conversation.interrupted")
        await self._ask_again(scene, None, notice=notice, step=len(scene.form.fields))

    # Helpers

    async def _scene(self, talk: Talk, person: Person) -> _Scene:
        form = await build_form(self._desk, talk.form_id, talk.record, person)
        talk = replace(talk, step=min(talk.step, len(form.fields)))
        today = self._desk.now().astimezone(person.zone).date()
        return _Scene(talk, form, person, self._desk.translator(person), today)

    async def _name_of(self, field: Field, value: Value) -> str:
        """How a chosen person or channel is called; their ids mean nothing to anybody."""
        if not isinstance(value, str) or not value:
            return ""
        try:
            if field.kind is FieldKind.PERSON:
                return f"@{(await self._desk.profiles.person(value)).username}"
            if field.kind is FieldKind.CHANNEL:
                return (await self._desk.server.channel(value)).display_name
        except PeerError:
            _log.info("mattermost_name_unknown", field=field.name)
        return ""

    async def _ask(self, session: AsyncSession, asking: Message, talk: Talk, person: Person) -> None:
        await outgoing.direct(
            session,
            key=talk.prompt_key,
            person=person,
            rendered=self._desk.render(asking, person),
            now=self._desk.now(),
        )

    async def _edit(self, session: AsyncSession, prompt_key: str, message: Message, person: Person) -> None:
        await outgoing.edit(
            session,
            key=f"{prompt_key}:settled",
            message_key=prompt_key,
            rendered=self._desk.render(message, person),
            now=self._desk.now(),
        )

    async def _say(self, scene: _Scene, text: Markdown) -> None:
        async with self._desk.database.transaction() as session:
            await outgoing.direct(
                session,
                key=f"{scene.talk.prompt_key}:word:{scene.talk.last_post}",
                person=scene.person,
                rendered=self._desk.render(Message(text), scene.person),
                now=self._desk.now(),
            )


def _stale(click: Click) -> ClickReply:
    return ClickReply(ephemeral=click.t("mattermost.conversation.stale"))


async def _nothing_more(_done: None) -> None:
    """The outcome has been said by the submission itself."""
