"""What is wrong with a dialog. The server only logs it and delivers the dialog; a client may then show nothing.

The sandbox delivers too, and notes each problem in its journal, where tests look.
"""

from __future__ import annotations

from collections.abc import Iterator

from sekretar.sandbox.mattermost.state import Json

_TYPES = frozenset(
    {"text", "textarea", "select", "bool", "radio", "date", "datetime", "file", "action_button"}
)
_SUBTYPES = frozenset({"", "text", "email", "number", "password", "tel", "url"})
_MAX_LENGTH = {"text": 150, "textarea": 3000}
_TEXT_LIMITS = {"display_name": 24, "name": 300, "placeholder": 150, "help_text": 150}


def check_dialog(request: Json) -> Iterator[str]:
    """Each breach of the documented limits as a sentence."""
    dialog = request.get("dialog")
    if not isinstance(dialog, dict):
        yield "there is no dialog"
        return
    if not 1 <= len(str(dialog.get("title", ""))) <= 24:
        yield f"title {dialog.get('title')!r} must have 1 to 24 characters"
    url = str(request.get("url", ""))
    if not url.startswith(("http://", "https://", "/plugins/")):
        yield f"url {url!r} is not http or https"
    elements = dialog.get("elements") or []
    names: set[str] = set()
    for element in elements:
        name = str(element.get("name", ""))
        if name in names:
            yield f"element name {name!r} occurs twice"
        names.add(name)
        yield from _check_element(element, name)


def _check_element(element: Json, name: str) -> Iterator[str]:
    kind = element.get("type")
    if kind not in _TYPES:
        yield f"element {name!r} has the unknown type {kind!r}"
        return
    for key, limit in _TEXT_LIMITS.items():
        length = len(str(element.get(key) or ""))
        if length > limit or (length == 0 and key in ("display_name", "name")):
            yield f"{key} of element {name!r} has {length} characters, allowed are {limit}"
    if kind in _MAX_LENGTH:
        yield from _check_text(element, name, _MAX_LENGTH[kind])
    if kind == "text" and element.get("subtype", "") not in _SUBTYPES:
        yield f"element {name!r} has the unknown subtype {element.get('subtype')!r}"
    if kind in ("select", "radio"):
        yield from _check_choices(element, name)
    if kind == "bool" and element.get("default") not in (None, "", "true", "false"):
        yield f"default of the bool {name!r} must be the string true or false"


def _check_text(element: Json, name: str, limit: int) -> Iterator[str]:
    longest = element.get("max_length") or 0
    if not isinstance(longest, int) or longest > limit:
        yield f"max_length of element {name!r} is over {limit}"
    shortest = element.get("min_length") or 0
    if isinstance(longest, int) and longest and shortest > longest:
        yield f"min_length of element {name!r} is over its max_length"
    if len(str(element.get("default") or "")) > (longest or limit):
        yield f"default of element {name!r} is longer than the field"


def _check_choices(element: Json, name: str) -> Iterator[str]:
    source = element.get("data_source") or ""
    if source not in ("", "users", "channels", "dynamic"):
        yield f"data_source of element {name!r} is unknown"
    options = element.get("options") or []
    if not source and not options:
        yield f"element {name!r} has nothing to choose from"
    values = [option.get("value") for option in options]
    default = element.get("default") or ""
    if default and not source and default not in values:
        yield f"default {default!r} of element {name!r} is none of its options"
