"""An outbox whose messages go to a peer of the test."""

from __future__ import annotations

import pytest
from tests.integration.kernel.outgoing import Peer, make_outbox

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.outbox import Outbox


@pytest.fixture
def peer() -> Peer:
    return Peer()


@pytest.fixture
def outbox(database: Database, clock: ManualClock, peer: Peer) -> Outbox:
    outbox = make_outbox(database, clock)
    outbox.handle("post", peer)
    return outbox
