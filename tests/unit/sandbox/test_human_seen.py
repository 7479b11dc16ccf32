"""What a person reads out of Mattermost's JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sekretar.sandbox.seen import (
    Button,
    Option,
    Select,
    SlashAnswer,
    read_custom_status,
    read_dialog,
    read_post,
    text_of,
)

AGENDA: dict[str, Any] = {
    "attachments": [
        {
            "pretext": "Today",
            "author_name": "Office calendar",
            "title": "Planning",
            "text": "10:00 – 11:00",
            "fields": [
                {"title": "Where", "value": "Room 4", "short": True},
                {"title": "", "value": "bring tea"},
            ],
            "footer": "Times are shown in Europe/Moscow",
            "actions": [
                {"id": "join", "type": "button", "name": "Join", "style": "primary", "cookie": "c00kie"},
                {
                    "id": "when",
                    "type": "select",
                    "name": "Remind me",
                    "options": [{"text": "15 min", "value": "15"}],
                    "default_option": "15",
                },
                {"id": "", "name": "without an id"},
            ],
        },
        "not an attachment",
        {"actions": [{"id": "who", "type": "select", "name": "Person", "data_source": "users"}]},
    ]
}


def post(**changes: object) -> dict[str, Any]:
    return {
        "id": "p1",
        "channel_id": "c1",
        "user_id": "u1",
        "message": "Hello",
        "create_at": 1_772_614_800_000,
        **changes,
    }


def test_a_post_is_read_with_its_time_and_the_way_it_came_into_view() -> None:
    seen = read_post(post(edit_at=5, root_id="p0"), "edited")
    assert (seen.id, seen.channel_id, seen.user_id, seen.root_id) == ("p1", "c1", "u1", "p0")
    assert seen.created == datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
    assert seen.edited
    assert not seen.deleted
    assert not seen.ephemeral


@pytest.mark.parametrize(("sighting", "delete_at"), [("deleted", 0), ("read", 7)])
def test_a_post_is_deleted_when_the_event_or_the_record_says_so(sighting: Any, delete_at: int) -> None:
    assert read_post(post(delete_at=delete_at), sighting).deleted


def test_the_text_is_everything_there_is_to_read_from_top_to_bottom() -> None:
    assert text_of("Good morning", AGENDA).splitlines() == [
        "Good morning",
        "Today",
        "Office calendar",
        "Planning",
        "10:00 – 11:00",
        "Where: Room 4",
        "bring tea",
        "Times are shown in Europe/Moscow",
    ]


def test_buttons_and_selects_are_found_over_all_attachments() -> None:
    seen = read_post(post(props=AGENDA), "posted")
    assert seen.buttons == (Button("join", "Join", "primary", cookie="c00kie"),)
    assert seen.selects == (
        Select("when", "Remind me", (Option("15 min", "15"),), default="15"),
        Select("who", "Person", data_source="users"),
    )


def test_a_control_is_found_by_id_before_label() -> None:
    actions = [
        {"id": "a", "name": "b"},
        {"id": "b", "name": "a"},
        {"id": "c", "name": "Same"},
        {"id": "d", "name": "Same"},
    ]
    seen = read_post(post(props={"attachments": [{"actions": actions}]}), "posted")
    assert seen.control("a") == Button("a", "b")
    assert seen.control("Same") == Button("c", "Same")
    assert seen.control("none") is None


@pytest.mark.parametrize(
    "props", [None, "", {"attachments": None}, {"attachments": "x"}, {"attachments": [None]}]
)
def test_props_of_any_shape_are_survived(props: object) -> None:
    seen = read_post(post(props=props), "posted")
    assert seen.text == "Hello"
    assert seen.controls == ()


def test_the_line_for_a_failed_wait_shows_text_and_what_can_be_pressed() -> None:
    line = read_post(post(props=AGENDA), "ephemeral").describe()
    assert line.startswith("ephemeral Hello / Today / Office calendar")
    assert line.endswith("[Join] [Remind me] [Person]")


def test_a_dialog_is_read_with_fields_and_what_stays_in_them_untouched() -> None:
    dialog = read_dialog(
        {
            "url": "http://bot/dialog",
            "trigger_id": "t",
            "dialog": {
                "callback_id": "connect",
                "title": "Connect",
                "introduction_text": "Hello",
                "state": "sealed",
                "submit_label": "Check",
                "notify_on_cancel": True,
                "elements": [
                    {
                        "name": "login",
                        "display_name": "Login",
                        "type": "text",
                        "subtype": "email",
                        "default": "a@b",
                    },
                    {"name": "all", "display_name": "All", "type": "bool", "default": "true"},
                    {"name": "some", "display_name": "Some", "type": "bool", "optional": True},
                    {
                        "name": "kind",
                        "display_name": "Kind",
                        "type": "select",
                        "options": [{"text": "A", "value": "a"}],
                    },
                ],
            },
        }
    )
    assert (dialog.title, dialog.introduction, dialog.submit_label) == ("Connect", "Hello", "Check")
    assert (dialog.url, dialog.state, dialog.callback_id) == ("http://bot/dialog", "sealed", "connect")
    assert {one.name: one.untouched for one in dialog.fields} == {
        "login": "a@b",
        "all": True,
        "some": False,
        "kind": None,
    }
    assert dialog.field("kind").options == (Option("A", "a"),)
    with pytest.raises(KeyError, match="login, all, some, kind"):
        dialog.field("password")


def test_a_custom_status_has_an_end_or_none() -> None:
    def user(raw: str) -> dict[str, Any]:
        return {"props": {"customStatus": raw}}

    ending = read_custom_status(
        user('{"emoji":"calendar","text":"In a meeting","expires_at":"2026-03-04T10:00:00Z"}')
    )
    assert ending is not None
    assert (ending.emoji, ending.text) == ("calendar", "In a meeting")
    assert ending.active(datetime(2026, 3, 4, 9, 59, tzinfo=UTC))
    assert not ending.active(datetime(2026, 3, 4, 10, 0, tzinfo=UTC))
    endless = read_custom_status(user('{"emoji":"palm_tree","text":"","expires_at":"0001-01-01T00:00:00Z"}'))
    assert endless is not None
    assert endless.until is None


@pytest.mark.parametrize(
    "props", [None, {}, {"customStatus": ""}, {"customStatus": "{}"}, {"customStatus": "null"}]
)
def test_no_custom_status_is_none(props: object) -> None:
    assert read_custom_status({"props": props}) is None


def test_the_answer_to_a_command_is_what_the_person_read() -> None:
    response = {"text": "raw", "attachments": [{"text": "more"}], "goto_location": "https://meet.example/1"}
    assert SlashAnswer(response, ()).text == "raw\nmore"
    assert SlashAnswer(response, ()).goto_location == "https://meet.example/1"
    shown = read_post(post(message="shown"), "ephemeral")
    assert SlashAnswer(response, (shown,)).text == "shown"
    assert SlashAnswer({}, ()).text == ""
