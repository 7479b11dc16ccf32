"""Foreign text stays text: for CommonMark, for the web client's own rules, and for the server's mention parser."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from sekretar.kernel.graphemes import is_boundary
from sekretar.kernel.text import (
    JOINER,
    POST_LIMIT,
    Markdown,
    clean,
    code,
    escape,
    escape_block,
    link,
    split,
    table,
    truncate,
)

COMMONMARK = MarkdownIt("commonmark").enable(["table", "strikethrough"])

#: The characters that mean something somewhere, mixed with letters of two scripts.
tricky = st.text(
    st.sampled_from(list("@#~:`*_[]()|<>&\\!+-=.{}$/;\"' \t\n1aAя%^\u00a0\u2028\u202e\u200b")), max_size=40
)
pieces = st.sampled_from(
    [
        *(
            "@all",
            "@here",
            "@anna",
            "~town-square",
            "#urgent",
            ":smile:",
            "[x](http://evil.example)",
            "![x](y)",
        ),
        *("```", "**b**", "_i_", "~~s~~", "| a | b |", "|---|---|", "\n---\n", "\n===\n", "\n# h", "\n> q"),
        *("\n- l", "\n1. l", "<b>", "&lt;", "http://a.example/x_y", "javascript:alert(1)", "a@b.example"),
        *("слово", " ", "\n", "\\", "$x$", "[a]: http://e.ru"),
    ]
)
foreign = st.one_of(tricky, st.lists(pieces, max_size=8).map("".join), st.text(max_size=60))


def server_mentions(message: str) -> list[str]:
    """The words that `ProcessText` of Mattermost's standard mention parser takes for mentions."""
    words = re.findall(r"[:.\-_@\w]+", message.replace("\\", " \\ "))
    candidates = [part for word in words for part in (word.lstrip(":.-_"), *re.split(r"[.\-:]", word))]
    return [word for word in candidates if word.startswith("@") and word.strip("@.-:_")]


def server_hashtags(message: str) -> list[str]:
    """`ParseHashtags`: punctuation around a word is cut off, then it must be # and letters."""
    words = [re.sub(r"^[^\w#]+|[^\w]+$", "", word) for word in message.split()]
    return [word for word in words if re.fullmatch(r"#+[^\W\d_][\w\-.]*\w", word)]


def channel_links(message: str) -> list[str]:
    """`ChannelMentions`, the regular expression of server and web client."""
    return re.findall(r"\B~[a-zA-Z0-9\-_]+", message, re.ASCII)


def client_sees(message: str) -> str:
    """What is left of a line once the web client has removed its escapes (`inline.escape` of its marked)."""
    text = re.sub(r"\\([`*{}\[\]()#+\-.!_>~|]|\\(?!\w))", r"\1", message, flags=re.ASCII)
    return text.replace("&lt;", "<").replace("&#36;", "$").replace("&amp;", "&")


def visible(text: str) -> str:
    return " ".join(text.replace(JOINER, "").split())


class TestEscape:
    @pytest.mark.parametrize("word", ["all", "channel", "here", "anna", "Anna_B"])
    @pytest.mark.parametrize(
        "before", ["", " ", "x", "я", "x-", "x.", "_", "(", "\\", "*", "@", "https://h.ru/"]
    )
    def test_nobody_is_rung(self, word: str, before: str) -> None:
        escaped = escape(f"{before}@{word}")
        assert server_mentions(escaped) == []
        assert not re.search(r"(?:\B|\b_+)@[a-z0-9.\-_]", client_sees(escaped), re.IGNORECASE | re.ASCII)
        assert f"@{word}" not in escaped

    @given(foreign)
    def test_nothing_rings_links_or_tags(self, text: str) -> None:
        escaped = escape_block(text)
        seen = client_sees(escaped)
        assert server_mentions(escaped) == []
        assert server_hashtags(escaped) == []
        assert channel_links(escaped) == []
        assert channel_links(seen) == []
        assert not re.search(r":[\w+-]+:", re.sub(r"https?://\S+", "", seen, flags=re.IGNORECASE), re.ASCII)
        assert not re.search(r"\B@[a-z0-9]", seen, re.IGNORECASE | re.ASCII)

    @given(foreign)
    def test_commonmark_sees_only_text(self, text: str) -> None:
        for token in COMMONMARK.parse(escape(text)):
            assert token.type in {"paragraph_open", "inline", "paragraph_close"}
            assert all(child.type == "text" for child in token.children or ())

    @given(foreign)
    def test_block_keeps_lines_and_nothing_else(self, text: str) -> None:
        for token in COMMONMARK.parse(escape_block(text)):
            assert token.type in {"paragraph_open", "inline", "paragraph_close"}
            assert all(child.type in {"text", "softbreak"} for child in token.children or ())

    @given(foreign)
    def test_what_is_seen_is_what_was_written(self, text: str) -> None:
        assume("http" not in text)  # addresses are changed to mean the same, not to look the same
        shown = "".join(
            child.content for token in COMMONMARK.parse(escape(text)) for child in token.children or ()
        )
        assert visible(shown) == visible(clean(text))

    @pytest.mark.parametrize(
        ("text", "escaped"),
        [
            ("[bank](http://evil.example)", r"\[bank\](http://evil.example)"),
            ("a | b", r"a \| b"),
            ("2 * 3 * 4", r"2 \* 3 \* 4"),
            ("snake_case stays, __init__ does not", r"snake_case stays, \_\_init\_\_ does not"),
            ("<b>bold</b>", "&lt;b>bold&lt;/b>"),
            ("&lt;", "&amp;lt;"),
            ("AT&T", "AT&T"),
            ("1. item", r"1\. item"),
            ("10.30 start", "10.30 start"),
            ("- item", r"\- item"),
            ("-5 °C", "-5 °C"),
            ("+7 495 123", "+7 495 123"),
            ("# head", r"\# head"),
            ("> quote", r"\> quote"),
            ("12:30–13:00", "12:30–13:00"),
            (r"C:\temp\new", r"C:\temp\new"),
            ("price $5", "price $5"),
            ("write to anna.b@example.com", "write to anna.b@example.com"),
        ],
    )
    def test_examples(self, text: str, escaped: str) -> None:
        assert escape(text) == escaped

    def test_addresses_stay_whole(self) -> None:
        assert (
            escape("see https://h.example/a_b/c?x=1&y=2#f now") == "see https://h.example/a_b/c?x=1&y=2#f now"
        )
        assert escape("https://h.example/@all") == "https://h.example/%40all"
        assert escape("**https://h.example**") == r"\*\*https://h.example \*\*"
        assert escape("(https://h.example/a(b))") == "(https://h.example/a(b))"

    @pytest.mark.parametrize(
        "text", ["javascript:alert(1)", "data:text/html,x", "tel:+7495", "file:///etc/passwd"]
    )
    def test_other_schemes_are_broken(self, text: str) -> None:
        assert not re.search(r"[A-Za-z]:[/\w]", escape(text))

    def test_one_line(self) -> None:
        assert escape(" a\r\n\tb\u2028c\u2424d ") == "a b c d"

    def test_block_keeps_line_breaks(self) -> None:
        assert escape_block("a\r\n  b\n\n\n\nc\n") == "a\nb\n\nc"

    def test_once_is_enough(self) -> None:
        assert escape(escape("*a*")) == r"\*a\*"

    @given(st.text())
    def test_invisible_characters_are_gone(self, text: str) -> None:
        left = {unicodedata.category(c) for c in clean(text) if c not in "\n\u200c\u200d"}
        assert not left & {"Cc", "Cf", "Cs"}


class TestMarkdown:
    def test_what_is_added_is_escaped(self) -> None:
        assert Markdown("**") + "a*b" == r"**a\*b"
        assert isinstance(Markdown("**") + "a", Markdown)
        assert Markdown(", ").join(["a*b", Markdown("**c**")]) == r"a\*b, **c**"


class TestCode:
    @given(foreign)
    def test_is_one_code_span(self, text: str) -> None:
        content = " ".join(clean(text).split())
        inline = [child for token in COMMONMARK.parse(code(text)) for child in token.children or ()]
        if content:
            assert [(child.type, child.content.strip()) for child in inline] == [("code_inline", content)]
        else:
            assert inline == []


class TestLink:
    def test_plain(self) -> None:
        assert link("Планёрка", "https://h.example/a") == "[Планёрка](https://h.example/a)"

    @given(foreign, foreign)
    def test_leads_where_we_say(self, label: str, path: str) -> None:
        inline = [
            child
            for token in COMMONMARK.parse(link(label, "https://h.example/" + path))
            for child in token.children or ()
        ]
        assert [child.type for child in inline] == ["link_open", "text", "link_close"]
        assert str(inline[0].attrs["href"]).startswith("https://h.example/")

    @pytest.mark.parametrize(
        "url", ["javascript:alert(1)", "ftp://h/x", "//h/x", "", "https://", "http://[x"]
    )
    def test_other_addresses_are_left_out(self, url: str) -> None:
        assert link("label", url) == "label"

    @pytest.mark.parametrize(
        "label", ["a]b", "a[b", "x](http://evil.example) y", "[[", "http://evil.example"]
    )
    def test_web_client_counts_brackets_without_escapes(self, label: str) -> None:
        assert not re.search(
            r"[\[\]]", link(label, "https://h.example")[1:].partition("](https://h.example)")[0]
        )

    def test_parentheses_of_the_address_are_encoded(self) -> None:
        assert link("x", "https://h.example/a(b) c") == "[x](https://h.example/a%28b%29c)"


class TestTable:
    def test_foreign_cells_cannot_break_out(self) -> None:
        shown = table(["a", "b"], [["1|2", "x\ny"], [Markdown("**b**"), ""]])
        html = MarkdownIt("commonmark").enable("table").render(shown)
        assert html.count("<td>") == 4
        assert "<td>1|2</td>" in html
        assert "<td>x y</td>" in html
        assert "<td><strong>b</strong></td>" in html


class TestTruncate:
    @given(st.text(), st.integers(0, 80))
    def test_fits(self, text: str, limit: int) -> None:
        short = truncate(text, limit)
        assert len(short) <= limit
        assert short == text or short == "" or (short.endswith("…") and text.startswith(short[:-1]))

    @given(
        st.lists(st.sampled_from(["e\u0301", "👩‍👩‍👧", "👍🏽", "🇷🇺", "한", "x", "й", "\ud83d\ude00"])),
        st.integers(1, 30),
    )
    def test_cuts_between_characters(self, characters: list[str], limit: int) -> None:
        text = "".join(characters)
        kept = truncate(text, limit)
        assert kept == text or is_boundary(text, len(kept) - 1)
        starts = {len("".join(characters[:n])) for n in range(len(characters) + 1)}
        assert kept == text or len(kept) - 1 in starts

    @given(foreign, st.integers(1, 30))
    @example(text="111111111@@@@\\11", limit=19)
    def test_leaves_no_half_escape(self, text: str, limit: int) -> None:
        whole = escape(text)
        short = truncate(whole, limit)
        assert isinstance(short, Markdown)
        for token in COMMONMARK.parse(short):
            assert all(child.type == "text" for child in token.children or ())
        cut_off = whole[len(short) - 1 :]
        # A backslash before a letter or digit is no escape but itself.
        escape_cut = re.search(r"(?<!\\)(?:\\\\)*\\…$", short) and re.match(r"[^A-Za-z0-9\s]", cut_off)
        assert short == whole or not (escape_cut or re.search(r"&[a-z]+…$", short))

    def test_links_go_as_a_whole(self) -> None:
        text = Markdown("Join ") + link("the call", "https://h.example/long/path")
        assert truncate(text, 20) == "Join…"


class TestSplit:
    def test_short_text_is_one_piece(self) -> None:
        assert split("a\n\nb") == ["a\n\nb"]

    def test_blank_text_is_no_piece(self) -> None:
        assert split(" \n ") == []

    def test_default_is_the_limit_of_a_post(self) -> None:
        assert [len(piece) for piece in split("x" * (POST_LIMIT + 1))][1:] != []
        assert max(len(piece) for piece in split("word " * 9000)) <= POST_LIMIT

    def test_prefers_paragraphs_then_lines_then_words(self) -> None:
        paragraph, line = "p" * 40, "l" * 40
        assert split(f"{paragraph}\n\n{paragraph}", 64) == [paragraph, paragraph]
        assert split(f"{line}\n{line}", 64) == [line, line]
        assert split(f"{line} {line}", 64) == [line, line]

    @given(
        st.lists(st.sampled_from(["word", "слово", "x" * 90, "\n", "\n\n", " ", "e\u0301" * 30]), max_size=40)
    )
    def test_loses_nothing_but_space(self, parts: list[str]) -> None:
        text = "".join(parts)
        cut = split(text, 64)
        assert all(0 < len(piece) <= 64 for piece in cut)
        assert "".join("".join(cut).split()) == "".join(text.split())

    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["", "```\n{}\n```", "~~~py\n{}\n~~~", "````\n```\n{}\n````"]),
                st.text("ab \n", max_size=90),
            ),
            max_size=6,
        )
    )
    def test_fences_are_balanced_in_each_piece(self, blocks: list[tuple[str, str]]) -> None:
        text = "\n\n".join((frame or "{}").format(body) for frame, body in blocks)
        for piece in split(text, 64):
            assert len(piece) <= 64
            open_marks = ""
            for line in piece.split("\n"):
                if found := re.fullmatch(r"(`{3,}|~{3,})(\w*)", line):
                    if not open_marks:
                        open_marks = found[1]
                    elif found[1].startswith(open_marks) and not found[2]:
                        open_marks = ""
            assert open_marks == ""

    def test_a_cut_fence_opens_again(self) -> None:
        first, second = split("```python\n" + "\n".join(["code line"] * 12) + "\n```", 120)
        assert first.startswith("```python\n")
        assert first.endswith("\n```")
        assert second.startswith("```python\ncode line")
        assert second.endswith("\n```")

    def test_a_word_moved_to_the_start_of_a_piece_begins_no_list(self) -> None:
        assert split(escape("x" * 46 + " - " + "y" * 40), 64) == ["x" * 46, "\\- " + "y" * 40]
