"""The rewriting of Slack's markup that the server does unless `skip_slack_parsing` is set."""

from __future__ import annotations

import copy
import re
from typing import Any

from sekretar.sandbox.mattermost.state import World

_LINK = re.compile(r"<([^<>|\s]+)\|([^<>|]*)>")
_BARE_LINK = re.compile(r"<((?:https?|ftp|mailto):[^<>|\s]+)>")
_USER = re.compile(r"<@([A-Za-z0-9]+)(?:\|[^>]*)?>")
_GROUP = re.compile(r"<!(channel|here|all|everyone)>")


def links(text: str) -> str:
    """`<url|text>` becomes a Markdown link."""
    return _BARE_LINK.sub(r"\1", _LINK.sub(r"[\2](\1)", text))


def text(world: World, source: str) -> str:
    """Links, `<@user id>` and `<!channel>` as Mattermost writes them."""

    def name(match: re.Match[str]) -> str:
        user = world.users.get(match[1])
        return f"@{user.username}" if user else match[0]

    source = _GROUP.sub(lambda m: "@all" if m[1] == "everyone" else f"@{m[1]}", source)
    return links(_USER.sub(name, source))


def attachments(world: World, source: list[Any]) -> list[Any]:
    """The same for the texts of attachments."""
    result = copy.deepcopy(source)
    for attachment in result:
        if not isinstance(attachment, dict):
            continue
        for key in ("text", "pretext", "title"):
            if isinstance(attachment.get(key), str):
                attachment[key] = text(world, attachment[key])
        for entry in attachment.get("fields") or []:
            if isinstance(entry, dict) and isinstance(entry.get("value"), str):
                entry["value"] = text(world, entry["value"])
    return result
