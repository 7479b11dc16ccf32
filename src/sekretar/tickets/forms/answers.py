"""From the answers of a form to the ticket that will be made of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sekretar.kernel.errors import PersonError
from sekretar.tickets.forms.questions import ids_of
from sekretar.tickets.forms.spec import GROUP, Answers, Spec
from sekretar.tickets.spans import parse_span
from sekretar.trackers.requests import Draft, Uploaded
from sekretar.trackers.values import CustomField, Field, Kind


def ticket_of(
    spec: Spec,
    answers: Answers,
    members: Mapping[str, str],
    appendix: str,
    files: tuple[Uploaded, ...] = (),
) -> Draft:
    """The ticket to be made.

    Args:
        spec: What was asked.
        answers: What was answered, by field.
        members: Who the people in the answers are in the tracker, by field.
        appendix: Ends the description: where it comes from.
        files: Are attached.

    Raises:
        PersonError: an answer does not fit the form (any more).
    """
    done = _text(answers, Field.DONE)
    estimate = _text(answers, Field.ESTIMATE)
    return Draft(
        project=spec.form.project.id,
        subject=_text(answers, Field.SUBJECT),
        type=spec.form.type.id,
        description="\n\n".join(part for part in (_text(answers, Field.DESCRIPTION), appendix) if part),
        status=_text(answers, Field.STATUS) or None,
        priority=_text(answers, Field.PRIORITY) or None,
        assignee=_assignee(answers, members),
        start=_day(answers, Field.START),
        due=_day(answers, Field.DUE),
        estimate=parse_span(estimate) if estimate else None,
        done=int(done) if done else None,
        custom=_custom(spec, answers, members),
        files=files,
    )


def _assignee(answers: Answers, members: Mapping[str, str]) -> str | None:
    person, group = members.get(Field.ASSIGNEE), _text(answers, GROUP)
    if person and group:
        raise PersonError("tickets.new.one_assignee")
    return person or group or None


def people_in(spec: Spec, answers: Answers) -> dict[str, str]:
    """The chat's ids of the people in the answers, by field."""
    keys = [Field.ASSIGNEE.value, *(each.key for each in spec.form.custom if each.kind is Kind.PERSON)]
    return {key: text for key in keys if (text := _text(answers, key))}


def due_of(answers: Answers) -> date | None:
    """The last day."""
    return _day(answers, Field.DUE)


def _custom(spec: Spec, answers: Answers, members: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    given = [(each, _text(answers, each.key)) for each in spec.form.custom]
    return {each.id: _values(each, answer, members) for each, answer in given if answer}


def _values(field: CustomField, answer: str, members: Mapping[str, str]) -> tuple[str, ...]:
    if field.kind is Kind.PERSON:
        return (members[field.key],)
    return ids_of(field, answer) if field.kind is Kind.CHOICE else (answer,)


def _text(answers: Answers, key: str) -> str:
    return str(answers.get(key, ""))


def _day(answers: Answers, key: str) -> date | None:
    text = _text(answers, key)
    return date.fromisoformat(text) if text else None
