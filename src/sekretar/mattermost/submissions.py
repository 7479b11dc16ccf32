"""A submitted dialog from request to answer.

The dialog's state went through the client, and any client can submit anything: the claim in the state says
whose form this is and what about; the answers are checked as if nobody had checked them before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sekretar.kernel.errors import PersonError
from sekretar.kernel.forms import FieldErrors, validate
from sekretar.kernel.people import Person
from sekretar.kernel.signing import Claim, Expired, Forged
from sekretar.kernel.text import Markdown
from sekretar.mattermost.chat import Click, ClickReply, FormSubmit, OpenForm
from sekretar.mattermost.deadline import Deadline
from sekretar.mattermost.desk import Desk, build_form
from sekretar.mattermost.dialogs import readable, refusal
from sekretar.mattermost.messages import Attachment, Button, Colour, Message
from sekretar.mattermost.once import Once
from sekretar.mattermost.opening import CHANNEL, dialog_kind
from sekretar.mattermost.requests import DialogCall
from sekretar.mattermost.security import NotAccepted, Watch
from sekretar.mattermost.troubles import explain_plainly

#: The dialog shows that it is waiting, and only while it is open can it show errors at their fields. The server
#: waits 30 seconds.
ANSWER_WITHIN = 20.0
#: Opens a form again; the form's id stands in the record under `_form`.
AGAIN = "forms.again"
FORM = "_form"

Errors = Mapping[str, PersonError]


class Submissions:
    """Answers submitted dialogs."""

    def __init__(
        self, desk: Desk, deadline: Deadline, watch: Watch, answer_within: float = ANSWER_WITHIN
    ) -> None:
        self._desk = desk
        self._deadline = deadline
        self._watch = watch
        self._once = Once(desk.database, desk.clock)
        self._answer_within = answer_within

    def register(self) -> None:
        """Hang the button that opens a form again into the chat."""
        self._desk.chat.action(AGAIN, self._again)

    async def answer(self, call: DialogCall) -> dict[str, Any]:
        """The body of the answer: empty to close the dialog, or the errors that keep it open.

        Raises:
            NotAccepted: the state was not sealed by us for this form, or the answers are not this form's.
        """
        claim, expired = self._opened(call)
        if call.cancelled:
            return {}
        person: Person | None = None
        try:
            person = await self._desk.known(call.user_id)
            if claim.person != person.id:
                self._watch.note("foreign_dialog", form=call.form_id, user_id=call.user_id)
                raise PersonError("mattermost.form.not_yours")
            if expired:
                raise PersonError("mattermost.form.expired")
            return await self._submit(call, claim, person)
        except NotAccepted:
            raise
        except Exception as error:
            t = self._desk.translator(person)
            return {"error": explain_plainly(error, t, f"form {call.form_id}")}

    def _opened(self, call: DialogCall) -> tuple[Claim, bool]:
        try:
            return self._desk.signer.open(call.state, dialog_kind(call.form_id), self._desk.now()), False
        except Expired as expired:
            return expired.claim, True
        except Forged:
            self._watch.note("forged_dialog", form=call.form_id, user_id=call.user_id)
            raise NotAccepted(401) from None

    async def _submit(self, call: DialogCall, claim: Claim, person: Person) -> dict[str, Any]:
        t, now = self._desk.translator(person), self._desk.now()
        record = {name: value for name, value in claim.record.items() if name != CHANNEL}
        form = await build_form(self._desk, call.form_id, record, person)
        answers = readable(call.submission, form)
        if answers is None:
            self._watch.note("odd_dialog", form=call.form_id, user_id=call.user_id)
            raise NotAccepted(400)
        checked = validate(form, answers, today=now.astimezone(person.zone).date())
        if isinstance(checked, FieldErrors):
            return refusal(checked.errors, t)
        if not await self._once.take(claim):
            raise PersonError("mattermost.form.already_sent")
        submit = FormSubmit(person, t, record, checked.values, now)

        async def follow(errors: Errors) -> None:
            await self._follow(submit, call.form_id, claim, errors)

        work = self._handled(submit, call.form_id, claim)
        errors = await self._deadline.run(work, self._answer_within, follow)
        if errors is None:
            await self._tell(person, f"form:{claim.nonce}:moment", Message(t("mattermost.form.moment")))
            return {}
        return refusal(errors, t)

    async def _handled(self, submit: FormSubmit, form_id: str, claim: Claim) -> Errors:
        """Run the feature's handler; what it has to say is said, what it refuses is returned."""
        handler = self._desk.chat.find_form(form_id)
        if handler is None:
            raise PersonError("mattermost.form.gone")
        try:
            outcome = await handler.submit(submit)
        except PersonError as error:
            await self._once.give_back(claim)
            return {"": error}
        except Exception as error:
            await self._once.give_back(claim)
            return {"": _Told(explain_plainly(error, submit.t, f"form {form_id}"))}
        if outcome.errors:
            await self._once.give_back(claim)
            return outcome.errors
        if outcome.message is not None:
            await self._tell(submit.person, f"form:{claim.nonce}:outcome", outcome.message)
        return {}

    async def _follow(self, submit: FormSubmit, form_id: str, claim: Claim, errors: Errors) -> None:
        """The dialog is closed by now: the errors are said in direct messages, with the way back."""
        if not errors:
            return
        t = submit.t
        lines = [t("mattermost.form.failed_later"), *(t.error(error) for error in errors.values())]
        again = Button(t.plain("mattermost.form.again"), AGAIN, {**submit.record, FORM: form_id}, "primary")
        message = Message(Markdown("\n").join(lines), (Attachment(color=Colour.RED, actions=(again,)),))
        await self._tell(submit.person, f"form:{claim.nonce}:{len(errors)}", message)

    async def _again(self, click: Click) -> ClickReply:
        record = {name: value for name, value in click.record.items() if name != FORM}
        return ClickReply(form=OpenForm(str(click.record.get(FORM, "")), record))

    async def _tell(self, person: Person, key: str, message: Message) -> None:
        async with self._desk.database.transaction() as session:
            await self._desk.tell(session, key, person, message)


class _Told(PersonError):
    """A failure that has been put into words already."""

    def __init__(self, text: str) -> None:
        super().__init__("mattermost.trouble.told", text=text)
