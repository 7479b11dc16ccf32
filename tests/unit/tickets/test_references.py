"""Which words of a post are references to tickets."""

from __future__ import annotations

import re
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekretar.tickets.references.finding import MOST, NUMBERED, QUEUED, Notation, References
from sekretar.trackers.values import TicketRef


def link_reader(tracker: str, pattern: str) -> Notation:
    page = re.compile(pattern)

    def read(url: str) -> TicketRef | None:
        found = page.fullmatch(url)
        return TicketRef(tracker, found[1]) if found else None

    return Notation(tracker, "#t{key}" if tracker == "redmine" else "{key}",
                    NUMBERED if tracker == "redmine" else QUEUED, read)  # fmt: skip


REFERENCES: Final = References(
    [
        link_reader("redmine", r"https://tasks\.example\.com/rm/issues/(\d+)(?:[#?].*)?"),
        link_reader("yandex", r"https://tracker\.yandex\.ru/([A-Z]+-\d+)(?:[#?].*)?"),
    ]
)


def keys(text: str) -> list[str]:
    return [ref.key for ref in REFERENCES.find(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#t10", ["10"]),
        ("см. #t10, потом (#t11) и #t12.", ["10", "11", "12"]),
        ("#t10 #t10", ["10"]),
        ("**#t10**", ["10"]),
        ("_#t10_", ["10"]),
        ("> #t10", ["10"]),
        ("| #t10 | DESK-12 |", ["10", "DESK-12"]),
        ("DESK-12: готово", ["DESK-12"]),
        ("https://tasks.example.com/rm/issues/15", ["15"]),
        ("<https://tasks.example.com/rm/issues/15#note-2>.", ["15"]),
        ("[заявка](https://tracker.yandex.ru/DESK-12) и #t3", ["DESK-12", "3"]),
        ("https://tracker.yandex.ru/DESK-12 и DESK-12", ["DESK-12"]),
        ("#t10\nhttps://tracker.yandex.ru/DESK-12\n#t9", ["10", "DESK-12", "9"]),
    ],
)
def test_what_is_said(text: str, expected: list[str]) -> None:
    assert keys(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "обычный текст",
        "#t0",
        "#t10a",
        "a#t10",
        "##t10",
        "#t10-2",
        "#t10.5",
        "#t1234567890123",
        "`#t10`",
        "``a ` #t10``",
        "```\n#t10\n```",
        "```python\n#t10 и дальше без конца",
        "~~~\n#t10\n~~~",
        "текст:\n\n    #t10\n",
        "[#t10](https://example.com)",
        "https://example.com/#t10",
        "www.example.com/#t10",
        "https://evil.example/rm/issues/15",
        "https://tasks.example.com/rm/issues/15/edit",
        "desk-12",
        "XDESK-12-3",
        "/DESK-12",
        "boris@DESK-12",
        "ПDESK-12",
    ],
)
def test_what_is_not_said(text: str) -> None:
    assert keys(text) == []


def test_text_after_code_counts_again() -> None:
    assert keys("`#t1` #t2\n```\n#t3\n```\n#t4") == ["2", "4"]


def test_a_flood_is_cut() -> None:
    assert keys(" ".join(f"#t{number}" for number in range(1, 500))) == [str(n) for n in range(1, MOST + 1)]


def test_a_notation_without_key_is_refused() -> None:
    with pytest.raises(ValueError, match="key"):
        References([Notation("redmine", "#t", NUMBERED, lambda url: None)])


def test_no_tracker_no_reference() -> None:
    assert References([]).find("#t10 https://example.com") == ()


@given(
    st.lists(st.integers(1, 99_999), min_size=1, max_size=MOST, unique=True),
    st.sampled_from([" ", "\n", ", "]),
)
def test_every_reference_by_itself(numbers: list[int], between: str) -> None:
    assert keys(between.join(f"#t{number}" for number in numbers)) == [str(number) for number in numbers]


@given(st.text(alphabet="#t1 `~\n[]()<>/:.@DESK-", max_size=300))
def test_any_text_is_read(text: str) -> None:
    assert len(keys(text)) <= MOST
    assert keys(f"```\n{text.replace('`', '')}\n```") == []


# --- links in place of references

LINKS: Final = {
    TicketRef("redmine", "10"): "https://tasks.example.com/rm/issues/10",
    TicketRef("yandex", "DESK-12"): "https://tracker.yandex.ru/DESK-12",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see #t10.", "see [#t10](https://tasks.example.com/rm/issues/10)."),
        ("**DESK-12**\n> #t10", "**[DESK-12](https://tracker.yandex.ru/DESK-12)**"
         "\n> [#t10](https://tasks.example.com/rm/issues/10)"),
        ("`#t10` #t11 [#t10](https://example.com) UTF-8", None),
        ("```\n#t10\n```\nhttps://tasks.example.com/rm/issues/10", None),
    ],
)  # fmt: skip
def test_links_take_the_place_of_references_and_of_nothing_else(text: str, expected: str | None) -> None:
    assert REFERENCES.put_links(text, LINKS) == (text if expected is None else expected)


PUT: Final = re.compile(rf"\[([^\[\]]*)\]\((?:{'|'.join(map(re.escape, LINKS.values()))})\)")
PIECES: Final = [
    "#t10",
    "DESK-12",
    "#t11",
    "`",
    "```",
    "\n",
    "[",
    "]",
    "(",
    ")",
    ">",
    "*",
    "a",
    "|",
    "~",
    "\n    ",
]


@given(st.lists(st.sampled_from([*PIECES, *LINKS.values()]), max_size=30))
def test_links_are_put_once_and_the_words_stay(parts: list[str]) -> None:
    text = " ".join(parts)
    once = REFERENCES.put_links(text, LINKS)
    assert REFERENCES.put_links(once, LINKS) == once
    assert PUT.sub(r"\1", once) == PUT.sub(r"\1", text)
