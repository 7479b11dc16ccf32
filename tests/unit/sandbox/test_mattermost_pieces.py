"""The small parts of the stand-in: rows and their indexes, seals, Slack's markup, the guard of addresses."""

from __future__ import annotations

import base64
import ipaddress
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from sekretar.sandbox.mattermost import slack
from sekretar.sandbox.mattermost.errors import MESSAGES, Refused
from sekretar.sandbox.mattermost.identifiers import is_id, new_id
from sekretar.sandbox.mattermost.outgoing import is_allowed
from sekretar.sandbox.mattermost.state import User, World
from sekretar.sandbox.mattermost.table import Table
from sekretar.sandbox.mattermost.triggers import Seals


@dataclass(frozen=True)
class Row:
    id: str
    colour: str


def rows() -> Table[Row]:
    return Table("rows", Row, lambda row: row.id, ("colour",))


def test_an_index_follows_its_rows() -> None:
    table = rows()
    first = table.put(Row("1", "red"))
    table.put(Row("2", "red"))
    table.put(replace(first, colour="blue"))
    assert table.where("colour", "red") == [Row("2", "red")]
    assert table.first("colour", "blue") == Row("1", "blue")
    table.remove("1")
    table.remove("1")
    assert table.where("colour", "blue") == []


def test_changes_are_noted_until_saved() -> None:
    table = rows()
    table.put(Row("1", "red"))
    table.put(Row("2", "red"))
    table.remove("1")
    assert list(table.changed) == ["1", "2"]
    assert (table.document("1"), table.document("2")) == (None, {"id": "2", "colour": "red"})


def test_restored_rows_count_as_saved() -> None:
    table = rows()
    table.restore({"id": "1", "colour": "red"})
    assert (table.first("colour", "red"), list(table.changed)) == (Row("1", "red"), [])


def test_ids_look_like_mattermost_s() -> None:
    ids = {new_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(is_id(one) and one == one.lower() for one in ids)
    assert not any(is_id(other) for other in ("x" * 25, "x" * 27, "я" * 26, None, 1))


def test_a_trigger_opens_once_per_lifetime_and_only_unchanged() -> None:
    seals = Seals(timedelta(seconds=3))
    client_id, signed = seals.trigger("u" * 26, 1000)
    assert seals.open_trigger(signed, 4000) == (client_id, "u" * 26)
    with pytest.raises(Refused, match="expired"):
        seals.open_trigger(signed, 4001)
    parts = base64.b64decode(signed).decode().split(":")
    forged = ":".join([parts[0], "v" * 26, *parts[2:]])
    with pytest.raises(Refused, match="signature"):
        seals.open_trigger(base64.b64encode(forged.encode()).decode(), 1000)
    with pytest.raises(Refused, match="missing_data"):
        seals.open_trigger(base64.b64encode(b"a:b").decode(), 1000)
    with pytest.raises(Refused, match="base64"):
        seals.open_trigger("%", 1000)


def test_a_cookie_opens_only_where_it_was_made() -> None:
    seals = Seals(timedelta(seconds=3))
    cookie = seals.cookie({"context": {"claim": "c"}})
    assert "claim" not in base64.b64decode(cookie).decode("latin-1")
    assert seals.open_cookie(cookie) == {"context": {"claim": "c"}}
    assert Seals(timedelta(seconds=3)).open_cookie(cookie) is None
    assert seals.open_cookie("forged") is None


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("<http://a.example|A> and <http://b.example>", "[A](http://a.example) and http://b.example"),
        ("<!channel> <!here> <!everyone>", "@channel @here @all"),
        ("<@u1> <@nobody>", "@anna <@nobody>"),
        ("1 < 2 > 1", "1 < 2 > 1"),
    ],
)
def test_slack_markup(source: str, seen: str) -> None:
    world = World()
    world.users.put(User("u1", "anna", "anna@example.com", 0, 0))
    assert slack.text(world, source) == seen


@pytest.mark.parametrize(
    ("address", "listed", "allowed"),
    [
        ("93.184.215.14", [], True),
        ("10.1.2.3", [], False),
        ("127.0.0.1", [], False),
        ("169.254.169.254", ["10.0.0.0/8"], False),
        ("10.1.2.3", ["10.0.0.0/8"], True),
        ("10.1.2.3", ["host.example", "10.1.2.3"], True),
        ("::1", ["127.0.0.0/8"], False),
        ("::1", ["::1"], True),
        ("fd00::1", [], False),
    ],
)
def test_which_addresses_integrations_may_have(address: str, listed: list[str], allowed: bool) -> None:
    assert is_allowed(ipaddress.ip_address(address), listed) is allowed


def test_every_sentence_can_be_said() -> None:
    for error_id in MESSAGES:
        assert "{" not in Refused(error_id, 400, trigger="t", answered="500", seconds=3, name="n").message
