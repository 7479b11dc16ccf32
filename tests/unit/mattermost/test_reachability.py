"""Whether Mattermost may call an address, and the question that proves that it did."""

from __future__ import annotations

import pytest

from sekretar.kernel.secrets import Vault, generate_key
from sekretar.mattermost import probe
from sekretar.mattermost.reachability import host_of, is_allowed, is_loopback


@pytest.mark.parametrize(
    ("listed", "host", "addresses", "allowed"),
    [
        ("", "s.example.org", ["1.1.1.1"], True),
        ("", "s.example.org", ["10.0.0.7"], False),
        ("", "s.example.org", ["fd00::7"], False),
        ("", "s.example.org", [], None),
        ("s.example.org", "s.example.org", ["10.0.0.7"], True),
        ("S.example.org other", "s.example.org", [], True),
        ("10.0.0.0/8", "s.example.org", ["10.0.0.7"], True),
        ("10.0.0.7", "s.example.org", ["10.0.0.7"], True),
        ("192.168.0.0/16 nonsense/99", "s.example.org", ["10.0.0.7"], False),
        ("example.org", "s.example.org", ["10.0.0.7"], False),
        ("127.0.0.0/8", "localhost", ["::1", "127.0.0.1"], True),
        ("", "s.example.org", ["fe80::1%eth0"], False),
    ],
)
def test_what_a_server_may_call(listed: str, host: str, addresses: list[str], allowed: bool | None) -> None:
    assert is_allowed(listed, host, addresses) is allowed


def test_hosts_are_compared_as_the_network_does() -> None:
    assert host_of("http://Sekretar.Example.org.:8090/x") == "sekretar.example.org"
    assert host_of("http://[::1]:8090") == "::1"


def test_loopback_is_known_by_name_and_by_address() -> None:
    assert is_loopback("localhost", ())
    assert is_loopback("here", ("127.0.1.1",))
    assert not is_loopback("there", ("10.0.0.1",))


class TestProbe:
    def test_the_same_keys_answer(self) -> None:
        vault, asked = Vault([generate_key()]), probe.question()
        answer = probe.answer_command(vault, asked)
        assert answer is not None
        assert probe.is_answer(vault, asked, answer["text"])

    def test_a_click_is_answered_in_the_message(self) -> None:
        vault, asked = Vault([generate_key()]), probe.question()
        answer = probe.answer_click(vault, probe.ACTION, asked)
        assert answer is not None
        assert probe.is_answer(vault, asked, answer["update"]["message"])

    def test_keys_may_be_in_the_middle_of_a_change(self) -> None:
        old, new = generate_key(), generate_key()
        asked = probe.question()
        answer = probe.answer_command(Vault([old]), asked)
        assert answer is not None
        assert probe.is_answer(Vault([new, old]), asked, answer["text"])

    def test_other_keys_do_not_answer(self) -> None:
        asked = probe.question()
        answer = probe.answer_command(Vault([generate_key()]), asked)
        assert answer is not None
        assert not probe.is_answer(Vault([generate_key()]), asked, answer["text"])

    def test_an_answer_answers_one_question(self) -> None:
        vault = Vault([generate_key()])
        answer = probe.answer_command(vault, probe.question())
        assert answer is not None
        assert not probe.is_answer(vault, probe.question(), answer["text"])

    @pytest.mark.parametrize("text", ["", "ping", "ping x", "today", "ping " + "0" * 31, "ping " + "0" * 33])
    def test_people_are_not_mistaken_for_the_doctor(self, text: str) -> None:
        assert probe.answer_command(Vault([generate_key()]), text) is None

    def test_other_buttons_are_not_the_doctors(self) -> None:
        assert probe.answer_click(Vault([generate_key()]), "calendars.today", probe.question()) is None
