"""`/task minutes`: what was given in a meeting is written down, and asked about later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.errors import PersonError
from sekretar.kernel.forms import Field, FieldKind, Form
from sekretar.kernel.i18n import Translator
from sekretar.kernel.meetings import Meeting, Meetings
from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown, escape
from sekretar.mattermost import rights
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
from sekretar.mattermost.parsing import fold
from sekretar.tickets.accounts.identities import Identities, Unlinked
from sekretar.tickets.batches.chat import LONGEST_TYPED, MINUTES_FORM, BatchesChat, project_field
from sekretar.tickets.batches.store import Intent
from sekretar.tickets.defaults import Default, Where
from sekretar.tickets.minutes import store, wording
from sekretar.tickets.minutes.model import TicketMeeting, TicketMinutes
from sekretar.tickets.minutes.offering import Offering
from sekretar.tickets.minutes.standing import WANTED, Standing
from sekretar.tickets.minutes.store import Assigned

#: Meetings to choose from.
MOST_OFFERED = 8
#: `minutes` without words looks back to the beginning of yesterday.
_BACK = timedelta(days=1)

_SWITCHES = {
    **dict.fromkeys(("on", "вкл", "включить"), True),
    **dict.fromkeys(("off", "выкл", "выключить"), False),
}


@dataclass(frozen=True)
class MinutesChat:
    """The command, the form and the buttons."""

    desk: Desk
    identities: Identities
    lists: BatchesChat
    meetings: Meetings
    offering: Offering
    standing: Standing

    def register(self, chat: Chat) -> None:
        """Hang everything into the chat."""
        chat.command(
            Subcommand(
                "task",
                "minutes",
                "tickets.help.minutes",
                self.minutes,
                "tickets.usage.minutes",
                aliases=("протокол", "поручения", "meeting"),
            )
        )
        chat.form(MINUTES_FORM, FormHandler(self.form, self.submitted))
        chat.action(wording.WRITE, self.write_clicked)
        chat.action(wording.OFF, self.off_clicked)

    # --- which meeting

    async def minutes(self, request: CommandRequest) -> Reply:
        person, t, words = request.person, request.t, request.args.rest.strip()
        switch = _SWITCHES.get(fold(words))
        if switch is not None:
            return Reply(await self._switch(person, t, on=switch))
        where = Where(person.id, request.channel_id, request.team_id)
        recent = await self._recent(person, words, request.now)
        known = await self._known(person, words, [each.uid for each in recent]) if words else []
        if known:
            return Reply(await self._history(person, known, recent, t, request.now))
        if not recent:
            raise PersonError("tickets.minutes.none_called" if words else "tickets.minutes.none", given=words)
        if words and len(recent) == 1:
            return _replied(await self._open(person, recent[0], where, t))
        return Reply(wording.choice(recent, person, t, request.now))

    async def _recent(self, person: Person, words: str, now: datetime) -> list[TicketMeeting]:
        """The meetings of today and yesterday that have begun, the latest first; with words, those called so."""
        if self.meetings.book is None:
            return []
        midnight = now.astimezone(person.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        async with self.desk.database.transaction() as session:
            found = await self.meetings.book.between(session, person, midnight - _BACK, now)
            meant = [each for each in reversed(found) if _is_called(each.title, words)]
            return await self._stored(session, meant[:MOST_OFFERED], now)

    async def _stored(
        self, session: AsyncSession, meetings: Sequence[Meeting], now: datetime
    ) -> list[TicketMeeting]:
        return [await store.meeting_of(session, each, now) for each in meetings]

    async def _known(self, person: Person, words: str, uids: Sequence[str]) -> list[Assigned]:
        """What was written down of the meetings that are called so, now or earlier."""
        async with self.desk.database.reading() as session:
            known = await store.known_to(session, person.id)
        meant = {each.uid for each in known if _is_called(each.title, words)}.union(uids)
        return [each for each in known if each.uid in meant]

    async def _history(
        self,
        person: Person,
        known: Sequence[Assigned],
        recent: Sequence[TicketMeeting],
        t: Translator,
        now: datetime,
    ) -> Message:
        await self.standing.look_for(person.id, known)
        numbers = {each.id for each in known}
        async with self.desk.database.reading() as session:
            fresh = [each for each in await store.known_to(session, person.id) if each.id in numbers]
        return wording.history(fresh, recent, person, t, now)

    # --- switching

    async def off_clicked(self, click: Click) -> ClickReply:
        return ClickReply(update=await self._switch(click.person, click.t, on=False))

    async def _switch(self, person: Person, t: Translator, *, on: bool) -> Message:
        async with self.desk.database.transaction() as session:
            await WANTED.write(session, person.id, on)
        return wording.switched(t, on=on)

    # --- the form

    async def write_clicked(self, click: Click) -> ClickReply:
        async with self.desk.database.reading() as session:
            meeting = await store.meeting_by_id(session, click.person.id, click.record.get("meeting"))
        where = Where(click.person.id)
        chosen = str(click.record.get("tracker", ""))
        opened = await self._open(click.person, meeting, where, click.t, chosen)
        return ClickReply(form=opened) if isinstance(opened, OpenForm) else ClickReply(ephemeral=opened)

    async def _open(
        self, person: Person, meeting: TicketMeeting, where: Where, t: Translator, tracker: str = ""
    ) -> OpenForm | Message:
        """The form; where it is not clear which tracker is meant, the question."""
        default = await self._tracker(person, where, tracker)
        if default is None:
            return _which(meeting, [each.tracker for each in await self.identities.of(person.id)], t)
        record: Record = {"meeting": meeting.id, "tracker": default.tracker, "project": default.project}
        return OpenForm(MINUTES_FORM, record)

    async def _tracker(self, person: Person, where: Where, chosen: str) -> Default | None:
        default = await self.lists.default(where)
        if chosen and (default is None or default.tracker != chosen):
            return Default(chosen)
        if default is not None:
            return default
        known = await self.identities.of(person.id)
        if not known:
            raise Unlinked("tickets.link.needed", tracker=next(iter(self.identities.sites)))
        return Default(known[0].tracker) if len(known) == 1 else None

    async def form(self, request: FormRequest) -> Form:
        t, intent = request.t, await self.lists.intent(request.person, request)
        meeting, minutes = await self._written(request.person, request, intent)
        eyes = await self.identities.eyes(request.person.id, intent.tracker)
        tasks = Field(
            "tasks",
            FieldKind.TEXTAREA,
            t.plain("tickets.list.tasks"),
            help=t.plain("tickets.list.tasks_help"),
            default=intent.text or "\n".join(f"{each} " for each in await self._mentions(meeting)) or None,
            max_length=LONGEST_TYPED,
        )
        text = Field(
            "text",
            FieldKind.TEXTAREA,
            t.plain("tickets.minutes.text"),
            help=t.plain("tickets.minutes.text_help"),
            optional=True,
            default=(minutes.text if minutes else "") or None,
            max_length=LONGEST_TYPED,
        )
        channel = Field(
            "channel",
            FieldKind.CHANNEL,
            t.plain("tickets.minutes.channel"),
            help=t.plain("tickets.minutes.channel_help"),
            optional=True,
            default=(minutes.channel_id if minutes else "") or None,
        )
        return Form(
            MINUTES_FORM,
            t.plain("tickets.minutes.form"),
            await self._intro(meeting, request.person, t),
            (await project_field(eyes, intent.project, t), tasks, text, channel),
            t.plain("tickets.list.submit"),
        )

    async def _mentions(self, meeting: TicketMeeting) -> list[str]:
        """Those who were there, as a line begins that is theirs; they stand in the form, ready to be filled in."""
        return [name for name in await self._named(meeting) if name.startswith("@")]

    async def _named(self, meeting: TicketMeeting) -> list[str]:
        """Those who were there: as they are mentioned, or by name where nobody knows them here."""
        named: list[str] = []
        async with self.desk.database.reading() as session:
            for each in store.others_of(meeting)[: wording.MOST_NAMES]:
                known = await self.desk.people.by_id(session, each.person_id) if each.person_id else None
                named.append(f"@{known.username}" if known else each.name or each.address)
        return named

    async def _intro(self, meeting: TicketMeeting, person: Person, t: Translator) -> Markdown:
        """Which meeting it is, and how the people who were there are named in a line."""
        people = Markdown(", ").join(escape(each) for each in await self._named(meeting))
        title, day = wording.title_of(meeting.title, t), wording.day_of(meeting.starts_at, person.zone, t)
        return t("tickets.minutes.intro", title=title, day=day, people=people)

    async def _written(
        self, person: Person, asked: FormRequest | FormSubmit, intent: Intent
    ) -> tuple[TicketMeeting, TicketMinutes | None]:
        """The meeting, and its minutes as far as they were written."""
        async with self.desk.database.reading() as session:
            if intent.minutes_id is None:
                meeting = await store.meeting_by_id(session, person.id, asked.record.get("meeting"))
                return meeting, await store.untold(session, meeting.id)
            minutes = await session.get(TicketMinutes, intent.minutes_id)
            number = minutes.meeting_id if minutes else None
            return await store.meeting_by_id(session, person.id, number), minutes

    async def submitted(self, submit: FormSubmit) -> FormOutcome:
        person, t = submit.person, submit.t
        former = await self.lists.intent(person, submit)
        meeting, minutes = await self._written(person, submit, former)
        channel = str(submit.values.get("channel", ""))
        if channel and (problem := await self._cannot_tell(channel, person)):
            return FormOutcome(errors={"channel": problem})
        number = await self._keep(meeting, minutes, str(submit.values.get("text", "")), channel, submit.now)
        day = wording.day_of(meeting.starts_at, person.zone, t)
        intent = Intent(
            tracker=former.tracker,
            text=_filled_in(str(submit.values["tasks"]), await self._mentions(meeting)),
            project=str(submit.values.get("project", "")),
            origin=t.plain("tickets.minutes.origin", title=meeting.title or "—", day=day),
            minutes_id=number,
        )
        try:
            message = await self.lists.propose(person, intent, submit.record, t, submit.now)
        except PersonError as error:
            return FormOutcome(errors={"tasks": error})
        async with self.desk.database.transaction() as session:
            found = await store.meeting_by_id(session, person.id, meeting.id)
            await self.offering.take_back(session, found, submit.now)
        return FormOutcome(message)

    async def _cannot_tell(self, channel_id: str, person: Person) -> PersonError | None:
        """Why minutes cannot be told there: the bot may not write, or the person may not."""
        server = self.desk.server
        if await rights.obstacle(server, channel_id) is not None:
            return PersonError("tickets.minutes.channel_closed")
        stands = await rights.standing(server, await server.channel(channel_id), person.user_id)
        return None if stands.may_post else PersonError("tickets.minutes.channel_not_yours")

    async def _keep(
        self, meeting: TicketMeeting, minutes: TicketMinutes | None, text: str, channel: str, now: datetime
    ) -> int:
        """Keep what was typed; minutes that were told stay as they were told. Returns their number."""
        async with self.desk.database.transaction() as session:
            row = await session.get(TicketMinutes, minutes.id) if minutes else None
            if row is None:
                row = TicketMinutes(meeting_id=meeting.id, created_at=now, text="", channel_id="")
                session.add(row)
            if row.told_at is None:
                row.text, row.channel_id = text.strip(), channel
            await session.flush()
            return row.id


def _filled_in(text: str, mentions: Sequence[str]) -> str:
    """The lines without those that were offered and left as they were."""
    untouched = set(mentions)
    return "\n".join(line for line in text.splitlines() if line.strip() not in untouched)


def _is_called(title: str, words: str) -> bool:
    return all(word in fold(title) for word in fold(words).split())


def _which(meeting: TicketMeeting, trackers: Sequence[str], t: Translator) -> Message:
    buttons = tuple(
        Button(name, wording.WRITE, {"meeting": meeting.id, "tracker": name}) for name in trackers
    )
    rows = tuple(Attachment(actions=buttons[at : at + 5]) for at in range(0, len(buttons), 5))
    return Message(t("tickets.tracker.which"), rows)


def _replied(opened: OpenForm | Message) -> Reply:
    return Reply(form=opened) if isinstance(opened, OpenForm) else Reply(opened)
