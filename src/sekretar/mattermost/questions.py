"""One question of a form as a message: what is asked, the answers at hand, and the ways out.

Pure: the conversation keeps the state and says when; this module says how it looks. Every button carries the
key of its prompt, so that a button of an earlier question can be told from one of the current.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sekretar.kernel.errors import PersonError
from sekretar.kernel.forms import Choice, Field, FieldKind, Form
from sekretar.kernel.i18n import Translator, format_date
from sekretar.kernel.text import Markdown, truncate
from sekretar.mattermost.messages import (
    MOST_ACTIONS,
    Action,
    Attachment,
    Button,
    Colour,
    Message,
    Select,
    Style,
    markdown,
)

ANSWER = "conversation.answer"
CHOOSE = "conversation.choose"
ENTER = "conversation.enter"
BACK = "conversation.back"
SKIP = "conversation.skip"
CANCEL = "conversation.cancel"
SEND = "conversation.send"

#: Longer answers are quoted by their beginning.
_QUOTED = 200
_LABEL = 40

Value = str | bool
_SOURCES: Mapping[FieldKind, Literal["users", "channels"]] = {
    FieldKind.PERSON: "users",
    FieldKind.CHANNEL: "channels",
}
_HINTS = {
    FieldKind.DATE: "mattermost.form.date_hint",
    FieldKind.TIME: "mattermost.form.time_hint",
    FieldKind.PERSON: "mattermost.conversation.person_hint",
}


@dataclass(frozen=True)
class Asked:
    """Where a conversation stands. `step` counts the fields; the one after the last is the review."""

    form: Form
    step: int
    answers: Mapping[str, Value]
    prompt_key: str

    @property
    def field(self) -> Field | None:
        """What is being asked; None at the review."""
        return self.form.fields[self.step] if self.step < len(self.form.fields) else None


def prompt(asked: Asked, t: Translator, *, notice: str = "", error: PersonError | None = None) -> Message:
    """The message that asks. `notice` is said before it; an error is why it is asked again."""
    parts = [markdown(notice)] if notice else []
    if asked.step == 0 and error is None:
        parts += _opening(asked.form)
    if error is not None:
        parts.append(t("mattermost.conversation.error", error=t.error(error)))
    field = asked.field
    parts.append(_review(asked.form, t) if field is None else _question(field, asked, t))
    colour = Colour.RED if error else Colour.BLUE
    answers = _send(asked, t) if field is None else _answers(field, asked, t)
    blocks = [
        Attachment(color=colour, actions=actions) for actions in (answers, _ways_out(asked, t)) if actions
    ]
    return Message(Markdown("\n").join(parts), tuple(blocks))


def settled(field: Field, value: Value, t: Translator, shown: str = "") -> Message:
    """What the prompt becomes once it is answered. `shown` is the answer where its value is a mere id."""
    label = field.label.rstrip("?: ")
    if value == "":
        return Message(t("mattermost.conversation.skipped", label=label))
    if field.kind is FieldKind.SECRET:
        return Message(t("mattermost.conversation.secret_taken", label=label))
    answer = shown or _readable(field, value, t)
    return Message(t("mattermost.conversation.answered", label=label, answer=answer))


def _opening(form: Form) -> list[Markdown]:
    parts = [Markdown(f"#### {markdown(form.title)}")]
    if form.intro:
        parts.append(Markdown(f"{markdown(form.intro)}\n"))
    return parts


def _question(field: Field, asked: Asked, t: Translator) -> Markdown:
    total = len(asked.form.fields)
    parts = [
        t("mattermost.conversation.question", label=field.label, number=asked.step + 1, total=total)
        if total > 1
        else t("mattermost.conversation.only_question", label=field.label)
    ]
    if field.help:
        parts.append(markdown(field.help))
    hint = field.placeholder or (t.plain(_HINTS[field.kind]) if field.kind in _HINTS else "")
    if hint:
        parts.append(t("mattermost.conversation.hint", hint=hint))
    if field.kind is FieldKind.SECRET:
        parts.append(t("mattermost.conversation.secret_hint"))
    return Markdown("\n").join(parts)


def _review(form: Form, t: Translator) -> Markdown:
    if not form.fields:
        return t("mattermost.conversation.nothing_to_ask")
    return t("mattermost.conversation.review")


def _answers(field: Field, asked: Asked, t: Translator) -> tuple[Action, ...]:
    record = {"key": asked.prompt_key}
    current = asked.answers.get(field.name, field.default)
    if field.kind is FieldKind.SECRET:
        return (Button(t.plain("mattermost.conversation.enter"), ENTER, record, "primary"),)
    if field.kind in _SOURCES:
        default = current if isinstance(current, str) else ""
        label = t.plain("mattermost.conversation.choose")
        return (Select(label, CHOOSE, record, data_source=_SOURCES[field.kind], default=default),)
    offered = _offered(field, t)
    if len(offered) > MOST_ACTIONS:
        default = current if isinstance(current, str) else ""
        return (Select(t.plain("mattermost.conversation.choose"), CHOOSE, record, offered, default=default),)
    if not field.choices and field.kind is not FieldKind.BOOL and isinstance(current, str) and current:
        offered = _with_current(field, current, offered, t)
    return tuple(_button(choice, field, current, record) for choice in offered[:MOST_ACTIONS])


def _offered(field: Field, t: Translator) -> tuple[Choice, ...]:
    if field.kind is FieldKind.BOOL:
        yes, no = t.plain("mattermost.conversation.yes"), t.plain("mattermost.conversation.no")
        return (Choice("true", yes), Choice("false", no))
    return field.choices or field.quick


def _with_current(
    field: Field, current: str, offered: tuple[Choice, ...], t: Translator
) -> tuple[Choice, ...]:
    if any(choice.value == current for choice in offered):
        return offered
    label = t.plain("mattermost.conversation.keep", value=truncate(_spoken(field, current, t), _LABEL))
    return (Choice(current, label), *offered[: MOST_ACTIONS - 1])


def _button(choice: Choice, field: Field, current: Value | None, record: Mapping[str, str]) -> Button:
    chosen = ("true" if current else "false") if isinstance(current, bool) else current
    style: Style = "primary" if choice.value == chosen else "default"
    return Button(truncate(choice.label, _LABEL), ANSWER, {**record, "value": choice.value}, style)


def _send(asked: Asked, t: Translator) -> tuple[Action, ...]:
    label = asked.form.submit_label or t.plain("mattermost.form.submit")
    return (Button(truncate(label, _LABEL), SEND, {"key": asked.prompt_key}, "primary"),)


def _ways_out(asked: Asked, t: Translator) -> tuple[Action, ...]:
    record = {"key": asked.prompt_key}
    ways: list[Action] = []
    if asked.step > 0:
        ways.append(Button(t.plain("mattermost.conversation.back"), BACK, record))
    if asked.field is not None and asked.field.optional:
        ways.append(Button(t.plain("mattermost.conversation.skip"), SKIP, record))
    ways.append(Button(t.plain("mattermost.conversation.cancel"), CANCEL, record, "danger"))
    return tuple(ways)


def _readable(field: Field, value: Value, t: Translator) -> str:
    return truncate(_spoken(field, value, t), _QUOTED)


def _spoken(field: Field, value: Value, t: Translator) -> str:
    """The value as one would say it."""
    if isinstance(value, bool):
        return t.plain("mattermost.conversation.yes" if value else "mattermost.conversation.no")
    for choice in (*field.choices, *field.quick):
        if choice.value == value:
            return choice.label
    if field.kind is FieldKind.DATE:
        try:
            return str(format_date(date.fromisoformat(value), t.language))
        except ValueError:
            return value
    return value
