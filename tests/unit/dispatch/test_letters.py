"""Every odd letter that the desk knows of, with what is read from it in a file beside it.

To add one, put its bytes into `tests/data/letters/` as `<name>.eml` and what shall be read as `<name>.txt`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.dispatch.letter_shown import shown

from sekretar.dispatch.mail.letter import fingerprint
from sekretar.dispatch.mail.parsing import attachment_content, parse

LETTERS = Path(__file__).parents[2] / "data" / "letters"


@pytest.mark.parametrize("letter", sorted(LETTERS.glob("*.eml")), ids=lambda path: path.stem)
def test_what_is_read_from_a_letter(letter: Path) -> None:
    assert shown(parse(letter.read_bytes())) == letter.with_suffix(".txt").read_text("utf-8")


def test_every_letter_has_an_expected_result() -> None:
    letters = {path.stem for path in LETTERS.glob("*.eml")}
    assert letters
    assert letters == {path.stem for path in LETTERS.glob("*.txt")}


@pytest.mark.parametrize("letter", sorted(LETTERS.glob("*.eml")), ids=lambda path: path.stem)
def test_the_content_of_every_attachment_is_found_by_its_part(letter: Path) -> None:
    raw = letter.read_bytes()
    for attachment in parse(raw).attachments:
        assert len(attachment_content(raw, attachment.part)) == attachment.size


def test_copies_of_a_letter_have_one_fingerprint_and_other_words_under_its_id_another() -> None:
    first, second, other = (
        parse((LETTERS / f"copy-{name}.eml").read_bytes())
        for name in ("first-mailbox", "second-mailbox", "same-id-other-words")
    )
    assert first.message_id == second.message_id == other.message_id
    assert fingerprint(first) == fingerprint(second) != fingerprint(other)


def test_letters_without_an_id_are_told_apart_by_their_attachments() -> None:
    letter = b"From: a@x.example\nContent-Type: application/pdf; name=%s\n\ncontent"
    assert fingerprint(parse(letter % b"1.pdf")) != fingerprint(parse(letter % b"2.pdf"))
