"""Mailboxes on a real Dovecot: everything is read once, whatever happens to the line, the server and the process."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from tests.acceptance.waiting import until
from tests.integration.dispatch.mail_house import House, at, house, letter, new_address, reached
from tests.peers_mail import Dovecot, Line, line_to

from sekretar.dispatch.mail.imap import Imap
from sekretar.dispatch.mail.model import Direction, LetterState
from sekretar.dispatch.mail.noting import HISTORY
from sekretar.dispatch.mail.trouble import TroubleKind
from sekretar.kernel.clock import ManualClock, SystemClock
from sekretar.kernel.database import Database
from sekretar.kernel.leases import Leases


async def test_letters_are_read_in_their_order_at_once_and_nobody_sees_that(
    database: Database, dovecot: Dovecot
) -> None:
    address = new_address()
    dovecot.deliver(letter("one"), letter("two"), to=address)
    here = house(database, dovecot, address)
    async with here.reading():
        await here.until_subjects("one", "two")
        await here.until_read()
        assert here.standing.idles
        dovecot.deliver(letter("three"), to=address)
        await here.until_subjects("one", "two", "three")
        dovecot.append("Sent", letter("answer"), address)
        dovecot.deliver(letter("four"), to=address)
        await here.until_subjects("answer", direction=Direction.OUT)
        await here.until_subjects("one", "two", "three", "four")
    assert here.heard == []
    assert all(rb"\Seen" not in flags and rb"\Recent" in flags for flags in dovecot.flags(address))
    assert set(await here.folders()) == {"INBOX", "Sent"}
    assert {row.whole for row in await here.rows()} == {True}


async def test_what_came_while_nobody_read_is_read_later_and_what_was_read_is_not(
    database: Database, dovecot: Dovecot
) -> None:
    address, now = new_address(), SystemClock().now()
    here = house(database, dovecot, address)
    here.clock = ManualClock(now - timedelta(days=30))
    dovecot.append("INBOX", letter("first"), address, now - timedelta(days=30))
    await here.read_once()
    # Nobody reads for days: many midnights pass between what has come and the day on which it is read.
    dovecot.append("INBOX", letter("at night"), address, now - timedelta(days=20))
    dovecot.append("INBOX", letter("in the morning"), address, now - timedelta(days=2))
    for _ in range(2):
        await here.read_once()
        assert await here.subjects() == ["first", "at night", "in the morning"]


async def test_letters_from_before_the_start_make_no_incidents(database: Database, dovecot: Dovecot) -> None:
    address, now = new_address(), SystemClock().now()
    for subject, age in (("ancient", 90), ("yesterday", 1.4), ("today", 0.2)):
        dovecot.append("INBOX", letter(subject), address, now - timedelta(days=age))
    here = house(database, dovecot, address)
    await here.read_once()
    assert await here.subjects() == ["today"]
    assert [row.why for row in await here.rows() if row.state == LetterState.SET_ASIDE] in ([HISTORY], [])
    assert all(row.received_at > now - timedelta(days=3) for row in await here.rows())
    further_back = house(database, dovecot, new_address(), days_back=100)
    dovecot.append("INBOX", letter("old"), further_back.mailboxes[0].address, now - timedelta(days=90))
    await further_back.read_once()
    assert await here.subjects() == ["today", "old"]


async def test_nothing_is_lost_or_doubled_over_a_line_that_breaks_all_the_time(
    database: Database, dovecot: Dovecot
) -> None:
    address = new_address()
    subjects: list[str] = []
    with line_to(dovecot.imap_port) as line:
        here = House(database, (at(line.port, address),))
        # In the greeting, signing in, the folders, the list of letters, and again and again in the letters.
        for words in (60, 300, 700, 1_200, 2_000, 3_500, 5_000, 7_000):
            new = [f"letter {words} {number}" for number in range(5)]
            dovecot.deliver(*map(letter, new), to=address)
            subjects += new
            line.breaks_after, breaks = words, line.breaks
            async with here.reading():
                await until(partial(broken_or_read, line, breaks, here), what="a break")
        assert line.breaks > 5
        line.breaks_after = None
        await here.read_once()
    assert await here.subjects() == subjects
    assert set((await here.arrivals()).values()) == {1}


def broken_or_read(line: Line, breaks: int, here: House) -> bool:
    return line.breaks > breaks or here.standing.read_at is not None


async def test_a_letter_between_the_look_and_idle_is_not_left_until_the_next_look(
    database: Database, dovecot: Dovecot
) -> None:
    address = new_address()
    dovecot.deliver(letter("one"), to=address)
    with line_to(dovecot.imap_port) as line:
        here = House(database, (at(line.port, address),))
        here.pace = replace(here.pace, idle=timedelta(minutes=4), first_idle=timedelta(minutes=4))
        line.before[b"IDLE"] = partial(dovecot.deliver, letter("two"), to=address)
        async with here.reading():
            await here.until_subjects("one", "two")


async def test_a_line_that_is_cut_during_idle_is_no_trouble(database: Database, dovecot: Dovecot) -> None:
    address = new_address()
    with line_to(dovecot.imap_port) as line:
        here = House(database, (at(line.port, address),))
        async with here.reading():
            await reached(lambda: b"IDLE" in line.said, "idling")
            line.cut()
            dovecot.deliver(letter("after"), to=address)
            await here.until_subjects("after")
        assert here.heard == []
        assert line.connections == 2


async def test_a_line_that_is_dead_without_a_word_is_found_out(
    database: Database, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Imap, "answer_within", 0.3)
    address = new_address()
    with line_to(dovecot.imap_port) as line:
        here = House(database, (at(line.port, address),))
        here.pace = replace(here.pace, idle=timedelta(seconds=0.5))
        async with here.reading():
            await here.until_read()
            line.go_dead()
            dovecot.deliver(letter("behind the router"), to=address)
            await here.until_subjects("behind the router")


async def test_a_server_that_is_down_is_told_once_and_so_is_its_return(
    database: Database, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sekretar.dispatch.mail.mailboxes.pause_after", lambda *_: timedelta(seconds=0.1))
    address = new_address()
    here = house(database, dovecot, address)
    async with here.reading():
        await here.until_read()
        dovecot.stop()
        await reached(lambda: here.standing.trouble and here.standing.trouble.times > 3, "trouble")
        trouble = here.standing.trouble
        assert trouble is not None
        assert (trouble.kind, len(here.heard)) == (TroubleKind.DOWN, 1)
        dovecot.start()
        dovecot.deliver(letter("back"), to=address)
        await here.until_subjects("back")
        await reached(lambda: len(here.heard) == 2, "the good news")
    assert [standing.trouble is None for standing in here.heard] == [False, True]


async def test_a_folder_that_is_numbered_anew_is_read_anew_without_a_copy(
    database: Database, dovecot: Dovecot
) -> None:
    address = new_address()
    large = letter("two", "Нет света. " * 20_000)
    dovecot.deliver(letter("one"), large, letter("three"), to=address)
    here = house(database, dovecot, address)
    await here.read_once()
    before = (await here.folders())["INBOX"].uidvalidity
    dovecot.renumber(address)
    dovecot.deliver(letter("four"), to=address)
    with line_to(dovecot.imap_port) as line:
        here.mailboxes = (at(line.port, address),)
        await here.read_once()
        heard = line.heard
    assert await here.subjects() == ["one", "two", "three", "four"]
    assert (await here.folders())["INBOX"].uidvalidity != before
    assert sorted((await here.arrivals()).values()) == [1, 2, 2, 2]
    assert heard < len(large) / 4, "what is here is not carried once more"


async def test_a_letter_that_is_too_large_stays_on_the_server(database: Database, dovecot: Dovecot) -> None:
    address = new_address()
    dovecot.deliver(letter("small"), letter("large", "х" * 800_000), letter("last"), to=address)
    here = house(database, dovecot, address, largest_mb=1)
    await here.read_once()
    assert await here.subjects() == ["small", "large", "last"]
    small, large, _ = await here.rows()
    assert (small.whole, large.whole) == (True, False)
    assert large.size > 1024 * 1024


async def test_the_look_at_an_unchanged_mailbox_does_not_grow_with_it(
    database: Database, dovecot: Dovecot
) -> None:
    costs = []
    for count in (2, 120):
        address = new_address()
        dovecot.deliver(*(letter(f"{number}") for number in range(count)), to=address)
        with line_to(dovecot.imap_port) as line:
            here = House(database, (at(line.port, address),))
            here.pace = replace(here.pace, idle=timedelta(seconds=0.05))
            async with here.reading():
                await here.until_read()
                begun, looks = line.heard, looks_at(line)
                await until(partial(has_looked, line, looks + 10), what="ten looks")
                costs.append((line.heard - begun) / (looks_at(line) - looks))
    assert costs[1] < costs[0] * 1.5, costs


async def test_another_folder_of_sent_letters_and_two_mailboxes_of_one_desk(
    database: Database, dovecot: Dovecot
) -> None:
    first, second = new_address(), new_address()
    dovecot.make_folder("Отправленные", first)
    dovecot.append("Отправленные", letter("answer"), first)
    dovecot.append("Sent", letter("not this one"), first)
    dovecot.deliver(letter("to the first"), to=first)
    dovecot.deliver(letter("to the second"), to=second)
    # As older programs have written the name of the folder.
    wire = "&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-"
    here = house(database, dovecot, first, sent=wire)
    here.mailboxes += (at(dovecot.imap_port, second),)
    async with here.reading():
        await here.until_subjects("answer", direction=Direction.OUT)
        await reached_subjects(here, {"to the first", "to the second"})
        assert {standing.sent for standing in here.reading_them.standings()} == {"Отправленные", "Sent"}


async def test_stopping_leaves_neither_threads_nor_waiting(database: Database, dovecot: Dovecot) -> None:
    address = new_address()
    here = house(database, dovecot, address)
    async with here.reading():
        await here.until_read()
        await reached(lambda: f"mailbox {address}" in threads(), "its thread")
        begun = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - begun < 2
    await reached(lambda: f"mailbox {address}" not in threads(), "its end")


async def test_one_of_two_processes_reads_and_the_other_takes_over(
    database: Database, dovecot: Dovecot
) -> None:
    address = new_address()
    term = timedelta(seconds=0.6)
    one, two = (house(database, dovecot, address) for _ in range(2))
    async with two.reading(Leases(database, SystemClock(), term=term)):
        async with one.reading(Leases(database, SystemClock(), term=term)):
            dovecot.deliver(letter("one"), to=address)
            await one.until_subjects("one")
            await reached(lambda: one.standing.read_at or two.standing.read_at, "a complete look")
            assert None in (one.standing.read_at, two.standing.read_at)
            if two.standing.read_at:
                return
        dovecot.deliver(letter("two"), to=address)
        await two.until_subjects("one", "two")


def looks_at(line: Line) -> int:
    return line.said.count(b"EXAMINE")


def has_looked(line: Line, times: int) -> bool:
    return looks_at(line) >= times


async def reached_subjects(here: House, wanted: set[str]) -> None:
    async def look() -> bool:
        return set(await here.subjects()) == wanted

    await until(look, what=f"the letters {wanted}")


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate()]
