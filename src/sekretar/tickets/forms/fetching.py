"""Asks the tracker what a new ticket needs, through the eyes of whoever makes it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sekretar.kernel.errors import PeerForbidden, PeerNotFound, PersonError
from sekretar.mattermost.desk import Desk
from sekretar.tickets.accounts.identities import Identities
from sekretar.tickets.accounts.matching import alike
from sekretar.tickets.forms.spec import Spec
from sekretar.trackers.port import Tracker
from sekretar.trackers.values import Can, Choice, Field, Member, Project


async def open_projects(eyes: Tracker) -> tuple[Project, ...]:
    """The projects that tickets can be made in, by name."""
    return tuple(each for each in await eyes.projects() if each.open)


def project_called(name: str, projects: Sequence[Project]) -> Project | None:
    """By key, else by name; of several with one name the first."""
    wanted = name.casefold()
    by_key = (each for each in projects if each.key.casefold() == wanted)
    by_name = (each for each in projects if wanted in (each.name.casefold(), _joined(each.name)))
    return next(by_key, None) or next(by_name, None)


def _joined(name: str) -> str:
    return name.replace(" ", "-").casefold()


async def fetch_spec(eyes: Tracker, project: str, type_id: str = "") -> Spec:
    """The form of a type of tickets, or of the project's default.

    Raises:
        PersonError: `tickets.new.no_types`, there are no tickets in this project.
        PeerError: the tracker does not answer, or does not show this project to this account.
    """
    types = await eyes.types(project)
    chosen = next((each for each in types if each.id == type_id), types[0] if types else None)
    if chosen is None:
        raise PersonError("tickets.new.no_types")
    form, priorities, groups = await asyncio.gather(
        eyes.form(project, chosen.id), eyes.priorities(), _groups(eyes, project)
    )
    offers_status = Can.INITIAL_STATUS in eyes.site.capabilities and Field.STATUS in form.fields
    statuses = await eyes.statuses() if offers_status else ()
    return Spec(eyes.site.name, form, types, priorities, statuses, groups)


async def _groups(eyes: Tracker, project: str) -> tuple[Choice, ...]:
    if Can.GROUP_ASSIGNEES not in eyes.site.capabilities:
        return ()
    members = await _assignable(eyes, project) or ()
    return tuple(Choice(each.id, each.name) for each in members if each.group)


@dataclass(frozen=True)
class Found:
    """Who people of the chat are in the tracker, by field, and why they are nobody there."""

    members: Mapping[str, str]
    errors: Mapping[str, PersonError]


@dataclass(frozen=True)
class Finding:
    """Finds people of the chat in a tracker."""

    desk: Desk
    identities: Identities

    async def find(self, eyes: Tracker, project: Project, people: Mapping[str, str]) -> Found:
        """Who they are.

        Args:
            eyes: Through which the tracker is seen.
            project: That the ticket is for.
            people: The chat's ids, by field.

        Raises:
            PeerError: the tracker or the chat does not answer.
        """
        if not people:
            return Found({}, {})
        assignable = await _assignable(eyes, project.id)
        members: dict[str, str] = {}
        errors: dict[str, PersonError] = {}
        for key, user_id in people.items():
            name, member = await self._member(eyes.site.name, user_id, assignable or ())
            if member is None:
                errors[key] = PersonError("tickets.new.unlinked_person", name=name, tracker=eyes.site.name)
            elif key == Field.ASSIGNEE and _is_missing(member, assignable):
                errors[key] = PersonError("tickets.new.not_assignable", name=name, project=project.name)
            else:
                members[key] = member.id
        return Found(members, errors)

    async def _member(
        self, tracker: str, user_id: str, assignable: Sequence[Member]
    ) -> tuple[str, Member | None]:
        person = await self.desk.profiles.person(user_id)
        known = await self.identities.member(person.id, tracker)
        if known is None:
            known = alike(await self.desk.server.user(user_id), assignable)
        return person.display_name, known


async def _assignable(eyes: Tracker, project: str) -> tuple[Member, ...] | None:
    try:
        return await eyes.assignable(project)
    except (PeerForbidden, PeerNotFound):
        return None


def _is_missing(member: Member, assignable: Sequence[Member] | None) -> bool:
    return assignable is not None and member.id not in {each.id for each in assignable}
