"""Which field does a complaint mean: found out on a Redmine that complains in no language at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sekretar.trackers.redmine.faults import name_faults
from sekretar.trackers.redmine.writing import Body
from sekretar.trackers.values import CustomField, Field, Kind

Complaint = Callable[[Body], bool]

BODY: dict[str, Any] = {
    "project_id": "1",
    "tracker_id": "1",
    "subject": "x",
    "assigned_to_id": "9",
    "done_ratio": 30,
}
DISTRICT = CustomField("1", "District", Kind.CHOICE, required=True)
CITY = CustomField("2", "District city", Kind.LINE, required=False)

COMPLAINTS: dict[str, Complaint] = {
    "α": lambda body: body["subject"] == "",
    "β": lambda body: len(body["subject"]) > 255,
    "γ": lambda body: body.get("assigned_to_id") == "9",
    "δ": lambda body: "due_date" not in body,
    "ε": lambda body: True,
    "District must be": lambda body: True,
    "District city must be": lambda body: True,
}


class Redmine:
    """Complains by these rules and counts how often it was tried."""

    def __init__(self, *texts: str) -> None:
        self.rules = {text: COMPLAINTS[text] for text in ("α", *texts)}
        self.tries = 0

    def complaints(self, body: Body) -> frozenset[str]:
        return frozenset(text for text, rule in self.rules.items() if rule(body))

    async def attempt(self, body: Body) -> frozenset[str]:
        self.tries += 1
        found = self.complaints(body)
        assert found, "this would have made a ticket"
        return found


async def named(redmine: Redmine, body: Body) -> dict[str, str | None]:
    texts = tuple(sorted(redmine.complaints(body)))
    problems = await name_faults(texts, body, (DISTRICT, CITY), redmine.attempt)
    return {problem.text: problem.field for problem in problems}


@pytest.mark.parametrize(
    ("texts", "body", "found"),
    [
        (("γ",), BODY, {"γ": Field.ASSIGNEE}),
        (("δ",), BODY, {"δ": Field.DUE}),
        (
            ("β", "γ", "δ"),
            {**BODY, "subject": "x" * 300},
            {"β": Field.SUBJECT, "γ": Field.ASSIGNEE, "δ": Field.DUE},
        ),
        (("ε",), BODY, {"ε": None}),
        (("District must be",), BODY, {"District must be": "custom:1"}),
        (("District city must be",), BODY, {"District city must be": "custom:2"}),
    ],
)
async def test_each_complaint(texts: tuple[str, ...], body: Body, found: dict[str, str | None]) -> None:
    assert await named(Redmine(*texts), body) == found


async def test_a_custom_field_is_known_without_trying() -> None:
    redmine = Redmine("District must be")
    await named(redmine, BODY)
    assert redmine.tries == 0


async def test_files_are_not_tried_and_blamed_when_nothing_else_is_left() -> None:
    texts = ("ζ",)
    problems = await name_faults(texts, {**BODY, "uploads": [{"token": "t"}]}, (), Redmine("γ").attempt)
    assert [problem.field for problem in problems] == [Field.FILES]
