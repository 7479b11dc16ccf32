"""Fetches what a text of assignments speaks of: the tracker's projects and people, the chat's people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sekretar.kernel.errors import PeerForbidden, PeerInvalid, PeerNotFound, PersonError
from sekretar.kernel.people import Person
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.models import User
from sekretar.tickets.accounts.identities import Identities
from sekretar.tickets.accounts.matching import alike
from sekretar.tickets.batches.grammar import Assignment, read
from sekretar.tickets.batches.planning import Addressee, Knowledge, Planned, plan
from sekretar.trackers.port import Tracker
from sekretar.trackers.values import Member, Project, TicketForm

#: In one text: more cannot be looked through before saying yes.
MOST_ROWS = 100


@dataclass(frozen=True)
class Prepared:
    """What would be made of a text, and the lines of it that are no assignments."""

    rows: tuple[Planned, ...]
    headings: tuple[str, ...]


@dataclass(frozen=True)
class Preparing:
    """Plans the tickets of a text, through the eyes of whoever wrote it."""

    desk: Desk
    identities: Identities

    async def prepare(self, person: Person, tracker: str, text: str, project: str, now: datetime) -> Prepared:
        """What would be made of the text.

        Args:
            tracker: Where.
            text: As written.
            project: The key of the project that rows go to which name none; empty for none.

        Raises:
            PersonError: there is nothing in the text, or too much; or the person is not known to the tracker.
            PeerError: the tracker or the chat cannot be asked.
        """
        today = now.astimezone(person.zone).date()
        reading = read(text, today)
        if not reading.assignments:
            raise PersonError("tickets.batch.empty")
        if len(reading.assignments) > MOST_ROWS:
            raise PersonError("tickets.batch.too_many", count=MOST_ROWS)
        eyes = await self.identities.eyes(person.id, tracker)
        projects = await eyes.projects()
        default = next((each for each in projects if each.key.casefold() == project.casefold()), None)
        used = _used(reading.assignments, projects, default)
        members = {each.id: await _assignable(eyes, each) for each in used}
        asked = {each.id: await _form(eyes, each) for each in used}
        forms = {project_id: form for project_id, form in asked.items() if form is not None}
        knowledge = Knowledge(
            projects=projects,
            default=default,
            priorities=await eyes.priorities(),
            addressees=await self._addressees(tracker, reading.assignments, members.values()),
            assignable={
                project_id: frozenset(each.id for each in found)
                for project_id, found in members.items()
                if found is not None
            },
            lacking={project_id: _lacking(form) for project_id, form in forms.items()},
            today=today,
            demanded={project_id: form.required for project_id, form in forms.items()},
        )
        return Prepared(plan(reading.assignments, knowledge), reading.headings)

    async def _addressees(
        self,
        tracker: str,
        assignments: Sequence[Assignment],
        members: Iterable[tuple[Member, ...] | None],
    ) -> dict[str, Addressee]:
        names = dict.fromkeys(name for each in assignments for name in each.people)
        known = [member for found in members if found is not None for member in found]
        return {name: await self._addressee(tracker, name, known) for name in names}

    async def _addressee(self, tracker: str, name: str, members: Sequence[Member]) -> Addressee:
        user = await self._user(name)
        if user is None:
            return group_called(name, members) or Addressee(name)
        person = await self.desk.profiles.person(user.id)
        member = await self.identities.member(person.id, tracker) or alike(user, members)
        return Addressee(person.username, person.display_name, person.id, member)

    async def _user(self, name: str) -> User | None:
        """The user of this name; a full stop or a dash behind it may end the sentence."""
        username = name.lower()
        for spelling in dict.fromkeys((username, username.rstrip(".-_"))):
            try:
                user = await self.desk.server.user_by_name(spelling)
            except (PeerNotFound, PeerInvalid):
                continue
            if user.active and not user.is_bot:
                return user
        return None


def group_called(name: str, members: Iterable[Member]) -> Addressee | None:
    """The group of a tracker that is called so, where it can be an assignee. Nobody is told for it."""
    wanted = name.rstrip(".-_").casefold()
    for member in members:
        if member.group and member.name.replace(" ", "-").casefold() == wanted:
            return Addressee(name, member.name, None, member)
    return None


def _used(
    assignments: Sequence[Assignment], projects: Sequence[Project], default: Project | None
) -> list[Project]:
    """The open projects that the rows may go to."""
    named = {each.project.casefold() for each in assignments if each.project is not None}
    spoken = [
        each
        for each in projects
        if each == default or {each.key.casefold(), each.name.replace(" ", "-").casefold()} & named
    ]
    return [each for each in spoken if each.open]


async def _assignable(eyes: Tracker, project: Project) -> tuple[Member, ...] | None:
    try:
        return await eyes.assignable(project.id)
    except (PeerForbidden, PeerNotFound):
        return None


async def _form(eyes: Tracker, project: Project) -> TicketForm | None:
    """What the tracker asks for of a ticket of a line."""
    try:
        types = await eyes.types(project.id)
        return await eyes.form(project.id, types[0].id) if types else None
    except (PeerForbidden, PeerNotFound):
        return None


def _lacking(form: TicketForm) -> tuple[str, ...]:
    """Required fields of the house that the tracker does not fill in by itself."""
    return tuple(each.name for each in form.custom if each.required and not each.default)
