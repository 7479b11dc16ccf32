"""Refusals as a Mattermost server words them: an id that programs read, a sentence that people read.

Every API error of the server has one shape, `{id, message, detailed_error, request_id, status_code}`. Handlers
raise `Refused`; one middleware renders it.
"""

from __future__ import annotations

import json
from pathlib import Path

#: The English sentence of each error id the sandbox can answer with; braces take the parameters of `Refused`.
MESSAGES: dict[str, str] = json.loads(Path(__file__).with_name("messages.json").read_text(encoding="utf-8"))

PERMISSION_ERROR = "api.context.permissions.app_error"
INTEGRATION_ERROR = "api.post.do_action.action_integration.app_error"
COMMAND_FAILED = "api.command.execute_command.failed.app_error"


class Refused(Exception):
    """The server answers with an error. `detail` is shown only when `EnableDeveloper` is on."""

    def __init__(
        self, error_id: str, status: int, detail: str = "", *, message: str | None = None, **params: object
    ) -> None:
        super().__init__(f"{status} {error_id} {detail}".strip())
        self.error_id = error_id
        self.status = status
        self.detail = detail
        self.message = message if message is not None else MESSAGES[error_id].format(**params)

    def body(self, request_id: str, *, with_detail: bool) -> dict[str, object]:
        """The JSON object of the answer."""
        return {
            "id": self.error_id,
            "message": self.message,
            "detailed_error": self.detail if with_detail else "",
            "request_id": request_id,
            "status_code": self.status,
        }


def invalid_body(name: str) -> Refused:
    """400: the request body misses or garbles a parameter."""
    return Refused(
        "api.context.invalid_body_param.app_error", 400, message=f"Invalid or missing {name} in request body."
    )


def invalid_url(name: str) -> Refused:
    """400: a parameter of the path or the query is not what the route wants."""
    return Refused(
        "api.context.invalid_url_param.app_error",
        400,
        message=f"Invalid or missing {name} parameter in request URL.",
    )


def forbidden(user_id: str, permission: str) -> Refused:
    """403: the session lacks a permission."""
    return Refused(PERMISSION_ERROR, 403, f"userId={user_id}, permission={permission}")
