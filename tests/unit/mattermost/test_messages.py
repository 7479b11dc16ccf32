"""Messages as posts: shape, limits, claims."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from syrupy.assertion import SnapshotAssertion
from tests.unit.mattermost.surface_values import NOW, SIGNER, person, renderer

from sekretar.kernel.forms import Choice
from sekretar.kernel.signing import Expired
from sekretar.kernel.text import Markdown
from sekretar.mattermost.messages import (
    FOOTER_LIMIT,
    LIFETIME,
    Attachment,
    AttachmentField,
    Button,
    Colour,
    Message,
    Select,
    flatten,
)

MEETING = Message(
    Markdown("**Today**, 1 meeting"),
    (
        Attachment(
            color=Colour.AMBER,
            title="Stand-up [daily] @all",
            text="starts in 10 minutes | room_1",
            fields=(AttachmentField("Where", "Room *1*"),),
            actions=(
                Button("Join", "calendars.join", {"event": 7}, "primary"),
                Select("Remind me", "calendars.remind", {"event": 7}, (Choice("15", "15 min"),)),
                Select("Ask", "calendars.ask", data_source="users", anyone=True),
            ),
            footer="Europe/Moscow",
        ),
    ),
)


def test_a_message_is_a_post(snapshot: SnapshotAssertion) -> None:
    rendered = renderer().render(MEETING, person(), NOW)
    assert json.dumps(rendered.as_payload(), ensure_ascii=False, indent=1) == snapshot


def test_every_button_carries_a_claim_for_its_person() -> None:
    rendered = renderer().render(MEETING, person(), NOW)
    join, remind, ask = rendered.attachments[0]["actions"]
    claim = SIGNER.open(join["integration"]["context"]["claim"], "action:calendars.join", NOW)
    assert (claim.person, dict(claim.record), claim.expires_at) == (7, {"event": 7}, NOW + LIFETIME)
    assert SIGNER.open(remind["integration"]["context"]["claim"], "action:calendars.remind", NOW).person == 7
    assert SIGNER.open(ask["integration"]["context"]["claim"], "action:calendars.ask", NOW).person == 0
    with pytest.raises(Expired):
        SIGNER.open(
            join["integration"]["context"]["claim"],
            "action:calendars.join",
            NOW + LIFETIME + timedelta(seconds=1),
        )


def test_without_a_person_every_button_is_for_anyone() -> None:
    rendered = renderer().render(MEETING, None, NOW)
    for action in rendered.attachments[0]["actions"]:
        context = action["integration"]["context"]
        assert SIGNER.open(context["claim"], f"action:{context['action']}", NOW).person == 0


def test_ids_are_letters_and_digits_unique_and_stable() -> None:
    twins = Message("", tuple(Attachment(actions=(Button("A", "x_y.z"),) * 5) for _ in range(3)))
    first, second = (renderer().render(twins, person(), NOW) for _ in range(2))
    ids = [action["id"] for one in first.attachments for action in one["actions"]]
    assert len(set(ids)) == 15
    assert all(re.fullmatch("[A-Za-z0-9]+", each) for each in ids)
    assert ids == [action["id"] for one in second.attachments for action in one["actions"]]


def test_foreign_text_is_escaped_and_ours_is_not() -> None:
    rendered = renderer().render(Message("*foreign* @all", (Attachment(text=Markdown("*ours*")),)), None, NOW)
    assert rendered.message == "\\*foreign\\* @\u2060all"
    assert rendered.attachments[0]["text"] == "*ours*"


def test_a_title_that_is_a_link_is_plain_text() -> None:
    """Clients interpret no markdown there, so a backslash would be seen."""
    linked = Attachment(title="a_b *c*", title_link="https://example.com")
    assert renderer().render(Message("", (linked,)), None, NOW).attachments[0]["title"] == "a_b *c*"


@pytest.mark.parametrize(
    ("attachment", "fallback"),
    [
        (Attachment(fallback="said"), "said"),
        (Attachment(title="Title", text="text"), "Title — text"),
        (Attachment(fields=(AttachmentField("Where", "Room 1"),)), "Where: Room 1"),
        (Attachment(actions=(Button("Yes", "a"), Button("No", "b"))), "Yes / No"),
        (Attachment(), "…"),
    ],
)
def test_there_is_always_a_fallback(attachment: Attachment, fallback: str) -> None:
    assert renderer().render(Message("", (attachment,)), None, NOW).attachments[0]["fallback"] == fallback


def test_limits_of_the_server_are_kept() -> None:
    with pytest.raises(ValueError, match="6 actions"):
        Attachment(actions=(Button("A", "x"),) * 6)
    long = Message("", (Attachment(footer="f" * 1000, text="t"),))
    assert len(renderer().render(long, None, NOW).attachments[0]["footer"]) == FOOTER_LIMIT
    with pytest.raises(ValueError, match="800000"):
        renderer().render(Message("", (Attachment(text="t" * 800_000),)), None, NOW)


def test_a_message_can_lose_its_buttons() -> None:
    bare = MEETING.without_actions()
    assert MEETING.has_actions
    assert not bare.has_actions
    assert bare.attachments[0].title == MEETING.attachments[0].title
    only_buttons = Message("", (Attachment(actions=(Button("A", "x"),)),))
    assert only_buttons.without_actions().attachments == ()


def test_a_message_can_be_said_in_words(snapshot: SnapshotAssertion) -> None:
    assert flatten(MEETING) == snapshot
