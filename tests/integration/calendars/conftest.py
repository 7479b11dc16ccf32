"""Anna's diary on both databases."""

from __future__ import annotations

import pytest
from tests.integration.calendars.diary import Diary, open_diary

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database


@pytest.fixture
async def diary(database: Database, clock: ManualClock) -> Diary:
    return await open_diary(database, clock)
