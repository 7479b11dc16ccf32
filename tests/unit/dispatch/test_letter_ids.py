"""Ids of letters: ours are known again, nobody else's is taken for one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekretar.dispatch.mail.ids import LetterIds, OwnId
from sekretar.dispatch.mail.letter import Address
from sekretar.kernel.secrets import Vault, generate_key

OLD, NEW = b"o" * 32, b"n" * 32
IDS = LetterIds([NEW])

numbers = st.integers(1, 2**59)


@given(numbers, numbers)
def test_what_was_made_is_read(incident: int, letter: int) -> None:
    assert IDS.read(IDS.letter(incident, letter, "desk.example.test")) == OwnId(incident, letter)
    assert IDS.read(IDS.incident(incident, "desk.example.test")) == OwnId(incident, None)


@given(numbers)
def test_a_reply_address_leads_to_its_incident_and_is_that_of_the_mailbox(incident: int) -> None:
    made = IDS.reply_address(incident, "Desk@desk.example.test")
    assert IDS.read_reply_address(made) == OwnId(incident, None)
    assert IDS.read_reply_address(made.lower()) == OwnId(incident, None)
    assert Address("", made).key == "desk@desk.example.test"
    forged = re.sub(r"\d(?=\.)", lambda found: str((int(found[0]) + 1) % 10), made, count=1)
    assert IDS.read_reply_address(forged) is None
    assert IDS.read_reply_address(made.partition("+")[2]) is None
    assert IDS.read_reply_address("desk@desk.example.test") is None


def test_a_name_that_would_be_too_long_for_mail_stays_as_it_is() -> None:
    long = f"{'x' * 60}@desk.test"
    assert IDS.reply_address(12, long) == long


def test_the_form() -> None:
    assert re.fullmatch(r"<inc\.12\.345\.[0-9a-f]{16}@desk\.test>", IDS.letter(12, 345, "desk.test"))
    assert re.fullmatch(r"<incident\.12\.[0-9a-f]{16}@desk\.test>", IDS.incident(12, "desk.test"))


def test_carriers_may_drop_the_brackets_change_the_case_and_rename_the_domain() -> None:
    made = IDS.letter(12, 345, "desk.test")
    assert IDS.read(made.strip("<>").upper()) == OwnId(12, 345)
    assert IDS.read(f" {made} ".replace("desk.test", "relay.example")) == OwnId(12, 345)


@given(numbers, numbers, st.integers(1, 9))
def test_a_mac_fits_one_letter_of_one_incident(incident: int, letter: int, step: int) -> None:
    mac = IDS.letter(incident, letter, "d").split(".")[-1]
    assert IDS.read(f"<inc.{incident + step}.{letter}.{mac}") is None
    assert IDS.read(f"<inc.{incident}.{letter + step}.{mac}") is None
    assert IDS.read(f"<incident.{incident}.{mac}") is None


def test_a_letter_is_not_an_incident_whose_number_is_written_twice() -> None:
    mac = IDS.letter(1, 2, "d").split(".")[-1]
    assert IDS.read(f"<incident.1.2.{mac}") is None
    assert IDS.read("<inc." + IDS.incident(1, "d").removeprefix("<incident.")) is None


@given(st.text(max_size=80))
def test_anything_may_stand_in_a_header(text: str) -> None:
    assert IDS.read(text) is None
    assert IDS.read(f"<inc.1.2.{text}@desk.test>") is None


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "<>",
        "<inc.1.2.0123456789abcdef@desk.test>",
        "<inc.1.2.0123456789abcde@desk.test>",
        "<inc.-1.2.0123456789abcdef@desk.test>",
        "<inc.١.2.0123456789abcdef@desk.test>",
        "<inc.9999999999999999999999.2.0123456789abcdef@desk.test>",
        "<incident.1.0123456789abcdef@desk.test>",
        "<CAB1234567@mail.gmail.com>",
    ],
)
def test_what_is_not_ours_is_none(forged: str) -> None:
    assert IDS.read(forged) is None


def test_older_keys_still_know_their_letters_and_the_newest_signs() -> None:
    both = LetterIds([NEW, OLD])
    assert both.read(LetterIds([OLD]).letter(1, 2, "d.test")) == OwnId(1, 2)
    assert both.letter(1, 2, "d.test") == IDS.letter(1, 2, "d.test")
    assert IDS.read(LetterIds([OLD]).letter(1, 2, "d.test")) is None


def test_the_keys_come_from_the_installation() -> None:
    vault = Vault([generate_key()])
    assert LetterIds.of(vault).read(LetterIds.of(vault).letter(1, 2, "d.test")) == OwnId(1, 2)
    assert LetterIds.of(Vault([generate_key()])).read(LetterIds.of(vault).letter(1, 2, "d.test")) is None
    with pytest.raises(ValueError):
        LetterIds([])
