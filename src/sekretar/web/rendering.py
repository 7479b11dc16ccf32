"""What people see in the browser: pages made of templates, with headers that protect them.

All pages share one style sheet. It stands in the page itself, so that a page is one request and works below any path,
and its hash is the only thing that the page may use: nothing is loaded from anywhere, no script runs.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import Response

from sekretar.kernel.i18n import Translator

if TYPE_CHECKING:
    from markupsafe import Markup
    from starlette.templating import Jinja2Templates

_NOTHING: Final = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"

#: Nothing of ours is framed, sniffed, cached or allowed to load anything.
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": f"{_NOTHING}; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

_FOLDER: Final = Path(__file__).parent / "templates"
_CODE: Final = re.compile(r"`([^`]+)`")


class Tone(StrEnum):
    """How something ended."""

    GOOD = "good"
    #: Neither done nor refused: it was so already.
    KNOWN = "known"
    BAD = "bad"


def page(request: Request, template: str, values: dict[str, Any], status: int = 200) -> Response:
    """A page."""
    templates, headers = _ready()
    return templates.TemplateResponse(request, template, values, status, headers)


def message(
    request: Request, t: Translator, text: str, tone: Tone, lines: Sequence[str] = (), *, status: int = 0
) -> Response:
    """A page that says one thing, and what belongs to it; 400 unless it is good, if no status is given."""
    values = {"t": t, "text": text, "tone": tone.value, "lines": lines}
    return page(request, "message.html", values, status or (200 if tone is Tone.GOOD else 400))


@cache
def _ready() -> tuple[Jinja2Templates, Mapping[str, str]]:
    # Loaded with the first page: nearly everything else is said in the chat.
    from starlette.templating import Jinja2Templates

    style = (_FOLDER / "style.css").read_text(encoding="utf-8")
    templates = Jinja2Templates(directory=_FOLDER)
    templates.env.globals["style"] = style
    templates.env.filters["coded"] = _coded
    known = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"{_NOTHING}; form-action 'self'; style-src 'sha256-{known}'"
    return templates, {**HEADERS, "Content-Security-Policy": policy}


def _coded(text: str) -> Markup:
    """A text with what stands between backticks as code, which is how our texts name commands."""
    from markupsafe import Markup, escape

    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped just before
