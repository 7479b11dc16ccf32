"""The rules of reading a mailbox: what a server's answer means, what is fetched together, what is history."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekretar.dispatch.mail.imap import Listed
from sekretar.dispatch.mail.imap_answers import Answer, answers, split_letter
from sekretar.dispatch.mail.reading import batches, came_before
from sekretar.dispatch.mail.trouble import MailboxTrouble, NotTrusted, TroubleKind, kind_of, pause_after
from sekretar.kernel.errors import (
    PeerDown,
    PeerError,
    PeerInvalid,
    PeerLimited,
    PeerNotFound,
    PeerRefused,
    PeerUnsupported,
)

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


# --- answers ----------------------------------------------------------------------------------------------


def test_answers_with_and_without_literals_in_any_order_and_between_strange_ones() -> None:
    pieces: list[object] = [
        b'1 (UID 5 INTERNALDATE " 4-Mar-2026 15:00:00 +0300" RFC822.SIZE 12)',
        b"2 (FLAGS (\\Seen))",
        (b"3 (BODY[] {9}", b"UID 7\r\n\r\n"),
        b" UID 8 RFC822.SIZE 9)",
        (b"4 (UID 9 BODY[HEADER] {5}", b"A: 1\n"),
        b' FLAGS ("x"))',
        b'5 (UID 10 BODY[] "UID 99 \\"quoted\\"")',
        b"6 (UID 11 BODY[HEADER] NIL)",
        (b"7 (BODY[HEADER]<0> {2}", b"\r\n"),
        (b" UID 12 BODY[TEXT] {1}", b"t"),
        b")",
        None,
    ]
    assert list(answers(pieces)) == [
        Answer(5, 12, NOON),
        Answer(8, 9, None, {"": b"UID 7\r\n\r\n"}),
        Answer(9, None, None, {"HEADER": b"A: 1\n"}),
        Answer(10, None, None, {"": b'UID 99 "quoted"'}),
        Answer(11, None, None, {"HEADER": b""}),
        Answer(12, None, None, {"HEADER": b"\r\n", "TEXT": b"t"}),
    ]


def test_a_date_that_is_none_is_none() -> None:
    assert next(answers([b'1 (UID 5 INTERNALDATE "99-Foo-2026 15:00:00 +0300")'])).received_at is None


@pytest.mark.parametrize(
    ("raw", "header"),
    [
        (b"A: 1\r\n\r\nbody\r\n\r\nmore", b"A: 1\r\n\r\n"),
        (b"A: 1\n\nbody\r\n\r\n", b"A: 1\n\n"),
        (b"A: 1\r\n", b"A: 1\r\n"),
        (b"", b""),
    ],
)
def test_a_letter_is_cut_after_the_first_empty_line(raw: bytes, header: bytes) -> None:
    assert split_letter(raw) == (header, raw[len(header) :])


# --- fetching ---------------------------------------------------------------------------------------------


@given(
    sizes=st.lists(st.integers(0, 120), max_size=40),
    alone=st.sets(st.integers(1, 40)),
)
def test_batches_keep_order_and_limits_and_lose_nothing(sizes: list[int], alone: set[int]) -> None:
    letters = [Listed(uid, size, None) for uid, size in enumerate(sizes, 1)]
    found = list(batches(letters, alone, most_letters=5, most_bytes=100))
    assert [each for batch in found for each in batch] == letters
    for batch in found:
        assert 1 <= len(batch) <= 5
        assert len(batch) == 1 or sum(each.size for each in batch) <= 100
        assert len(batch) == 1 or not alone & {each.uid for each in batch}
    for one, other in itertools.pairwise(found):
        together = [*one, other[0]]
        assert (
            len(together) > 5
            or sum(each.size for each in together) > 100
            or alone & {one[-1].uid, other[0].uid}
        ), "not cut without need"


@pytest.mark.parametrize(
    ("header", "is_old"),
    [
        (
            b"Received: by b;\r\n\tWed, 04 Mar 2026 11:00:00 +0000\r\nReceived: by a; Thu, 05 Mar 2026\r\n\r\n",
            True,
        ),
        (b"Received: by b; Wed, 04 Mar 2026 11:00:00 -0500\r\n\r\n", False),
        (b"Received: by b; 4 Mar 2026 11:00:00\r\n\r\n", True),
        # What the sender says proves nothing.
        (b"Date: Wed, 01 Jan 1997 11:00:00 +0000\r\n\r\n", False),
        (b"Received: by somebody\r\nDate: Tue, 03 Mar 2026 11:00:00 +0000\r\n\r\n", False),
        (b"Received: by b; soon\r\n\r\n", False),
        (b"Received: \xff;\xfe\r\n\r\n", False),
        (b"", False),
    ],
)
def test_what_the_last_server_has_noted_of_a_letter(header: bytes, is_old: bool) -> None:
    assert came_before(header, NOON) is is_old


# --- trouble ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (PeerDown("m"), TroubleKind.DOWN),
        (NotTrusted("m"), TroubleKind.TLS),
        (PeerLimited("m"), TroubleKind.LIMITED),
        (PeerRefused("m"), TroubleKind.REFUSED),
        (PeerNotFound("m"), TroubleKind.NO_FOLDER),
        (PeerUnsupported("m"), TroubleKind.ODD),
        (PeerInvalid("m"), TroubleKind.ODD),
    ],
)
def test_who_has_to_do_something_follows_from_the_error(error: PeerError, kind: TroubleKind) -> None:
    assert kind_of(error) is kind


@pytest.mark.parametrize("kind", TroubleKind)
def test_pauses_grow_to_their_end_and_a_refused_password_is_tried_rarely(kind: TroubleKind) -> None:
    pauses = [pause_after(kind, times) for times in range(1, 40)]
    assert pauses == sorted(pauses)
    assert timedelta() < pauses[0] < pauses[-1] == pauses[-2] <= timedelta(minutes=30)
    if kind is TroubleKind.REFUSED:
        assert sum(pauses[:5], timedelta()) > timedelta(minutes=20)


def test_one_refusal_proves_nothing() -> None:
    first = MailboxTrouble(TroubleKind.REFUSED, "", NOON, 1, NOON)
    second = MailboxTrouble(TroubleKind.REFUSED, "", NOON, 2, NOON)
    assert (first.is_certain, second.is_certain) == (False, True)
    assert MailboxTrouble(TroubleKind.DOWN, "", NOON, 1, NOON).is_certain
