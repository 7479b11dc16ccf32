"""Alarms: told once, again after hours, and their end once it has held."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sekretar.dispatch.operations.telegram import LONGEST, fitted
from sekretar.dispatch.operations.troubles import MEMORY, Kind, Standing, Trouble, Word, judge

NOON = datetime(2026, 3, 4, 9, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def trouble(kind: Kind = Kind.MAILBOX_REFUSED, mark: str = "", since: datetime = NOON) -> Trouble:
    return Trouble("mailbox:desk@example.org", kind, since, "desk@example.org", mark=mark)


class Desk:
    """Everything said about one subject, in minutes after noon."""

    def __init__(self) -> None:
        self.standing: Standing | None = None
        self.said: list[tuple[int, Word]] = []
        self.minute = 0

    def pass_by(self, minutes: int, seen: Trouble | None) -> None:
        """Look every minute."""
        for _ in range(minutes):
            verdict = judge(self.standing, seen, NOON + self.minute * MINUTE)
            self.standing = verdict.standing
            if verdict.say is not None:
                self.said.append((self.minute, verdict.say))
            self.minute += 1


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_what_stays_is_told_once_and_again_after_hours(desk: Desk) -> None:
    desk.pass_by(60 * 30, trouble())
    assert desk.said == [(0, Word.BEGAN), (240, Word.STILL), (240 + 1440, Word.STILL)]


def test_what_passes_within_its_patience_is_told_to_nobody(desk: Desk) -> None:
    desk.pass_by(4, trouble(Kind.MAILBOX_DOWN))
    desk.pass_by(600, None)
    assert desk.said == []
    assert desk.standing is None


def test_the_end_is_told_once_it_has_held(desk: Desk) -> None:
    desk.pass_by(10, trouble())
    desk.pass_by(600, None)
    assert desk.said == [(0, Word.BEGAN), (15, Word.OVER)]


def test_what_comes_and_goes_is_one_trouble(desk: Desk) -> None:
    for _ in range(60):
        desk.pass_by(2, trouble())
        desk.pass_by(2, None)
    assert desk.said == [(0, Word.BEGAN)]
    desk.pass_by(121, None)
    assert [word for _, word in desk.said[1:]] == [Word.OVER]


def test_each_return_makes_the_next_end_wait_longer(desk: Desk) -> None:
    for _ in range(12):
        desk.pass_by(10, trouble(since=NOON + desk.minute * MINUTE))
        desk.pass_by(10, None)
    # Told as begun and over twice at the most: after that ten minutes of quiet are no end.
    assert [word for _, word in desk.said] == [Word.BEGAN, Word.OVER, Word.BEGAN]


def test_a_trouble_long_after_is_a_new_one(desk: Desk) -> None:
    desk.pass_by(1, trouble())
    desk.pass_by(int(MEMORY / MINUTE) + 10, None)
    assert desk.standing is None
    desk.pass_by(1, trouble(since=NOON + desk.minute * MINUTE))
    assert desk.standing is not None
    assert desk.standing.returns == 0
    assert desk.said[-1][1] is Word.BEGAN


def test_another_trouble_about_the_same_is_told_again_but_not_at_once(desk: Desk) -> None:
    desk.pass_by(1, trouble())
    desk.pass_by(30, trouble(Kind.MAILBOX_TLS))
    assert desk.said == [(0, Word.BEGAN), (15, Word.CHANGED)]


def test_what_could_not_be_said_is_as_if_it_was_not(desk: Desk) -> None:
    verdict = judge(None, trouble(), NOON)
    assert verdict.unsaid is not None
    assert judge(verdict.unsaid, trouble(), NOON + HOUR).say is Word.BEGAN


def test_the_look_that_is_due_next_is_named() -> None:
    verdict = judge(None, trouble(Kind.MAILBOX_DOWN), NOON)
    assert verdict.say is None
    assert verdict.look_at == NOON + 5 * MINUTE


class TestTelegramLength:
    def test_a_short_text_stays(self) -> None:
        assert fitted("ok 🚨") == "ok 🚨"

    @pytest.mark.parametrize("letter", ["я", "🚨"])
    def test_a_long_one_is_cut_between_characters(self, letter: str) -> None:
        text = fitted(letter * 5000)
        assert len(text.encode("utf-16-le")) // 2 <= LONGEST
        assert text == letter * (len(text) - 1) + "…"
