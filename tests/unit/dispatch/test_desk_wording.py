"""What the desk says by itself, in both languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from syrupy.assertion import SnapshotAssertion

from sekretar.dispatch.assignment import wording as assignment
from sekretar.dispatch.assignment.choosing import Candidate, choose
from sekretar.dispatch.incidents.values import Applicant, Incident, Origin, Status
from sekretar.dispatch.operations import wording as operations
from sekretar.dispatch.operations.troubles import Kind, Standing, Trouble, Word
from sekretar.dispatch.sla import wording as sla
from sekretar.dispatch.sla.clocks import ClockKind, Plan
from sekretar.dispatch.sla.escalation import Matter
from sekretar.dispatch.telling import Reader
from sekretar.kernel.i18n import LANGUAGES, Catalogues

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
INCIDENT = Incident(
    id=1, desk="towers", code="NT-12", number=12, opened_at=NOW, created_at=NOW, updated_at=NOW,
    status=Status.NEW, finished_at=None, type_id=None, responsible_id=None, pole_id=None, station_id=None,
    contractor_id=None, applicant=Applicant(), summary="Нет *питания* @all", description="",
    origin=Origin.LETTER, language="ru", unread=False, version=1,
)  # fmt: skip


@pytest.fixture(params=LANGUAGES)
def reader(request: pytest.FixtureRequest) -> Reader:
    return Reader(Catalogues.load().translator(request.param), ZoneInfo("Europe/Moscow"), NOW)


@pytest.mark.parametrize("kind", ClockKind)
def test_deadlines(kind: ClockKind, reader: Reader, snapshot: SnapshotAssertion) -> None:
    near, over, just = (Plan(kind, HOUR, NOW, None, NOW + by) for by in (HOUR, -26 * HOUR, timedelta()))
    late = Plan(kind, HOUR, NOW, NOW - HOUR, NOW - 3 * HOUR)
    said = {
        "near": sla.notice(INCIDENT, near, Matter.WARNING, reader),
        "just": sla.notice(INCIDENT, just, Matter.OVERDUE, reader),
        "over": sla.notice(INCIDENT, over, Matter.OVERDUE, reader),
        "late": sla.notice(INCIDENT, late, Matter.LATE, reader),
    }
    assert {name: str(message.text) for name, message in said.items()} == snapshot
    assert [sla.breach(kind, NOW, reader), sla.moved(kind, NOW, reader)] == snapshot


def test_many_deadlines_together(reader: Reader, snapshot: SnapshotAssertion) -> None:
    """What is overdue first, the worst of it on top; more than a screen of it is counted."""
    over = [
        (replace(INCIDENT, code=f"NT-{n}"), Plan(ClockKind.DISPATCHER, HOUR, NOW, None, NOW - n * HOUR))
        for n in range(1, 33)
    ]
    near = Plan(ClockKind.CONTRACTOR, HOUR, NOW, None, NOW + HOUR)
    late = Plan(ClockKind.REACTION, HOUR, NOW, NOW - HOUR, NOW - 3 * HOUR)
    many = [(INCIDENT, near, Matter.WARNING), *((*each, Matter.OVERDUE) for each in over)]
    lines = str(sla.together(many, reader).text).splitlines()
    assert len(lines) == 1 + 30 + 1 + 1 + 2
    assert [*lines[:2], *lines[30:]] == snapshot
    few = [(INCIDENT, late, Matter.LATE), (INCIDENT, near, Matter.WARNING), (*over[0], Matter.OVERDUE)]
    assert str(sla.together(few, reader).text) == snapshot
    assert sla.together(many[:1], reader) == sla.notice(*many[0], reader)


def told(reason: str, name: str, *, theirs: bool = True) -> assignment.Told:
    return assignment.Told(INCIDENT, reason, name, is_theirs=theirs)


@pytest.mark.parametrize("reason", ["opened", "freed", "answer", "shift_end", "person"])
def test_incidents_that_change_hands(reason: str, reader: Reader, snapshot: SnapshotAssertion) -> None:
    assert str(assignment.handed([told(reason, "Анна")], reader).text) == snapshot
    if reason in ("answer", "shift_end"):
        assert str(assignment.handed([told(reason, "Борис", theirs=False)], reader).text) == snapshot


def test_many_incidents_that_change_hands(reader: Reader, snapshot: SnapshotAssertion) -> None:
    mine = [told("opened", ""), told("answer", "Анна")]
    others = [told("shift_end", "Борис", theirs=False)] * 33
    lines = str(assignment.handed([*mine, *others], reader).text).splitlines()
    assert len(lines) == 1 + 2 + 1 + 1 + 30 + 1
    assert [*lines[:6], lines[-1]] == snapshot


@pytest.mark.parametrize("kind", ["unmanned", "full"])
def test_alarms(kind: str, reader: Reader, snapshot: SnapshotAssertion) -> None:
    soon = assignment.alarm(kind, 1, NOW + 20 * HOUR, ["Анна", "Борис"], reader)
    assert [str(soon.text), str(assignment.alarm(kind, 5, None, [], reader).text)] == snapshot


def test_why(reader: Reader, snapshot: SnapshotAssertion) -> None:
    candidates = [Candidate(each, "Анна", on_shift=each < 4, active=each, waiting=1) for each in range(1, 6)]
    assert [assignment.why(choose(candidates[:many], 0.5), reader.t) for many in (1, 5)] == snapshot


@pytest.mark.parametrize("kind", Kind)
def test_troubles(kind: Kind, reader: Reader, snapshot: SnapshotAssertion) -> None:
    detail = "[Errno 111] Connection *refused*"
    trouble = Trouble("x", kind, NOW - HOUR, "desk@example.org", detail, {"count": 3})
    standing = Standing(trouble.sort, trouble.name, trouble.since, clear_since=NOW)
    t = reader.t
    said = {
        "began": operations.lines(Word.BEGAN, standing, trouble, reader, t),
        "still by telegram": operations.lines(Word.STILL, standing, trouble, reader, t.plain),
        "over": operations.lines(Word.OVER, standing, None, reader, t),
    }
    assert said == snapshot
