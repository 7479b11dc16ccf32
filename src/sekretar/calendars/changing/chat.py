"""Moving, changing and cancelling in the chat: from the details of a meeting, by a form or a question."""

from __future__ import annotations

from dataclasses import dataclass

from sekretar.calendars.booking import people_search
from sekretar.calendars.booking.draft import Guests
from sekretar.calendars.changing import wording as words
from sekretar.calendars.changing.carrying import Target
from sekretar.calendars.changing.changing import Changing, edit_in, is_empty, span_in
from sekretar.calendars.changing.wording import (
    CANCEL,
    CANCEL_NOW,
    EDIT,
    EDIT_FORM,
    KEEP,
    MOVE,
    MOVE_FORM,
    reach_in,
)
from sekretar.calendars.editing import Edit
from sekretar.calendars.views.agenda import Meeting
from sekretar.kernel.errors import PersonError
from sekretar.kernel.forms import Form
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown
from sekretar.mattermost.chat import (
    Chat,
    Click,
    ClickReply,
    FormHandler,
    FormOutcome,
    FormRequest,
    FormSubmit,
    OpenForm,
    Record,
)


@dataclass(frozen=True)
class ChangingChat:
    """Buttons and forms."""

    changing: Changing

    def register(self, chat: Chat) -> None:
        """Hang them into the chat."""
        chat.action(MOVE, self.move_clicked)
        chat.action(EDIT, self.edit_clicked)
        chat.action(CANCEL, self.cancel_clicked)
        chat.action(CANCEL_NOW, self.cancel_confirmed)
        chat.action(KEEP, self.cancel_refused)
        chat.form(MOVE_FORM, FormHandler(self.move_form, self.moved))
        chat.form(EDIT_FORM, FormHandler(self.edit_form, self.edited))

    # --- moving

    async def move_clicked(self, click: Click) -> ClickReply:
        return ClickReply(form=await self._opened(click, MOVE_FORM))

    async def move_form(self, request: FormRequest) -> Form:
        target = await self._target(request.person, request.record)
        return words.move_form(target.details, request.person.zone, request.t)

    async def moved(self, submit: FormSubmit) -> FormOutcome:
        target = await self._as_opened(submit)
        meeting, zone = target.details.meeting, submit.person.zone
        try:
            span = span_in(submit.values, meeting, zone)
        except PersonError as error:
            return FormOutcome(errors={"day": error})
        if span is None:
            return FormOutcome(errors={"": PersonError("calendars.own.same_time")})
        await self.changing.change(target, Edit(span=span), reach_in(submit.values.get("reach")))
        shown = words.at(meeting, span, zone)
        return FormOutcome(words.moved(shown, zone, submit.t, submit.now))

    # --- changing

    async def edit_clicked(self, click: Click) -> ClickReply:
        return ClickReply(form=await self._opened(click, EDIT_FORM))

    async def edit_form(self, request: FormRequest) -> Form:
        target = await self._target(request.person, request.record)
        return words.edit_form(target.details, target.account.addresses, request.t)

    async def edited(self, submit: FormSubmit) -> FormOutcome:
        target = await self._as_opened(submit)
        desk, person = self.changing.carrying.desk, submit.person
        try:
            names = people_search.named(str(submit.values.get("guests", "")))
            guests = await people_search.find(desk, names, person)
        except PersonError as error:
            return FormOutcome(errors={"guests": error})
        edit = edit_in(submit.values, target, guests)
        if is_empty(edit):
            problem = "calendars.own.same" if not _missed(guests, submit.t) else "calendars.own.nobody_new"
            return FormOutcome(errors={"": PersonError(problem)})
        await self.changing.change(target, edit, reach_in(submit.values.get("reach")))
        shown = words.after(target.details.meeting, edit)
        notes = _missed(guests, submit.t)
        return FormOutcome(words.edited(shown, person.zone, submit.t, submit.now, *notes))

    # --- cancelling

    async def cancel_clicked(self, click: Click) -> ClickReply:
        target = await self._target(click.person, click.record)
        return ClickReply(ephemeral=words.sure(target.details, click.person.zone, click.t, click.now))

    async def cancel_confirmed(self, click: Click) -> ClickReply:
        target = await self._target(click.person, click.record)
        reach = reach_in(click.record.get("reach"))
        await self.changing.cancel(target, reach)
        meeting: Meeting = target.details.meeting
        return ClickReply(update=words.cancelled(meeting, reach, click.person.zone, click.t, click.now))

    async def cancel_refused(self, click: Click) -> ClickReply:
        target = await self._target(click.person, click.record)
        return ClickReply(update=words.kept(target.details.meeting, click.person.zone, click.t, click.now))

    async def _opened(self, click: Click, form_id: str) -> OpenForm:
        """A form that knows what it was filled in with."""
        meeting = (await self._target(click.person, click.record)).details.meeting
        return OpenForm(form_id, {**click.record, "seen": words.looked_like(meeting)})

    async def _as_opened(self, submit: FormSubmit) -> Target:
        """The meeting of a form. What is left as it was filled in must not undo what others have done since.

        Raises:
            PersonError: the meeting is not what it was when the form was opened.
        """
        target = await self._target(submit.person, submit.record)
        if words.looked_like(target.details.meeting) != submit.record.get("seen"):
            raise PersonError("calendars.carrying.changed")
        return target

    async def _target(self, person: Person, record: Record) -> Target:
        return await self.changing.target(person, record.get("meeting"))


def _missed(guests: Guests, t: Translator) -> list[Markdown]:
    """Who could not be invited."""
    found = (("calendars.booking.unknown", guests.unknown), ("calendars.booking.hidden", guests.hidden))
    return [t(key, names=", ".join(names)) for key, names in found if names]
