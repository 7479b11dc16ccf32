"""The workflow: the predecessor's table, what the triggers do, and the checks before closing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sekretar.dispatch.incidents import rules
from sekretar.dispatch.incidents.values import (
    Applicant,
    Incident,
    IncidentChange,
    LinkKind,
    Origin,
    Status,
)
from sekretar.dispatch.incidents.workflow import (
    FINISHED,
    TRIGGERS,
    LetterKind,
    is_legal,
    moves,
)
from sekretar.kernel.errors import PersonError
from sekretar.kernel.i18n import LANGUAGES, Catalogues

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)

#: The predecessor's table, by the first letters of each name there.
TABLE = """
new: in_progress
in_progress: notifying_applicant applicant_notified on_generation closed
notifying_applicant: applicant_notified
applicant_notified: handing_over handed_over notifying_closure closure_notified on_generation
handing_over: handed_over
handed_over: notifying_closure on_generation closed awaiting_confirmation
awaiting_confirmation: notifying_closure closure_notified
notifying_closure: closure_notified
closure_notified: on_generation closed
on_generation: closed notifying_closure
error: in_progress
"""


def incident(**fields: object) -> Incident:
    values: dict[str, object] = {
        "id": 7,
        "desk": "towers",
        "code": "INC-7",
        "number": 7,
        "opened_at": NOW,
        "created_at": NOW,
        "updated_at": NOW,
        "status": Status.IN_PROGRESS,
        "finished_at": None,
        "type_id": None,
        "responsible_id": None,
        "pole_id": None,
        "station_id": None,
        "contractor_id": None,
        "applicant": Applicant("Anna", "anna@example.org"),
        "summary": "No power",
        "description": "",
        "origin": Origin.LETTER,
        "language": "ru",
        "unread": False,
        "version": 1,
    }
    return Incident(**{**values, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize("line", TABLE.strip().splitlines())
def test_the_moves_of_the_table_are_legal(line: str) -> None:
    status, _, targets = line.partition(": ")
    for target in targets.split():
        assert is_legal(Status(status), Status(target)), target
        assert Status(target) in moves(Status(status)), target


def test_what_is_offered_is_legal_and_nothing_else_is_but_an_error() -> None:
    for status in Status:
        legal = {target for target in Status if is_legal(status, target)}
        assert legal - set(moves(status)) <= {Status.ERROR}
        assert set(moves(status)) <= legal
        assert len(set(moves(status))) == len(moves(status))


def test_waiting_and_error_are_reached_from_wherever_work_is_done() -> None:
    waiting = {status for status in Status if is_legal(status, Status.AWAITING_CONFIRMATION)}
    assert waiting == set(Status) - {Status.AWAITING_CONFIRMATION, Status.CLOSED, *TRIGGERS}
    failing = {status for status in Status if is_legal(status, Status.ERROR)}
    assert failing == set(Status) - {Status.ERROR, Status.CLOSED}


def test_a_letter_that_is_delivered_moves_its_incident_on() -> None:
    assert {trigger.letter for trigger in TRIGGERS.values()} == set(LetterKind)
    for status, trigger in TRIGGERS.items():
        assert is_legal(status, trigger.then)
        assert is_legal(status, Status.ERROR)


def test_every_incident_can_be_closed_some_day() -> None:
    for status in Status:
        reached, wave = set[Status](), {status}
        while wave:
            reached |= wave
            wave = {target for each in wave for target in moves(each)} - reached
        assert Status.CLOSED in reached


def test_an_illegal_move_is_refused_with_what_can_be_done_instead() -> None:
    for status in Status:
        illegal = [target for target in Status if not is_legal(status, target) and target is not status]
        with pytest.raises(PersonError) as refusal:
            rules.check_move(incident(status=status), illegal[0])
        for language in LANGUAGES:
            assert "INC-7" in Catalogues.load().translator(language).plain_error(refusal.value)


def test_closing_needs_a_type_and_waits_for_what_it_depends_on() -> None:
    with pytest.raises(PersonError, match="needs_type"):
        rules.check_closing(incident(), None, [])
    with pytest.raises(PersonError, match="depends") as refusal:
        rules.check_closing(incident(), 3, ["INC-5", "INC-6"])
    assert "INC-5, INC-6" in Catalogues.load().translator("ru").plain_error(refusal.value)
    rules.check_closing(incident(), 3, [])


def test_an_incident_is_finished_when_it_first_was() -> None:
    later = NOW + timedelta(hours=1)
    assert rules.finished_at(incident(), Status.ON_GENERATION, NOW) == NOW
    assert rules.finished_at(incident(finished_at=NOW), Status.CLOSED, later) == NOW
    assert rules.finished_at(incident(finished_at=NOW), Status.IN_PROGRESS, later) is None


def test_what_was_seen_must_still_be_so() -> None:
    rules.check_seen(incident(), IncidentChange(status=Status.IN_PROGRESS))
    rules.check_seen(incident(unread=True, version=9), IncidentChange(responsible_id=None))
    with pytest.raises(PersonError, match="changed_meanwhile"):
        rules.check_seen(incident(responsible_id=2), IncidentChange(responsible_id=None))


def test_a_change_of_nothing_is_no_change() -> None:
    same = IncidentChange(status=Status.IN_PROGRESS, type_id=None, summary="No power")
    assert rules.differing(incident(), same) == {}
    assert rules.differing(incident(type_id=4), IncidentChange(type_id=None)) == {"type_id": None}


def test_a_link_read_from_the_other_side() -> None:
    assert LinkKind.BLOCKS.inverse is LinkKind.DEPENDS
    assert LinkKind.DEPENDS.inverse is LinkKind.BLOCKS
    assert LinkKind.DUPLICATE.inverse is LinkKind.DUPLICATE
    assert {Status.CLOSED, Status.ON_GENERATION} == FINISHED
