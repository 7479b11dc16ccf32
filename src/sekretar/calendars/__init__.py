"""People's calendars: accounts on CalDAV servers, their meetings, and what is said about them."""
