"""What the administrator writes about desks, and what is said when it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from sekretar.config import Settings
from sekretar.dispatch.settings import read_desks
from sekretar.kernel.errors import ConfigurationError

SMALLEST = """
[[desk]]
name = "towers"
channel = "ops/desk"

[[desk.mailboxes]]
address = "Desk@example.test"
password = "secret"
imap_host = "mail.example.test"
"""

HOOK = """
[[desk.hooks]]
name = "crm"
url = "https://crm.example.test/hook"
secret_file = "hook.key"
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "desks.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_name_a_channel_and_a_mailbox_are_enough(tmp_path: Path) -> None:
    (desk,) = read_desks(written(tmp_path, SMALLEST))
    assert desk.addresses == {"desk@example.test"}
    assert desk.id_domain == "example.test"
    (box,) = desk.mailboxes
    assert box.imap_address == ("mail.example.test", 993)
    assert box.login == "Desk@example.test"
    assert "secret" not in repr(desk)


def test_secrets_may_stand_in_files_and_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = SMALLEST.replace('password = "secret"', 'password_env = "DESK_PASSWORD"') + HOOK
    (tmp_path / "hook.key").write_text("sixteen letters ok\n", encoding="utf-8")
    monkeypatch.setenv("DESK_PASSWORD", "from outside")
    (desk,) = read_desks(written(tmp_path, elsewhere))
    assert desk.mailboxes[0].password.get_secret_value() == "from outside"
    assert desk.hooks[0].secret.get_secret_value() == "sixteen letters ok"


def test_without_a_file_there_is_no_desk() -> None:
    assert Settings().desks() == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[desk]", "is not TOML"),
        (SMALLEST.replace('"ops/desk"', '"desk"'), "desk, entry 1, channel"),
        (SMALLEST.replace("imap_host", "imap_hots"), "desk, entry 1, mailboxes, entry 1"),
        (SMALLEST + SMALLEST, "two desks of the same name"),
        (SMALLEST + SMALLEST.replace("towers", "b").replace("ops/desk", "b/b"), "prefix"),
        (SMALLEST.replace('name = "towers"', 'name = "towers"\nprefix = "НТ"'), "prefix: .*Latin"),
        (
            SMALLEST.replace('name = "towers"', 'name = "towers"\nprefix = "NT"')
            + SMALLEST.replace("towers", "b").replace("ops/desk", 'b/b"\nprefix = "HT'),
            "the same in Russian letters: HT and NT",
        ),
        (SMALLEST.replace('name = "towers"', 'name = "towers"\nzone = "Mars/Olympus"'), "IANA"),
        (SMALLEST + "[desk.registry.poles]\n", "either url or file"),
        (SMALLEST + HOOK, r"hooks, entry 1: .*hook\.key cannot be read"),
        (SMALLEST + HOOK + 'secret = "sixteen letters ok"\n', "secret and secret_file, but one is enough"),
        (SMALLEST.replace('password = "secret"', 'password_env = "NOT_THERE"'), "has no NOT_THERE"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        read_desks(written(tmp_path, text))


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_desks(tmp_path / "nothing.toml")


def test_hours_and_steps_of_deadlines_are_read(tmp_path: Path) -> None:
    text = """
[desk.sla.hours.week]
mon = ["09:00-13:00", "14:00-18:00"]

[[desk.sla.steps]]
minutes = -30
to = ["shift", "head"]
"""
    (desk,) = read_desks(written(tmp_path, SMALLEST + text))
    assert desk.sla.hours is not None
    assert [len(openings) for openings in desk.sla.hours.openings()] == [2, 0, 0, 0, 0, 0, 0]
    assert [(step.minutes, *step.to) for step in desk.sla.steps] == [(-30, "shift", "head")]
    with pytest.raises(ConfigurationError, match="09:00-18:00"):
        read_desks(written(tmp_path, SMALLEST + text.replace("14:00-18:00", "from two")))
    with pytest.raises(ConfigurationError, match="pausing"):
        read_desks(written(tmp_path, SMALLEST.replace("[[desk.mail", 'pausing = ["tea"]\n[[desk.mail')))
