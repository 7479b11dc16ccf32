"""Redmine from 4.2 on, through its REST API."""

from sekretar.trackers.redmine.site import RedmineSite

__all__ = ["RedmineSite"]
