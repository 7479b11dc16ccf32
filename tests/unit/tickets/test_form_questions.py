"""The questions of a ticket: from what the tracker asks to what a person sees, and back to what is made."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from sekretar.kernel import forms
from sekretar.kernel.errors import PersonError
from sekretar.kernel.forms import FieldKind, check_field
from sekretar.kernel.i18n import Catalogues
from sekretar.tickets.forms.answers import people_in, ticket_of
from sekretar.tickets.forms.questions import MORE, MOST_CHOICES, first_questions, more_questions
from sekretar.tickets.forms.spec import Spec, restored, stored
from sekretar.trackers.values import (
    Choice,
    CustomField,
    Field,
    Kind,
    Priority,
    Project,
    Status,
    TicketForm,
)

T = Catalogues.load().translator("en")
TASK = Choice("1", "Task")
NEW = Status("1", "New", closed=False)
SITE = Project("1", "site", "Website")
FORM = TicketForm(SITE, TASK, frozenset(Field), frozenset({Field.SUBJECT}), (), NEW)
SPEC = Spec("redmine", FORM, (TASK,), (Priority("2", "Normal", 1, default=True),), (NEW,))
THING = CustomField("9", "Thing", Kind.LINE, required=True)


def with_custom(*fields: CustomField) -> Spec:
    return replace(SPEC, form=replace(FORM, custom=fields))


def asked(field: CustomField) -> forms.Field:
    (found,) = (each for each in first_questions(with_custom(field), {}, T) if each.name == field.key)
    return found


def test_a_form_survives_being_kept() -> None:
    spec = with_custom(
        replace(THING, kind=Kind.CHOICE, choices=(Choice("a", "Alpha"),)), replace(THING, default=("x",))
    )
    assert restored(stored(spec)) == spec


def test_what_is_required_is_asked_at_once() -> None:
    assert SPEC.first == ("subject", "description", "assignee", "due", "priority")
    assert SPEC.more == ("status", "start", "estimate", "done")
    strict = replace(SPEC, form=replace(FORM, required=frozenset({Field.START, Field.DUE})))
    assert strict.first[-1] == "start"
    assert "start" not in strict.more
    assert strict.missing({"subject": "x", "due": "2026-03-04"}) == ("start",)
    assert first_questions(SPEC, {}, T)[-1].name == MORE


def test_fields_that_the_tracker_does_not_know_are_not_asked() -> None:
    bare = replace(SPEC, form=replace(FORM, fields=frozenset({Field.PROJECT, Field.TYPE})), statuses=())
    assert [each.name for each in first_questions(bare, {}, T)] == ["subject"]
    assert more_questions(bare, {}, T) == ()


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        (Kind.LINE, FieldKind.TEXT), (Kind.TEXT, FieldKind.TEXTAREA), (Kind.INTEGER, FieldKind.NUMBER),
        (Kind.DECIMAL, FieldKind.NUMBER), (Kind.DATE, FieldKind.DATE), (Kind.PERSON, FieldKind.PERSON),
        (Kind.LINK, FieldKind.URL), (Kind.YES_NO, FieldKind.CHOICE), (Kind.CHOICE, FieldKind.CHOICE),
    ],
)  # fmt: skip
def test_each_kind_of_field_is_asked_in_its_way(kind: Kind, wanted: FieldKind) -> None:
    field = asked(replace(THING, kind=kind))
    assert (field.kind, field.optional) == (wanted, False)


def test_a_whole_number_is_whole() -> None:
    whole, any_number = (asked(replace(THING, kind=kind)) for kind in (Kind.INTEGER, Kind.DECIMAL))
    assert check_field(whole, "12") == "12"
    with pytest.raises(PersonError, match="whole_number"):
        check_field(whole, "1,5")
    assert check_field(any_number, "1,5") == "1.5"


def test_a_list_too_long_for_a_dialog_is_asked_by_name() -> None:
    many = tuple(Choice(str(number), f"Name {number}") for number in range(MOST_CHOICES + 1))
    field = replace(THING, kind=Kind.CHOICE, choices=many)
    assert asked(field).kind is FieldKind.TEXT
    made = ticket_of(with_custom(field), {"subject": "x", field.key: "name 7"}, {}, "")
    assert made.custom == {"9": ("7",)}
    with pytest.raises(PersonError, match="no_such_choice"):
        check_field(asked(field), "Name seven")


def test_a_name_with_a_comma_is_one_name() -> None:
    choices = (Choice("a", "Alpha"), Choice("b", "Beta, too"))
    field = replace(THING, kind=Kind.CHOICE, multiple=True, choices=choices)
    made = ticket_of(with_custom(field), {"subject": "x", field.key: "beta, too"}, {}, "")
    assert made.custom == {"9": ("b",)}


def test_what_only_the_tracker_can_ask_makes_the_form_impossible() -> None:
    other = replace(THING, kind=Kind.OTHER)
    assert with_custom(other).impossible == ("Thing",)
    assert with_custom(replace(other, default=("x",))).impossible == ()
    assert replace(SPEC, form=replace(FORM, required=frozenset({Field.PARENT}))).impossible == ("parent",)


def test_what_was_typed_stands_in_the_form_again() -> None:
    shown = {each.name: each.default for each in first_questions(SPEC, {"subject": "x", "priority": ""}, T)}
    assert (shown["subject"], shown["priority"]) == ("x", "")


def test_all_answers_reach_the_ticket() -> None:
    spec = with_custom(CustomField("7", "Reviewer", Kind.PERSON, required=False))
    answers = {
        "subject": "x", "description": "long", "assignee": "u1", "due": "2026-03-09", "start": "2026-03-04",
        "priority": "2", "status": "1", "estimate": "1d", "done": "50", "custom:7": "u2", "custom:8": "gone",
    }  # fmt: skip
    assert people_in(spec, answers) == {"assignee": "u1", "custom:7": "u2"}
    made = ticket_of(spec, answers, {"assignee": "70", "custom:7": "71"}, "https://chat.example/x")
    assert (made.project, made.type, made.subject) == ("1", "1", "x")
    assert made.description == "long\n\nhttps://chat.example/x"
    assert (made.assignee, made.priority, made.status) == ("70", "2", "1")
    assert (made.start, made.due) == (date(2026, 3, 4), date(2026, 3, 9))
    assert (made.estimate, made.done, made.custom) == (timedelta(hours=8), 50, {"7": ("71",)})
