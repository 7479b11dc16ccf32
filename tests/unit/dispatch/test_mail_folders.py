"""Which folder is meant, and which holds the sent letters."""

from __future__ import annotations

import pytest

from sekretar.dispatch.mail.folders import Folder, named, readable, sent_folder

WIRE = "&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-"


def folders(*names: str, delimiter: str = "/") -> list[Folder]:
    return [Folder(name, frozenset(), delimiter) for name in names]


@pytest.mark.parametrize("meant", ["Отправленные", "отправленные", WIRE])
def test_an_administrator_may_write_a_name_in_several_ways(meant: str) -> None:
    found = named(folders("INBOX", "Отправленные"), meant)
    assert found is not None
    assert found.name == "Отправленные"


def test_of_two_names_in_another_case_the_exact_one_is_meant() -> None:
    there = folders("sent", "Sent")
    assert named(there, "Sent") == there[1]
    assert named(there, "SENT") == there[0]
    assert named(there, "Archive") is None


@pytest.mark.parametrize("name", ["Sent & received", "R&D", "&", "&!!!-", "Отправленные"])
def test_a_name_that_only_looks_like_the_wire_stays_as_it_is(name: str) -> None:
    assert readable(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "Sent",
        "INBOX.Sent",
        "Sent Items",
        "[Gmail]/Sent Mail",
        "Отправленные",
        "INBOX/Отправленные",
        "Надіслані",
    ],
)
def test_sent_letters_are_found_by_name_in_any_language(name: str) -> None:
    delimiter = "." if "." in name else "/"
    found = sent_folder(folders("INBOX", "Spam", "Unsent", name, delimiter=delimiter))
    assert found is not None
    assert found.name == name


def test_the_mark_of_the_server_counts_more_than_a_name_and_the_setting_more_than_both() -> None:
    marked = Folder("Versendet", frozenset({"\\sent", "\\hasnochildren"}))
    there = [*folders("INBOX", "Archive/2024/Sent", "Sent"), marked]
    assert sent_folder(there) == marked
    assert sent_folder(there, "Archive/2024/Sent") == there[1]
    assert sent_folder(there, "nowhere") is None
    assert sent_folder(there[:-1]) == there[2]


def test_a_folder_that_cannot_be_opened_is_none() -> None:
    there = [Folder("Sent", frozenset({"\\noselect"})), Folder("Mail/Sent Items")]
    assert named(there, "Sent") is None
    assert sent_folder(there) == there[1]
    assert sent_folder(there[:1]) is None
