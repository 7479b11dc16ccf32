"""What is asked of a person, apart from how it is asked.

A `Form` is a value. A dialog shows it at once, a conversation asks it field by field; both hand what came
back to `validate`, which trusts nothing: Mattermost passes on whatever the client sent (a number as text or as
a number, a tick as `true` or "true"), and people write dates as people do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from types import MappingProxyType
from typing import assert_never
from urllib.parse import urlsplit

from sekretar.kernel.dates import parse_date, parse_time
from sekretar.kernel.errors import PersonError
from sekretar.kernel.text import Markdown

Value = str | bool
Check = Callable[[Value], object]

#: The longest text that is accepted from a field without a limit of its own (a textarea of Mattermost).
LONGEST_TEXT = 3000

#: The name under which an error of the whole form stands.
WHOLE_FORM = ""


class FieldKind(Enum):
    """What a field asks for."""

    TEXT = "text"
    #: Several lines.
    TEXTAREA = "textarea"
    #: A password: shown as dots, never quoted, never stored in a conversation.
    SECRET = "secret"  # noqa: S105 - a kind, not a secret
    #: A number in decimal notation; the value is its shortest text ("10", "1.5").
    NUMBER = "number"
    EMAIL = "email"
    #: An http or https address.
    URL = "url"
    #: Yes or no.
    BOOL = "bool"
    #: One of the choices, from a list.
    CHOICE = "choice"
    #: One of the choices, all of them in sight.
    RADIO = "radio"
    #: The id of a Mattermost user.
    PERSON = "person"
    #: The id of a Mattermost channel.
    CHANNEL = "channel"
    #: A day; the value is ISO 8601 (2026-03-02).
    DATE = "date"
    #: A time of day; the value is HH:MM.
    TIME = "time"


@dataclass(frozen=True)
class Choice:
    """One possible answer: what is stored and what is shown."""

    value: str
    label: str


@dataclass(frozen=True)
class Field:
    """One question.

    Attributes:
        name: What the answer is called; unique in the form.
        kind: What is asked for.
        label: The question, in the person's language.
        help: A sentence of explanation.
        placeholder: What stands in the empty field.
        optional: Whether it may be left empty.
        default: What it holds at first.
        choices: The possible answers of CHOICE and RADIO.
        quick: Answers offered as buttons when the form is asked step by step.
        min_length: The fewest characters of a text.
        max_length: The most characters of a text.
        check: A rule of the feature's own: called with the value, raises `PersonError`.
    """

    name: str
    kind: FieldKind
    label: str
    help: str = ""
    placeholder: str = ""
    optional: bool = False
    default: Value | None = None
    choices: tuple[Choice, ...] = ()
    quick: tuple[Choice, ...] = ()
    min_length: int | None = None
    max_length: int | None = None
    check: Check | None = None


@dataclass(frozen=True)
class Form:
    """Several questions that belong together."""

    id: str
    title: str
    intro: Markdown | str = ""
    fields: tuple[Field, ...] = ()
    submit_label: str = ""

    def __post_init__(self) -> None:
        names = [asked.name for asked in self.fields]
        if len(set(names)) < len(names) or WHOLE_FORM in names:
            raise ValueError(f"the fields of form {self.id!r} need different names")

    def field(self, name: str) -> Field:
        """The field of this name.

        Raises:
            KeyError: there is none.
        """
        for asked in self.fields:
            if asked.name == name:
                return asked
        raise KeyError(name)


@dataclass(frozen=True)
class Submission:
    """Answers that passed every rule. An optional field left empty is "" (or False).

    Answers may be passwords: neither a submission nor its errors show them when printed.
    """

    values: Mapping[str, Value] = field(repr=False)

    def text(self, name: str) -> str:
        """The answer to a field that is not BOOL."""
        value = self.values[name]
        if not isinstance(value, str):
            raise TypeError(f"{name} is yes or no")
        return value

    def flag(self, name: str) -> bool:
        """The answer to a BOOL field."""
        value = self.values[name]
        if not isinstance(value, bool):
            raise TypeError(f"{name} is a text")
        return value


@dataclass(frozen=True)
class FieldErrors:
    """Why the answers were not accepted, and what was answered, so that nobody types it again.

    Attributes:
        errors: By field name; an error of the whole form stands under "".
        raw: What came in, as it came.
    """

    errors: Mapping[str, PersonError]
    raw: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}), repr=False)


def validate(form: Form, raw: Mapping[str, object], *, today: date | None = None) -> Submission | FieldErrors:
    """Check every answer. Names that the form does not ask for are ignored.

    Args:
        form: The questions.
        raw: The answers as they came in.
        today: The day at the person's place, for dates like "tomorrow"; without it only full dates are known.
    """
    values: dict[str, Value] = {}
    errors: dict[str, PersonError] = {}
    for asked in form.fields:
        try:
            values[asked.name] = check_field(asked, raw.get(asked.name), today=today)
        except PersonError as error:
            errors[asked.name] = error
    return FieldErrors(errors, raw) if errors else Submission(values)


def check_field(asked: Field, answer: object, *, today: date | None = None) -> Value:
    """One answer as a value in the form its kind promises.

    Raises:
        PersonError: the answer breaks a rule; the error says which.
    """
    value = _read_bool(answer) if asked.kind is FieldKind.BOOL else _read(asked, answer, today)
    if asked.check is not None and value != "":
        asked.check(value)
    return value


def _read_bool(answer: object) -> bool:
    if isinstance(answer, bool):
        return answer
    text = _as_text(answer).casefold()
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise PersonError("kernel.form.bool")


_YES = frozenset({"true", "1", "yes", "y", "on", "да", "д"})
_NO = frozenset({"", "false", "0", "no", "n", "off", "нет", "н"})


def _read(asked: Field, answer: object, today: date | None) -> str:
    text = _as_text(answer, keep=asked.kind is FieldKind.SECRET)
    if not text:
        if asked.optional:
            return ""
        raise PersonError("kernel.form.required")
    _check_length(asked, text)
    return _normal(asked, text, today)


def _as_text(answer: object, *, keep: bool = False) -> str:
    """The answer as text without surrounding space (but a password may have it on purpose: `keep`)."""
    if answer is None:
        return ""
    if isinstance(answer, bool):
        return "true" if answer else "false"
    if isinstance(answer, float) and answer.is_integer():
        return str(int(answer))
    if not isinstance(answer, str | int | float):
        raise PersonError("kernel.form.unreadable")
    text = str(answer)
    return text if keep and text.strip() else text.strip()


def _check_length(asked: Field, text: str) -> None:
    longest = LONGEST_TEXT if asked.max_length is None else asked.max_length
    if len(text) > longest:
        raise PersonError("kernel.form.too_long", count=longest)
    if asked.min_length is not None and len(text) < asked.min_length:
        raise PersonError("kernel.form.too_short", count=asked.min_length)


def _normal(asked: Field, text: str, today: date | None) -> str:  # noqa: PLR0911 - one line for each kind
    match asked.kind:
        case FieldKind.TEXT | FieldKind.TEXTAREA | FieldKind.SECRET | FieldKind.BOOL:
            return text
        case FieldKind.NUMBER:
            return _number(text)
        case FieldKind.EMAIL:
            return _email(text)
        case FieldKind.URL:
            return _url(text)
        case FieldKind.CHOICE | FieldKind.RADIO:
            return _choice(asked, text)
        case FieldKind.PERSON | FieldKind.CHANNEL:
            return _mattermost_id(text)
        case FieldKind.DATE:
            return parse_date(text, today).isoformat()
        case FieldKind.TIME:
            return parse_time(text).strftime("%H:%M")
        case _:
            assert_never(asked.kind)


def _number(text: str) -> str:
    compact = re.sub(r"[\s\u00a0\u202f]", "", text).replace(",", ".").replace("−", "-")
    found = re.fullmatch(r"([+-]?)0*(\d{1,15}?)(?:\.(\d{0,15}?)0*)?", compact, re.ASCII)
    if not found:
        raise PersonError("kernel.form.number")
    sign, whole, fraction = found[1].replace("+", ""), found[2], found[3]
    plain = f"{whole}.{fraction}" if fraction else whole
    return plain if plain == "0" else sign + plain


def _email(text: str) -> str:
    address = text.removeprefix("mailto:").strip("<>")
    if not re.fullmatch(r"[^\s@<>(),;:\"\\]{1,64}@[^\s@<>(),;:\"\\/]+\.[^\s@<>(),;:\"\\/.]{2,}", address):
        raise PersonError("kernel.form.email")
    return address


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise PersonError("kernel.form.url") from None
    if parts.scheme not in {"http", "https"} or not host or re.search(r"[\s\x00-\x1f<>\"\\]", text):
        raise PersonError("kernel.form.url")
    return text


def _choice(asked: Field, text: str) -> str:
    for choice in asked.choices:
        if choice.value == text:
            return choice.value
    # Asked step by step, people answer with what they see.
    labels = {choice.label.casefold(): choice.value for choice in asked.choices}
    if text.casefold() in labels:
        return labels[text.casefold()]
    raise PersonError("kernel.form.choice")


def _mattermost_id(text: str) -> str:
    """Ids are 26 characters of a base32 alphabet (`NewId`, server/public/model/utils.go)."""
    if not re.fullmatch(r"[a-z0-9]{26}", text):
        raise PersonError("kernel.form.choice")
    return text
