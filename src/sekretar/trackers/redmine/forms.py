"""What a project of Redmine offers to whoever fills in a ticket: types, fields, people, activities.

Redmine tells neither what a workflow requires nor which custom fields a project has in the end. Both show: the first
in the complaints about a ticket that is too empty to be stored, the second in the tickets that are there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from sekretar.trackers.exchange import part, shaped
from sekretar.trackers.redmine import lists, reading
from sekretar.trackers.redmine.directory import Directory
from sekretar.trackers.redmine.faults import IMPOSSIBLE, name_faults, trial
from sekretar.trackers.redmine.wire import Wire
from sekretar.trackers.redmine.writing import FIELDS
from sekretar.trackers.values import Choice, CustomField, Field, Member, Status, TicketForm, custom_id

#: Of every ticket, whatever its tracker (in Redmine's sense).
_ALWAYS = frozenset(
    {Field.PROJECT, Field.TYPE, Field.SUBJECT, Field.STATUS, Field.PRIORITY, Field.PRIVATE, Field.FILES}
)
_REQUIRED = frozenset({Field.PROJECT, Field.TYPE, Field.SUBJECT})
#: What a Redmine before 5.0, which does not tell, may have switched off.
_STANDARD = frozenset(
    {
        Field.DESCRIPTION,
        Field.ASSIGNEE,
        Field.START,
        Field.DUE,
        Field.ESTIMATE,
        Field.DONE,
        Field.PARENT,
    }
)


class Forms:
    """Asks as one account; the directories are everybody's."""

    def __init__(self, wire: Wire, directory: Directory) -> None:
        self._wire, self._directory = wire, directory

    async def types(self, project: str) -> tuple[Choice, ...]:
        found = await self._project(project, "trackers")
        with shaped(self._wire.peer):
            return tuple(reading.choice(item) for item in found["trackers"])

    async def form(self, project: str, type_id: str) -> TicketForm:
        found = await self._project(project, "trackers,issue_custom_fields")
        tracker = (await self._directory.trackers(self._wire)).get(type_id, {})
        known = await self._of_type(type_id)
        demanded = await self._demanded(project, type_id, known or ())
        with shaped(self._wire.peer):
            here = {str(item["id"]) for item in found.get("issue_custom_fields", ())}
            type_ = next(
                (item for item in found["trackers"] if str(item["id"]) == type_id),
                {"id": type_id, "name": ""},
            )
        used = await self._used(project, type_id)
        here |= used or set()
        fields = [
            (replace(field, required=field.required or field.key in demanded), field.key in demanded)
            for field in known or ()
        ]
        return TicketForm(
            reading.project(found),
            reading.choice(type_),
            _ALWAYS | _standard(tracker),
            _REQUIRED | {Field(key) for key in demanded if custom_id(key) is None},
            tuple(field for field, is_demanded in fields if field.id in here or is_demanded),
            await self._first_status(tracker),
            complete=known is not None,
            doubtful=tuple(
                field
                for field, is_demanded in fields
                if used is None and field.id not in here and not is_demanded
            ),
        )

    async def custom(self, type_id: str | None) -> tuple[CustomField, ...]:
        """The custom fields that a ticket of this type (None: of any) may have in some project."""
        return await self._of_type(type_id) or ()

    async def assignable(self, project: str) -> tuple[Member, ...]:
        items = await lists.everything(
            self._wire, f"/projects/{part(project)}/memberships.json", "memberships"
        )
        found: dict[str, Member] = {}
        for item in items:
            with shaped(self._wire.peer):
                member = reading.member(item)
                roles = [str(role["id"]) for role in item["roles"]]
            if member is not None and await self._any_assignable(roles):
                found[member.id] = member
        group = next((member for member in found.values() if member.group), None)
        if group is not None and not await self._takes_groups(project, group):
            found = {key: member for key, member in found.items() if not member.group}
        return tuple(sorted(found.values(), key=lambda member: member.name.casefold()))

    async def activities(self, project: str) -> tuple[Choice, ...]:
        found = await self._project(project, "time_entry_activities")
        with shaped(self._wire.peer):
            choices = [reading.choice(item) for item in found.get("time_entry_activities", ())]
        default = await self._directory.default_activity(self._wire)
        return tuple(sorted(choices, key=lambda each: each.id != default))

    async def _project(self, project: str, include: str) -> Mapping[str, Any]:
        answer = await self._wire.get(f"/projects/{part(project)}.json", {"include": include})
        with shaped(self._wire.peer):
            found: Mapping[str, Any] = answer["project"]
            return found

    async def _of_type(self, type_id: str | None) -> tuple[CustomField, ...] | None:
        known = await self._directory.custom_fields()
        if known is None:
            return None
        return tuple(field for field, types in known.values() if type_id is None or type_id in types)

    async def _used(self, project: str, type_id: str) -> set[str] | None:
        """The custom fields of a ticket that is there: Redmine does not tell which are meant for all projects.

        None where there is no ticket.
        """
        query = {"project_id": project, "subproject_id": "!*", "tracker_id": type_id, "status_id": "*"}
        _, items = await lists.some(self._wire, {**query, "sort": "id:desc"}, 0, 1)
        with shaped(self._wire.peer):
            used = {str(field["id"]) for item in items for field in item.get("custom_fields", ())}
        return used if items else None

    async def _demanded(self, project: str, type_id: str, known: tuple[CustomField, ...]) -> set[str]:
        """The fields without which this account can make no ticket here, by the complaints about an empty one."""
        empty = {"project_id": project, "tracker_id": type_id, **IMPOSSIBLE}
        texts = await trial(self._wire, empty) - await trial(self._wire, IMPOSSIBLE)
        if not texts:
            return set()
        problems = await name_faults(tuple(texts), empty, known, partial(trial, self._wire))
        return {problem.field for problem in problems if problem.field}

    async def _first_status(self, tracker: Mapping[str, Any]) -> Status | None:
        first = tracker.get("default_status")
        if not first:
            return None
        statuses = await self._directory.statuses(self._wire)
        return next((status for status in statuses if status.id == str(first["id"])), None)

    async def _any_assignable(self, roles: list[str]) -> bool:
        for role in roles:
            if await self._directory.assignable_role(self._wire, role):
                return True
        return False

    async def _takes_groups(self, project: str, group: Member) -> bool:
        """Whether groups can be assignees is a setting that nobody may read; a ticket that cannot be made tells."""
        ticket = {"project_id": project, **IMPOSSIBLE}
        without = await trial(self._wire, ticket)
        return await trial(self._wire, {**ticket, "assigned_to_id": group.id}) == without


def _standard(tracker: Mapping[str, Any]) -> frozenset[Field]:
    names = tracker.get("enabled_standard_fields")
    if names is None:
        return _STANDARD
    return frozenset(FIELDS[name] for name in names if name in FIELDS)
