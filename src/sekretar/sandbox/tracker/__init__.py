"""A stand-in for Yandex Tracker: stateful, in memory, with faults on demand.

It models the service, not Sekretar: the vendor's own Python client works against it.
"""

from sekretar.sandbox.tracker.server import TrackerSandbox
from sekretar.sandbox.tracker.state import Limits

__all__ = ["Limits", "TrackerSandbox"]
