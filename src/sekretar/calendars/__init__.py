"""People's calendars: accounts on CalDAV servers, their meetings, and what is said about them."""

from sekretar.calendars.feature import Calendars, CalendarSettings

__all__ = ["CalendarSettings", "Calendars"]
