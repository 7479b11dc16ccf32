"""A form as a Mattermost dialog.

Only what every server from 5.36 on understands is used: text, textarea, select, bool, radio. A date is a text
with its format in the placeholder, because the newer date element is plain text on phones anyway. The server
only logs a dialog that breaks its limits and shows the person nothing, so everything is cut to them here.

Limits and shapes: https://developers.mattermost.com/integrate/plugins/interactive-dialogs/ and
`Dialog.IsValid` in server/public/model/integration_action.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sekretar.kernel.errors import PersonError
from sekretar.kernel.forms import WHOLE_FORM, Field, FieldKind, Form
from sekretar.kernel.i18n import Translator
from sekretar.kernel.text import truncate
from sekretar.mattermost.messages import markdown

TITLE_LIMIT = 24
LABEL_LIMIT = 24
HINT_LIMIT = 150
TEXT_LIMIT = 150
TEXTAREA_LIMIT = 3000

_SUBTYPES = {
    FieldKind.SECRET: "password",
    FieldKind.NUMBER: "number",
    FieldKind.EMAIL: "email",
    FieldKind.URL: "url",
}
_HINTS = {FieldKind.DATE: "mattermost.form.date_hint", FieldKind.TIME: "mattermost.form.time_hint"}
_SOURCES = {FieldKind.PERSON: "users", FieldKind.CHANNEL: "channels"}


def dialog(form: Form, t: Translator, state: str) -> dict[str, Any]:
    """The `dialog` of an open request. `state` comes back with the submission and is readable by the
    client.
    """
    return {
        "callback_id": form.id,
        "title": truncate(form.title, TITLE_LIMIT),
        "introduction_text": markdown(form.intro),
        "elements": [_element(field, t) for field in form.fields],
        "submit_label": truncate(form.submit_label or t.plain("mattermost.form.submit"), LABEL_LIMIT),
        "notify_on_cancel": True,
        "state": state,
    }


def refusal(errors: Mapping[str, PersonError], t: Translator) -> dict[str, Any]:
    """The answer that keeps the dialog open, with every error at its field.

    Dialogs show errors as plain text, so nothing is escaped.
    """
    told = {name: t.plain_error(error) for name, error in errors.items()}
    general = told.pop(WHOLE_FORM, "")
    answer: dict[str, Any] = {"errors": told} if told else {}
    return answer | ({"error": general} if general else {})


def readable(submission: object, form: Form) -> dict[str, str | bool] | None:
    """The answers of a submission; None when it has not the shape of one.

    Clients send texts, ticks and sometimes numbers; anything else, and anything longer than a dialog can
    hold, was not typed into this form.
    """
    if not isinstance(submission, dict):
        return None
    answers: dict[str, str | bool] = {}
    for field in form.fields:
        value = submission.get(field.name)
        if value is None:
            value = ""
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = f"{value:g}" if isinstance(value, float) else str(value)
        if not isinstance(value, str | bool) or len(str(value)) > TEXTAREA_LIMIT:
            return None
        answers[field.name] = value
    return answers


def _element(field: Field, t: Translator) -> dict[str, Any]:
    element: dict[str, Any] = {
        "display_name": truncate(field.label, LABEL_LIMIT),
        "name": field.name,
        "optional": field.optional,
        "help_text": truncate(_help(field), HINT_LIMIT),
        "placeholder": truncate(field.placeholder or _hint(field, t), HINT_LIMIT),
    }
    if field.kind is FieldKind.BOOL:
        # A required tick that is not set counts as missing for the clients: "no" could not be answered.
        # Beside the box stands its placeholder: what the tick means, not the label once more.
        return element | {
            "type": "bool",
            "optional": True,
            "help_text": "",
            "placeholder": element["help_text"] or t.plain("mattermost.conversation.yes"),
            "default": "true" if field.default is True else "",
        }
    default = field.default if isinstance(field.default, str) else ""
    if field.kind in (FieldKind.CHOICE, FieldKind.RADIO):
        kind = "select" if field.kind is FieldKind.CHOICE else "radio"
        options = [{"text": choice.label, "value": choice.value} for choice in field.choices]
        default = default if any(choice.value == default for choice in field.choices) else ""
        return element | {"type": kind, "options": options, "default": default}
    if field.kind in _SOURCES:
        return element | {"type": "select", "data_source": _SOURCES[field.kind], "default": default}
    return element | _text(field, default)


def _text(field: Field, default: str) -> dict[str, Any]:
    long = field.kind is FieldKind.TEXTAREA or len(default) > TEXT_LIMIT
    limit = TEXTAREA_LIMIT if long else TEXT_LIMIT
    most = min(field.max_length or limit, limit)
    element: dict[str, Any] = {
        "type": "textarea" if long else "text",
        "max_length": most,
        "default": "" if field.kind is FieldKind.SECRET else default[:most],
    }
    if field.min_length:
        element["min_length"] = field.min_length
    if not long and field.kind in _SUBTYPES:
        element["subtype"] = _SUBTYPES[field.kind]
    return element


def _help(field: Field) -> str:
    """A label that has to be cut is said in full in the help."""
    if len(field.label) <= LABEL_LIMIT:
        return field.help
    return f"{field.label}. {field.help}" if field.help else field.label


def _hint(field: Field, t: Translator) -> str:
    return t.plain(_HINTS[field.kind]) if field.kind in _HINTS else ""
