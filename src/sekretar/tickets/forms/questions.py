"""The questions of a ticket, as a form of the chat. Answers given before stand in it, so nothing is typed twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Final

from sekretar.kernel import forms
from sekretar.kernel.errors import PersonError
from sekretar.kernel.forms import FieldKind, Value
from sekretar.kernel.i18n import Translator
from sekretar.kernel.text import truncate
from sekretar.tickets.forms.spec import GROUP, Answers, Spec
from sekretar.tickets.spans import parse_span
from sekretar.trackers.values import CustomField, Field, Kind

#: More cannot be looked through in a list of a dialog: then the name is typed.
MOST_CHOICES: Final = 200
#: What every tracker takes as the subject of a ticket, in characters (the column of Redmine is the narrowest).
SUBJECT_LIMIT: Final = 255
#: A textarea of Mattermost takes no more.
TEXT_LIMIT: Final = 3000
_SHOWN_NAMES: Final = 120

#: The last question: whether the rarely used fields are wanted, too.
MORE: Final = "more"

_PLAIN: Final = {
    Kind.LINE: FieldKind.TEXT,
    Kind.TEXT: FieldKind.TEXTAREA,
    Kind.INTEGER: FieldKind.NUMBER,
    Kind.DECIMAL: FieldKind.NUMBER,
    Kind.DATE: FieldKind.DATE,
    Kind.PERSON: FieldKind.PERSON,
    Kind.LINK: FieldKind.URL,
}


@dataclass(frozen=True)
class _Asker:
    """Words the questions of one form, with the answers known so far."""

    spec: Spec
    answers: Answers
    t: Translator

    def field(self, key: str) -> forms.Field:
        custom = self.spec.custom(key)
        made = custom_question(custom, self.t) if custom else self._standard(key)
        known = self.answers.get(key)
        return replace(
            made,
            optional=not self.spec.is_required(key),
            default=known if known is not None else made.default,
        )

    def _standard(self, key: str) -> forms.Field:
        if key == GROUP:
            return self._group()
        field = Field(key)
        makers: dict[Field, Callable[[], forms.Field]] = {
            Field.TYPE: self._type,
            Field.SUBJECT: partial(self._plain, field, FieldKind.TEXT, SUBJECT_LIMIT),
            Field.DESCRIPTION: partial(self._plain, field, FieldKind.TEXTAREA, TEXT_LIMIT),
            Field.ASSIGNEE: partial(self._plain, field, FieldKind.PERSON),
            Field.DUE: partial(self._plain, field, FieldKind.DATE),
            Field.START: partial(self._plain, field, FieldKind.DATE),
            Field.PRIORITY: self._priority,
            Field.STATUS: self._status,
            Field.ESTIMATE: self._estimate,
            Field.DONE: self._done,
        }
        return makers[field]()

    def _plain(self, field: Field, kind: FieldKind, limit: int | None = None) -> forms.Field:
        return forms.Field(field.value, kind, self.t.plain(f"tickets.field.{field.value}"), max_length=limit)

    def _type(self) -> forms.Field:
        choices = tuple(forms.Choice(each.id, each.name) for each in self.spec.types)
        return replace(
            self._plain(Field.TYPE, FieldKind.CHOICE), choices=choices, default=self.spec.form.type.id
        )

    def _group(self) -> forms.Field:
        choices = tuple(forms.Choice(each.id, each.name) for each in self.spec.groups)
        return forms.Field(
            GROUP, FieldKind.CHOICE, self.t.plain("tickets.field.group"), optional=True, choices=choices
        )

    def _priority(self) -> forms.Field:
        choices = tuple(forms.Choice(each.id, each.name) for each in reversed(self.spec.priorities))
        default = next((each.id for each in self.spec.priorities if each.default), None)
        return replace(self._plain(Field.PRIORITY, FieldKind.CHOICE), choices=choices, default=default)

    def _status(self) -> forms.Field:
        choices = tuple(forms.Choice(each.id, each.name) for each in self.spec.statuses)
        default = self.spec.form.status.id if self.spec.form.status else None
        return replace(self._plain(Field.STATUS, FieldKind.CHOICE), choices=choices, default=default)

    def _estimate(self) -> forms.Field:
        return replace(
            self._plain(Field.ESTIMATE, FieldKind.TEXT, 40),
            placeholder=self.t.plain("tickets.new.estimate_hint"),
            check=_is_span,
        )

    def _done(self) -> forms.Field:
        choices = tuple(forms.Choice(str(each), f"{each} %") for each in range(0, 101, 10))
        return replace(self._plain(Field.DONE, FieldKind.CHOICE), choices=choices)


def first_questions(spec: Spec, answers: Answers, t: Translator) -> tuple[forms.Field, ...]:
    """What is asked at once; last, whether the rest is wanted."""
    asker = _Asker(spec, answers, t)
    fields = tuple(asker.field(key) for key in spec.first)
    if not spec.more:
        return fields
    label, help_ = t.plain("tickets.new.more"), t.plain("tickets.new.more_help")
    return (*fields, forms.Field(MORE, FieldKind.BOOL, label, help=help_))


def more_questions(spec: Spec, answers: Answers, t: Translator) -> tuple[forms.Field, ...]:
    """The rarely used fields."""
    asker = _Asker(spec, answers, t)
    return tuple(asker.field(key) for key in spec.more)


def label_of(spec: Spec, key: str, t: Translator) -> str:
    """What a field is called; its own key where nobody has a word for it."""
    custom = spec.custom(key)
    if custom is not None:
        return custom.name
    return t.plain(f"tickets.field.{key}") if key in {*Field, GROUP} else key


def ids_of(field: CustomField, answer: str) -> tuple[str, ...]:
    """The ids of the choices that were chosen from a list, or typed by their names.

    Raises:
        PersonError: `tickets.new.no_such_choice`.
    """
    if _is_listed(field):
        return (answer,)
    by_name = {each.name.casefold(): each.id for each in field.choices}
    if (whole := by_name.get(answer.strip().casefold())) is not None:
        return (whole,)
    names = [name.strip() for name in answer.split(",") if name.strip()] if field.multiple else [answer]
    unknown = next((name for name in names if name.casefold() not in by_name), None)
    if unknown is not None:
        raise PersonError("tickets.new.no_such_choice", given=unknown, known=_names(field))
    return tuple(dict.fromkeys(by_name[name.casefold()] for name in names))


def _is_listed(field: CustomField) -> bool:
    return not field.multiple and len(field.choices) <= MOST_CHOICES


def _names(field: CustomField) -> str:
    return truncate(", ".join(each.name for each in field.choices), _SHOWN_NAMES)


def custom_question(field: CustomField, t: Translator) -> forms.Field:
    """What is asked for a field that the house has invented; `ids_of` reads the answer where it has choices."""
    default = field.default[0] if field.default else None
    if field.kind in _PLAIN:
        check = _is_whole if field.kind is Kind.INTEGER else None
        return forms.Field(
            field.key, _PLAIN[field.kind], field.name, default=_of_kind(field, default), check=check
        )
    if field.kind is Kind.YES_NO:
        yes, no = t.plain("mattermost.conversation.yes"), t.plain("mattermost.conversation.no")
        answers = (forms.Choice("1", yes), forms.Choice("0", no))
        return forms.Field(field.key, FieldKind.CHOICE, field.name, default=default, choices=answers)
    if _is_listed(field):
        choices = tuple(forms.Choice(each.id, each.name) for each in field.choices)
        return forms.Field(field.key, FieldKind.CHOICE, field.name, default=default, choices=choices)
    help_key = "tickets.new.several_help" if field.multiple else "tickets.new.name_help"
    shown = ", ".join(each.name for each in field.choices if each.id in field.default)
    return forms.Field(
        field.key,
        FieldKind.TEXT,
        field.name,
        help=t.plain(help_key, known=_names(field)),
        default=shown or None,
        check=partial(_is_choice, field),
    )


def _of_kind(field: CustomField, default: str | None) -> str | None:
    """A default that the chat can show: the tracker's people are not its people."""
    return None if field.kind is Kind.PERSON else default


def _is_whole(value: Value) -> None:
    if Decimal(str(value)) % 1:
        raise PersonError("tickets.new.whole_number")


def _is_span(value: Value) -> None:
    parse_span(str(value))


def _is_choice(field: CustomField, value: Value) -> None:
    ids_of(field, str(value))
