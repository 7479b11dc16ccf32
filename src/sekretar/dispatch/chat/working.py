"""The buttons below an incident: taking it, saying what and where it is, and its next move.

A button knows where the incident stood when it was drawn. Whoever presses one that somebody else has overtaken
reads so, and nothing is done; pressed twice, it does its work once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.assets.assets import Assets
from sekretar.dispatch.assets.values import Candidate
from sekretar.dispatch.chat import card
from sekretar.dispatch.chat.closing import Closing, answers_question
from sekretar.dispatch.chat.rights import Rights
from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.values import (
    UNSET,
    Actor,
    ActorKind,
    Incident,
    IncidentChange,
    Status,
    Unset,
)
from sekretar.dispatch.incidents.wording import status_name
from sekretar.kernel.errors import PersonError
from sekretar.kernel.forms import Field, FieldKind, Form
from sekretar.kernel.people import Person
from sekretar.mattermost.chat import (
    ActionHandler,
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
from sekretar.mattermost.desk import Desk

ASSET_FORM = "dispatch.asset"

_LONGEST_CODE = 120


@dataclass(frozen=True)
class Working:
    """What dispatchers do by a click."""

    chat: Desk
    incidents: Incidents
    assets: Assets
    rights: Rights

    @property
    def closing(self) -> Closing:
        """What is asked before an incident is closed."""
        return Closing(self.chat, self.incidents)

    def register(self, chat: Chat) -> None:
        """Hang the buttons into the chat."""
        chat.action(card.TAKE, self.take)
        chat.action(card.TYPE, self.set_type)
        chat.action(card.READ, self.read)
        chat.action(card.ASSET, opens(ASSET_FORM))
        chat.action(card.MOVE, self.move)
        chat.action(card.MORE, self.move)
        chat.action(card.CLOSE_ALL, self.close_all)
        chat.form(ASSET_FORM, FormHandler(self.asset_form, self.asset_submitted))

    async def take(self, click: Click) -> ClickReply:
        taken = await self.change(
            click.person,
            incident_of(click.record),
            take_over(click.person, Status(str(click.record.get("status")))),
            _seen(click.record),
        )
        return _done(click, taken)

    async def set_type(self, click: Click) -> ClickReply:
        if not click.selected.isdecimal():
            raise PersonError("dispatch.type.gone")
        wanted = IncidentChange(type_id=int(click.selected))
        return _done(click, await self.change(click.person, incident_of(click.record), wanted))

    async def read(self, click: Click) -> ClickReply:
        wanted = IncidentChange(unread=False)
        return _done(click, await self.change(click.person, incident_of(click.record), wanted))

    async def move(self, click: Click) -> ClickReply:
        target = click.selected or str(click.record.get("to", ""))
        if target not in {each.value for each in Status}:
            raise PersonError("dispatch.incident.changed_meanwhile", code="")
        wanted = IncidentChange(status=Status(target))
        if wanted.status is Status.CLOSED:
            await self._allowed(click.person, incident_of(click.record))
            asked = await self.closing.question(incident_of(click.record), click.record, click.t)
            if asked is not None:
                return ClickReply(ephemeral=asked)
        moved = await self.change(click.person, incident_of(click.record), wanted, _seen(click.record))
        return replace(_done(click, moved), clear_buttons=answers_question(click.record))

    async def close_all(self, click: Click) -> ClickReply:
        """This incident and those that are linked with it."""
        await self._allowed(click.person, incident_of(click.record))
        async with self.chat.database.transaction() as session:
            closed = await self.closing.together(session, click.record, actor_of(click.person))
        codes = ", ".join(each.code for each in closed)
        said = click.t("dispatch.closing.done", codes=codes)
        return ClickReply(clear_buttons=True, ephemeral=said)

    # --- where it is

    async def asset_form(self, request: FormRequest) -> Form:
        async with self.chat.database.reading() as session:
            incident = await self.incidents.get(session, incident_of(request.record))
            known = await self.assets.describe(session, incident)
        t, present = request.t, ""
        if known.station and not known.station.gone:
            present = known.station.name
        elif known.pole and not known.pole.gone:
            present = known.pole.code
        field = Field(
            "code",
            FieldKind.TEXT,
            t.plain("dispatch.chat.asset_label"),
            help=t.plain("dispatch.chat.asset_help"),
            optional=True,
            default=present or None,
            max_length=_LONGEST_CODE,
        )
        title = t.plain("dispatch.chat.asset_title", code=incident.code)
        return Form(ASSET_FORM, title, "", (field,), t.plain("dispatch.chat.save"))

    async def asset_submitted(self, submit: FormSubmit) -> FormOutcome:
        incident_id, written = incident_of(submit.record), str(submit.values["code"]).strip()
        incident = await self._allowed(submit.person, incident_id)
        async with self.chat.database.transaction() as session:
            try:
                found = await self.placed(session, incident, written)
            except PersonError as error:
                return FormOutcome(errors={"code": error})
            await self.incidents.change(session, incident_id, found, actor_of(submit.person))
        return FormOutcome()

    async def placed(self, session: AsyncSession, incident: Incident, written: str) -> IncidentChange:
        """What changes when somebody writes where an incident is; nothing written takes it away.

        Raises:
            PersonError: nothing or more than one fits; the text has examples.
        """
        if not written:
            return IncidentChange(pole_id=None, station_id=None, contractor_id=None)
        return at((await self.assets.find(session, incident.desk, written)).chosen())

    # --- all of it

    async def change(
        self,
        person: Person,
        incident_id: int,
        wanted: IncidentChange,
        seen: IncidentChange | None = None,
        why: str = "",
    ) -> Incident:
        """Change an incident as this person.

        Raises:
            PersonError: it is not theirs to change, or `Incidents.change` refuses.
        """
        await self._allowed(person, incident_id)
        async with self.chat.database.transaction() as session:
            return await self.incidents.change(
                session, incident_id, wanted, actor_of(person), why, seen=seen or IncidentChange()
            )

    async def _allowed(self, person: Person, incident_id: int) -> Incident:
        async with self.chat.database.reading() as session:
            incident = await self.incidents.get(session, incident_id)
        await self.rights.require(person, incident.desk)
        return incident


def take_over(person: Person, status: Status) -> IncidentChange:
    """What changes when somebody takes an incident."""
    begun: Status | Unset = Status.IN_PROGRESS if status is Status.NEW else UNSET
    return IncidentChange(responsible_id=person.id, status=begun, unread=False)


def at(place: Candidate) -> IncidentChange:
    """What changes when it is known where an incident is: a station brings its pole, a pole its contractor."""
    return IncidentChange(
        pole_id=place.place.pole_id, station_id=place.place.station_id, contractor_id=place.contractor_id
    )


def actor_of(person: Person) -> Actor:
    """A person as whoever changes an incident."""
    return Actor(ActorKind.PERSON, person.display_name, person.id)


def incident_of(record: Record) -> int:
    """Which incident a button is about."""
    return int(record.get("incident", 0) or 0)


def _seen(record: Record) -> IncidentChange:
    return IncidentChange(status=Status(str(record["status"])))


def _done(click: Click, incident: Incident) -> ClickReply:
    """The post in the channel shows what was done. What one person was shown stays as it is, so there it is said."""
    if click.claim.person != click.person.id:
        return ClickReply()
    status = status_name(click.t, incident.status)
    return ClickReply(ephemeral=click.t("dispatch.chat.done", code=incident.code, status=status))


def opens(form_id: str) -> ActionHandler:
    """A button that asks first."""

    async def clicked(click: Click) -> ClickReply:
        return ClickReply(form=OpenForm(form_id, dict(click.record)))

    return clicked
