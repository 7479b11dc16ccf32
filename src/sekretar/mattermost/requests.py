"""What Mattermost posts to us, read with distrust.

Everything here may come from anybody who reaches the address. A body is either exactly of the expected shape
and of sane size, or it is None and answered without a word about what was wrong.

Shapes: `CommandArgs` and the form of a command in server/channels/app/command.go, `PostActionIntegrationRequest`
and `SubmitDialogRequest` in server/public/model/integration_action.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: Ids are 26 characters; trigger ids are some 250.
_ID_LIMIT = 64
_TEXT_LIMIT = 16_383
_LINE_LIMIT = 2048
_MOST_ANSWERS = 100


@dataclass(frozen=True)
class CommandCall:
    """A slash command."""

    token: str
    word: str
    text: str
    user_id: str
    channel_id: str
    team_id: str
    root_id: str
    trigger_id: str
    response_url: str

    @classmethod
    def read(cls, form: Mapping[str, object]) -> CommandCall | None:
        word = _text(form, "command", _LINE_LIMIT)
        user_id = _text(form, "user_id", _ID_LIMIT)
        channel_id = _text(form, "channel_id", _ID_LIMIT)
        if not word or not user_id or not channel_id:
            return None
        optional = {
            name: _text(form, name, limit, default="")
            for name, limit in (
                ("token", _LINE_LIMIT),
                ("text", _TEXT_LIMIT),
                ("team_id", _ID_LIMIT),
                ("root_id", _ID_LIMIT),
                ("trigger_id", _LINE_LIMIT),
                ("response_url", _LINE_LIMIT),
            )
        }
        read = {name: value for name, value in optional.items() if value is not None}
        if len(read) < len(optional):
            return None
        return cls(word=word, user_id=user_id, channel_id=channel_id, **read)


@dataclass(frozen=True)
class ActionCall:
    """A pressed button or a chosen option. `ephemeral`: of a post that only the clicker sees."""

    user_id: str
    channel_id: str
    team_id: str
    post_id: str
    trigger_id: str
    action: str
    claim: str
    selected: str
    ephemeral: bool

    @classmethod
    def read(cls, body: object) -> ActionCall | None:
        if not isinstance(body, dict) or not isinstance(body.get("context"), dict):
            return None
        context = body["context"]
        read = {
            "user_id": _text(body, "user_id", _ID_LIMIT),
            "channel_id": _text(body, "channel_id", _ID_LIMIT, default=""),
            "team_id": _text(body, "team_id", _ID_LIMIT, default=""),
            "post_id": _text(body, "post_id", _ID_LIMIT, default=""),
            "trigger_id": _text(body, "trigger_id", _LINE_LIMIT, default=""),
            "action": _text(context, "action", _ID_LIMIT),
            "claim": _text(context, "claim", 2 * _LINE_LIMIT),
            "selected": _text(context, "selected_option", _LINE_LIMIT, default=""),
        }
        known = {name: value for name, value in read.items() if value is not None}
        if len(known) < len(read) or not known["user_id"] or not known["action"]:
            return None
        return cls(ephemeral=context.get("ephemeral") is True, **known)


@dataclass(frozen=True)
class DialogCall:
    """A submitted or cancelled dialog. Its answers are still as they came."""

    form_id: str
    state: str
    user_id: str
    channel_id: str
    submission: Mapping[str, object]
    cancelled: bool

    @classmethod
    def read(cls, body: object) -> DialogCall | None:
        if not isinstance(body, dict) or body.get("type") != "dialog_submission":
            return None
        submission = body.get("submission")
        submission = {} if submission is None else submission
        read = {
            "form_id": _text(body, "callback_id", _ID_LIMIT),
            "state": _text(body, "state", 2 * _LINE_LIMIT),
            "user_id": _text(body, "user_id", _ID_LIMIT),
            "channel_id": _text(body, "channel_id", _ID_LIMIT, default=""),
        }
        known = {name: value for name, value in read.items() if value is not None}
        if len(known) < len(read) or not known["user_id"] or not known["form_id"]:
            return None
        if not isinstance(submission, dict) or len(submission) > _MOST_ANSWERS:
            return None
        return cls(submission=submission, cancelled=body.get("cancelled") is True, **known)


def _text(values: Mapping[str, object], name: str, limit: int, default: str | None = None) -> str | None:
    """The text of this name; None when it is no text, is too long, or is missing without a default."""
    value = values.get(name, default)
    if value is None:
        value = default
    return value if isinstance(value, str) and len(value) <= limit and _is_storable(value) else None


def _is_storable(text: str) -> bool:
    """No database takes a NUL or half a surrogate pair, and no person types them."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
