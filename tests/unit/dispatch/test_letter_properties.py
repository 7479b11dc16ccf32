"""What holds for every letter, whatever it is made of."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from sekretar.dispatch.mail.charsets import decoded
from sekretar.dispatch.mail.letter import ParsedLetter, Unreadable, fingerprint
from sekretar.dispatch.mail.parsing import attachment_content, parse
from sekretar.dispatch.mail.quotes import fresh

LINES = st.sampled_from(
    [
        b"From: =?utf-8?B?0J/R?= <a@b>",
        b"Subject: =?koi8r?Q?=D0?==?x?B?!!?=",
        b"Date: 99 Foo 0000 99:99 +9999",
        b"Date: Mon, 3 Nov 2025 14:05:00 +0300",
        b"Message-ID: <<>>",
        b"References: <a@b><c",
        b'Content-Type: multipart/mixed; boundary="b"',
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b",
        b"Content-Type: message/rfc822",
        b"Content-Type: message/delivery-status",
        b"Content-Type: message/disposition-notification",
        b"Content-Type: text/html; charset=utf-16",
        b"Content-Type: text/plain; charset=unicode_escape; format=flowed",
        b"Content-Disposition: attachment; filename*0*=x''%; filename*1=\"",
        b"Content-Transfer-Encoding: base64",
        b"Content-Transfer-Encoding: quoted-printable",
        b"--b",
        b"--b--",
        b"",
        b"",
        b"> quoted",
        b"-- ",
        b"On 3 Nov 2025 A wrote:",
        "пн, 3 нояб. 2025 г. в 14:05, А <a@b>:".encode(),
        "Кому: x".encode(),
        b"Final-Recipient: rfc822; <a@b",
        b"Status: 5.1.1",
        b"<blockquote><p>x",
        '{"E-mail для обратной связи": ["a@b"]}'.encode("cp1251"),
        b"\xff\xfe\x00=",
    ]
)
CORPUS = [
    path.read_bytes() for path in sorted((Path(__file__).parents[2] / "data" / "letters").glob("*.eml"))
]
PIECES = st.one_of(LINES, st.binary(max_size=40))
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=30)


def holds(letter: ParsedLetter) -> None:
    texts = [
        letter.subject,
        letter.text,
        letter.fresh,
        letter.html,
        *(file.safe_name for file in letter.attachments),
    ]
    for text in texts:
        assert "\0" not in text
        assert "\r" not in text
        text.encode("utf-8")
    assert unicodedata.is_normalized("NFC", letter.text)
    assert letter.date is None or letter.date.tzinfo is UTC
    assert "\n" not in letter.subject
    assert "<script" not in letter.html
    assert all(one.startswith("<") and one.endswith(">") for one in (*letter.references, *letter.in_reply_to))
    assert len({file.part for file in letter.attachments}) == len(letter.attachments)
    assert len({file.safe_name.casefold() for file in letter.attachments}) == len(letter.attachments)
    assert all("/" not in file.safe_name and 0 < len(file.safe_name) <= 120 for file in letter.attachments)
    assert fingerprint(letter)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_letter_or_unreadable(raw: bytes) -> None:
    try:
        holds(parse(raw))
    except Unreadable:
        assert not re.match(rb"[A-Za-z-]+:", raw)


@settings(max_examples=400)
@given(st.lists(PIECES, max_size=40), st.sampled_from([b"\r\n", b"\n"]))
def test_letters_made_of_broken_pieces_are_read(pieces: list[bytes], end: bytes) -> None:
    raw = end.join([b"From: a@b", *pieces])
    letter = parse(raw)
    holds(letter)
    for attachment in letter.attachments:
        assert len(attachment_content(raw, attachment.part)) == attachment.size


@settings(max_examples=300)
@given(st.sampled_from(CORPUS), st.data())
def test_damaged_letters_of_the_corpus_are_read(whole: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 100)))
    piece = data.draw(st.one_of(PIECES, st.sampled_from(CORPUS)))
    raw = b"From: a@b\r\n" + whole[:start] + piece + whole[end:]
    letter = parse(raw)
    holds(letter)
    for attachment in letter.attachments:
        assert len(attachment_content(raw, attachment.part)) == attachment.size


@given(
    subject=st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), max_size=200),
    name=NAMES,
    words=st.text(
        st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Cf", "Zl", "Zp")), max_size=300
    ),
    moment=st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001
    content=st.binary(max_size=200),
)
def test_a_letter_that_was_built_is_read_back(
    subject: str, name: str, words: str, moment: datetime, content: bytes
) -> None:
    letter = EmailMessage(policy=policy.SMTP)
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    letter["From"] = "Ivan <ivan@operator.example>"
    letter["Subject"] = subject
    letter["Date"] = format_datetime(moment)
    letter["Message-ID"] = "<1@operator.example>"
    letter.set_content(words)
    letter.add_attachment(content, maintype="application", subtype="pdf", filename=name)
    raw = letter.as_bytes()
    read = parse(raw)
    assert read.subject.split() == unicodedata.normalize("NFC", subject).split()
    assert read.date == moment
    assert read.text.split() == unicodedata.normalize("NFC", words).split()
    (attachment,) = read.attachments
    assert attachment.name == unicodedata.normalize("NFC", name)
    assert attachment_content(raw, attachment.part) == content


PROSE = st.sampled_from(
    [
        "На опоре 41960-P-43-1-1 пропало внешнее питание, прошу принять меры.",
        "Добрый день, ждём бригаду до вечера.",
        "Просим организовать доступ к базовой станции завтра утром.",
    ]
)
ENCODINGS = st.sampled_from(["cp1251", "koi8-r", "cp866", "iso-8859-5", "utf-8"])


@given(
    PROSE,
    ENCODINGS,
    st.sampled_from(["", "us-ascii", "utf-8", "unknown-8bit", "x-nobody-knows", "iso-8859-1"]),
)
def test_russian_is_read_in_every_encoding_under_every_wrong_label(
    words: str, encoding: str, label: str
) -> None:
    assert decoded(words.encode(encoding), label).text == words


@given(
    st.lists(
        st.sampled_from(["Ждём бригаду.", "", "> да", "-- ", "Отправлено с iPhone", "- пункт"]), max_size=12
    )
)
def test_what_is_fresh_stands_in_the_text(lines: list[str]) -> None:
    text = "\n".join(lines)
    kept = fresh(text)
    assert kept in text
    assert bool(kept.strip()) is bool(text.strip())
