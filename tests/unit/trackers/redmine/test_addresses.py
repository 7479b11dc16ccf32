"""Addresses of Redmine: what people write and paste, and the pages they are sent to."""

from __future__ import annotations

from datetime import date
from urllib.parse import parse_qsl, urlsplit

import pytest

from sekretar.trackers.redmine.addresses import Addresses
from sekretar.trackers.requests import ME, Openness, Order, Query
from sekretar.trackers.values import TicketRef

HERE = Addresses("main", "http://10.0.0.5:3000/redmine", "https://tasks.example.org/redmine")
TEN = TicketRef("main", "10")


@pytest.mark.parametrize(
    "url",
    [
        "https://tasks.example.org/redmine/issues/10",
        "https://tasks.example.org/redmine/issues/10/",
        "https://TASKS.example.org/redmine/issues/10#note-3",
        "https://tasks.example.org/redmine/issues/10?tab=history",
        "https://tasks.example.org:443/redmine/issues/10",
        "http://tasks.example.org/redmine/issues/10",
        "http://10.0.0.5:3000/redmine/issues/10",
        " https://tasks.example.org/redmine/issues/10 ",
    ],
)
def test_a_link_to_a_ticket(url: str) -> None:
    assert HERE.ref_of_link(url) == TEN


@pytest.mark.parametrize(
    "url",
    [
        "https://tasks.example.org/issues/10",
        "https://tasks.example.org/redmine2/issues/10",
        "https://tasks.example.org/redmine/issues",
        "https://tasks.example.org/redmine/issues/10/edit",
        "https://tasks.example.org/redmine/issues/010",
        "https://tasks.example.org/redmine/issues/10x",
        "https://tasks.example.org.evil.test/redmine/issues/10",
        "https://evil.test/redmine/issues/10",
        "javascript:/redmine/issues/10",
        "https://[",
        "10",
        "",
    ],
)
def test_another_address(url: str) -> None:
    assert HERE.ref_of_link(url) is None


def test_a_redmine_at_the_root() -> None:
    root = Addresses("main", "https://redmine.example.org", "https://redmine.example.org")
    assert root.ref_of_link(root.ticket("10")) == TEN


@pytest.mark.parametrize(("text", "ref"), [("10", TEN), ("#10", TEN), (" 10 ", TEN)])
def test_a_key(text: str, ref: TicketRef) -> None:
    assert HERE.ref_of_key(text) == ref


@pytest.mark.parametrize(
    "text", ["", "0", "010", "DESK-1", "1.5", "-1", "１０", "1" * 11, "10/../../users/1"]
)
def test_no_key(text: str) -> None:
    assert HERE.ref_of_key(text) is None


def test_the_list_of_a_query() -> None:
    query = Query(project="7", assignee=ME, author="5", due_until=date(2026, 3, 4), order=Order.DUE)
    parts = urlsplit(HERE.filter(query))
    assert (
        f"{parts.scheme}://{parts.netloc}{parts.path}"
        == "https://tasks.example.org/redmine/projects/7/issues"
    )
    assert parse_qsl(parts.query) == [
        ("set_filter", "1"),
        ("sort", "due_date:asc,id:asc"),
        ("f[]", "status_id"),
        ("op[status_id]", "o"),
        ("f[]", "assigned_to_id"),
        ("op[assigned_to_id]", "="),
        ("v[assigned_to_id][]", "me"),
        ("f[]", "author_id"),
        ("op[author_id]", "="),
        ("v[author_id][]", "5"),
        ("f[]", "due_date"),
        ("op[due_date]", "<="),
        ("v[due_date][]", "2026-03-04"),
    ]
    assert "op%5Bstatus_id%5D=%2A" in HERE.filter(Query(openness=Openness.ANY))
    assert ("op[assigned_to_id]", "!") in parse_qsl(urlsplit(HERE.filter(Query(not_assignee=ME))).query)


def test_the_page_of_a_search() -> None:
    link = HERE.filter(Query(text="мачта & опора"))
    assert urlsplit(link).path == "/redmine/search"
    assert parse_qsl(urlsplit(link).query) == [("q", "мачта & опора"), ("issues", "1")]
