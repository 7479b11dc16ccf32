"""What an answer says, whatever characters it is made of."""

from __future__ import annotations

import json

import pytest

from sekretar.trackers.exchange import Answer, json_of


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (r'{"summary": ["Dark \ud83d", "\u0000x"]}', {"summary": ["Dark ", "x"]}),
        (r'{"summary": "\ud83d\ude00 \\ud83d"}', {"summary": "😀 \\ud83d"}),
        ('{"summary": "Темно 😀", "version": 3}', {"summary": "Темно 😀", "version": 3}),
    ],
)
def test_what_is_read_can_be_stored(written: str, said: object) -> None:
    """A text that was cut in the middle of an emoji stopped the mirror on PostgreSQL."""
    found = json_of(answer(written), "tracker")
    assert found == said
    json.dumps(found, ensure_ascii=False).encode()


def answer(body: str) -> Answer:
    return Answer(200, {}, body.encode())
