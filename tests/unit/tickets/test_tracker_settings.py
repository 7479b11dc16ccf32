"""The trackers in the settings: what is wrong is said, and nothing secret with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sekretar.config import load_settings
from sekretar.kernel.errors import ConfigurationError

GOOD = '{"kind": "redmine", "name": "main", "url": "https://r.test/redmine/", "key": "hunter2"}'


def load(trackers: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> object:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEKRETAR_TRACKERS", trackers)
    return load_settings().trackers


def test_several(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEKRETAR_TRACKERS", f"[{GOOD}, {GOOD.replace('main', 'other-2')}]")
    first, second = load_settings().trackers
    assert (first.name, first.url, second.name) == ("main", "https://r.test/redmine", "other-2")
    assert "hunter2" not in repr(first)


def test_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert load("", monkeypatch, tmp_path) == ()


@pytest.mark.parametrize(
    ("trackers", "said"),
    [
        ("main", "is not JSON"),
        (f"[{GOOD}, {GOOD}]", "two trackers of the same name"),
        ('[{"kind": "redmine", "name": "main"}]', "entry 1, url"),
        (f"[{GOOD.replace('https://', '')}]", "must begin with http"),
        (f"[{GOOD.replace('r.test', '')}]", "has no host"),
        (f"[{GOOD.replace('r.test', 'r.test:x')}]", "has no host"),
        (f"[{GOOD.replace('main', 'My tracker')}]", "entry 1, name"),
        (f'[{GOOD[:-1]}, "secret": "hunter2"}}]', "secret"),
        ('{"kind": "redmine"}', "SEKRETAR_TRACKERS"),
    ],
)
def test_what_is_wrong(trackers: str, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(trackers, monkeypatch, tmp_path)
    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value)
