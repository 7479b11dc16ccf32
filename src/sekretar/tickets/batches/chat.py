"""`/task list`: several tickets in one message, by a form or right behind the command; a preview, and a click."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from sekretar.kernel.errors import PeerDown, PeerForbidden, PeerNotFound, PersonError
from sekretar.kernel.forms import Choice, Field, FieldKind, Form
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
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
from sekretar.tickets.accounts.identities import Identities
from sekretar.tickets.batches import store, wording
from sekretar.tickets.batches.creating import Creating
from sekretar.tickets.batches.planning import line_of
from sekretar.tickets.batches.proposing import Proposing
from sekretar.tickets.batches.store import BatchState, Intent, RowState, TicketBatch
from sekretar.tickets.defaults import Default, Where, default_for
from sekretar.trackers.port import Tracker

LIST_FORM = "tickets.list"
#: The same with what belongs to the minutes of a meeting.
MINUTES_FORM = "tickets.minutes"
NEW_LIST = "tickets.list.new"

#: A textarea of Mattermost takes no more.
LONGEST_TYPED = 3000
#: Projects in a list of a dialog.
MOST_PROJECTS = 100


@dataclass(frozen=True)
class BatchesChat:
    """The command, the form and the buttons of several tickets at once."""

    desk: Desk
    identities: Identities
    proposing: Proposing
    creating: Creating

    def register(self, chat: Chat) -> None:
        """Hang everything into the chat."""
        chat.command(
            Subcommand(
                "task",
                "list",
                "tickets.help.list",
                self.list,
                "tickets.usage.list",
                aliases=("список", "tasks", "задачи"),
            )
        )
        chat.form(LIST_FORM, FormHandler(self.form, self.submitted))
        chat.action(NEW_LIST, self.new_clicked)
        chat.action(wording.CREATE, self.create_clicked)
        chat.action(wording.AGAIN, self.again_clicked)
        chat.action(wording.EDIT, self.edit_clicked)
        chat.action(wording.CANCEL, self.cancel_clicked)
        chat.menu(MenuEntry("tickets.menu.list", NEW_LIST, 33, self._linked))

    async def _linked(self, person: Person) -> bool:
        return bool(await self.identities.of(person.id))

    # --- asking

    async def list(self, request: CommandRequest) -> Reply:
        where = Where(request.person.id, request.channel_id, request.team_id)
        default = await self.default(where)
        if default is None:
            return Reply(self._which(request.t))
        text, channel_id = _behind_command(request.text), await self._told(request.channel_id)
        if not text:
            record = {"tracker": default.tracker, "project": default.project, "channel": channel_id,
                      "root": request.root_id}  # fmt: skip
            return Reply(form=OpenForm(LIST_FORM, record))
        intent = Intent(default.tracker, text, default.project, channel_id, request.root_id)
        return Reply(await self.propose(request.person, intent, {}, request.t, request.now))

    async def _told(self, channel_id: str) -> str:
        """The channel that hears of the tickets; none in direct messages, where everybody is told already."""
        try:
            channel = await self.desk.server.channel(channel_id) if channel_id else None
        except (PeerForbidden, PeerNotFound):
            return ""  # Nobody can be told anything there.
        return "" if channel is None or channel.is_direct else channel.id

    async def new_clicked(self, click: Click) -> ClickReply:
        tracker = str(click.record.get("tracker", ""))
        if not tracker:
            default = await self.default(Where(click.person.id))
            if default is None:
                return ClickReply(ephemeral=self._which(click.t))
            tracker = default.tracker
        return ClickReply(form=OpenForm(LIST_FORM, {"tracker": tracker, "project": ""}))

    def _which(self, t: Translator) -> Message:
        buttons = tuple(Button(name, NEW_LIST, {"tracker": name}) for name in self.identities.sites)
        rows = tuple(Attachment(actions=buttons[at : at + 5]) for at in range(0, len(buttons), 5))
        return Message(t("tickets.tracker.which"), rows)

    async def default(self, where: Where) -> Default | None:
        async with self.desk.database.reading() as session:
            return await default_for(session, where, self.identities.sites)

    # --- the form

    async def form(self, request: FormRequest) -> Form:
        t, intent = request.t, await self.intent(request.person, request)
        eyes = await self.identities.eyes(request.person.id, intent.tracker)
        tasks = Field(
            "tasks",
            FieldKind.TEXTAREA,
            t.plain("tickets.list.tasks"),
            help=t.plain("tickets.list.tasks_help"),
            default=intent.text or None,
            max_length=LONGEST_TYPED,
        )
        return Form(
            LIST_FORM,
            t.plain("tickets.list.title"),
            t("tickets.list.intro"),
            (await project_field(eyes, intent.project, t), tasks),
            t.plain("tickets.list.submit"),
        )

    async def submitted(self, submit: FormSubmit) -> FormOutcome:
        intent = replace(
            await self.intent(submit.person, submit),
            text=str(submit.values["tasks"]),
            project=str(submit.values.get("project", "")),
        )
        try:
            message = await self.propose(submit.person, intent, submit.record, submit.t, submit.now)
        except PersonError as error:
            return FormOutcome(errors={"tasks": error})
        return FormOutcome(message)

    async def intent(self, person: Person, asked: FormRequest | FormSubmit) -> Intent:
        """What is being written: a former batch, or something new."""
        record = asked.record
        if "batch" not in record:
            return Intent(
                tracker=str(record.get("tracker", "")),
                text="",
                project=str(record.get("project", "")),
                channel_id=str(record.get("channel", "")),
                root_id=str(record.get("root", "")),
            )
        async with self.desk.database.reading() as session:
            batch = await store.of_person(session, person.id, record["batch"])
            refused = [
                line_of(each.planned)
                for each in await store.rows(session, batch.id)
                if each.state is RowState.REFUSED
            ]
        text = batch.text if batch.state == BatchState.OPEN else "\n".join(refused)
        return _intent_of(batch, text)

    # --- deciding

    async def propose(
        self, person: Person, intent: Intent, record: object, t: Translator, now: datetime
    ) -> Message:
        """Show what would be made; a batch that the record names stands for nothing any more.

        Raises:
            PersonError: there is nothing to make, or the person is not known to the tracker.
            PeerError: the tracker or the chat cannot be asked.
        """
        former = record.get("batch") if isinstance(record, dict) else None
        return (await self.proposing.propose(person, intent, former, t, now)).message

    async def again_clicked(self, click: Click) -> ClickReply:
        """A text that is kept is looked at once more."""
        async with self.desk.database.reading() as session:
            batch = await store.of_person(session, click.person.id, click.record.get("batch"))
        store.must_be_open(batch)
        intent = _intent_of(batch, batch.text)
        return ClickReply(update=await self.propose(click.person, intent, click.record, click.t, click.now))

    async def create_clicked(self, click: Click) -> ClickReply:
        batch = await self.creating.begin(click.person, click.record.get("batch"))
        async with self.desk.database.reading() as session:
            waiting = [each for each in await store.rows(session, batch.id) if each.state is RowState.WAITING]
        return ClickReply(update=wording.creating(len(waiting), click.t))

    async def edit_clicked(self, click: Click) -> ClickReply:
        async with self.desk.database.reading() as session:
            batch = await store.of_person(session, click.person.id, click.record.get("batch"))
        if batch.state != BatchState.DONE:
            store.must_be_open(batch)
        if len(batch.text) > LONGEST_TYPED:
            raise PersonError("tickets.batch.too_long_to_edit", count=LONGEST_TYPED)
        form_id = LIST_FORM if batch.minutes_id is None else MINUTES_FORM
        return ClickReply(form=OpenForm(form_id, {"batch": batch.id}))

    async def cancel_clicked(self, click: Click) -> ClickReply:
        async with self.desk.database.transaction() as session:
            batch = await store.of_person(
                session, click.person.id, click.record.get("batch"), for_update=True
            )
            if batch.state != BatchState.CANCELLED:
                store.must_be_open(batch)
            batch.state = BatchState.CANCELLED
        return ClickReply(update=wording.cancelled(click.t))


def _intent_of(batch: TicketBatch, text: str) -> Intent:
    return Intent(
        batch.tracker,
        text,
        batch.project,
        batch.channel_id,
        batch.root_id,
        batch.origin,
        batch.minutes_id,
    )


async def project_field(eyes: Tracker, chosen: str, t: Translator) -> Field:
    """The question where tasks go that name no project; while the tracker is down, without its choices."""
    typed = Field(
        "project",
        FieldKind.TEXT,
        t.plain("tickets.list.project"),
        help=t.plain("tickets.list.project_help"),
        optional=True,
        default=chosen or None,
    )
    try:
        projects = [each for each in await eyes.projects() if each.open]
    except PeerDown:
        return typed
    keys = {each.key.casefold(): each.key for each in projects}
    choices = tuple(Choice(each.key, each.name) for each in projects[:MOST_PROJECTS])
    return replace(typed, kind=FieldKind.CHOICE, default=keys.get(chosen.casefold()), choices=choices)


def _behind_command(text: str) -> str:
    """What follows the subcommand, with its lines."""
    return re.sub(r"\A\s*\S+[^\S\n]*", "", text).strip("\n")
