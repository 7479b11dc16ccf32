"""Calendar servers: finding, reading and writing calendars on anything that speaks CalDAV (RFC 4791)."""

from sekretar.calendars.caldav.client import CalDavClient
from sekretar.calendars.caldav.discovery import Discovered, base_url, discover, list_calendars
from sekretar.calendars.caldav.errors import (
    AnswerTooLarge,
    NotAnAddress,
    NotCalDav,
    Reason,
    RedirectRefused,
    Unreachable,
)
from sekretar.calendars.caldav.providers import (
    OTHER,
    PROVIDERS,
    Provider,
    ServerProfile,
    Trust,
    profile_of,
)
from sekretar.calendars.caldav.sync import CalendarState, Changes, Way, changes
from sekretar.calendars.caldav.values import (
    Credentials,
    Delta,
    Fetched,
    Home,
    Listing,
    Marks,
    RemoteCalendar,
    RemoteObject,
    TokenRejected,
    TooMuch,
)
from sekretar.calendars.caldav.wire import Limits

__all__ = [
    "OTHER",
    "PROVIDERS",
    "AnswerTooLarge",
    "CalDavClient",
    "CalendarState",
    "Changes",
    "Credentials",
    "Delta",
    "Discovered",
    "Fetched",
    "Home",
    "Limits",
    "Listing",
    "Marks",
    "NotAnAddress",
    "NotCalDav",
    "Provider",
    "Reason",
    "RedirectRefused",
    "RemoteCalendar",
    "RemoteObject",
    "ServerProfile",
    "TokenRejected",
    "TooMuch",
    "Trust",
    "Unreachable",
    "Way",
    "base_url",
    "changes",
    "discover",
    "list_calendars",
    "profile_of",
]
