"""How a ticket in Redmine remembers the intention it was made for.

Redmine has no idempotency key: when the answer to a creation is lost, only looking tells whether the ticket
exists. So the last line of the description of every ticket that Sekretar makes names the intention, shortened. It is
short and honest rather than hidden, because nothing is invisible in both Textile and Markdown; Sekretar itself never
shows it.
"""

from __future__ import annotations

import hashlib
import re

_LAST_LINE = re.compile(r"\n*^sekretar:[0-9a-f]{20}\s*\Z", re.MULTILINE)


def marker(unique: str) -> str:
    """The mark of an intention."""
    return f"sekretar:{hashlib.sha256(unique.encode()).hexdigest()[:20]}"


def with_marker(description: str, mark: str) -> str:
    """The description as Redmine stores it; an empty mark adds nothing."""
    if not mark:
        return description
    text = description.rstrip()
    return f"{text}\n\n{mark}" if text else mark


def without_marker(description: str) -> str:
    """The description as people know it."""
    return _LAST_LINE.sub("", description)


def marker_in(description: str) -> str:
    """The mark in a stored description; "" when it has none."""
    found = _LAST_LINE.search(description)
    return found.group().strip() if found else ""
