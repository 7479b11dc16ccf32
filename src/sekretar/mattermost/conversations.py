"""A form asked step by step in direct messages, for phones and for people who like it.

One question at a time, each with its ways out. All state is in the database and every question goes through the
outbox, so that a restart is not noticed. An answered question turns into a sentence of the answer; a wrong
answer is asked again and costs nothing that was given before. Passwords are never taken from a message: a
button opens a dialog for that one field.

Two processes, or two quick clicks, meet at the prompt's key: whoever comes second is told that the question has
been answered.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sekretar.kernel.errors import PeerInvalid, PeerNotFound, PersonError
from sekretar.kernel.forms import Field, FieldKind, Form, check_field
from sekretar.kernel.people import Person
from sekretar.mattermost import conversation_state as state
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
from sekretar.mattermost.conversation_steps import Scene, Steps
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
    prompt,
    settled,
)

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


class Conversations:
    """Asks, understands, submits."""

    def __init__(self, desk: Desk, deadline: Deadline) -> None:
        self._desk = desk
        self._steps = Steps(desk, deadline)

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
                await self._steps.edit(
                    session, before.prompt_key, Message(t("mattermost.conversation.given_up")), person
                )
            await state.begin(session, talk)
            asked = Asked(form, 0, {}, talk.prompt_key)
            await self._steps.ask(session, prompt(asked, t, notice=notice), talk, person)

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
        if self._steps.is_over(talk) or self._desk.chat.find_form(talk.form_id) is None:
            await self._steps.expire(talk, post.person)
            return False
        talk = replace(talk, channel_id=post.channel_id, last_post=post.id)
        scene = await self._steps.scene(talk, post.person)
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
            if self._steps.is_over(talk):
                await self._steps.expire(talk, person)
            elif talk.sending:
                await self._steps.recover(talk, person)
        return now + SENDING_AT_MOST

    # Typed answers

    async def _understand(self, scene: Scene, text: str) -> None:
        if scene.talk.sending:
            await self._steps.say(scene, scene.t("mattermost.conversation.sending"))
            return
        act = _WORDS.get(fold(tidied(text)))
        if act is CANCEL:
            await self._steps.cancel(scene)
        elif act is BACK and scene.talk.step > 0:
            await self._steps.go_back(scene)
        elif act is SKIP and scene.field is not None and scene.field.optional:
            await self._steps.take(scene, scene.field, "")
        elif scene.field is None:
            await self._steps.ask_again(scene, None)
        elif scene.field.kind is FieldKind.SECRET:
            await self._steps.ask_again(scene, None, notice=scene.t("mattermost.conversation.secret_typed"))
        else:
            await self._typed(scene, scene.field, text)

    async def _typed(self, scene: Scene, field: Field, text: str) -> None:
        try:
            if field.kind is FieldKind.PERSON:
                text = await self._user_id(text)
            value = check_field(field, text, today=scene.today)
        except PersonError as error:
            await self._steps.ask_again(scene, error)
        else:
            await self._steps.take(scene, field, value)

    async def _user_id(self, text: str) -> str:
        name = tidied(text).removeprefix("@").casefold()
        try:
            return (await self._desk.server.user_by_name(name)).id
        except (PeerNotFound, PeerInvalid):
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
        return await self._steps.take(scene, scene.field, value, click) or _stale(click)

    async def _clicked_skip(self, click: Click) -> ClickReply:
        scene = await self._clicked(click)
        if scene is None or scene.field is None or not scene.field.optional:
            return _stale(click)
        return await self._steps.take(scene, scene.field, "", click) or _stale(click)

    async def _clicked_back(self, click: Click) -> ClickReply:
        scene = await self._clicked(click)
        if scene is None or scene.talk.step == 0:
            return _stale(click)
        return await self._steps.go_back(scene, click) or _stale(click)

    async def _clicked_cancel(self, click: Click) -> ClickReply:
        scene = await self._clicked(click)
        return (await self._steps.cancel(scene, click) if scene else None) or _stale(click)

    async def _clicked_send(self, click: Click) -> ClickReply:
        scene = await self._clicked(click)
        if scene is None or scene.field is not None:
            return _stale(click)
        sending = scene.talk.at(scene.talk.step, sending=True)
        async with self._desk.database.transaction() as session:
            if not await state.move(session, scene.talk.prompt_key, sending, self._desk.now()):
                return _stale(click)
        await self._steps.submit(replace(scene, talk=sending))
        return ClickReply(update=Message(click.t("mattermost.conversation.sent")))

    async def _clicked_enter(self, click: Click) -> ClickReply:
        scene = await self._clicked(click)
        if scene is None or scene.field is None or scene.field.kind is not FieldKind.SECRET:
            return _stale(click)
        record = {"key": scene.talk.prompt_key}
        return ClickReply(form=OpenForm(SECRET_FORM, record, dialog_only=True))

    async def _clicked(self, click: Click) -> Scene | None:
        """The conversation this button belongs to; None when the button is one of an earlier question."""
        talk = await self._standing(click.person, click.record.get("key"))
        return await self._steps.scene(talk, click.person) if talk else None

    async def _standing(self, person: Person, prompt_key: object) -> Talk | None:
        async with self._desk.database.reading() as session:
            talk = await state.current(session, person.id)
        if talk is None or talk.prompt_key != prompt_key or talk.sending:
            return None
        if self._steps.is_over(talk):
            await self._steps.expire(talk, person)
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
        if not await self._steps.advance(scene, talk, settled(field, value, scene.t)):
            raise PersonError("mattermost.conversation.stale")
        return FormOutcome()

    async def _secret_scene(self, person: Person, prompt_key: object) -> tuple[Scene, Field]:
        talk = await self._standing(person, prompt_key)
        scene = await self._steps.scene(talk, person) if talk else None
        if scene is None or scene.field is None or scene.field.kind is not FieldKind.SECRET:
            raise PersonError("mattermost.conversation.stale")
        return scene, scene.field


def _stale(click: Click) -> ClickReply:
    return ClickReply(ephemeral=click.t("mattermost.conversation.stale"))
