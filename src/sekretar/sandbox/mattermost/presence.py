"""Online, away, do not disturb, offline: kept per user, told to that user's own clients."""

from __future__ import annotations

from dataclasses import replace

from sekretar.sandbox.mattermost.hub import Event
from sekretar.sandbox.mattermost.site import Site
from sekretar.sandbox.mattermost.state import Status

MANUAL = ("online", "away", "dnd", "offline")


def status_of(site: Site, user_id: str) -> Status:
    """The status at this moment; a timed *do not disturb* that has ended counts as online."""
    status = site.world.statuses.get(user_id) or Status(user_id)
    if status.status == "dnd" and 0 < status.dnd_end_time * 1000 <= site.now():
        return _set(site, replace(status, status="online", manual=False, dnd_end_time=0))
    return status


def set_status(site: Site, user_id: str, status: str, dnd_end_time: int = 0) -> Status:
    """What a person chooses; it stays until they choose otherwise."""
    activity = site.now() if status == "online" else status_of(site, user_id).last_activity_at
    end = dnd_end_time if status == "dnd" else 0
    return _set(site, Status(user_id, status, status != "online", activity, end))


def touch(site: Site, user_id: str) -> None:
    """The user did something: online, unless they chose another status."""
    status = status_of(site, user_id)
    if status.manual and status.status != "online":
        return
    _set(site, replace(status, status="online", manual=False, last_activity_at=site.now()))


def left(site: Site, user_id: str) -> None:
    """The last socket of the user is gone."""
    status = status_of(site, user_id)
    if not status.manual and not site.hub.is_connected(user_id):
        _set(site, replace(status, status="offline"))


def go_offline(site: Site, user_id: str) -> None:
    """The account was closed."""
    _set(site, Status(user_id))


def _set(site: Site, status: Status) -> Status:
    before = site.world.statuses.get(status.user_id)
    site.world.statuses.put(status)
    if before is None or before.status != status.status:
        data = {"status": status.status, "user_id": status.user_id}
        site.hub.publish(Event("status_change", data, user_id=status.user_id))
    return status
