"""No secret is readable in a log, whichever way it got there."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from sekretar.kernel.logs import LogFormat, configure
from sekretar.kernel.redaction import is_secret_name, redact, redact_text
from sekretar.kernel.secrets import Vault, generate_key
from sekretar.kernel.signing import Claim, Signer

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)


@pytest.fixture(params=["json", "console"])
def log(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = list(root.handlers), root.level
    log_format: LogFormat = request.param
    configure(log_format, "info", stream)
    yield stream
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(False)
    structlog.reset_defaults()


@pytest.mark.parametrize(
    "values",
    [
        {"password": "hunter2"},
        {"new_password": b"hunter2"},
        {"accessToken": "hunter2"},
        {"headers": {"Authorization": "hunter2", "Cookie": "a=hunter2"}},
        {"api_key": "hunter2"},
        {"keys": ["hunter2"]},
        {"claim": "hunter2"},
        {"url": "https://anna:hunter2@h.example/dav"},
        {"url": "https://h.example/hook?x=1&token=hunter2&y=2"},
        {"detail": "Authorization: Bearer hunter2hunter2"},
        {"detail": '{"password": "hunter2"}'},
        {"detail": "Set-Cookie: MMAUTHTOKEN=hunter2; Path=/"},
        {"error": ValueError("password=hunter2")},
        {"deep": [[{"secret": "hunter2"}]]},
    ],
)
def test_values(log: io.StringIO, values: dict[str, object]) -> None:
    structlog.get_logger("test").info("test.event", shown="visible", **values)
    written = log.getvalue()
    assert "hunter2" not in written
    assert "***" in written
    assert "visible" in written


def test_events_of_any_library(log: io.StringIO) -> None:
    logging.getLogger("some.library").warning("login with %s", "token=hunter2")
    structlog.get_logger("test").warning("password=%s", "hunter2")
    written = log.getvalue()
    assert "hunter2" not in written
    assert written.count("***") == 2


def test_exceptions(log: io.StringIO) -> None:
    def fails() -> None:
        kept_in_a_local_variable = "local-" + "variable"
        raise ValueError(
            f"no access to https://anna:{'hunter' + '2'}@h.example", len(kept_in_a_local_variable)
        )

    try:
        fails()
    except ValueError:
        structlog.get_logger("test").exception("test.failed")
        logging.getLogger("some.library").exception("failed too")
    written = log.getvalue()
    assert "hunter2" not in written
    assert "local-variable" not in written
    assert written.count("ValueError: ('no access to https://***@h.example'") == 2
    assert "in fails" in written


def test_statements_that_failed(log: io.StringIO) -> None:
    quoted = (
        "(Error) UNIQUE\n[SQL: INSERT INTO t VALUES (?, ?)]\n[parameters: ('anna', 'hunter2')]\n(Background)"
    )
    structlog.get_logger("test").error("test.failed", error=quoted)
    assert "hunter2" not in log.getvalue()
    assert "INSERT INTO t" in log.getvalue()


def test_ciphertext_and_claims_by_their_looks() -> None:
    secret = Vault([generate_key()]).encrypt("x")
    sealed = Signer([b"k" * 32]).seal(Claim("a", 1, {}, NOW))
    assert redact_text(f"a {secret} b {sealed} c") == "a *** b *** c"


def test_words_are_left_alone() -> None:
    assert (
        redact_text("the token expired yesterday, basic principles")
        == "the token expired yesterday, basic principles"
    )
    assert redact_text("token 9f3kq8dzjt8u, Basic dXNlcjpwdw==") == "token ***, Basic ***"


def test_json_lines_are_json(log: io.StringIO) -> None:
    if not log.getvalue():
        structlog.get_logger("test").info("test.event", moment=NOW, odd={1: {2}}, tokens=3, key="reminder:1")
    line = log.getvalue()
    if line.startswith("{"):
        found = json.loads(line)
        assert (found["event"], found["level"], found["logger"]) == ("test.event", "info", "test")
        assert (found["moment"], found["odd"], found["tokens"]) == (NOW.isoformat(), {"1": [2]}, 3)
        assert found["key"] == "reminder:1"
    else:
        assert "test.event" in line
        assert "key=reminder:1" in line


def test_talkative_loggers_are_quiet(log: io.StringIO) -> None:
    for name in ("uvicorn.access", "aiohttp.access", "sqlalchemy.engine"):
        logging.getLogger(name).info("GET /?token=x")
    structlog.get_logger("test").debug("too.small")
    assert log.getvalue() == ""


def test_configuring_twice_writes_once(log: io.StringIO) -> None:
    configure("json", "info", log)
    logging.getLogger("test").info("once")
    assert log.getvalue().count("once") == 1


@pytest.mark.parametrize(
    "name", ["token", "bot_token", "botToken", "OAuthToken", "signing_key", "X-Api-Key", "claims"]
)
def test_names_that_hide(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["key", "monkey", "event", "author", "tokenizer", "url", "keyboard"])
def test_names_that_do_not(name: str) -> None:
    assert not is_secret_name(name)


def test_values_that_cannot_be_shown_fail_nothing() -> None:
    class Odd:
        def __repr__(self) -> str:
            raise RuntimeError

    loop: list[object] = []
    loop.append(loop)
    assert redact(Odd()) == "<Odd>"
    assert "***" in str(redact(loop))


@given(st.text())
def test_hiding_twice_changes_nothing_more(text: str) -> None:
    assert redact_text(redact_text(text)) == redact_text(text)
