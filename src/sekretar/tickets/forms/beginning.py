"""How a new ticket begins: with a project, and with what is known of it already from a message or a line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.errors import PersonError
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.mattermost.chat import OpenForm, Record
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.messages import Message
from sekretar.tickets.accounts.identities import Identities
from sekretar.tickets.asking import asking
from sekretar.tickets.batches import store as batches
from sekretar.tickets.batches.planning import Planned
from sekretar.tickets.batches.store import BatchState
from sekretar.tickets.defaults import Where, default_for
from sekretar.tickets.forms import store, wording
from sekretar.tickets.forms.fetching import fetch_spec, open_projects, project_called
from sekretar.tickets.forms.source import MessageSource
from sekretar.tickets.forms.spec import Spec
from sekretar.trackers.values import Field

#: The form of a draft, whose number is in the record.
NEW_FORM = "tickets.new"
#: In a record: the message a ticket is made of, the line that was shown, the words for its subject.
POST, BATCH, WORDS = "post", "batch", "words"


@dataclass(frozen=True)
class _Known:
    """What is known of a ticket before anybody fills in its form."""

    answers: Mapping[str, str]
    appendix: str = ""
    post_id: str = ""


@dataclass(frozen=True)
class Beginning:
    """Leads from *new task* to the form."""

    desk: Desk
    identities: Identities
    source: MessageSource

    async def first(
        self, person: Person, where: Where, record: Record, project: str, t: Translator, now: datetime
    ) -> Message | OpenForm:
        """What a person sees first: the question which project, or the form where there is nothing to ask.

        Args:
            person: Who wants a ticket.
            where: They said so here.
            record: What it is made of; under `tracker` where it goes.
            project: What they call the project; empty to be asked.

        Raises:
            PersonError: there is no such tracker or project, or nobody knows who they are there.
        """
        async with self.desk.database.reading() as session:
            default = await default_for(session, where, self.identities.sites)
            unfinished = await store.unfinished(session, person.id)
        tracker = str(record.get("tracker") or (default.tracker if default else ""))
        tracker = tracker or next(iter(self.identities.sites))
        async with asking(self.identities, person.id, tracker, now) as eyes:
            projects = await open_projects(eyes)
        if not projects:
            raise PersonError("tickets.new.no_projects", tracker=tracker)
        if project:
            found = project_called(project, projects)
            if found is None:
                raise PersonError("tickets.new.unknown_project", given=project, tracker=tracker)
            return await self.open(person, {**record, "tracker": tracker}, found.id, now)
        others = [name for name in self.identities.sites if name != tracker]
        if len(projects) == 1 and not others and not unfinished:
            return await self.open(person, {**record, "tracker": tracker}, projects[0].id, now)
        key = default.project if default and default.tracker == tracker else ""
        usual = project_called(key, projects) if key else None
        return wording.where(tracker, projects, usual, others, record, unfinished, t)

    async def open(self, person: Person, record: Record, project: str, now: datetime) -> OpenForm:
        """The form of a new ticket in this project (its id)."""
        known = await self._known(person, record)
        async with asking(self.identities, person.id, str(record.get("tracker", "")), now) as eyes:
            spec = await fetch_spec(eyes, project)
        must_be_possible(spec)
        async with self.desk.database.transaction() as session:
            await _replace_batch(session, person, record)
            number = await store.add(
                session, person.id, spec, known.answers, now, appendix=known.appendix, post_id=known.post_id
            )
        return OpenForm(NEW_FORM, {"draft": number})

    async def _known(self, person: Person, record: Record) -> _Known:
        words = str(record.get(WORDS, ""))
        subject = {Field.SUBJECT.value: words} if words else {}
        if post_id := str(record.get(POST, "")):
            found = await self.source.quoted(person, post_id)
            answers = {Field.SUBJECT.value: found.subject, Field.DESCRIPTION.value: found.description}
            return _Known(answers | subject, found.appendix, found.post_id)
        if BATCH in record:
            return await self._of_line(person, record[BATCH])
        return _Known(subject)

    async def _of_line(self, person: Person, number: object) -> _Known:
        async with self.desk.database.reading() as session:
            batch = await batches.of_person(session, person.id, number)
            (row, *_) = await batches.rows(session, batch.id)
            assignee = row.planned.assignee
            meant = (
                await self.desk.people.by_id(session, assignee.person_id)
                if assignee and assignee.person_id
                else None
            )
        return _Known(_answers_of(row.planned, meant), batch.origin)


def must_be_possible(spec: Spec) -> None:
    """Raises PersonError: the tracker requires what can only be filled in there."""
    if spec.impossible:
        fields = ", ".join(spec.impossible)
        raise PersonError("tickets.new.impossible", project=spec.form.project.name, fields=fields)


def _answers_of(planned: Planned, assignee: Person | None) -> dict[str, str]:
    answers = {
        Field.SUBJECT.value: planned.subject,
        Field.DESCRIPTION.value: planned.description,
        Field.DUE.value: planned.due.isoformat() if planned.due else "",
        Field.ASSIGNEE.value: assignee.user_id if assignee else "",
        Field.PRIORITY.value: planned.priority.id if planned.priority else "",
    }
    return {key: answer for key, answer in answers.items() if answer}


async def _replace_batch(session: AsyncSession, person: Person, record: Record) -> None:
    """The line stands for nothing any more: the form does."""
    if BATCH in record:
        batch = await batches.of_person(session, person.id, record[BATCH], for_update=True)
        if batch.state != BatchState.REPLACED:
            batches.must_be_open(batch)
            batch.state = BatchState.REPLACED
