"""Making a meeting in the chat: by the form or in one line, a look at what speaks against it, and a click.

Everything that is typed becomes a draft and then a preview; the server is written to only by its *Create* button.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars.booking import drafts as booking_drafts
from sekretar.calendars.booking import people_search
from sekretar.calendars.booking import wording as booking_wording
from sekretar.calendars.booking.draft import Checked, Collisions, Draft, restored
from sekretar.calendars.booking.drafts import State
from sekretar.calendars.booking.form import BOOK_FORM, Target, answers_of, at_field, form_of
from sekretar.calendars.booking.line import draft_of_line, parse_line
from sekretar.calendars.booking.saving import Place, Saving, places
from sekretar.calendars.booking.series import collisions, times_of
from sekretar.calendars.booking.source import MessageSource, Suggested
from sekretar.calendars.finding import availability
from sekretar.calendars.finding.knowing import Knowing
from sekretar.kernel.errors import PersonError
from sekretar.kernel.forms import Form
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
    Record,
    Reply,
    Subcommand,
)
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.messages import Message
from sekretar.mattermost.quoting import post_in

#: Opens the form.
NEW = "calendars.book.new"


@dataclass(frozen=True)
class BookingChat:
    """The command, the form and the buttons of a new meeting."""

    desk: Desk
    saving: Saving
    knowing: Knowing
    source: MessageSource

    def register(self, chat: Chat) -> None:
        """Hang everything into the chat."""
        chat.command(
            Subcommand(
                "calendar",
                "new",
                "calendars.help.new",
                self.new,
                "calendars.usage.new",
                aliases=("создать", "встреча", "create"),
            )
        )
        chat.form(BOOK_FORM, FormHandler(self.form, self.submitted))
        chat.action(NEW, self.new_clicked)
        chat.action(booking_wording.CREATE, self.create_clicked)
        chat.action(booking_wording.EDIT, self.edit_clicked)
        chat.action(booking_wording.CANCEL, self.cancel_clicked)
        chat.menu(MenuEntry("calendars.menu.new", NEW, 15, self._has_calendar))

    # --- asking

    async def new(self, request: CommandRequest) -> Reply:
        into = await self._places(request.person)
        if not into:
            return Reply(booking_wording.no_calendar(request.t))
        person, now, words = request.person, request.now, request.args.words
        calendar_id = into[0].calendar.id
        if not words:
            found = await self._of_thread(request, calendar_id)
            return Reply(form=await self._filled_in(person, found, now) if found else OpenForm(BOOK_FORM))
        if post_id := post_in(words[0]):
            found = await self.source.suggest(person, post_id, calendar_id, words[1:])
            return Reply(form=await self._filled_in(person, found, now))
        local = now.astimezone(person.zone)
        line = parse_line(words, local, [place.calendar.name for place in into])
        chosen = next((place for place in into if place.calendar.name == line.calendar), into[0])
        draft = draft_of_line(line, chosen.calendar.id, person.zone, local)
        names = people_search.named(" ".join(line.names))
        guests = await people_search.find(self.desk, names, person)
        return Reply(await self.propose(person, replace(draft, guests=guests), request.t, now))

    async def _of_thread(self, request: CommandRequest, calendar_id: int) -> Suggested | None:
        if not request.root_id:
            return None
        return await self.source.of_thread(request.person, request.root_id, calendar_id)

    async def _filled_in(self, person: Person, found: Suggested, now: datetime) -> OpenForm:
        """The form, filled in with what a message says."""
        return OpenForm(BOOK_FORM, {"draft": await self._keep(person, found.draft, {}, now)})

    async def new_clicked(self, click: Click) -> ClickReply:
        if not await self._places(click.person):
            return ClickReply(ephemeral=booking_wording.no_calendar(click.t))
        return ClickReply(form=OpenForm(BOOK_FORM))

    async def form(self, request: FormRequest) -> Form:
        async with self.desk.database.reading() as session:
            targets = _targets(await places(session, request.person.id))
            draft = await _draft(session, request.person, request.record)
        if not targets:
            raise PersonError("calendars.booking.no_calendar")
        return form_of(targets, draft, request.t, request.person.zone, request.now)

    async def submitted(self, submit: FormSubmit) -> FormOutcome:
        targets = _targets(await self._places(submit.person))
        if not targets:
            raise PersonError("calendars.booking.no_calendar")
        try:
            answers = answers_of(submit.values, targets, submit.person.zone, submit.now)
            guests = await people_search.find(self.desk, people_search.named(answers.guests), submit.person)
        except PersonError as error:
            return FormOutcome(errors=at_field(error))
        draft = replace(answers.draft, guests=guests)
        number = await self._keep(submit.person, draft, submit.record, submit.now)
        return FormOutcome(await self._preview(submit.person, draft, number, submit.t, submit.now))

    # --- deciding

    async def create_clicked(self, click: Click) -> ClickReply:
        made = await self.saving.save(click.person, click.record.get("draft"))
        return ClickReply(update=booking_wording.booked(made, click.person.zone, click.t, click.now))

    async def edit_clicked(self, click: Click) -> ClickReply:
        async with self.desk.database.reading() as session:
            row = await booking_drafts.of_person(session, click.person.id, click.record.get("draft"))
        booking_drafts.must_be_changeable(row)
        return ClickReply(form=OpenForm(BOOK_FORM, {"draft": row.id}))

    async def cancel_clicked(self, click: Click) -> ClickReply:
        number = click.record.get("draft")
        async with self.desk.database.transaction() as session:
            row = await booking_drafts.of_person(session, click.person.id, number, for_update=True)
            if row.state != State.CANCELLED:
                booking_drafts.must_be_changeable(row)
            row.state = State.CANCELLED
        return ClickReply(update=booking_wording.cancelled(restored(row.payload), click.t))

    # --- drafts

    async def propose(self, person: Person, draft: Draft, t: Translator, now: datetime) -> Message:
        """The preview of a new draft."""
        return await self._preview(person, draft, await self._keep(person, draft, {}, now), t, now)

    async def _keep(self, person: Person, draft: Draft, record: Record, now: datetime) -> int:
        """Store a draft; the one that it was made of is put away."""
        async with self.desk.database.transaction() as session:
            if "draft" in record:
                number = record["draft"]
                former = await booking_drafts.of_person(session, person.id, number, for_update=True)
                booking_drafts.must_be_changeable(former)
                former.state = State.REPLACED
            return await booking_drafts.add(session, person.id, draft, now)

    async def _preview(
        self, person: Person, draft: Draft, number: int, t: Translator, now: datetime
    ) -> Message:
        checked = await self._checked(person, draft, now)
        return booking_wording.preview(checked, number, person.zone, t, now)

    async def _checked(self, person: Person, draft: Draft, now: datetime) -> Checked:
        async with self.desk.database.reading() as session:
            calendars = {each.calendar.id: each.calendar.name for each in await places(session, person.id)}
            series = await self._series(session, person, draft)
            conflicts = await availability.conflicts(session, person.id, person.zone, draft.start, draft.end)
        diaries = await self.knowing.of(person, draft.guests.known, draft.start, draft.end, now)
        times = tuple(each.at(draft.start, draft.end) for each in diaries)
        return Checked(draft, calendars.get(draft.calendar_id, ""), conflicts, times, series)

    async def _series(self, session: AsyncSession, person: Person, draft: Draft) -> Collisions | None:
        """What the first weeks of a series meet."""
        times = times_of(draft, person.zone) if draft.repeat is not None else []
        if not times:
            return None
        begin, end = times[0][0], times[-1][1]
        return collisions(times, await availability.conflicts(session, person.id, person.zone, begin, end))

    async def _places(self, person: Person) -> list[Place]:
        async with self.desk.database.reading() as session:
            return await places(session, person.id)

    async def _has_calendar(self, person: Person) -> bool:
        return bool(await self._places(person))


async def _draft(session: AsyncSession, person: Person, record: Record) -> Draft | None:
    """The draft that the form is filled in with: one that is changed, or one at a time that was found."""
    number = record.get("draft", record.get("found"))
    if number is None:
        return None
    draft = restored((await booking_drafts.of_person(session, person.id, number)).payload)
    start = record.get("start")
    return replace(draft, start=datetime.fromtimestamp(start, UTC)) if isinstance(start, int) else draft


def _targets(found: list[Place]) -> list[Target]:
    """The calendars to choose from; the account is named where a person has several."""
    several = len({each.account.id for each in found}) > 1
    return [
        Target(
            each.calendar.id,
            f"{each.calendar.name} ({each.account.login})" if several else each.calendar.name,
            each.makes_rooms,
        )
        for each in found
    ]
