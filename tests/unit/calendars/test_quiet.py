"""*Do not disturb* is borrowed for the time of a meeting, and never taken from the person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sekretar.calendars.presence.quiet import Begin, Decision, End, Forget, Held, Yield, decide

END = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
NOW = END - timedelta(minutes=30)
LATER = END + timedelta(hours=1)
OURS = Held(END, "away")


@pytest.mark.parametrize(
    ("until", "current", "held", "decision"),
    [
        pytest.param(None, "online", None, None, id="no meeting"),
        pytest.param(END, "online", None, Begin(END, "online"), id="a meeting begins"),
        pytest.param(END, "away", None, Begin(END, "away"), id="while away"),
        pytest.param(END, "offline", None, None, id="offline stays offline"),
        pytest.param(END, "dnd", None, None, id="their own wish is theirs"),
        pytest.param(END, "ooo", None, None, id="out of office"),
        pytest.param(END, "dnd", OURS, None, id="as it should be"),
        pytest.param(LATER, "dnd", OURS, Begin(LATER, "away"), id="prolonged"),
        pytest.param(END, "online", OURS, Yield(), id="changed by hand"),
        pytest.param(END, "online", Held(END, "away", yielded=True), None, id="and left alone"),
        pytest.param(None, "dnd", OURS, End("away"), id="over"),
        pytest.param(None, "away", OURS, Forget(), id="ended by Mattermost"),
        pytest.param(None, "online", OURS, Forget(), id="over, and changed by hand"),
        pytest.param(None, "dnd", Held(END, "away", yielded=True), Forget(), id="dnd again, but by hand"),
    ],
)
def test_what_is_done(until: datetime | None, current: str, held: Held | None, decision: Decision) -> None:
    assert decide(NOW, until, current, held) == decision


@pytest.mark.parametrize(
    ("seconds", "until", "current", "held", "decision"),
    [
        pytest.param(60, LATER, "online", OURS, Begin(LATER, "online"), id="prolonged after its end"),
        pytest.param(60, LATER, "offline", OURS, Forget(), id="prolonged after its end, and gone home"),
        pytest.param(-20, END, "away", OURS, None, id="ended by a clock that is ahead of ours"),
        pytest.param(60, LATER, "online", Held(END, "away", yielded=True), None, id="left alone to the end"),
    ],
)
def test_when_mattermost_has_ended_it_nobody_has_changed_it_by_hand(
    seconds: int, until: datetime, current: str, held: Held, decision: Decision
) -> None:
    assert decide(END + timedelta(seconds=seconds), until, current, held) == decision
