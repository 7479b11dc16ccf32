"""`/task new`: one ticket, by a line with a preview or by the tracker's own form, from nothing or from a message."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sekretar.kernel.errors import PersonError
from sekretar.kernel.forms import WHOLE_FORM, Form
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.kernel.signing import JsonScalar
from sekretar.mattermost.chat import (
    Chat,
    Click,
    ClickReply,
    CommandRequest,
    FormHandler,
    FormOutcome,
    FormRequest,
    FormSubmit,
    MenuEntry,
    OpenForm,
    Reply,
    Subcommand,
)
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.messages import Attachment, Button, Message
from sekretar.mattermost.quoting import permalink, post_in
from sekretar.tickets.accounts.identities import Identities
from sekretar.tickets.asking import asking
from sekretar.tickets.batches.planning import Planned
from sekretar.tickets.batches.proposing import Proposing
from sekretar.tickets.batches.store import Intent
from sekretar.tickets.defaults import Where, default_for
from sekretar.tickets.forms import store, wording
from sekretar.tickets.forms.beginning import BATCH, NEW_FORM, POST, WORDS, Beginning, must_be_possible
from sekretar.tickets.forms.fetching import fetch_spec
from sekretar.tickets.forms.making import Errors, Making
from sekretar.tickets.forms.questions import MORE, first_questions, label_of, more_questions
from sekretar.tickets.forms.spec import Answers, Spec
from sekretar.tickets.forms.store import DraftState, TicketDraft
from sekretar.trackers.values import Field

MORE_FORM = "tickets.new.more"


@dataclass(frozen=True)
class FormsChat:
    """The command, the forms and the buttons of one new ticket."""

    desk: Desk
    identities: Identities
    beginning: Beginning
    making: Making
    proposing: Proposing

    def register(self, chat: Chat) -> None:
        """Hang everything into the chat."""
        chat.command(
            Subcommand(
                "task",
                "new",
                "tickets.help.new",
                self.new,
                "tickets.usage.new",
                aliases=("создать", "новая", "add", "create"),
            )
        )
        chat.form(NEW_FORM, FormHandler(self.form, self.submitted))
        chat.form(MORE_FORM, FormHandler(self.more_form, self.more_submitted))
        chat.action(wording.BEGIN, self.begin_clicked)
        chat.action(wording.FILL_IN, self.project_clicked)
        chat.action(wording.CHANGE, self.change_clicked)
        chat.action(wording.FILL_IN_MORE, self.more_clicked)
        chat.action(wording.CREATE, self.create_clicked)
        chat.action(wording.DISCARD, self.discard_clicked)
        chat.menu(MenuEntry("tickets.menu.new", wording.BEGIN, 32, self._linked))

    async def _linked(self, person: Person) -> bool:
        return bool(await self.identities.of(person.id))

    # --- beginning

    async def new(self, request: CommandRequest) -> Reply:
        words, rest = request.args.words, request.args.rest
        if not words:
            return await self._first(request, await self._of_thread(request), "")
        if post_id := post_in(words[0]):
            own = rest.removeprefix(words[0]).strip()
            return await self._first(request, {POST: post_id} | ({WORDS: own} if own else {}), "")
        if len(words) == 1 and words[0].startswith("#") and len(words[0]) > 1:
            return await self._first(request, {}, words[0][1:])
        return await self._line(request)

    async def _of_thread(self, request: CommandRequest) -> dict[str, str]:
        """What the thread is about; nothing where the bot cannot read it, because nobody has asked for it."""
        if not request.root_id:
            return {}
        try:
            await self.beginning.source.quoted(request.person, request.root_id)
        except PersonError:
            return {}
        return {POST: request.root_id}

    async def _first(self, request: CommandRequest, record: dict[str, str], project: str) -> Reply:
        where = Where(request.person.id, request.channel_id, request.team_id)
        shown = await self.beginning.first(request.person, where, record, project, request.t, request.now)
        return Reply(form=shown) if isinstance(shown, OpenForm) else Reply(shown)

    async def begin_clicked(self, click: Click) -> ClickReply:
        shown = await self.beginning.first(
            click.person, Where(click.person.id), click.record, "", click.t, click.now
        )
        return ClickReply(form=shown) if isinstance(shown, OpenForm) else ClickReply(ephemeral=shown)

    async def project_clicked(self, click: Click) -> ClickReply:
        project = click.selected or str(click.record.get("project", ""))
        return ClickReply(form=await self.beginning.open(click.person, click.record, project, click.now))

    async def _line(self, request: CommandRequest) -> Reply:
        """One line, shown as it was understood; the form is a click away, for everything a line cannot say."""
        where = Where(request.person.id, request.channel_id, request.team_id)
        async with self.desk.database.reading() as session:
            default = await default_for(session, where, self.identities.sites)
        if default is None:
            return await self._first(request, {WORDS: request.args.rest}, "")
        origin = permalink(self.beginning.source.chat_url, request.root_id) if request.root_id else ""
        intent = Intent(
            default.tracker, request.args.rest, default.project, request.channel_id, request.root_id, origin
        )
        proposal = await self.proposing.propose(request.person, intent, None, request.t, request.now)
        if len(proposal.rows) != 1:
            return Reply(proposal.message)
        form = _in_form(proposal.number, intent.tracker, proposal.rows[0], request.t)
        return Reply(replace(proposal.message, attachments=(*proposal.message.attachments, form)))

    # --- the form

    async def form(self, request: FormRequest) -> Form:
        draft = await self._draft(request.person, request.record.get("draft"))
        fields = first_questions(draft.asked, draft.answers, request.t)
        return Form(
            NEW_FORM,
            request.t.plain("tickets.new.title"),
            wording.intro(draft, request.t),
            fields,
            request.t.plain("tickets.new.create"),
        )

    async def more_form(self, request: FormRequest) -> Form:
        draft = await self._draft(request.person, request.record.get("draft"))
        fields = more_questions(draft.asked, draft.answers, request.t)
        return Form(
            MORE_FORM,
            request.t.plain("tickets.new.more"),
            wording.intro(draft, request.t),
            fields,
            request.t.plain("tickets.new.create"),
        )

    async def submitted(self, submit: FormSubmit) -> FormOutcome:
        answers = {key: value for key, value in submit.values.items() if key != MORE}
        draft = await self._keep(submit, answers)
        changed = str(answers.get(Field.TYPE, draft.asked.form.type.id))
        if changed != draft.asked.form.type.id:
            draft = await self._of_type(submit, draft, changed)
            if missing := draft.asked.missing(draft.answers):
                return FormOutcome(wording.lacking(draft, missing, submit.t))
        if submit.values.get(MORE) is True:
            return FormOutcome(wording.kept(draft, submit.t))
        return await self._make(submit, draft, draft.asked.first)

    async def more_submitted(self, submit: FormSubmit) -> FormOutcome:
        draft = await self._keep(submit, submit.values)
        return await self._make(submit, draft, draft.asked.more)

    async def _make(self, submit: FormSubmit, draft: TicketDraft, asked: tuple[str, ...]) -> FormOutcome:
        errors = await self.making.make(submit.person, draft.id)
        return FormOutcome(errors=_at_fields(errors, draft.asked, asked, submit.t))

    async def _keep(self, submit: FormSubmit, answers: Answers, spec: Spec | None = None) -> TicketDraft:
        """What was typed is stored before anything is done with it."""
        async with self.desk.database.transaction() as session:
            draft = await store.of_person(
                session, submit.person.id, submit.record.get("draft"), for_update=True
            )
            store.must_be_unfinished(draft)
            store.keep_answers(draft, answers, spec)
            return draft

    async def _of_type(self, submit: FormSubmit, draft: TicketDraft, type_id: str) -> TicketDraft:
        async with asking(self.identities, submit.person.id, draft.tracker, submit.now) as eyes:
            spec = await fetch_spec(eyes, draft.asked.form.project.id, type_id)
        must_be_possible(spec)
        return await self._keep(submit, {}, spec)

    async def _draft(self, person: Person, number: object) -> TicketDraft:
        async with self.desk.database.reading() as session:
            draft = await store.of_person(session, person.id, number)
        store.must_be_unfinished(draft)
        return draft

    # --- what was begun

    async def change_clicked(self, click: Click) -> ClickReply:
        await self._draft(click.person, click.record.get("draft"))
        return ClickReply(form=OpenForm(NEW_FORM, click.record))

    async def more_clicked(self, click: Click) -> ClickReply:
        await self._draft(click.person, click.record.get("draft"))
        return ClickReply(form=OpenForm(MORE_FORM, click.record))

    async def create_clicked(self, click: Click) -> ClickReply:
        draft = await self._draft(click.person, click.record.get("draft"))
        if missing := draft.asked.missing(draft.answers):
            return ClickReply(ephemeral=wording.lacking(draft, missing, click.t))
        errors = await self.making.make(click.person, draft.id)
        if errors:
            return ClickReply(ephemeral=wording.refused(draft, errors, click.t))
        return ClickReply(clear_buttons=True)

    async def discard_clicked(self, click: Click) -> ClickReply:
        async with self.desk.database.transaction() as session:
            draft = await store.of_person(
                session, click.person.id, click.record.get("draft"), for_update=True
            )
            if draft.state != DraftState.DISCARDED:
                store.must_be_unfinished(draft)
            draft.state = DraftState.DISCARDED
        return ClickReply(update=Message(click.t("tickets.new.discarded")))


def _in_form(batch: int, tracker: str, row: Planned, t: Translator) -> Attachment:
    """The way from a line to the form that says everything."""
    record: dict[str, JsonScalar] = {BATCH: batch, "tracker": tracker}
    action = wording.BEGIN
    if row.project is not None and row.project.open:
        action, record = wording.FILL_IN, {**record, "project": row.project.id}
    return Attachment(actions=(Button(t.plain("tickets.new.in_form"), action, record),))


def _at_fields(errors: Errors, spec: Spec, asked: tuple[str, ...], t: Translator) -> Errors:
    """Errors where a person can see them: those of fields that are not in the form stand above it, by name."""
    shown = {key: error for key, error in errors.items() if key in asked}
    others = [
        t.plain_error(error) if key == WHOLE_FORM else f"{label_of(spec, key, t)}: {t.plain_error(error)}"
        for key, error in errors.items()
        if key not in asked
    ]
    if others:
        shown[WHOLE_FORM] = PersonError("tickets.new.said", said="; ".join(others))
    return shown
