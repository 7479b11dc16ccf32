"""From what a text says to what would be made of it: people, projects and priorities are found, or named as unknown.

Nothing is decided silently. A row that cannot become a ticket says why, a row that can but looks odd says so too, and
what is shown is what is created: a `Planned` row holds everything that its ticket will say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from sekretar.kernel.text import truncate
from sekretar.tickets.batches.grammar import Assignment
from sekretar.tickets.remarks import Remark
from sekretar.trackers.requests import Draft
from sekretar.trackers.values import Field, Member, Priority, Project

#: What every tracker takes as the subject of a ticket, in characters (the column of Redmine is the narrowest).
SUBJECT_LIMIT: Final = 255

#: In a warning.
_QUOTED: Final = 60

#: What people write for a priority, as a place on the scale from the least (0) to the most urgent (1).
_URGENCY: Final[Mapping[str, float]] = {
    "low": 0.0, "minor": 0.0, "низкий": 0.0, "низко": 0.0,
    "normal": 0.3, "medium": 0.3, "нормальный": 0.3, "обычный": 0.3, "средний": 0.3,
    "high": 0.6, "major": 0.6, "важно": 0.6, "высокий": 0.6, "!": 0.6,
    "urgent": 0.85, "critical": 0.85, "срочно": 0.85, "срочный": 0.85, "!!": 0.85,
    "!!!": 1.0, "immediate": 1.0, "blocker": 1.0, "немедленно": 1.0, "немедленный": 1.0, "блокер": 1.0,
}  # fmt: skip


@dataclass(frozen=True)
class Addressee:
    """Somebody whom a line names.

    Attributes:
        username: As in the chat, without `@`.
        name: What people call them.
        person_id: None when nobody in the chat is called so, and for a group of the tracker.
        member: Who they are in the tracker; None when that is not known.
    """

    username: str
    name: str = ""
    person_id: int | None = None
    member: Member | None = None

    @property
    def is_unknown(self) -> bool:
        return self.person_id is None and self.member is None


@dataclass(frozen=True)
class Knowledge:
    """What the tracker and the chat know of the things that a text names.

    Attributes:
        projects: All that the person sees.
        default: Where rows go that name none.
        priorities: The least urgent first.
        addressees: By the name as it was written.
        assignable: By project id, the ids of those who can be assignees; absent when the tracker does not tell.
        lacking: By project id, the required fields that a line cannot fill in.
        today: The day at the person's place.
        demanded: By project id, the required fields that a line can fill in.
    """

    projects: Sequence[Project]
    default: Project | None
    priorities: Sequence[Priority]
    addressees: Mapping[str, Addressee]
    assignable: Mapping[str, frozenset[str]]
    lacking: Mapping[str, tuple[str, ...]]
    today: date
    demanded: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Planned:
    """One row: the ticket that would be made, and what speaks against it."""

    row: int
    subject: str
    description: str = ""
    project: Project | None = None
    priority: Priority | None = None
    assignee: Addressee | None = None
    #: Who is named beside the assignee: they are told of it and stand in the description.
    others: tuple[Addressee, ...] = ()
    due: date | None = None
    problems: tuple[Remark, ...] = ()
    warnings: tuple[Remark, ...] = ()

    @property
    def creatable(self) -> bool:
        return not self.problems

    def draft(self, origin: str = "") -> Draft:
        """The ticket to be made; `origin` ends its description and says where it comes from.

        Raises:
            ValueError: the row has problems.
        """
        if self.project is None or not self.creatable:
            raise ValueError(f"row {self.row} cannot become a ticket")
        others = ", ".join(each.name or each.username for each in self.others)
        return Draft(
            project=self.project.id,
            subject=self.subject,
            description="\n\n".join(part for part in (self.description, others, origin) if part),
            priority=self.priority.id if self.priority else None,
            assignee=self.assignee.member.id if self.assignee and self.assignee.member else None,
            due=self.due,
        )


def plan(assignments: Sequence[Assignment], knowledge: Knowledge) -> tuple[Planned, ...]:
    """What would be made of the assignments, row by row."""
    return tuple(_planned(each, knowledge) for each in assignments)


def _planned(assignment: Assignment, knowledge: Knowledge) -> Planned:
    project = _project(assignment.project, knowledge)
    addressees = [knowledge.addressees.get(name, Addressee(name)) for name in assignment.people]
    priority = _priority(assignment.priority, knowledge.priorities)
    subject, description = _fitting(assignment)
    return Planned(
        row=assignment.row,
        subject=subject,
        description=description,
        project=project,
        priority=priority,
        assignee=addressees[0] if addressees else None,
        others=tuple(addressees[1:]),
        due=assignment.due,
        problems=tuple(_problems(assignment, project, priority, addressees, knowledge)),
        warnings=tuple(_warnings(assignment, knowledge.today)),
    )


def _fitting(assignment: Assignment) -> tuple[str, str]:
    """A subject that is too long goes on in the description, where it stands whole."""
    if len(assignment.subject) <= SUBJECT_LIMIT:
        return assignment.subject, assignment.description
    whole = "\n\n".join(part for part in (assignment.subject, assignment.description) if part)
    return truncate(assignment.subject, SUBJECT_LIMIT), whole


def _project(given: str | None, knowledge: Knowledge) -> Project | None:
    """By key, else by name; of several with one name the first that is open."""
    if given is None:
        return knowledge.default
    wanted = given.casefold()
    by_key = [each for each in knowledge.projects if each.key.casefold() == wanted]
    by_name = [each for each in knowledge.projects if each.name.replace(" ", "-").casefold() == wanted]
    found = by_key or by_name
    return next((each for each in found if each.open), found[0] if found else None)


def _priority(given: str | None, priorities: Sequence[Priority]) -> Priority | None:
    """By name, by the beginning of a name, else by what the word means on a scale."""
    if given is None or not priorities:
        return None
    wanted = given.casefold()
    for each in priorities:
        if each.name.casefold() == wanted:
            return each
    beginning = [each for each in priorities if len(wanted) > 2 and each.name.casefold().startswith(wanted)]
    if len(beginning) == 1:
        return beginning[0]
    place = _URGENCY.get(wanted)
    return priorities[round(place * (len(priorities) - 1))] if place is not None else None


def _problems(
    assignment: Assignment,
    project: Project | None,
    priority: Priority | None,
    addressees: Sequence[Addressee],
    knowledge: Knowledge,
) -> Iterator[Remark]:
    if not assignment.subject:
        yield Remark("tickets.row.no_subject")
    if assignment.no_such_day is not None:
        yield Remark("tickets.row.no_such_day", {"given": assignment.no_such_day})
    if assignment.priority is not None and priority is None:
        names = ", ".join(each.name for each in knowledge.priorities)
        yield Remark("tickets.row.unknown_priority", {"given": assignment.priority, "known": names})
    yield from _project_problems(assignment, project, knowledge)
    for each in addressees:
        if each.is_unknown:
            yield Remark("tickets.row.unknown_person", {"given": f"@{each.username}"})
    if project is None:
        return
    demanded = knowledge.demanded.get(project.id, frozenset()) if project.open else frozenset()
    if Field.DUE in demanded and assignment.due is None:
        yield Remark("tickets.row.needs_due", {"project": project.name})
    if addressees:
        yield from _assignee_problems(addressees[0], project, knowledge)
    elif Field.ASSIGNEE in demanded:
        yield Remark("tickets.row.needs_assignee", {"project": project.name})


def _project_problems(
    assignment: Assignment, project: Project | None, knowledge: Knowledge
) -> Iterator[Remark]:
    if project is None:
        if assignment.project is None:
            yield Remark("tickets.row.no_project")
        else:
            yield Remark("tickets.row.unknown_project", {"given": assignment.project})
    elif not project.open:
        yield Remark("tickets.row.closed_project", {"project": project.name})
    elif lacking := knowledge.lacking.get(project.id):
        yield Remark("tickets.row.lacking", {"fields": ", ".join(lacking), "project": project.name})


def _assignee_problems(assignee: Addressee, project: Project, knowledge: Knowledge) -> Iterator[Remark]:
    if assignee.is_unknown:
        return
    if assignee.member is None:
        yield Remark("tickets.row.unlinked_person", {"name": assignee.name})
        return
    assignable = knowledge.assignable.get(project.id)
    if assignable is not None and assignee.member.id not in assignable:
        yield Remark("tickets.row.not_assignable", {"name": assignee.name, "project": project.name})


def _warnings(assignment: Assignment, today: date) -> Iterator[Remark]:
    if assignment.due is not None and assignment.due < today:
        yield Remark("tickets.row.past")
    if len(assignment.subject) > SUBJECT_LIMIT:
        yield Remark("tickets.row.long", {"given": truncate(assignment.subject, _QUOTED)})


def line_of(planned: Planned) -> str:
    """The row as somebody would write it, for mending it: what `grammar` reads as the same again."""
    people = [each for each in (planned.assignee, *planned.others) if each is not None]
    words = [
        f"{planned.row}. {planned.subject}".rstrip(),
        *(f"@{each.username}" for each in people),
        f"{planned.due:%d.%m.%Y}" if planned.due else "",
        f"#{planned.project.key}" if planned.project else "",
        f"!{planned.priority.name}" if planned.priority and " " not in planned.priority.name else "",
    ]
    lines = [" ".join(word for word in words if word), *planned.description.splitlines()]
    return "\n   ".join(line for line in lines if line.strip())


# --- keeping it -------------------------------------------------------------------------------------------


def stored(planned: Planned) -> dict[str, Any]:
    """The row as JSON."""
    return {
        "row": planned.row,
        "subject": planned.subject,
        "description": planned.description,
        "project": _stored_project(planned.project),
        "priority": _stored_priority(planned.priority),
        "people": [_stored_addressee(each) for each in ([planned.assignee] if planned.assignee else [])]
        + [_stored_addressee(each) for each in planned.others],
        "due": planned.due.isoformat() if planned.due else None,
        "problems": [[each.key, dict(each.params)] for each in planned.problems],
        "warnings": [[each.key, dict(each.params)] for each in planned.warnings],
    }


def restored(payload: Mapping[str, Any]) -> Planned:
    """The row that `stored` wrote."""
    people = [_restored_addressee(each) for each in payload["people"]]
    return Planned(
        row=payload["row"],
        subject=payload["subject"],
        description=payload["description"],
        project=Project(**payload["project"]) if payload["project"] else None,
        priority=Priority(**payload["priority"]) if payload["priority"] else None,
        assignee=people[0] if people else None,
        others=tuple(people[1:]),
        due=date.fromisoformat(payload["due"]) if payload["due"] else None,
        problems=tuple(Remark(key, params) for key, params in payload["problems"]),
        warnings=tuple(Remark(key, params) for key, params in payload["warnings"]),
    )


def _stored_project(project: Project | None) -> dict[str, Any] | None:
    if project is None:
        return None
    return {
        "id": project.id,
        "key": project.key,
        "name": project.name,
        "parent": project.parent,
        "open": project.open,
    }


def _stored_priority(priority: Priority | None) -> dict[str, Any] | None:
    if priority is None:
        return None
    return {"id": priority.id, "name": priority.name, "rank": priority.rank, "default": priority.default}


def _stored_addressee(addressee: Addressee) -> dict[str, Any]:
    member = addressee.member
    return {
        "username": addressee.username,
        "name": addressee.name,
        "person_id": addressee.person_id,
        "member": {"id": member.id, "name": member.name} if member else None,
    }


def _restored_addressee(payload: Mapping[str, Any]) -> Addressee:
    member = Member(**payload["member"]) if payload["member"] else None
    return Addressee(payload["username"], payload["name"], payload["person_id"], member)
