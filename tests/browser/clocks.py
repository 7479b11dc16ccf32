"""What day it is in the browser: never the one on which the tests run, which may end in the middle of them."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from tests.acceptance.office import ShiftedClock

MOSCOW = ZoneInfo("Europe/Moscow")
_TUESDAY = 1


def on_tuesday(begins: time) -> ShiftedClock:
    """A clock on which it is next Tuesday: what is today must not depend on when the tests run."""
    clock = ShiftedClock()
    today = clock.now().astimezone(MOSCOW).date()
    ahead = (_TUESDAY - today.weekday()) % 7 or 7
    clock.ahead = datetime.combine(today + timedelta(days=ahead), begins, MOSCOW) - clock.now()
    return clock
