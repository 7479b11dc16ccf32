"""The limits of dialogs: a good one passes, each breach is named."""

from __future__ import annotations

from typing import Any

import pytest

from sekretar.sandbox.mattermost.dialogs import check_dialog


def request(element: dict[str, Any] | None = None, **dialog: Any) -> dict[str, Any]:
    good = {"display_name": "Login", "name": "login", "type": "text", "subtype": "email", "max_length": 150}
    whole = {"title": "Connect", "elements": [good if element is None else {**good, **element}], **dialog}
    return {"url": "https://bot.example/dialog", "dialog": whole}


@pytest.mark.parametrize(
    "good",
    [
        {},
        {"type": "textarea", "max_length": 3000, "subtype": ""},
        {"type": "bool", "default": "true"},
        {"type": "select", "options": [{"text": "A", "value": "a"}], "default": "a"},
        {"type": "select", "data_source": "users"},
        {"display_name": "x" * 24, "help_text": "x" * 150, "placeholder": "x" * 150},
    ],
)
def test_a_good_dialog_has_no_problems(good: dict[str, Any]) -> None:
    assert list(check_dialog(request(good))) == []


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        ({"type": "slider"}, "unknown type"),
        ({"display_name": "x" * 25}, "display_name"),
        ({"display_name": ""}, "display_name"),
        ({"name": "x" * 301}, "name of element"),
        ({"placeholder": "x" * 151}, "placeholder"),
        ({"help_text": "x" * 151}, "help_text"),
        ({"max_length": 151}, "max_length"),
        ({"type": "textarea", "max_length": 3001}, "max_length"),
        ({"min_length": 11, "max_length": 10}, "min_length"),
        ({"default": "x" * 151}, "longer than the field"),
        ({"subtype": "colour"}, "unknown subtype"),
        ({"type": "select"}, "nothing to choose"),
        ({"type": "select", "data_source": "planets"}, "data_source"),
        ({"type": "radio", "options": [{"text": "A", "value": "a"}], "default": "b"}, "none of its options"),
        ({"type": "bool", "default": True}, "the string true or false"),
    ],
)
def test_a_breach_is_named(bad: dict[str, Any], problem: str) -> None:
    [found] = check_dialog(request(bad))
    assert problem in found


def test_the_dialog_itself_has_limits() -> None:
    assert "24" in next(check_dialog(request(title="x" * 25)))
    assert "no dialog" in next(check_dialog({"url": "https://bot.example"}))
    assert "not http" in next(check_dialog({**request(), "url": "bot.example"}))
    twice = request()
    twice["dialog"]["elements"] *= 2
    assert list(check_dialog(twice)) == ["element name 'login' occurs twice"]
