"""The trackers in the settings: what is wrong is said, and nothing secret with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sekretar.config import load_settings
from sekretar.kernel.errors import ConfigurationError

GOOD = '{"kind": "redmine", "name": "main", "url": "https://r.test/redmine/", "key": "hunter2"}'

TRACKER = '{"kind": "yandex", "name": "work", "org_id": "12", "key": "hunter2"}'


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


def test_one_organisation_is_named_by_its_own_header(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    cloud = TRACKER.replace("org_id", "cloud_org_id").replace("work", "cloud")
    monkeypatch.setenv("SEKRETAR_TRACKERS", f"[{GOOD}, {TRACKER}, {cloud}]")
    _, first, second = load_settings().trackers
    assert (first.organisation, second.organisation) == ({"X-Org-ID": "12"}, {"X-Cloud-Org-ID": "12"})
    assert (first.url, first.public_url) == ("https://api.tracker.yandex.net", "https://tracker.yandex.ru")
    assert "hunter2" not in repr(first)


def test_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert load("", monkeypatch, tmp_path) == ()


@pytest.mark.parametrize(
    ("trackers", "said"),
    [
        ("main", "is not JSON"),
        (f"[{GOOD}, {GOOD}]", "two trackers of the same name"),
        ('[{"kind": "redmine", "name": "main"}]', "entry 1, redmine, url"),
        (f"[{GOOD.replace('https://', '')}]", "must begin with http"),
        (f"[{GOOD.replace('r.test', '')}]", "has no host"),
        (f"[{GOOD.replace('r.test', 'r.test:x')}]", "has no host"),
        (f"[{GOOD.replace('main', 'My tracker')}]", "entry 1, redmine, name"),
        (f'[{GOOD[:-1]}, "secret": "hunter2"}}]', "secret"),
        ('{"kind": "redmine"}', "SEKRETAR_TRACKERS"),
        ('[{"kind": "jira", "name": "main"}]', "entry 1"),
        (f"[{TRACKER.replace('org_id', 'oauth_client')}]", "needs either org_id or cloud_org_id"),
        (f'[{TRACKER[:-1]}, "cloud_org_id": "bpf"}}]', "needs either org_id or cloud_org_id"),
        (f"[{TRACKER.replace('12', 'a b')}]", "is no id"),
    ],
)
def test_what_is_wrong(trackers: str, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(trackers, monkeypatch, tmp_path)
    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value)
