"""The forms below a ticket: a comment, logged time, the last day, and what a step of the workflow wants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from sekretar.kernel.errors import PersonError
from sekretar.kernel.forms import Choice, FieldKind, Form
from sekretar.kernel.forms import Field as Asked
from sekretar.kernel.i18n import Translator
from sekretar.tickets.acting.card import field_name
from sekretar.tickets.acting.hours import parse_hours
from sekretar.tickets.forms.questions import custom_question, ids_of
from sekretar.tickets.words import spoken_key
from sekretar.trackers.port import Tracker
from sekretar.trackers.requests import TimeSpent
from sekretar.trackers.values import Can, CustomField, Field, Kind, Ticket, custom_id

COMMENT_FORM = "tickets.comment"
TIME_FORM = "tickets.time"
DUE_FORM = "tickets.due"
STEP_FORM = "tickets.step"

#: In one list of a dialog.
MOST_CHOICES = 100
_COMMENT_LIMIT = 3000
#: Redmine takes no more words about logged time.
_TIME_COMMENT_LIMIT = 150
_HOURS_LIMIT = 40


def comment_form(key: str, t: Translator) -> Form:
    """What to write below the ticket."""
    text = Asked("text", FieldKind.TEXTAREA, t.plain("tickets.field.comment"), max_length=_COMMENT_LIMIT)
    title = t.plain("tickets.acting.comment_title", ticket=spoken_key(key))
    return Form(COMMENT_FORM, title, "", (text,), t.plain("tickets.acting.comment_submit"))


async def time_form(eyes: Tracker, key: str, project: str, t: Translator, today: date) -> Form:
    """How long was worked, on which day, on what."""
    fields = [
        Asked(
            "spent",
            FieldKind.TEXT,
            t.plain("tickets.field.spent"),
            placeholder=t.plain("tickets.acting.spent_hint"),
            max_length=_HOURS_LIMIT,
            check=lambda value: parse_hours(str(value)),
        ),
        Asked("on", FieldKind.DATE, t.plain("tickets.acting.spent_on"), default=today.isoformat()),
    ]
    if Can.TIME_ACTIVITIES in eyes.site.capabilities:
        choices = tuple(Choice(each.id, each.name) for each in await eyes.activities(project))[:MOST_CHOICES]
        if choices:
            label = t.plain("tickets.field.activity")
            fields.append(
                Asked("activity", FieldKind.CHOICE, label, choices=choices, default=choices[0].value)
            )
    words = t.plain("tickets.field.comment")
    fields.append(Asked("comment", FieldKind.TEXT, words, optional=True, max_length=_TIME_COMMENT_LIMIT))
    title = t.plain("tickets.acting.time_title", ticket=spoken_key(key))
    return Form(TIME_FORM, title, "", tuple(fields), t.plain("tickets.acting.time_submit"))


def time_in(values: Mapping[str, str | bool]) -> TimeSpent:
    """What was filled in."""
    return TimeSpent(
        spent=parse_hours(str(values["spent"])),
        on=date.fromisoformat(str(values["on"])),
        comment=str(values.get("comment", "")),
        activity=str(values.get("activity", "")) or None,
    )


def due_form(key: str, present: str, t: Translator) -> Form:
    """Which day; an empty one takes it away."""
    day = Asked(
        "due",
        FieldKind.DATE,
        t.plain("tickets.field.due"),
        help=t.plain("tickets.acting.due_help"),
        optional=True,
        default=present or None,
    )
    title = t.plain("tickets.acting.due_title", ticket=spoken_key(key))
    return Form(DUE_FORM, title, "", (day,), t.plain("tickets.acting.due_submit"))


# --- a step of the workflow


async def step_form(eyes: Tracker, ticket: Ticket, needed: Sequence[str], t: Translator) -> Form:
    """What a step wants to know, and a word about it.

    Raises:
        PersonError: it wants something that can only be given in the tracker itself.
    """
    known = await own_fields(eyes, ticket, needed)
    people = await _people(eyes, ticket, needed, known)
    priorities = await eyes.priorities() if Field.PRIORITY in needed else ()
    choices = {
        Field.ASSIGNEE.value: people,
        Field.PRIORITY.value: tuple(Choice(each.id, each.name) for each in priorities),
    }
    fields = [_asked(key, ticket, known.get(key), choices, people, t) for key in needed]
    if lacking := [key for key, each in zip(needed, fields, strict=True) if each is None]:
        names = ", ".join(_name(key, ticket, known, t) for key in lacking)
        raise PersonError("tickets.acting.step_elsewhere", fields=names, page=ticket.link)
    asked = [each for each in fields if each is not None]
    if Field.COMMENT not in needed:
        label = t.plain("tickets.field.comment")
        asked.append(
            Asked(Field.COMMENT, FieldKind.TEXTAREA, label, optional=True, max_length=_COMMENT_LIMIT)
        )
    title = t.plain("tickets.acting.step_title", ticket=spoken_key(ticket.ref.key))
    return Form(STEP_FORM, title, "", tuple(asked), t.plain("tickets.acting.step_submit"))


def step_values(
    values: Mapping[str, str | bool], needed: Iterable[str], known: Mapping[str, CustomField]
) -> tuple[str, Mapping[str, tuple[str, ...]]]:
    """The comment, and what was filled in by the name of the field.

    Raises:
        PersonError: a choice that was typed by its name is none.
    """
    given = {key: _ids(known.get(key), str(values[key])) for key in needed if key != Field.COMMENT}
    return str(values.get(Field.COMMENT, "")), given


def _ids(own: CustomField | None, answer: str) -> tuple[str, ...]:
    return ids_of(own, answer) if own is not None and own.kind is Kind.CHOICE else (answer,)


async def own_fields(eyes: Tracker, ticket: Ticket, needed: Iterable[str]) -> Mapping[str, CustomField]:
    """The fields among these that the house has invented, as the form for new tickets describes them."""
    keys = {key for key in needed if custom_id(key)}
    if not keys:
        return {}
    form = await eyes.form(ticket.project.id, ticket.type.id)
    return {each.key: each for each in form.custom if each.key in keys}


async def _people(
    eyes: Tracker, ticket: Ticket, needed: Sequence[str], known: Mapping[str, CustomField]
) -> tuple[Choice, ...]:
    wanted = (known.get(key) for key in needed)
    if Field.ASSIGNEE not in needed and not any(each and each.kind is Kind.PERSON for each in wanted):
        return ()
    members = await eyes.assignable(ticket.project.id)
    return tuple(Choice(each.id, each.name) for each in members[:MOST_CHOICES])


_PLAIN = {
    Field.SUBJECT.value: FieldKind.TEXT,
    Field.DESCRIPTION.value: FieldKind.TEXTAREA,
    Field.COMMENT.value: FieldKind.TEXTAREA,
    Field.START.value: FieldKind.DATE,
    Field.DUE.value: FieldKind.DATE,
    Field.DONE.value: FieldKind.NUMBER,
}


def _asked(
    key: str,
    ticket: Ticket,
    own: CustomField | None,
    choices: Mapping[str, tuple[Choice, ...]],
    people: tuple[Choice, ...],
    t: Translator,
) -> Asked | None:
    """The question for a field; None when it cannot be asked."""
    kind = _PLAIN.get(key)
    if kind is not None:
        return Asked(key, kind, t.plain(f"tickets.field.{Field(key)}"))
    if own is None:
        offered = choices.get(key)
        return Asked(key, FieldKind.CHOICE, field_name(key, ticket, t), choices=offered) if offered else None
    if own.kind is Kind.PERSON:
        return Asked(key, FieldKind.CHOICE, own.name, choices=people) if people else None
    return None if own.kind is Kind.OTHER else replace(custom_question(own, t), optional=False)


def _name(key: str, ticket: Ticket, known: Mapping[str, CustomField], t: Translator) -> str:
    return known[key].name if key in known else field_name(key, ticket, t)
