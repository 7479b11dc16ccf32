"""Letters as bytes: what the standard library reads back, and what old mail programs need."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.dispatch.letters_known import letter as parsed

from sekretar.dispatch.letters.mime import Written, letter_bytes
from sekretar.dispatch.letters.threading import conversation, references
from sekretar.dispatch.letters.values import File, Voice
from sekretar.dispatch.mail.letter import Address

LONG = "Схема подключения базовой станции КИ0075 на опоре 41960-P-43-1-1 (исправленная).pdf"


def written(**changes: Any) -> Written:
    values: dict[str, Any] = {
        "message_id": "<inc.7.1.0123456789abcdef@towers.test>",
        "pseudo_id": "<incident.7.0123456789abcdef@towers.test>",
        "voice": Voice.PERSON,
        "at": datetime(2026, 3, 4, 9, tzinfo=UTC),
        "zone": ZoneInfo("Europe/Moscow"),
        "sender": Address("Диспетчерская «Новые Башни»", "desk@towers.test"),
        "to": (Address("Орлова, Анна", "anna@operator.test"), Address("Smith, John", "j@operator.test")),
        "cc": (Address("", "desk@towers.test"),),
        "subject": "Re: NT-7: Т2 Отсутствует ВЭС KI0075/41960-P-43-1-1, и ещё немного длинных слов",
        "text": "Заявка принята.\nFrom here on.\n",
    }
    return Written(**values | changes)


def read(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_a_letter_is_read_as_it_was_meant() -> None:
    content = letter_bytes(written(in_reply_to="<a@b>", references=("<p@q>", "<a@b>")))
    message = read(content)
    assert message["Subject"] == written().subject
    [sender] = message["From"].addresses
    # The standard library sees a blank between two encoded words, where there is none.
    assert sender.display_name.split() == ["Диспетчерская", "«Новые", "Башни»"]
    assert sender.addr_spec == "desk@towers.test"
    assert [each.display_name for each in message["To"].addresses] == ["Орлова, Анна", "Smith, John"]
    assert message["Cc"] == "desk@towers.test"
    assert message["Date"] == "Wed, 04 Mar 2026 12:00:00 +0300"
    assert message["Message-ID"] == "<inc.7.1.0123456789abcdef@towers.test>"
    assert (message["In-Reply-To"], message["References"]) == ("<a@b>", "<p@q> <a@b>")
    assert message.get_content().rstrip() == written().text.rstrip()
    assert "X-Loop" not in message
    assert not {"Auto-Submitted", "Precedence", "X-Auto-Response-Suppress"} & set(message.keys())


@pytest.mark.parametrize(
    ("voice", "submitted", "precedence"),
    [(Voice.ANSWER, "auto-replied", "auto_reply"), (Voice.NOTICE, "auto-generated", "bulk")],
)
def test_letters_of_programs_say_so(voice: Voice, submitted: str, precedence: str) -> None:
    message = read(letter_bytes(written(voice=voice)))
    assert (message["Auto-Submitted"], message["Precedence"]) == (submitted, precedence)
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["X-Loop"] == written().pseudo_id


@pytest.mark.parametrize("name", ["plan.pdf", LONG, 'a"b\\c.pdf', "x" * 110 + ".pdf", "фото/../1.jpg", ""])
def test_names_of_files_are_there_for_new_and_old_programs(name: str) -> None:
    files = (File(name, "application/pdf", b"%PDF\x00\xff"), File("letter.eml", "message/rfc822", b"From: a"))
    content = letter_bytes(written(files=files))
    message = read(content)
    first, second = message.iter_attachments()
    shown = name.replace("/", "_").replace("\\", "_") or "file"
    assert first.get_filename() == shown
    assert first.get_content() == b"%PDF\x00\xff"
    assert first.get_content_type() == "application/pdf"
    assert (second.get_content_type(), second.get_content()) == ("application/octet-stream", b"From: a")
    # Old Outlook reads `name`, and the encoded word in it.
    old = message_from_bytes(content, policy=policy.compat32).get_payload()[1]  # type: ignore[index,union-attr]
    word = re.sub(r"\s*\n\s+", " ", old.get_param("name"))  # type: ignore[arg-type,union-attr]
    assert read(f"Subject: {word}\n\n".encode())["Subject"] == shown
    assert b"filename*0*=utf-8''" in content or shown.isascii()


@settings(max_examples=200)
@given(
    subject=st.text(max_size=300),
    name=st.text(max_size=100),
    text=st.text(max_size=300),
    file_name=st.text(max_size=120),
    ids=st.lists(st.text(st.characters(exclude_categories=["C", "Z"]), max_size=60), max_size=12),
)
def test_whatever_is_in_it_no_header_is_injected_and_every_line_is_short_ascii(
    subject: str, name: str, text: str, file_name: str, ids: list[str]
) -> None:
    sender = Address(name, "anna@operator.test")
    files = (File(file_name, "text/plain", b"x"),)
    letter = written(
        subject=subject, to=(sender,), text=text, files=files, references=tuple(f"<{each}@x>" for each in ids)
    )
    content = letter_bytes(letter)
    assert all(len(line) <= 998 and b"\n" not in line for line in content.split(b"\r\n"))
    assert content.isascii()
    message = read(content)
    expected = ["From", "To", "Cc", "Subject", "Date", "Message-ID", "References"]
    assert [key for key in message if key not in ("Content-Type", "MIME-Version")][: len(expected)] == (
        expected if ids else expected[:-1]
    )
    assert [each.addr_spec for each in message["To"].addresses] == ["anna@operator.test"]


# --- threading --------------------------------------------------------------------------------------------


def test_an_answer_refers_to_what_the_letter_refers_to_and_to_itself() -> None:
    assert conversation(parsed(references=("<a>", "<b>"), in_reply_to=("<c>",))) == (
        "<a>", "<b>", "<first@operator.test>",
    )  # fmt: skip
    assert conversation(parsed(in_reply_to=("<c>", "<d>"))) == ("<c>", "<first@operator.test>")
    assert conversation(parsed(message_id="")) == ()


def test_a_long_conversation_keeps_its_beginning_and_its_end() -> None:
    ids = [f"<{n}>" for n in range(1, 21)]
    assert references("<p>", ids) == ("<p>", *ids[:4], *ids[-5:])
    assert references("<p>", ids[:9]) == ("<p>", *ids[:9])


@given(st.lists(st.sampled_from("pabcdefghijklmn"), max_size=40))
def test_references_name_each_once_the_incident_first_and_the_answered_last(ids: list[str]) -> None:
    made = references("p", ids)
    assert made[0] == "p"
    assert len(made) == len(set(made)) <= 10
    others = [each for each in ids if each != "p"]
    assert not others or made[-1] == others[-1]
