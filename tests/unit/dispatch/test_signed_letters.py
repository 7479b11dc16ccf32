"""Letters that were signed as a whole, as Outlook may send them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder

from sekretar.dispatch.mail.parsing import attachment_content, parse
from sekretar.dispatch.mail.signed import signed_content

INNER = (
    'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nНет питания.\r\n"
    "--b\r\nContent-Type: application/pdf; name=plan.pdf\r\n\r\n%PDF\r\n--b--\r\n"
).encode()
HEAD = (
    b"From: Anna <anna@customer.example>\r\nSubject: No power\r\n"
    b"Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\n"
)
#: The beginning of signed data, with lengths that are not told, in pieces.
OPEN = bytes.fromhex(
    "3080 06092a864886f70d010702 a080 3080 020101 3100 3080 06092a864886f70d010701 a080 2480"
)


@pytest.fixture(scope="module")
def signed() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Anna")])
    begins, ends = datetime(2026, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)
    blank = x509.CertificateBuilder(name, name, key.public_key(), 1, begins, ends)
    builder = (
        PKCS7SignatureBuilder()
        .set_data(INNER)
        .add_signer(blank.sign(key, hashes.SHA256()), key, hashes.SHA256())
    )
    return builder.sign(Encoding.DER, [PKCS7Options.Binary])


def test_a_letter_that_was_signed_as_a_whole_is_read(signed: bytes) -> None:
    raw = HEAD + base64.encodebytes(signed)
    letter = parse(raw)
    assert letter.text == "Нет питания."
    assert [each.name for each in letter.attachments] == ["plan.pdf"]
    assert attachment_content(raw, letter.attachments[0].part) == b"%PDF"


def test_signed_data_may_come_in_pieces_of_untold_length() -> None:
    pieces = b"".join(b"\x04" + bytes([len(each)]) + each for each in (INNER[:100], INNER[100:]))
    assert signed_content(OPEN + pieces + bytes(20)) == INNER


def test_a_document_with_its_signature_is_a_file() -> None:
    content = OPEN + b"\x04\x08%PDF-1.7" + bytes(20)
    assert signed_content(content) == b"%PDF-1.7"
    letter = parse(HEAD + base64.encodebytes(content))
    assert [each.name for each in letter.attachments] == ["smime.p7m"]


def test_what_is_no_signed_data_or_broken_is_a_file_as_before(signed: bytes) -> None:
    other = signed.replace(bytes.fromhex("2a864886f70d010702"), bytes.fromhex("2a864886f70d010703"))
    for content in (
        b"",
        b"\x30",
        other,
        signed[:100],
        b"\x30\x80" * 500,
        OPEN + b"\x04",
        b"\x30\xff" + b"\xff" * 99,
    ):
        assert signed_content(content) is None
        letter = parse(HEAD + base64.encodebytes(content))
        assert [each.name for each in letter.attachments] == ["smime.p7m"]
