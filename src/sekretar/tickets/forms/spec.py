"""What the tracker asks for, kept beside what was answered: a form is built again for each of its questions, and a
tracker must not be asked that often.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter

from sekretar.trackers.values import (
    Choice,
    CustomField,
    Field,
    Kind,
    Priority,
    Status,
    TicketForm,
)

#: The standard fields that are asked for, in order: those of every ticket, then the rarely used.
FIRST: Final = (
    Field.TYPE,
    Field.SUBJECT,
    Field.DESCRIPTION,
    Field.ASSIGNEE,
    Field.DUE,
    Field.PRIORITY,
)
RARE: Final = (Field.STATUS, Field.START, Field.ESTIMATE, Field.DONE)

#: The question for a group as the assignee; people are chosen from those of the chat.
GROUP: Final = "group"

#: Fields that whoever fills in a ticket never gives: they are known, or come along.
_GIVEN: Final = frozenset({Field.PROJECT, Field.FILES})

Answers = Mapping[str, str | bool]


@dataclass(frozen=True)
class Spec:
    """The form of one type of tickets in one project, as the tracker described it to one person."""

    tracker: str
    form: TicketForm
    #: All that the project knows; the one the form is for is among them.
    types: tuple[Choice, ...]
    priorities: tuple[Priority, ...]
    #: That a new ticket can begin in; empty where the tracker decides.
    statuses: tuple[Status, ...]
    #: That can be assignees.
    groups: tuple[Choice, ...] = ()

    def custom(self, key: str) -> CustomField | None:
        """The custom field of this key."""
        return next((each for each in self.form.custom if each.key == key), None)

    @property
    def first(self) -> tuple[str, ...]:
        """What is asked for at once: the usual fields, and whatever is required."""
        standard = [each for each in FIRST if self._asks(each)]
        standard += [each for each in RARE if self._asks(each) and each in self.form.required]
        return (*standard, *(each.key for each in self.form.custom if _is_demanded(each)))

    @property
    def more(self) -> tuple[str, ...]:
        """What is asked for on request."""
        standard = [each for each in RARE if self._asks(each) and each not in self.form.required]
        rest = [
            each.key for each in self.form.custom if not _is_demanded(each) and each.kind is not Kind.OTHER
        ]
        return (*([GROUP] if self.groups else []), *standard, *rest)

    @property
    def impossible(self) -> tuple[str, ...]:
        """The names of required fields that can only be filled in in the tracker itself."""
        standard = self.form.required - {*FIRST, *RARE, *_GIVEN}
        custom = [
            each.name
            for each in self.form.custom
            if each.required and each.kind is Kind.OTHER and not each.default
        ]
        return (*sorted(field.value for field in standard), *custom)

    def missing(self, answers: Answers) -> tuple[str, ...]:
        """The required fields that have no answer."""
        return tuple(key for key in self.first if self.is_required(key) and not answers.get(key))

    def is_required(self, key: str) -> bool:
        """Whether a ticket cannot be made without it."""
        custom = self.custom(key)
        return _is_demanded(custom) if custom else key in self.form.required | {Field.SUBJECT, Field.TYPE}

    def _asks(self, field: Field) -> bool:
        if field is Field.TYPE:
            return len(self.types) > 1
        if field is Field.STATUS:
            return bool(self.statuses) and field in self.form.fields
        return field is Field.SUBJECT or field in self.form.fields


def _is_demanded(field: CustomField) -> bool:
    """Whether somebody has to answer; what the tracker fills in by itself can stay as it is."""
    return field.required and not field.default and field.kind is not Kind.OTHER


_ADAPTER = TypeAdapter(Spec)


def stored(spec: Spec) -> Any:
    """The form as JSON."""
    return _ADAPTER.dump_python(spec, mode="json")


def restored(payload: Any) -> Spec:
    """The form that `stored` wrote."""
    return _ADAPTER.validate_python(payload)
