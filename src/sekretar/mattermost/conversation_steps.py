"""How a conversation goes on: the next question, the one before, once more, the end.

Each step is one transaction that moves the state, rewrites the answered prompt and puts the next question into
the outbox. A step that finds its prompt answered already does nothing and says so by its result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.errors import PeerError, PersonError
from sekretar.kernel.forms import Field, FieldErrors, FieldKind, Form, validate
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown
from sekretar.mattermost import conversation_state as state
from sekretar.mattermost import outgoing
from sekretar.mattermost.chat import (
    Click,
    ClickReply,
    FormSubmit,
)
from sekretar.mattermost.conversation_state import Talk
from sekretar.mattermost.deadline import Deadline
from sekretar.mattermost.desk import Desk, build_form
from sekretar.mattermost.messages import Message
from sekretar.mattermost.questions import (
    Asked,
    Value,
    prompt,
    settled,
)
from sekretar.mattermost.troubles import explain

_log = structlog.get_logger(__name__)

#: A conversation in which nothing happens for so long is over.
EXPIRES_AFTER = timedelta(hours=24)


@dataclass(frozen=True)
class Scene:
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


class Steps:
    """Moves conversations."""

    def __init__(self, desk: Desk, deadline: Deadline) -> None:
        self._desk = desk
        self._deadline = deadline

    async def take(
        self, scene: Scene, field: Field, value: Value, click: Click | None = None
    ) -> ClickReply | None:
        """An answer that passed: keep it and go on. None when somebody else was quicker."""
        sentence = settled(field, value, scene.t, await self._name_of(field, value))
        talk = scene.talk.with_answer(field.name, value)
        if not await self.advance(scene, talk, sentence, clicked=click is not None):
            return None
        return ClickReply(update=sentence)

    async def advance(self, scene: Scene, talk: Talk, sentence: Message, *, clicked: bool = False) -> bool:
        step = talk.step + 1
        last = step == len(scene.form.fields)
        onward = talk.at(step, sending=last)
        async with self._desk.database.transaction() as session:
            if not await state.move(session, scene.talk.prompt_key, onward, self._desk.now()):
                return False
            if not clicked:
                await self.edit(session, scene.talk.prompt_key, sentence, scene.person)
            if not last:
                await self.ask(session, prompt(scene.asked(onward), scene.t), onward, scene.person)
        if last:
            await self.submit(replace(scene, talk=onward))
        return True

    async def go_back(self, scene: Scene, click: Click | None = None) -> ClickReply | None:
        back = scene.talk.at(scene.talk.step - 1)
        word = Message(scene.t("mattermost.conversation.went_back"))
        async with self._desk.database.transaction() as session:
            if not await state.move(session, scene.talk.prompt_key, back, self._desk.now()):
                return None
            if click is None:
                await self.edit(session, scene.talk.prompt_key, word, scene.person)
            await self.ask(session, prompt(scene.asked(back), scene.t), back, scene.person)
        return ClickReply(update=word)

    async def cancel(self, scene: Scene, click: Click | None = None) -> ClickReply | None:
        word = Message(scene.t("mattermost.conversation.cancelled", title=scene.form.title))
        async with self._desk.database.transaction() as session:
            if not await state.end(session, scene.talk.person_id, scene.talk.prompt_key):
                return None
            if click is None:
                await self.edit(session, scene.talk.prompt_key, word, scene.person)
        return ClickReply(update=word)

    async def ask_again(
        self, scene: Scene, error: PersonError | None, *, notice: str = "", step: int | None = None
    ) -> None:
        """The same question (or the one of `step`) once more, with what was wrong."""
        again = scene.talk.at(scene.talk.step if step is None else step)
        plain = prompt(scene.asked(), scene.t).without_actions()
        asking = prompt(scene.asked(again), scene.t, notice=notice, error=error)
        async with self._desk.database.transaction() as session:
            if not await state.move(session, scene.talk.prompt_key, again, self._desk.now()):
                return
            if not scene.talk.sending:
                await self.edit(session, scene.talk.prompt_key, plain, scene.person)
            await self.ask(session, asking, again, scene.person)

    # The end

    async def submit(self, scene: Scene) -> None:
        """Hand the answers in without letting a click wait for what may take long."""
        await self._deadline.run(self._hand_in(scene), 0, _nothing_more)

    async def _hand_in(self, scene: Scene) -> None:
        try:
            errors, message = await self._outcome(scene)
        except Exception as error:
            said = explain(error, scene.t, f"form {scene.talk.form_id}")
            await self.ask_again(scene, None, notice=said, step=len(scene.form.fields))
            return
        if errors:
            await self._return(scene, errors)
            return
        async with self._desk.database.transaction() as session:
            await self._close(session, scene)
            if message is not None:
                await self._desk.tell(session, f"{scene.talk.prompt_key}:outcome", scene.person, message)

    async def _close(self, session: AsyncSession, scene: Scene) -> None:
        """The form is handed in. Its review may have been asked meanwhile, when this took very long."""
        talk = await state.current(session, scene.talk.person_id)
        if talk is None or talk.root != scene.talk.root:
            return
        await state.end(session, talk.person_id, talk.prompt_key)
        if not talk.sending:
            done = Message(scene.t("mattermost.conversation.done_meanwhile"))
            await self.edit(session, talk.prompt_key, done, scene.person)

    async def _outcome(self, scene: Scene) -> tuple[Mapping[str, PersonError], Message | None]:
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

    async def _return(self, scene: Scene, errors: Mapping[str, PersonError]) -> None:
        """Ask again for the first answer that was not accepted; for the form as a whole, at its review."""
        for step, field in enumerate(scene.form.fields):
            if field.name in errors:
                await self.ask_again(scene, errors[field.name], step=step)
                return
        await self.ask_again(scene, next(iter(errors.values())), step=len(scene.form.fields))

    def is_over(self, talk: Talk) -> bool:
        return talk.updated_at + EXPIRES_AFTER <= self._desk.now()

    async def expire(self, talk: Talk, person: Person) -> None:
        word = Message(self._desk.translator(person)("mattermost.conversation.expired"))
        async with self._desk.database.transaction() as session:
            if await state.end(session, talk.person_id, talk.prompt_key):
                await self.edit(session, talk.prompt_key, word, person)

    async def recover(self, talk: Talk, person: Person) -> None:
        """A submission whose process died: nobody knows what came of it, so the person decides."""
        try:
            scene = await self.scene(talk, person)
        except PersonError as error:
            _log.warning("mattermost_conversation_lost", form=talk.form_id, reason=str(error))
            await self.expire(talk, person)
            return
        notice = scene.t("mattermost.conversation.interrupted")
        await self.ask_again(scene, None, notice=notice, step=len(scene.form.fields))

    async def scene(self, talk: Talk, person: Person) -> Scene:
        form = await build_form(self._desk, talk.form_id, talk.record, person)
        talk = replace(talk, step=min(talk.step, len(form.fields)))
        today = self._desk.now().astimezone(person.zone).date()
        return Scene(talk, form, person, self._desk.translator(person), today)

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

    async def ask(self, session: AsyncSession, asking: Message, talk: Talk, person: Person) -> None:
        await self._desk.tell(session, talk.prompt_key, person, asking)

    async def edit(self, session: AsyncSession, prompt_key: str, message: Message, person: Person) -> None:
        await outgoing.edit(
            session,
            key=f"{prompt_key}:settled",
            message_key=prompt_key,
            rendered=self._desk.render(message, person),
            now=self._desk.now(),
        )

    async def say(self, scene: Scene, text: Markdown) -> None:
        async with self._desk.database.transaction() as session:
            await self._desk.tell(
                session, f"{scene.talk.prompt_key}:word:{scene.talk.last_post}", scene.person, Message(text)
            )


async def _nothing_more(_done: None) -> None:
    """The outcome has been said by the submission itself."""
