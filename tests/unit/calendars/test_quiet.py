"""*Do not disturb* is borrowed for the time of a meeting, and never taken from the person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sekretar.calendars.quiet import Begin, Decision, End, Forget, Held, Yield, decide

END = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
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
    assert decide(until, current, held) == decision
