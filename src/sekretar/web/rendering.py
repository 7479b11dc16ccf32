"""What people see in the browser: pages made of templates, with headers that protect them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from sekretar.kernel.i18n import Translator

if TYPE_CHECKING:
    from starlette.templating import Jinja2Templates

#: Nothing of ours is framed, sniffed, cached or allowed to load anything from elsewhere.
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def page(request: Request, template: str, values: dict[str, Any], *, good: bool) -> Response:
    """A page; 400 unless all is good."""
    return _templates().TemplateResponse(request, template, values, 200 if good else 400, HEADERS)


def message(request: Request, t: Translator, text: str, *, good: bool) -> Response:
    """A page that says one thing."""
    return page(request, "message.html", {"t": t, "text": text, "good": good}, good=good)


@cache
def _templates() -> Jinja2Templates:
    # Loaded with the first page: nearly everything else is said in the chat.
    from starlette.templating import Jinja2Templates

    return Jinja2Templates(directory=Path(__file__).parent / "templates")
