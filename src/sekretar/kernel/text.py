"""Text on its way into a Mattermost post, where foreign words must stay words.

A meeting's title, a letter's subject, a person's name are written by strangers, and Mattermost gives meaning
to many characters: `@all` rings every phone of a channel, `[bank](http://evil)` hides where a link leads,
one `|` breaks a table. `Markdown` marks text that has been made safe (or that we wrote ourselves); `escape`
is the only way from a foreign `str` to it.

What has to be known of Mattermost:

- The web client removes backslashes *before* it looks for mentions, channel links, hashtags and emoji in the
  remaining text (`doFormatText`, webapp/channels/src/utils/text_formatting.tsx): they cannot stop those.
- The server looks for mentions on its own: it cuts the text at every rune that is not a letter, a number or
  one of `: . - _ @` (`ProcessText`, server/channels/app/mention_parser_standard.go). `x-@all` rings.
- The server takes hashtags and channel links out of the raw message, whatever stands around them
  (`ParseHashtags`, `ChannelMentions`, server/public/model).

Hence an invisible WORD JOINER (U+2060, neither letter nor space) follows `@`, `~`, `#` and `:` where they
would mean something. For the rest a backslash serves, except for `<`, which the web client cannot escape
(`inline.escape` in github.com/mattermost/marked, lib/marked.js) and which becomes an entity.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar
from urllib.parse import quote, urlsplit

from sekretar.kernel.graphemes import last_boundary

#: The longest message of a post, in code points (`PostMessageMaxRunesV2`, server/public/model/post.go).
POST_LIMIT = 16_383

#: Invisible, breaks no line, and is no part of a word for Mattermost.
JOINER = "\u2060"

ELLIPSIS = "…"

#: The schemes that a link of ours may have.
LINK_SCHEMES = frozenset({"http", "https", "mattermost"})


class Markdown(str):
    """Text that may be put into a post as it is. What is added or joined to it is escaped."""

    __slots__ = ()

    def __add__(self, other: str) -> Markdown:
        return Markdown(str.__add__(self, escape(other)))

    def join(self, parts: Iterable[str], /) -> Markdown:
        return Markdown(str.join(self, (escape(part) for part in parts)))


Text = TypeVar("Text", bound=str)

# --- cleaning ---------------------------------------------------------------------------------------------

_LINE_ENDS = re.compile("\r\n|[\r\v\f\x1c\x1d\x1e\x85\u2028\u2029\u2424]")  # U+2424 ends a line in Mattermost
_KEPT = {"\n", "\u200c", "\u200d"}  # the joiners of Persian words and of emoji


def clean(text: str) -> str:
    """Text without control characters, direction overrides, other invisible format characters and surrogates.

    Every kind of line end becomes `\\n`, a tab becomes a space.
    """
    if text.isprintable() and "\u2424" not in text:
        return text
    text = _LINE_ENDS.sub("\n", text).replace("\t", " ")
    # Of a long text only its different characters are looked at.
    hidden = {ord(c): None for c in set(text) - _KEPT if unicodedata.category(c) in {"Cc", "Cf", "Cs"}}
    return text.translate(hidden) if hidden else text


# --- escaping ---------------------------------------------------------------------------------------------

_URL_CHARACTER = r"[^\s<>\"'`()\[\]{}|\\^«»“”‘’]"
_TOKEN = re.compile(
    rf"""
      (?P<url> (?<![A-Za-z0-9]) (?: https?:// | www\d{{0,3}}\. ) (?= [\w\[%] )
               (?: {_URL_CHARACTER} | \( {_URL_CHARACTER}* \) )+ )
    | (?P<scheme> (?<![A-Za-z0-9]) [A-Za-z][A-Za-z0-9.+-]{{0,63}} : (?= [/\w%] ) )
    | (?P<special> [\\`*_\[\]|<&@\#~:$] )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_LINE_START = re.compile(r"[>#]|[-+](?=[\s-]|$)")
_ORDINAL = re.compile(r"\d+(?=[.)](?:\s|$))")
_ENTITY = re.compile(r"&#?\w+;")
_ENTITY_IN_URL = re.compile(r"&(?=#?\w+(?:;|$))")
_EMOJI = re.compile(r":[\w+-]+:")
_HASHTAG = re.compile(r"#[^\W\d_]")
_LATEX = re.compile(r"\$[^$\n]+\$(?!\w)")
_MAIL_DOMAIN = re.compile(r"@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")

_URL_TAIL = "?!.,:;*_~$@"
_URL_UNSAFE = str.maketrans({c: quote(c, safe="") for c in "*$@`|\\<>\"'"} | {"~": "%7E"})
_INNER_UNDERSCORE = re.compile(r"[A-Za-z0-9]_[A-Za-z0-9]")
_OUTER_UNDERSCORE = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")


def escape(text: str) -> Markdown:
    """Foreign text as one line that Mattermost shows as it was written. `Markdown` is returned as it is.

    Bare web addresses stay clickable, because they show where they lead; addresses of mail stay whole.
    """
    if isinstance(text, Markdown):
        return text
    return Markdown(_escape_line(" ".join(clean(text).split())))


def escape_block(text: str) -> Markdown:
    """Like `escape`, but line breaks are kept (never more than one empty line in a row)."""
    if isinstance(text, Markdown):
        return text
    lines = (_escape_line(" ".join(line.split())) for line in clean(text).split("\n"))
    return Markdown(re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n"))


def _escape_line(line: str, *, autolinks: bool = True) -> str:
    out: list[str] = []
    at = 0
    while found := _TOKEN.search(line, at):
        out.append(line[at : found.start()])
        if found["special"]:
            piece, at = _escape_character(line, found.start()), found.end()
        elif found["url"] and autolinks:
            piece, at = _keep_url(found)
        else:
            piece, at = _break_url(found)
        out.append(piece)
    out.append(line[at:])
    return _guard_line_start("".join(out))


def _guard_line_start(line: str) -> str:
    """Keep quotes, lists, headings and underlined headings from beginning."""
    if line.startswith("="):
        return JOINER + line
    if ordinal := _ORDINAL.match(line):
        return f"{ordinal[0]}\\{line[ordinal.end() :]}"
    return "\\" + line if _LINE_START.match(line) else line


def _keep_url(found: re.Match[str]) -> tuple[str, int]:
    """A bare address stays an address. What is special in it is percent-encoded, which means the same."""
    url = found["url"].rstrip(_URL_TAIL)
    end = found.start() + len(url)
    following = found.string[end : end + 1]
    # Mattermost would take the backslash or entity that stands for the next character into the address.
    gap = " " if following and following in "\\`*_[]|~<$@" else ""
    return _encode_url(url) + gap, end


def _encode_url(url: str) -> str:
    url = _OUTER_UNDERSCORE.sub("%5F", url).translate(_URL_UNSAFE)
    return _ENTITY_IN_URL.sub("&amp;", url)


def _break_url(found: re.Match[str]) -> tuple[str, int]:
    """Keep `javascript:x`, `www.x` and the like from becoming links."""
    head = re.match(r"www\d*|[^:]*:", found[0], re.IGNORECASE)
    length = head.end() if head else len(found[0])
    return found[0][:length] + JOINER, found.start() + length


def _escape_character(line: str, at: int) -> str:
    character = line[at]
    rule = _RULES.get(character)
    return rule(line, at) if rule else "\\" + character


def _backslash(line: str, at: int) -> str:
    """Before a letter or digit it is no escape, and the web client would show both of two."""
    following = line[at + 1 : at + 2]
    return "\\" if following.isascii() and following.isalnum() else "\\\\"


def _underscore(line: str, at: int) -> str:
    """Between letters or digits of ASCII it is none, for every client."""
    return "_" if at and _INNER_UNDERSCORE.match(line, at - 1) else r"\_"


def _at_sign(line: str, at: int) -> str:
    """Only after a letter or digit of ASCII can it be no mention, for server and client alike."""
    before = line[at - 1 : at]
    mail = before.isascii() and before.isalnum() and _MAIL_DOMAIN.match(line, at)
    return "@" if mail else "@" + JOINER


_RULES: dict[str, Callable[[str, int], str]] = {
    "\\": _backslash,
    "_": _underscore,
    "@": _at_sign,
    "<": lambda line, at: "&lt;",
    "&": lambda line, at: "&amp;" if _ENTITY.match(line, at) else "&",
    "#": lambda line, at: "#" + JOINER if _HASHTAG.match(line, at) else "#",
    "~": lambda line, at: "~" + JOINER,
    ":": lambda line, at: ":" + JOINER if _EMOJI.match(line, at) else ":",
    "$": lambda line, at: "&#36;" if _LATEX.match(line, at) else "$",
}


# --- building ---------------------------------------------------------------------------------------------


def code(text: str) -> Markdown:
    """Text in a code span, in which nothing is interpreted. Empty text gives nothing."""
    content = " ".join(clean(text).split())
    if not content:
        return Markdown("")
    runs = {len(run) for run in re.findall("`+", content)}
    marks = "`" * next(n for n in range(1, len(runs) + 2) if n not in runs)
    pad = " " if content.startswith("`") or content.endswith("`") else ""
    return Markdown(f"{marks}{pad}{content}{pad}{marks}")


def link(label: str, url: str) -> Markdown:
    """A link under a (foreign) label. An address that is not http, https or mattermost is left out.

    Brackets of the label become entities: the web client counts brackets without regard to backslashes.
    """
    url = "".join(clean(url).split())
    if isinstance(label, Markdown):
        shown = label
    else:
        line = " ".join(clean(label).split()) or url
        shown = Markdown(_escape_line(line, autolinks=False).replace(r"\[", "&#91;").replace(r"\]", "&#93;"))
    return Markdown(f"[{shown}]({_link_target(url)})") if _is_linkable(url) else shown


def table(headers: Iterable[str], rows: Iterable[Iterable[str]]) -> Markdown:
    """A table; cells that are no `Markdown` are escaped. It has to begin a paragraph."""
    lines = [_table_row(headers), *(_table_row(row) for row in rows)]
    columns = lines[0].count(" | ") + 1
    return Markdown("\n".join([lines[0], "|" + " --- |" * columns, *lines[1:]]))


def _table_row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(escape(cell) for cell in cells)} |"


def _is_linkable(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in LINK_SCHEMES and bool(parts.netloc)


def _link_target(url: str) -> str:
    return url.translate({ord(c): quote(c, safe="") for c in "()<>\"'\\`*|"})


# --- cutting ----------------------------------------------------------------------------------------------

#: What means something only as a whole: escapes, entities, links, code spans.
_ATOM = re.compile(
    r"\\[^A-Za-z0-9\s] | &\#?\w+; | !?\[(?:\\.|[^\[\]\\\n])*\]\([^()\s]*\) | (?P<marks>`+)[^`\n]+(?P=marks)(?!`)",
    re.VERBOSE,
)
_LONGEST_FENCE = 16
_FENCE = re.compile(r" {0,3}(?P<marks>`{3,16}|~{3,16})(?P<info>[^`~\n]*)")

#: `split` needs room for a fence that is closed and opened again.
SMALLEST_PIECE = 64


def truncate(text: Text, limit: int) -> Text:
    """The text in at most `limit` code points, with … in place of what was left out.

    Nothing that a reader sees as one character is cut, in `Markdown` no escape, entity, link or code span.
    (Emphasis is not closed: shorten foreign text before it goes into a sentence.)
    """
    if len(text) <= limit:
        return text
    if limit <= 0:
        return type(text)("")
    return type(text)(str.rstrip(text[: _cut_at(text, limit - len(ELLIPSIS))]) + ELLIPSIS)


def _cut_at(text: str, limit: int) -> int:
    """The greatest index not above the limit at which the text may be cut."""
    at = last_boundary(text, limit)
    if isinstance(text, Markdown):
        for atom in _ATOM.finditer(text):
            if atom.start() >= at:
                break
            if atom.end() > at:
                return last_boundary(text, atom.start())
    return at


def split(text: Text, limit: int = POST_LIMIT) -> list[Text]:
    """The text in pieces of at most `limit` (64 or more) code points, none of them blank.

    It is cut between paragraphs, else lines, else words, else characters. A code fence that is cut is closed
    at the end of the piece and opened again in the next.
    """
    if limit < SMALLEST_PIECE:
        raise ValueError(f"pieces of {limit} characters are too small")
    kind, pieces, reopened = type(text), [], ""
    rest: str = text
    while len(reopened) + len(rest) > limit:
        room = limit - len(reopened) - _LONGEST_FENCE - 1
        end, resume = _piece_end(kind(rest), room, reopened)
        fence = _open_fence(reopened + rest[:end])
        pieces.append(reopened + rest[:end] + (f"\n{fence.marks}" if fence else ""))
        mid_line = resume == end or rest[end] == " "
        rest = rest[resume:]
        if fence and fence.closed_by(rest.partition("\n")[0]):
            rest, fence = rest.partition("\n")[2], None
        if mid_line and not fence and kind is Markdown:
            rest = _guard_line_start(rest)
        reopened = f"{fence.marks}{fence.info}\n" if fence else ""
    if rest.strip():
        pieces.append(reopened + rest)
    return [kind(piece.strip("\n").rstrip()) for piece in pieces if piece.strip()]


class _Fence(NamedTuple):
    marks: str
    info: str

    def closed_by(self, line: str) -> bool:
        found = _FENCE.fullmatch(line)
        return bool(found and found["marks"].startswith(self.marks) and not found["info"].strip())


def _open_fence(text: str) -> _Fence | None:
    """The code fence that is still open at the end of the text."""
    fence: _Fence | None = None
    for line in text.split("\n"):
        if fence is None:
            found = _FENCE.fullmatch(line)
            fence = _Fence(found["marks"], found["info"].strip()[:_LONGEST_FENCE]) if found else None
        elif fence.closed_by(line):
            fence = None
    return fence


def _piece_end(text: str, room: int, reopened: str) -> tuple[int, int]:
    """Where the piece ends and where the next begins; between them stand only line breaks or a space."""
    for separator in ("\n\n", "\n", " "):
        at = text.rfind(separator, room // 2, room + len(separator))
        if at <= 0:
            continue
        in_fence = _open_fence(reopened + text[:at]) is not None
        if in_fence:
            if separator == " ":
                break
            return at, at + 1
        whole = _cut_at(text, at)
        if whole == at:
            return at, at + len(separator)
        if whole > 0:
            return whole, whole
    at = _cut_at(text, room) or last_boundary(text, room) or room
    while at > 1 and text[at - 1] in "`~" and text[at - 1] == text[at]:
        at -= 1
    return at, at
