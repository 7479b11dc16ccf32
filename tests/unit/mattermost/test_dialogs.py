"""Forms as dialogs, within what the server takes."""

from __future__ import annotations

import json

import pytest
from syrupy.assertion import SnapshotAssertion
from tests.unit.mattermost.surface_values import translator

from sekretar.kernel.errors import PersonError
from sekretar.kernel.forms import Choice, Field, FieldKind, Form
from sekretar.mattermost.dialogs import dialog, readable, refusal
from sekretar.sandbox.mattermost.dialogs import check_dialog

FORM = Form(
    "calendars.connect",
    "Connect a calendar that is far away",
    "Where is it, @all?",
    (
        Field("login", FieldKind.EMAIL, "Login", default="anna@example.com"),
        Field("password", FieldKind.SECRET, "A password made for applications", help="h" * 200, default="x"),
        Field("provider", FieldKind.CHOICE, "Provider", choices=(Choice("y", "Yandex"),), default="y"),
        Field("way", FieldKind.RADIO, "Way", choices=(Choice("a", "A"), Choice("b", "B"))),
        Field("minutes", FieldKind.NUMBER, "Minutes", default="15", min_length=1, max_length=3),
        Field("note", FieldKind.TEXTAREA, "Note", optional=True, max_length=9000),
        Field("address", FieldKind.URL, "Address", default="https://example.com/" + "x" * 200),
        Field("busy", FieldKind.BOOL, "Show me busy", default=True),
        Field("quiet", FieldKind.BOOL, "Quiet", default=False),
        Field("who", FieldKind.PERSON, "Who"),
        Field("where", FieldKind.CHANNEL, "Where"),
        Field("day", FieldKind.DATE, "Day"),
        Field("at", FieldKind.TIME, "At", placeholder="9:30"),
    ),
    "Connect",
)


@pytest.mark.parametrize("language", ["ru", "en"])
def test_a_form_is_a_dialog(language: str, snapshot: SnapshotAssertion) -> None:
    shown = dialog(FORM, translator(language), "state")
    assert json.dumps(shown, ensure_ascii=False, indent=1) == snapshot


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_sandbox_finds_no_fault_with_it(language: str) -> None:
    shown = dialog(FORM, translator(language), "state")
    assert list(check_dialog({"url": "https://sekretar.example", "dialog": shown})) == []


def test_a_default_that_cannot_be_given_is_left_out() -> None:
    form = Form(
        "f",
        "Form",
        fields=(
            Field("way", FieldKind.RADIO, "Way", choices=(Choice("a", "A"),), default="gone"),
            Field("note", FieldKind.TEXT, "Note", default="too long", max_length=3),
        ),
    )
    assert [element["default"] for element in dialog(form, translator("en"), "")["elements"]] == ["", "too"]


def test_everything_is_within_the_limits_of_the_oldest_server() -> None:
    shown = dialog(FORM, translator("en"), "state")
    assert len(shown["title"]) <= 24
    assert len(shown["submit_label"]) <= 24
    for element in shown["elements"]:
        assert element["type"] in {"text", "textarea", "select", "bool", "radio"}
        assert len(element["display_name"]) <= 24
        assert len(element["placeholder"]) <= 150
        assert len(element["help_text"]) <= 150
        most = {"text": 150, "textarea": 3000}.get(element["type"], 3000)
        assert len(element["default"]) <= most
        assert element.get("max_length", 0) <= most


def test_a_label_that_was_cut_is_said_in_full() -> None:
    password = dialog(FORM, translator("en"), "state")["elements"][1]
    assert password["help_text"].startswith("A password made for applications. hhh")


def test_errors_go_to_their_fields_as_plain_text() -> None:
    errors = {
        "login": PersonError("kernel.form.date", given="a_b *c*"),
        "": PersonError("mattermost.form.gone"),
    }
    answer = refusal(errors, translator("en"))
    assert "a_b *c*" in answer["errors"]["login"]
    assert answer["error"] == "This form no longer exists."
    assert refusal({}, translator("en")) == {}


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ({"login": "a", "minutes": 15, "busy": True}, {"login": "a", "minutes": "15", "busy": True}),
        ({"minutes": 1.5, "extra": "ignored"}, {"minutes": "1.5"}),
        ({"login": None}, {}),
    ],
)
def test_answers_are_read_leniently(sent: dict[str, object], read: dict[str, object]) -> None:
    empty = {field.name: "" for field in FORM.fields}
    assert readable(sent, FORM) == {**empty, **read}


@pytest.mark.parametrize("sent", [None, [], "x", {"login": []}, {"login": {}}, {"note": "x" * 3001}])
def test_what_no_client_sends_is_no_answer(sent: object) -> None:
    assert readable(sent, FORM) is None
