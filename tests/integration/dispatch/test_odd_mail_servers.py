"""Mail servers as they are: without IDLE, with letters they do not hand out, refusing, silent."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.integration.dispatch.mail_house import PACE, House, at, letter, new_address, reached
from tests.integration.dispatch.odd_imap import OddImap
from tests.peers_mail import PASSWORD

from sekretar.dispatch.mail.model import LetterState
from sekretar.dispatch.mail.noting import WITHHELD
from sekretar.dispatch.mail.trouble import TroubleKind
from sekretar.kernel.database import Database

#: What servers do is the same for both; Dovecot is read into both.
pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture
async def server() -> AsyncIterator[OddImap]:
    async with OddImap({1: letter("one"), 2: letter("two"), 3: letter("three")}).running() as running:
        yield running


@pytest.fixture
def here(database: Database, server: OddImap, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr("sekretar.dispatch.mail.mailboxes.pause_after", lambda *_: timedelta(seconds=0.01))
    return House(database, (at(server.port, new_address()),))


@pytest.mark.parametrize("idle", ["good", "missing", "refused", "hasty"])
async def test_new_letters_are_seen_whatever_a_server_makes_of_idle(
    here: House, server: OddImap, idle: str
) -> None:
    server.idle = idle
    async with here.reading():
        await here.until_subjects("one", "two", "three")
        await reached(lambda: here.standing.read_at, "a complete look")
        await server.arrive(9, letter("nine"))
        await here.until_subjects("one", "two", "three", "nine")
        await reached(lambda: here.standing.idles is (idle in {"good", "hasty"}), "knowing whether it calls")
    assert here.heard == []


@pytest.mark.parametrize("idle", ["good", "forgetful"])
async def test_a_letter_between_the_look_and_idle_is_not_left_until_the_next_look(
    here: House, server: OddImap, idle: str
) -> None:
    minutes = timedelta(minutes=4)
    # Whoever is told of it need not look again; whoever is not, looks again soon: letters come in bursts.
    here.pace = replace(here.pace, idle=minutes, first_idle=minutes if idle == "good" else PACE.first_idle)
    server.idle, server.between = idle, [letter("four")]
    async with here.reading():
        await here.until_subjects("one", "two", "three", "four")


async def test_a_server_that_chats_while_idle_is_not_asked_without_a_pause(
    here: House, server: OddImap
) -> None:
    server.idle = "chatty"
    async with here.reading():
        await here.until_read()
        begun, looks = asyncio.get_running_loop().time(), server.looks
        await reached(lambda: server.looks >= looks + 5, "some more looks")
        assert asyncio.get_running_loop().time() - begun > 1
        assert server.looks < looks + 8


@pytest.mark.parametrize("missing", ["uidnext", "uidvalidity"])
async def test_a_server_that_does_not_number_as_it_should(here: House, server: OddImap, missing: str) -> None:
    setattr(server, f"tells_{missing}", False)
    async with here.reading():
        if missing == "uidnext":
            await here.until_subjects("one", "two", "three")
            await server.arrive(4, letter("four"))
            await here.until_subjects("one", "two", "three", "four")
        else:
            await reached(lambda: here.heard, "the trouble")
            assert here.standing.trouble is not None
            assert here.standing.trouble.kind is TroubleKind.ODD


async def test_letters_that_end_the_connection_stop_nobody_else(here: House, server: OddImap) -> None:
    server.deadly, server.deadlier = {1}, {2}
    async with here.reading():
        await here.until_subjects("one", "three")
    one, two, three = await here.rows()
    assert (one.whole, three.whole) == (False, True)
    assert (two.state, two.why) == (LetterState.UNREADABLE, WITHHELD)
    assert [standing.trouble is None for standing in here.heard] == [False, True]


async def test_letters_that_are_withheld_are_shown_and_those_removed_are_gone(
    here: House, server: OddImap
) -> None:
    server.letters |= {uid: letter("same size") for uid in (4, 5, 6)}
    server.withheld, server.removed = {4, 5}, {2, 6}
    async with here.reading():
        await here.until_read()
    assert await here.subjects() == ["one", "three"]
    assert [row.why for row in await here.rows() if row.state == LetterState.UNREADABLE] == [WITHHELD] * 2
    assert (await here.folders())["INBOX"].last_uid == 6


async def test_a_password_that_is_refused_is_told_once_and_never_repeated(
    here: House, server: OddImap
) -> None:
    server.logins = [f"NO [AUTHENTICATIONFAILED] not with {PASSWORD}"] * 5
    async with here.reading():
        await here.until_subjects("one", "two", "three")
        await reached(lambda: len(here.heard) == 2, "the good news")
    told, recovered = here.heard
    assert told.trouble is not None
    assert (told.trouble.kind, told.trouble.times) == (TroubleKind.REFUSED, 2)
    assert PASSWORD not in repr(told)
    assert "not with …" in told.trouble.detail
    assert recovered.trouble is None
    assert server.sessions == 6


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("NO [UNAVAILABLE] no user database", TroubleKind.DOWN),
        ("NO Temporary authentication failure", TroubleKind.DOWN),
        ("NO [LIMIT] ten at once are enough", TroubleKind.LIMITED),
        ("NO Too many simultaneous connections", TroubleKind.LIMITED),
        ("BAD what do you mean", TroubleKind.REFUSED),
    ],
)
async def test_not_every_no_is_a_wrong_password(
    here: House, server: OddImap, words: str, kind: TroubleKind
) -> None:
    server.logins = [words] * 1_000
    async with here.reading():
        await reached(lambda: here.heard, "the trouble")
    assert here.heard[0].trouble is not None
    assert here.heard[0].trouble.kind is kind


async def test_an_inbox_that_is_not_there_is_told(here: House, server: OddImap) -> None:
    server.folders = ("Inbox", "Archive")
    here.mailboxes = (here.mailboxes[0].model_copy(update={"inbox": "Входящие"}),)
    async with here.reading():
        await reached(lambda: here.heard, "the trouble")
        assert here.standing.trouble is not None
        assert here.standing.trouble.kind is TroubleKind.NO_FOLDER
        assert "Входящие" in here.standing.trouble.detail


async def test_whoever_waits_for_a_server_that_says_nothing_can_be_stopped(here: House) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        here.mailboxes = (at(silent.getsockname()[1], new_address()),)
        async with here.reading():
            client, _ = await asyncio.to_thread(silent.accept)
            begun = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - begun < 2
        client.close()


async def test_a_server_that_does_not_exist_is_down(here: House) -> None:
    elsewhere = {"imap_host": "mail.invalid", "imap_port": 1}
    here.mailboxes = (here.mailboxes[0].model_copy(update=elsewhere),)
    here.pace = replace(here.pace, poll=timedelta(seconds=1))
    async with here.reading():
        await reached(lambda: here.heard, "the trouble")
    assert here.heard[0].trouble is not None
    assert here.heard[0].trouble.kind is TroubleKind.DOWN
