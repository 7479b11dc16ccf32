"""Letters in HTML: as text to be read and searched, and as HTML that may be shown.

The text comes from inscriptis, which keeps tables and lists readable. Before that the tree is marked: quoted blocks
get `>` before their lines and the places where Outlook begins its quote a sign of their own, so that one set of
rules (`quotes`) serves both kinds of letters.

What is shown has passed nh3: no scripts, no styles, no forms, and no pictures but those that came with the letter,
because a remote picture tells its owner who reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Final

import lxml.html
import nh3
from inscriptis.html_engine import Inscriptis
from inscriptis.model.config import ParserConfig
from lxml import etree

from sekretar.dispatch.mail.letter import Oddity
from sekretar.dispatch.mail.quotes import QUOTE_BEGINS
from sekretar.dispatch.mail.remarks import Remarks

#: Longer HTML is not shown, and its text is read to here (in characters, without pictures in it).
LONGEST: Final = 1_000_000
#: More links than anybody follows: such a letter is a list made to hide in.
MOST_LINKS: Final = 5_000
MOST_TAGS: Final = 50_000
#: Deeper trees break whoever walks them: libxml2 loses what is deeper than 256.
DEEPEST: Final = 200

_OPENS: Final = "\ue000"
_CLOSES: Final = "\ue001"

_DATA_URI = re.compile(r"data:[a-z0-9.+/-]{1,80};base64,[A-Za-z0-9+/=\s%]*", re.IGNORECASE)
_PROLOGUE = re.compile(r"\s*<\?xml[^>]{0,200}>", re.IGNORECASE)
_LINK = re.compile(r"<a\s", re.IGNORECASE)
_NESTING = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})")
#: They have no end or need none.
_NOT_NESTING = re.compile(
    r"(?:html|head|body|p|[bh]r|img|meta|link|input|col|area|base|embed|source|track|wbr|param|li|d[td]|t[dhr]"
    r"|tbody|thead|tfoot|option|optgroup|colgroup)",
    re.IGNORECASE,
)
_UNSEEN: Final = (("<style", "</style"), ("<script", "</script"), ("<title", "</title"))
_TAG = re.compile(r"<[^<>]*>?")
#: libxml2 reads them and lxml refuses to write them.
_NOT_IN_TREES = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_GAPS = re.compile(r"[ \t]{3,}")
_EMPTY_LINES = re.compile(r"\n{3,}")

_OPENER_IDS: Final = {
    "divrplyfwdmsg",
    "appendonsend",
    "stopspelling",
    "mail-editor-reference-message-container",
}
_OPENER_CLASSES: Final = {"outlookmessageheader", "yahoo_quoted", "protonmail_quote", "zmail_extra"}
_OUTLOOK_BORDER = re.compile(r"border:\s*none;\s*border-top:\s*solid\s+#(?:e1e1e1|b5c4df)", re.IGNORECASE)
#: What Gmail and Outlook make of «increase indent».
_INDENT = re.compile(r"border:\s*(?:none|0)|margin:\s*0(?:px)? 0(?:px)? 0(?:px)? 40px", re.IGNORECASE)
_CONFIG: Final = ParserConfig(display_images=False, display_links=False)

_UNSHOWN: Final = {"script", "style", "title"}
_SCHEMES: Final = {"http", "https", "mailto", "tel", "cid"}


def text_of_html(html: str, remarks: Remarks) -> str:
    """What a reader sees, with the marks that `quotes` understands."""
    html = _without_ballast(html)
    if len(html) > LONGEST:
        remarks.add(Oddity.TEXT_CUT)
        html = html[:LONGEST]
    tree = _tree(html) if html.count("<") <= MOST_TAGS and _depth(html) <= DEEPEST else None
    if tree is None:
        return _text_without_tree(html)
    _mark(tree)
    text = Inscriptis(tree, _CONFIG).get_text()
    return _tidied(text)


def safe_html(html: str, remarks: Remarks) -> str:
    """HTML that may be put into a page; empty, with a remark, if it is too much to show."""
    html = _without_ballast(html)
    links = sum(1 for _ in _LINK.finditer(html))
    if len(html) > LONGEST or links > MOST_LINKS or html.count("<") > MOST_TAGS or _depth(html) > DEEPEST:
        remarks.add(
            Oddity.HTML_DROPPED, f"{links} links" if links > MOST_LINKS else f"{len(html)} characters"
        )
        return ""
    return nh3.clean(html, url_schemes=_SCHEMES, attribute_filter=_kept, clean_content_tags=_UNSHOWN).strip()


def _without_ballast(html: str) -> str:
    """Without comments and without pictures written into it, which may be most of it."""
    html = _without(html, "<!--", "-->")
    return _DATA_URI.sub("", html) if "base64," in html else html


def _without(html: str, opening: str, closing: str) -> str:
    """Without what stands from `opening` to `closing`, in any case of letters; unclosed, it goes on to the end.

    An expression would look for the end again from each beginning.
    """
    lower = html.lower()
    if len(lower) != len(html):
        lower = html
    kept: list[str] = []
    at = 0
    while (start := lower.find(opening, at)) >= 0:
        kept.append(html[at:start])
        end = lower.find(closing, start + len(opening))
        at = end + len(closing) if end >= 0 else len(html)
    kept.append(html[at:])
    return "".join(kept)


def _text_without_tree(html: str) -> str:
    for opening, closing in _UNSEEN:
        html = _without(html, opening, closing)
    return _tidied(unescape(_TAG.sub(" ", html)))


def _kept(tag: str, attribute: str, value: str) -> str | None:
    if tag == "img" and attribute in {"src", "srcset"} and not value.strip().lower().startswith("cid:"):
        return None
    return value


def _tree(html: str) -> lxml.html.HtmlElement | None:
    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    data = _PROLOGUE.sub("", html, count=1).encode("utf-8", "replace")
    try:
        return lxml.html.document_fromstring(data, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError, AssertionError):
        return None  # nothing but comments, or nothing at all


def _depth(html: str) -> int:
    """How deep the elements are nested, at most."""
    depth = deepest = 0
    for closing, tag in _NESTING.findall(html):
        if not _NOT_NESTING.fullmatch(tag):
            depth = max(depth - 1, 0) if closing else depth + 1
            deepest = max(deepest, depth)
    return deepest


def _mark(tree: lxml.html.HtmlElement) -> None:
    for element in list(tree.iter(etree.Element)):
        if element.tag == "blockquote" and not _INDENT.search(element.get("style", "")):
            _surround(element)
        elif _begins_quote(element):
            _put_before(element)


def _begins_quote(element: lxml.html.HtmlElement) -> bool:
    if element.get("id", "").lower().removeprefix("x_") in _OPENER_IDS:
        return True
    classes = element.get("class", "").lower().split()
    return bool(_OPENER_CLASSES.intersection(classes)) or bool(
        _OUTLOOK_BORDER.search(element.get("style", ""))
    )


def _surround(element: lxml.html.HtmlElement) -> None:
    opening, closing = _line(_OPENS), _line(_CLOSES)
    opening.tail, element.text = _NOT_IN_TREES.sub("", element.text or ""), None
    element.insert(0, opening)
    element.append(closing)


def _put_before(element: lxml.html.HtmlElement) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.insert(parent.index(element), _line(QUOTE_BEGINS))


def _line(text: str) -> lxml.html.HtmlElement:
    line = lxml.html.Element("div")
    line.text = text
    return line


def _tidied(text: str) -> str:
    lines = "\n".join(_quoted(text.replace("\xa0", " ").split("\n")))
    return _EMPTY_LINES.sub("\n\n", lines).strip()


def _quoted(lines: list[str]) -> Iterator[str]:
    """The lines with `>` before those that stand in quoted blocks."""
    depth = 0
    for line in lines:
        words = _GAPS.sub("  ", line.replace(_OPENS, "").replace(_CLOSES, "")).strip()
        depth += line.count(_OPENS)
        if words or not (depth or _CLOSES in line):
            yield f"{'>' * min(depth, 20)} {words}" if depth else words
        depth = max(0, depth - line.count(_CLOSES))
