"""The trackers of this house, from the settings: the only place that knows every adapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sekretar.kernel.clock import Clock
from sekretar.kernel.http import HttpSessions
from sekretar.trackers.port import TrackerSite
from sekretar.trackers.redmine import RedmineSite
from sekretar.trackers.settings import TrackerSettings, YandexSettings
from sekretar.trackers.yandex import YandexSite


def open_trackers(
    settings: Sequence[TrackerSettings], http: HttpSessions, clock: Clock
) -> Mapping[str, TrackerSite]:
    """Every configured tracker by its name, in the order of the settings. Nothing is asked of them yet."""
    return {each.name: _site(each, http, clock) for each in settings}


def _site(settings: TrackerSettings, http: HttpSessions, clock: Clock) -> TrackerSite:
    if isinstance(settings, YandexSettings):
        return YandexSite(settings, http.peers, clock)
    return RedmineSite(settings, http.peers, clock)
