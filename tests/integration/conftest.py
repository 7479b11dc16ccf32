"""The peers that more than one part of the suite runs against."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests import peers
from tests.peers_redmine import Redmine, installed, running_redmine


@pytest.fixture(scope="session")
def _redmine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redmine | None]:
    """One for the whole run: it takes some seconds to start; None where the package is missing."""
    if not installed():
        yield None
        return
    with running_redmine(tmp_path_factory.mktemp("redmine")) as running:
        yield running


@pytest.fixture
def redmine(_redmine: Redmine | None) -> Redmine:
    """The real Redmine, seeded."""
    if _redmine is None:
        peers.missing("Redmine", "install the packages redmine, redmine-sqlite and puma")
    return _redmine
