"""`/task show`: one ticket with everything that can be done to it by a click.

A card is read and changed through the eyes of whoever looks at it, and stands only where they alone read it.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime

from sekretar.kernel.errors import PeerInvalid, PeerNotFound, PersonError
from sekretar.kernel.forms import Form
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.kernel.signing import JsonScalar
from sekretar.kernel.text import Markdown
from sekretar.mattermost import outgoing, sent
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
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.messages import Attachment, Button, Message
from sekretar.mattermost.models import User
from sekretar.tickets.accounts.identities import Identities
from sekretar.tickets.accounts.matching import alike
from sekretar.tickets.acting import acts, card, forms
from sekretar.tickets.acting.acts import Done, Needed
from sekretar.tickets.asking import asking
from sekretar.tickets.defaults import Where, default_for
from sekretar.tickets.lists.which import which
from sekretar.tickets.lists.wording import OPEN
from sekretar.trackers.port import Tracker
from sekretar.trackers.values import Member, TicketRef

#: Shows a ticket; the record names it whole.
SHOW = "tickets.show"

Act = Callable[[Tracker, TicketRef], Awaitable[Done]]


@dataclass(frozen=True)
class ActingChat:
    """The command, the buttons and the forms of one ticket."""

    desk: Desk
    identities: Identities

    def register(self, chat: Chat) -> None:
        """Hang everything into the chat."""
        chat.command(
            Subcommand(
                "task",
                "show",
                "tickets.help.show",
                self.show,
                "tickets.usage.show",
                aliases=("показать", "покажи", "open"),
            )
        )
        chat.action(SHOW, self.show_clicked)
        chat.action(OPEN, self.open_chosen)
        chat.action(card.TAKE, self.take_clicked)
        chat.action(card.ASSIGN, self.assign_chosen)
        chat.action(card.STEP, self.step_chosen)
        for action, form_id in (
            (card.COMMENT, forms.COMMENT_FORM),
            (card.LOG_TIME, forms.TIME_FORM),
            (card.SET_DUE, forms.DUE_FORM),
        ):
            chat.action(action, _opens(form_id))
        chat.form(forms.COMMENT_FORM, FormHandler(self.comment_form, self.comment_submitted))
        chat.form(forms.TIME_FORM, FormHandler(self.time_form, self.time_submitted))
        chat.form(forms.DUE_FORM, FormHandler(self.due_form, self.due_submitted))
        chat.form(forms.STEP_FORM, FormHandler(self.step_form, self.step_submitted))

    # --- looking

    async def show(self, request: CommandRequest) -> Reply:
        if not request.args.rest:
            raise PersonError("tickets.show.which")
        where = Where(request.person.id, request.channel_id, request.team_id)
        async with self.desk.database.reading() as session:
            default = await default_for(session, where, self.identities.sites)
        found = which(request.args.rest, self.identities.sites, default.tracker if default else None)
        if len(found) > 1:
            return Reply(_which(found, request.t))
        return Reply(await self._card(request.person, found[0], request.t, request.now))

    async def show_clicked(self, click: Click) -> ClickReply:
        return ClickReply(ephemeral=await self._card(click.person, _ref(click.record), click.t, click.now))

    async def open_chosen(self, click: Click) -> ClickReply:
        ref = TicketRef(str(click.record.get("tracker", "")), click.selected)
        return ClickReply(ephemeral=await self._card(click.person, ref, click.t, click.now))

    async def _card(
        self, person: Person, ref: TicketRef, t: Translator, now: datetime, done: Done | None = None
    ) -> Message:
        async with asking(self.identities, person.id, ref.tracker, now) as eyes:
            details, steps = await acts.look(eyes, ref)
        member = await self.identities.member(person.id, ref.tracker)
        site, parent = self.identities.site(ref.tracker), details.ticket.parent
        others = [*(each.other for each in details.relations), *([parent] if parent else [])]
        pages = {other: site.addresses.ticket(other.key) for other in others}
        shown = card.Shown(details, steps, member.id if member else "", pages)
        note = card.note(done, details.ticket, t) if done else ""
        return card.card(shown, t, person.zone, now.astimezone(person.zone).date(), note)

    async def _afterwards(
        self, person: Person, ref: TicketRef, t: Translator, now: datetime, done: Done
    ) -> Message:
        """The ticket as it is now. What was done stays done, and is said, when it cannot be read."""
        try:
            return await self._card(person, ref, t, now, done)
        except PersonError as error:
            return Message(Markdown("\n").join([t.error(done.remark.as_error()), t.error(error)]))

    # --- clicks that act at once

    async def take_clicked(self, click: Click) -> ClickReply:
        ref = _ref(click.record)
        me = await self.identities.member(click.person.id, ref.tracker)

        async def take(eyes: Tracker, ref: TicketRef) -> Done:
            # Without a stored name the way in is told by `asking` already.
            member = me or (await eyes.me()).member
            return await acts.assign(eyes, ref, member, _seen(click.record, "assignee"))

        return await self._act(click, ref, take)

    async def assign_chosen(self, click: Click) -> ClickReply:
        ref = _ref(click.record)
        person, user = await self._chosen(click.selected)
        known = await self.identities.member(person.id, ref.tracker)

        async def give(eyes: Tracker, ref: TicketRef) -> Done:
            member = known or await _alike(eyes, user, str(click.record.get("project", "")))
            if member is None:
                raise PersonError(
                    "tickets.acting.unlinked_person", name=person.display_name, tracker=ref.tracker
                )
            return await acts.assign(eyes, ref, member, _seen(click.record, "assignee"))

        return await self._act(click, ref, give)

    async def _chosen(self, user_id: str) -> tuple[Person, User]:
        try:
            return await self.desk.profiles.person(user_id), await self.desk.server.user(user_id)
        except (PeerNotFound, PeerInvalid):
            raise PersonError("tickets.acting.nobody") from None

    async def step_chosen(self, click: Click) -> ClickReply:
        ref = _ref(click.record)
        async with asking(self.identities, click.person.id, ref.tracker, click.now) as eyes:
            outcome = await acts.step(eyes, ref, click.selected)
        if isinstance(outcome, Needed):
            wanted = {"step": click.selected, "fields": ",".join(sorted(outcome.fields))}
            return ClickReply(form=OpenForm(forms.STEP_FORM, {**_from(click), **wanted}))
        return await self._replied(click, ref, outcome)

    async def _act(self, click: Click, ref: TicketRef, act: Act) -> ClickReply:
        async with asking(self.identities, click.person.id, ref.tracker, click.now) as eyes:
            done = await act(eyes, ref)
        return await self._replied(click, ref, done)

    async def _replied(self, click: Click, ref: TicketRef, done: Done) -> ClickReply:
        shown = await self._afterwards(click.person, ref, click.t, click.now, done)
        return ClickReply(update=shown) if _is_own(click) else ClickReply(ephemeral=shown)

    # --- clicks that ask first

    async def comment_form(self, request: FormRequest) -> Form:
        return forms.comment_form(_ref(request.record).key, request.t)

    async def comment_submitted(self, submit: FormSubmit) -> FormOutcome:
        text = str(submit.values["text"])
        return await self._submitted(submit, lambda eyes, ref: acts.comment(eyes, ref, text))

    async def time_form(self, request: FormRequest) -> Form:
        ref, today = _ref(request.record), request.now.astimezone(request.person.zone).date()
        project = str(request.record.get("project", ""))
        async with asking(self.identities, request.person.id, ref.tracker, request.now) as eyes:
            return await forms.time_form(eyes, ref.key, project, request.t, today)

    async def time_submitted(self, submit: FormSubmit) -> FormOutcome:
        time = forms.time_in(submit.values)
        return await self._submitted(submit, lambda eyes, ref: acts.log_time(eyes, ref, time))

    async def due_form(self, request: FormRequest) -> Form:
        return forms.due_form(_ref(request.record).key, _seen(request.record, "due"), request.t)

    async def due_submitted(self, submit: FormSubmit) -> FormOutcome:
        written, seen = str(submit.values["due"]), _seen(submit.record, "due")
        day = date.fromisoformat(written) if written else None
        return await self._submitted(submit, lambda eyes, ref: acts.set_due(eyes, ref, day, seen))

    async def step_form(self, request: FormRequest) -> Form:
        ref = _ref(request.record)
        async with asking(self.identities, request.person.id, ref.tracker, request.now) as eyes:
            return await forms.step_form(eyes, await eyes.show(ref), _needed(request.record), request.t)

    async def step_submitted(self, submit: FormSubmit) -> FormOutcome:
        step_id, needed = str(submit.record.get("step", "")), _needed(submit.record)

        async def take_step(eyes: Tracker, ref: TicketRef) -> Done:
            known = await forms.own_fields(eyes, await eyes.show(ref), needed)
            comment, values = forms.step_values(submit.values, needed, known)
            outcome = await acts.step(eyes, ref, step_id, comment, values)
            # It wants something else by now: the card offers the step anew, and that asks.
            return acts.CHANGED if isinstance(outcome, Needed) else outcome

        return await self._submitted(submit, take_step)

    async def _submitted(self, submit: FormSubmit, act: Act) -> FormOutcome:
        ref = _ref(submit.record)
        async with asking(self.identities, submit.person.id, ref.tracker, submit.now) as eyes:
            done = await act(eyes, ref)
        shown = await self._afterwards(submit.person, ref, submit.t, submit.now, done)
        return await self._show_in(str(submit.record.get("post", "")), shown, submit)

    async def _show_in(self, post_id: str, shown: Message, submit: FormSubmit) -> FormOutcome:
        """In place of the card that the form was opened from; where that cannot be edited, as a new message."""
        async with self.desk.database.transaction() as session:
            former = await sent.by_post(session, post_id) if post_id else None
            if former is None:
                return FormOutcome(shown)
            await outgoing.edit(
                session,
                key=f"tickets:card:{secrets.token_hex(8)}",
                message_key=former.key,
                rendered=self.desk.render(shown, submit.person),
                now=submit.now,
            )
        return FormOutcome()


def _opens(form_id: str) -> Callable[[Click], Awaitable[ClickReply]]:
    async def clicked(click: Click) -> ClickReply:
        return ClickReply(form=OpenForm(form_id, _from(click)))

    return clicked


def _from(click: Click) -> dict[str, JsonScalar]:
    """What a form needs to know of the card it is opened from."""
    return {**click.record, "post": click.post_id if _is_own(click) else ""}


def _is_own(click: Click) -> bool:
    """Whether the post is the clicker's alone: what stands in a channel must not show what one person sees."""
    return click.claim.person == click.person.id


def _ref(record: Record) -> TicketRef:
    return TicketRef(str(record.get("tracker", "")), str(record.get("key", "")))


def _seen(record: Record, name: str) -> str:
    return str(record.get(name, ""))


def _needed(record: Record) -> list[str]:
    return [each for each in str(record.get("fields", "")).split(",") if each]


async def _alike(eyes: Tracker, user: User, project: str) -> Member | None:
    return alike(user, await eyes.assignable(project))


def _which(found: tuple[TicketRef, ...], t: Translator) -> Message:
    buttons = [Button(ref.tracker, SHOW, {"tracker": ref.tracker, "key": ref.key}) for ref in found]
    rows = [Attachment(actions=tuple(buttons[at : at + 5])) for at in range(0, len(buttons), 5)]
    return Message(t("tickets.tracker.which"), tuple(rows))
