"""What may stand in the database setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from sekretar.kernel.database import Database
from sekretar.kernel.errors import ConfigurationError, PeerDown


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("mysql://localhost/x", "not supported"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("sqlite:////no/such/directory/x.db", "does not exist"),
        ("no url at all", "cannot be read"),
        ("postgresql://user:hidden@host:port/name", "cannot be read"),
        ("", "cannot be read"),
    ],
)
def test_a_bad_url_is_a_configuration_error_that_quotes_no_password(url: str, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem) as caught:
        Database.open(url)
    assert "hidden" not in str(caught.value)


async def test_an_absent_server_is_a_peer_that_is_down(tmp_path: Path) -> None:
    database = Database.open(f"postgresql://user:hidden@/name?host={tmp_path}")
    for use in (database.transaction, database.reading):
        with pytest.raises(PeerDown) as caught:
            async with use():
                pass
        assert caught.value.peer == "database"
        assert "hidden" not in str(caught.value)
    with pytest.raises(PeerDown):
        await database.migrate()
    await database.close()


async def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"this is not a database" * 100)
    database = Database.open(f"sqlite:///{tmp_path / 'x.db'}")
    with pytest.raises(ConfigurationError, match="not a database"):
        await database.migrate()
    await database.close()
