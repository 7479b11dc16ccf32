"""Yandex Tracker, through version 3 of its API."""

from sekretar.trackers.yandex.site import YandexSite

__all__ = ["YandexSite"]
