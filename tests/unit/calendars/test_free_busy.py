"""The question for somebody's time, and the answers of calendar servers, the odd ones too."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sekretar.calendars.caldav.scheduling import neighbour_home
from sekretar.calendars.finding.free_busy import NoFreeBusy, periods, question
from sekretar.calendars.finding.standing import Busy, Source, Standing, standing

BEGIN, END = datetime(2026, 3, 5, tzinfo=UTC), datetime(2026, 3, 6, tzinfo=UTC)


def answer(*lines: str) -> str:
    body = ["BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VFREEBUSY", *lines, "END:VFREEBUSY", "END:VCALENDAR", ""]
    return "\r\n".join(body)


def at(hour: int) -> datetime:
    return BEGIN.replace(hour=hour)


def test_periods_of_every_form() -> None:
    text = answer(
        "DTSTART:20260305T000000Z",
        "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20260305T150000Z/20260305T160000Z",
        "FREEBUSY:20260305T100000Z/PT1H,20260305T120000Z/20260305T1",
        " 30000Z",
        "FREEBUSY;FBTYPE=FREE:20260305T000000Z/20260305T100000Z",
        "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20260305T180000Z/P1D",
        "FREEBUSY;FBTYPE=X-GARDENING:20260305T170000Z/20260305T180000Z",
        "FREEBUSY:20260305T200000Z/20260305T190000Z",
    )
    assert periods(text) == (
        Busy(at(10), at(11)),
        Busy(at(12), at(13)),
        Busy(at(15), at(16), tentative=True),
        Busy(at(17), at(18)),
        Busy(at(18), END.replace(hour=18)),
    )


def test_nothing_taken_is_an_answer() -> None:
    assert periods(answer("DTSTART:20260305T000000Z")) == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        answer("FREEBUSY:tomorrow"),
        answer("FREEBUSY:20260305T100000Z/PT"),
        answer("FREEBUSY:20260305T100000Z/P99999999999D"),
        answer("FREEBUSY:20260305T100000/20260305T110000"),
        answer(*["FREEBUSY:20260305T100000Z/PT1H"] * 10_001),
    ],
    ids=["empty", "event", "word", "no length", "endless", "floating", "very many"],
)
def test_what_cannot_be_read_calls_nobody_free(text: str) -> None:
    with pytest.raises(NoFreeBusy):
        periods(text)


def test_the_question_names_everybody_and_nothing_else() -> None:
    text = question("Anna@Example.com", ["boris@example.com", "vera@example.org"], BEGIN, END, "u1", BEGIN)
    assert text.splitlines() == [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Sekretar//Sekretar//EN", "METHOD:REQUEST",
        "BEGIN:VFREEBUSY", "UID:u1", "DTSTAMP:20260305T000000Z", "DTSTART:20260305T000000Z",
        "DTEND:20260306T000000Z", "ORGANIZER:mailto:anna@example.com", "ATTENDEE:mailto:boris@example.com",
        "ATTENDEE:mailto:vera@example.org", "END:VFREEBUSY", "END:VCALENDAR",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="address"):
        question(
            "anna@example.com", ["x@example.com\r\nATTENDEE:mailto:y@example.com"], BEGIN, END, "u", BEGIN
        )


@pytest.mark.parametrize(
    ("home", "expected"),
    [
        ("https://c.example/anna@example.com/", "https://c.example/boris@example.com/"),
        ("https://c.example/dav/Anna%40Example.com/cal/", "https://c.example/dav/boris%40example.com/cal/"),
        ("https://c.example/anna/", "https://c.example/boris/"),
        ("https://c.example/anna/calendars/anna/", "https://c.example/anna/calendars/boris/"),
        ("https://c.example/8af3/", None),
    ],
)
def test_the_home_of_a_neighbour(home: str, expected: str | None) -> None:
    found = neighbour_home(home, ["anna@example.com"], "Boris@example.com")
    assert (found or "").replace("@", "%40") == (expected or "").replace("@", "%40")


def test_another_mail_domain_is_another_boris() -> None:
    assert neighbour_home("https://c.example/anna/", ["anna@example.com"], "boris@other.example") is None
    assert neighbour_home("https://c.example/anna/", ["anna"], "boris@example.com") is None
    assert neighbour_home("https://c.example/anna/", ["anna@example.com"], "anna@example.com") is None


@pytest.mark.parametrize(
    ("taken", "source", "expected"),
    [
        ([], Source.STORED, Standing.FREE),
        ([], Source.SERVER, Standing.FREE),
        ([], Source.NOBODY, Standing.UNKNOWN),
        ([Busy(at(10), at(11))], Source.NOBODY, Standing.BUSY),
        ([Busy(at(10), at(11), tentative=True)], Source.STORED, Standing.TENTATIVE),
        ([Busy(at(10), at(11), tentative=True), Busy(at(9), at(11))], Source.STORED, Standing.BUSY),
    ],
)
def test_how_somebody_stands(taken: list[Busy], source: Source, expected: Standing) -> None:
    assert standing(taken, source) is expected
