"""Letters made to do harm, or merely enormous: they are read to a limit, at once, and nothing raises."""

from __future__ import annotations

import io
import time
import zipfile
from base64 import encodebytes
from collections.abc import Callable

import pytest

from sekretar.dispatch.mail.letter import AttachmentLimits, Oddity, ParsedLetter, Refusal, Unreadable
from sekretar.dispatch.mail.parsing import attachment_content, parse

HEAD = b"From: a@operator.example\r\nMessage-ID: <1@operator.example>\r\nDate: Mon, 3 Nov 2025 14:05:00 +0300\r\n"
MEGABYTE = 1024 * 1024


def with_type(content_type: str, body: bytes, *more: str) -> bytes:
    lines = (f"Content-Type: {content_type}", *more)
    return HEAD + "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + body


def with_files(*files: tuple[str, str, bytes]) -> bytes:
    parts = b"".join(
        f'--b\r\nContent-Type: {kind}\r\nContent-Disposition: attachment; filename="{name}"\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\n".encode()
        + encodebytes(content)
        + b"\r\n"
        for name, kind, content in files
    )
    return with_type('multipart/mixed; boundary="b"', parts + b"--b--\r\n")


def oddities(letter: ParsedLetter) -> set[Oddity]:
    return {remark.oddity for remark in letter.remarks}


def read_in(seconds: float, raw: bytes) -> ParsedLetter:
    """The letter, read within that much of the processor's time, so that a busy machine does not count."""
    started = time.process_time()
    letter = parse(raw)
    assert time.process_time() - started < seconds
    return letter


# --- size -------------------------------------------------------------------------------------------------


def test_a_letter_of_100_megabytes_is_read_and_its_attachment_refused() -> None:
    line = b"A" * 76 + b"\r\n"
    body = (
        b"--b\r\nContent-Type: text/plain\r\n\r\nSee the film.\r\n"
        b"--b\r\nContent-Type: video/mp4; name=film.mp4\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + line * (100 * MEGABYTE // len(line))
        + b"--b--\r\n"
    )
    letter = read_in(20, with_type('multipart/mixed; boundary="b"', body))
    assert letter.text == "See the film."
    assert [attachment.refusal for attachment in letter.attachments] == [Refusal.SIZE]


def test_an_attachment_of_10_megabytes_is_kept_and_its_content_is_found() -> None:
    content = bytes(range(256)) * (10 * MEGABYTE // 256)
    raw = with_files(("photo.jpg", "image/jpeg", content))
    (attachment,) = read_in(10, raw).attachments
    assert (attachment.refusal, attachment.size) == (None, len(content))
    assert attachment_content(raw, attachment.part) == content


def test_the_limits_are_values() -> None:
    raw = with_files(
        *((f"{number}.pdf", "application/pdf", b"x" * 10) for number in range(4)),
        ("large.pdf", "application/pdf", b"x" * 11),
        ("photo.raw", "image/x-raw", b"x"),
    )
    count = parse(raw, AttachmentLimits(most=3, largest=10))
    assert [one.refusal for one in count.attachments] == [
        None,
        None,
        None,
        Refusal.COUNT,
        Refusal.SIZE,
        Refusal.COUNT,
    ]
    total = parse(raw, AttachmentLimits(largest_total=25, media_types=()))
    assert [one.refusal for one in total.attachments] == [
        None,
        None,
        Refusal.TOTAL,
        Refusal.TOTAL,
        Refusal.TOTAL,
        Refusal.TYPE,
    ]


def test_a_zip_bomb_is_bytes() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(50 * MEGABYTE))
    (attachment,) = parse(with_files(("site.zip", "application/zip", packed.getvalue()))).attachments
    assert (attachment.size, attachment.refusal) == (len(packed.getvalue()), None)


def test_a_long_text_is_read_to_the_limit() -> None:
    letter = read_in(20, with_type("text/plain; charset=utf-8", "Нет питания на опоре\n".encode() * 500_000))
    assert Oddity.TEXT_CUT in oddities(letter)
    assert 100_000 < len(letter.text) <= 500_000


# --- depth and number -------------------------------------------------------------------------------------


def test_parts_nested_too_deep_are_left_closed() -> None:
    body = b"".join(
        f"--b{level}\r\nContent-Type: multipart/mixed; boundary=b{level + 1}\r\n\r\n".encode()
        for level in range(2_000)
    )
    assert Oddity.NESTED_TOO_DEEP in oddities(read_in(10, with_type("multipart/mixed; boundary=b0", body)))


def test_letters_nested_too_deep_are_left_closed() -> None:
    letter = read_in(
        10, HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 2_000 + b"Subject: at last\r\n\r\nWords"
    )
    assert Oddity.NESTED_TOO_DEEP in oddities(letter)


def test_more_parts_than_a_letter_has_are_passed_over() -> None:
    letter = read_in(20, with_type("multipart/mixed; boundary=b", b"--b\r\n\r\n" * 100_000))
    assert Oddity.TOO_MANY_PARTS in oddities(letter)


@pytest.mark.parametrize("depth", [5_000, 200_000])
def test_html_nested_too_deep_is_read_and_not_shown(depth: int) -> None:
    letter = read_in(10, with_type("text/html", b"<div>" * depth + b"Power outage"))
    assert letter.html == ""
    assert Oddity.HTML_DROPPED in oddities(letter)
    assert "Power outage" in letter.text or Oddity.TEXT_CUT in oddities(letter)


def test_5000_links_are_read_and_not_shown() -> None:
    links = b"".join(
        b'<a href="https://x.example/%d">link %d</a> ' % (number, number) for number in range(5_001)
    )
    letter = read_in(20, with_type("text/html", b"<p>Power outage</p>" + links))
    assert letter.html == ""
    assert Oddity.HTML_DROPPED in oddities(letter)
    assert letter.text.startswith("Power outage")


def test_pictures_written_into_html_are_left_out() -> None:
    picture = b'<img src="data:image/png;base64,' + b"A" * (3 * MEGABYTE) + b'">'
    letter = read_in(10, with_type("text/html", b"<p>Power outage</p>" + picture))
    assert (letter.text, letter.html) == ("Power outage", "<p>Power outage</p><img>")


def test_a_letter_with_broken_parts_keeps_its_path_apart_from_theirs() -> None:
    broken = b"Content-Type: multipart/mixed\r\nContent-Disposition: attachment\r\n\r\nx"
    raw = HEAD + b"Content-Type: message/rfc822\r\n\r\n" + broken
    letter, words = parse(raw).attachments
    assert (letter.part, words.part) == ("1", "1.1")
    assert attachment_content(raw, words.part) == b"x"


# --- what makes expressions run for ever ------------------------------------------------------------------

LONG = 200_000
SPITEFUL: dict[str, Callable[[], bytes]] = {
    "comments": lambda: b"From: " + b"(" * LONG + b"\r\nSubject: x\r\n\r\nx",
    "quotes": lambda: b"From: " + b'"\\' * LONG + b"\r\n\r\nx",
    "angles": lambda: b"From: " + b"<" * LONG + b"\r\n\r\nx",
    "commas": lambda: b"To: " + b"a@b," * LONG + b"\r\n\r\nx",
    "no at": lambda: b"To: " + b"a" * LONG + b"\r\nIn-Reply-To: " + b"a" * LONG + b"\r\n\r\nx",
    "references": lambda: b"References: " + b"<a@b> " * LONG + b"\r\n\r\nx",
    "open ids": lambda: b"References: " + b"<   " * LONG + b"\r\n\r\nx",
    "encoded words": lambda: b"Subject: " + b"=?utf-8?B?0J/R?= " * LONG + b"\r\n\r\nx",
    "open words": lambda: b"Subject: " + b"=?utf-8?B?" * LONG + b"\r\n\r\nx",
    "parameters": lambda: with_type("text/plain" + ';a="' * LONG, b"x"),
    "parameter blanks": lambda: with_type("text/plain" + ";" + " " * LONG, b"x"),
    "continuations": lambda: with_type("text/plain" + "".join(f"; name*{i}*=x" for i in range(20_000)), b"x"),
    "header blanks": lambda: b"Subject:" + b" " * LONG + b"x\r\n" + b"\r\n" * LONG,
    "fields": lambda: b"X: y\r\n" * LONG + b"\r\nx",
    "folds": lambda: b"Subject: x\r\n" + b" y\r\n" * LONG + b"\r\nx",
    "bad folds": lambda: b"Subject: x\r\n" + b"no header\r\n" * LONG + b"From: a@b\r\n\r\nx",
    "quoted lines": lambda: HEAD + b"\r\nyes\r\n" + b"> " * 5_000_0 + b"\r\n" + b">\r\n" * LONG,
    "attributions": lambda: HEAD + b"\r\nyes\r\n" + b"On 3 Nov 2025 a b c:\r\n" * LONG,
    "one attribution": lambda: HEAD + b"\r\nyes\r\n" + b"On 1 wrote " * LONG + b":\r\n",
    "header blocks": lambda: HEAD + b"\r\nyes\r\n" + b"From: a\r\n" * LONG,
    "signatures": lambda: HEAD + b"\r\nyes\r\n" + b"-- \r\n" * LONG,
    "blank lines": lambda: HEAD + b"\r\n" + b" \r\n" * LONG + b"x",
    "dashes": lambda: HEAD + b"\r\nyes\r\n" + b"-" * LONG + b"\r\n" + b"_" * LONG,
    "open tags": lambda: with_type("text/html", b"<" * LONG),
    "open comments": lambda: with_type("text/html", b"<!--" * LONG),
    "open scripts": lambda: with_type("text/html", b"<div>" * 300 + b"<script>" * LONG),
    "bold": lambda: with_type("text/html", b"<p><b>" * LONG),
    "blockquotes": lambda: with_type("text/html", b"<blockquote>" * 190 + b"x<br>" * 10_000),
    "tables": lambda: with_type("text/html", b"<table><tr><td>" * 150 + b"x"),
    "rows": lambda: with_type("text/html", b"<table>" + b"<tr><td>a<td>b</tr>" * 20_000),
    "attributes": lambda: with_type("text/html", b"<p " + b"a=b " * LONG + b">x"),
    "data": lambda: with_type("text/html", b"data:image/png;base64," * LONG),
    "json": lambda: HEAD + b"\r\n" + "E-mail для обратной связи".encode() + b'{"a":' * LONG,
    "json arrays": lambda: HEAD + b"\r\n" + '{"E-mail для обратной связи":'.encode() + b"[" * LONG,
    "bounce": lambda: (
        b"From: mailer-daemon@x\r\nSubject: failure notice\r\n\r\n"
        + b"<a@b> 5.1.1 550 " * LONG
        + b"Message-ID:"
    ),
    "bounce of many": lambda: with_type(
        "multipart/report; report-type=delivery-status; boundary=b",
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        + b"Final-Recipient: rfc822; a@b.test\r\nStatus: 5.1.1\r\n\r\n" * LONG
        + b"--b--\r\n",
    ),
    "boundaries": lambda: with_type("multipart/mixed; boundary=b", b"--b \t" * LONG),
    "long boundary": lambda: with_type("multipart/mixed; boundary=" + "(" * 60_000, b"x\r\n"),
    "flowed": lambda: with_type("text/plain; format=flowed", b"> x \r\n" * LONG),
    "combining": lambda: with_type("text/plain; charset=utf-8", "\u0301".encode() * LONG),
    "detection": lambda: with_type("text/plain; charset=none", bytes(range(128, 256)) * 2_000),
    "uuencoded": lambda: with_type(
        "text/plain", b"M" * LONG + b"\n" * LONG, "Content-Transfer-Encoding: x-uuencode"
    ),
}


@pytest.mark.parametrize("name", SPITEFUL)
def test_spiteful_letters_take_no_time(name: str) -> None:
    read_in(10, SPITEFUL[name]())


# --- what is no letter, and what is no attachment ---------------------------------------------------------


@pytest.mark.parametrize(
    "raw", [b"", b"\r\n\r\n", b"\0\0\0", b"no header in sight\r\n\r\nnor here", b"%PDF-1.7\n%\xe2\xe3"]
)
def test_what_has_no_header_is_no_letter(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        parse(raw)


def test_a_part_that_is_not_there_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        attachment_content(HEAD + b"\r\nx", "7.1")
