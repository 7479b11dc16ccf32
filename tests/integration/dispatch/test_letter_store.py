"""The way of a letter through the database: raw, understood, filed or kept aside, read anew; on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sekretar.dispatch.mail import noting, store
from sekretar.dispatch.mail.letter import Address, Attachment, Oddity, ParsedLetter, Remark
from sekretar.dispatch.mail.model import Direction, LetterState
from sekretar.kernel.database import Database

DESK = "towers"
NOON = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
INBOX = noting.Cursor("desk@example.test", "INBOX", "mail.example.test", 7, 0, 0, NOON - timedelta(days=1))

PARSED = ParsedLetter(
    message_id="<one@client.test>",
    in_reply_to=(),
    references=("<zero@client.test>",),
    subject="Нет света на 77-000-123",
    sender=Address("Анна", "anna@client.test"),
    reply_to=(),
    to=(Address("", "desk@example.test"),),
    cc=(),
    bcc=(),
    delivered_to=(),
    envelope_sender=None,
    date=NOON,
    text="Нет света\0",
    fresh="Нет света",
    html="<p>Нет света</p>",
    attachments=(Attachment("фото.jpg", "foto.jpg", "image/jpeg", 10, "", False, "2"),),
    remarks=(Remark(Oddity.CHARSET_GUESSED, "koi8-r"),),
)


def fetched(
    uid: int, header: bytes = b"Subject: one\r\n\r\n", body: bytes | None = b"text"
) -> noting.Fetched:
    return noting.Fetched(uid, header, body, len(header) + 4, NOON)


async def keep(
    database: Database, *letters: noting.Fetched, cursor: noting.Cursor = INBOX, desk: str = DESK
) -> int:
    up_to = replace(cursor, last_uid=max(letter.uid for letter in letters))
    async with database.transaction() as session:
        return await noting.note(session, desk, Direction.IN, up_to, letters, NOON)


async def ids_waiting(database: Database, desk: str = DESK) -> list[int]:
    async with database.reading() as session:
        return list(await store.waiting(session, desk))


async def state_of(database: Database, letter_id: int) -> tuple[LetterState, str]:
    async with database.reading() as session:
        row = await store.letter_row(session, letter_id)
    assert row is not None
    return LetterState(row.state), row.why


async def test_what_was_read_waits_in_its_order_with_its_bytes(database: Database) -> None:
    woken: list[str] = []
    database.on_commit(woken.append)
    assert await keep(database, fetched(5), fetched(9, b"Subject: two\r\n\r\n", None)) == 2
    assert woken == [store.TASK]
    first, second = await ids_waiting(database)
    async with database.transaction() as session:
        one, two = await store.take(session, first), await store.take(session, second)
        cursor = await noting.cursor_of(session, INBOX.mailbox, "INBOX")
    assert one is not None
    assert (one.content, one.whole, one.mailboxes) == (
        b"Subject: one\r\n\r\ntext",
        True,
        {"desk@example.test"},
    )
    assert two is not None
    assert (two.content, two.whole, two.size) == (b"Subject: two\r\n\r\n", False, 20)
    assert cursor == replace(INBOX, last_uid=9)


async def test_a_letter_in_two_places_is_one_letter_and_wakes_nobody_twice(database: Database) -> None:
    await keep(database, fetched(5))
    woken: list[str] = []
    database.on_commit(woken.append)
    renumbered = replace(INBOX, uidvalidity=8)
    second_box = replace(INBOX, mailbox="noc@example.test")
    assert await keep(database, fetched(5)) == 0
    assert await keep(database, fetched(1), cursor=renumbered) == 0
    assert await keep(database, fetched(77), cursor=second_box) == 0
    assert woken == []
    (only,) = await ids_waiting(database)
    async with database.transaction() as session:
        letter = await store.take(session, only)
        known = await noting.known_digests(
            session, DESK, {noting.digest_of(b"Subject: one\r\n\r\n", 20), "other"}
        )
    assert letter is not None
    assert letter.mailboxes == {"desk@example.test", "noc@example.test"}
    assert len(known) == 1
    assert await keep(database, fetched(5), cursor=second_box, desk="another desk") == 1


async def test_two_mailboxes_that_bring_the_same_letters_at_once_bring_each_once(database: Database) -> None:
    letters = [fetched(uid, b"A: %d\r\n\r\n" % uid) for uid in range(1, 31)]
    boxes = [replace(INBOX, mailbox=f"desk{number}@example.test") for number in range(4)]
    await asyncio.gather(*(keep(database, *letters, cursor=box) for box in boxes))
    waiting = await ids_waiting(database)
    assert len(waiting) == 30
    async with database.transaction() as session:
        for letter_id in waiting:
            letter = await store.take(session, letter_id)
            assert letter is not None
            assert len(letter.mailboxes) == 4
            assert letter.content


async def test_history_and_what_the_server_withholds_make_no_incident_but_are_kept(
    database: Database,
) -> None:
    await keep(database, replace(fetched(1), is_history=True), fetched(2, b"", None))
    assert await ids_waiting(database) == []
    async with database.reading() as session:
        counts = await store.count_by_state(session, DESK)
        (withheld,) = await store.unreadable(session, DESK)
    assert counts == {LetterState.SET_ASIDE: 1, LetterState.UNREADABLE: 1}
    assert withheld.why == noting.WITHHELD


async def test_what_was_understood_is_kept_and_found_by_ids(database: Database) -> None:
    await keep(database, fetched(1))
    (letter_id,) = await ids_waiting(database)
    async with database.transaction() as session:
        assert await store.mark_parsed(session, DESK, {letter_id: PARSED}) == {}
        await store.mark_filed(session, letter_id, 12, "references")
    async with database.reading() as session:
        (row,) = await store.of_incident(session, 12)
        by_own = await store.known_by(session, DESK, ["<one@client.test>"])
        by_ancestor = await store.known_by(session, DESK, ["<zero@client.test>", "<nobody@x>", ""])
        elsewhere = await store.known_by(session, "another desk", ["<one@client.test>"])
        again = await store.take(session, letter_id) if database.embedded else None
    assert (row.state, row.threaded_by, row.subject) == (
        LetterState.FILED,
        "references",
        "Нет света на 77-000-123",
    )
    understood = store.understood(row)
    assert understood == replace(PARSED, text="Нет света", html="")
    assert [(each.letter_id, each.is_own, each.incident_id) for each in by_own] == [(letter_id, True, 12)]
    assert [(each.letter_id, each.is_own) for each in by_ancestor] == [(letter_id, False)]
    assert elsewhere == []
    assert again is None, "it waits no longer"


async def test_a_copy_with_other_bytes_goes_no_further_but_another_letter_of_the_same_id_does(
    database: Database,
) -> None:
    await keep(database, *(fetched(uid, b"A: %d\r\n\r\n" % uid) for uid in range(1, 6)))
    earlier, copy, first, twin, other = await ids_waiting(database)
    async with database.transaction() as session:
        assert await store.mark_parsed(session, DESK, {earlier: PARSED}) == {}
        changed = {
            each: replace(PARSED, text=text) for each, text in ((first, "b"), (twin, "b"), (other, "c"))
        }
        copies = await store.mark_parsed(session, DESK, {copy: PARSED, **changed})
    assert copies == {copy: earlier, twin: first}
    assert await state_of(database, copy) == (LetterState.DUPLICATE, "")
    async with database.reading() as session:
        known = await store.known_by(session, DESK, [PARSED.message_id])
    assert [each.letter_id for each in known] == [earlier, first, other]


async def test_a_letter_is_read_anew_until_it_belongs_to_an_incident(database: Database) -> None:
    await keep(database, fetched(1))
    (letter_id,) = await ids_waiting(database)
    async with database.transaction() as session:
        await store.mark_unreadable(session, letter_id, "no letter at all\0")
    assert await state_of(database, letter_id) == (LetterState.UNREADABLE, "no letter at all")
    woken: list[str] = []
    database.on_commit(woken.append)
    async with database.transaction() as session:
        assert await store.replay(session, letter_id)
    assert woken == [store.TASK]
    assert await ids_waiting(database) == [letter_id]
    async with database.transaction() as session:
        assert await store.mark_parsed(session, DESK, {letter_id: PARSED}) == {}
        await store.mark_filed(session, letter_id, 12, "new")
    async with database.transaction() as session:
        assert not await store.replay(session, letter_id)
    assert await state_of(database, letter_id) == (LetterState.FILED, "")


async def test_an_id_without_end_can_be_stored_and_found(database: Database) -> None:
    endless = f"<{'x' * 5_000}@client.test>"
    await keep(database, fetched(1))
    (letter_id,) = await ids_waiting(database)
    async with database.transaction() as session:
        await store.mark_parsed(session, DESK, {letter_id: replace(PARSED, message_id=endless)})
        (found,) = await store.known_by(session, DESK, [endless])
    assert (found.letter_id, found.is_own) == (letter_id, True)
