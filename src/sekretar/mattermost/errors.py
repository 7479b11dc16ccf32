"""What Mattermost's refusals mean.

The kinds are the kernel's (what follows depends on the kind alone); the classes here add what Mattermost
says about itself: the id of its error, which is stable and in no language, and the id of the request for
its log. An answer counts as Mattermost's only when it has the shape of its errors: proxies in between
answer 403 or 404 for reasons of their own, and nothing may be concluded from those.

Mattermost repeats the token it was given in texts of errors, so these are scrubbed before anybody sees
them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import timedelta

from sekretar.kernel.errors import (
    PeerConflict,
    PeerDown,
    PeerError,
    PeerForbidden,
    PeerInvalid,
    PeerLimited,
    PeerNotFound,
    PeerRefused,
    PeerUnsupported,
)

PEER = "mattermost"

#: The post with this `pending_post_id` is being stored by another request at this moment.
DUPLICATE_PENDING = "api.post.deduplicate_create_post.pending"
#: The server has no such route: it is older than the function.
NO_SUCH_ROUTE = "api.context.404.app_error"

_TOKEN = re.compile(r"(token)=[^\s,;&\"']+", re.IGNORECASE)
_LONGEST_DETAIL = 300


class MattermostError(PeerError):
    """Mattermost did not do what was asked.

    `status` is the HTTP status (0 when there was no answer), `error_id` Mattermost's own name of the error
    ("" when the answer was not Mattermost's), `request_id` finds the request in the server's log.
    """

    def __init__(self, detail: str, *, status: int = 0, error_id: str = "", request_id: str = "") -> None:
        super().__init__(PEER, detail)
        self.status = status
        self.error_id = error_id
        self.request_id = request_id


class MattermostDown(MattermostError, PeerDown):
    """No answer, 5xx, or an answer that is not Mattermost's."""


class MattermostLimited(MattermostError, PeerLimited):
    """429, or a request that Mattermost is still busy with."""

    def __init__(
        self,
        detail: str,
        *,
        status: int = 0,
        error_id: str = "",
        request_id: str = "",
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(detail, status=status, error_id=error_id, request_id=request_id)
        self.retry_after = retry_after


class MattermostRefused(MattermostError, PeerRefused):
    """The token is not, or no longer, accepted."""


class MattermostForbidden(MattermostError, PeerForbidden):
    """The token is good, the right is missing."""


class MattermostNotFound(MattermostError, PeerNotFound):
    """No such user, channel, post."""


class MattermostConflict(MattermostError, PeerConflict):
    """Changed by somebody else in between."""


class MattermostInvalid(MattermostError, PeerInvalid):
    """Mattermost will never accept this request."""


class MattermostUnsupported(MattermostError, PeerUnsupported):
    """Switched off in the System Console, or the server is too old for it."""


_KINDS: Mapping[int, type[MattermostError]] = {
    400: MattermostInvalid,
    401: MattermostRefused,
    403: MattermostForbidden,
    404: MattermostNotFound,
    405: MattermostUnsupported,
    408: MattermostDown,
    409: MattermostConflict,
    410: MattermostNotFound,
    412: MattermostConflict,
    413: MattermostInvalid,
    501: MattermostUnsupported,
}
#: What is believed without Mattermost's body: 401 and 413 mean the same whoever says them.
_BELIEVED_FROM_ANYONE = frozenset({401, 413})


def error_for(status: int, headers: Mapping[str, str], body: bytes) -> MattermostError:
    """The error for an answer of 300 or more. Reads the error body {id, message, request_id} if there is
    one.
    """
    said = _error_body(body)
    error_id, request_id = said.get("id", ""), said.get("request_id", "")
    detail = scrub(f"{status} {error_id} {said.get('message', '')}".strip())
    if 300 <= status < 400:
        where = headers.get("Location", "elsewhere")
        return MattermostDown(f"{status}: the address redirects to {where}; use that one", status=status)
    if status == 429 or (status == 503 and "Retry-After" in headers):
        return MattermostLimited(detail, status=status, error_id=error_id, retry_after=_retry_after(headers))
    if error_id == DUPLICATE_PENDING:
        return MattermostLimited(
            detail, status=status, error_id=error_id, request_id=request_id, retry_after=timedelta(seconds=1)
        )
    if not error_id and status not in _BELIEVED_FROM_ANYONE:
        return MattermostDown(
            f"{status}, and the answer is not Mattermost's: {_opening(body)}", status=status
        )
    kind = _KINDS.get(status) or (MattermostDown if status >= 500 else MattermostInvalid)
    if error_id == NO_SUCH_ROUTE:
        kind = MattermostUnsupported
    return kind(detail, status=status, error_id=error_id, request_id=request_id)


def not_mattermost(status: int, content_type: str, body: bytes) -> MattermostDown:
    """The error for a success whose body is not what Mattermost answers: mostly a proxy's login page."""
    return MattermostDown(
        f"{status} with {content_type or 'no content type'} instead of JSON, "
        f"something in between answers for Mattermost: {_opening(body)}",
        status=status,
    )


def scrub(text: str) -> str:
    """The text without the tokens that Mattermost puts into it, cut to a length for logs."""
    return _TOKEN.sub(r"\1=…", text)[:_LONGEST_DETAIL]


def _error_body(body: bytes) -> dict[str, str]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    if not isinstance(said, dict):
        return {}
    return {name: text for name, text in said.items() if isinstance(name, str) and isinstance(text, str)}


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """How long to wait. Mattermost counts the seconds left in `X-RateLimit-Reset` too."""
    for name in ("Retry-After", "X-RateLimit-Reset"):
        value = headers.get(name, "")
        if value.isascii() and value.isdigit():
            return timedelta(seconds=min(int(value), 86_400))
    return None


def _opening(body: bytes) -> str:
    text = " ".join(body[:200].decode("utf-8", "replace").split())
    return scrub(text)[:100] or "nothing"
