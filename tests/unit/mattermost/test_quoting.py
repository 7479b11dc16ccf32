"""What of a message goes into something that is made of it."""

from __future__ import annotations

from sekretar.mattermost.quoting import permalink, post_in, spoken_lines

POST = "abcdefghijklmnopqrstuvwxyz"


def test_the_address_of_a_post_is_known_in_all_its_forms() -> None:
    for address in (f"https://chat.example/team/pl/{POST}", f"<http://chat.example/sub/team/pl/{POST}/>"):
        assert post_in(address) == POST
    assert post_in(permalink("https://chat.example", POST)) == POST
    for word in ("Demo", f"https://chat.example/team/{POST}", f"/team/pl/{POST}", f"{POST}"):
        assert post_in(word) is None


def test_only_the_words_of_a_message_are_left() -> None:
    text = "> **Broken** [door](https://example.com/door) :warning:\n\n```\ncode\n```\n1. see https://example.com"
    assert spoken_lines(text) == [["Broken", "door"], ["see"]]
