"""Lists of who is who, and who is probably who."""

from __future__ import annotations

import pytest

from sekretar.mattermost.models import User
from sekretar.tickets.accounts.lines import Pair, proposed, read_lines, text_of
from sekretar.trackers.values import Member


@pytest.mark.parametrize(
    "text", ["anna,a.p\n@Boris,bi", "username;login\nanna;a.p\nboris;bi", "anna\ta.p\r\nboris\tbi"]
)
def test_lists_as_spreadsheets_save_them(text: str) -> None:
    assert read_lines(f"\ufeff{text}\n\n# nobody\n").pairs == (Pair("anna", "a.p"), Pair("boris", "bi"))


def test_an_empty_login_takes_back_and_the_last_word_counts() -> None:
    lines = read_lines('anna,first\nanna,\nnonsense\n,login\nIvan Ivanov,ii\n"boris","b,i"')
    assert lines.pairs == (Pair("anna", ""), Pair("boris", "b,i"))
    assert lines.unreadable == ("nonsense", ",login", "Ivan Ivanov,ii")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251"])
def test_a_list_in_any_encoding_that_spreadsheets_write(encoding: str) -> None:
    content = "пользователь;login\nanna;a.p\nЮ Ш;x".encode(encoding)
    lines = read_lines(text_of(content))
    assert (lines.pairs, lines.unreadable) == ((Pair("anna", "a.p"),), ("Ю Ш;x",))


@pytest.mark.parametrize("content", [b"PK\x03\x04\x00\x00", b"anna,\x98", b"\xff\xfea"])
def test_what_is_no_text_is_no_list(content: bytes) -> None:
    with pytest.raises(ValueError):
        text_of(content)


def user(name: str, mail: str = "") -> User:
    return User(id=name, username=name, email=mail)


def test_only_one_who_is_alike_is_proposed() -> None:
    members = (
        Member("1", "Anna", "anna", "anna@example.com"),
        Member("2", "B", "b.ivanov", "Boris@example.com"),
        Member("3", "C1", "c1", "shared@example.com"),
        Member("4", "C2", "c2", "shared@example.com"),
        Member("5", "Crew", "crew", group=True),
    )
    users = [
        user("Anna"),
        user("boris", "boris@Example.com"),
        user("chris", "shared@example.com"),
        user("crew"),
        user("x"),
    ]
    assert proposed(users, members) == (Pair("Anna", "anna"), Pair("boris", "b.ivanov"))
