"""How the questions of a form look, in both languages."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion
from tests.unit.mattermost.surface_values import translator

from sekretar.kernel.errors import PersonError
from sekretar.kernel.forms import Choice, Field, FieldKind, Form
from sekretar.mattermost.messages import Button, Message, Select
from sekretar.mattermost.questions import Asked, Value, prompt, settled

MANY = tuple(Choice(str(number), f"Choice {number}") for number in range(6))
FORM = Form(
    "calendars.connect",
    "Connect *a* calendar",
    "Where is it?",
    (
        Field("provider", FieldKind.CHOICE, "Provider", choices=MANY[:3], help="Any of them."),
        Field("calendar", FieldKind.CHOICE, "Calendar", choices=MANY),
        Field("password", FieldKind.SECRET, "Password"),
        Field("busy", FieldKind.BOOL, "Show me busy?", default=True),
        Field("day", FieldKind.DATE, "From which day?", optional=True),
        Field("who", FieldKind.PERSON, "Whom shall I tell?"),
        Field("minutes", FieldKind.NUMBER, "Minutes", quick=(Choice("5", "5"), Choice("10", "10"))),
    ),
    "Connect",
)


def shown(message: Message) -> str:
    """A message as a reader sees it."""
    lines = [str(message.text)]
    for attachment in message.attachments:
        parts = [
            f"[{action.label}]" if isinstance(action, Button) else f"<{action.label}>"
            for action in attachment.actions
        ]
        lines.append(f"{attachment.color.name}: {' '.join(parts)}")
    return "\n".join(lines)


def asked(step: int, answers: dict[str, Value] | None = None) -> Asked:
    return Asked(FORM, step, answers or {}, "conversation:x:0")


@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_question(language: str, snapshot: SnapshotAssertion) -> None:
    t = translator(language)
    prompts = [shown(prompt(asked(step), t)) for step in range(len(FORM.fields) + 1)]
    assert "\n\n".join(prompts) == snapshot


@pytest.mark.parametrize("language", ["ru", "en"])
def test_a_wrong_answer_and_a_notice(language: str, snapshot: SnapshotAssertion) -> None:
    t = translator(language)
    wrong = prompt(asked(6, {"minutes": "7"}), t, error=PersonError("kernel.form.number"))
    told = prompt(asked(0), t, notice=t("mattermost.conversation.replaced"))
    assert "\n\n".join([shown(wrong), shown(told)]) == snapshot


@pytest.mark.parametrize("language", ["ru", "en"])
def test_answers_become_sentences(language: str, snapshot: SnapshotAssertion) -> None:
    t = translator(language)
    answers: list[tuple[int, Value]] = [
        (0, "1"),
        (2, "s3cret"),
        (3, False),
        (4, "2026-03-08"),
        (4, ""),
        (6, "*"),
    ]
    sentences = [str(settled(FORM.fields[step], value, t).text) for step, value in answers]
    assert "s3cret" not in " ".join(sentences)
    assert "\n".join(sentences) == snapshot


def test_a_name_is_shown_where_the_value_is_an_id() -> None:
    sentence = settled(FORM.fields[5], "x" * 26, translator("en"), "@anna.k-1")
    assert sentence.text == "Whom shall I tell: **@\u2060anna.k-1**"


def test_no_more_than_five_buttons_and_one_list() -> None:
    for step in range(len(FORM.fields)):
        for attachment in prompt(asked(step), translator("en")).attachments:
            assert 0 < len(attachment.actions) <= 5
            assert sum(isinstance(action, Select) for action in attachment.actions) <= 1


def test_every_button_names_its_question() -> None:
    for step in range(len(FORM.fields) + 1):
        for attachment in prompt(asked(step), translator("en")).attachments:
            assert all(action.record["key"] == "conversation:x:0" for action in attachment.actions)
