"""Whom a program may write to, and how often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.dispatch.letters_known import ANNA, DESK, HOUSE, NOON, letter

from sekretar.dispatch.mail.counters import (
    LIMITS,
    LONGEST,
    OLDEST,
    Silence,
    is_bad_address,
    is_no_reply,
    reached,
    silence_about,
    silence_to,
)
from sekretar.dispatch.mail.letter import Address, Bounce, Machine, MachineSign, Receipt

MINUTE = timedelta(minutes=1)
START = datetime(2026, 3, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    "address",
    [
        "mailer-daemon@a.test",
        "MAILER-DAEMON+x@a.test",
        "postmaster@a.test",
        "noreply@a.test",
        "no-reply.tickets@a.test",
        "No_Reply@a.test",
        "do-not-reply@a.test",
        "donotreply@a.test",
        "bounces+123=a@b.test",
        "abuse@a.test",
        "root@a.test",
    ],
)
def test_addresses_nobody_reads(address: str) -> None:
    assert is_no_reply(address)
    assert silence_to(address, ()) is Silence.NO_REPLY


@pytest.mark.parametrize(
    "address", ["anna@a.test", "rooter@a.test", "noreplyanna@a.test", "anna@noreply.test"]
)
def test_addresses_of_people(address: str) -> None:
    assert silence_to(address, HOUSE.own) is None


def test_ten_in_ten_minutes_are_enough() -> None:
    sent = [START + MINUTE * n / 2 for n in range(10)]
    assert reached(sent[:9], START + 5 * MINUTE) is None
    assert reached(sent, START + 5 * MINUTE) == LIMITS[0]
    assert reached(sent, START + 10 * MINUTE) is None


def test_a_slow_loop_is_stopped_too() -> None:
    every_six_minutes = [START + 6 * MINUTE * n for n in range(100)]
    assert reached(every_six_minutes[:99], every_six_minutes[98]) is None
    assert reached(every_six_minutes, every_six_minutes[99]) == LIMITS[-1]


@given(st.lists(st.integers(0, 1200), max_size=150), st.integers(0, 1200))
def test_limits_against_counting_one_by_one(minutes: list[int], now: int) -> None:
    sent = [START + MINUTE * each for each in minutes]
    broken = [
        limit
        for limit in LIMITS
        if len([m for m in minutes if now - limit.within // MINUTE < m <= now]) >= limit.letters
    ]
    assert reached(sent, START + MINUTE * now) == (broken[0] if broken else None)


@given(st.lists(st.integers(1, 30), min_size=200, max_size=200))
def test_two_programs_never_write_to_each_other_for_long(pauses: list[int]) -> None:
    now, sent = START, []
    for pause in pauses:
        now += MINUTE * pause
        if reached(sent, now) is None:
            sent.append(now)
    for limit in LIMITS:
        assert all(
            sum(1 for each in sent if end - limit.within < each <= end) <= limit.letters for end in sent
        )


def test_after_the_longest_time_everything_may_go_on() -> None:
    assert reached([START] * 1000, START + LONGEST) is None


@pytest.mark.parametrize(
    ("changes", "silence"),
    [
        ({}, None),
        ({"machine": Machine(MachineSign.PRECEDENCE, "Precedence", "bulk")}, Silence.MACHINE),
        ({"machine": Machine(MachineSign.SUBJECT, "Subject", "Автоответ")}, Silence.MACHINE),
        ({"bounce": Bounce("", ())}, Silence.MACHINE),
        ({"receipt": Receipt("", "", "displayed")}, Silence.MACHINE),
        ({"sender": DESK}, Silence.OWN),
        ({"reply_to": (Address("", "OLD-desk@towers.test"),)}, Silence.OWN),
        ({"sender": Address("", "noreply@a.test")}, Silence.NO_REPLY),
        ({"sender": Address("", "")}, Silence.NO_ADDRESS),
        ({"to": (ANNA,), "cc": ()}, Silence.BLIND_COPY),
    ],
)
def test_which_letters_a_program_answers(changes: dict[str, Any], silence: Silence | None) -> None:
    assert silence_about(letter(**changes), NOON, HOUSE.own, NOON) is silence


def test_old_letters_are_not_answered() -> None:
    assert silence_about(letter(), NOON, HOUSE.own, NOON + OLDEST) is None
    assert silence_about(letter(), NOON, HOUSE.own, NOON + OLDEST + MINUTE) is Silence.OLD


@pytest.mark.parametrize(
    ("reply", "bad"),
    [
        ("550 5.1.1 User unknown", True),
        ("550 User unknown", True),
        ("552 5.2.2 Mailbox full", True),
        ("553 5.1.3 Bad syntax", True),
        ("550 5.7.1 Message looks like spam", False),
        ("554 5.7.1 Blocked", False),
        ("552 too large", False),
    ],
)
def test_a_dislike_of_the_letter_is_no_bad_address(reply: str, bad: bool) -> None:
    assert is_bad_address(reply) is bad
