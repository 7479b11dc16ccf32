"""The way to Redmine: addresses that cannot be led astray."""

from __future__ import annotations

import pytest
from yarl import URL

from sekretar.trackers.exchange import part
from sekretar.trackers.redmine.wire import Credentials


@pytest.mark.parametrize(
    "text", ["", ".", "..", "1/../../users/5", "1?key=x", "1#x", "проект", "1%2f..", "a\\b"]
)
def test_a_part_of_a_path_stays_in_its_place(text: str) -> None:
    url = URL(f"https://r.test/redmine/projects/{part(text)}.json", encoded=True)
    assert url.raw_parts[:3] == ("/", "redmine", "projects")
    assert len(url.raw_parts) == 4
    assert (url.raw_query_string, url.raw_fragment) == ("", "")


def test_the_key_is_not_shown() -> None:
    assert "hunter2" not in repr(Credentials("hunter2", "anna"))
