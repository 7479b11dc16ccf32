"""The mail server of the dispatch desk's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.peers_mail import Dovecot, installed, require_dovecot, running_dovecot


@pytest.fixture(scope="session")
def _dovecot() -> Iterator[Dovecot | None]:
    """One for the whole run; None where the packages are missing."""
    if not installed():
        yield None
        return
    with running_dovecot() as server:
        yield server


@pytest.fixture
def dovecot(_dovecot: Dovecot | None) -> Dovecot:
    """The real Dovecot, running."""
    require_dovecot()
    assert _dovecot is not None
    if _dovecot.process is None:
        _dovecot.start()
    return _dovecot
