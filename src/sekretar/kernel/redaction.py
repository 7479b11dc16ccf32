"""What may not be read in a log: found by the name it goes by, or by its looks.

This is the last line of defence, not the first: nobody should hand a secret to a log. But exceptions quote
headers, libraries quote addresses, and a log is copied into tickets and chats.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time

HIDDEN = "***"

#: How deep values inside of values are followed; what lies deeper is not shown.
_DEEPEST = 6

_SECRET_WORDS = frozenset(
    {
        "password",
        "passwords",
        "passwd",
        "pwd",
        "token",
        "tokens",
        "secret",
        "secrets",
        "authorization",
        "auth",
    }
    | {"cookie", "cookies", "credential", "credentials", "claim", "claims", "apikey"}
)
#: A key opens something only when it says what; a bare `key` is a name (of a message, of a row).
_KEY_WORDS = frozenset({"key", "keys"})
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")

#: The end of a name is enough: `access_token` ends like `token`.
_NAMES = r"(?:passw(?:or)?d|pwd|token|secret|authorization|cookie|api_?key|claim|credential)s?"
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # Ciphertext and sealed claims: useless without the keys, but worth stealing if those leak later.
    (re.compile(r"gAAAA[\w-]{40,}={0,2}"), HIDDEN),
    (re.compile(r"\bAV[s-v][\w-]{60,}"), HIDDEN),
    (re.compile(r"(?i)\b(bearer)(\s+)[\w.~+/=-]{8,}"), rf"\1\2{HIDDEN}"),
    # Words of the language too: what follows must not be one.
    (re.compile(r"(?i)\b(basic|token|oauth)(\s+)(?=[a-z]*[^a-z\s])[\w.~+/=-]{8,}"), rf"\1\2{HIDDEN}"),
    (re.compile(r"(://)[^\s/@\"']+@"), rf"\1{HIDDEN}@"),
    (re.compile(rf"(?i)([?&#](?:{_NAMES}|code|state|key|sig|signature)=)[^&\s\"'>)]+"), rf"\1{HIDDEN}"),
    # Name and value in running text, JSON, headers or a repr: password=x, "token": "x", Cookie: a=b.
    (
        re.compile(r"(?i)\b((?:set-)?cookie|(?:proxy-)?authorization)(['\"]?\s*[:=]\s*)[^\r\n'\"]+"),
        rf"\1\2{HIDDEN}",
    ),
    (
        re.compile(rf"(?i)({_NAMES})(['\"]?\s*[:=]\s*)(?:'[^']*'|\"[^\"]*\"|[^\s,;&'\")}}\]]+)"),
        rf"\1\2{HIDDEN}",
    ),
    # SQLAlchemy quotes the values of a statement that failed.
    (re.compile(r"(?s)\[parameters: .*?\](?=\n|$)"), f"[parameters: {HIDDEN}]"),
)


def is_secret_name(name: str) -> bool:
    """Whether what goes by this name is not to be shown."""
    words = [word.lower() for word in _WORD.findall(name)]
    return (
        any(word in _SECRET_WORDS for word in words)
        or (len(words) > 1 and any(word in _KEY_WORDS for word in words))
        or words == ["keys"]
    )


def redact_text(text: str) -> str:
    """The text with everything hidden that looks like a secret."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def redact(value: object, *, depth: int = 0) -> object:
    """The value with its secrets hidden, made of nothing but text, numbers, lists and dictionaries."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping) and depth < _DEEPEST:
        return {str(name): redact_named(str(name), item, depth=depth + 1) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset) and depth < _DEEPEST:
        return [redact(item, depth=depth + 1) for item in value]
    return HIDDEN if depth >= _DEEPEST else redact_text(_shown(value))


def redact_named(name: str, value: object, *, depth: int = 0) -> object:
    """The value of a name. Numbers and yes or no are shown: how many tokens, not which."""
    if is_secret_name(name) and not (value is None or isinstance(value, bool | int | float)):
        return HIDDEN
    return redact(value, depth=depth)


def _shown(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    try:
        return repr(value)
    except Exception:  # a log line is no place to fail
        return f"<{type(value).__name__}>"
